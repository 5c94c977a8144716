"""What operators, methods and conditions make of values."""

from __future__ import annotations

from typing import Any

from backend_lint.adapters._registration.values import Items, Literal, Unknown, Value, literal

PURE = frozenset(
    {"format", "lower", "upper", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "replace", "title"}
)


def compared(op: str, left: Value, right: Value) -> Value:
    """The result of comparing literals; a literal is in a list of literals or not."""
    if not isinstance(left, Literal):
        return Unknown()
    if isinstance(right, Items) and op in ("in", "not in") and all(isinstance(each, Literal) for each in right.items):
        return Literal(any(left.value == literal(each) for each in right.items) is (op == "in"), left.is_default)
    if isinstance(right, Literal) and op in ("==", "is", "!=", "is not"):
        return Literal((left.value == right.value) is (op in ("==", "is")), left.is_default or right.is_default)
    return Unknown()


def united(first: Value | None, second: Value) -> Value:
    """A list that was filled in one of two ways."""
    if not isinstance(first, Items) or not isinstance(second, Items):
        return second
    return Items([*first.items, *(each for each in second.items if each not in first.items)], second.expr)


def extended(before: Value, after: Value) -> Value:
    """A list that a condition may have replaced: what it held before counts, too."""
    if not isinstance(before, Items) or not isinstance(after, Items):
        return after
    return after if all(each in after.items for each in before.items) else united(before, after)


def computed(text: Literal, method: str, args: list[Any]) -> Value:
    """What a method of a literal string gives; unknown where it would fail, as `"{name}".format()` does."""
    try:
        return Literal(getattr(text.value, method)(*args), text.is_default)
    except (LookupError, TypeError, ValueError):
        return Unknown()
