"""What callers pass to parameters without annotation; asked when the stores have said what rows and managers are."""

from __future__ import annotations

from backend_lint.project import Project
from backend_lint.project.passed import learn_from_callers


def read(project: Project) -> None:
    learn_from_callers(project.calls)
