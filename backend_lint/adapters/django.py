"""Django: every address of the URL configuration, who answers there, and what a request meets before.

Source: https://docs.djangoproject.com/en/stable/topics/http/urls/, `django.views.generic.base.View.as_view`.
"""

from __future__ import annotations

from backend_lint.adapters._django_conf import settings
from backend_lint.adapters._django_protection import protect, summary
from backend_lint.adapters._django_routes import Site, site
from backend_lint.adapters._registration import FunctionValue, registration, text
from backend_lint.adapters._request_inputs import inputs
from backend_lint.project import Function, Project
from backend_lint.project.model import App, ExceptionHandler

_ERRORS = {"handler400": "400", "handler403": "403", "handler404": "404", "handler500": "500"}


def read(project: Project) -> None:
    found = site(project)
    for name in found.apps:
        project.apps.append(_app(project, name, found))
    for served in found.served:
        if served.is_api:
            continue
        route = served.route
        if route.handler is not None:
            route.inputs += inputs(project, route.handler, requests=request_names(route.handler))
            route.summary = summary(route.handler)
        protect(project, served, found)
        project.routes.append(route)
    if found.apps and "Django" not in project.frameworks:
        project.frameworks.append("Django")


def request_names(handler: Function) -> frozenset[str]:
    """What a handler calls the request: its first parameter, and `self.request`."""
    names = [each.name for each in handler.parameters]
    return frozenset({"self.request", *names[1:2]}) if handler.cls is not None else frozenset(names[:1])


def _app(project: Project, name: str, found: Site) -> App:
    urls = project.modules[name]
    at = settings(project).place("ROOT_URLCONF")
    owner = None if at is None else project.by_path.get(at.path)
    app = App(name, "django", at or urls.first_line(), scope=owner or urls)
    app.middleware = [each.shown() for each in found.guards.middleware.members]
    for variable, status in _ERRORS.items():
        handler = _error_handler(project, f"{name}.{variable}") if variable in urls.names else None
        if handler is not None:
            app.handlers.append(ExceptionHandler((status,), handler.at, handler))
    return app


def _error_handler(project: Project, variable: str) -> Function | None:
    """The function of `handler404 = "shop.views.missing"`, which may be imported instead."""
    value = registration(project).variable(variable)
    if isinstance(value, FunctionValue):
        return value.function
    name = text(value)
    return None if name is None else project.function(project.names.denoted(name))
