"""Functions of libraries whose meaning no model can tell: what each gives, by its qualified name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.taint.domain import Value
from backend_lint.taint.frame import Frame

if TYPE_CHECKING:
    from backend_lint.taint.library import Library

MOST_PUBLIC = 16  # callables that a lookup by an unknown name is followed into
Args = Sequence[Value]
Keywords = dict[str, Value]
Special = Callable[["Library", Frame, ir.Call, "Value | None", Args, Keywords], "Value | None"]
"""Library, frame, node, receiver, arguments and keywords of a call; None where the models are to say what it gives."""

SPECIALS: dict[str, Special] = {}


def special(*names: str) -> Callable[[Special], Special]:
    def register(function: Special) -> Special:
        for name in names:
            SPECIALS[name] = function
        return function

    return register


def called(library: Library, frame: Frame, node: ir.Call, target: Value, args: Args) -> Value:
    """What a value gives that is called with these arguments."""
    return library.engine.calls.value(frame, node, target, list(args), {})
