"""Frameworks that hand the request to their handlers (aiohttp, Sanic, Tornado, Litestar): from a rule to routes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from backend_lint.adapters._asgi_known import KNOWN, stranger
from backend_lint.adapters._guards import Decorator, Guards
from backend_lint.adapters._paths import concrete, open_api_path
from backend_lint.adapters._registration import Called, ClassValue, Event, FunctionValue, Registration, Value
from backend_lint.adapters._request_inputs import inputs
from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.model import Guard, Input, Route

VERBS = ("delete", "get", "head", "options", "patch", "post", "put")
_TYPES = {"int": "int", "float": "float", "uuid": "UUID"}
_NO_FACTS: dict[str, object] = {}


@dataclass(eq=False)
class Rule:
    """One address and what answers there, the prefixes of all containers in its path.

    `path` has parameters in braces. `before` runs before the handler, outermost first, each with its level. `options`
    are the keyword arguments of the registration.
    """

    path: str
    methods: tuple[str, ...]
    function: Function | None
    node: Expr
    scope: Scope
    cls: Class | None = None
    app: str = ""
    router: str = ""
    registered: Expr | None = None
    around: list[tuple[Decorator, str]] = field(default_factory=list)
    before: Sequence[tuple[Decorator, str]] = ()
    options: dict[str, Expr] = field(default_factory=dict)


class Handed:
    """Adds the routes of one framework. `request` is how a method of a class-based view calls the request."""

    def __init__(self, project: Project, found: Registration, framework: str, request: str = "self.request") -> None:
        self.project, self.found, self.framework, self.request = project, found, framework, request
        self.guards = Guards(project, KNOWN)
        self._order = 0

    # What is registered

    def answers(self, value: Value | None, place: Place) -> tuple[Function | None, Class | None, list[Decorator]]:
        """The function or class behind a value, wrappers taken off and given beside it, outermost first."""
        match value:
            case FunctionValue(function=function):
                return function, None, []
            case ClassValue(cls=cls):
                return None, cls, []
            case Called(symbol=symbol, receiver=ClassValue(cls=cls)) if symbol.endswith(".as_view"):
                return None, cls, []
            case Called(args=args, receiver=receiver):
                for each in args:
                    found, view, inner = self.answers(each, place)
                    if found is not None or view is not None:
                        maker = receiver if isinstance(receiver, Called) else value
                        is_bare = any(isinstance(arg, (FunctionValue, ClassValue, Called)) for arg in maker.args)
                        written = maker.call.func if is_bare else maker.call
                        return found, view, [self.guards.written(written, maker.scope), *inner]
        return None, None, []

    def callback(self, event: Event) -> Decorator | None:
        """The function that a decorator such as `@app.middleware("request")` stands on, or that a call hands over."""
        place = event.scope.module.place(event.node)
        if isinstance(event.decorated, Function):
            function = event.decorated
            inner = tuple(self.guards.of_function(function, event.node))
            return Decorator(function.name, place, function, function.qualified, decorators=inner)
        value = event.applied or next((each for each in event.args if isinstance(each, (FunctionValue, Called))), None)
        return None if value is None else self.guards.value(value, place)

    def verbs(self, cls: Class, names: Iterable[str] = VERBS) -> Iterator[tuple[str, Function]]:
        """The methods of a class-based view that answer, by their HTTP method."""
        for name in names:
            function = self.project.classes.method(cls.qualified, name)
            if function is not None:
                yield name.upper(), function

    # Routes

    def emit(self, rule: Rule) -> None:
        """Add the routes of a rule: one, or for a class one for each method."""
        if rule.cls is None:
            self._add(rule, rule.methods, rule.function)
            return
        wanted = {method for method in rule.methods if method != "*"}
        for method, function in self.verbs(rule.cls):
            if not wanted or method in wanted:
                self._add(rule, (method,), function)

    def _add(self, rule: Rule, methods: tuple[str, ...], function: Function | None) -> None:
        path, converters = open_api_path(rule.path)
        named = {method.upper() for method in methods}
        shown = tuple(sorted(named - {"HEAD"} if "GET" in named else named))
        owner = rule.cls or (None if function is None else function.cls)
        name = "" if function is None else function.qualified
        if rule.cls is not None:
            name = rule.cls.qualified if function is None else f"{rule.cls.qualified}.{function.name}"
        route = Route(
            path=path,
            methods=shown,
            handler=function,
            at=rule.scope.module.place(rule.node),
            framework=self.framework,
            handler_name=name,
            view=owner,
            router=rule.router,
            app=rule.app,
            order=self._order,
            converters=converters,
            options=rule.options,
            scope=rule.scope,
        )
        self._order += 1
        route.inputs = [
            Input(each, "path", _TYPES.get(kind.partition("(")[0], "str"), at=route.at)
            for each, kind in converters.items()
        ]
        request = self._request_of(function, rule)
        if function is not None:
            read = inputs(self.project, function, frozenset(), frozenset({request}))
            route.inputs += [each for each in read if each.where != "path" or each.name not in converters]
            route.dependencies = [each.function for each, _ in rule.before if each.function is not None]
            if function.facts.docstring is not None:
                route.summary = function.facts.docstring.strip().partition("\n")[0]
            route.idle = list(self.guards.idle(function, rule.registered))
        if any(each.where == "body" for each in route.inputs):
            route.body = "json"
        route.guards = list(self._route_guards(rule, route, function, request))
        self.project.routes.append(route)

    def _request_of(self, function: Function | None, rule: Rule) -> str:
        """What a handler calls the request: its first parameter, or an attribute of the view."""
        parameters = [] if function is None else function.parameters[1 if function.cls is not None else 0 :]
        if function is not None and function.cls is not None and self.request.startswith("self."):
            return self.request
        return parameters[0].name if parameters else "request"

    def _route_guards(self, rule: Rule, route: Route, function: Function | None, request: str) -> Iterator[Guard]:
        path, method = concrete(route.path, route.converters), route.methods[0] if route.methods else "GET"
        for hook, level in rule.before:
            known = {} if hook.function is None else self._known(hook.function, path, method)
            found = list(self.guards.hook(replace(hook, known=known), level, _NO_FACTS))
            if not found and hook.function is not None and hook.function.nested:  # a call that makes the hook
                found = list(self.guards.decorator(hook, level, _NO_FACTS))
            yield from found
        for each, level in rule.around:
            yield from self.guards.decorator(each, level, _NO_FACTS)
        if function is not None:
            for each in self.guards.of_function(function, rule.registered):
                yield from self.guards.decorator(each, "route", _NO_FACTS)
            yield from self.guards.handler(function, _NO_FACTS, stranger(request, path, method))

    def _known(self, function: Function, path: str, method: str) -> dict[str, object]:
        """What a hook knows of the request: under its first parameter's name, in a method under the view's."""
        names = [each.name for each in function.parameters if each.name not in ("self", "cls")]
        known = stranger(self.request, path, method) | {"self.current_user": None}
        return known if not names else known | stranger(names[0], path, method)


def joined(prefix: str, path: str) -> str:
    """A path below a prefix, at one slash."""
    if not prefix:
        return path or "/"
    return f"{prefix.rstrip('/')}/{path.lstrip('/')}" if path.strip("/") else prefix.rstrip("/") + path
