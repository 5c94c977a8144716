"""The nodes of a syntax tree as Bandit's checks expect them: each knows its parent."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from typing import Any

Node = Any  # an `ast.AST`, whose attributes depend on its class

# Fields that hold no node, or only nodes without a place that no check asks for.
_LEAVES = frozenset({"arg", "attr", "ctx", "id", "kind", "level", "module", "op", "ops", "type_comment"})
_FIELDS: dict[Any, tuple[str, ...]] = {
    kind: tuple(field for field in kind._fields if field not in _LEAVES)
    for kind in vars(ast).values()
    if isinstance(kind, type) and issubclass(kind, ast.AST)
}


def linked(tree: ast.Module) -> list[Node]:
    """The nodes in source order, parents before children, operators and contexts left out.

    Without recursion: an expression may be nested deeper than the interpreter's stack.
    """
    nodes: list[Node] = []
    waiting: list[Node] = [tree]
    while waiting:
        node = waiting.pop()
        nodes.append(node)
        children: list[Node] = []
        for field in _FIELDS[type(node)]:
            value = getattr(node, field, None)
            if type(value) is list:
                children += [each for each in value if isinstance(each, ast.AST)]
            elif isinstance(value, ast.AST):
                children.append(value)
        for child in children:
            child.__dict__["_bandit_parent"] = node
        waiting += reversed(children)
    return nodes


def unlink(nodes: Iterable[Node]) -> None:
    """Makes the tree one that vanishes by itself: workers run without the collector of cycles."""
    for node in nodes:
        node.__dict__.pop("_bandit_parent", None)


def parent(node: Node) -> Node:
    return node._bandit_parent


def lines(node: Node) -> Sequence[int]:
    """The lines on which a comment speaks of `node`; for a string those of what it is part of.

    Source: bandit/core/utils.py, `linerange`: what has no place of its own, like a `for` of a comprehension, reaches
    from the first to the last start of its parts.
    """
    holder = parent(node) if isinstance(node, ast.Constant) else node
    if hasattr(holder, "lineno"):
        return range(holder.lineno, holder.end_lineno + 1)
    parts = [part for part in ast.iter_child_nodes(holder) if not isinstance(part, ast.stmt)]
    starts = [each.lineno for part in parts for each in ast.walk(part) if hasattr(each, "lineno")]
    return range(min(starts), max(starts) + 1) if starts else (0, 1)
