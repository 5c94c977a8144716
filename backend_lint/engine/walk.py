"""The one walk over a file's tree on which all syntax rules ride."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import libcst as cst

from backend_lint.api.syntax import SyntaxRule
from backend_lint.core import Finding
from backend_lint.engine.guarded import Guard
from backend_lint.source import Source
from backend_lint.source.tree import semantic_fields


def syntax_findings(
    source: Source, rules: Sequence[type[SyntaxRule]], options: dict[str, Any], guard: Guard
) -> list[Finding]:
    """What the syntax rules say of a file. A rule that raises is out for this file, with a diagnostic."""
    running = [rule(source, options.get(rule.name())) for rule in rules]
    visitors: dict[type[cst.CSTNode], list[tuple[SyntaxRule, Callable[[Any], None]]]] = {}
    for rule in running:
        for kind, method in visited(type(rule)):  # type: ignore[arg-type]  # mypy takes a class for unhashable
            visitors.setdefault(kind, []).append((rule, getattr(rule, method)))
    failed: set[SyntaxRule] = set()
    stack: list[cst.CSTNode] = [source.module]
    while stack:
        node = stack.pop()
        for rule, visit in visitors.get(type(node), ()):
            if rule not in failed and not guard(
                f"rule {rule.name()}", functools.partial(_visit, visit, node), False, source.path
            ):
                failed.add(rule)
        below: list[cst.CSTNode] = []
        for name in semantic_fields(type(node)):
            value = getattr(node, name)
            if isinstance(value, cst.CSTNode):
                below.append(value)
            elif isinstance(value, (tuple, list)):
                below.extend(value)
        below.reverse()
        stack.extend(below)
    return [finding for rule in running if rule not in failed for finding in rule.findings]


def _visit(visit: Callable[[Any], None], node: cst.CSTNode) -> bool:
    visit(node)
    return True


@functools.cache
def visited(rule: type[SyntaxRule]) -> Iterable[tuple[type[cst.CSTNode], str]]:
    """The node classes a rule visits, each with the name of its method."""
    names = [name for name in dir(rule) if name.startswith("visit_")]
    return [(getattr(cst, name.removeprefix("visit_")), name) for name in names]
