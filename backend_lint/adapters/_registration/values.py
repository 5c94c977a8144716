"""What registration code handles."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Module, Scope


class Value:
    """Something that registration code handles."""


@dataclass(eq=False)
class Unknown(Value):
    expr: Expr | None = None
    scope: Scope | None = None


@dataclass(eq=False)
class Literal(Value):
    """A value that is written. `is_default` where the environment may say otherwise, so that it decides no branch."""

    value: Any
    is_default: bool = False


@dataclass(eq=False)
class Items(Value):
    """A list, tuple or set. `expr` is the display it was written as, in `scope`."""

    items: list[Value]
    expr: Expr | None = None
    scope: Scope | None = None


@dataclass(eq=False)
class Entries(Value):
    """A dict with literal keys; what has another key is left out."""

    entries: dict[Any, Value]


@dataclass(eq=False)
class Symbol(Value):
    """Something of a library, by qualified name."""

    name: str


@dataclass(eq=False)
class ModuleValue(Value):
    module: Module


@dataclass(eq=False)
class FunctionValue(Value):
    """A function or method; `bound` is the instance or class that it was taken from, `frame` where it was defined."""

    function: Function
    frame: Frame | None = None
    bound: Value | None = None


@dataclass(eq=False)
class ClassValue(Value):
    cls: Class


@dataclass(eq=False)
class Instance(Value):
    """An object of a class of the project."""

    cls: Class
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(eq=False)
class Parametrised(Value):
    """A generic with its arguments: `list[User]`."""

    owner: Value
    args: list[Value]


@dataclass(eq=False)
class Called(Value):
    """The result of a call that is not followed: `Depends(get_user)`, `login_required(view)`, `OrderView.as_view()`.

    `receiver` is the class or instance whose method was called, or the result that was called in turn, as in
    `permission_required("shop.sell")(view)`.
    """

    symbol: str
    call: ir.Call
    scope: Scope
    args: list[Value]
    kwargs: dict[str, Value]
    receiver: Value | None = None


@dataclass(eq=False)
class Object(Value):
    """An object of a framework. `names` are the qualified names it was bound to, in order.

    `cls` is its class where that is one of the project that inherits from the framework's. `maker` is the object whose
    method made it, if one did. `is_foreign` where another project makes it, and `call` is where it is met.
    """

    symbol: str
    call: ir.Call
    scope: Scope
    args: list[Value]
    kwargs: dict[str, Value]
    names: list[str] = field(default_factory=list)
    cls: Class | None = None
    attributes: dict[str, Value] = field(default_factory=dict)
    maker: Object | None = None
    is_foreign: bool = False

    @property
    def name(self) -> str:
        """A qualified name, or the place where it was made."""
        return self.names[0] if self.names else str(self.scope.module.place(self.call))

    def argument(self, position: int | None, keyword: str | None) -> Value | None:
        return argument_of(self.args, self.kwargs, position, keyword)


@dataclass(eq=False)
class Bound(Value):
    """A method of a framework's object, of a literal, or one that a class inherits from a library.

    Of a part of an object it is its method under a dotted name: `registry.extend` of a router.
    """

    target: Value
    method: str
    expr: Expr | None = None


@dataclass(eq=False)
class Event:
    """A method of a framework's object was called, or used as a decorator (on `decorated`).

    `call` is None for a decorator without parentheses. `node` is the expression to report at. `applied` is what the
    result was called with, where a decorator is called rather than written with `@`.
    """

    target: Object
    method: str
    call: ir.Call | None
    node: Expr
    args: list[Value]
    kwargs: dict[str, Value]
    frame: Frame
    order: int
    decorated: Function | Class | None = None
    applied: Value | None = None

    @property
    def scope(self) -> Scope:
        return self.frame.scope

    def argument(self, position: int | None, keyword: str | None) -> Value | None:
        return argument_of(self.args, self.kwargs, position, keyword)


@dataclass(eq=False)
class Frame:
    """Names while a body is interpreted. A module's frame has no function."""

    scope: Scope
    values: dict[str, Value] = field(default_factory=dict)
    outer: Frame | None = None
    returned: list[Value] = field(default_factory=list)
    yielded: list[Value] = field(default_factory=list)
    owner: Value | None = None


def literal(value: Value | None) -> Any:
    """The literal value, or None where there is none."""
    return value.value if isinstance(value, Literal) else None


def text(value: Value | None) -> str | None:
    """The literal text, or None."""
    found = literal(value)
    return found if isinstance(found, str) else None


def items(value: Value | None) -> list[Value]:
    """What a list holds; nothing where it is none."""
    return value.items if isinstance(value, Items) else []


def texts(value: Value | None) -> tuple[str, ...]:
    """The literal texts in a list."""
    return tuple(each.value for each in items(value) if isinstance(each, Literal) and isinstance(each.value, str))


def argument_of(args: list[Value], kwargs: dict[str, Value], position: int | None, keyword: str | None) -> Value | None:
    if keyword is not None and keyword in kwargs:
        return kwargs[keyword]
    return args[position] if position is not None and position < len(args) else None


def as_list(value: Value | None) -> list[Value]:
    """The values of an option that takes one or a list of them."""
    return value.items if isinstance(value, Items) else [] if value is None else [value]


def is_tracked(value: Value) -> bool:
    match value:
        case Object():
            return True
        case Items(items=items):
            return any(map(is_tracked, items))
        case Instance(attributes=attributes):
            return any(isinstance(each, Object) for each in attributes.values())
        case _:
            return False
