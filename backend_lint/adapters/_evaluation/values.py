"""What an evaluation handles: what is known, what is open, and what refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from backend_lint.core import Place
from backend_lint.project import Class, Function, Scope

if TYPE_CHECKING:
    from backend_lint.adapters._evaluation.evaluation import Evaluation

METHOD_NOT_ALLOWED = 405
ELSEWHERE = 302
UNROLLED = 40  # of how many items of a list each is looked at
REFUSALS = (401, 403, METHOD_NOT_ALLOWED, 429)
PURE = frozenset(
    {"startswith", "endswith", "lower", "upper", "strip", "rstrip", "lstrip", "removeprefix", "removesuffix", "split"}
)


class EndedError(Exception):
    """The path that is followed surely ends here."""


@dataclass(frozen=True)
class Open:
    """A value that is not known. `is_asked` where it depends on who asks."""

    is_asked: bool = False


@dataclass(frozen=True)
class Lack:
    """What the caller does not have, like a header or a key in the table of users; `value` is what is there instead."""

    value: Any = None
    is_asked = True

    def equals(self, other: Any) -> Any:
        return ASKED if isinstance(other, Open | Named | Either) else self.value == other

    def contains(self, key: Any) -> Any:
        return key in self.value if isinstance(key, str) and isinstance(self.value, str) else ASKED

    def attribute(self, name: str) -> Any:
        if not isinstance(self.value, str) or name not in PURE:
            return ASKED
        return Native(lambda _, args, kwargs: Lack(pure(self.value, name, args, kwargs)))


OPEN = Open()
ASKED = Open(True)
MISSING = object()


@dataclass(frozen=True)
class Blame:
    """Who refuses: as in `Guard`. A handler that refuses is no guard of its own."""

    name: str
    at: Place
    level: str
    function: Function | None = None
    cls: Class | None = None
    arguments: tuple[str, ...] = ()


@dataclass(frozen=True)
class Refusal:
    """`is_certain` where no open condition stands before it, `is_asked` where one did that depends on who asks.

    `is_answered` once it is a response, which no `except` catches. `at` is the offset of what refuses.
    """

    status: int
    blame: Blame | None
    is_certain: bool = True
    is_asked: bool = False
    exception: str | None = None
    is_answered: bool = False
    at: int = 0


@dataclass(frozen=True)
class Answer:
    """A response that refuses, until it is returned to the client."""

    status: int
    blame: Blame | None
    at: int = 0


@dataclass(frozen=True)
class Either:
    """One of several values."""

    values: tuple[Any, ...]


@dataclass(frozen=True)
class Returned:
    value: Any
    is_certain: bool
    is_asked: bool


@dataclass(eq=False)
class Thing:
    """An object. `classes` is its class and the bases, in the order in which attributes are looked up."""

    classes: tuple[Class | str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(eq=False)
class Kind:
    """A class."""

    classes: tuple[Class | str, ...]

    @property
    def name(self) -> str:
        first = self.classes[0]
        return first if isinstance(first, str) else first.qualified


@dataclass(eq=False)
class Routine:
    """A function of the project, with the names around it, and the object it was taken from."""

    function: Function
    state: State | None = None
    me: Any = None


@dataclass(eq=False)
class Native:
    """A function of a library, as far as it decides on requests."""

    call: Callable[[Evaluation, list[Any], dict[str, Any]], Any]


@dataclass(eq=False)
class Named:
    """Something of a library, by name; with arguments, the result of calling it."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(default_factory=dict)
    is_call: bool = False


@dataclass(eq=False)
class Wrapped:
    """What a decorator made of a function; what it refuses, `blame` refuses."""

    value: Any
    blame: Blame


class Opaque(Protocol):
    """An object of a framework: the request, its user."""

    def attribute(self, name: str) -> Any: ...


PLAIN = (Open, Named, str, int, float, bytes, list, dict)


@dataclass(frozen=True)
class Operation:
    """`IsAdmin | IsOwner`, of classes that are asked one after the other."""

    op: str
    left: Any
    right: Any = None


@dataclass(eq=False)
class State:
    """Where the execution of one function stands."""

    scope: Scope
    env: dict[str, Any]
    outer: State | None = None
    me: Any = None
    owner: Class | str | None = None
    returned: list[Returned] = field(default_factory=list)
    is_open: bool = False
    is_asked: bool = False
    limit: int | None = None


def core(value: Any) -> Routine | None:
    """The function of the project below what wraps it."""
    while isinstance(value, Wrapped):
        value = value.value
    return value if isinstance(value, Routine) else None


def pure(text: str, name: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
    arguments = [tuple(each) if isinstance(each, list) else each for each in args]
    if kwargs or not all(isinstance(each, str | tuple) for each in arguments):
        return OPEN
    try:
        return getattr(text, name)(*arguments)
    except (TypeError, ValueError):
        return OPEN
