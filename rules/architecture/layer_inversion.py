"""A lower layer imports an upper one.

## What it does
Tells the layer of each module from what it does (it answers routes, runs tasks, queries, declares tables), and
reports where a lower layer takes something from a higher one that belongs to it: a function, a class, a constant. At
least four in five imports between the two layers must go down. With the option `layers`, the contract that it states
holds instead, and every import that breaks it is reported.

## Why it matters
Code below the API is what tasks, scripts and tests reuse. Once it imports the API it can be used only with all of it,
and every change at the top can break the bottom.

## Example
```python
# shop/api.py
from fastapi import APIRouter

from shop.services import orders, payments, prices, stock

router = APIRouter()


def state_of(order):
    return order["state"]


@router.post("/orders")
def place():
    return orders.place(prices.current(), stock.left(), payments.open())


# shop/main.py
from fastapi import FastAPI

from shop.api import router

app = FastAPI()
app.include_router(router)


# shop/services/orders.py
def place(*parts):
    from shop.api import state_of

    return [state_of(part) for part in parts]


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
from fastapi import APIRouter

from shop.services import orders, payments, prices, stock

router = APIRouter()


@router.post("/orders")
def place():
    return orders.place(prices.current(), stock.left(), payments.open())


# shop/main.py
from fastapi import FastAPI

from shop.api import router

app = FastAPI()
app.include_router(router)


# shop/services/orders.py
def state_of(order):
    return order["state"]


def place(*parts):
    return [state_of(part) for part in parts]


# shop/services/payments.py
def open(): ...


# shop/services/prices.py
def current(): ...


# shop/services/stock.py
def left(): ...
```

## When not to
A project without a dominant direction is not reported, nor are imports for types only, what a module merely passes on,
the extensions that a Flask application module makes for all others, and tasks that a lower layer puts on the queue.

## Options
- `layers`: the layers from the top to the bottom, each a list of patterns of module names, as
  `[["shop.api*"], ["shop.services*"], ["shop.models*"]]`. A module may import its own layer and all below.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

import msgspec

from backend_lint.api import Finding, ImportEdge, Module, Project, ProjectRule, Role, Severity, Step, Unit, ir

_PAIRS = frozenset({("api", "service"), ("api", "model"), ("service", "model")})
_FEWEST = 4
_DOMINANT = 0.8


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    layers: tuple[tuple[str, ...], ...] = ()


class LayerInversion(ProjectRule):
    code = "ARC202"
    severity = Severity.MEDIUM
    cwe = (1054,)
    unit = Unit.MODULE
    Options = Options

    def check(self, project: Project) -> Iterable[Finding]:
        return self._broken(project) if self.options.layers else self._inverted(project)

    def _broken(self, project: Project) -> Iterator[Finding]:
        """Imports against the contract that the configuration states."""
        levels = {name: level for name in project.modules if (level := self._level(name)) is not None}
        for edge in _edges(project):
            source, target = levels.get(edge.source.name), levels.get(edge.target.name)
            if source is not None and target is not None and target < source:
                upper, lower = self.options.layers[target][0], self.options.layers[source][0]
                yield self.finding(
                    edge.at,
                    f"`{edge.source.name}` imports `{edge.target.name}`{_taken(edge.names)}, but `{lower}` lies below "
                    f"`{upper}` in the contract",
                    help=f"Move what is shared below both, or pass it into `{edge.source.name}` from the caller.",
                    discriminator=edge.target.name,
                )

    def _level(self, name: str) -> int | None:
        matching = (
            level
            for level, patterns in enumerate(self.options.layers)
            if any(fnmatchcase(name, each) or name.startswith(f"{each}.") for each in patterns)
        )
        return next(matching, None)

    def _inverted(self, project: Project) -> Iterator[Finding]:
        """Imports against the direction that nearly all others take."""
        down: Counter[tuple[str, str]] = Counter()
        up: defaultdict[tuple[str, str], dict[str, list[ImportEdge]]] = defaultdict(dict)
        examples: dict[tuple[str, str], ImportEdge] = {}
        builders = {app.at.path for app in project.apps}
        for edge in _edges(project):
            source, target = _layer(edge.source, project), _layer(edge.target, project)
            if (source, target) in _PAIRS:
                down[source, target] += 1
                examples.setdefault((source, target), edge)
            elif (target, source) in _PAIRS and edge.at.path not in builders and _own(edge, project):
                up[target, source].setdefault(edge.source.name, []).append(edge)
        for pair, sources in sorted(up.items()):
            against = sum(map(len, sources.values()))
            if down[pair] >= _FEWEST and down[pair] / (down[pair] + against) >= _DOMINANT:
                for edges in sources.values():
                    yield self._finding(edges, pair, down[pair], down[pair] + against, examples[pair], project)

    def _finding(
        self,
        edges: list[ImportEdge],
        pair: tuple[str, str],
        down: int,
        total: int,
        example: ImportEdge,
        project: Project,
    ) -> Finding:
        edge, *others = edges
        also = f", and {len(others)} more of that layer" if others else ""
        return self.finding(
            edge.at,
            f"the {pair[1]} module `{edge.source.name}` imports the {pair[0]} module `{edge.target.name}`"
            f"{_taken(tuple(_own(edge, project)))}{also}; {down} of {total} imports between the two layers go the other way",
            help=f"Move what is shared below both, or pass it into `{edge.source.name}` from the caller.",
            related=[
                *(Step(each.at, f"imports `{each.target.name}`{_taken(each.names)}, too") for each in others[:5]),
                Step(example.at, f"the usual direction: `{example.source.name}` imports `{example.target.name}`"),
            ],
            discriminator=edge.target.name,
        )


def _edges(project: Project) -> Iterator[ImportEdge]:
    for edge in project.imports:
        if edge.source.role is Role.APP and edge.target.role is Role.APP and not edge.is_type_checking:
            if not edge.source.name.endswith("__main__"):
                yield edge


def _layer(module: Module, project: Project) -> str:
    """The layer of a module; what merely queries may stand below the models, so services are what is named so."""
    found = project.layers.get(module.name, "")
    return "" if found == "service" and not project.is_named_service(module) else found


def _own(edge: ImportEdge, project: Project) -> list[str]:
    """What an import takes that belongs to the layer of the module: itself, where nothing is named."""
    if not edge.names:
        return [] if edge.target.is_package else [edge.target.name]
    return [name for name in edge.names if _belongs(name, edge.target, project)]


def _belongs(name: str, module: Module, project: Project) -> bool:
    """Whether a module defines a name as a function, a class or a constant; an object that it makes serves all layers."""
    cls = module.top_classes.get(name)
    if cls is not None:
        return cls.qualified not in project.models
    if name in module.top_functions:
        return True
    made = module.assignments.get(name)
    return made is not None and all(type(each.value) in (ir.Const, ir.Sequence, ir.Dict, ir.Text) for each in made)


def _taken(names: tuple[str, ...]) -> str:
    shown = ", ".join(name.rpartition(".")[2] for name in names[:3])
    return f" ({shown})" if shown else ""
