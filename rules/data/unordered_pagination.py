"""Pages of a query without an order.

## What it does
Reports queries that skip rows (an offset, a slice, `paginate()`) and have neither an `ORDER BY` nor an ordering of the
model.

## Why it matters
Without an order the database may return rows in a different one each time: pages repeat some rows and never show
others, and nothing fails.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@app.get("/orders")
def page(skip: int = 0, limit: int = 50) -> list:
    return Session().scalars(select(Order).offset(skip).limit(limit)).all()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@app.get("/orders")
def page(skip: int = 0, limit: int = 50) -> list:
    return Session().scalars(select(Order).order_by(Order.id).offset(skip).limit(limit)).all()
```

## References
- https://www.postgresql.org/docs/current/queries-limit.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Class,
    Finding,
    Function,
    Project,
    ProjectRule,
    Query,
    Severity,
    Unit,
    ir,
    lists_by_itself,
    paginators,
)

_SENDS = frozenset({"execute", "exec", "scalars", "stream", "stream_scalars"})


class UnorderedPagination(ProjectRule):
    code = "DAT306"
    severity = Severity.MEDIUM
    cwe = (1067,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        for query in (*_paged(project), *_listed(project)):
            model = project.models.get(query.model or "")
            if query.orders or model is None or model.ordering:
                continue
            yield self.finding(
                query.at,
                f"pages of `{model.name}` have no order: they may repeat some rows and miss others",
                help=f"Order by something unique, at least the key: `order_by({model.name}.{_key(model.primary_key)})`.",
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for query in (*_paged(project), *_listed(project))]


def _key(names: tuple[str, ...]) -> str:
    return names[0] if names else "id"


def _paged(project: Project) -> list[Query]:
    return [
        query
        for query in project.queries
        if query.operation == "select" and not query.is_single and not query.is_opaque and _is_paged(query, project)
    ]


def _listed(project: Project) -> list[Query]:
    """The rows that views of Django REST framework make pages of by themselves."""
    sites = {id(query.site.call): query for query in project.queries if query.library == "django"}
    found: dict[int, Query] = {}
    for route in project.routes if sites else ():
        view = route.view
        if view is not None and lists_by_itself(route, project) and _makes_pages(view, project):
            for call in _queryset(view, project):
                query = sites.get(id(call))
                if query is not None and not query.is_opaque:
                    found[id(call)] = query
    return list(found.values())


def _makes_pages(view: Class, project: Project) -> bool:
    """Whether pages are counted from the first row, and nothing but the queryset orders the rows."""
    own = [each for each in project.classes.mro(view) if isinstance(each, Class)]
    if any(_ORDERING & (each.attributes.keys() | each.methods.keys()) for each in own):
        return False
    names = paginators(view, project)
    return bool(names) and all(name in _COUNTING for name in names)


_ORDERING = frozenset({"ordering", "filter_backends", "filter_queryset", "paginate_queryset", "paginator"})
_COUNTING = frozenset(
    {"rest_framework.pagination.PageNumberPagination", "rest_framework.pagination.LimitOffsetPagination"}
)


def _queryset(view: Class, project: Project) -> Iterator[ir.Expr]:
    """The expressions that a view's `queryset` or `get_queryset` is made of."""
    for each in project.classes.mro(view):
        if not isinstance(each, Class):
            continue
        method, assigned = each.methods.get("get_queryset"), each.attributes.get("queryset")
        if method is not None:
            for stmt in method.statements:
                if type(stmt) is ir.Return and stmt.value is not None:
                    yield from ir.walk_expression(stmt.value)
            return
        if assigned is not None and assigned.value is not None:
            yield from ir.walk_expression(assigned.value)
            return


def _is_paged(query: Query, project: Project) -> bool:
    """Whether rows are skipped; a limit alone may be a sample."""
    if query.library == "sqlalchemy" and query.site.method == "paginate":
        return True
    return any(_skips(step) for step in _steps(query.builder or query.site.call, query, project))


def _steps(expr: ir.Expr, query: Query, project: Project, depth: int = 4) -> Iterator[ir.Expr]:
    """The calls and slices that a statement is made of, last first, also where local variables hold it on the way."""
    match expr:
        case ir.Await(value=value):
            yield from _steps(value, query, project, depth)
        case ir.Call(func=ir.Attribute(value=value, name=name)):
            yield expr
            given = expr.positional[:1] if name in _SENDS else []
            for each in (value, *given):
                yield from _steps(each, query, project, depth)
        case ir.Subscript(value=value):
            yield expr
            yield from _steps(value, query, project, depth)
        case ir.Name(id=name) if depth and isinstance(query.scope, Function):
            for bound in project.types.bindings(query.scope).get(name, ()):
                if bound.kind == "value":
                    yield from _steps(bound.expr, query, project, depth - 1)


def _skips(step: ir.Expr) -> bool:
    match step:
        case ir.Call(func=ir.Attribute(name="offset"), args=[ir.Argument(value=value), *_]):
            return not (type(value) is ir.Const and value.value in (0, None))
        case ir.Subscript(index=ir.Slice(lower=lower)) if lower is not None:
            return not (type(lower) is ir.Const and lower.value in (0, None))
        case _:
            return False
