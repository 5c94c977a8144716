"""Modules import each other at run time.

## What it does
Reports each group of modules that import each other when they are loaded, at the import that is cheapest to cut.
Imports inside functions and under `TYPE_CHECKING` do not count, nor does a package that re-exports its own modules.

## Why it matters
Whether such modules load depends on which is imported first, one of them is seen half made, and neither can be
understood, tested or moved without the other.

## Example
A module of models that imports the services which import it:
```python
# shop/models.py
from shop.services import price


class Order:
    def total(self) -> int:
        return price(self)


# shop/services.py
from shop.models import Order


def price(order: Order) -> int:
    return 1
```

## Use instead
```python
# shop/models.py
class Order:
    pass


# shop/services.py
from shop.models import Order


def price(order: Order) -> int:
    return 1


def total(order: Order) -> int:
    return price(order)
```

## When not to
A plugin system whose parts register themselves with their host on import may need one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, ImportEdge, Project, ProjectRule, Role, Severity, Step, Unit
from backend_lint.rules.architecture._shared import strongly_connected


class ImportCycle(ProjectRule):
    code = "ARC101"
    severity = Severity.LOW
    cwe = (1047,)
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        edges = [edge for edge in project.imports if edge.is_eager and edge.source.role is Role.APP and not _own(edge)]
        graph: dict[str, list[ImportEdge]] = {}
        for edge in edges:
            graph.setdefault(edge.source.name, []).append(edge)
        neighbours = {name: [edge.target.name for edge in found] for name, found in graph.items()}
        for group in strongly_connected(neighbours):
            if len(group) > 1:
                yield self._finding(group, graph)

    def _finding(self, group: set[str], graph: dict[str, list[ImportEdge]]) -> Finding:
        inside = [edge for name in sorted(group) for edge in graph.get(name, ()) if edge.target.name in group]
        cut = min(inside, key=lambda edge: (len(_cycle(edge, graph, group)), len(edge.names) or 5, edge.at))
        cycle = _cycle(cut, graph, group)
        names = " → ".join([cut.source.name, *(edge.target.name for edge in cycle)])
        more = f", the shortest of a group of {len(group)} modules" if len(group) > len(cycle) else ""
        return self.finding(
            cut.at,
            f"`{cut.source.name}` and `{cut.target.name}` import each other: {names}{more}",
            help=f"Move what `{cut.source.name}` takes from `{cut.target.name}`"
            f"{' (' + ', '.join(cut.names[:4]) + ')' if cut.names else ''} to a module that both may import.",
            related=[Step(edge.at, f"imports `{edge.target.name}`") for edge in cycle[1:]],
            discriminator=" ".join(sorted(edge.target.name for edge in cycle)),
        )


def _own(edge: ImportEdge) -> bool:
    """Whether a package only gathers its own modules, or a module only looks into the package around it."""
    source, target = edge.source, edge.target
    return source.is_package and target.name.startswith(f"{source.name}.")


def _cycle(first: ImportEdge, graph: dict[str, list[ImportEdge]], group: set[str]) -> list[ImportEdge]:
    """The shortest way from an edge's target back to its source, the edge itself first."""
    ways: list[list[ImportEdge]] = [[first]]
    seen = {first.target.name}
    for way in ways:
        if way[-1].target is first.source:
            return way
        ways.extend(_onward(way, graph, group, seen))
    return [first]


def _onward(
    way: list[ImportEdge], graph: dict[str, list[ImportEdge]], group: set[str], seen: set[str]
) -> Iterator[list[ImportEdge]]:
    for edge in graph.get(way[-1].target.name, ()):
        if edge.target.name in group and edge.target.name not in seen:
            seen.add(edge.target.name)
            yield [*way, edge]
