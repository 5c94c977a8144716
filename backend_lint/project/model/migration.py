"""Schema migrations, as operations on tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Call, Expr
from backend_lint.project.model.table import Column
from backend_lint.project.modules import Module, Scope


@dataclass(eq=False)
class Operation:
    """`kind` is `create_table`, `drop_table`, `rename_table`, `add_column`, `drop_column`, `rename_column`,
    `alter_column`, `add_index`, `drop_index`, `add_constraint`, `drop_constraint`, `run_sql`, `run_python` or `other`.

    Names are those of the database where they are known, else of the model. `name` is that of an index or constraint,
    `constraint` its kind (`unique`, `check`, `foreign_key`, `primary_key`). `definitions` are the columns that it makes
    or gives a new shape, `sql` the statement that it runs. `in_transaction` is false where the migration, or a block
    around the operation, leaves it. `is_upgrade` is false in a downgrade. `is_state_only` where the database is left
    alone.
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
