"""An index repeats what another one does already.

## What it does
Reports indexes whose columns are the first columns of the primary key, of a unique key or of another index of the same
table: `index=True` on a primary key, an index on `customer_id` beside one on `customer_id, created_at`. Indexes that a
framework makes by itself, partial ones and those of another kind (GIN, hash) are left alone.

## Why it matters
Each insert, update and delete has to keep it up to date, and it takes memory that the useful indexes could have.

## Example
```python
from sqlalchemy import Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (Index("by_customer_and_day", "customer_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(index=True)
    day: Mapped[str]
```

## Use instead
```python
from sqlalchemy import Index
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    __table_args__ = (Index("by_customer_and_day", "customer_id", "day"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int]
    day: Mapped[str]
```

## When not to
A wide second index, where the narrow one fits in memory and the wide one does not.

## References
- https://cwe.mitre.org/data/definitions/1089.html
- https://www.postgresql.org/docs/current/indexes-multicolumn.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Index, Model, Place, Project, ProjectRule, Severity, Step, Unit, listed


class RedundantIndex(ProjectRule):
    code = "DAT110"
    severity = Severity.INFO
    cwe = (1089,)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        for model in _models(project):
            for index, other, what in _redundant(model):
                yield self.finding(
                    index.at,
                    f"the index on {listed(list(index.columns), 5)} of `{model.name}` repeats {what}",
                    help="Leave it out; the other one answers the same queries.",
                    related=[Step(other, "the other one")] if other != index.at else [],
                    unit=model.qualified,
                    discriminator=" ".join(index.columns),
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [model.qualified for model in _models(project) if any(not each.unique for each in _asked_for(model))]


def _models(project: Project) -> list[Model]:
    return [model for model in project.models.values() if model.is_managed and not model.is_join]


def _asked_for(model: Model) -> Iterator[Index]:
    """The indexes that somebody wrote down, in order."""
    for column in model.columns.values():
        is_asked = column.arguments.get("index") is True or column.arguments.get("db_index") is True
        if is_asked and column.table is None and column.defined_in is model.cls:
            yield Index((column.name,), column.unique, column.at)
    single = {(column.name,): column.at for column in model.columns.values()}
    for index in model.indexes:
        if not index.is_partial and not index.has_expressions and not index.method and index.columns:
            if single.get(index.columns) != index.at:
                yield index


def _redundant(model: Model) -> Iterator[tuple[Index, Place, str]]:
    """The indexes that repeat something, where that stands, and what it is."""
    key = model.primary_key
    asked = list(_asked_for(model))
    for number, index in enumerate(asked):
        columns = index.columns
        own = next((each for each in model.columns.values() if (each.name,) == columns), None)
        if key and key[: len(columns)] == columns and not (index.unique and len(columns) < len(key)):
            yield index, model.at if own is None else own.at, f"the primary key {listed(list(key), 5)}"
            continue
        if index.unique:
            continue
        for place, other in enumerate(asked):
            is_longer = len(other.columns) > len(columns) or (other.unique or place < number)
            if place != number and other.columns[: len(columns)] == columns and is_longer:
                kind = "unique key" if other.unique else "index"
                yield index, other.at, f"the {kind} on {listed(list(other.columns), 5)}"
                break
