"""What the rules on architecture have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from backend_lint.api import ir


def strongly_connected(graph: Mapping[str, Sequence[str]]) -> Iterator[set[str]]:
    """The strongly connected components of a graph, by Tarjan's algorithm without recursion (SIAM J. Comput. 1, 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    waiting: set[str] = set()
    for start in sorted(graph):
        if start in index:
            continue
        work: list[tuple[str, Iterator[str]]] = [(start, iter(graph[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        waiting.add(start)
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    waiting.add(target)
                    work.append((target, iter(graph.get(target, ()))))
                    break
                if target in waiting:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    component = set()
                    while True:
                        member = stack.pop()
                        waiting.discard(member)
                        component.add(member)
                        if member == node:
                            break
                    yield component


def is_broad(handler: ir.Handler) -> bool:
    """Whether a handler catches whatever an application raises."""
    kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
    return any(kind is None or ir.dotted(kind) in ("Exception", "BaseException") for kind in kinds)
