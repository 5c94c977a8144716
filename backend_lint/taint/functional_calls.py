"""What functions that take or make functions give: `functools.reduce`, `operator.itemgetter` and their like."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.taint import containers, guards
from backend_lint.taint.domain import (
    NOTHING,
    UNKNOWN,
    Partial,
    Symbol,
    Value,
    callable_value,
    forget,
    join,
    labelled,
)
from backend_lint.taint.frame import Frame
from backend_lint.taint.specials import Args, Keywords, called, special
from backend_lint.taint.state import merge

if TYPE_CHECKING:
    from backend_lint.taint.library import Library

MOST_FOLDED = 8
_ITEMS, _ATTRIBUTES = "operator.itemgetter()", "operator.attrgetter()"  # what these make, called


@special("builtins.map")
def _map(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if len(args) < 2:
        return UNKNOWN
    items = containers.exact_items(frame, args[1]) if len(args) == 2 else None
    if items is not None and len(items) <= MOST_FOLDED:
        return containers.new_list(frame, node, [called(self, frame, node, args[0], [item]) for item in items])
    elements = [containers.element(frame, arg) for arg in args[1:]]
    return containers.loose_list(frame, node, called(self, frame, node, args[0], elements))


@special("builtins.filter")
def _filter(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """The elements of which the function said yes."""
    if len(args) < 2:
        return UNKNOWN
    element = containers.element(frame, args[1])
    answer = called(self, frame, node, args[0], [element]) if args[0].callables else NOTHING
    return containers.loose_list(frame, node, guards.accepted(frame, element, answer))


@special("functools.reduce")
def _reduce(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if len(args) < 2:
        return UNKNOWN
    items = containers.exact_items(frame, args[1])
    if items is not None and len(items) <= MOST_FOLDED:
        folded = [*args[2:3], *items]
        found = folded[0] if folded else UNKNOWN
        for item in folded[1:]:
            found = called(self, frame, node, args[0], [found, item])
        return found
    element = containers.element(frame, args[1])
    found = args[2] if len(args) > 2 else element
    for _ in range(3):
        before = frame.state
        new = called(self, frame, node, args[0], [found, element])
        frame.state = merge(before, frame.state)
        joined = forget(join(found, new))
        if joined is found:
            break
        found = joined
    return found


@special("operator.itemgetter")
def _item_getter(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return callable_value(Partial((Symbol(_ITEMS),), tuple(args), ()))


@special(_ITEMS)
def _items(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    *keys, owner = args
    return _one_or_all(frame, node, [containers.item(frame, owner, key) for key in keys])


@special("operator.attrgetter")
def _attribute_getter(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return callable_value(Partial((Symbol(_ATTRIBUTES),), tuple(args), ()))


@special(_ATTRIBUTES)
def _attributes(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    *names, owner = args
    found = []
    for name in names:
        value = owner
        for part in str(name.the_constant).split("."):
            value = self.engine.members.peek(frame, value, part)
        found.append(value)
    return _one_or_all(frame, node, found)


def _one_or_all(frame: Frame, node: ir.Call, found: list[Value]) -> Value:
    return found[0] if len(found) == 1 else containers.new_list(frame, node, found, "tuple", "got")


@special("operator.getitem")
def _getitem(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return containers.item(frame, args[0], args[1]) if len(args) == 2 else UNKNOWN


@special("functools.partial", "functools.partialmethod")
def _partial(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args or not args[0].callables:
        return labelled(self.all_labels(frame, None, args, keywords))
    return callable_value(Partial(args[0].callables, tuple(args[1:]), tuple(keywords.items())))
