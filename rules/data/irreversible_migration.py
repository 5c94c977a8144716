"""A migration cannot be taken back.

## What it does
Reports `RunPython` and `RunSQL` without a way back, and downgrades of Alembic that do nothing although the upgrade
changes the schema.

## Why it matters
When a release must be rolled back, the schema cannot follow: Django refuses, and with Alembic it silently stays as it
was while the revision says otherwise, so that the next upgrade fails.

## Example
```python
import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text()))


def downgrade() -> None:
    pass
```

## Use instead
```python
import sqlalchemy as sa
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.add_column("orders", sa.Column("note", sa.Text()))


def downgrade() -> None:
    op.drop_column("orders", "note")
```

## When not to
What is lost cannot be restored: say so with `RunPython.noop`, raise in the downgrade, or say why in a comment;
the rule is silent there.

## Options
- `recent`: how many of the newest migrations of each history are looked at, 5 unless said otherwise. Older ones have run.

## References
- https://docs.djangoproject.com/en/stable/ref/migration-operations/#runpython
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Function, Migration, Place, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.data._migrations import ROLES, MigrationOptions, recent, upgrades

_SCHEMA = frozenset({"create_table", "drop_table", "rename_table", "add_column", "drop_column", "rename_column"})


class IrreversibleMigration(ProjectRule):
    code = "DAT413"
    severity = Severity.LOW
    roles = ROLES
    unit = Unit.MIGRATION
    Options = MigrationOptions

    def check(self, project: Project) -> Iterable[Finding]:
        for migration in recent(project, self.options.recent):
            for operation in upgrades(migration) if migration.tool == "django" else ():
                if operation.kind in ("run_sql", "run_python") and not operation.is_reversible:
                    name = "RunSQL" if operation.kind == "run_sql" else "RunPython"
                    yield self.finding(
                        operation.at,
                        f"`{migration.revision}` cannot be taken back: `{name}` has no way back",
                        help=f"Pass the reverse, or `{name}.noop` where nothing is to be undone.",
                    )
            if migration.tool == "alembic" and _does_nothing(migration):
                yield from self._silent(migration, project)

    def _silent(self, migration: Migration, project: Project) -> Iterable[Finding]:
        changed = next((each for each in upgrades(migration) if each.kind in _SCHEMA), None)
        if changed is not None:
            what = ".".join(part for part in (changed.table, changed.column) if part)
            yield self.finding(
                migration.module.top_functions["downgrade"].at,
                f"`downgrade()` leaves what `upgrade()` did to `{what}`, and the revision says it is undone",
                help="Undo the changes, or raise where that cannot be.",
            )


def _is_explained(downgrade: Function) -> bool:
    """Whether there are more lines than statements in it: a comment, which says why nothing is undone.

    A comment behind the last statement counts where the file ends with it.
    """
    facts, module = downgrade.facts, downgrade.module
    span = module.facts.place(module.path, facts.at, facts.end)
    lines = {line for stmt in downgrade.body for line in _lines(downgrade.place(stmt))}
    if len(lines) < len(_lines(span)) - 1:
        return True
    end, _ = module.facts.line_column(module.facts.length)
    return end > span.end_line + 1 and all(each.facts.at <= facts.at for each in module.functions)


def _lines(place: Place) -> range:
    return range(place.line, place.end_line + 1)


def _does_nothing(migration: Migration) -> bool:
    downgrade = migration.module.top_functions.get("downgrade")
    if downgrade is None or _is_explained(downgrade):
        return False
    return all(
        type(stmt) is ir.Jump or (type(stmt) is ir.Evaluate and type(stmt.value) is ir.Const) for stmt in downgrade.body
    )
