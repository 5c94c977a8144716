"""Which rules run, and how severe they are: of several answers, the most specific one counts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Protocol, TypeVar

from backend_lint.config.patterns import Patterns
from backend_lint.config.settings import Config, mistake
from backend_lint.core import GUIDELINES, SECTIONS, ConfigError, RuleInfo, Severity

_PREFIX = re.compile(r"[A-Z]+\d*")
_SHORT = frozenset(guideline.replace("-", "") for guideline in GUIDELINES)
_ALWAYS_KNOWN = frozenset({"ALL", "scope:file", "scope:project"}) | SECTIONS.keys() | GUIDELINES.keys() | _SHORT
_BY_CODE, _EXACT = 10, 100

T = TypeVar("T")


class Selectable(Protocol):
    """What of a rule decides whether it is selected."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def guideline(self) -> str: ...
    @property
    def scope(self) -> str: ...
    @property
    def former(self) -> tuple[str, ...]: ...
    @property
    def is_optional(self) -> bool: ...


def is_selected(rule: Selectable, config: Config) -> bool:
    """Whether `rule` runs, previews apart. The order of selectors is irrelevant; at equal precision `ignore` wins.

    What is optional has to be named by its code, or the beginning of it, or its name.
    """
    wanted = max((specificity(selector, rule) for selector in (*config.select, *config.extend_select)), default=0)
    unwanted = max((specificity(selector, rule) for selector in config.ignore), default=0)
    return wanted > max(unwanted, _BY_CODE if rule.is_optional else 0)


def severity_of(rule: Selectable, config: Config, default: Severity) -> Severity:
    """The severity of `rule` as configured for the whole project."""
    return _most_specific(config.severity, rule) or default


class Overrides:
    """The `[[overrides]]` of a configuration, by path relative to its root. Later ones go over earlier ones."""

    def __init__(self, config: Config) -> None:
        self._root = config.root.as_posix().rstrip("/")
        self._overrides = tuple((Patterns(override.paths), override) for override in config.overrides)

    def is_ignored(self, rule: Selectable, path: str) -> bool:
        return any(
            specificity(selector, rule)
            for patterns, override in self._overrides
            if override.ignore and patterns.match(f"{self._root}/{path}")
            for selector in override.ignore
        )

    def severity(self, rule: Selectable, path: str, default: Severity) -> Severity:
        for patterns, override in reversed(self._overrides):
            if override.severity and patterns.match(f"{self._root}/{path}"):
                found = _most_specific(override.severity, rule)
                if found:
                    return found
        return default

    def unmatched(self, paths: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """The patterns that match none of `paths`, each with the key it was written under."""
        everything = [f"{self._root}/{path}" for path in paths]
        return tuple(
            (f"overrides[{position}].paths.{pattern.text}", pattern.text)
            for position, (_, override) in enumerate(self._overrides)
            for pattern in override.paths
            if not pattern.text.startswith("!") and not any(map(Patterns((pattern,)).match, everything))
        )


def specificity(selector: str, rule: Selectable) -> int:
    """How precisely `selector` names `rule`; 0 when it does not."""
    match selector:
        case "ALL":
            return 1
        case _ if selector == f"scope:{rule.scope}":
            return 2
        case _ if selector in SECTIONS:
            return 3 if rule.guideline.startswith(selector) else 0
        case _ if selector in GUIDELINES or selector in _SHORT:
            return 4 if rule.guideline.replace("-", "") == selector.replace("-", "") else 0
        case _ if selector in (rule.code, rule.name, *rule.former):
            return _EXACT
        case _ if _PREFIX.fullmatch(selector) and rule.code.startswith(selector):
            return _BY_CODE + len(selector)
        case _:
            return 0


def check_rules(config: Config, rules: Iterable[RuleInfo], removed: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What there is to say of selectors in `config` that name rules as they were called before, each once.

    Raises a `ConfigError` for the first selector or rule name that fits none of `rules`. `removed` gives the reason why
    there is no longer a rule, by its code or name.
    """
    known = tuple(rules)
    for key, selector in _selectors(config):
        if selector not in _ALWAYS_KNOWN and not any(specificity(selector, rule) for rule in known):
            raise _unknown(config, key, selector, known, removed or {})
    names = {rule.name for rule in known}
    for name in config.rules:
        if name not in names:
            raise _unknown(config, f"rules.{name}", name, known, removed or {})
    renamed = {former: rule for rule in known for former in rule.former}
    return tuple(
        f"{config.origin(key)}: {selector} is called {renamed[selector].code} {renamed[selector].name} now"
        for selector, key in {selector: key for key, selector in _selectors(config) if selector in renamed}.items()
    )


def _selectors(config: Config) -> Iterable[tuple[str, str]]:
    """Every selector with the key it was written under."""
    lists: dict[str, tuple[str, ...]] = {
        "select": config.select,
        "extend-select": config.extend_select,
        "ignore": config.ignore,
        "no-suppress": config.no_suppress,
        "severity": tuple(config.severity),
    }
    for position, override in enumerate(config.overrides):
        lists[f"overrides[{position}].ignore"] = override.ignore
        lists[f"overrides[{position}].severity"] = tuple(override.severity)
    for key, selectors in lists.items():
        for selector in selectors:
            yield f"{key}.{selector}", selector


def _unknown(
    config: Config, key: str, selector: str, rules: tuple[RuleInfo, ...], removed: Mapping[str, str]
) -> ConfigError:
    from backend_lint.config.explain import nearest

    names = sorted({*_ALWAYS_KNOWN, *(rule.code for rule in rules), *(rule.name for rule in rules)})
    message = f"unknown rule or group {selector!r}{nearest(selector, names)}"
    if selector in removed:
        message = f"there is no rule {selector!r} any more: {removed[selector]}"
    return mistake(message, config.origin(key))


def _most_specific(values: Mapping[str, T], rule: Selectable) -> T | None:
    ranked = [(specificity(selector, rule), selector) for selector in values]
    best = max(ranked, default=(0, ""))
    return values[best[1]] if best[0] else None
