"""Django: every address of the URL configuration, who answers there, and what a request meets before.

Source: https://docs.djangoproject.com/en/stable/topics/http/urls/, `django.views.generic.base.View.as_view`.
"""

from __future__ import annotations

from backend_lint.adapters._django_guards import Admission, Guards
from backend_lint.adapters._django_library import METHODS
from backend_lint.adapters._django_urls import Mounted, mounted
from backend_lint.adapters._django_views import View, handlers, view_of
from backend_lint.adapters._registration import Registration, registration
from backend_lint.project import Function, Project
from backend_lint.project.model import Route


def read(project: Project) -> None:
    table = mounted(project)
    reader = _Reader(project, registration(project))
    for order, each in enumerate(table):
        reader.mounted(each, order)
    if table and "Django" not in project.frameworks:
        project.frameworks.append("Django")


class _Reader:
    def __init__(self, project: Project, found: Registration) -> None:
        self.project, self.found = project, found
        self.guards = Guards(project)

    def mounted(self, mounted: Mounted, order: int) -> None:
        view = view_of(self.found, mounted.view, mounted.scope.module.place(mounted.node))
        if view is None:
            return
        if view.classes:
            for verb, name in handlers(self.found, view).items():
                admission = self.guards.of_method(view, verb, name, mounted.path)
                shown = view.name if view.function is not None else f"{view.name}.{name}"
                self._add(mounted, view, (verb,), shown, view.function or view.method(name), order, admission)
            return
        by_answer: dict[tuple[object, ...], list[tuple[str, Admission]]] = {}
        for verb, admission in self.guards.of_function(view, mounted.path).items():
            if admission.is_served:
                by_answer.setdefault(admission.key, []).append((verb, admission))
        for alike in by_answer.values():
            verbs = tuple(verb for verb, _ in alike)
            verbs = ("*",) if verbs == METHODS else verbs
            self._add(mounted, view, verbs, view.name, view.function, order, alike[0][1])

    def _add(
        self,
        mounted: Mounted,
        view: View,
        methods: tuple[str, ...],
        name: str,
        handler: Function | None,
        order: int,
        admission: Admission,
    ) -> None:
        route = Route(mounted.path, methods, handler, view.at, "django", name)
        route.view, route.router, route.app = view.cls, mounted.router, mounted.app
        route.name, route.order, route.converters = mounted.name, order, mounted.converters
        route.guards = [*self.guards.before(mounted.path, mounted.name), *admission.guards]
        self.project.routes.append(route)
