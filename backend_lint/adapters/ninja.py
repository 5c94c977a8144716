"""Django Ninja: operations of APIs and routers, with what authenticates at each level.

Source: `ninja.router.Router.add_router` and `build_routers` for paths, `ninja.operation.Operation.set_api_instance` for
`auth`: the operation's own, else its router's, else that of the router around, else the API's; `None` is no auth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from backend_lint.adapters._django_routes import site
from backend_lint.adapters._django_urls import Mounted, mounted
from backend_lint.adapters._handed import Handed, Rule
from backend_lint.adapters._parameters import Parameters, shown
from backend_lint.adapters._registration import (
    Called,
    Entries,
    Event,
    FunctionValue,
    Instance,
    Items,
    Literal,
    Object,
    Symbol,
    Value,
    literal,
    registration,
    text,
    texts,
)
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.project import Function, Project
from backend_lint.project.model import App, Guard, GuardKind, Route

_API = "ninja.NinjaAPI"
_VERBS = frozenset({"get", "post", "put", "patch", "delete"})
_BRACES = re.compile(r"\{([^{}]+)\}")  # `{int:item_id}` is Django's `<int:item_id>`
_SLASHES = re.compile(r"/{2,}")


@dataclass(frozen=True)
class _Context:
    """What the API and the routers around an operation add to it."""

    app: str
    prefix: str
    router: str
    auth: Value | None
    auth_at: Place
    auth_level: str
    tags: tuple[str, ...] = ()


def read(project: Project) -> None:
    served = [each for each in mounted(project) if isinstance(each.view, Object) and each.view.symbol == _API]
    if served:
        _Reader(project).read(served)
        project.frameworks.append("Django Ninja")


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project, self.found = project, registration(project)
        self.handed = Handed(project, self.found, "ninja")
        self.parameters = Parameters(project)
        self.before = site(project).guards.before

    def read(self, served: list[Mounted]) -> None:
        for each in served:
            api = each.view
            assert isinstance(api, Object)
            place = api.scope.module.place(api.call)
            self.project.apps.append(App(api.name, "ninja", place, options=api.call.keywords, scope=api.scope))
            self._walk(api, _Context(api.name, each.path, api.name, api.argument(None, "auth"), place, "app"), ())

    def _walk(self, container: Object, context: _Context, around: tuple[int, ...]) -> None:
        if id(container) in around:
            return
        for event in self.found.events_of(container):
            if event.method == "add_router":
                self._router(event, context, (*around, id(container)))
            elif event.method in _VERBS or event.method in ("api_operation", "add_api_operation"):
                self._operation(event, context, _answering(event))

    def _router(self, event: Event, context: _Context, around: tuple[int, ...]) -> None:
        router = event.argument(1, "router")
        if isinstance(router, Literal):  # `api.add_router("/events/", "events.api.router")`
            router = self.found.variable(self.project.names.denoted(str(router.value)))
        if not isinstance(router, Object):
            return
        inner = replace(
            context,
            prefix=f"{context.prefix}/{text(event.argument(0, 'prefix')) or ''}",
            router=router.name,
            tags=texts(event.argument(None, "tags")) or texts(router.argument(None, "tags")) or context.tags,
        )
        for auth, node, scope in (
            (router.argument(None, "auth"), router.call, router.scope),
            (event.argument(None, "auth"), event.node, event.scope),
        ):
            if auth is not None:
                inner = replace(inner, auth=auth, auth_at=scope.module.place(node), auth_level="router")
        self._walk(router, inner, around)

    def _operation(self, event: Event, context: _Context, function: Function | None) -> None:
        is_named = event.method in _VERBS
        path = text(event.argument(0 if is_named or event.method == "add_api_operation" else 1, "path"))
        methods: tuple[str, ...] = (event.method.upper(),)
        if not is_named:
            methods = texts(event.argument(1 if event.method == "add_api_operation" else 0, "methods"))
        if path is None or function is None:
            return
        full = _SLASHES.sub("/", f"{context.prefix}/{path}")
        before = len(self.project.routes)
        self.handed.emit(
            Rule(
                path=_BRACES.sub(r"<\1>", full),
                methods=methods,
                function=function,
                node=event.node,
                scope=event.scope,
                app=context.app,
                router=context.router,
                registered=event.node,
                options={} if event.call is None else event.call.keywords,
            )
        )
        for route in self.project.routes[before:]:
            self._describe(route, function, event, context)

    def _describe(self, route: Route, function: Function, event: Event, context: _Context) -> None:
        signature = self.parameters.signature(function, frozenset(route.converters))
        first = function.parameters[0].name if function.parameters else ""
        route.inputs = [each for each in signature.inputs if (each.variable or each.name) != first]
        bodies = [each.spelled or "?" for each in route.inputs if each.where == "body"]
        route.body = ", ".join(bodies) or None
        route.tags = texts(event.argument(None, "tags")) or context.tags
        route.deprecated = literal(event.argument(None, "deprecated")) is True
        route.in_schema = literal(event.argument(None, "include_in_schema")) is not False
        route.summary = text(event.argument(None, "summary")) or route.summary
        self._response(route, event.argument(None, "response"))
        auth, place, level = context.auth, context.auth_at, context.auth_level
        if "auth" in event.kwargs:
            auth, place, level = event.kwargs["auth"], event.scope.module.place(event.node), "route"
        guard = self._guard(auth, place, level)
        own = [] if guard is None else [guard]
        route.guards = [*self.before(route.path, None), *own, *route.guards]

    def _response(self, route: Route, given: Value | None) -> None:
        """A schema, or one for each status: the first that says that all is well counts."""
        route.status_code = 200
        if isinstance(given, Entries):
            fine = sorted(key for key in given.entries if isinstance(key, int) and 200 <= key < 300)
            route.status_code = fine[0] if fine else 200
            given = given.entries.get(route.status_code)
        if given is not None:
            route.response_model = shown(given)

    # Who may call

    def _guard(self, auth: Value | None, place: Place, level: str) -> Guard | None:
        """One guard for all that `auth` names: any of them lets the caller in."""
        found = list(self._authenticators(auth))
        if not found:
            return None
        name = " | ".join(each for each, _ in found)
        function = found[0][1]
        return Guard(GuardKind.AUTHENTICATION, name, place, level, function, None if function is None else function.cls)

    def _authenticators(self, auth: Value | None) -> Iterator[tuple[str, Function | None]]:
        match auth:
            case Items(items=items):
                for each in items:
                    yield from self._authenticators(each)
            case FunctionValue(function=function):
                yield function.name, function
            case Instance(cls=cls):
                yield cls.name, self.project.classes.method(cls.qualified, "authenticate")
            case Symbol(name=name) | Called(symbol=name):
                yield name.rpartition(".")[2], None
            case Literal() | None:
                return
            case _:
                expr = getattr(auth, "expr", None)
                yield (ir.dotted(ir.callee(expr)) or "auth").rpartition(".")[2], None


def _answering(event: Event) -> Function | None:
    """The function that an operation calls, decorated or handed over."""
    if isinstance(event.decorated, Function):
        return event.decorated
    given = event.argument(2, "view_func") if event.method == "add_api_operation" else event.applied
    return given.function if isinstance(given, FunctionValue) else None
