"""Flask-AppBuilder: the methods that views and APIs expose, on the blueprint that each class is given.

Source: `flask_appbuilder.baseviews.BaseView.create_blueprint` and `_register_urls`, `flask_appbuilder.api.BaseApi`: a
method is served where it has an `@expose` of its own; one that overrides it without is not. Routes of the library's own
methods are left out.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._flask import Rule, Served, View, served
from backend_lint.adapters._guards import Decorator
from backend_lint.adapters._registration import ClassValue, Event, FunctionValue, Instance, Items, Value, text, texts
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project

_BUILDER = "flask_appbuilder.AppBuilder"
_API = "flask_appbuilder.api.BaseApi"
_REGISTERING = frozenset({"add_view", "add_view_no_menu", "add_api"})
_EXPOSES = frozenset({"flask_appbuilder.expose", "flask_appbuilder.expose_api"})
_HOOK = "flask_appbuilder.hooks.before_request"


def read(project: Project) -> None:
    found = served(project)
    builders = [each for each in found.found.objects if each.symbol == _BUILDER]
    before = len(project.routes)
    for builder in builders:
        for mount in found.mounts_of_extension(builder):
            for event in found.events(builder):
                cls = _registered(event)
                for rule in () if cls is None else _rules(cls, event, found):
                    found.emit(rule, mount)
    if len(project.routes) > before:
        project.frameworks.append("Flask-AppBuilder")


def _registered(event: Event) -> Class | None:
    if event.method not in _REGISTERING:
        return None
    match event.argument(0, "baseview"):
        case ClassValue(cls=cls) | Instance(cls=cls):
            return cls
    return None


def _rules(cls: Class, event: Event, found: Served) -> Iterator[Rule]:
    prefix = _prefix(cls, found)
    hooks = list(_hooks(cls, found))
    for method in _methods(cls, found):
        for expr in method.decorators:
            exposed = _exposed(expr, method, found)
            if exposed is not None:
                path, methods = exposed
                around = [(hook, "class") for names, hook in hooks if not names or method.name in names]
                yield Rule(
                    path=f"{prefix}/{path.lstrip('/')}" if path else prefix,
                    view=View(method, name=method.qualified),
                    methods=methods,
                    endpoint=f"{cls.name}.{method.name}",
                    node=expr,
                    scope=method.module,
                    call=expr if type(expr) is ir.Call else None,
                    around=around,
                    router=cls.qualified,
                )


def _prefix(cls: Class, found: Served) -> str:
    """The `route_base` of a class, or what its kind makes of its name."""
    given = text(found.class_list(cls, "route_base"))
    if given is not None:
        return given.rstrip("/")
    if not found.project.classes.is_subclass(cls, _API):
        return f"/{cls.name.lower()}"
    version = text(found.class_list(cls, "version")) or "v1"
    resource = text(found.class_list(cls, "resource_name")) or cls.name
    return f"/api/{version}/{resource.lower()}"


def _methods(cls: Class, found: Served) -> Iterator[Function]:
    """The methods of a class and its bases that it does not leave out."""
    included = _names(found.class_list(cls, "include_route_methods"))
    excluded = _names(found.class_list(cls, "exclude_route_methods")) or frozenset()
    seen: set[str] = set()
    for owner in found.project.classes.mro(cls):
        for name, method in owner.methods.items() if isinstance(owner, Class) else ():
            if name not in seen and name not in excluded and (included is None or name in included):
                yield method
            seen.add(name)


def _names(value: Value) -> frozenset[str] | None:
    return frozenset(texts(value)) if isinstance(value, Items) and len(texts(value)) == len(value.items) else None


def _exposed(expr: Expr, method: Function, found: Served) -> tuple[str, tuple[str, ...]] | None:
    """The path and the methods that `@expose("/<pk>", methods=["PUT"])` gives."""
    call = expr if type(expr) is ir.Call else None
    if call is None or found.project.qualified(call.func, method.around) not in _EXPOSES:
        return None
    frame = found.found.class_frame(method.cls) if method.cls is not None else found.found.frame(method.module)
    path, methods = call.argument(0, "url"), call.argument(1, "methods")
    written = "/" if path is None else text(found.found.evaluate(path, frame))
    if written is None:
        return None
    return written, () if methods is None else texts(found.found.evaluate(methods, frame))


def _hooks(cls: Class, found: Served) -> Iterator[tuple[tuple[str, ...], Decorator]]:
    """What runs before the methods of a class, each with the names of those that it is for, none for all."""
    for owner in found.project.classes.mro(cls):
        for method in owner.methods.values() if isinstance(owner, Class) else ():
            for expr in method.decorators:
                func = ir.callee(expr)
                if found.project.qualified(func, method.around) == _HOOK:
                    only = expr.argument(None, "only") if type(expr) is ir.Call else None
                    frame = found.found.class_frame(owner)  # type: ignore[arg-type]
                    names = () if only is None else texts(found.found.evaluate(only, frame))
                    yield names, found.guards.value(FunctionValue(method), method.at)
