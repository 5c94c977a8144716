"""A bulk write skips what the model does when a row is saved.

## What it does
Reports `update()`, `bulk_create()` and the `delete()` of a query on models of Django whose own `save()` computes a column
from what is written, or whose `delete()` only marks a row.

## Why it matters
Bulk writes go straight to the database, and `save()` and `delete()` do not run. The slug keeps the old name, and rows
that were only to be hidden are really gone.

## Example
```python
from django.db import models
from django.utils.text import slugify


class Product(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField()

    class Meta:
        app_label = "shop"

    def save(self, *args, **kwargs):
        self.slug = slugify(self.name)
        super().save(*args, **kwargs)


def rename(product_id: int, name: str) -> None:
    Product.objects.filter(pk=product_id).update(name=name)
```

## Use instead
```python
from django.db import models
from django.utils.text import slugify


class Product(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField()

    class Meta:
        app_label = "shop"

    def save(self, *args, **kwargs):
        self.slug = slugify(self.name)
        super().save(*args, **kwargs)


def rename(product_id: int, name: str) -> None:
    Product.objects.filter(pk=product_id).update(name=name, slug=slugify(name))
```

## References
- https://docs.djangoproject.com/en/stable/ref/models/querysets/#update
- https://docs.djangoproject.com/en/stable/ref/models/querysets/#bulk-create
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_lint.api import Finding, Function, Model, Place, Project, ProjectRule, Query, Severity, Step, Unit, ir
from backend_lint.rules.data._hooks import override

_UPDATES = frozenset({"update", "aupdate"})
_CREATES = frozenset({"bulk_create", "abulk_create"})
_DELETES = frozenset({"delete", "adelete"})


@dataclass(frozen=True)
class _Computed:
    """A column that `save()` sets, from which others; `is_once` where only for new rows."""

    name: str
    sources: frozenset[str]
    is_once: bool
    at: Place


class BulkBypassesHooks(ProjectRule):
    code = "DAT419"
    severity = Severity.MEDIUM
    preview = True
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        for query, model in _bulk(project):
            if query.site.method in _UPDATES:
                yield from self._stale(query, model, project)
            elif query.site.method in _CREATES:
                yield from self._unset(query, model, project)
            elif not query.is_single:
                yield from self._undone(query, model, project)

    def _stale(self, query: Query, model: Model, project: Project) -> Iterator[Finding]:
        for each in _computed(model, project):
            changed = each.sources & query.values.keys()
            if changed and not each.is_once and each.name not in query.values:
                source = sorted(changed)[0]
                yield self.finding(
                    query.at,
                    f"`update()` changes `{model.name}.{source}` past `save()`, which computes `{each.name}` from it",
                    help=f"Write `{each.name}` in the same `update()`, or `save()` the rows.",
                    related=[Step(each.at, f"`save()` sets `{each.name}` here")],
                    discriminator=each.name,
                )

    def _unset(self, query: Query, model: Model, project: Project) -> Iterator[Finding]:
        made = _made(query, model, project)
        given = {name for call in made for name in call.keywords}
        if not made or any(call.has_unpacking for call in made) or _is_assigned(query, made, project):
            return
        for each in _computed(model, project):
            if each.name not in given and each.sources:
                yield self.finding(
                    query.at,
                    f"`bulk_create()` stores `{model.name}` past `save()`, which sets `{each.name}`",
                    help=f"Give the rows their `{each.name}`, or `save()` them.",
                    related=[Step(each.at, f"`save()` sets `{each.name}` here")],
                    discriminator=each.name,
                )

    def _undone(self, query: Query, model: Model, project: Project) -> Iterator[Finding]:
        method = override(project, model, "delete")
        if method is None or _queryset_deletes(model, project):
            return
        if not any(_is_super_delete(call) for call in ir.calls(method.body)):
            what = "only marks a row: this really deletes them"
        else:
            return
        yield self.finding(
            query.at,
            f"the `delete()` of a query does not call `{model.name}.delete()`, which {what}",
            help="Mark the rows with one `update()`, or give the model a queryset with a `delete()` that does.",
            related=[Step(method.at, f"`{model.name}.delete()`")],
        )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for query, _ in _bulk(project)]


def _bulk(project: Project) -> Iterator[tuple[Query, Model]]:
    for query in project.queries:
        model = project.models.get(query.model or "")
        if query.library == "django" and model is not None and query.site.method in _UPDATES | _CREATES | _DELETES:
            if not query.site.targets:
                yield query, model


def _computed(model: Model, project: Project) -> Iterator[_Computed]:
    method = override(project, model, "save")
    if method is None or not method.parameters:
        return
    own = method.parameters[0].name
    for stmt, tests in _with_tests(method.body, ()):
        match stmt:
            case ir.Assign(targets=[ir.Attribute(value=ir.Name(id=owner), name=name)], value=value) if owner == own:
                if name in model.columns and value is not None:
                    sources = frozenset(_read(value, own)) & model.columns.keys()
                    tested = {each for test in tests for each in _read(test, own)}
                    is_once = bool(tested & {name, "pk", "id", "_state"}) or bool(tests)
                    yield _Computed(name, sources - {name}, is_once, method.place(stmt))


def _with_tests(body: list[ir.Stmt], tests: tuple[ir.Expr, ...]) -> Iterator[tuple[ir.Stmt, tuple[ir.Expr, ...]]]:
    """The statements of a block, each with the conditions that it stands under."""
    for stmt in body:
        yield stmt, tests
        inner = (*tests, stmt.test) if type(stmt) is ir.If else tests
        for block in ir.blocks(stmt):
            yield from _with_tests(block, inner)


def _read(expr: ir.Expr, own: str) -> Iterator[str]:
    for node in ir.walk_expression(expr):
        if type(node) is ir.Attribute and type(node.value) is ir.Name and node.value.id == own:
            yield node.name


def _made(query: Query, model: Model, project: Project) -> list[ir.Call]:
    """The calls of the same function that make the rows."""
    scope = query.scope
    return [site.call for site in project.sites(scope) if project.qualified(site.call.func, scope) == model.qualified]


def _is_assigned(query: Query, made: list[ir.Call], project: Project) -> bool:
    """Whether the rows get more than they are made with, or set it by a method of theirs."""
    scope = query.scope
    if not isinstance(scope, Function):
        return True
    names = {
        target.id
        for stmt in scope.statements
        if type(stmt) is ir.Assign and any(stmt.value is call for call in made)
        for target in stmt.targets
        if type(target) is ir.Name
    }
    return any(
        type(node) is ir.Attribute and type(node.value) is ir.Name and node.value.id in names
        for node in ir.walk(scope.body)
    )


def _queryset_deletes(model: Model, project: Project) -> bool:
    """Whether a queryset of the project has a `delete` of its own, which this may be."""
    bases = ("django.db.models.QuerySet", "django.db.models.query.QuerySet", "django.db.models.Manager")
    return any(
        "delete" in cls.methods and project.classes.is_subclass(cls, *bases)
        for module in project.modules.values()
        for cls in module.classes
    )


def _is_super_delete(call: ir.Call) -> bool:
    match call.func:
        case ir.Attribute(value=ir.Call(func=ir.Name(id="super")), name="delete"):
            return True
        case ir.Attribute(name="delete" | "hard_delete"):
            return True
        case _:
            return False
