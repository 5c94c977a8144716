"""What stands behind an address of a Django project: the function or class that answers, below what wraps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backend_lint.adapters._django_library import LIBRARY_VIEWS, METHODS, library_attribute, library_methods
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Entries,
    FunctionValue,
    Instance,
    Items,
    Literal,
    Registration,
    Symbol,
    Unknown,
    Value,
    text,
)
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.external import ancestors

_DECORATORS = "rest_framework.decorators"
_API_VIEW = f"{_DECORATORS}.api_view"
_VIEW = "rest_framework.views.APIView"
_POLICIES = frozenset({"permission_classes", "authentication_classes", "throttle_classes", "parser_classes"})
_NAMES = tuple(name.lower() for name in METHODS)


@dataclass(frozen=True)
class Layer:
    """A decorator, or a call that wraps the view where it is registered. `level` is as in `Guard`."""

    decorator: Expr
    scope: Scope
    level: str


@dataclass(frozen=True)
class View:
    """`function` or `classes` (the class and its bases, as far as known) answer; `layers` wrap it, outermost first.

    `name` is qualified for the project's own, bare for a library's. `actions` are the methods of a view set by HTTP
    method, in upper case; `options` what `as_view()` was given. For a function that `@api_view` makes a class of, there
    are both, and `inner` are the decorators below that one.
    """

    name: str
    at: Place
    layers: tuple[Layer, ...] = ()
    function: Function | None = None
    classes: tuple[Class | str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Value] = field(default_factory=dict)
    inner: tuple[Layer, ...] = ()

    @property
    def cls(self) -> Class | None:
        first = self.classes[0] if self.classes else None
        return first if isinstance(first, Class) else None

    def inherits(self, *names: str) -> bool:
        return any((each if isinstance(each, str) else each.qualified) in names for each in self.classes)

    def method(self, name: str) -> Function | None:
        """The method of that name, where the project defines it."""
        owner = next((each for each in self.classes if _defines(each, name)), None)
        return owner.methods.get(name) if isinstance(owner, Class) else None

    def has_method(self, name: str) -> bool:
        return any(_defines(each, name) for each in self.classes)


def _defines(owner: Class | str, name: str) -> bool:
    if isinstance(owner, Class):
        return name in owner.methods or name in owner.attributes
    return name in library_methods((owner,))


def view_of(found: Registration, value: Value, at: Place) -> View | None:
    """The view that a value passed to `path()` at a place is; None where that is no view of any kind known."""
    return _Unwrapping(found, at).view(value, ())


def handlers(found: Registration, view: View) -> dict[str, str]:
    """The name of the method of a class-based view that answers, by HTTP method in upper case."""
    accepted = _accepted(found, view)
    if view.function is not None:
        return {verb: verb.lower() for verb in METHODS if verb in accepted}
    if view.actions:
        return {verb: name for verb, name in sorted(view.actions.items()) if verb in accepted}
    return {name.upper(): name for name in _NAMES if name.upper() in accepted and view.has_method(name)}


def decorators(function: Function) -> Iterator[Layer]:
    """The decorators of a function, outermost first."""
    for decorator in function.decorators:
        yield Layer(decorator, function.around, "route")


def _accepted(found: Registration, view: View) -> set[str]:
    """The HTTP methods that `http_method_names` leaves."""
    given = view.options.get("http_method_names")
    for each in view.classes if given is None else ():
        if isinstance(each, Class) and "http_method_names" in each.attributes:
            given = found.attribute(ClassValue(each), "http_method_names")
            break
        known = library_attribute(each, "http_method_names") if isinstance(each, str) else None
        if known is not None:
            return {name.upper() for name in known}
    names = [text(each) for each in given.items] if isinstance(given, Items) else []
    return {name.upper() for name in names if name is not None} or set(METHODS)


class _Unwrapping:
    def __init__(self, found: Registration, at: Place) -> None:
        self.found, self.at = found, at
        self.project: Project = found.project

    def view(self, value: Value, layers: tuple[Layer, ...]) -> View | None:
        match value:
            case FunctionValue(function=function):
                return self._function(function, function.qualified, layers)
            case Instance(cls=cls):
                method = self.project.classes.method(cls.qualified, "__call__")
                return View(cls.qualified, self.at, layers, method)
            case Called():
                return self._called(value, layers)
            case Symbol(name=name) if name in LIBRARY_VIEWS:
                return self._library_class(LIBRARY_VIEWS[name], {}, layers)
            case Symbol(name=name) if not name.endswith((".urls", "views.static.serve")):  # of the admin, or of files
                return View(name.rpartition(".")[2], self.at, layers)
            case _:
                return None

    def _function(self, function: Function, name: str, layers: tuple[Layer, ...]) -> View:
        """A function view. What stands below `@api_view` decorates the handler of the class that this makes."""
        own = tuple(decorators(function))
        for index, layer in enumerate(own):
            call = layer.decorator if type(layer.decorator) is ir.Call else None
            symbol = self.project.qualified(call.func if call is not None else layer.decorator, layer.scope)
            if symbol == _API_VIEW:
                given = None if call is None else call.argument(0, "http_method_names")
                options = {
                    "http_method_names": Items([Literal("GET")]) if given is None else self._evaluated(given, layer)
                }
                inner = []
                for below in own[index + 1 :]:
                    policy = self._policy(below)
                    if policy is None:
                        inner.append(below)
                    else:
                        options[policy[0]] = policy[1]
                return View(
                    name, self.at, (*layers, *own[:index]), function, ancestors(_VIEW), {}, options, tuple(inner)
                )
        return View(name, self.at, (*layers, *own), function)

    def _policy(self, layer: Layer) -> tuple[str, Value] | None:
        """`@permission_classes([IsAdminUser])` as the attribute that it sets."""
        call = layer.decorator
        if type(call) is not ir.Call or not call.args:
            return None
        symbol = self.project.qualified(call.func, layer.scope) or ""
        owner, _, name = symbol.rpartition(".")
        return (
            (name, self._evaluated(call.args[0].value, layer)) if owner == _DECORATORS and name in _POLICIES else None
        )

    def _evaluated(self, expr: Expr, layer: Layer) -> Value:
        found = self.found.evaluate(expr, self.found.frame(layer.scope.module))
        return found if isinstance(found, Items) else Unknown(expr, layer.scope)

    def _called(self, value: Called, layers: tuple[Layer, ...]) -> View | None:
        method = value.symbol.rpartition(".")[2]
        if method == "as_view":
            made = self._class_view(value, layers)
            if made is not None:
                return made
        wrapped = self._wrapped(value)
        if wrapped is not None:
            return self.view(wrapped, (*layers, Layer(value.call.func, value.scope, "url")))
        maker = self.project.function(value.symbol)
        if maker is not None:
            return self._function(_returned(maker), maker.qualified, layers)
        return None if value.symbol.endswith("()") else View(method, self.at, layers)

    def _wrapped(self, value: Called) -> Value | None:
        """The view among the arguments of a decorator."""
        return next((each for each in (*value.args, *value.kwargs.values()) if _is_view(each)), None)

    def _class_view(self, value: Called, layers: tuple[Layer, ...]) -> View | None:
        given = value.args[0] if value.args else value.kwargs.get("actions")
        actions = {
            verb.upper(): method
            for verb, each in (given.entries if isinstance(given, Entries) else {}).items()
            if isinstance(verb, str) and (method := text(each)) is not None
        }
        match value.receiver:
            case ClassValue(cls=cls):
                classes = tuple(self.project.classes.mro(cls))
                return View(cls.qualified, self.at, layers, None, classes, actions, value.kwargs)
            case Symbol(name=symbol):
                return self._library_class(symbol, value.kwargs, layers, actions)
        symbol = value.symbol.rpartition(".")[0]
        return None if self.project.cls(symbol) is not None else self._library_class(symbol, value.kwargs, layers)

    def _library_class(
        self,
        symbol: str,
        options: Mapping[str, Value],
        layers: tuple[Layer, ...],
        actions: Mapping[str, str] | None = None,
    ) -> View:
        return View(symbol.rpartition(".")[2], self.at, layers, None, ancestors(symbol), actions or {}, options)


def _is_view(value: Value) -> bool:
    """Whether a value is a view, as functions, `as_view()` and what decorators make of them are."""
    match value:
        case FunctionValue() | Instance():
            return True
        case Symbol(name=name):
            return name in LIBRARY_VIEWS
        case Called(symbol=symbol, args=args):
            return symbol.rpartition(".")[2] == "as_view" or any(map(_is_view, args))
        case _:
            return False


def _returned(maker: Function) -> Function:
    """The function that a function defines and returns, or itself."""
    for stmt in maker.statements:
        if type(stmt) is ir.Return and type(stmt.value) is ir.Name and stmt.value.id in maker.nested:
            return maker.nested[stmt.value.id]
    return maker
