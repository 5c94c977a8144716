"""Rows are written one by one in a loop.

## What it does
Reports loops in routes and tasks whose turns do nothing but write one row: insert it, change it in the same way as all
others, delete it, add it to a relation, or commit.

## Why it matters
Each turn is a round trip to the database, and often a transaction: a thousand rows take seconds that one statement does
in milliseconds, and a failure in the middle leaves half of them.

## Example
```python
from celery import shared_task
from django.db import models


class Reading(models.Model):
    value = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task
def store(values: list[int]) -> None:
    for value in values:
        Reading.objects.create(value=value)
```

## Use instead
```python
from celery import shared_task
from django.db import models


class Reading(models.Model):
    value = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task
def store(values: list[int]) -> None:
    Reading.objects.bulk_create([Reading(value=value) for value in values])
```

## When not to
Models whose own `save()` or signals have to run for each row, and loops that go on when one row fails; the rule is
silent there.

## References
- https://docs.djangoproject.com/en/stable/topics/db/optimization/#use-bulk-methods
- https://docs.sqlalchemy.org/en/20/orm/queryguide/dml.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Effect, Finding, Function, Model, Project, ProjectRule, Query, Severity, Step, Unit, a, ir
from backend_lint.rules.data._hooks import override, receivers
from backend_lint.rules.data._shared import Loop, loops, uses

_OTHER_WORK = (Effect.OUTBOUND, Effect.ENQUEUE, Effect.MAIL, Effect.FILE, Effect.COMMIT, Effect.ROLLBACK)
_RELATION = frozenset({"add", "remove"})
_LIKE_DJANGO = frozenset({"django", "peewee", "tortoise"})
_CREATES = frozenset({"create", "acreate", "save", "asave"})
_STORES = frozenset({"save", "asave", "create", "delete", "update", "get_or_create", "update_or_create"})
_SAVES = frozenset({"save", "asave"})


class PerRowWrite(ProjectRule):
    code = "DAT304"
    severity = Severity.MEDIUM
    preview = True
    cwe = (1073,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        hooked = receivers(project)
        for function, label, query in _repeated(project):
            loop = _loop(function, query)
            if loop is None or not _only_writes(loop, query, function, project):
                continue
            advice = _advice(query, loop, function, project)
            model = project.models.get(query.model or "")
            if advice is None or (model is not None and _has_hooks(model, query, hooked, project)):
                continue
            verb = {"insert": "inserts", "update": "updates", "delete": "deletes"}[query.operation]
            verb = "links" if query.site.method in _RELATION else verb
            what = a(model.name) if model is not None else "a row"
            item = next((f"`{each.id}`" for each in ir.walk_expression(loop.target) if type(each) is ir.Name), "item")
            yield self.finding(
                query.at,
                f"`{label}` {verb} {what} by a statement of its own for each {item} of the loop in line "
                f"{project.place(loop.node, function).line}",
                help=advice,
                related=[Step(project.place(loop.source, function), "iterated over here")],
                discriminator=query.model or "",
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for _, _, query in _repeated(project)]


def _repeated(project: Project) -> Iterator[tuple[Function, str, Query]]:
    """The writes in loops of what runs for a route or a task, with that."""
    for query in project.queries:
        label = project.served.get(getattr(query.scope, "qualified", ""))
        if query.is_write and query.loop and label is not None and isinstance(query.scope, Function):
            yield query.scope, label, query


def _loop(function: Function, query: Query) -> Loop | None:
    """The innermost loop around a write, where its number of turns is open."""
    around = [each for each in loops(function) if type(each.node) is ir.For and each.contains(query.site.call)]
    innermost = max(around, key=lambda each: each.node.at, default=None)
    return None if innermost is None or innermost.is_bounded else innermost


def _only_writes(loop: Loop, query: Query, function: Function, project: Project) -> bool:
    """Whether no turn does work that has to be done, or may fail, by item."""
    assert type(loop.node) is ir.For
    if isinstance(project.constant(loop.source, function), list | tuple | set | frozenset | dict):
        return False  # as many turns as the code says
    kinds = {type(stmt) for stmt in ir.walk_statements(loop.node.body)}
    if kinds & {ir.Try, ir.With, ir.Return} or any(
        type(stmt) is ir.Jump and stmt.kind == "break" for stmt in ir.walk_statements(loop.node.body)
    ):
        return False
    for site in project.sites(function):
        if loop.contains(site.call) and site.call is not query.site.call:
            if site.method in _STORES or any(
                project.effects.has(site, effect) for effect in (*_OTHER_WORK, Effect.WRITE)
            ):
                return False
    return True


def _has_hooks(model: Model, query: Query, hooked: dict, project: Project) -> bool:  # type: ignore[type-arg]
    """Whether something of the project's runs for each row that is saved or deleted."""
    if query.library not in _LIKE_DJANGO:
        return False
    if query.site.method in _RELATION:
        return False
    method = "delete" if query.operation == "delete" else "save"
    signals = ("pre_delete", "post_delete") if method == "delete" else ("pre_save", "post_save")
    if override(project, model, method) is not None or model.parent is not None:
        return True
    return any(each.signal in signals for each in (*hooked.get(model.qualified, ()), *hooked.get("", ())))


