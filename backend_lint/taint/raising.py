"""Exceptions as carriers: what one holds reaches the handlers that catch its class."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.taint.domain import ClassValue, Symbol, Value
from backend_lint.taint.labels import Labels, union

if TYPE_CHECKING:
    from backend_lint.taint.frame import Frame

Raised = dict[str, Labels]
_ALL = frozenset({"builtins.Exception", "builtins.BaseException"})


def kind(frame: Frame, value: Value) -> str:
    """The class of what is raised; empty where it is not known."""
    for _, obj in frame.objects(value):
        if obj.cls is not None:
            return obj.cls
    for each in value.callables:
        if type(each) is ClassValue:
            return each.cls.qualified
        if type(each) is Symbol:
            return each.name
    return value.type or ""


def caught(frame: Frame, handler: ir.Expr | None, raised: Raised) -> Labels:
    """What reaches the variable of a handler."""
    found: Labels = ()
    for name, labels in raised.items():
        if _catches(frame, handler, name):
            found = union(found, labels)
    return found


def escaping(frame: Frame, handlers: list[ir.Expr | None], raised: Raised) -> Raised:
    """What none of the handlers catches."""
    return {
        name: labels for name, labels in raised.items() if not any(_catches(frame, each, name) for each in handlers)
    }


def _catches(frame: Frame, handler: ir.Expr | None, name: str) -> bool:
    if handler is None:
        return True
    classes = handler.items if type(handler) is ir.Sequence else [handler]
    named = {frame.engine.project.qualified(each, frame.scope) or "" for each in classes}
    if named & _ALL:
        return True
    cls = frame.engine.project.cls(name)
    if cls is not None:
        return any(frame.engine.project.classes.is_subclass(cls, each) for each in named)
    return name in named or any(_is_builtin_below(name, each) for each in named)


def _is_builtin_below(name: str, other: str) -> bool:
    below, above = (getattr(builtins, each.removeprefix("builtins."), None) for each in (name, other))
    return isinstance(below, type) and isinstance(above, type) and issubclass(below, above)
