"""A migration drops or renames what the code still uses.

## What it does
Reports columns and tables that one of the newest migrations drops or renames, and that the code still maps to, filters
by, writes or reads.

## Why it matters
Every statement with that name fails from the moment the migration has run. Where only the old release still uses it, it
fails until the new one is everywhere: the column goes one release after its last use.

## Example
```python
# models.py
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]


# versions/b2_note.py
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.drop_column("orders", "note")
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


# versions/b2_note.py
from alembic import op

revision = "b2"
down_revision = "a1"


def upgrade() -> None:
    op.drop_column("orders", "note")
```

## Options
- `recent`: how many of the newest migrations of each history are looked at, 5 unless said otherwise. Older ones have run.

## References
- https://docs.djangoproject.com/en/stable/howto/writing-migrations/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import Class, Finding, Model, Operation, Place, Project, ProjectRule, Severity, Step, Unit, ir
from backend_lint.rules.data._migrations import ROLES, MigrationOptions, histories, ordered, recent, upgrades
from backend_lint.rules.data._shared import column_of


class DestructiveMigrationStillReferenced(ProjectRule):
    code = "DAT409"
    severity = Severity.HIGH
    preview = True
    roles = ROLES
    unit = Unit.MIGRATION
    Options = MigrationOptions

    def check(self, project: Project) -> Iterable[Finding]:
        newest = {id(each) for one in recent(project, self.options.recent) for each in upgrades(one)}
        gone = [(key, each) for history in histories(project) for key, each in _gone(ordered(history)).items()]
        gone = [(key, each) for key, each in gone if id(each) in newest]
        reads = _reads(project, {column for (_, column), _ in gone if column is not None})
        for (table, column), operation in gone:
            model = project.tables.get(table)
            if (
                model is None
                or not model.is_managed
                or (model.cls is not None and model.cls.facts.function is not None)
            ):
                continue
            uses = list(_uses(model, column, reads, project))
            if uses:
                what = table if column is None else f"{table}.{column}"
                verb = "renames" if operation.kind.startswith("rename") else "drops"
                yield self.finding(
                    operation.at,
                    f"{verb} `{what}`, which {uses[0].note}",
                    help="Change the code first, and let the migration follow one release later.",
                    related=uses[:4],
                    discriminator=what,
                )


def _gone(history: list) -> dict[tuple[str, str | None], Operation]:  # type: ignore[type-arg]
    """The columns and tables that a history takes away and never gives back, with the operation that does."""
    found: dict[tuple[str, str | None], Operation] = {}
    for migration in history:
        for operation in upgrades(migration):
            table = operation.table or ""
            match operation.kind:
                case "drop_column" | "rename_column" if operation.column is not None:
                    found[table, operation.column] = operation
                    found.pop((table, operation.new_name), None)
                case "rename_table" if operation.new_name is None:
                    continue  # back to the name that the model has by itself
                case "drop_table" | "rename_table":
                    found[table, None] = operation
                    found.pop((operation.new_name or "", None), None)
                case "create_table" | "add_column":
                    found.pop((table, None), None) if operation.kind == "create_table" else None
                    for column in operation.definitions:
                        found.pop((table, column.name), None)
                        found.pop((table, column.attribute), None)
    return found


def _uses(
    model: Model, column: str | None, reads: dict[str, list[tuple[str, Place]]], project: Project
) -> Iterator[Step]:
    """Where the code relies on a table, or on a column of it."""
    if column is None:
        yield Step(model.at, f"`{model.name}` still maps to")
        return
    known = column_of(model, column)
    if known is not None and known.table in (None, model.table):
        yield Step(known.at, f"`{model.name}.{known.attribute}` still maps to")
        return
    if model.cls is None or _has(model.cls, column, project):
        return
    for query in project.queries:
        for use in (*query.filters, *query.orders):
            if use.column == column and use.model == model.qualified and column in reads:
                yield Step(use.at, "a query still uses")
        if query.model == model.qualified and column in query.values and column in reads:
            yield Step(query.at, "a query still writes")
    yield from (Step(at, "the code still reads") for owner, at in reads.get(column, ()) if owner == model.qualified)


def _has(cls: Class, name: str, project: Project) -> bool:
    """Whether the class answers to the name by itself: a property, a relation, a constant."""
    return any(
        (not isinstance(each, Class) and not each.startswith(("django.", "sqlalchemy.", "sqlmodel.", "builtins.")))
        or (
            isinstance(each, Class)
            and (name in each.methods or name in each.attributes or name in each.instance_attributes)
        )
        for each in project.classes.mro(cls)
    )


def _reads(project: Project, names: set[str]) -> dict[str, list[tuple[str, Place]]]:
    """Attributes of these names that are read from entities: the entity, and where.

    What is put there by an annotation or an assignment is no column.
    """
    found: defaultdict[str, list[tuple[str, Place]]] = defaultdict(list)
    made: set[str] = set()
    for function in project.functions() if names else ():
        for node in ir.walk(function.body):
            if type(node) is ir.Call and type(node.func) is ir.Attribute and node.func.name in ("annotate", "alias"):
                made |= names & node.keywords.keys()
            elif type(node) is ir.Attribute and node.name in names:
                kind = project.type_of(node.value, function)
                if kind is not None and kind.name in project.models:
                    found[node.name].append((kind.name, function.place(node)))
        made |= {
            target.name
            for stmt in function.statements
            if type(stmt) is ir.Assign
            for target in stmt.targets
            if type(target) is ir.Attribute and target.name in names
        }
    return {name: found[name] for name in names - made}
