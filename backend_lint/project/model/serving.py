"""What runs for a request or a task, rather than once at the start or by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from backend_lint.project.model.route import Route
from backend_lint.project.modules import Function

if TYPE_CHECKING:
    from backend_lint.project.project import Project


def served(project: Project) -> dict[str, str]:
    """The functions that run for a route or a task, by qualified name, each with the first that it runs for."""
    found: dict[str, str] = {}
    queue: deque[tuple[Function, str]] = deque()
    for route in project.routes:
        for each in (route.handler, *route.dependencies):
            if each is not None:
                queue.append((each, _telling(project.handlers.get(each.qualified, ()), route).label))
    queue.extend((task.function, f"task {task.function.name}") for task in project.tasks)
    while queue:
        function, label = queue.popleft()
        if function.qualified in found:
            continue
        found[function.qualified] = label
        for site in project.sites(function):
            queue.extend((target, label) for target in site.targets[:2] if target.qualified not in found)
        queue.extend((nested, label) for nested in function.nested.values())
    return found


def _telling(routes: Sequence[Route], first: Route) -> Route:
    """The route of a handler by which to speak of what it does: the one that takes a form, where another shows it."""
    return next((each for each in routes if "POST" in each.methods), first)
