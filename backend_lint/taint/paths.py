"""Paths: `self.name`, `request.args["id"]`, `form.get("q")` as keys under which a state remembers things."""

from __future__ import annotations

from backend_lint.facts import ir
from backend_lint.taint.state import PathKey

_READERS = frozenset({"get", "strip", "lower", "getlist"})


def path_key(node: ir.Expr) -> PathKey | None:
    """The path that an expression walks from a variable; None for anything that is no plain path.

    The same path in one state gives the same value, as long as nothing is assigned to its root.
    """
    parts: list[str] = []
    while True:
        match node:
            case ir.Name(id=name):
                parts.append(name)
                parts.reverse()
                return tuple(parts) if len(parts) > 1 else None
            case ir.Attribute(value=value, name=name):
                parts.append(f".{name}")
                node = value
            case ir.Subscript(value=value, index=ir.Const(value=index)):
                parts.append(f"[{index!r}]")
                node = value
            case ir.Call(
                func=ir.Attribute(value=value, name=name), args=[ir.Argument(value=ir.Const(value=index))]
            ) if name in _READERS:
                parts.append(f".{name}({index!r})")
                node = value
            case _:
                return None
