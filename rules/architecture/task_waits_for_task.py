"""A task, or the event loop, waits for the result of another task.

## What it does
Reports `get()`, `join()` and `wait()` on the result of a task that was put on the queue in a task, or in a coroutine.

## Why it matters
The waiting task holds a worker until another worker has done the work. When all workers wait, nobody is left to do it:
the queue stands still for ever. In a coroutine, the whole process stands still meanwhile.

## Example
```python
from celery import shared_task


@shared_task
def price(sku: str) -> float:
    return 1.0


@shared_task
def total(skus: list[str]) -> float:
    return sum(price.delay(sku).get() for sku in skus)
```

## Use instead
```python
from celery import chord, shared_task


@shared_task
def price(sku: str) -> float:
    return 1.0


@shared_task
def added(prices: list[float]) -> float:
    return sum(prices)


@shared_task
def total(skus: list[str]) -> None:
    chord(price.s(sku) for sku in skus)(added.s())
```

## When not to
Commands and tests may wait; they hold no worker.

## References
- https://docs.celeryq.dev/en/stable/userguide/tasks.html#avoid-launching-synchronous-subtasks
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Enqueue, Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir

_WAITS = frozenset({"get", "join", "wait", "get_result", "join_native", "wait_result"})
_SYNCHRONOUS = frozenset({"celery", "dramatiq", "rq", "huey"})


class TaskWaitsForTask(ProjectRule):
    code = "ARC418"
    severity = Severity.HIGH
    cwe = (833,)
    unit = Unit.TASK

    def check(self, project: Project) -> Iterable[Finding]:
        tasks = {task.function.qualified for task in project.tasks}
        for each in project.enqueues:
            scope = each.scope
            if not isinstance(scope, Function) or each.framework not in _SYNCHRONOUS or each.is_partial:
                continue
            if scope.qualified not in tasks and not scope.is_async:
                continue
            wait = next(_waits(each, scope), None)
            if wait is not None:
                who = "the task" if scope.qualified in tasks else "the coroutine"
                yield self.finding(
                    scope.place(wait),
                    f"{who} `{scope.name}` waits here for the task `{each.name or 'it enqueues'}`",
                    help="Chain the tasks, or let the second one be started by the end of the first.",
                    related=[Step(each.at, "put on the queue here")],
                    unit=scope.qualified,
                )


def _waits(each: Enqueue, function: Function) -> Iterator[ir.Call]:
    """Calls that wait for the result of what was put on the queue, directly or by the name that it got."""
    names = {
        target.id
        for stmt in function.statements
        if type(stmt) is ir.Assign and stmt.value is each.site.call
        for target in stmt.targets
        if type(target) is ir.Name
    }
    for node in ir.walk(function.body):
        if type(node) is ir.Call and type(node.func) is ir.Attribute and node.func.name in _WAITS:
            owner = node.func.value
            if owner is each.site.call or (type(owner) is ir.Name and owner.id in names):
                yield node
