"""A foreign key without an index.

## What it does
Reports foreign key columns of SQLAlchemy and SQLModel that no index, unique key or primary key starts with. Django and
MySQL make that index by themselves; link tables are left alone.

## Why it matters
Each join from the parent, and each delete of one, scans the whole table of children, under a lock for the delete.

## Example
```python
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
```

## Use instead
```python
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
```

## When not to
A parent that is never deleted, and a table that is never joined from it.

## References
- https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Model, Project, ProjectRule, Severity, Step, Unit, listed
from backend_lint.rules.data._shared import is_indexed


class UnindexedForeignKey(ProjectRule):
    code = "DAT102"
    severity = Severity.LOW
    preview = True
    cwe = (1067,)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        for model in _candidates(project):
            bare = [
                column
                for column in model.columns.values()
                if column.foreign_key and not column.primary_key and not is_indexed(project, model, column.name)
            ]
            if bare:
                keys = "foreign keys" if len(bare) > 1 else "foreign key"
                yield self.finding(
                    bare[0].at,
                    f"the {keys} {listed([column.attribute for column in bare])} of `{model.name}` "
                    f"{'have' if len(bare) > 1 else 'has'} no index: a join from, or a delete of the parent scans "
                    f"`{model.table}`",
                    help="Pass `index=True`, or lead an `Index` with it.",
                    related=[Step(column.at, f"`{column.attribute}`") for column in bare[1:]],
                    unit=model.qualified,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [
            model.qualified
            for model in _candidates(project)
            if any(column.foreign_key for column in model.columns.values())
        ]


def _candidates(project: Project) -> list[Model]:
    return [
        model
        for model in project.models.values()
        if model.orm in ("sqlalchemy", "sqlmodel") and model.cls is not None and not _is_link(model)
    ]


def _is_link(model: Model) -> bool:
    """Whether the table only links others: its whole primary key are foreign keys."""
    keys = [column for column in model.columns.values() if column.primary_key]
    return len(keys) > 1 and all(column.foreign_key for column in keys)
