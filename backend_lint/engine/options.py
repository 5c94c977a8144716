"""Options of rules, from what the configuration says to the struct that a rule declares."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from backend_lint.api.rule import Rule
from backend_lint.config import Origin, OriginKind, mistake

Configured = dict[str, dict[str, Any]]


def parsed_options(
    rules: Iterable[type[Rule]],
    configured: Configured,
    origin: Callable[[str], Origin] = lambda _: Origin(OriginKind.DEFAULT),
) -> dict[str, Any]:
    """The options of each configured rule, by name.

    `origin` says of a dotted key where its value came from. Raises ConfigError for an option that a rule does not take.
    """
    return {rule.name(): _parsed(rule, configured[rule.name()], origin) for rule in rules if rule.name() in configured}


def _parsed(rule: type[Rule], values: dict[str, Any], origin: Callable[[str], Origin]) -> Any:
    table, known = f"rules.{rule.name()}", [each.encode_name for each in msgspec.structs.fields(rule.Options)]
    for key in values:
        if key not in known:
            from backend_lint.config.explain import nearest

            hint = nearest(key, known) or f"; it takes {', '.join(known) or 'none'}"
            raise mistake(f"{table}: the rule has no option {key!r}{hint}", origin(f"{table}.{key}"))
    try:
        return msgspec.convert(values, rule.Options)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        key = table + "".join(re.findall(r"^\.[^.\[`]+", place))
        raise mistake(f"{key}: {reason[:1].lower()}{reason[1:].replace('`', '')}", origin(key)) from error
