"""What one file gives: facts, the findings of the rules that need only this file, Bandit's results."""

from __future__ import annotations

import functools
from typing import Any

import msgspec

from backend_lint import bandit
from backend_lint.api.syntax import SyntaxRule
from backend_lint.bandit import BanditResult
from backend_lint.core import Diagnostic, Finding
from backend_lint.engine.guarded import Guard
from backend_lint.engine.options import parsed_options
from backend_lint.engine.packs import load_packs
from backend_lint.engine.walk import syntax_findings
from backend_lint.facts.lower import lower
from backend_lint.facts.outline import outline, outlined
from backend_lint.facts.types import Facts
from backend_lint.source import Source, parse


class Extract(msgspec.Struct, array_like=True):
    """All that is ever read of a file's content. Places in it have the path under which the file was read first."""

    path: str
    facts: Facts | None
    findings: list[Finding] = []
    bandit: list[BanditResult] = []
    diagnostics: list[Diagnostic] = []
    lines: int = 0


class Setup(msgspec.Struct, frozen=True):
    """What extraction depends on beside the content: the packs, and the options of syntax rules as configured."""

    plugins: bool = True
    options: dict[str, dict[str, Any]] = {}


def extract(path: str, content: bytes, setup: Setup, tests: frozenset[str] | None = None) -> Extract:
    """Everything about one file. All syntax rules run, whatever is selected: selection must not empty the cache.

    `tests` are the checks of Bandit to run, by default the usual ones.
    """
    lines = _lines(content)
    source = parse(path, content)
    if not isinstance(source, Source):
        return Extract(path, None, diagnostics=[source], lines=lines)
    guard = Guard()
    facts = guard("reading the file", lambda: lower(source), None, path)
    rules = _syntax_rules(setup.plugins)
    findings = syntax_findings(source, rules, parsed_options(rules, setup.options), guard)
    nothing: tuple[list[BanditResult], Diagnostic | None] = ([], None)
    results, failure = guard("Bandit", lambda: bandit.results(path, content, tests), nothing, path)
    diagnostics = [*guard.diagnostics, *([failure] if failure is not None else [])]
    return Extract(path, facts, findings, results, diagnostics, lines)


def glimpse(path: str, content: bytes) -> Extract:
    """What there is to know of a file that no rule looks at."""
    facts = outline(content)
    if facts is not None:
        return Extract(path, facts, lines=_lines(content))
    source = parse(path, content)
    if not isinstance(source, Source):
        return Extract(path, None, diagnostics=[source], lines=_lines(content))
    guard = Guard()
    facts = guard("reading the file", lambda: outlined(lower(source)), None, path)
    return Extract(path, facts, diagnostics=[*guard.diagnostics], lines=_lines(content))


def _lines(content: bytes) -> int:
    return content.count(b"\n") + bool(content and not content.endswith(b"\n"))


@functools.cache
def _syntax_rules(plugins: bool) -> tuple[type[SyntaxRule], ...]:
    packs, _ = load_packs(plugins)
    return tuple(rule for pack in packs for rule in pack.rules if issubclass(rule, SyntaxRule))
