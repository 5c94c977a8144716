"""Litestar: handlers, controllers and routers, with guards of every layer, dependencies and middleware.

Source: `litestar.handlers.base.BaseRouteHandler.resolve_guards` (application first, handler last),
`litestar.router.Router.register` for paths, `litestar.handlers.http_handlers.decorators` for methods and statuses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from backend_lint.adapters._guards import Decorator
from backend_lint.adapters._handed import Handed, Rule, joined
from backend_lint.adapters._parameters import written
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Entries,
    Frame,
    FunctionValue,
    Items,
    Object,
    Symbol,
    Value,
    items,
    literal,
    registration,
    text,
    texts,
)
from backend_lint.core import Place, Role
from backend_lint.facts import ir
from backend_lint.project import Class, Function, Project
from backend_lint.project.constants import constant
from backend_lint.project.model import App, Guard, GuardKind, Input, Middleware, Route

_APP, _ROUTER, _CONTROLLER = "litestar.Litestar", "litestar.Router", "litestar.Controller"
_VERBS = {f"litestar.{verb}": verb.upper() for verb in ("get", "post", "put", "patch", "delete", "head")}
_SOCKETS = frozenset({"litestar.websocket", "litestar.websocket_listener", "litestar.websocket_stream"})
_STATUSES = {"POST": 201, "DELETE": 204}
_RESERVED = frozenset({"request", "state", "headers", "cookies", "query", "scope", "socket", "body", "self"})
_Hooks = tuple[tuple[Decorator, str], ...]


@dataclass(frozen=True)
class _Context:
    """What the layers around a handler add to it."""

    app: str
    prefix: str = ""
    router: str = ""
    before: _Hooks = ()
    provided: frozenset[str] = frozenset()
    tags: tuple[str, ...] = ()
    in_schema: bool = True


def read(project: Project) -> None:
    found = registration(project)
    apps = [each for each in found.objects if each.symbol == _APP]
    for app in apps:
        _Reader(project).app(app)
    if apps:
        project.frameworks.append("Litestar")


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project, self.found = project, registration(project)
        self.handed = Handed(project, self.found, "litestar", request="request")
        self.served: set[str] = set()
        self.authentication = list(self._authentication())

    def app(self, app: Object) -> None:
        made = App(app.name, "litestar", app.scope.module.place(app.call), options=app.call.keywords, scope=app.scope)
        context = self._inside(_Context(app.name), app.kwargs, app.scope.module.place(app.call), "app", app.name)
        for each, _ in context.before:
            made.middleware.append(Middleware(each.symbol or each.name, each.at, {}, each.function, app.scope))
        self.project.apps.append(made)
        self._handlers(items(app.argument(0, "route_handlers")), context, ())
        for event in self.found.events_of(app):
            match event.method:
                case "register" | "route_handlers.append":
                    self._handlers(event.args[:1], context, ())
                case "route_handlers.extend":
                    given = event.argument(0, "iterable")
                    self._handlers(items(given), context, ())
                    if not isinstance(given, Items):
                        self._discovered(context)

    def _discovered(self, context: _Context) -> None:
        """Controllers that the application looks up in its packages: all that nothing else serves."""
        for cls in sorted(self.project.classes.by_name.values(), key=lambda each: each.at):
            is_one = cls.module.role is Role.APP and self.project.classes.is_subclass(cls, _CONTROLLER)
            if is_one and cls.qualified not in self.served and not self.project.classes.subclasses(cls):
                self._controller(cls, context)

    # Layers

    def _inside(self, context: _Context, options: dict[str, Value], place: Place, level: str, router: str) -> _Context:
        """The context within a layer that was given options."""
        hooks: list[tuple[Decorator, str]] = []
        for value in items(options.get("middleware")):
            hooks += [(each, "middleware") for each in self._middleware(value, place)]
        before = options.get("before_request")
        if before is not None:
            hooks.append((self.handed.guards.value(before, place), level))
        hooks += [(self.handed.guards.value(each, place), level) for each in items(options.get("guards"))]
        given = options.get("dependencies")
        provided = frozenset(given.entries) if isinstance(given, Entries) else frozenset()
        return replace(
            context,
            router=router,
            before=(*context.before, *hooks),
            provided=context.provided | provided,
            tags=(*context.tags, *texts(options.get("tags"))),
            in_schema=context.in_schema and literal(options.get("include_in_schema")) is not False,
        )

    def _middleware(self, value: Value, place: Place) -> Iterator[Decorator]:
        if isinstance(value, Called) and value.symbol.endswith("DefineMiddleware") and value.args:
            value = value.args[0]
        if isinstance(value, ClassValue):
            cls = value.cls
            names = ("authenticate_request", "handle", "__call__")
            methods = (self.project.classes.method(cls.qualified, name) for name in names)
            yield Decorator(cls.name, place, next(filter(None, methods), None), cls.qualified)
        else:
            yield self.handed.guards.value(value, place)

    def _authentication(self) -> Iterator[tuple[Guard, tuple[str, ...]]]:
        """`auth = JWTAuth[User](…)`: middleware that asks for a token everywhere but at what it excludes.

        A backend that a module makes is taken to be installed: `on_app_init` is handed around in many ways.
        """
        for module in self.project.modules.values():
            calls = (each.value for made in module.assignments.values() for each in made)
            for call in calls if module.role is Role.APP else ():
                if type(call) is not ir.Call:
                    continue
                func = call.func.value if type(call.func) is ir.Subscript else call.func
                symbol = self.project.qualified(func, module) or ""
                if symbol.startswith("litestar.security.") and symbol.endswith("Auth"):
                    excluded = constant(self.project, call.keywords.get("exclude"), module)
                    patterns = [excluded] if isinstance(excluded, str) else excluded if _is_list(excluded) else ()
                    guard = Guard(GuardKind.AUTHENTICATION, symbol.rpartition(".")[2], module.place(call), "middleware")
                    yield guard, tuple(each for each in patterns if isinstance(each, str))

    # Handlers

    def _handlers(self, values: Iterable[Value], context: _Context, around: tuple[int, ...]) -> None:
        for value in values:
            match value:
                case Items(items=inner):
                    self._handlers(inner, context, around)
                case Object(symbol=symbol) if symbol == _ROUTER and id(value) not in around:
                    prefix = joined(context.prefix, text(value.argument(0, "path")) or "/")
                    place = value.scope.module.place(value.call)
                    inside = self._inside(replace(context, prefix=prefix), value.kwargs, place, "router", value.name)
                    self._handlers(items(value.argument(None, "route_handlers")), inside, (*around, id(value)))
                    for event in self.found.events_of(value):
                        if event.method == "register":
                            self._handlers(event.args[:1], inside, (*around, id(value)))
                case ClassValue(cls=cls) if self.project.classes.is_subclass(cls, _CONTROLLER):
                    self._controller(cls, context)
                case FunctionValue(function=function):
                    self._handler(function, None, context)

    def _controller(self, cls: Class, context: _Context) -> None:
        self.served.add(cls.qualified)
        names = ("path", "guards", "dependencies", "middleware", "before_request", "tags", "include_in_schema")
        options = {name: self.found.attribute(ClassValue(cls), name) for name in names}
        prefix = joined(context.prefix, text(options["path"]) or "/")
        inside = self._inside(replace(context, prefix=prefix), options, cls.at, "class", cls.qualified)
        seen: set[str] = set()
        for each in self.project.classes.mro(cls):
            for name, function in each.methods.items() if isinstance(each, Class) else ():
                if name not in seen:
                    seen.add(name)
                    self._handler(function, cls, inside)

    def _handler(self, function: Function, cls: Class | None, context: _Context) -> None:
        for decorator in function.decorators:
            call = decorator if type(decorator) is ir.Call else None
            symbol = self.project.qualified(call.func if call is not None else decorator, function.around)
            if symbol in _VERBS or symbol in _SOCKETS or symbol == "litestar.route":
                self._registered(function, cls, context, decorator, symbol or "")
                return

    def _registered(
        self, function: Function, cls: Class | None, context: _Context, decorator: ir.Expr, symbol: str
    ) -> None:
        frame = self._frame(function)
        call = decorator if type(decorator) is ir.Call else None
        given = {} if call is None else {name: self.found.evaluate(each, frame) for name, each in call.keywords.items()}
        first = None if call is None or not call.positional else self.found.evaluate(call.positional[0], frame)
        path = given.get("path", first)
        paths = texts(path) if isinstance(path, Items) else (text(path) or "/",)
        methods: tuple[str, ...] = (_VERBS.get(symbol, "GET"),)
        if symbol in _SOCKETS:
            methods = ("WEBSOCKET",)
        elif symbol == "litestar.route":
            named = given.get("http_method")
            methods = tuple(filter(None, map(self._method, named.items if isinstance(named, Items) else [named])))
        inside = self._inside(context, given, function.module.place(decorator), "route", context.router)
        for each in paths:
            before = len(self.project.routes)
            self.handed.emit(
                Rule(
                    path=joined(context.prefix, each).rstrip("/") or "/",
                    methods=methods,
                    function=function,
                    node=decorator,
                    scope=function.module,
                    app=context.app,
                    router=context.router,
                    registered=decorator,
                    before=inside.before,
                    options={} if call is None else call.keywords,
                )
            )
            for route in self.project.routes[before:]:
                self._describe(route, function, cls, inside, given)

    def _frame(self, function: Function) -> Frame:
        """The names that the decorators of a function can use."""
        owner = function.cls
        return self.found.frame(function.module) if owner is None else self.found.class_frame(owner)

    def _method(self, value: Value | None) -> str | None:
        """`"GET"` or `HttpMethod.GET`."""
        return value.name.rpartition(".")[2] if isinstance(value, Symbol) else text(value)

    # What it takes and gives

    def _describe(
        self, route: Route, function: Function, cls: Class | None, context: _Context, given: dict[str, Value]
    ) -> None:
        if cls is not None:
            route.view, route.handler_name = cls, f"{cls.qualified}.{function.name}"
        status = literal(given.get("status_code"))
        route.status_code = status if isinstance(status, int) else _STATUSES.get(route.methods[0], 200)
        route.deprecated = literal(given.get("deprecated")) is True
        route.in_schema = context.in_schema
        route.tags = context.tags
        route.summary = text(given.get("summary")) or route.summary
        route.name = text(given.get("name"))
        if literal(given.get("exclude_from_auth")) is not True:
            for guard, excluded in self.authentication:
                if not any(re.search(pattern, route.path) for pattern in excluded):
                    route.guards.insert(0, guard)
        if function.facts.returns is not None:
            route.response_expr = function.facts.returns
            none = type(function.facts.returns) is ir.Const
            route.response_model = None if none else written(function.facts.returns)
        for each in function.parameters:
            if each.kind in ("star", "stars") or each.name in _RESERVED | context.provided:
                continue
            kind = None if each.annotation is None else written(each.annotation)
            if each.name in route.converters:
                continue
            where = "body" if each.name == "data" else "query"
            required = each.default is None
            at = function.at if each.annotation is None else function.place(each.annotation)
            route.inputs.append(
                Input(each.name, where, kind, required, at, default=each.default, annotation=each.annotation)
            )
            if where == "body":
                route.body = kind or "json"


def _is_list(value: object) -> bool:
    return isinstance(value, (list, tuple))
