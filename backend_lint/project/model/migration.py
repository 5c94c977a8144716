"""Schema migrations, as operations on tables."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Call
from backend_lint.project.modules import Module, Scope


@dataclass(eq=False)
class Operation:
    """`kind` is `create_table`, `drop_table`, `rename_table`, `add_column`, `drop_column`, `rename_column`,
    `alter_column`, `add_index`, `drop_index`, `add_constraint`, `drop_constraint`, `run_sql`, `run_python` or `other`.

    Names are those of the database where they are known, else of the model. `is_upgrade` is false in a downgrade.
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


@dataclass(eq=False)
class Migration:
    """`tool` is `alembic`, `django` or `aerich`; `revision` its own id, `down` those it builds on."""

    tool: str
    module: Module
    revision: str
    down: tuple[str, ...] = ()
    app: str | None = None
    operations: list[Operation] = field(default_factory=list)
    is_atomic: bool = True
