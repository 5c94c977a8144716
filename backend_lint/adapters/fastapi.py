"""FastAPI and Starlette: routes with their whole prefix and dependency chains.

Source: https://fastapi.tiangolo.com/tutorial/bigger-applications/; `fastapi.routing.APIRouter.include_router`:
dependencies run application first, then include, then router, then route; a mounted application has none of its
parent's. https://www.starlette.io/routing/: first match wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from backend_lint.adapters._asgi_known import KNOWN, stranger
from backend_lint.adapters._denial import Denials, denials, named_status
from backend_lint.adapters._guards import Decorator, Guards
from backend_lint.adapters._parameters import Dependency, Parameters, annotated, shown
from backend_lint.adapters._paths import concrete, open_api_path
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Event,
    FunctionValue,
    Object,
    Registration,
    Symbol,
    Unknown,
    Value,
    items,
    literal,
    registration,
    text,
)
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.model import App, ExceptionHandler, Guard, GuardKind, Input, Middleware, Route

_METHODS = {"get", "post", "put", "patch", "delete", "options", "head", "trace"}
_APPS = frozenset({"fastapi.FastAPI", "starlette.applications.Starlette"})
_ROUTERS = frozenset({"fastapi.APIRouter", "starlette.routing.Router", *_APPS})
_FASTAPI = frozenset({"fastapi.FastAPI", "fastapi.APIRouter"})
_THROTTLES = frozenset({"fastapi_limiter.depends.RateLimiter", "slowapi.Limiter.limit"})
_THROTTLE_NAMES = ("limit", "rate_limit", "ratelimit", "throttle")
_SCHEMES = "fastapi.security."
_CREDENTIALS = (("username", "str", True), ("password", "str", True))
_OF_CLIENT = (("scope", "str", False), ("client_id", "str | None", False), ("client_secret", "str | None", False))
_PASSWORD_FORMS = {
    "fastapi.security.OAuth2PasswordRequestForm": (*_CREDENTIALS, ("grant_type", "str | None", False), *_OF_CLIENT),
    "fastapi.security.OAuth2PasswordRequestFormStrict": (*_CREDENTIALS, ("grant_type", "str", True), *_OF_CLIENT),
}
_RESPONSES = (
    "starlette.responses.Response",
    "starlette.responses.JSONResponse",
    "starlette.responses.HTMLResponse",
    "starlette.responses.PlainTextResponse",
    "starlette.responses.RedirectResponse",
    "starlette.responses.StreamingResponse",
    "starlette.responses.FileResponse",
    "starlette.responses.ORJSONResponse",
    "starlette.responses.UJSONResponse",
)
_GUARDING_MIDDLEWARE = {"slowapi.middleware.SlowAPIMiddleware": GuardKind.THROTTLE}
_NO_FACTS: dict[str, Any] = {}


def read(project: Project) -> None:
    found = registration(project)
    containers = [each for each in found.objects if each.symbol in _ROUTERS]
    if containers:
        _Reader(project, found).read(containers)


@dataclass(frozen=True)
class _Context:
    """What the containers around a route add to it."""

    prefix: str = ""
    app: str = ""
    router: str = ""
    outermost: str = ""
    tags: tuple[str, ...] = ()
    dependencies: tuple[tuple[Value, str], ...] = ()
    around: tuple[Decorator, ...] = ()
    in_schema: bool = True
    deprecated: bool = False
    framework: str = "fastapi"


class _Reader:
    def __init__(self, project: Project, found: Registration) -> None:
        self.project, self.found = project, found
        self.parameters = Parameters(project)
        self.denials: Denials = denials(project)
        self.guards = Guards(project, KNOWN)
        self.by_target: dict[int, list[Event]] = {}
        for event in found.events:
            self.by_target.setdefault(id(event.target), []).append(event)
        self.order = 0

    def read(self, containers: list[Object]) -> None:
        inside = self._contained(containers)
        roots = [each for each in containers if each.symbol in _APPS and id(each) not in inside]
        for each in containers:
            if each.symbol in _APPS:
                self._app(each)
        for root in roots or [each for each in containers if id(each) not in inside]:
            name = root.name if root.symbol in _APPS else ""
            context = _Context(app=name, router=root.name, outermost=root.name, framework=_framework(root))
            self._walk(root, context, ())
        kind = "FastAPI" if any(each.symbol in _FASTAPI for each in containers) else "Starlette"
        if self.project.routes and kind not in self.project.frameworks:
            self.project.frameworks.append(kind)

    def _contained(self, containers: list[Object]) -> set[int]:
        """Containers that another one includes or mounts."""
        inside: set[int] = set()
        for event in self.found.events:
            if event.method in ("include_router", "mount", "host"):
                values = (*event.args, *event.kwargs.values())
                inside.update(id(each) for each in values if isinstance(each, Object) and each is not event.target)
        for each in self.found.objects:
            if each.symbol in ("starlette.routing.Mount", "starlette.routing.Host", *_ROUTERS):
                inside.update(id(value) for value in (*each.args, *each.kwargs.values()) if isinstance(value, Object))
                for item in items(each.argument(None, "routes")):
                    inside.add(id(item))
        return inside

    # Applications

    def _app(self, each: Object) -> None:
        app = App(each.name, _framework(each), each.scope.module.place(each.call))
        app.options = each.call.keywords
        app.scope = each.scope
        for item in items(each.argument(None, "middleware")):
            if isinstance(item, Object) and item.symbol == "starlette.middleware.Middleware":
                app.middleware.append(self._middleware(item.argument(0, "cls"), item.call, item.call, item.scope))
        for event in self.by_target.get(id(each), ()):
            match event.method:
                case "add_middleware" if event.call is not None:
                    app.middleware.append(
                        self._middleware(event.argument(0, "middleware_class"), event.call, event.node, event.scope)
                    )
                case "middleware" if isinstance(event.decorated, Function):
                    function = event.decorated
                    app.middleware.append(
                        Middleware(function.qualified, event.scope.module.place(event.node), {}, function, event.scope)
                    )
                case "add_exception_handler" | "exception_handler":
                    handler = self._handler(event)
                    if handler is not None:
                        app.handlers.append(handler)
        self.project.apps.append(app)

    def _middleware(self, value: Value | None, call: ir.Call, node: Expr, scope: Scope) -> Middleware:
        name, function = "", None
        match value:
            case Symbol(name=symbol):
                name = symbol
            case ClassValue(cls=cls):
                name = cls.qualified
                function = cls.methods.get("dispatch") or cls.methods.get("__call__")
        return Middleware(name, scope.module.place(node), call.keywords, function, scope)

    def _handler(self, event: Event) -> ExceptionHandler | None:
        kind, function = event.argument(0, "exc_class_or_status_code"), event.decorated
        if function is None:
            value = event.argument(1, "handler")
            function = value.function if isinstance(value, FunctionValue) else None
        match kind:
            case Symbol(name=name):
                pass
            case ClassValue(cls=cls):
                name = cls.qualified
                if isinstance(function, Function):
                    for status in self.denials.direct(function):
                        self.denials.mapped.setdefault(name, status)
            case _ if isinstance(literal(kind), int):
                name = str(literal(kind))
            case _:
                return None
        found = function if isinstance(function, Function) else None
        return ExceptionHandler((name,), event.scope.module.place(event.node), found)

    # Containers

    def _walk(self, container: Object, context: _Context, around: tuple[int, ...]) -> None:
        """The routes of a router or application and of all that it includes, in the order in which they match."""
        if id(container) in around or len(around) > 12:
            return
        is_app = container.symbol in _APPS
        own = _Context(
            prefix=context.prefix + (text(container.argument(None, "prefix")) or "" if not is_app else ""),
            app=context.app,
            router=container.name,
            outermost=context.outermost,
            tags=context.tags + _texts(container.argument(None, "tags")),
            dependencies=(
                *context.dependencies,
                *((each, "app" if is_app else "router") for each in items(container.argument(None, "dependencies"))),
            ),
            around=context.around + (self._around(container) if is_app else ()),
            in_schema=context.in_schema and literal(container.argument(None, "include_in_schema")) is not False,
            deprecated=context.deprecated or bool(literal(container.argument(None, "deprecated"))),
            framework=context.framework,
        )
        inner = (*around, id(container))
        for item in items(container.argument(0 if container.symbol != "fastapi.FastAPI" else None, "routes")):
            self._listed(item, own, inner)
        for event in self.by_target.get(id(container), ()):
            self._event(event, own, inner)

    def _listed(self, item: Value, context: _Context, around: tuple[int, ...]) -> None:
        """An entry of a `routes=[…]` list."""
        if not isinstance(item, Object):
            return
        place = (item.scope, item.call)
        match item.symbol:
            case "starlette.routing.Route":
                methods = _texts(item.argument(None, "methods"))
                self._add(item.argument(0, "path"), item.argument(1, "endpoint"), methods, context, item.kwargs, *place)
            case "starlette.routing.WebSocketRoute":
                endpoint = item.argument(1, "endpoint")
                self._add(item.argument(0, "path"), endpoint, ("WEBSOCKET",), context, item.kwargs, *place)
            case "starlette.routing.Mount" | "starlette.routing.Host":
                prefix = text(item.argument(0, "path")) or "" if item.symbol.endswith("Mount") else ""
                inner = replace(context, prefix=context.prefix + prefix.rstrip("/"))
                child = item.argument(1, "app")
                if isinstance(child, Object):
                    self._mounted(child, inner, around)
                for each in items(item.argument(2, "routes")):
                    self._listed(each, inner, around)

    def _mounted(self, child: Object, context: _Context, around: tuple[int, ...]) -> None:
        """A mounted application keeps the path and the middleware around it, and loses dependencies and tags."""
        name = child.name if child.symbol in _APPS else context.app
        framework = _framework(child) if child.symbol in _APPS else context.framework
        self._walk(
            child,
            _Context(context.prefix, name, child.name, context.outermost, around=context.around, framework=framework),
            around,
        )

    def _event(self, event: Event, context: _Context, around: tuple[int, ...]) -> None:
        method = event.method
        path = event.argument(0, "path")
        place = (event.scope, event.node)
        is_applied = event.decorated is not None or event.applied is not None
        if method in _METHODS and is_applied:
            self._route(event, path, (method.upper(),), context)
        elif method in ("api_route", "route") and is_applied:
            self._route(
                event, path, _texts(event.argument(1 if method == "route" else None, "methods")) or ("GET",), context
            )
        elif method in ("websocket", "websocket_route") and is_applied:
            self._route(event, path, ("WEBSOCKET",), context)
        elif method in ("add_api_route", "add_route", "add_api_websocket_route", "add_websocket_route"):
            endpoint = event.argument(1, "route" if method == "add_route" else "endpoint")
            position = 2 if method == "add_route" else None
            methods = _texts(event.argument(position, "methods")) or ("GET",)
            if "websocket" in method:
                methods = ("WEBSOCKET",)
            self._add(path, endpoint, methods, context, event.kwargs, *place)
        elif method == "include_router":
            child = event.argument(0, "router")
            if isinstance(child, Object):
                self._walk(
                    child,
                    replace(
                        context,
                        prefix=context.prefix + (text(event.argument(None, "prefix")) or ""),
                        tags=context.tags + _texts(event.argument(None, "tags")),
                        dependencies=(
                            *context.dependencies,
                            *((each, "include") for each in items(event.argument(None, "dependencies"))),
                        ),
                        in_schema=context.in_schema and literal(event.argument(None, "include_in_schema")) is not False,
                        deprecated=context.deprecated or bool(literal(event.argument(None, "deprecated"))),
                    ),
                    around,
                )
        elif method in ("mount", "host"):
            child = event.argument(1, "app")
            prefix = (text(path) or "").rstrip("/") if method == "mount" else ""
            if isinstance(child, Object):
                self._mounted(child, replace(context, prefix=context.prefix + prefix), around)

    # Routes

    def _route(self, event: Event, path: Value | None, methods: tuple[str, ...], context: _Context) -> None:
        value = event.applied
        if isinstance(event.decorated, Function):
            value = FunctionValue(event.decorated, event.frame)
        elif isinstance(event.decorated, Class):
            value = ClassValue(event.decorated)
        self._add(path, value, methods, context, event.kwargs, event.scope, event.node, event.decorated)

    def _add(
        self,
        path: Value | None,
        endpoint: Value | None,
        methods: tuple[str, ...],
        context: _Context,
        kwargs: dict[str, Value],
        scope: Scope,
        node: Expr,
        decorated: Function | Class | None = None,
    ) -> None:
        written_path = text(path)
        if written_path is None:
            return
        while isinstance(endpoint, Called) and endpoint.args:  # requires("scope")(endpoint), a wrapper around it
            endpoint = next(
                (each for each in endpoint.args if isinstance(each, (FunctionValue, ClassValue, Called))), None
            )
        if isinstance(endpoint, ClassValue):
            self._class_endpoint(written_path, endpoint.cls, methods, context, kwargs, scope, node, decorated)
            return
        handler = endpoint if isinstance(endpoint, FunctionValue) else None
        self._emit(written_path, handler, methods or ("GET",), context, kwargs, scope, node, None, decorated)

    def _class_endpoint(
        self,
        path: str,
        cls: Class,
        methods: tuple[str, ...],
        context: _Context,
        kwargs: dict[str, Value],
        scope: Scope,
        node: Expr,
        decorated: Function | Class | None,
    ) -> None:
        """An `HTTPEndpoint` answers the methods it defines, each with its own; a websocket's answers as a whole."""
        if methods == ("WEBSOCKET",):
            self._emit(path, None, methods, context, kwargs, scope, node, cls, decorated)
            return
        for name in ("get", "post", "put", "patch", "delete", "options"):
            function = self.project.classes.method(cls.qualified, name)
            if function is not None:
                handler = FunctionValue(function)
                self._emit(path, handler, (name.upper(),), context, kwargs, scope, node, cls, decorated)

    def _emit(
        self,
        path: str,
        handler: FunctionValue | None,
        methods: tuple[str, ...],
        context: _Context,
        kwargs: dict[str, Value],
        scope: Scope,
        node: Expr,
        view: Class | None,
        decorated: Function | Class | None,
    ) -> None:
        function = None if handler is None else handler.function
        full, converters = open_api_path(context.prefix + path)
        methods = tuple(sorted({method.upper() for method in methods} - {"HEAD"})) or methods
        route = Route(
            path=full,
            methods=methods,
            handler=function,
            at=scope.module.place(node),
            framework=context.framework,
            handler_name=_handler_name(function, view),
            view=view or (None if function is None else function.cls),
            router=context.router,
            app=context.app,
            outermost=context.outermost,
            tags=context.tags,
            deprecated=context.deprecated,
            in_schema=context.in_schema,
            order=self.order,
            converters=converters,
            scope=scope,
        )
        self.order += 1
        route.guards = list(self._middleware_guards(route, context.around))
        if type(node) is ir.Call:
            route.options = node.keywords
        self._options(route, kwargs)
        self._dependencies(route, handler, context, kwargs, scope, frozenset(converters))
        if context.framework == "starlette":
            route.inputs = [Input(name, "path", converters[name], at=route.at) for name in converters]
        if function is not None:
            self._decorators(route, function, node if decorated is function else None)
            self._own_checks(route, function)
            if function.facts.docstring is not None and route.summary is None:
                route.summary = function.facts.docstring.strip().partition("\n")[0]
            if "response_model" not in kwargs and function.facts.returns is not None and context.framework == "fastapi":
                self._returned(route, function, _closed_over(handler))
        self.project.routes.append(route)

    def _returned(self, route: Route, function: Function, closed_over: dict[str, Class]) -> None:
        """The return annotation is the response model, unless it is a response."""
        kind = self.project.types.annotation(function.facts.returns, function.around)  # type: ignore[arg-type]
        if kind is None or not self.project.classes.is_subclass(kind.name, *_RESPONSES):
            route.response_expr = function.facts.returns
            name = annotated(function.facts.returns)  # type: ignore[arg-type]
            known = {alias: cls.name for alias, cls in closed_over.items()}
            route.response_model = name and re.sub(r"\w+", lambda match: known.get(match[0], match[0]), name)

    def _options(self, route: Route, kwargs: dict[str, Value]) -> None:
        for name, value in kwargs.items():
            match name:
                case "response_model":
                    route.response_model = shown(value)
                    route.response_expr = value.expr if isinstance(value, Unknown) else None
                case "status_code":
                    route.status_code = _status(value)
                case "tags":
                    route.tags = route.tags + _texts(value)
                case "deprecated":
                    route.deprecated = route.deprecated or literal(value) is True
                case "include_in_schema":
                    route.in_schema = route.in_schema and literal(value) is not False
                case "summary" | "description":
                    route.summary = text(value) or route.summary
                case "operation_id" | "name":
                    route.name = text(value) or route.name

    def _dependencies(
        self,
        route: Route,
        handler: FunctionValue | None,
        context: _Context,
        kwargs: dict[str, Value],
        scope: Scope,
        path_names: frozenset[str],
    ) -> None:
        function = None if handler is None else handler.function
        pending: list[tuple[Dependency, str]] = []
        for value, level in context.dependencies:
            dependency = self._from_value(value, scope)
            if dependency is not None:
                pending.append((dependency, level))
        for value in items(kwargs.get("dependencies")):
            dependency = self._from_value(value, scope)
            if dependency is not None:
                pending.append((dependency, "route"))
        if function is not None:
            signature = self.parameters.signature(function, path_names, _closed_over(handler))
            route.inputs.extend(signature.inputs)
            pending.extend((each, "route") for each in signature.dependencies)
            if function.cls is not None and route.framework == "fastapi" and route.view is function.cls:
                fields = self.parameters.class_fields(function.cls, path_names)
                pending.extend((each, "class") for each in fields.dependencies)
                init = function.cls.methods.get("__init__")
                if init is not None:
                    constructor = self.parameters.signature(init, path_names)
                    route.inputs.extend(constructor.inputs)
                    pending.extend((each, "class") for each in constructor.dependencies)
        seen: set[int] = set()
        for dependency, level in pending:
            self._depend(route, dependency, level, path_names, seen)
        body = [each for each in route.inputs if each.where == "body"]
        if body:
            route.body = ", ".join(each.spelled or "?" for each in body)

    def _from_value(self, value: Value, scope: Scope) -> Dependency | None:
        match value:
            case Called(call=call, scope=owner):
                dependency = self.parameters.resolved(call, owner)
                if value.args and isinstance(value.args[0], FunctionValue):
                    dependency.function = value.args[0].function
                return dependency
            case Unknown(expr=expr, scope=owner) if expr is not None and owner is not None:
                return self.parameters.resolved(expr, owner)
            case _:
                return None

    def _depend(
        self, route: Route, dependency: Dependency, level: str, path_names: frozenset[str], seen: set[int]
    ) -> None:
        """Everything below a dependency: its guards, its inputs, what it depends on in turn."""
        key = id(dependency.function or dependency.cls or dependency.expr)
        if key in seen:
            return
        seen.add(key)
        place = dependency.scope.module.place(dependency.expr)
        function, symbol = dependency.function, dependency.symbol or ""
        if function is None and dependency.cls is not None:
            function = self.project.classes.method(dependency.cls.qualified, "__init__")
        if symbol in _PASSWORD_FORMS:
            route.inputs.extend(
                Input(name, "form", "str", required, place, nullable=kind != "str")
                for name, kind, required in _PASSWORD_FORMS[symbol]
            )
            return
        if symbol.startswith(_SCHEMES) or self._is_scheme(symbol):
            if not self._is_optional_scheme(dependency):
                route.guards.append(Guard(GuardKind.AUTHENTICATION, symbol.rpartition(".")[2], place, level))
            return
        if symbol in _THROTTLES:
            route.guards.append(Guard(GuardKind.THROTTLE, symbol.rpartition(".")[2], place, level))
        if function is None:
            return
        route.dependencies.append(function)
        signature = self.parameters.signature(function, path_names)
        for each in signature.dependencies:
            self._depend(route, each, level, path_names, seen)
        if dependency.cls is not None and function.name == "__init__":
            for each in self.parameters.class_fields(dependency.cls, path_names).dependencies:
                self._depend(route, each, level, path_names, seen)
        known = {each.name for each in route.inputs}
        route.inputs.extend(each for each in signature.inputs if each.name not in known)
        name = self._name(dependency, function)
        for kind in self.denials.kinds(function):
            route.guards.append(Guard(kind, name, place, level, function, dependency.cls, dependency.scopes))

    def _name(self, dependency: Dependency, function: Function) -> str:
        if function.name in ("__init__", "__call__") and function.cls is not None:
            return function.cls.name
        return function.name

    def _is_scheme(self, symbol: str) -> bool:
        cls = self.project.cls(symbol)
        if cls is None or "__call__" in cls.methods:
            return False
        return any(isinstance(each, str) and each.startswith(_SCHEMES) for each in self.project.classes.mro(cls))

    def _is_optional_scheme(self, dependency: Dependency) -> bool:
        """Whether a security scheme lets requests without credentials through (`auto_error=False`)."""
        target = dependency.expr.argument(0, "dependency") if type(dependency.expr) is ir.Call else dependency.expr
        call = target if type(target) is ir.Call else None
        if target is not None and call is None:
            qualified = self.project.qualified(target, dependency.scope)
            module, rest = (None, "") if qualified is None else self.project.names.split(qualified)
            if module is not None and rest in module.assignments:
                value = module.assignments[rest][-1].value
                call = value if type(value) is ir.Call else None
        option = None if call is None else call.keywords.get("auto_error")
        return type(option) is ir.Const and option.value is False

    def _decorators(self, route: Route, function: Function, registered: Expr | None) -> None:
        """Guards among the decorators: the framework calls those below the one that registers, and no others."""
        decorators = function.decorators
        index = decorators.index(registered) if registered in decorators else -1
        route.idle.extend(self._guards_of(decorators[: max(index, 0)], function))
        route.guards.extend(self._guards_of(decorators[index + 1 :], function))

    def _guards_of(self, decorators: list[Expr], function: Function) -> Iterator[Guard]:
        for expr in decorators:
            place = function.module.place(expr)
            name = ir.dotted(ir.callee(expr)) or "decorator"
            symbol = self.project.qualified(ir.callee(expr), function.module) or ""
            if symbol == "starlette.authentication.requires":
                arguments = tuple(
                    node.value
                    for arg in (expr.args if type(expr) is ir.Call else [])
                    for node in ir.walk_expression(arg.value)
                    if type(node) is ir.Const and isinstance(node.value, str)
                )
                kind = GuardKind.AUTHENTICATION if "authenticated" in arguments else GuardKind.AUTHORIZATION
                yield Guard(kind, name, place, "route", arguments=arguments)
            elif name.rpartition(".")[2] in _THROTTLE_NAMES and type(expr) is ir.Call:
                yield Guard(GuardKind.THROTTLE, name, place)
            else:
                decorator = self.project.function(symbol)
                for kind in self.denials.kinds(decorator) if decorator is not None else ():
                    yield Guard(kind, name, place, function=decorator)

    def _own_checks(self, route: Route, function: Function) -> None:
        """Refusals in the handler itself that concern who asks: calls that are handed the request, and plain 401s."""
        if any(guard.kind is GuardKind.AUTHENTICATION for guard in route.guards) or _verifies_password(function):
            return
        requests = {
            parameter.name
            for parameter in function.parameters
            if parameter.annotation is not None
            and (said := self.project.types.annotation(parameter.annotation, function)) is not None
            and said.name.startswith(("starlette.requests.", "starlette.websockets."))
        }
        if function.cls is not None and route.view is function.cls:
            requests |= {each.name for each in function.parameters[1:2] if each.annotation is None}
        for site in self.project.sites(function):
            if not any(type(arg.value) is ir.Name and arg.value.id in requests for arg in site.call.args):
                continue
            for target in site.targets[:1]:
                for kind in self.denials.kinds(target):
                    route.guards.append(Guard(kind, target.name, site.at, "handler", target))
        if 401 in self.denials.direct(function) and not any(guard.level == "handler" for guard in route.guards):
            route.guards.append(Guard(GuardKind.AUTHENTICATION, function.name, function.at, "handler", function))

    def _around(self, container: Object) -> tuple[Decorator, ...]:
        """The middleware of an application, outermost first."""
        found = []
        for value, place in self._wrapped(container):
            if isinstance(value, ClassValue):
                cls = value.cls
                methods = (self.project.classes.method(cls.qualified, name) for name in ("dispatch", "__call__"))
                found.append(Decorator(cls.name, place, next(filter(None, methods), None), cls.qualified))
            elif value is not None:
                found.append(self.guards.value(value, place))
        return tuple(found)

    def _middleware_guards(self, route: Route, around: tuple[Decorator, ...]) -> Iterator[Guard]:
        """Guards in middleware, by what it answers to a stranger at this path."""
        for each in around:
            if each.symbol in _GUARDING_MIDDLEWARE:
                yield Guard(_GUARDING_MIDDLEWARE[each.symbol], each.name, each.at, "middleware")
            function = each.function
            if function is not None:
                yield from self.guards.hook(replace(each, known=_request(function, route)), "middleware", _NO_FACTS)

    def _wrapped(self, container: Object) -> Iterator[tuple[Value | None, Place]]:
        """The middleware of an application, however it was given, each with its place."""
        for item in items(container.argument(None, "middleware")):
            if isinstance(item, Object):
                yield item.argument(0, "cls"), item.scope.module.place(item.call)
        for event in self.by_target.get(id(container), ()):
            place = event.scope.module.place(event.node)
            if event.method == "middleware" and isinstance(event.decorated, Function):
                yield FunctionValue(event.decorated), place
            elif event.method == "add_middleware":
                value = event.argument(0, "middleware_class")
                if isinstance(value, Symbol) and value.name == "starlette.middleware.base.BaseHTTPMiddleware":
                    value = event.argument(None, "dispatch")
                yield value, place


