"""What runs for a request or a task, rather than once at the start or by hand."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
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
        queue.extend((each, route.label) for each in _hooks(route, project))
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


_VIEW_HOOKS = {
    "GET": ("get_queryset", "get_object", "get_context_data"),
    "POST": ("perform_create", "form_valid"),
    "PUT": ("get_queryset", "get_object", "perform_update"),
    "PATCH": ("get_queryset", "get_object", "perform_update"),
    "DELETE": ("get_queryset", "get_object", "perform_destroy"),
}
_SERIALIZER_HOOKS = {"POST": ("validate", "create", "save"), "PUT": ("validate", "update", "save")}


def _hooks(route: Route, project: Project) -> Iterator[Function]:
    """What a view of the framework's own answers with: `get_queryset`, `perform_create`, its serializers' methods."""
    if route.view is None or route.handler is not None:
        return
    for method in route.methods:
        names = [(route.view.qualified, name) for name in _VIEW_HOOKS.get(method, ())]
        for schema in route.body_schemas:
            names += [(schema, name) for name in _SERIALIZER_HOOKS.get("PUT" if method == "PATCH" else method, ())]
        for owner, name in names:
            found = project.classes.method(owner, name)
            if found is not None:
                yield found


def _telling(routes: Sequence[Route], first: Route) -> Route:
    """The route of a handler by which to speak of what it does: the one that takes a form, where another shows it."""
    return next((each for each in routes if "POST" in each.methods), first)
