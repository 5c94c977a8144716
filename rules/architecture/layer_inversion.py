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

from shop.models import Base, Order
from shop.services import place

app = FastAPI()


@app.post("/orders")
def create_order():
    return place(Order)


# shop/more.py
from fastapi import APIRouter

from shop.api import app
from shop.services import place

router = APIRouter()


@router.get("/place")
def placed():
    return place(None)


app.include_router(router)


# shop/other.py
from fastapi import APIRouter

from shop.api import app
from shop.services import place

router = APIRouter()


@router.get("/other")
def other():
    return place(None)


app.include_router(router)


# shop/third.py
from fastapi import APIRouter

from shop.api import app
from shop.services import place

router = APIRouter()


@router.get("/third")
def third():
    return place(None)


app.include_router(router)


# shop/services.py
def place(order):
    from shop.more import placed

    return placed


# shop/models.py
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
```

## Use instead
Hand the lower layer what it needs, as an argument, an exception of its own, or an event:
```python
# shop/api.py
from fastapi import FastAPI

from shop.services import place

app = FastAPI()


@app.post("/orders")
def create_order():
    return place(confirm=lambda: None)


# shop/services.py
def place(confirm):
    return confirm()
```

## When not to
A project without a dominant direction is not reported, nor are imports for types only.
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
        for edge in project.imports:
            source, target = project.layers.get(edge.source.name), project.layers.get(edge.target.name)
            if source not in _ORDER or target not in _ORDER or source == target or edge.is_type_checking:
                continue
            if edge.source.role is not Role.APP or edge.target.role is not Role.APP:
                continue
            pair = (min(source, target, key=_ORDER.index), max(source, target, key=_ORDER.index))
            if source == pair[0]:
                down[pair] += 1
                examples.setdefault(pair, edge)
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
