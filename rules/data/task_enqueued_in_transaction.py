"""A task is put on the queue before the rows that it needs are committed.

## What it does
Reports tasks that are enqueued inside a transaction with a row, or the key of one, that the same transaction writes;
also where the row is written or the task enqueued in a function that is called there.

## Why it matters
The worker may be faster than the commit: it looks for a row that is not there yet, or works with its old state. When
the transaction is rolled back, the task runs all the same. It shows only under load.

## Example
```python
from celery import shared_task
from django.db import models, transaction


class Order(models.Model):
    total = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task
def send_receipt(order_id: int) -> None:
    print(Order.objects.get(pk=order_id))


def place(total: int) -> None:
    with transaction.atomic():
        order = Order.objects.create(total=total)
        send_receipt.delay(order.pk)
```

## Use instead
```python
from celery import shared_task
from django.db import models, transaction


class Order(models.Model):
    total = models.IntegerField()

    class Meta:
        app_label = "shop"


@shared_task
def send_receipt(order_id: int) -> None:
    print(Order.objects.get(pk=order_id))


def place(total: int) -> None:
    with transaction.atomic():
        order = Order.objects.create(total=total)
        transaction.on_commit(lambda: send_receipt.delay(order.pk))
```

## When not to
The queue lives in the same database, so that the task is committed with the rows; the task is delayed on purpose.

## References
- https://docs.celeryq.dev/en/stable/userguide/tasks.html#database-transactions
- https://docs.djangoproject.com/en/stable/topics/db/transactions/#performing-actions-after-commit
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    CallSite,
    Effect,
    Enqueue,
    Finding,
    Function,
    Project,
    ProjectRule,
    Severity,
    Step,
    Transaction,
    Unit,
    ir,
)
from backend_lint.rules.data._transactions import Writes, hands_over, received, within

_DEPTH = 4
_SAME_DATABASE = frozenset({"starlette", "procrastinate", "django_q"})
_DELAYS = frozenset({"countdown", "eta", "delay", "schedule"})


class TaskEnqueuedInTransaction(ProjectRule):
    code = "DAT402"
    severity = Severity.HIGH
    cwe = (362,)
    unit = Unit.ENQUEUE

    def check(self, project: Project) -> Iterable[Finding]:
        walk = _Walk(project)
        done: set[int] = set()
        running = project.served
        for transaction in project.transactions:
            if transaction.kind == "session" and getattr(transaction.scope, "qualified", "") not in running:
                continue  # a script: nobody waits, and what it enqueues it enqueues by hand
            for path, enqueue in walk.found(transaction):
                if id(path[0].call) in done:
                    continue
                done.add(id(path[0].call))
                yield self._finding(path, enqueue, transaction)

    def _finding(self, path: tuple[CallSite, ...], enqueue: Enqueue, transaction: Transaction) -> Finding:
        name = enqueue.task.function.name if enqueue.task is not None else enqueue.name or "a task"
        through = f", through `{path[0].name}()`," if len(path) > 1 else ""
        is_django = transaction.library == "django"
        return self.finding(
            path[0].at,
            f"`{name}` is enqueued{through} with a row that the transaction of line {transaction.at.line} has not committed",
            help="Enqueue it in `transaction.on_commit(…)`." if is_django else "Commit first, then enqueue.",
            trace=[Step(each.at, f"`{each.name}`") for each in path] if len(path) > 1 else (),
            related=[Step(transaction.at, "the transaction begins")],
            discriminator=name,
        )


class _Walk:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.writes = project.derived(Writes)
        self.enqueues = {
            id(each.site.call): each for each in project.enqueues if not _waits(each) and not self._is_deferred(each)
        }

    def found(self, transaction: Transaction) -> Iterator[tuple[tuple[CallSite, ...], Enqueue]]:
        function = transaction.scope
        if not isinstance(function, Function) or _gives_up(transaction):
            return
        queries = [each for each in self.writes.of(function) if within(transaction, each)]
        names = self.writes.names(function, queries)
        for site in transaction.calls:
            found = self._below(site, names, _DEPTH, frozenset())
            if found is not None:
                yield found

    def _below(
        self, site: CallSite, names: set[str], depth: int, seen: frozenset[str]
    ) -> tuple[tuple[CallSite, ...], Enqueue] | None:
        enqueue = self.enqueues.get(id(site.call))
        if enqueue is not None:
            given = [*enqueue.args, *enqueue.kwargs.values()]
            return ((site,), enqueue) if any(hands_over(each, names) for each in given) else None
        if depth == 0 or not site.is_certain or len(site.targets) != 1 or site.targets[0].qualified in seen:
            return None
        if not self.project.effects.has(site, Effect.ENQUEUE):
            return None
        target = site.targets[0]
        inside = received(site, target, names) | self.writes.names(target, self.writes.of(target))
        for inner in self.project.sites(target):
            found = self._below(inner, inside, depth - 1, seen | {target.qualified})
            if found is not None:
                return (site, *found[0]), found[1]
        return None

    def _is_deferred(self, enqueue: Enqueue) -> bool:
        """Whether the task's own class waits for the commit, in a method of the project's."""
        base = enqueue.task.options.get("base") if enqueue.task is not None else None
        scope = None if enqueue.task is None else enqueue.task.function.around
        names = [self.project.qualified(base, scope)] if base is not None and scope is not None else []
        names += [each.qualified for each in enqueue.site.targets]
        for name in names:
            cls = self.project.cls(name or "")
            if cls is not None and any(self.project.classes.method(cls.qualified, each) for each in _SENDS):
                return True
        return bool(enqueue.site.targets) and enqueue.site.is_certain and enqueue.framework != "huey"


_SENDS = ("delay", "apply_async")


def _waits(enqueue: Enqueue) -> bool:
    """Whether it is sent after the commit, or with a delay, or by the same commit."""
    if enqueue.after_commit or enqueue.is_partial or enqueue.framework in _SAME_DATABASE:
        return True
    return not _DELAYS.isdisjoint(enqueue.site.call.keywords)


def _gives_up(transaction: Transaction) -> bool:
    """Whether the transaction ends with an error that is raised on purpose, which `on_commit` would not survive."""
    return bool(transaction.statements) and type(transaction.statements[-1]) is ir.Raise
