"""Flask and Quart: routes of applications and blueprints, what guards them, who answers errors."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._flask import Mount, Rule, Served, View, served
from backend_lint.adapters._registration import (
    ClassValue,
    Event,
    FunctionValue,
    Object,
    Symbol,
    Value,
    literal,
    text,
    texts,
)
from backend_lint.facts import ir
from backend_lint.project import Class, Function, Project
from backend_lint.project.model import App, ExceptionHandler, Middleware

_VERBS = frozenset({"get", "post", "put", "patch", "delete"})
_SIGNED = {"before_request", "before_app_request", "after_request", "after_app_request", "teardown_request"}


def read(project: Project) -> None:
    found = served(project)
    if not found.containers:
        return
    handlers = {id(each): list(_handlers(each, found)) for each in found.containers}
    for app in found.apps:
        made = _app(app, found)
        within = {id(mount.container): None for mount in found.mounts if mount.app is app}
        made.handlers = [handler for container in within for handler in handlers.get(container, ())]
        project.apps.append(made)
    before = len(project.routes)
    for mount in found.mounts:
        for rule in _rules(mount, found):
            found.emit(rule, mount)
    if len(project.routes) > before:
        kind = "Quart" if all(each.symbol.startswith("quart.") for each in found.containers) else "Flask"
        project.frameworks.append(kind)


def _rules(mount: Mount, found: Served) -> Iterator[Rule]:
    for event in found.events(mount.container):
        rule = _rule(event, found)
        if rule is not None:
            yield rule


def _rule(event: Event, found: Served) -> Rule | None:
    match event.method:
        case "route":
            methods = texts(event.argument(None, "methods"))
        case "add_url_rule":
            return _url_rule(event, found)
        case method if method in _VERBS:
            methods = (method.upper(),)
        case _:
            return None
    path = text(event.argument(0, "rule"))
    place = event.scope.module.place(event.node)
    value: Value | None = event.applied
    if isinstance(event.decorated, Function):
        value = FunctionValue(event.decorated)
    elif isinstance(event.decorated, Class):
        value = ClassValue(event.decorated)
    view = found.view(value, place)
    if path is None or view is None:
        return None
    endpoint = text(event.argument(None, "endpoint")) or _last(view)
    registered = event.node if event.decorated is not None else None
    return Rule(path, view, methods, endpoint, event.node, event.scope, event.call, registered)


def _url_rule(event: Event, found: Served) -> Rule | None:
    path = text(event.argument(0, "rule"))
    place = event.scope.module.place(event.node)
    value = event.argument(2, "view_func")
    endpoint = text(event.argument(1, "endpoint"))
    if value is None and endpoint is not None:
        value = _endpoint(event, endpoint, found)
    view = found.view(value, place)
    if path is None:
        return None
    if view is None:
        view = View(name=_written(event))
    methods = texts(event.argument(None, "methods"))
    return Rule(path, view, methods, endpoint or _last(view), event.node, event.scope, event.call)


def _endpoint(event: Event, endpoint: str, found: Served) -> Value | None:
    """The view that `@app.endpoint(name)` gives to a rule without one."""
    for each in found.events(event.target):
        if each.method == "endpoint" and text(each.argument(0, "endpoint")) == endpoint:
            return FunctionValue(each.decorated) if isinstance(each.decorated, Function) else each.applied
    return None


def _written(event: Event) -> str:
    """The view as it is written, where nothing more is known of it."""
    expr = None if event.call is None else event.call.argument(2, "view_func")
    return ir.dotted(ir.callee(expr)) or ""


def _last(view: View) -> str:
    return view.name.rpartition(".")[2]


def _app(app: Object, found: Served) -> App:
    made = App(app.name, app.symbol.partition(".")[0], app.scope.module.place(app.call))
    made.options, made.scope = app.call.keywords, app.scope
    for event in found.events(app):
        function = event.decorated
        if function is None and event.method in _SIGNED:
            value = event.argument(0, "f")
            function = value.function if isinstance(value, FunctionValue) else None
        if event.method in _SIGNED and isinstance(function, Function):
            place = event.scope.module.place(event.node)
            made.middleware.append(Middleware(function.qualified, place, {}, function, event.scope))
    return made


def _handlers(container: Object, found: Served) -> Iterator[ExceptionHandler]:
    for event in found.events(container):
        if event.method not in (
            "errorhandler",
            "app_errorhandler",
            "register_error_handler",
            "register_app_error_handler",
        ):
            continue
        value = event.argument(0, "code_or_exception")
        function = event.decorated
        if function is None:
            given = event.argument(1, "f")
            function = given.function if isinstance(given, FunctionValue) else None
        name = _exception(value)
        if name is None:
            continue
        if isinstance(function, Function):
            for status in found.guards.denials.direct(function):
                found.guards.denials.mapped.setdefault(name, status)
        place = event.scope.module.place(event.node)
        yield ExceptionHandler((name,), place, function if isinstance(function, Function) else None)


def _exception(value: Value | None) -> str | None:
    match value:
        case Symbol(name=name):
            return name
        case ClassValue(cls=cls):
            return cls.qualified
    status = literal(value)
    return str(status) if isinstance(status, int) else None
