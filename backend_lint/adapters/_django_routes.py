"""Every address of a Django project, with who answers there and what a request meets before, for Django and DRF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from backend_lint.adapters._django_guards import Admission, Guards
from backend_lint.adapters._django_library import METHODS
from backend_lint.adapters._django_urls import Mounted, mounted
from backend_lint.adapters._django_views import View, handlers, view_of
from backend_lint.adapters._registration import registration
from backend_lint.project import Function, Project
from backend_lint.project.model import Input, Route

_API_VIEW = "rest_framework.views.APIView"
_TYPES = {"int": "int", "uuid": "UUID", "str": "str", "slug": "str", "path": "str"}


@dataclass(frozen=True)
class Served:
    """A route with the view behind it; `method` is that of the class which answers."""

    route: Route
    view: View
    method: str | None = None

    @property
    def is_api(self) -> bool:
        """Whether Django REST framework answers."""
        return self.view.inherits(_API_VIEW)


@dataclass(frozen=True)
class Site:
    """A Django project as it is served."""

    served: list[Served]
    guards: Guards
    apps: tuple[str, ...]


def site(project: Project) -> Site:
    found = _KNOWN.get(project)
    if found is None:
        found = _KNOWN[project] = _read(project)
    return found


_KNOWN: WeakKeyDictionary[Project, Site] = WeakKeyDictionary()


def _read(project: Project) -> Site:
    table, guards = mounted(project), Guards(project)
    reader = _Reader(project, guards)
    served = [each for order, entry in enumerate(table) for each in reader.served(entry, order)]
    return Site(served, guards, tuple(dict.fromkeys(each.app for each in table)))


class _Reader:
    def __init__(self, project: Project, guards: Guards) -> None:
        self.project, self.guards = project, guards
        self.found = registration(project)

    def served(self, mounted: Mounted, order: int) -> Iterator[Served]:
        view = view_of(self.found, mounted.view, mounted.scope.module.place(mounted.node))
        if view is None:
            return
        if view.classes:
            for verb, name in handlers(self.found, view).items():
                admission = self.guards.of_method(view, verb, name, mounted.path)
                if view.function is not None:
                    route = self._route(mounted, view, (verb,), view.name, view.function, admission)
                else:
                    route = self._route(mounted, view, (verb,), f"{view.name}.{name}", view.method(name), admission)
                route.order = order
                yield Served(route, view, name)
            return
        for verbs, admission in self._alike(view, mounted.path):
            route = self._route(mounted, view, verbs, view.name, view.function, admission)
            route.order = order
            yield Served(route, view)

    def _alike(self, view: View, path: str) -> Iterator[tuple[tuple[str, ...], Admission]]:
        """The methods of a function view, those with the same guards together."""
        groups: dict[tuple[object, ...], list[tuple[str, Admission]]] = {}
        for verb, admission in self.guards.of_function(view, path).items():
            if admission.is_served:
                groups.setdefault(admission.key, []).append((verb, admission))
        for group in groups.values():
            verbs = tuple(verb for verb, _ in group)
            yield ("*",) if verbs == METHODS else verbs, group[0][1]

    def _route(
        self,
        mounted: Mounted,
        view: View,
        methods: tuple[str, ...],
        name: str,
        handler: Function | None,
        admission: Admission,
    ) -> Route:
        route = Route(mounted.path, methods, handler, view.at, "django", name)
        route.view, route.router, route.app, route.scope = view.cls, mounted.router, mounted.app, mounted.scope
        route.name, route.converters, route.options = mounted.name, mounted.converters, mounted.options
        route.guards = [*self.guards.before(mounted.path, mounted.name), *admission.guards]
        route.inputs = [
            Input(each, "path", _TYPES.get(converter, "str"), True, view.at)
            for each, converter in mounted.converters.items()
        ]
        return route
