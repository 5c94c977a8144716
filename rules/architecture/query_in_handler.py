"""A handler queries the database itself, unlike its siblings.

## What it does
Reports handlers that build and run queries in their own body in packages where at least nine in ten of the handlers
that use the database leave that to functions of another module.

## Why it matters
The package has a place for its queries. What stands in a handler instead is found by nobody who looks there: it is
written a second time, it misses the filter for the tenant or for deleted rows, and only HTTP tests reach it.

## Example
```python
# shop/api.py
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import Session

from shop import orders
from shop.models import Order, engine

app = FastAPI()


@app.get("/orders")
def listed(): return orders.listed()


@app.get("/orders/open")
def still_open(): return orders.still_open()


@app.post("/orders")
def place(): return orders.place()


@app.delete("/orders/{key}")
def cancel(key: int): return orders.cancel(key)


@app.get("/orders/page/1")
def page_1(): return orders.listed()


@app.get("/orders/page/2")
def page_2(): return orders.listed()


@app.get("/orders/page/3")
def page_3(): return orders.listed()


@app.get("/orders/page/4")
def page_4(): return orders.listed()


@app.get("/orders/page/5")
def page_5(): return orders.listed()


@app.get("/orders/{key}")
def one(key: int):
    with Session(engine) as session:
        return session.scalars(select(Order).where(Order.id == key)).one().id


# shop/orders.py
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from shop.models import Order, engine


def listed():
    with Session(engine) as session:
        return session.scalars(select(Order)).all()


def still_open():
    with Session(engine) as session:
        return session.scalars(select(Order).where(Order.open)).all()


def place():
    with Session(engine) as session:
        session.add(Order())
        session.commit()


def cancel(key):
    with Session(engine) as session:
        session.execute(delete(Order).where(Order.id == key))
        session.commit()


# shop/models.py
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("sqlite://")


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    open: Mapped[bool]
```

## Use instead
Let the handler call what its siblings call:
```python
from fastapi import FastAPI

from shop import orders

app = FastAPI()


@app.get("/orders/{key}")
def one(key: int):
    return orders.one(key)
```

## When not to
Packages in which most handlers query, as is usual with Django's views, are not reported.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from backend_lint.api import Effect, Finding, Function, Project, ProjectRule, Query, Role, Severity, Step, Unit, ir

_FEWEST = 8
_SHARE = 0.9
_STORES = frozenset({"add", "add_all", "delete", "save", "asave", "flush", "refresh"})  # of what a query gave before


class QueryInHandler(ProjectRule):
    code = "ARC201"
    severity = Severity.LOW
    cwe = (1057,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        own = _own_queries(project)
        packages: dict[str, list[Function]] = defaultdict(list)
        for route in project.routes:
            each = route.handler
            if each is not None and each.module.role is Role.APP and each not in packages[_package(each)]:
                packages[_package(each)].append(each)
        for package, handlers in sorted(packages.items()):
            yield from self._compared(package, handlers, own, project)

    def _compared(
        self, package: str, handlers: list[Function], own: dict[str, list[Query]], project: Project
    ) -> Iterable[Finding]:
        delegating = {
            each.qualified: step for each in handlers if each.qualified not in own if (step := _left_to(each, project))
        }
        querying = [each for each in handlers if each.qualified in own]
        total = len(delegating) + len(querying)
        if len(delegating) < _FEWEST or len(delegating) < _SHARE * total:
            return
        example = next(iter(delegating.values()))
        for each in querying:
            first = own[each.qualified][0]
            label = project.handlers[each.qualified][0].label
            what = f"`{first.model.rpartition('.')[2]}`" if first.model else "the database"
            yield self.finding(
                first.at,
                f"`{label}` queries {what} itself; {len(delegating)} of the {total} handlers of `{package}` that use the "
                "database leave that to a function of another module",
                help="Move the query beside those of its siblings, and call it from here.",
                related=[Step(example.at, f"as `{example.note}` does")],
                unit=label,
            )


def _package(function: Function) -> str:
    return function.module.package or function.module.name


def _own_queries(project: Project) -> dict[str, list[Query]]:
    """The queries that functions build and send themselves, by function."""
    found: dict[str, list[Query]] = defaultdict(list)
    for query in project.queries:
        if not isinstance(query.scope, Function) or query.is_lazy or query.is_opaque or query.site.method in _STORES:
            continue
        built = query.builder if query.builder is not None else query.site.call
        calls = [each for each in ir.walk_expression(built) if type(each) is ir.Call]
        if not any(project.site(call, query.scope).targets for call in (query.site.call, *calls)):
            found[query.scope.qualified].append(query)
    return dict(found)


def _left_to(handler: Function, project: Project) -> Step | None:
    """The call by which a handler leaves its queries to another module."""
    for site in project.sites(handler):
        if site.is_certain and any(target.module is not handler.module for target in site.targets):
            if project.effects.has(site, Effect.READ) or project.effects.has(site, Effect.WRITE):
                return Step(site.at, site.name)
    return None
