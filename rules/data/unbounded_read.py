"""A whole growing table is read into memory.

## What it does
Reports queries of tasks and handlers that load every row of a table that grows with use, with no condition, limit,
page or stream. Routes that answer with a list are the concern of `list-endpoint-without-pagination`.

## Why it matters
It works until the table is large; then the worker runs out of memory, and takes with it what else it was doing.

## Example
```python
from celery import shared_task
from django.db import models


class Event(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    user_id = models.IntegerField()
    sent = models.BooleanField(default=False)

    class Meta:
        app_label = "shop"


@shared_task
def record(user_id: int) -> None:
    Event.objects.create(user_id=user_id)


@shared_task
def export() -> None:
    for event in Event.objects.all():
        print(event.user_id)
```

## Use instead
```python
from celery import shared_task
from django.db import models


class Event(models.Model):
    created = models.DateTimeField(auto_now_add=True)
    user_id = models.IntegerField()
    sent = models.BooleanField(default=False)

    class Meta:
        app_label = "shop"


@shared_task
def record(user_id: int) -> None:
    Event.objects.create(user_id=user_id)


@shared_task
def export() -> None:
    for event in Event.objects.iterator(chunk_size=1000):
        print(event.user_id)
```

## When not to
Tables that stay short, such as plans or countries.

## References
- https://cwe.mitre.org/data/definitions/770.html
- https://docs.djangoproject.com/en/stable/ref/models/querysets/#iterator
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Function, Model, Project, ProjectRule, Query, Severity, Step, Unit, a, ir, words

_EVENTS = frozenset(
    {"user", "customer", "order", "message", "event", "log", "notification", "comment", "payment", "transaction"}
    | {"invoice", "ticket", "post", "entry", "visit", "review", "feedback", "account", "document", "job", "session"}
)
_OWNERS = frozenset({"user", "customer", "account", "member", "profile", "order"})
_FEW_ROWS = frozenset({"setting", "config", "configuration", "option", "role", "permission", "theme", "plugin", "type"})


class UnboundedRead(ProjectRule):
    code = "DAT307"
    severity = Severity.MEDIUM
    preview = True
    cwe = (1049, 770)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        growing = _growing(project)
        for query, label in _asked(project):
            model = project.models.get(query.model or "")
            if (
                model is None
                or model.qualified not in growing
                or not _is_whole(query, project)
                or _is_answer(query, label)
            ):
                continue
            insert = growing[model.qualified]
            if project.served[insert.scope.qualified] == label:  # type: ignore[union-attr]
                continue  # it works on all of them, and makes some
            yield self.finding(
                query.at,
                f"`{label}` loads every `{model.name}` there is, and each `{project.served[insert.scope.qualified]}` "  # type: ignore[union-attr]
                "adds to them",
                help=f"Ask for those that are needed, or read them in parts: {_in_parts(query)}.",
                related=[Step(insert.at, f"{a(model.name)} is added here")],
                discriminator=model.qualified,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for query, _ in _asked(project)]


def _in_parts(query: Query) -> str:
    return "`.iterator()`" if query.library == "django" else "`yield_per`, or a `LIMIT` from key to key"


def _asked(project: Project) -> list[tuple[Query, str]]:
    return [
        (query, project.served[query.scope.qualified])
        for query in project.queries
        if query.operation == "select" and isinstance(query.scope, Function) and query.scope.qualified in project.served
    ]


def _is_whole(query: Query, project: Project) -> bool:
    """Whether every row is loaded: no condition, join or limit that is known, and none that is not."""
    return not (
        query.is_bounded
        or query.is_single
        or query.is_aggregate
        or query.is_opaque
        or query.is_streamed
        or query.is_lazy
        or query.filters
        or query.has_unknown_filters
        or query.limit is not None
        or _is_narrowed(query, project)
    )


_NARROWS = frozenset({"distinct", "group_by", "having", "dates", "partitions"})
_NARROWS |= {"join", "outerjoin", "select_from", "where", "filter", "values", "values_list"}


def _is_narrowed(query: Query, project: Project) -> bool:
    """Whether a step of the statement leaves rows out in another way: a join, a group, distinct values."""
    for expr in _written(query, project):
        for node in ir.walk_expression(expr):
            if type(node) is not ir.Call:
                continue
            if type(node.func) is ir.Attribute and node.func.name in _NARROWS:
                return True
            if project.site(node, query.scope).targets:
                return True  # what a function of the project's own gives may be part of it
    return False


def _written(query: Query, project: Project) -> list[ir.Expr]:
    """The statement as it is written, what local variables of it hold included."""
    assert isinstance(query.scope, Function)
    bound = project.types.bindings(query.scope)
    found: list[ir.Expr] = [query.builder or query.site.call]
    names: set[str] = set()
    for expr in found:
        for node in ir.walk_expression(expr):
            if type(node) is ir.Name and node.id not in names:
                names.add(node.id)
                found += [each.expr for each in bound.get(node.id, ()) if each.kind == "value"]
    return found


def _growing(project: Project) -> dict[str, Query]:
    """The models whose tables grow with use, each with an insert of a route or a task."""
    found: dict[str, Query] = {}
    for query in project.queries:
        model = project.models.get(query.model or "")
        if query.operation == "insert" and model is not None and _may_grow(model):
            if getattr(query.scope, "qualified", "") in project.served:
                found.setdefault(model.qualified, query)
    return found


def _may_grow(model: Model) -> bool:
    """Whether its rows look like events or possessions rather than entries of a list that people keep short."""
    parts = words(model.name)
    if model.is_join or not parts or parts[-1].rstrip("s") in _FEW_ROWS:
        return False
    columns = model.columns.values()
    is_dated = any(column.family == "datetime" for column in columns)
    parents = {part.rstrip("s") for each in columns for part in words((each.foreign_key or "").partition(".")[0])}
    return (is_dated and not parents.isdisjoint(_OWNERS)) or parts[-1].rstrip("s") in _EVENTS


def _is_answer(query: Query, label: str) -> bool:
    """Whether a route that lists them answers with the rows."""
    if not label.startswith(("GET ", "* ")):
        return False
    function = query.scope
    assert isinstance(function, Function)
    names = {
        target.id
        for stmt in function.statements
        if type(stmt) is ir.Assign and stmt.value is not None and _inside(stmt.value, query.site.call)
        for target in stmt.targets
        if type(target) is ir.Name
    }
    for stmt in function.statements:
        if type(stmt) is ir.Return and stmt.value is not None:
            if _inside(stmt.value, query.site.call):
                return True
            if any(type(node) is ir.Name and node.id in names for node in ir.walk_expression(stmt.value)):
                return True
    return False


def _inside(expr: ir.Expr, call: ir.Call) -> bool:
    return any(node is call for node in ir.walk_expression(expr))
