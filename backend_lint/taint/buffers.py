"""Texts that are written piece by piece: `io.StringIO`."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.taint import strings
from backend_lint.taint.domain import (
    NUMBER,
    Value,
    constant,
)
from backend_lint.taint.evaluate import flat
from backend_lint.taint.frame import Frame
from backend_lint.taint.state import Object


def buffer_method(frame: Frame, one: Value, obj: Object, name: str, args: Sequence[Value]) -> Value | None:
    """A method of `io.StringIO`."""
    text = obj.fields.get("\0text", constant(""))
    match name:
        case "write" if args:
            new = strings.concatenated([text, flat(frame, args[0])])
            frame.update(one, lambda obj: obj.with_field("\0text", new))
            return NUMBER
        case "getvalue" | "read" | "readline" | "getbuffer":
            return text
        case "truncate" | "seek" | "close" | "flush" | "tell":
            return NUMBER
        case _:
            return None
