"""A relation is touched that an async session cannot load.

## What it does
Reports relations that are read from rows of an `AsyncSession` whose query did not load them, in the function that has
the rows, or by the response schema of its route.

## Why it matters
A lazy load needs a query, and an attribute cannot be awaited: SQLAlchemy raises `MissingGreenlet`. The request fails as
soon as a row is there, which a test on an empty table does not show.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()


@app.get("/orders/{order_id}")
async def customer(order_id: int, session: AsyncSession) -> str:
    result = await session.execute(select(Order).where(Order.id == order_id))
    order = result.scalar_one()
    return order.customer.name
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()


@app.get("/orders/{order_id}")
async def customer(order_id: int, session: AsyncSession) -> str:
    result = await session.execute(select(Order).options(joinedload(Order.customer)).where(Order.id == order_id))
    order = result.scalar_one()
    return order.customer.name
```

## When not to
The related row is in the session already, loaded by another query of the same function.

## References
- https://docs.sqlalchemy.org/en/20/orm/extensions/asyncio.html#preventing-implicit-io-when-using-asyncsession
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Finding,
    Function,
    Model,
    Project,
    ProjectRule,
    Query,
    Relationship,
    Route,
    Severity,
    Step,
    Unit,
    ir,
    listed,
)
from backend_lint.rules.data._rows import EAGER, Need, covered, needs, source_query, where
from backend_lint.rules.data._shared import loops, stands_before


class LazyLoadInAsync(ProjectRule):
    code = "DAT305"
    severity = Severity.HIGH
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        queries = {
            id(query.site.call): query
            for query in project.queries
            if query.is_async and query.is_read and query.library == "sqlalchemy"
        }
        if not queries:
            return
        for function in project.functions():
            if function.is_async:
                yield from self._touched(function, queries, project)
        for route in project.routes:
            yield from self._shown(route, queries, project)
        if _expires(project):
            for function in project.functions():
                if function.is_async:
                    yield from self._expired(function, queries, project)

    def _touched(self, function: Function, queries: dict[int, Query], project: Project) -> Iterator[Finding]:
        seen: set[str] = set()
        loaded = {query.model for query in project.queries if query.scope is function}
        for name, query, model in _rows(function, queries, project):
            for node, relation in _lazy(function, name, query, model, project):
                target = project.models.get(relation.target or "")
                if f"{name}.{relation.name}" in seen or (
                    target is not None and target.qualified in loaded - {model.qualified}
                ):
                    continue
                seen.add(f"{name}.{relation.name}")
                yield self.finding(
                    function.place(node),
                    f"`{name}.{relation.name}` is not loaded by the query {where(query.at, function)}, and an async session cannot "
                    "load it here",
                    help=f"Load it with the query: `selectinload({model.name}.{relation.name})`.",
                    related=[Step(query.at, "the query"), Step(relation.at, f"`{model.name}.{relation.name}`")],
                    discriminator=f"{name}.{relation.name}",
                )

    def _expired(self, function: Function, queries: dict[int, Query], project: Project) -> Iterator[Finding]:
        """The first read of each row after a commit that makes it unknown again."""
        commits = [each for each in project.commits if each.scope is function and each.kind == "commit"]
        for name, model in _held(function, queries, project) if commits else ():
            again = _loads_again(name, function, project)
            for node in _column_reads(function, name, model):
                last = [each for each in commits if stands_before(function.body, each.site.call, node)]
                if last and not any(last[-1].site.call.at < call.at < node.at for call in again):
                    yield self.finding(
                        function.place(node),
                        f"`{name}.{node.name}` has expired with the commit of line {last[-1].at.line}, and an async session "
                        "cannot load it again here",
                        help=f"Read it before the commit, `await session.refresh({name})`, or make the sessions with "
                        "`expire_on_commit=False`.",
                        related=[Step(last[-1].at, "the commit")],
                        discriminator=f"{name} expired",
                    )
                    break

    def _shown(self, route: Route, queries: dict[int, Query], project: Project) -> Iterator[Finding]:
        handler, answer = route.handler, route.options.get("response_model", route.response_expr)
        if handler is None or answer is None or not handler.is_async:
            return
        kind = project.types.annotation(answer, handler.around)
        if kind is not None and kind.name == "builtins.list" and kind.args:
            kind = kind.args[0]
        schema = None if kind is None else project.schemas.get(kind.name)
        for stmt in handler.statements if schema is not None else ():
            if type(stmt) is not ir.Return or stmt.value is None or schema is None:
                continue
            query = source_query(stmt.value, handler, queries, project)
            model = None if query is None else project.models.get(query.model or "")
            if query is None or model is None or query.is_opaque or query.is_aggregate:
                continue
            missing = [each for each in needs(schema, model, project) if not covered(each.path, set(query.eager))]
            if missing and not _refreshed(handler):
                yield self._not_loaded(route, query, model, schema.name, missing)
                return

    def _not_loaded(self, route: Route, query: Query, model: Model, schema: str, missing: list[Need]) -> Finding:
        names = [each.path for each in missing]
        return self.finding(
            query.at,
            f"`{schema}` of `{route.label}` shows {listed(names, 3)}, which this query does not load and an async session "
            "cannot load later",
            help=f"Load it with the query: `selectinload({model.name}.{names[0].partition('.')[0]})`.",
            related=[Step(each.at, f"{each.asked_by} reads `{each.path}`") for each in missing[:4]],
            discriminator=schema,
        )


_MAKERS = ("sqlalchemy.ext.asyncio.async_sessionmaker", "sqlalchemy.ext.asyncio.AsyncSession")


def _expires(project: Project) -> bool:
    """Whether all sessions that the code makes forget their rows at a commit, as SQLAlchemy's do by default."""
    made = [
        site
        for scope in project.scopes()
        for site in project.sites(scope)
        if site.symbol in _MAKERS or (site.symbol == "sqlalchemy.orm.sessionmaker" and "class_" in site.call.keywords)
    ]
    return bool(made) and not any("expire_on_commit" in each.call.keywords or _is_open(each.call) for each in made)


