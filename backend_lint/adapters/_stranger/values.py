"""What a stranger's request gives: values that are known, and those that stay open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend_lint.adapters._registration import Entries, Items, Literal, Value


class Open:
    """A value that is not known."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __repr__(self) -> str:
        return f"<{self.what}>"

    def __bool__(self) -> bool:
        raise TypeError("an open value is neither true nor false")


OPEN = Open("open")
PRESENT = Open("present")  # not known, but something: a path parameter
HEADERS = Open("headers")  # the headers of a request: those that every client sends, with values that are not known


def comparable(known: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Names with what they hold, where that is known, to compare with others."""
    return tuple(sorted((name, repr(value)) for name, value in known.items() if value is not OPEN))


def joined(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """What is known whichever of two ways was taken."""
    both = dict.fromkeys((*first, *second), OPEN)
    for name in first.keys() & second.keys():
        one, other = first[name], second[name]
        if one is other or (type(one) is type(other) and not isinstance(one, Open) and one == other):
            both[name] = one
    return both


def constant(value: Value) -> Any:
    match value:
        case Literal(value=found):
            return found
        case Items(items=items):
            parts = tuple(constant(item) for item in items)
            return parts if all(map(is_plain, parts)) else OPEN
        case Entries(entries=entries):
            return dict.fromkeys(entries, OPEN)
    call = getattr(value, "symbol", None)
    if call in ("builtins.frozenset", "builtins.set", "builtins.tuple", "builtins.list"):
        args = getattr(value, "args", [])
        return constant(args[0]) if args else ()
    return OPEN


def element(owner: Any, index: Any) -> Any:
    if isinstance(owner, (tuple, str)) and isinstance(index, int) and -len(owner) <= index < len(owner):
        return owner[index]
    if isinstance(owner, dict) and is_plain(index) and index in owner:
        return owner[index]
    return OPEN


def is_plain(value: Any) -> bool:
    return not isinstance(value, (Open, dict))
