"""A foreign key is of another type than the key it points to.

## What it does
Compares the type of each foreign key column with that of the column that it refers to: kinds of data, the range of
integers, the length of strings. Columns that take their type from the other one are right by themselves.

## Why it matters
Some databases refuse the constraint, others convert in every join and pass the index by. A key that outgrows the
column that refers to it stops all inserts on that day.

## Example
```python
from sqlalchemy import BigInteger, ForeignKey, Integer
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(Integer, ForeignKey("customers.id"))
```

## Use instead
```python
from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("customers.id"))
```

## References
- https://www.postgresql.org/docs/current/ddl-constraints.html#DDL-CONSTRAINTS-FK
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Column, Finding, Model, Project, ProjectRule, Severity, Step, Unit

_BITS = {"SMALLINTEGER": 16, "SMALLINT": 16, "INTEGER": 32, "INT": 32, "BIGINTEGER": 64, "BIGINT": 64}
_TEXTS = ("string", "text")


class FkTypeMismatch(ProjectRule):
    code = "DAT108"
    severity = Severity.MEDIUM
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        for model, column, target, key in _references(project):
            what = _mismatch(column, key)
            if what is not None:
                yield self.finding(
                    column.at,
                    f"`{model.name}.{column.attribute}` is {_written(column)}, and `{target.name}.{key.attribute}`, which "
                    f"it refers to, is {_written(key)}: {what}",
                    help=f"Give both the same type, or leave it out beside the `ForeignKey`: it then takes that of "
                    f"`{key.attribute}`.",
                    related=[Step(key.at, f"`{target.name}.{key.attribute}`")],
                    unit=model.qualified,
                    discriminator=column.attribute,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return list(dict.fromkeys(model.qualified for model, *_ in _references(project)))


def _references(project: Project) -> Iterator[tuple[Model, Column, Model, Column]]:
    for model in project.models.values():
        if model.orm == "django":
            continue  # it gives the column the type of the key
        for column in model.columns.values():
            table, _, name = (column.foreign_key or "").rpartition(".")
            target = project.tables.get(table)
            key = next((each for each in target.columns.values() if each.name == name), None) if target else None
            if target is not None and key is not None and key.foreign_key is None:
                yield model, column, target, key


def _mismatch(column: Column, key: Column) -> str | None:
    """What is wrong with two types, None where they fit."""
    if column.family is None or key.family is None or "Variant" in (column.type or "", key.type or ""):
        return None
    if column.family != key.family:
        if column.family in _TEXTS and key.family in _TEXTS:
            return None
        return "the database refuses the constraint, or converts in every join"
    if column.family == "integer":
        ours, theirs = (_BITS.get((each.type or "").upper()) for each in (column, key))
        return f"it ends at {2 ** (ours - 1) - 1:,}" if ours and theirs and ours < theirs else None
    ours, theirs = column.arguments.get("length"), key.arguments.get("length")
    if isinstance(ours, int) and isinstance(theirs, int) and ours < theirs:
        return "a longer key does not fit in"
    return None


def _written(column: Column) -> str:
    length = column.arguments.get("length")
    return f"`{column.type}({length})`" if isinstance(length, int) else f"`{column.type}`"
