"""What runs for a request or a task, rather than once at the start or by hand."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from backend_lint.project.modules import Function

if TYPE_CHECKING:
    from backend_lint.project.project import Project


def served(project: Project) -> dict[str, str]:
    """The functions that run for a route or a task, by qualified name, each with the first that it runs for."""
    found: dict[str, str] = {}
    queue: deque[tuple[Function, str]] = deque()
    for route in project.routes:
        queue.extend((each, route.label) for each in (route.handler, *route.dependencies) if each is not None)
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
