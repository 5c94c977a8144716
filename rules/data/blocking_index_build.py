"""An index is built while writers wait, or concurrently where that cannot work.

## What it does
Reports `CREATE INDEX CONCURRENTLY` inside the transaction of a migration, and, in projects that build some indexes
concurrently, those on existing tables that are not.

## Why it matters
PostgreSQL refuses a concurrent build in a transaction, so the deployment fails. A plain build locks the table against
writes until it is done, which on a large table is an outage.

## Example
```python
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.create_index("ix_orders_customer", "orders", ["customer_id"], postgresql_concurrently=True)
```

## Use instead
```python
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_orders_customer", "orders", ["customer_id"], postgresql_concurrently=True)
```

## When not to
The table is small and will stay so.

## Options
- `recent`: how many of the newest migrations of each history are looked at, 5 unless said otherwise. Older ones have run.

## References
- https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY
- https://docs.djangoproject.com/en/stable/ref/contrib/postgres/operations/#concurrent-index-operations
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Operation, Project, ProjectRule, Severity, Step, Unit
from backend_lint.rules.data._migrations import ROLES, MigrationOptions, created, recent, upgrades

_EXPECTED = 2


class BlockingIndexBuild(ProjectRule):
    code = "DAT411"
    severity = Severity.MEDIUM
    preview = True
    roles = ROLES
    unit = Unit.MIGRATION
    Options = MigrationOptions

    def check(self, project: Project) -> Iterable[Finding]:
        concurrent = [each for one in project.migrations for each in upgrades(one) if each.is_concurrent]
        for migration in recent(project, self.options.recent):
            operations = upgrades(migration)
            new = created(operations)
            for operation in operations:
                if operation.kind not in ("add_index", "drop_index"):
                    continue
                if operation.is_concurrent and operation.in_transaction:
                    yield self._refused(operation, migration.tool)
                elif operation.kind == "add_index" and not operation.is_concurrent and operation.table not in new:
                    if len(concurrent) >= _EXPECTED:
                        yield self._blocking(operation, concurrent)

    def _refused(self, operation: Operation, tool: str) -> Finding:
        away = "`atomic = False` on the migration" if tool == "django" else "`op.get_context().autocommit_block()`"
        return self.finding(
            operation.at,
            f"the index of `{operation.table}` is built concurrently inside a transaction, which PostgreSQL refuses",
            help=f"Leave the transaction: {away}.",
            severity=Severity.HIGH,
            discriminator=operation.name or "",
        )

    def _blocking(self, operation: Operation, concurrent: list[Operation]) -> Finding:
        return self.finding(
            operation.at,
            f"writers of `{operation.table}` wait for this index; {len(concurrent)} others here are built concurrently",
            help="Build it concurrently, outside of the transaction.",
            related=[Step(each.at, "built concurrently") for each in concurrent[:2]],
            discriminator=operation.name or ",".join(operation.columns),
        )