def _is_open(call: ir.Call) -> bool:
    return any(each.stars for each in call.args)


def _held(function: Function, queries: dict[int, Query], project: Project) -> Iterator[tuple[str, Model]]:
    """The local names of single rows of the session: those that are looked up, and those that are added to it."""
    looped = {loop.target.id for loop in loops(function) if type(loop.target) is ir.Name}
    for name, query, model in _rows(function, queries, project):
        if name not in looped and query.is_single:
            yield name, model
    added = {
        each.id
        for call in ir.calls(function.body)
        if type(call.func) is ir.Attribute and call.func.name == "add"
        for each in call.positional[:1]
        if type(each) is ir.Name
    }
    for name, bound in project.types.bindings(function).items():
        if name in added and len(bound) == 1 and bound[0].kind == "value" and type(bound[0].expr) is ir.Call:
            made = project.models.get(project.site(bound[0].expr, function).symbol or "")
            if made is not None:
                yield name, made


def _loads_again(name: str, function: Function, project: Project) -> list[ir.Call]:
    """The calls that get the row: `refresh(row)` loads it, and of others nothing is sure."""
    return [
        call
        for call in ir.calls(function.body)
        if any(type(arg.value) is ir.Name and arg.value.id == name for arg in call.args)
    ]


def _column_reads(function: Function, name: str, model: Model) -> list[ir.Attribute]:
    assigned = {id(target) for stmt in function.statements if type(stmt) is ir.Assign for target in stmt.targets}
    return [
        node
        for node in ir.walk(function.body)
        if type(node) is ir.Attribute
        and type(node.value) is ir.Name
        and node.value.id == name
        and node.name in model.columns
        and id(node) not in assigned
    ]


def _rows(function: Function, queries: dict[int, Query], project: Project) -> Iterator[tuple[str, Query, Model]]:
    """The local names of rows, with the queries that they come from."""
    sources: list[tuple[str, ir.Expr]] = []
    for name, bound in project.types.bindings(function).items():
        if len(bound) == 1 and bound[0].kind == "value" and not bound[0].path:
            sources.append((name, bound[0].expr))
    sources += [(loop.target.id, loop.source) for loop in loops(function) if type(loop.target) is ir.Name]
    for name, expr in sources:
        query = source_query(expr, function, queries, project)
        model = None if query is None else project.models.get(query.model or "")
        if query is not None and model is not None and not query.is_opaque and not query.is_aggregate:
            yield name, query, model


def _lazy(
    function: Function, name: str, query: Query, model: Model, project: Project
) -> Iterator[tuple[ir.Attribute, Relationship]]:
    """What is read of a row and was not loaded with it."""
    assigned = {id(target) for stmt in function.statements if type(stmt) is ir.Assign for target in stmt.targets}
    refreshed = _refreshed(function)
    for node in ir.walk(function.body):
        match node:
            case ir.Attribute(value=ir.Name(id=owner) as row, name=attribute) if (
                owner == name and id(node) not in assigned
            ):
                kind = project.type_of(row, function)
                relation = model.relationships.get(attribute) if kind is None or kind.name == model.qualified else None
                if relation is None or relation.lazy in EAGER or covered(attribute, set(query.eager)):
                    continue
                if attribute not in refreshed and (query.scope is not function or node.at > query.site.call.at):
                    yield node, relation


def _refreshed(function: Function) -> set[str]:
    """The attributes that `session.refresh(row, [...])` loads."""
    return {
        node.value
        for call in ir.calls(function.body)
        if type(call.func) is ir.Attribute and call.func.name == "refresh" and len(call.args) > 1
        for arg in call.args[1:]
        for node in ir.walk_expression(arg.value)
        if type(node) is ir.Const and isinstance(node.value, str)
    }
