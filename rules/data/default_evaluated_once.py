"""A default that is computed once, when the module is imported.

## What it does
Reports columns and schema fields whose default is the result of a call that should differ from row to row (the time, a
random value, a UUID), and Django fields whose default is one list or dict that all rows share.

## Why it matters
Every row of a process gets the moment of its start, or the same "unique" id; nothing fails until somebody sorts by it.

## Example
```python
from datetime import datetime

from sqlalchemy import Column, DateTime, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    placed_at = Column(DateTime, default=datetime.now())
```

## Use instead
```python
from datetime import datetime

from sqlalchemy import Column, DateTime, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    placed_at = Column(DateTime, default=datetime.now)
```

## References
- https://docs.sqlalchemy.org/en/20/core/defaults.html
- https://docs.djangoproject.com/en/stable/ref/models/fields/#default
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Edit, Finding, Fix, Place, Project, ProjectRule, Safety, Scope, Severity, Unit, ir

_CHANGING = frozenset(
    {
        "datetime.datetime.now",
        "datetime.datetime.utcnow",
        "datetime.datetime.today",
        "datetime.date.today",
        "django.utils.timezone.now",
        "django.utils.timezone.localtime",
        "django.utils.timezone.localdate",
        "time.time",
        "time.time_ns",
        "uuid.uuid1",
        "uuid.uuid4",
        "secrets.token_hex",
        "secrets.token_urlsafe",
        "secrets.token_bytes",
        "random.random",
        "random.randint",
        "os.urandom",
    }
)


class DefaultEvaluatedOnce(ProjectRule):
    code = "DAT104"
    severity = Severity.HIGH
    cwe = (665,)
    unit = Unit.CLASS

    def check(self, project: Project) -> Iterable[Finding]:
        seen: set[tuple[str, int]] = set()
        for owner, name, default, scope, orm in _defaults(project):
            is_column = orm is not None
            key = (scope.module.path, default.at)
            if key in seen:
                continue
            seen.add(key)
            if type(default) is ir.Call and project.site(default, scope).symbol in _CHANGING:
                called = ir.dotted(default.func) or "the call"
                yield self.finding(
                    project.place(default, scope),
                    f"the default of `{owner}.{name}` is `{called}()` at the time of import, the same for every row",
                    help=f"Pass the function: `default={called}`."
                    if is_column
                    else f"Use a factory: `default_factory={called}`.",
                    fix=_without_call(default, scope) if is_column and not default.args else None,
                    discriminator=name,
                )
            elif (
                is_column
                and orm == "django"
                and type(default) in (ir.Dict, ir.Sequence)
                and getattr(default, "kind", "") != "tuple"
            ):
                kind = "dict" if type(default) is ir.Dict else "list"
                yield self.finding(
                    project.place(default, scope),
                    f"the default of `{owner}.{name}` is one {kind} that all rows share",
                    help=f"Pass a callable: `default={kind}`.",
                    discriminator=name,
                )


def _defaults(project: Project) -> Iterator[tuple[str, str, ir.Expr, Scope, str | None]]:
    """Owner, field, default and scope of every default; and the ORM where the owner is a table."""
    for model in project.models.values():
        for column in model.columns.values():
            scope = column.defined_in or model.cls
            for default in (column.default, column.onupdate):
                if default is not None and scope is not None and _stands_in(default, column.at, scope):
                    yield model.name, column.attribute, default, scope, model.orm
    for schema in project.schemas.values():
        for field in schema.fields.values():
            scope = project.enclosing(field.at)
            if field.default is not None and scope is not None:
                yield schema.name, field.name, field.default, scope, None


def _stands_in(default: ir.Expr, at: Place, scope: Scope) -> bool:
    """Whether the default is written in the file of the scope, rather than taken from a base elsewhere."""
    return scope.module.path == at.path and default.end <= scope.module.facts.length


def _without_call(call: ir.Call, scope: Scope) -> Fix:
    edit = Edit(scope.module.path, call.func.end, call.end, "")
    return Fix((edit,), Safety.SAFE, "the column calls the function for each row")
