"""A lower layer imports an upper one.

## What it does
Tells the layer of each module from what it does (it answers routes, runs tasks, queries, declares tables), and
reports an import from a lower layer to a higher one where at least four in five imports between the two go down.

## Why it matters
Code below the API is what tasks, scripts and tests reuse. Once it imports the API it can be used only with all of it,
and every change at the top can break the bottom.

## Example
```python
# shop/api.py
from fastapi import FastAPI

from shop.services import orders, payments, prices, stock

app = FastAPI()
STATES = ("new", "paid")


@app.post("/orders")
def place():
    return orders.place(prices.current(), stock.left(), payments.open())


# shop/services/orders.py
def place(*parts):
    from shop.api import STATES

    return STATES[0]


# shop/services/payments.py
def open(): ...


# shop/services/prices.py
def current(): ...


# shop/services/stock.py
def left(): ...
```

## Use instead
Move what is shared below both, or hand it in as an argument:
```python
# shop/api.py
from fastapi import FastAPI

from shop.services import orders, payments, prices, stock

app = FastAPI()


@app.post("/orders")
def place():
    return orders.place(prices.current(), stock.left(), payments.open())


# shop/services/orders.py
STATES = ("new", "paid")


def place(*parts):
    return STATES[0]


# shop/services/payments.py
def open(): ...


# shop/services/prices.py
def current(): ...


# shop/services/stock.py
def left(): ...
```

## When not to
A project without a dominant direction is not reported, nor are imports for types only, nor services that enqueue tasks.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable

from backend_lint.api import Finding, ImportEdge, Project, ProjectRule, Role, Severity, Step, Unit

_ORDER = ("api", "task", "service", "model")
_FEWEST = 4
_DOMINANT = 0.8


class LayerInversion(ProjectRule):
    code = "ARC202"
    severity = Severity.MEDIUM
    cwe = (1054,)
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        down: Counter[tuple[str, str]] = Counter()
        up: defaultdict[tuple[str, str], list[ImportEdge]] = defaultdict(list)
        examples: dict[tuple[str, str], ImportEdge] = {}
        builders = {app.at.path for app in project.apps}
        for edge in project.imports:
            source, target = project.layers.get(edge.source.name), project.layers.get(edge.target.name)
            if source not in _ORDER or target not in _ORDER or source == target or edge.is_type_checking:
                continue
            if edge.source.role is not Role.APP or edge.target.role is not Role.APP:
                continue
            if {source, target} == {"task", "service"}:
                continue  # services put tasks on the queue, and tasks call services
            pair = (min(source, target, key=_ORDER.index), max(source, target, key=_ORDER.index))
            if source == pair[0]:
                down[pair] += 1
                examples.setdefault(pair, edge)
            elif edge.at.path in builders or edge.source.name.endswith("__main__"):
                continue  # what puts the application together imports every part of it
            elif edge.names or not edge.target.is_package:
                up[pair].append(edge)
        for pair, against in sorted(up.items()):
            total = down[pair] + len(against)
            if down[pair] >= _FEWEST and down[pair] / total >= _DOMINANT:
                for edge in against:
                    yield self._finding(edge, pair, down[pair], total, examples[pair])

    def _finding(self, edge: ImportEdge, pair: tuple[str, str], down: int, total: int, example: ImportEdge) -> Finding:
        taken = f" ({', '.join(edge.names[:3])})" if edge.names else ""
        return self.finding(
            edge.at,
            f"the {pair[1]} module `{edge.source.name}` imports the {pair[0]} module `{edge.target.name}`{taken}; "
            f"{down} of {total} imports between the two layers go the other way",
            help=f"Move what is shared below both, or pass it into `{edge.source.name}` from the caller.",
            related=[Step(example.at, f"the usual direction: `{example.source.name}` imports `{example.target.name}`")],
            discriminator=edge.target.name,
        )
