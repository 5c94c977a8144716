"""A task that may run twice does twice what must be done once.

## What it does
Reports tasks that are run again after an error or a lost worker (`autoretry_for`, `acks_late`, `self.retry`, Dramatiq's
actors) and that store a row or send a mail before a later step that can fail, with nothing that notices the second run:
no unique key, no look at what is already there, no state.

## Why it matters
The queue delivers at least once. When the later step fails, the task starts again from the top: the customer gets the
mail twice, the booking is stored twice.

## Example
```python
import requests
from celery import shared_task
from django.db import models


class Booking(models.Model):
    amount = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task(autoretry_for=(Exception,), max_retries=5)
def book(amount: int) -> None:
    Booking.objects.create(amount=amount)
    requests.post("https://accounting.example.com/bookings", json={"amount": amount}, timeout=10)
```

## Use instead
```python
import requests
from celery import shared_task
from django.db import models


class Booking(models.Model):
    order = models.IntegerField(unique=True)
    amount = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task(autoretry_for=(Exception,), max_retries=5)
def book(order: int, amount: int) -> None:
    Booking.objects.get_or_create(order=order, defaults={"amount": amount})
    requests.post("https://accounting.example.com/bookings", json={"amount": amount}, timeout=10)
```

## References
- https://docs.celeryq.dev/en/stable/userguide/tasks.html#task-options
- https://cwe.mitre.org/data/definitions/837.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    CallSite,
    Effect,
    Finding,
    Function,
    Project,
    ProjectRule,
    Query,
    Severity,
    Step,
    Task,
    Unit,
    a,
    ir,
)
from backend_lint.rules.data._shared import is_true, stands_before

_INSERTS = frozenset({"create", "acreate", "add", "save", "asave", "execute", "insert_one"})


class NonIdempotentRetry(ProjectRule):
    code = "DAT408"
    severity = Severity.MEDIUM
    preview = True
    cwe = (837,)
    unit = Unit.TASK

    def check(self, project: Project) -> Iterable[Finding]:
        mails = {id(each.site.call) for each in project.outbound if each.kind == "mail"}
        inserts = {id(query.site.call): query for query in project.queries if query.operation == "insert"}
        for task in project.tasks:
            why = _why_again(task, project)
            if why is None or _notices(task.function, project):
                continue
            for first, what in _once(task.function, mails, inserts, project):
                later = _fallible(first, task.function, project)
                if later is not None:
                    yield self.finding(
                        first.at,
                        f"the task `{task.function.name}` {what}, and {why}: when `{later.name}()` of line {later.at.line} fails, it "
                        "does so again",
                        help="Let a unique key, a stored state or an idempotency key tell the second run, or hand the later "
                        "step to a task of its own.",
                        related=[Step(later.at, "may fail after it"), Step(task.at, "run again from here")],
                        unit=task.name,
                    )
                    break

    def examined(self, project: Project) -> Iterable[str]:
        return [task.name for task in project.tasks if _why_again(task, project) is not None]


def _why_again(task: Task, project: Project) -> str | None:
    """Why a task may run twice, None where it is run at most once."""
    if "autoretry_for" in task.options:
        return "is tried again when it fails"
    if is_true(task.options.get("acks_late")):
        return "is delivered again when its worker is lost"
    if task.framework == "dramatiq":
        most = task.options.get("max_retries")
        return None if type(most) is ir.Const and most.value == 0 else "Dramatiq tries it again when it fails"
    if task.framework == "celery" and task.is_bound and any(map(_retries_all, _handlers(task.function))):
        return "calls `retry()` when it fails"
    return None


def _handlers(function: Function) -> list[ir.Handler]:
    return [handler for stmt in function.statements if type(stmt) is ir.Try for handler in stmt.handlers]


def _retries_all(handler: ir.Handler) -> bool:
    is_broad = handler.type is None or ir.dotted(handler.type) in ("Exception", "BaseException")
    return is_broad and any(ir.dotted(call.func) == "self.retry" for call in ir.calls(handler.body))


def _notices(function: Function, project: Project) -> bool:
    """Whether the task may leave, or goes another way, by what is stored or cached: a second run would be noticed."""
    for stmt in function.statements:
        if type(stmt) is not ir.If:
            continue
        if any(type(each) in (ir.Return, ir.Raise) for each in stmt.body):
            return True
        if any(type(node) in (ir.Attribute, ir.Call) for node in ir.walk_expression(stmt.test)):
            return True
    return any(site.method in _LOCKS for site in project.sites(function))


_LOCKS = frozenset(
    {"get_or_create", "update_or_create", "on_conflict_do_nothing", "on_conflict_do_update", "merge"}
    | {"lock", "setnx", "acquire"}
)


def _once(
    function: Function, mails: set[int], inserts: dict[int, Query], project: Project
) -> Iterator[tuple[CallSite, str]]:
    """The calls of a task that must not be made twice, and what they do."""
    for site in project.sites(function):
        query = inserts.get(id(site.call))
        if id(site.call) in mails:
            yield site, "sends a mail"
        elif query is not None and query.site.method in _INSERTS and not _is_told_apart(query, project):
            model = project.models.get(query.model or "")
            if model is not None:
                yield site, f"stores {a(model.name)}"


def _is_told_apart(query: Query, project: Project) -> bool:
    """Whether a second row of the same values is refused, or cannot be told."""
    model = project.models.get(query.model or "")
    if model is None or not query.values:
        return True
    names = {model.columns[each].name if each in model.columns else each for each in query.values}
    return model.is_unique(frozenset(names | {f"{each}_id" for each in names}))


def _fallible(first: CallSite, function: Function, project: Project) -> CallSite | None:
    """A later call on the same way that leaves the process, and so may fail."""
    if _may_fail_alone(first, function):
        return None
    for site in project.sites(function):
        if site.call.at > first.call.end and stands_before(function.body, first.call, site.call):
            found = project.effects.has(site, Effect.OUTBOUND) or project.effects.has(site, Effect.MAIL)
            if found and not _may_fail_alone(site, function):
                return site
    return None


def _may_fail_alone(site: CallSite, function: Function) -> bool:
    """Whether an error of a call is dealt with, so that the task goes on."""
    return any(
        type(stmt) is ir.Try
        and any(block.at <= site.call.at < block.end for block in stmt.body)
        and not any(type(inner) is ir.Raise for handler in stmt.handlers for inner in ir.walk_statements(handler.body))
        and not any(map(_retries_all, stmt.handlers))
        for stmt in function.statements
    )
