"""LibCST's tree without its white space: the fields of each node class that carry meaning."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import fields

import libcst as cst

_LAYOUT = frozenset(
    {
        "lpar",
        "rpar",
        "lbracket",
        "rbracket",
        "lbrace",
        "rbrace",
        "comma",
        "semicolon",
        "colon",
        "dot",
        "equal",
        "leading_lines",
        "lines_after_decorators",
        "header",
        "footer",
        "indent",
        "trailing_whitespace",
        "first_line",
        "asynchronous",
        "star",
        "arrow",
    }
)


@functools.cache
def semantic_fields(kind: type[cst.CSTNode]) -> tuple[str, ...]:
    """The fields of a node class that hold nodes, or sequences of nodes, and are not layout."""
    names = (field.name for field in fields(kind))
    chosen = [name for name in names if name not in _LAYOUT and not name.startswith("whitespace")]
    if kind is cst.Module:
        return ("body",)
    return tuple(chosen)


def children(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The nodes directly below that carry meaning, in source order as far as the fields' order tells it."""
    for name in semantic_fields(type(node)):
        value = getattr(node, name)
        if isinstance(value, cst.CSTNode):
            yield value
        elif isinstance(value, (tuple, list)):
            for item in value:
                if isinstance(item, cst.CSTNode):
                    yield item


def walk(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """The node and all below it, parents first."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        below = list(children(current))
        below.reverse()
        stack.extend(below)
