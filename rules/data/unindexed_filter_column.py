"""A column that requests filter on has no index.

## What it does
Reports columns that queries of routes and tasks filter on and that no index, unique key or primary key starts with, in
tables that requests add rows to. A query that another, indexed column already narrows does not count.

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
Tables that stay small, and columns with few values, where the database would not use the index.

## References
- https://cwe.mitre.org/data/definitions/1067.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from backend_lint.api import Column, Finding, Model, Project, ProjectRule, Query, Severity, Step, Unit
from backend_lint.rules.data._shared import column_of, served

_SARGABLE = frozenset({"==", "in", "<", "<=", ">", ">=", "between", "startswith"})
_SELECTIVE = frozenset({"==", "in"})
_FEW_VALUES = frozenset({"Boolean", "BOOLEAN", "BooleanField", "NullBooleanField", "Enum", "ENUM", "SmallIntegerField"})
_FEW_NAMES = ("status", "state", "kind", "type", "role", "level", "gender", "is_", "has_")


class UnindexedFilterColumn(ProjectRule):
    code = "DAT101"
    severity = Severity.MEDIUM
    preview = True
    cwe = (1067,)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        running = served(project)
        growing = _growing(project, running)
        found: defaultdict[tuple[str, str], list[Query]] = defaultdict(list)
        for query in project.queries:
            label = running.get(getattr(query.scope, "qualified", ""))
            model = project.models.get(query.model or "")
            if label is None or model is None or model.qualified not in growing or query.is_opaque:
                continue
            for column in _unindexed(query, model):
                found[model.qualified, column.attribute].append(query)
        for (name, attribute), queries in sorted(found.items()):
            model = project.models[name]
            label = running[queries[0].scope.qualified]  # type: ignore[union-attr]
            more = f" and {len(queries) - 1} more queries" if len(queries) > 1 else ""
            yield self.finding(
                model.columns[attribute].at,
                f"`{label}`{more} filter{'' if more else 's'} `{model.table}` by `{attribute}`, which has no index: each reads "
                "the whole table",
                help=f"Give `{model.name}.{attribute}` an index (`index=True`, `db_index=True` or in `Meta.indexes`).",
                related=[Step(query.at, "filtered here") for query in queries[:6]],
                unit=model.qualified,
                discriminator=attribute,
            )


def _growing(project: Project, running: dict[str, str]) -> set[str]:
    """Models whose tables get rows while the application serves."""
    return {
        query.model
        for query in project.queries
        if query.operation == "insert" and query.model and getattr(query.scope, "qualified", "") in running
    }


def _unindexed(query: Query, model: Model) -> list[Column]:
    """The columns that the query has to search the table by; none where another column narrows it first."""
    columns: list[Column] = []
    for use in query.filters:
        column = column_of(model, use.column)
        if use.operator not in _SARGABLE:
            continue
        if use.model not in (None, model.qualified):
            if use.operator in _SELECTIVE:
                return []  # the rows are reached through another table
            continue
        if column is None:
            return []  # a predicate that is not understood may be the one that narrows
        if model.is_indexed(column.name):
            if use.operator in _SELECTIVE:
                return []
        elif column.type not in _FEW_VALUES and not column.choices and not _has_few_values(column):
            columns.append(column)
    return columns


def _has_few_values(column: Column) -> bool:
    return column.attribute.startswith(_FEW_NAMES) or column.attribute.endswith(_FEW_NAMES)
