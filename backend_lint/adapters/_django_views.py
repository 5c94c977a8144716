"""What stands behind an address of a Django project: the function or class that answers, below what wraps it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backend_lint.adapters._django_library import METHODS, library_attribute, library_methods
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Entries,
    FunctionValue,
    Instance,
    Items,
    Registration,
    Symbol,
    Value,
    text,
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.external import ancestors

_API_VIEW = "rest_framework.decorators.api_view"
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
    method, in upper case; `options` what `as_view()` was given.
    """

    name: str
    layers: tuple[Layer, ...] = ()
    function: Function | None = None
    classes: tuple[Class | str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Value] = field(default_factory=dict)

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


def view_of(found: Registration, value: Value) -> View | None:
    """The view that a value passed to `path()` is; None where that is no view of any kind known."""
    return _Unwrapping(found).view(value, ())


def handlers(found: Registration, view: View) -> dict[str, str]:
    """The name of the method of a class-based view that answers, by HTTP method in upper case."""
    accepted = _accepted(found, view)
    if view.actions:
        return {verb: name for verb, name in view.actions.items() if verb in accepted}
    return {name.upper(): name for name in _NAMES if name.upper() in accepted and view.has_method(name)}


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
    def __init__(self, found: Registration) -> None:
        self.found = found
        self.project: Project = found.project

    def view(self, value: Value, layers: tuple[Layer, ...]) -> View | None:
        match value:
            case FunctionValue(function=function):
                return View(function.qualified, (*layers, *_decorators(function)), function)
            case Instance(cls=cls):
                method = self.project.classes.method(cls.qualified, "__call__")
                return View(cls.qualified, layers, method)
            case Called():
                return self._called(value, layers)
            case Symbol(name=name) if not name.endswith(".urls"):  # of a site, like the admin's
                return View(name.rpartition(".")[2], layers)
            case _:
                return None

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
            inner = _returned(maker)
            return View(maker.qualified, (*layers, *_decorators(inner)), inner)
        return None if value.symbol.endswith("()") else View(method, layers)

    def _wrapped(self, value: Called) -> Value | None:
        """The view among the arguments of a decorator."""
        for each in (*value.args, *value.kwargs.values()):
            if isinstance(each, (FunctionValue, Instance)):
                return each
            if isinstance(each, Called) and self.view(each, ()) is not None and _is_view(each):
                return each
        return None

    def _class_view(self, value: Called, layers: tuple[Layer, ...]) -> View | None:
        receiver = value.receiver
        match receiver:
            case ClassValue(cls=cls):
                classes, name = tuple(self.project.classes.mro(cls)), cls.qualified
            case Symbol(name=symbol):
                classes, name = ancestors(symbol), symbol.rpartition(".")[2]
            case _:
                symbol = value.symbol.rpartition(".")[0]
                if self.project.cls(symbol) is not None:
                    return None
                classes, name = ancestors(symbol), symbol.rpartition(".")[2]
        given = value.args[0] if value.args else value.kwargs.get("actions")
        actions = {
            verb.upper(): method
            for verb, each in (given.entries if isinstance(given, Entries) else {}).items()
            if isinstance(verb, str) and (method := text(each)) is not None
        }
        return View(name, layers, None, classes, actions, value.kwargs)


def _is_view(value: Called) -> bool:
    """Whether a call makes a view, as `as_view()` and decorators do, and not an argument for one."""
    return value.symbol.rpartition(".")[2] == "as_view" or any(
        isinstance(each, (FunctionValue, Instance)) or (isinstance(each, Called) and _is_view(each)) for each in value.args
    )


def _decorators(function: Function) -> Iterator[Layer]:
    scope: Scope = function.cls or function.parent or function.module
    for decorator in function.decorators:
        yield Layer(decorator, scope, "route")


def _returned(maker: Function) -> Function:
    """The function that a function defines and returns, or itself."""
    for stmt in maker.statements:
        if type(stmt) is ir.Return and type(stmt.value) is ir.Name and stmt.value.id in maker.nested:
            return maker.nested[stmt.value.id]
    return maker
