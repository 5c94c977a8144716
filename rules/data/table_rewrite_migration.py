"""A migration checks or rewrites a whole table while it is locked.

## What it does
In projects that build indexes concurrently, so whose tables are large, reports newest migrations that add a foreign key
or a check to an existing table at once, or give a column another type.

## Why it matters
The database reads every row, or writes every row anew, and holds a lock that stops writers, or all, until it is done. On
the table of the test environment it takes no time at all.

## Example
```python
# versions/a1.py
from alembic import op

revision = "a1"
down_revision = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("by_day", "orders", ["day"], postgresql_concurrently=True)
        op.create_index("by_sku", "orders", ["sku"], postgresql_concurrently=True)


# versions/b2.py
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.create_foreign_key("orders_customer", "orders", "customers", ["customer_id"], ["id"])
```

## Use instead
```python
# versions/a1.py
from alembic import op

revision = "a1"
down_revision = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("by_day", "orders", ["day"], postgresql_concurrently=True)
        op.create_index("by_sku", "orders", ["sku"], postgresql_concurrently=True)


# versions/b2.py
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.create_foreign_key(
        "orders_customer", "orders", "customers", ["customer_id"], ["id"], postgresql_not_valid=True
    )
    op.execute("ALTER TABLE orders VALIDATE CONSTRAINT orders_customer")
```

## References
- https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES
- https://github.com/ankane/strong_migrations#adding-a-foreign-key
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Operation, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.data._migrations import ROLES, MigrationOptions, created, recent, upgrades
from backend_lint.rules.data._shared import is_true

_EXPECTED = 2
_CHECKED = {"foreign_key": "a foreign key", "check": "a check"}
_DEFERRED = frozenset({"postgresql_not_valid", "not_valid"})


class TableRewriteMigration(ProjectRule):
    code = "DAT412"
    severity = Severity.MEDIUM
    preview = True
    roles = ROLES
    unit = Unit.MIGRATION
    Options = MigrationOptions

    def check(self, project: Project) -> Iterable[Finding]:
        concurrent = [each for one in project.migrations for each in upgrades(one) if each.is_concurrent]
        if len(concurrent) < _EXPECTED:
            return
        for migration in recent(project, self.options.recent):
            operations = upgrades(migration)
            new = created(operations)
            for operation in operations:
                what = None if operation.table in new or operation.table is None else _work(operation)
                if what is not None:
                    yield self.finding(
                        operation.at,
                        f"{what} while `{operation.table}` is locked; indexes here are built without such a lock",
                        help=_remedy(operation),
                        discriminator=operation.name or operation.column or "",
                    )


def _work(operation: Operation) -> str | None:
    """What the database does to all rows; None where it does nothing of the kind."""
    if operation.kind == "add_constraint" and operation.constraint in _CHECKED:
        is_deferred = any(is_true(operation.call.keywords.get(name)) for name in _DEFERRED)
        is_deferred = is_deferred or (ir.dotted(operation.call.func) or "").endswith("NotValid")
        return None if is_deferred else f"every row is checked for {_CHECKED[operation.constraint]}"
    if operation.kind == "alter_column" and "type_" in operation.call.keywords:
        return f"every row is written anew for the type of `{operation.column}`"
    return None


def _remedy(operation: Operation) -> str:
    if operation.kind == "alter_column":
        return "Add a column of the new type, fill it in parts, and switch over."
    return "Add it `NOT VALID`, and validate it in a later step."
