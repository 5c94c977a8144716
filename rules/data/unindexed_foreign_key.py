"""A foreign key without an index.

## What it does
Reports foreign key columns of SQLAlchemy, SQLModel and Tortoise ORM that no index, unique key or primary key starts with,
where the parent has a collection that is loaded by them. Django, Peewee and MySQL make that index by themselves; link
tables are left alone.

## Why it matters
Each load of the collection, and each delete of a parent, scans the whole table of children, under a lock for the delete.

## Example
```python
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    orders: Mapped[list["Order"]] = relationship()


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
```

## Use instead
```python
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    orders: Mapped[list["Order"]] = relationship()


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
```

## When not to
MySQL and MariaDB, which index foreign keys by themselves.

## References
- https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Column, Finding, Model, Project, ProjectRule, Relationship, Severity, Step, Unit, listed
from backend_lint.rules.data._shared import is_indexed

_MAPPERS = frozenset({"sqlalchemy", "sqlmodel", "tortoise"})


class UnindexedForeignKey(ProjectRule):
    code = "DAT102"
    severity = Severity.LOW
    preview = True
    cwe = (1067,)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        collections = _collections(project)
        for model in _candidates(project):
            bare: list[tuple[Column, str]] = []
            for column in _references(model):
                if is_indexed(project, model, column.name):
                    continue
                loaded = collections.get((model.qualified, column.attribute))
                if loaded is not None:
                    bare.append((column, f"`{loaded[0].name}.{loaded[1].name}` is loaded by it"))
            if bare:
                yield self._finding(model, bare)

    def _finding(self, model: Model, bare: list[tuple[Column, str]]) -> Finding:
        first, why = bare[0]
        keys = "foreign keys" if len(bare) > 1 else "foreign key"
        has = "have" if len(bare) > 1 else "has"
        return self.finding(
            first.at,
            f"the {keys} {listed([column.attribute for column, _ in bare])} of `{model.name}` {has} no index: {why}, and "
            f"each time all of `{model.table}` is read",
            help="Pass `index=True`, or lead an `Index` with it.",
            related=[Step(column.at, f"`{column.attribute}`: {reason}") for column, reason in bare[1:]],
            unit=model.qualified,
        )

    def examined(self, project: Project) -> Iterable[str]:
        return [model.qualified for model in _candidates(project) if _references(model)]


def _references(model: Model) -> list[Column]:
    return [column for column in model.columns.values() if column.foreign_key and not column.primary_key]


def _candidates(project: Project) -> list[Model]:
    return [
        model
        for model in project.models.values()
        if model.orm in _MAPPERS and model.cls is not None and model.is_managed and not _is_link(model)
    ]


def _is_link(model: Model) -> bool:
    """Whether the table only links others: its whole primary key are foreign keys."""
    keys = [column for column in model.columns.values() if column.primary_key]
    return len(keys) > 1 and all(column.foreign_key for column in keys)


def _collections(project: Project) -> dict[tuple[str, str], tuple[Model, Relationship]]:
    """The collections of parents that are loaded by a foreign key of their children, by child and attribute."""
    found: dict[tuple[str, str], tuple[Model, Relationship]] = {}
    for parent in project.models.values():
        for relation in parent.relationships.values():
            child = project.models.get(relation.target or "")
            if child is None or not relation.many or relation.through:
                continue
            for attribute in _keys_of(parent, relation, child):
                found.setdefault((child.qualified, attribute), (parent, relation))
    return found


def _keys_of(parent: Model, relation: Relationship, child: Model) -> tuple[str, ...]:
    """The foreign key of the children by which a collection is loaded; none where it may be any of several."""
    back = child.relationships.get(relation.back or "")
    if back is not None and back.columns:
        return back.columns
    keys = [each for each in _references(child) if (each.foreign_key or "").rpartition(".")[0] == parent.table]
    return (keys[0].attribute,) if len(keys) == 1 else ()