def _advice(query: Query, loop: Loop, function: Function, project: Project) -> str | None:
    """The one statement that does the same; None where there is none."""
    method, call = query.site.method or "", query.site.call
    if query.library not in _LIKE_DJANGO:
        return _many(query, loop)
    func = call.func
    assert type(func) is ir.Attribute
    if method in _RELATION:
        owner_varies = uses(func.value, loop.names)
        return None if owner_varies or len(call.args) != 1 else f"Pass them all at once: `{method}(*rows)`."
    if query.operation == "insert" and method in _CREATES:
        is_used = _is_used(call if method not in _SAVES else func.value, function, loop)
        return (
            None if is_used or not _is_plain(query, loop) else "Make the rows, and store them with one `bulk_create`."
        )
    if query.operation == "update" and method == "update":
        same = bool(query.values) and not any(uses(value, loop.names) for value in query.values.values())
        by_key = len(query.filters) == 1 and query.filters[0].operator == "=="
        return "Update them all at once: `filter(….__in=…).update(…)`." if same and by_key else None
    if method in _SAVES and query.operation == "update":
        return _saved(func.value, loop)
    if method == "delete" and query.is_single and len(loop.node.body) == 1:  # type: ignore[union-attr]
        is_row = type(func.value) is ir.Name and type(loop.target) is ir.Name and func.value.id == loop.target.id
        is_query = any(each.builder is loop.source for each in project.queries if each.scope is function)
        return "Delete them all at once: `.delete()` of the query." if is_row and is_query else None
    return None


def _is_plain(query: Query, loop: Loop) -> bool:
    """Whether a row is made of its own values; what comes with `**` may be anything."""
    return bool(query.values) and not query.site.call.has_unpacking


def _many(query: Query, loop: Loop) -> str | None:
    """What `executemany` and its like take: one statement for all rows."""
    text = query.site.method == "execute" and len(query.site.call.args) > 1
    varies = text and any(uses(arg.value, loop.names) for arg in query.site.call.args[1:])
    if query.text is None or query.library == "sqlalchemy" or not varies or query.operation == "delete":
        return None
    return "Hand all rows to one `executemany`."


def _is_used(made: ir.Expr, function: Function, loop: Loop) -> bool:
    """Whether the row that is stored is needed in its turn: its key, or the row itself."""
    names: set[str] = {made.id} if type(made) is ir.Name else set()
    for stmt in ir.walk_statements(loop.node.body):  # type: ignore[union-attr]
        match stmt:
            case ir.Assign(targets=targets, value=value) if value is not None and _holds(value, made):
                names |= {each.id for each in targets if type(each) is ir.Name}
                if not all(type(each) is ir.Name for each in targets):
                    return True
            case ir.Evaluate(value=value) if _holds(value, made):
                pass
            case _:
                if any(node is made for each in ir.children(stmt) for node in ir.walk_expression(each)):
                    if type(made) is not ir.Name:
                        return True
    return any(
        type(node) is ir.Name and node.id in names and node.at > made.end and loop.contains(node)
        for node in ir.walk(function.body)
    )


def _holds(expr: ir.Expr, made: ir.Expr) -> bool:
    while type(expr) is ir.Await:
        expr = expr.value
    return expr is made or (type(expr) is ir.Call and type(expr.func) is ir.Attribute and expr.func.value is made)


def _saved(row: ir.Expr, loop: Loop) -> str | None:
    """`for order in orders: order.state = …; order.save()`"""
    if type(row) is not ir.Name or type(loop.target) is not ir.Name or row.id != loop.target.id:
        return None
    changes = [
        stmt
        for stmt in ir.walk_statements(loop.node.body)  # type: ignore[union-attr]
        if type(stmt) is ir.Assign
        and any(
            type(each) is ir.Attribute and type(each.value) is ir.Name and each.value.id == row.id
            for each in stmt.targets
        )
    ]
    if not changes or any(type(stmt) is ir.Augment for stmt in loop.node.body):  # type: ignore[union-attr]
        return None
    if any(type(stmt) in (ir.If, ir.Match) for stmt in loop.node.body):  # type: ignore[union-attr]
        return "Collect the rows that changed, and store them with one `bulk_update`."
    same = not any(uses(stmt.value, loop.names) for stmt in changes if stmt.value is not None)
    return "Change them in one statement: `.update(…)` of the query." if same else "Store them with one `bulk_update`."
