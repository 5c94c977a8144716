"""The models and the migrations disagree.

## What it does
Plays back the migrations of Django or Alembic without a database, and compares the tables that they leave with the
models: columns, their types, lengths and whether they may be null, unique keys and indexes, and for Django the tables
themselves. Tables that a statement of SQL or a helper may have changed are left alone.

## Why it matters
A database built from the migrations lacks what the code expects. It works on the machine of whoever changed the model,
and fails in the first query after the next deployment.

## Example
```python
# models.py
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str | None]


# versions/0001_orders.py
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True))
```

## Use instead
```python
# models.py
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str | None]


# versions/0001_orders.py
import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade():
    op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("note", sa.String()))
```

## When not to
A database that other people's migrations build.

## References
- https://docs.djangoproject.com/en/stable/topics/migrations/
- https://alembic.sqlalchemy.org/en/latest/autogenerate.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Column, Finding, Model, Project, ProjectRule, Severity, Step, StoredTable, Unit

_ALIKE = ({"string", "text", "enum"}, {"json", "text"}, {"uuid", "string"}, {"decimal", "integer"}, {"array", "json"})
_MOST_MISSING = 0.2


class SchemaDrift(ProjectRule):
    code = "DAT106"
    severity = Severity.HIGH
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        for model, table in _pairs(project):
            if table is None:
                yield self.finding(
                    model.at,
                    f"no migration creates `{model.table}`, the table of `{model.name}`",
                    help="Make the migration, and import the module of the model where migrations are made.",
                    unit=model.qualified,
                )
                continue
            found = list(_differences(model, table, is_whole=_is_whole(model, project)))
            if found:
                sentences = [sentence for _, sentence in found]
                more = f", and {len(found) - 3} more differences" if len(found) > 3 else ""
                last = table.changes[-1].at if table.changes else table.at
                yield self.finding(
                    found[0][0].at if found[0][0] is not None else model.at,
                    f"`{model.name}` and the migrations of `{model.table}` disagree: {'; '.join(sentences[:3])}{more}",
                    help="Make a migration for the difference, or change the model back.",
                    related=[Step(table.at, "created here"), Step(last, "last changed here")],
                    unit=model.qualified,
                    discriminator=" ".join(sentences),
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [model.qualified for model, _ in _pairs(project)]


def _pairs(project: Project) -> list[tuple[Model, StoredTable | None]]:
    """Models with the table that the migrations leave for them, None where they leave none and leave the others."""
    found: list[tuple[Model, StoredTable | None]] = []
    for tool in ("django", "alembic"):
        pairs = list(_django(project) if tool == "django" else _alembic(project))
        missing = [pair for pair in pairs if pair[1] is None]
        if len(missing) > _MOST_MISSING * len(pairs):
            pairs = [pair for pair in pairs if pair[1] is not None]
        found += [pair for pair in pairs if pair[1] is None or pair[1].is_certain]
    return found


def _django(project: Project) -> Iterator[tuple[Model, StoredTable | None]]:
    packages = {
        each.module.name.rpartition(".migrations")[0]: each.app for each in project.migrations if each.tool == "django"
    }
    stored = {(table.app, table.entity): table for table in project.stored if table.tool == "django"}
    for model in project.models.values():
        if model.orm != "django" or model.is_join or not model.is_managed or _shares(model, project):
            continue
        if not _is_plain(model):
            continue
        package = model.cls.module.name  # type: ignore[union-attr]
        while package and package not in packages:
            package = package.rpartition(".")[0]
        app = packages.get(package)
        if app is None or not (model.table.startswith(f"{app}_") or "db_table" in model.options):
            continue
        table = stored.get((app, model.name.lower()))
        if table is None or table.is_managed:
            yield model, table


def _alembic(project: Project) -> Iterator[tuple[Model, StoredTable | None]]:
    if not any(table.tool == "alembic" for table in project.stored):
        return
    for model in project.tables.values():
        if model.orm in ("sqlalchemy", "sqlmodel") and model.columns and model.parent is None and _is_plain(model):
            table = project.stored_table(model.table)
            if table is not None:  # what is missing may have been made by `create_all()`, or by another program
                yield model, table


def _is_plain(model: Model) -> bool:
    """Whether the class is always there: it stands at the margin of its module, in no function and under no condition."""
    return model.cls is not None and model.cls.facts.function is None and model.cls.at.column <= len("class ") + 1


def _shares(model: Model, project: Project) -> bool:
    """Whether the table is that of a parent (a proxy)."""
    parent = project.models.get(model.parent or "")
    return parent is not None and parent.table == model.table


def _is_whole(model: Model, project: Project) -> bool:
    """Whether all bases are known, so that a column that is not seen is not there."""
    known = ("builtins.", "typing.", "abc.", "django.db.models.", "django.contrib.", "sqlalchemy.", "sqlmodel.")
    return all(not isinstance(base, str) or base.startswith(known) for base in project.classes.mro(model.cls))  # type: ignore[arg-type]


def _differences(model: Model, table: StoredTable, *, is_whole: bool) -> Iterator[tuple[Column | None, str]]:
    """What differs, with the model's column where it has one."""
    own = [column for column in model.columns.values() if column.table is None]
    stored = {key.lower(): column for key, column in table.columns.items()}
    for column in own:
        there = stored.pop((column.attribute if table.tool == "django" else column.name).lower(), None)
        if column.defined_in is None or (column.family is None and column.foreign_key is None):
            continue  # a library adds it, or it may be no column at all
        if there is None and column.primary_key and not is_whole:
            continue  # a parent that is not known may have the key
        if there is None:
            yield column, f"no migration adds `{column.name}`"
            continue
        yield from _shape(column, there)
        if (column.index or column.unique) and not column.primary_key and not table.is_indexed(there.name):
            yield column, f"no migration makes the {'unique key' if column.unique else 'index'} on `{column.name}`"
    for there in stored.values() if is_whole else ():
        if any(there.name.startswith(f"{column.name}_") for column in own):
            continue  # a field of a library that has two columns
        if there.type is not None and not there.nullable and there.server_default is None and not there.primary_key:
            yield None, f"the model lacks `{there.name}`, which must not be null"


def _shape(column: Column, there: Column) -> Iterator[tuple[Column, str]]:
    if column.family and there.family and column.family != there.family and not _is_alike(column.family, there.family):
        yield column, f"`{column.name}` is {column.type} in the model and {there.type} in the migrations"
    ours, theirs = _length(column), _length(there)
    if ours is not None and theirs is not None and ours > theirs:
        yield column, f"`{column.name}` may have {ours} characters in the model and {theirs} in the migrations"
    if column.nullable and not there.nullable and not there.primary_key and not column.primary_key:
        yield column, f"`{column.name}` may be null in the model and not in the migrations"


def _is_alike(one: str, other: str) -> bool:
    return any({one, other} <= alike for alike in _ALIKE)


def _length(column: Column) -> int | None:
    held = column.arguments.get("length", column.arguments.get("max_length"))
    return held if isinstance(held, int) else None
