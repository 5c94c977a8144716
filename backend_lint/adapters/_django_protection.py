"""What else stands before a view of Django: protection against forged requests, throttles, and what is switched off.

Source: https://docs.djangoproject.com/en/stable/ref/csrf/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._django_library import library_guard
from backend_lint.adapters._django_routes import Served, Site
from backend_lint.adapters._django_views import Layer, decorators
from backend_lint.facts import ir
from backend_lint.project import Class, Function, Project
from backend_lint.project.model import Guard, GuardKind, Route

_MIDDLEWARE = {
    "django.middleware.csrf.CsrfViewMiddleware": GuardKind.CSRF,
    "django.contrib.auth.middleware.LoginRequiredMiddleware": GuardKind.AUTHENTICATION,
}
_SESSIONS = "django.contrib.auth.middleware.AuthenticationMiddleware"
_OFF = "off:"


def protect(project: Project, served: Served, found: Site) -> None:
    """Add to a route what decorators and the middleware of libraries do with it."""
    route = served.route
    for layer in _layers(served, found):
        call = layer.decorator if type(layer.decorator) is ir.Call else None
        symbol = project.qualified(call.func if call is not None else layer.decorator, layer.scope) or ""
        effect = library_guard(symbol)
        if effect is not None:
            kind = GuardKind(effect.removeprefix(_OFF))
            guard = Guard(kind, symbol.rpartition(".")[2], layer.scope.module.place(layer.decorator), layer.level)
            (route.exemptions if effect.startswith(_OFF) else route.guards).append(guard)
    if not served.is_api:
        _by_middleware(route, found)


def _by_middleware(route: Route, found: Site) -> None:
    middleware, exempt = found.guards.middleware, {each.kind for each in route.exemptions}
    if middleware.place(_SESSIONS) is not None:
        route.authentication = ("session",)
    for name, kind in _MIDDLEWARE.items():
        at = middleware.place(name)
        if at is not None and kind not in exempt and not (kind is GuardKind.CSRF and route.is_safe):
            route.guards.append(Guard(kind, name.rpartition(".")[2], at, "middleware"))


def _layers(served: Served, found: Site) -> Iterator[Layer]:
    """All decorators around a view: where it is registered, on its class, on the way to its handler."""
    yield from served.view.layers
    yield from served.view.inner
    for cls in served.view.classes:
        if isinstance(cls, Class):
            for name in ("dispatch", served.method or ""):
                yield from _of_method(cls, name, found)


def _of_method(cls: Class, name: str, found: Site) -> Iterator[Layer]:
    library = found.guards.library
    for expr in library.decorators(cls, name):
        yield Layer(expr, cls.module, "class")
    for layer in decorators(cls.methods[name]) if name in cls.methods else ():
        inner = library.for_functions(layer.decorator, layer.scope)
        for expr in [layer.decorator] if inner is None else inner:
            yield Layer(expr, layer.scope, layer.level)


def summary(function: Function | None) -> str | None:
    """The first line of a handler's docstring."""
    text = None if function is None else function.facts.docstring
    return text.strip().partition("\n")[0] or None if text else None
