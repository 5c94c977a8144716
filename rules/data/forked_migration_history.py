"""The history of migrations has two ends, or a gap.

## What it does
Reports two migrations of one history on which nothing builds, and migrations that build on one that is not there.

## Why it matters
Neither Alembic nor Django upgrades a forked history: the deployment stops with "multiple heads" or "conflicting
migrations". It arises whenever two branches that each add a migration are merged.

## Example
```python
# versions/a1_step.py
revision = "a1"
down_revision = None


def upgrade() -> None:
    pass


# versions/b2_step.py
revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    pass


# versions/c3_step.py
revision = "c3"
down_revision = "a1"


def upgrade() -> None:
    pass
```

## Use instead
```python
# versions/a1_step.py
revision = "a1"
down_revision = None


def upgrade() -> None:
    pass


# versions/b2_step.py
revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    pass


# versions/c3_step.py
revision = "c3"
down_revision = "b2"


def upgrade() -> None:
    pass
```

## When not to
Branches with labels, which are upgraded one by one; the rule is silent there.

## References
- https://alembic.sqlalchemy.org/en/latest/branches.html
- https://docs.djangoproject.com/en/stable/topics/migrations/#version-control
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Migration, Project, ProjectRule, Severity, Step, Unit
from backend_lint.rules.data._migrations import ROLES, histories, leaves


class ForkedMigrationHistory(ProjectRule):
    code = "DAT415"
    severity = Severity.HIGH
    roles = ROLES
    unit = Unit.MIGRATION

    def check(self, project: Project) -> Iterable[Finding]:
        for history in histories(project):
            if any(each.branches for each in history):
                continue
            yield from self._forks(history)
            yield from self._gaps(history, project)

    def _forks(self, history: list[Migration]) -> Iterator[Finding]:
        ends = sorted(leaves(history), key=lambda each: each.module.path)
        if len(ends) < 2:
            return
        first, *rest = ends
        merge = "`makemigrations --merge`" if first.tool == "django" else "`alembic merge heads`"
        for each in rest:
            yield self.finding(
                _at(each),
                f"`{each.revision}` and `{first.revision}` are both the end of the history: neither can be upgraded to",
                help=f"Let one build on the other, or join them: {merge}.",
                related=[Step(_at(first), f"`{first.revision}`")],
            )

    def _gaps(self, history: list[Migration], project: Project) -> Iterator[Finding]:
        known = {each.revision for each in project.migrations} | {name for each in history for name in each.replaces}
        for each in history:
            for down in each.down:
                own = each.app is None or down.rpartition(".")[0] == each.app
                if down not in known and own and not down.endswith(("__first__", "__latest__")):
                    yield self.finding(
                        _at(each),
                        f"`{each.revision}` builds on `{down}`, which is not there",
                        help="Name the migration that comes before it.",
                        discriminator=down,
                    )


def _at(migration: Migration):  # type: ignore[no-untyped-def]
    module = migration.module
    stmts = module.assignments.get("down_revision") or []
    if migration.tool == "alembic" and stmts:
        return module.place(stmts[-1])
    cls = module.top_classes.get("Migration")
    stmt = None if cls is None else cls.attributes.get("dependencies")
    return module.first_line() if cls is None else cls.at if stmt is None else module.place(stmt)
