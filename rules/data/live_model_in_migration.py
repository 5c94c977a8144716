"""A migration queries with the application's models of today.

## What it does
Reports migrations that read or write rows by a model class imported from the application, instead of one frozen at that
revision (`apps.get_model`, a table defined in the migration).

## Why it matters
The class knows the columns of today, the table has those of the revision. As soon as a later change adds a column, the
migration fails on every new installation and in every test that starts from nothing.

## Example
```python
# shop/__init__.py
# shop/models.py
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=20)


# shop/migrations/__init__.py
# shop/migrations/0002_fill.py
from django.db import migrations
from shop.models import Order


def fill(apps, schema_editor) -> None:
    Order.objects.filter(status="").update(status="open")


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
```

## Use instead
```python
# shop/__init__.py
# shop/migrations/__init__.py
# shop/migrations/0002_fill.py
from django.db import migrations


def fill(apps, schema_editor) -> None:
    Order = apps.get_model("shop", "Order")
    Order.objects.filter(status="").update(status="open")


class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
```

## When not to
Constants and enumerations that do not change may be imported; the rule is silent there.

## Options
- `recent`: how many of the newest migrations of each history are looked at, 5 unless said otherwise. Older ones have run.

## References
- https://docs.djangoproject.com/en/stable/topics/migrations/#historical-models
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Model, Module, Project, ProjectRule, Severity, Step, Unit, ir
from backend_lint.rules.data._migrations import ROLES, MigrationOptions, recent

_STARTS = frozenset({"select", "insert", "update", "delete", "query", "get", "exists"})


class LiveModelInMigration(ProjectRule):
    code = "DAT414"
    severity = Severity.MEDIUM
    roles = ROLES
    unit = Unit.MIGRATION
    Options = MigrationOptions

    def check(self, project: Project) -> Iterable[Finding]:
        for migration in recent(project, self.options.recent):
            for node, model, function in _queried(migration.module, project):
                frozen = f'`apps.get_model("{migration.app}", "{model.name}")`' if migration.tool == "django" else ""
                yield self.finding(
                    project.place(node, function),
                    f"queries with the `{model.name}` of today, which may have columns that its table lacks at this revision",
                    help=f"Use {frozen or 'a table defined here, with the columns that it needs'}.",
                    related=[Step(model.at, f"`{model.name}`")],
                    discriminator=model.name,
                )


def _queried(module: Module, project: Project) -> Iterator[tuple[ir.Expr, Model, Function]]:
    """The first query by each model of the application in a migration."""
    seen: set[str] = set()
    for function in module.functions:
        for stmt in function.statements:
            nodes = [node for child in ir.children(stmt) for node in ir.walk_expression(child)]
            if any(type(node) is ir.Call and _names_columns(node) for node in nodes):
                continue
            for node in nodes:
                for expr in _subjects(node):
                    name = project.qualified(expr, function)
                    model = None if name is None else project.models.get(name)
                    if model is None or model.qualified in seen or model.cls is None or model.cls.module is module:
                        continue
                    seen.add(model.qualified)
                    yield node, model, function


def _names_columns(call: ir.Call) -> bool:
    """Whether it keeps a query to the columns that it names."""
    return (ir.dotted(call.func) or getattr(call.func, "name", "")).rpartition(".")[2] in _CHOOSING


_CHOOSING = frozenset({"only", "values_list", "load_only"})


def _subjects(node: ir.Expr) -> Iterator[ir.Expr]:
    """What a query is about, where an expression begins one."""
    match node:
        case ir.Attribute(value=value, name="objects" | "query"):
            yield value
        case ir.Call(func=ir.Name(id=name) | ir.Attribute(name=name), args=args) if name in _STARTS:
            yield from (arg.value for arg in args if type(arg.value) in (ir.Name, ir.Attribute))
