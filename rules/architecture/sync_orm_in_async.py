"""A synchronous driver is used in a coroutine.

## What it does
Reports queries of a synchronous session, of Django's ORM or of a DB-API cursor, and calls of synchronous Redis, MongoDB
and AWS clients, that a coroutine of a serving process reaches, directly or through plain functions.

## Why it matters
All other requests of the process wait while the database works, so one slow query is a slow service. Django refuses
with `SynchronousOnlyOperation`.

## Example
```python
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
engine = create_engine("sqlite://")


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/orders/{order_id}")
async def order(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Order).where(Order.id == order_id)).one()
```

## Use instead
A plain `def`, which FastAPI runs in a thread, or the asynchronous driver:
```python
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
engine = create_engine("sqlite://")


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/orders/{order_id}")
def order(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Order).where(Order.id == order_id)).one()
```

## References
- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html
- https://docs.djangoproject.com/en/stable/topics/async/#async-safety
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Function, Path, Project, ProjectRule, Query, Severity, Step, Unit, ir
from backend_lint.rules.architecture._shared import loop_paths, serving_coroutines

_STORES = frozenset({"cache", "database", "storage"})
_LATER = frozenset({"add", "add_all"})
_COMMITS = frozenset({"sqlalchemy.orm.Session.commit", "sqlalchemy.orm.Session.flush"})


class SyncOrmInAsync(ProjectRule):
    code = "ARC402"
    severity = Severity.HIGH
    cwe = (1322,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        loaded = {path.rpartition(".")[2] for each in project.queries for path in each.eager}
        waiting = {
            id(each.site.call)
            for each in project.queries
            if not each.is_async
            and not each.is_lazy
            and each.site.method not in _LATER
            and _related(each) not in loaded
            and not _is_iterated_asynchronously(each)
        }
        waiting |= {id(each.site.call) for each in project.outbound if not each.is_async and each.kind in _STORES}
        groups: dict[str, list[tuple[Function, Path]]] = {}
        for function, path in loop_paths(project, lambda site: id(site.call) in waiting or site.symbol in _COMMITS):
            key = function.qualified if len(path.sites) == 1 else str(path.last.at)
            groups.setdefault(key, []).append((function, path))
        for found in groups.values():
            yield self._finding(found, project)

    def _finding(self, found: list[tuple[Function, Path]], project: Project) -> Finding:
        function, path = min(found, key=lambda each: (len(each[1].sites), each[1].first.at))
        others = [(each, other) for each, other in found if other is not path]
        coroutines = {each.qualified for each, _ in found}
        more = f" and {len(coroutines) - 1} more" if len(coroutines) > 1 else ""
        via = f", reached through `{path.sites[-2].name}`" if len(path.sites) > 1 else ""
        route = next(iter(project.handlers.get(function.qualified, ())), None)
        plain = route is not None and route.framework == "fastapi" and not _awaits(function)
        return self.finding(
            path.first.at,
            f"`{path.last.name}()` of a synchronous driver stops the event loop in `{function.name}`{more}{via}",
            help="Write a plain `def`: nothing is awaited here, and FastAPI runs it in a thread."
            if plain
            else "Use the asynchronous driver, or hand the work to a thread.",
            trace=[Step(site.at, f"`{site.name}`") for site in path.sites] if len(path.sites) > 1 else (),
            related=[Step(each.first.at, f"`{each.last.name}` in `{other.name}`") for other, each in others[:10]],
        )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in serving_coroutines(project)]


def _is_iterated_asynchronously(query: Query) -> bool:
    """Whether the rows are read by an `async for` over the variable that holds the statement."""
    statements = query.scope.statements if isinstance(query.scope, Function) else []
    names = {
        stmt.iter.id for stmt in statements if type(stmt) is ir.For and stmt.is_async and type(stmt.iter) is ir.Name
    }
    return any(
        type(stmt) is ir.Assign
        and type(stmt.targets[0]) is ir.Name
        and stmt.targets[0].id in names
        and stmt.at <= query.site.call.at < stmt.end
        for stmt in statements
    )


def _related(query: Query) -> str | None:
    """`files` in `order.files.all()`, which Django answers with the rows that a `prefetch_related` has brought along."""
    match query.site.call.func:
        case ir.Attribute(value=ir.Attribute(value=ir.Name(), name=relation), name="all" | "exists" | "count"):
            return relation if query.library == "django" else None
    return None


def _awaits(function: Function) -> bool:
    asynchronous = any(type(each) in (ir.With, ir.For) and each.is_async for each in function.statements)
    return asynchronous or any(type(node) is ir.Await for node in ir.walk(function.body))
