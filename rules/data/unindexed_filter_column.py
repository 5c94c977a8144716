"""A column that requests filter on has no index.

## What it does
Reports columns that queries of routes and tasks filter on, or sort by to take the first rows, and that no index, unique
key or primary key of the models and the migrations starts with, in tables that requests add rows to. A query that
another, indexed column already narrows does not count.

## Why it matters
Each such query reads the whole table. It is fast on the ten rows of a test, and gets slower with every row for ever.

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
    reference: Mapped[str]


@app.post("/orders")
def create(reference: str) -> None:
    session = Session()
    session.add(Order(reference=reference))
    session.commit()


@app.get("/orders")
def find(reference: str) -> list:
    return Session().scalars(select(Order).where(Order.reference == reference)).all()
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
    reference: Mapped[str] = mapped_column(index=True)


@app.post("/orders")
def create(reference: str) -> None:
    session = Session()
    session.add(Order(reference=reference))
    session.commit()


@app.get("/orders")
def find(reference: str) -> list:
    return Session().scalars(select(Order).where(Order.reference == reference)).all()
```

## When not to
Tables that stay small, and columns with few values, where the database would not use the index. Tasks that search by a
range, as those that clear up do, are left alone.

## References
- https://cwe.mitre.org/data/definitions/1067.html
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable

from backend_lint.api import Column, Finding, Model, Project, ProjectRule, Query, Severity, Step, Unit, ir, words
from backend_lint.rules.data._shared import column_of, is_indexed

_SARGABLE = frozenset({"==", "in", "<", "<=", ">", ">=", "between", "startswith"})
_SELECTIVE = frozenset({"==", "in"})
_FEW_VALUES = frozenset({"Boolean", "BOOLEAN", "BooleanField", "NullBooleanField", "Enum", "ENUM", "SmallIntegerField"})
_FEW_NAMES = ("status", "state", "kind", "type", "role", "level", "gender", "is_", "has_", "enabled", "active", "allow")
_TELLING = frozenset({"id", "uuid", "code", "token", "email", "key", "hash", "slug", "username", "name", "number"})
_FEW_ROWS = frozenset({"setting", "config", "configuration", "option", "role", "permission", "theme", "plugin"})


class UnindexedFilterColumn(ProjectRule):
    code = "DAT101"
    severity = Severity.MEDIUM
    cwe = (1067,)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        running = project.served
        found: defaultdict[tuple[str, str], list[Query]] = defaultdict(list)
        sorting: set[int] = set()
        for query, model in _queries(project, running):
            columns = _unindexed(project, query, model)
            if not query.filters:
                columns = _sorted_by(project, query, model)
                sorting.add(id(query))
            for column in columns:
                if _is_worth_it(query, column, running):
                    found[model.qualified, column.attribute].append(query)
        for (name, attribute), queries in sorted(found.items()):
            model = project.models[name]
            label = running[queries[0].scope.qualified]  # type: ignore[union-attr]
            more = (
                f" and {len(queries) - 1} more {'query' if len(queries) == 2 else 'queries'}"
                if len(queries) > 1
                else ""
            )
            how = "sort" if all(id(query) in sorting for query in queries) else "filter"
            yield self.finding(
                model.columns[attribute].at,
                f"`{label}`{more} {how}{'' if more else 's'} `{model.table}` by `{attribute}`, which has no index: each reads "
                "the whole table",
                help=f"Give `{model.name}.{attribute}` an index ({_how(model)}).",
                related=[
                    Step(query.at, "sorted here" if id(query) in sorting else "filtered here") for query in queries[:6]
                ],
                unit=model.qualified,
                discriminator=attribute,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return list(dict.fromkeys(model.qualified for _, model in _queries(project, project.served)))


def _is_worth_it(query: Query, column: Column, running: dict[str, str]) -> bool:
    """Whether somebody waits for it: a task that clears a table up once a day may read all of it."""
    is_task = running[query.scope.qualified].startswith("task ")  # type: ignore[union-attr]
    return not is_task or any(use.operator in _SELECTIVE for use in query.filters if use.column == column.name)


def _how(model: Model) -> str:
    return _HOW.get(model.orm, "`index=True`, or an `Index`")


_HOW = {
    "django": "`db_index=True`, or in `Meta.indexes`",
    "tortoise": "`db_index=True`, or in `Meta.indexes`",
    "peewee": "`index=True`, or in `Meta.indexes`",
    "mongoengine": 'in `meta["indexes"]`',
    "beanie": "`Indexed(…)`, or in `Settings.indexes`",
    "mongodb": "`create_index(…)`",
}


def _queries(project: Project, running: dict[str, str]) -> list[tuple[Query, Model]]:
    """The queries of routes and tasks that are understood, on tables that get rows while the application serves."""
    growing = {
        query.model
        for query in project.queries
        if query.operation == "insert" and query.model and getattr(query.scope, "qualified", "") in running
    }
    growing |= {
        schema.model
        for route in project.routes
        if route.handler is None and "POST" in route.methods  # views of Django REST framework that create by themselves
        for schema in project.body_schemas(route)
    }
    found = []
    for query in project.queries:
        model = project.models.get(query.model or "")
        if model is None or model.qualified not in growing or query.is_opaque or query.has_unknown_filters:
            continue
        if not model.is_managed:
            continue  # whoever makes the table makes its indexes
        if getattr(query.scope, "qualified", "") in running and words(model.name)[-1].rstrip("s") not in _FEW_ROWS:
            found.append((query, model))
    return found


def _unindexed(project: Project, query: Query, model: Model) -> list[Column]:
    """The column that the query has to search the table by; none where another column narrows it first."""
    if _is_covered(query, model):
        return []
    columns: list[tuple[bool, bool, Column]] = []
    for use in query.filters:
        column = column_of(model, use.column)
        if use.operator not in _SARGABLE or use.function is not None or _is_none(use.value):
            continue
        if use.model not in (None, model.qualified):
            if use.operator in _SELECTIVE:
                return []  # the rows are reached through another table
            continue
        if column is None:
            return []  # a predicate that is not understood may be the one that narrows
        if is_indexed(project, model, column.name):
            if not use.is_alternative:
                return []
        elif not _has_few_values(column) and not use.is_alternative:
            is_reference = column.foreign_key is not None or words(column.attribute)[-1] in _TELLING
            columns.append((use.operator not in _SELECTIVE, not is_reference, column))
    return [min(columns, key=lambda each: each[:2])[2]] if columns else []


def _is_covered(query: Query, model: Model) -> bool:
    """Whether an index of several columns begins with some that the query holds to a value, and to none."""
    held = {use.column for use in query.filters if use.model in (None, model.qualified) and not use.is_alternative}
    equal = {use.column for use in query.filters if use.operator in _SELECTIVE and not _is_none(use.value)}
    for index in model.indexes:
        if not index.has_expressions and len(index.columns) > 1 and index.columns[0] in held:
            if any(name in equal for name in itertools.takewhile(held.__contains__, index.columns)):
                return True
    return False


def _is_none(value: ir.Expr | None) -> bool:
    return type(value) is ir.Const and value.value is None


def _sorted_by(project: Project, query: Query, model: Model) -> list[Column]:
    """The column by which a query takes the first rows of the whole table."""
    if query.operation != "select" or not query.orders or not (query.limit is not None or query.is_single):
        return []
    first = query.orders[0]
    column = column_of(model, first.column) if first.model in (None, model.qualified) and not first.function else None
    if column is None or is_indexed(project, model, column.name) or _has_few_values(column):
        return []
    return [column]


def _has_few_values(column: Column) -> bool:
    named = column.attribute.startswith(_FEW_NAMES) or column.attribute.endswith(_FEW_NAMES)
    return named or column.choices or column.type in _FEW_VALUES or column.family in ("boolean", "enum")
