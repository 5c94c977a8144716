"""Django: every address of the URL configuration, who answers there, and what a request meets before.

Source: https://docs.djangoproject.com/en/stable/topics/http/urls/, `django.views.generic.base.View.as_view`.
"""

from __future__ import annotations

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

    def mounted(self, mounted: Mounted, order: int) -> None:
        view = view_of(self.found, mounted.view)
        if view is None:
            return
        if view.classes:
            for verb, name in handlers(self.found, view).items():
                self._add(mounted, view, (verb,), f"{view.name}.{name}", view.method(name), order)
        else:
            self._add(mounted, view, ("*",), view.name, view.function, order)

    def _add(
        self, mounted: Mounted, view: View, methods: tuple[str, ...], name: str, handler: Function | None, order: int
    ) -> None:
        route = Route(mounted.path, methods, handler, mounted.scope.module.place(mounted.node), "django", name)
        route.view, route.router, route.app = view.cls, mounted.router, mounted.app
        route.name, route.order, route.converters = mounted.name, order, mounted.converters
        self.project.routes.append(route)
