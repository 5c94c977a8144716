"""Tornado: handlers of applications, with `@authenticated` and what `prepare` refuses.

Source: `tornado.web.Application.__init__` and `add_handlers`, `tornado.routing.URLSpec`,
`tornado.web.RequestHandler._execute`: `prepare` runs before every method.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.adapters._guards import Decorator
from backend_lint.adapters._handed import VERBS, Handed, Rule
from backend_lint.adapters._paths import open_api_regex
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Items,
    Object,
    Symbol,
    Value,
    items,
    registration,
    text,
)
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.model import App

_APP = "tornado.web.Application"
_SPECS = frozenset({"tornado.web.url", "tornado.web.URLSpec", "tornado.routing.URLSpec", "tornado.routing.Rule"})
_EXTENSION = "jupyter_server.extension.application.ExtensionApp"  # whose `handlers` its server adds to its own
_JOINED = "url_path_join"
_SOCKET = "tornado.websocket.WebSocketHandler"

_UNNAMED = re.compile(r"(?<!\\)\((?!\?)")  # where a group begins


def read(project: Project) -> None:
    found = registration(project)
    reader = _Reader(project)
    before = len(project.routes)
    for app in [each for each in found.objects if each.symbol == _APP]:
        reader.app(app)
    for module in project.modules.values():
        for cls in module.classes if module.role is Role.APP else ():
            if project.classes.is_subclass(cls, _EXTENSION):
                reader.extension(cls)
    if len(project.routes) > before:
        project.frameworks.append("Tornado")


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project, self.found = project, registration(project)
        self.handed = Handed(project, self.found, "tornado")
        self.gathered: set[int] = set()

    def app(self, app: Object) -> None:
        place = app.scope.module.place(app.call)
        if not app.is_foreign:
            self.project.apps.append(App(app.name, "tornado", place, options=app.call.keywords, scope=app.scope))
        handlers = app.argument(0, "handlers")
        for rule in items(handlers):
            self._rule(rule, app.name, app.call, app.scope)
        if handlers is not None and not items(handlers):
            self._gathered(app)
        for event in self.found.events_of(app):
            if event.method in ("add_handlers", "wildcard_router.add_rules"):
                position = 1 if event.method == "add_handlers" else 0
                for rule in items(event.argument(position, "host_handlers")):
                    self._rule(rule, app.name, event.node, event.scope)

    def extension(self, cls: Class) -> None:
        """What an extension of Jupyter's server adds to the server's application."""
        made = cls.attributes.get("handlers")
        for rule in items(self.found.attribute(ClassValue(cls), "handlers")):
            if made is not None and made.value is not None:
                self._rule(rule, cls.qualified, made.value, cls)

    def _gathered(self, app: Object) -> None:
        """The handlers of an application that puts them together in ways that cannot be told: all that modules list.

        Below which prefix, and in which order, is not known either, so that each list has its addresses to itself.
        """
        before = len(self.project.routes)
        for module in self.project.modules.values():
            for name, made in module.assignments.items() if module.role is Role.APP else ():
                if any(_is_table(each.value) for each in made):
                    for rule in items(self.found.variable(f"{module.name}.{name}")):
                        if id(rule) not in self.gathered:
                            self.gathered.add(id(rule))
                            self._rule(rule, app.name, made[-1].value or app.call, module)
                    for route in self.project.routes[before:]:
                        route.app, route.router, route.outermost = "", f"{module.name}.{name}", f"{module.name}.{name}"
                    before = len(self.project.routes)

    def _rule(self, rule: Value, app: str, node: Expr, scope: Scope) -> None:
        match rule:
            case Items(items=[pattern, handler, *_]):
                node, scope = (node, scope) if rule.expr is None else (rule.expr, rule.scope or scope)
            case Object(symbol=symbol) if symbol in _SPECS:
                node, scope = rule.call, rule.scope
                pattern, handler = rule.argument(0, "pattern"), rule.argument(1, "handler")  # type: ignore[assignment]
            case _:
                return
        written = _written(pattern)
        if written is None:
            return
        if isinstance(handler, Items):  # handlers below a pattern of their own, as for a host
            for each in handler.items:
                self._rule(each, app, node, scope)
        elif isinstance(handler, ClassValue):
            self._handler(written, handler.cls, app, node, scope)
        elif isinstance(handler, Symbol):
            return

    def _handler(self, pattern: str, cls: Class, app: str, node: Expr, scope: Scope) -> None:
        before = tuple(self._before(cls))
        is_socket = self.project.classes.is_subclass(cls, _SOCKET)
        answers: list[tuple[str, Function | None]] = list(self.handed.verbs(cls, VERBS))
        if is_socket:
            answers = [("WEBSOCKET", self.project.classes.method(cls.qualified, "open"))]
        for method, function in answers:
            path, groups = _path(pattern, function)
            self.handed.emit(
                Rule(
                    path=path,
                    methods=(method,),
                    function=function,
                    node=node,
                    scope=scope,
                    app=app,
                    router=app,
                    before=before,
                )
            )
            self.project.routes[-1].view = cls
            self.project.routes[-1].converters = groups
            name = function.name if function is not None and not is_socket else ""
            self.project.routes[-1].handler_name = f"{cls.qualified}.{name}" if name else cls.qualified

    def _before(self, cls: Class) -> Iterator[tuple[Decorator, str]]:
        """What runs before every method: `prepare`, of the class or of the one that it inherits from."""
        prepare = self.project.classes.method(cls.qualified, "prepare")
        if prepare is not None:
            inner = tuple(self.handed.guards.of_function(prepare, None))
            yield Decorator(prepare.name, prepare.at, prepare, prepare.qualified, decorators=inner), "class"


def _written(pattern: Value | None) -> str | None:
    """The pattern, or what is written of one that is joined to an address that the server knows."""
    if isinstance(pattern, Called) and pattern.symbol.rpartition(".")[2] == _JOINED:
        pieces = [each.strip("/") for each in map(_written, pattern.args) if each is not None]
        return "/" + "/".join(filter(None, pieces))
    return text(pattern)


def _is_table(expr: Expr | None) -> bool:
    """`[(r"/users", Users), …]`."""
    first = expr.items[0] if type(expr) is ir.Sequence and expr.items else None
    return type(first) is ir.Sequence and len(first.items) >= 2


def _path(pattern: str, function: Function | None) -> tuple[str, dict[str, str]]:
    """The pattern as a path, and its groups; one without a name is called as the method's parameter at its place."""
    given = function.parameters[1:] if function is not None else []
    names = iter([each.name for each in given if each.kind not in ("star", "stars")])
    return open_api_regex(_UNNAMED.sub(lambda _: f"(?P<{next(names, 'var')}>", pattern))
