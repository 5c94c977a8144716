"""A required column is added to a table that has rows, with nothing to put into them.

## What it does
Reports migrations that add a column which must not be NULL to a table that exists, without a default that the database
or the migration fills in; and those that forbid NULL in a column that was added without a value and that no migration fills.

## Why it matters
On an empty development database the migration runs. In production the table has rows, and the deployment stops half way.

## Example
```python
import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.add_column("orders", sa.Column("currency", sa.String(3), nullable=False))
```

## Use instead
```python
import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.add_column("orders", sa.Column("currency", sa.String(3), nullable=False, server_default="EUR"))
```

## When not to
The table is known to be empty wherever the migration has not run yet.

## Options
- `recent`: how many of the newest migrations of each history are looked at, 5 unless said otherwise. Older ones have run.

## References
- https://alembic.sqlalchemy.org/en/latest/ops.html#alembic.operations.Operations.add_column
- https://docs.djangoproject.com/en/stable/howto/writing-migrations/#migrations-that-add-unique-fields
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Migration, Operation, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.data._migrations import ROLES, MigrationOptions, created, histories, ordered, recent, upgrades

_KEYS = frozenset({"ForeignKey", "OneToOneField"})
_EMPTY = frozenset({"CharField", "TextField", "SlugField", "EmailField", "URLField", "FileField", "ImageField"})


class NotNullWithoutDefault(ProjectRule):
    code = "DAT410"
    severity = Severity.HIGH
    roles = ROLES
    unit = Unit.MIGRATION
    Options = MigrationOptions

    def check(self, project: Project) -> Iterable[Finding]:
        empty, foreign, first = _empty(project), _unmanaged(project), _beginnings(project)
        for migration in recent(project, self.options.recent):
            operations = upgrades(migration)
            new: set[str] = created(operations)
            folder = migration.module.path.rpartition("/")[0]
            for index, operation in enumerate(operations):
                if operation.table is None or operation.table in new or (folder, operation.entity) in foreign:
                    continue
                if operation.type in _KEYS and migration.module.path in first:
                    continue
                if _adds(operation, migration):
                    yield self._added(operation)
                elif _forbids(operation) and (operation.table, operation.column) in empty[migration.module.path]:
                    if not any(each.kind in _FILLS for each in operations[:index]):
                        yield self._forbidden(operation)

    def _added(self, operation: Operation) -> Finding:
        return self.finding(
            operation.at,
            f"`{operation.table}.{operation.column}` must not be NULL and has no default: on a table with rows this fails",
            help="Give it a server default, or add it as nullable, fill it, and then forbid NULL.",
            discriminator=f"{operation.table}.{operation.column}",
        )

    def _forbidden(self, operation: Operation) -> Finding:
        return self.finding(
            operation.at,
            f"`{operation.table}.{operation.column}` was added without a value and nothing fills it: rows from before "
            "hold NULL, and this fails",
            help="Fill the rows that are NULL before, in this migration or in the one before it.",
            discriminator=f"{operation.table}.{operation.column}",
        )


def _adds(operation: Operation, migration: Migration) -> bool:
    """Whether a column is added that rows of today have no value for."""
    if operation.kind != "add_column" or operation.nullable is not False or operation.has_server_default:
        return False
    column = operation.definitions[0] if operation.definitions else None
    if column is None or column.primary_key or _is_generated(operation.call):
        return False
    if migration.tool == "alembic":
        return True
    field = operation.call.argument(2, "field")
    if type(field) is not ir.Call or (ir.dotted(field.func) or "").partition(".")[0] not in ("models", "django"):
        return False  # a field of the project's own may allow NULL, or have a default, by itself
    keywords = field.keywords
    if operation.has_default or not {"auto_now", "auto_now_add"}.isdisjoint(keywords):
        return False
    return not ("blank" in keywords and operation.type in _EMPTY)


def _is_generated(call: ir.Call) -> bool:
    """Whether the database makes up the values."""
    names = (ir.dotted(node.func) or "" for node in ir.walk_expression(call) if type(node) is ir.Call)
    return any(name.rpartition(".")[2] in _GENERATED for name in names)


_GENERATED = frozenset({"Identity", "Computed", "GeneratedField", "Sequence", "FetchedValue"})


def _forbids(operation: Operation) -> bool:
    has_default = operation.has_server_default or operation.has_default
    return operation.kind == "alter_column" and operation.nullable is False and not has_default


def _unmanaged(project: Project) -> set[tuple[str, str | None]]:
    """The models, by folder of their migrations, whose tables Django only takes note of."""
    return {
        (migration.module.path.rpartition("/")[0], each.entity)
        for migration in project.migrations
        for each in upgrades(migration)
        if each.kind == "create_table" and not each.is_managed
    }


def _beginnings(project: Project) -> set[str]:
    """Migrations that begin a history: where keys go both ways, Django adds them in a second one."""
    return {
        each.module.path for history in histories(project) for each in ordered(history)[:2] if each.tool == "django"
    }


def _empty(project: Project) -> dict[str, set[tuple[str | None, str | None]]]:
    """The columns that rows surely hold NULL in before each migration: added without a value, and never filled since."""
    found: dict[str, set[tuple[str | None, str | None]]] = {each.module.path: set() for each in project.migrations}
    for history in histories(project):
        columns: set[tuple[str | None, str | None]] = set()
        for migration in ordered(history):
            found[migration.module.path] = set(columns)
            operations = upgrades(migration)
            new = created(operations)
            for operation in operations:
                if operation.kind in _FILLS:
                    columns.clear()
                elif operation.kind == "add_column" and operation.nullable and operation.table not in new:
                    if not (operation.has_server_default or operation.has_default):
                        columns.add((operation.table, operation.column))
                elif operation.kind == "alter_column":
                    columns.discard((operation.table, operation.column))
    return found


_FILLS = frozenset({"run_sql", "run_python", "other"})
