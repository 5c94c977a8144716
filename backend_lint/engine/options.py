"""Options of rules, from what the configuration says to the struct that a rule declares."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import msgspec

from backend_lint.api.rule import Rule
from backend_lint.core import ConfigError


def parsed_options(rules: Iterable[type[Rule]], configured: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The options of each configured rule, by name. Raises ConfigError for one that the rule does not take."""
    return {rule.name(): _parsed(rule, configured[rule.name()]) for rule in rules if rule.name() in configured}


def _parsed(rule: type[Rule], values: dict[str, Any]) -> Any:
    known = [each.encode_name for each in msgspec.structs.fields(rule.Options)]
    for key in values:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"; did you mean `{near[0]}`?" if near else f"; it takes {', '.join(known) or 'none'}"
            raise ConfigError(f"`rules.{rule.name()}`: the rule has no option `{key}`{hint}")
    try:
        return msgspec.convert(values, rule.Options)
    except msgspec.ValidationError as error:
        raise ConfigError(f"`rules.{rule.name()}`: {error}") from error
