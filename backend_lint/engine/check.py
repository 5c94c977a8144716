"""Project rules, run on the linked project."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from backend_lint.api.rule import ProjectRule
from backend_lint.core import Finding
from backend_lint.engine.guarded import Guard
from backend_lint.project import Project


def check(
    project: Project,
    rules: Sequence[type[ProjectRule]],
    options: dict[str, Any],
    guard: Guard,
    timed: Callable[[str, float], None] | None = None,
) -> tuple[list[Finding], dict[str, list[str] | None]]:
    """What the project rules find, in any place, and the units each says it examined (None: all of its kind).

    A rule that raised has examined nothing, and is not among them.
    """
    found: list[Finding] = []
    examined: dict[str, list[str] | None] = {}
    for rule in rules:
        start = time.perf_counter()
        running = rule(options.get(rule.name()))
        what = f"rule {rule.name()}"
        outcome = guard(what, lambda: _outcome(running, project), None)  # noqa: B023
        if outcome is not None:
            found += outcome[0]
            examined[rule.code] = outcome[1]
        if timed is not None:
            timed(what, time.perf_counter() - start)
    return found, examined


def _outcome(rule: ProjectRule, project: Project) -> tuple[list[Finding], list[str] | None]:
    found, units = list(rule.check(project)), rule.examined(project)
    return found, None if units is None else sorted(set(units))