def _closed_over(handler: FunctionValue | None) -> dict[str, Class]:
    """The classes that a factory was given, by the names that the handlers which it makes have for them."""
    frame = None if handler is None else handler.frame
    if frame is None or not isinstance(frame.scope, Function):
        return {}
    return {name: value.cls for name, value in frame.values.items() if isinstance(value, ClassValue)}


def _request(function: Function, route: Route) -> dict[str, Any]:
    """What a middleware knows of a request for a route, by the names that it has for it."""
    names = [each.name for each in function.parameters if each.name != "self"]
    if not names:
        return {}
    path, method = concrete(route.path, route.converters), route.methods[0]
    kind = "websocket" if route.is_websocket else "http"
    if function.name == "__call__":
        return {names[0]: {"type": kind, "path": path, "method": method}}
    return stranger(names[0], path, method) | {f"{names[0]}.scope": {"type": kind, "path": path}}


def _verifies_password(function: Function) -> bool:
    """Whether the function is a login: it reads a password."""
    read = (node for node in ir.walk(function.body) if isinstance(node, (ir.Attribute, ir.Name)))
    return any("password" in (node.name if isinstance(node, ir.Attribute) else node.id).lower() for node in read)


def _status(value: Value) -> int | None:
    match value:
        case Symbol(name=name):
            return named_status(name.rpartition(".")[2])
        case _:
            found = literal(value)
            return found if isinstance(found, int) else None


def _handler_name(function: Function | None, view: Class | None) -> str:
    """A class-based handler is named for the class that was registered, also where the method is inherited."""
    if view is not None:
        return view.qualified if function is None else f"{view.qualified}.{function.name}"
    return "" if function is None else function.qualified


def _framework(container: Object) -> str:
    return "fastapi" if container.symbol in _FASTAPI else "starlette"


def _texts(value: Value | None) -> tuple[str, ...]:
    found: Iterator[str | None] = (text(each) for each in items(value))
    return tuple(each for each in found if each is not None)
