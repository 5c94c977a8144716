"""Schema migrations, as operations on tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Call, Expr
from backend_lint.project.model.table import Column, Index
from backend_lint.project.modules import Module, Scope


@dataclass(eq=False)
class Operation:
    """`kind` is `create_table`, `drop_table`, `rename_table`, `add_column`, `drop_column`, `rename_column`,
    `alter_column`, `add_index`, `drop_index`, `add_constraint`, `drop_constraint`, `run_sql`, `run_python` or `other`.

    Names are those of the database where they are known, else of the model. `name` is that of an index or constraint,
    `constraint` its kind (`unique`, `check`, `foreign_key`, `primary_key`). `definitions` are the columns that it makes
    or gives a new shape, `sql` the statement that it runs. `in_transaction` is false where the migration, or a block
    around the operation, leaves it. `is_upgrade` is false in a downgrade. `is_state_only` where the database is left
    alone, `is_database_only` where Django's own record of the models is. `entity` is Django's name of the model, in
    lower case. `indexes` come with it, their columns named as it names them; they take the place of all of their kind
    where `replaces_indexes`.
    """

    kind: str
    at: Place
    call: Call
    scope: Scope
    table: str | None = None
    column: str | None = None
    new_name: str | None = None
    columns: tuple[str, ...] = ()
    nullable: bool | None = None
    has_default: bool = False
    has_server_default: bool = False
    type: str | None = None
    unique: bool = False
    is_concurrent: bool = False
    is_reversible: bool = True
    is_upgrade: bool = True
    name: str | None = None
    constraint: str | None = None
    definitions: list[Column] = field(default_factory=list)
    sql: Expr | None = None
    in_transaction: bool = True
    is_state_only: bool = False
    is_database_only: bool = False
    entity: str | None = None
    indexes: list[Index] = field(default_factory=list)
    replaces_indexes: bool = False
    is_managed: bool = True


@dataclass(eq=False)
class StoredTable:
    """A table as the migrations leave it. `columns` are by attribute for Django, by name for Alembic.

    `changes` are the operations on it, in order. `is_certain` is false where something may have changed it that
    cannot be read: a statement of SQL, a loop over tables, a helper of another file.
    """

    name: str
    tool: str
    at: Place
    app: str | None = None
    entity: str | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    indexes: list[Index] = field(default_factory=list)
    changes: list[Operation] = field(default_factory=list)
    is_certain: bool = True
    is_managed: bool = True

    def is_indexed(self, name: str) -> bool:
        """Whether an index, a unique key or the primary key starts with this column of the database."""
        keys = [column.name for column in self.columns.values() if column.primary_key]
        columns = [column for column in self.columns.values() if column.name == name]
        return (
            keys[:1] == [name]
            or any(column.index or column.unique for column in columns)
            or any(index.columns[:1] == (name,) for index in self.indexes)
        )


@dataclass(eq=False)
class Migration:
    """`tool` is `alembic`, `django` or `aerich`; `revision` its own id, `down` those it builds on.

    A Django migration is known as `shop.0002_price`. `replaces` are those that it squashes, `branches` its labels.
    """

    tool: str
    module: Module
    revision: str
    down: tuple[str, ...] = ()
    app: str | None = None
    operations: list[Operation] = field(default_factory=list)
    is_atomic: bool = True
    replaces: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
