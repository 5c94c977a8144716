"""aiohttp: routes of applications, sub-applications and route tables, what middleware refuses.

Source: `aiohttp.web_app.Application.add_subapp` (prefix, and the middleware of the outer application around that of the
inner), `aiohttp.web_routedef`, `aiohttp.web_urldispatcher.UrlDispatcher`.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._guards import Decorator
from backend_lint.adapters._handed import Handed, Rule
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Event,
    FunctionValue,
    Items,
    Object,
    Value,
    items,
    registration,
    text,
)
from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.model import App, Middleware

_APP = "aiohttp.web.Application"
_TABLE = "aiohttp.web.RouteTableDef"
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_Hooks = tuple[tuple[Decorator, str], ...]


def read(project: Project) -> None:
    found = registration(project)
    apps = [each for each in found.objects if each.symbol == _APP]
    tables = [each for each in found.objects if each.symbol == _TABLE]
    if not apps and not tables:
        return
    reader = _Reader(project)
    reader.read(apps, tables)
    if project.routes:
        project.frameworks.append("aiohttp")


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project, self.found = project, registration(project)
        self.handed = Handed(project, self.found, "aiohttp")
        self.served: set[int] = set()

    def read(self, apps: list[Object], tables: list[Object]) -> None:
        inside = {
            id(event.argument(1, "subapp"))
            for app in apps
            for event in self.found.events_of(app)
            if event.method in ("add_subapp", "add_domain")
        }
        for app in apps:
            self._app(app)
            if id(app) not in inside:
                self._walk(app, "", app.name, (), ())
        for table in tables:
            if id(table) not in self.served and not apps:
                self._table(table, "", "", ())

    def _app(self, app: Object) -> None:
        made = App(app.name, "aiohttp", app.scope.module.place(app.call), options=app.call.keywords, scope=app.scope)
        for each, _ in self._middleware(app):
            made.middleware.append(Middleware(each.symbol or each.name, each.at, {}, each.function, app.scope))
        self.project.apps.append(made)

    def _middleware(self, app: Object) -> Iterator[tuple[Decorator, str]]:
        place = app.scope.module.place(app.call)
        for value in items(app.argument(None, "middlewares")):
            yield self.handed.guards.value(value, place), "middleware"
        for event in self.found.events_of(app):
            if event.method == "middlewares.append" and event.args:
                yield self.handed.guards.value(event.args[0], event.scope.module.place(event.node)), "middleware"
            elif event.method == "middlewares.extend":
                for value in items(event.argument(0, None)):
                    yield self.handed.guards.value(value, event.scope.module.place(event.node)), "middleware"

    def _walk(self, app: Object, prefix: str, name: str, hooks: _Hooks, around: tuple[int, ...]) -> None:
        if id(app) in around:
            return
        hooks = (*hooks, *self._middleware(app))
        for event in self.found.events_of(app):
            method = event.method.removeprefix("router.")
            if method in ("add_subapp", "add_domain"):
                child = event.argument(1, "subapp")
                own = (text(event.argument(0, "prefix")) or "").rstrip("/") if method == "add_subapp" else ""
                if isinstance(child, Object):
                    self._walk(child, prefix + own, name, hooks, (*around, id(app)))
            elif method in ("add_routes", "extend"):
                self._listed(event.argument(0, "routes"), prefix, name, app.name, hooks)
            else:
                self._registered(event, method, prefix, name, app.name, hooks)
        for resource in self.found.objects:
            if resource.maker is app:
                path = text(resource.argument(0, "path"))
                for event in self.found.events_of(resource):
                    if event.method == "add_route" and path is not None:
                        self._rule(
                            prefix + path,
                            text(event.argument(0, "method")),
                            event.argument(1, "handler"),
                            event.node,
                            event.scope,
                            name,
                            app.name,
                            hooks,
                        )

    def _registered(self, event: Event, method: str, prefix: str, app: str, router: str, hooks: _Hooks) -> None:
        verb = method.removeprefix("add_")
        if verb == "view":
            path, handler, verb = event.argument(0, "path"), event.argument(1, "handler"), "*"
        elif verb == "route":
            verb = text(event.argument(0, "method")) or "*"
            path, handler = event.argument(1, "path"), event.argument(2, "handler")
        elif method.startswith("add_") and verb in _VERBS:
            path, handler = event.argument(0, "path"), event.argument(1, "handler")
        else:
            return
        if text(path) is not None:
            self._rule(prefix + (text(path) or ""), verb, handler, event.node, event.scope, app, router, hooks)

    def _listed(self, value: Value | None, prefix: str, app: str, router: str, hooks: _Hooks) -> None:
        """`add_routes(table)` or `add_routes([web.get("/", index), …])`."""
        if isinstance(value, Object) and value.symbol == _TABLE:
            self.served.add(id(value))
            self._table(value, prefix, app, hooks)
        for item in items(value):
            if isinstance(item, Object) and item.symbol.startswith("aiohttp.web."):
                verb = item.symbol.rpartition(".")[2]
                shift = 1 if verb == "route" else 0
                method = text(item.argument(0, "method")) if shift else verb
                path, handler = item.argument(shift, "path"), item.argument(shift + 1, "handler")
                if text(path) is not None and verb != "static":
                    method = "*" if method == "view" else method
                    self._rule(prefix + (text(path) or ""), method, handler, item.call, item.scope, app, router, hooks)

    def _table(self, table: Object, prefix: str, app: str, hooks: _Hooks) -> None:
        for event in self.found.events_of(table):
            shift = 1 if event.method == "route" else 0
            verb = text(event.argument(0, "method")) if shift else event.method
            path = text(event.argument(shift, "path"))
            if path is None or not (shift or verb == "view" or verb in _VERBS):
                continue
            value: Value | None = event.applied
            if isinstance(event.decorated, Function):
                value = FunctionValue(event.decorated)
            elif isinstance(event.decorated, Class):
                value = ClassValue(event.decorated)
            registered = event.node if event.decorated is not None else None
            verb = "*" if verb == "view" else verb
            self._rule(prefix + path, verb, value, event.node, event.scope, app, table.name, hooks, registered)

    def _rule(
        self,
        path: str,
        method: str | None,
        handler: Value | None,
        node: Expr,
        scope: Scope,
        app: str,
        router: str,
        hooks: _Hooks,
        registered: Expr | None = None,
    ) -> None:
        place: Place = scope.module.place(node)
        function, cls, around = self.handed.answers(handler, place)
        if function is None and cls is None and not isinstance(handler, (Called, Items)):
            return
        self.handed.emit(
            Rule(
                path=path,
                methods=((method or "*").upper(),),
                function=function,
                node=node,
                scope=scope,
                cls=cls,
                app=app,
                router=router,
                registered=registered,
                around=[(each, "route") for each in around],
                before=hooks,
            )
        )
