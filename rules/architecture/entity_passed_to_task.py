"""A database entity, a session or a request is sent to a task.

## What it does
Reports arguments of enqueued tasks that are mapped entities, query sets, sessions, requests or uploads.

## Why it matters
With the JSON serializer the call fails; with pickle the worker gets a copy of how the row was, perhaps before it was
committed, and writes that back. Sessions and requests do not survive the way at all.

## Example
```python
from celery import Celery
from django.db import models

app = Celery("shop")


class Order(models.Model):
    number = models.CharField(max_length=20)


@app.task
def ship(order) -> None: ...


def pay(number: str) -> None:
    order = Order.objects.get(number=number)
    ship.delay(order)
```

## Use instead
```python
from celery import Celery
from django.db import models

app = Celery("shop")


class Order(models.Model):
    number = models.CharField(max_length=20)


@app.task
def ship(order_id: int) -> None: ...


def pay(number: str) -> None:
    order = Order.objects.get(number=number)
    ship.delay(order.pk)
```

## References
- https://docs.celeryq.dev/en/stable/userguide/tasks.html#data-and-state
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Enqueue, Finding, Project, ProjectRule, Severity, Unit, ir

_BOUND_TO_THE_PROCESS = {
    "sqlalchemy.orm.Session": "a session",
    "sqlalchemy.ext.asyncio.AsyncSession": "a session",
    "starlette.requests.Request": "the request",
    "flask.Request": "the request",
    "django.http.HttpRequest": "the request",
    "rest_framework.request.Request": "the request",
    "fastapi.UploadFile": "an upload",
    "starlette.datastructures.UploadFile": "an upload",
    "django.db.models.QuerySet": "a query set",
}
_IN_PROCESS = frozenset({"starlette"})


class EntityPassedToTask(ProjectRule):
    code = "ARC415"
    severity = Severity.MEDIUM
    cwe = (502,)
    unit = Unit.ENQUEUE
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        for enqueue in _sent(project):
            for value in (*enqueue.args, *enqueue.kwargs.values()):
                what = _what(value, enqueue, project)
                if what is not None:
                    name = enqueue.task.function.name if enqueue.task is not None else enqueue.name or "the task"
                    yield self.finding(
                        enqueue.scope.module.place(value),
                        f"`{name}` is sent {what}",
                        help="Send the key, and let the task load what it needs.",
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(each.at) for each in _sent(project)]


def _sent(project: Project) -> list[Enqueue]:
    return [each for each in project.enqueues if each.framework not in _IN_PROCESS]


def _what(value: ir.Expr, enqueue: Enqueue, project: Project) -> str | None:
    kind = project.type_of(value, enqueue.scope)
    if kind is None or kind.itself:
        return None
    model = project.models.get(kind.name)
    return f"the entity `{model.name}`" if model is not None else _BOUND_TO_THE_PROCESS.get(kind.name)
