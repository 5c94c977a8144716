"""A task is enqueued with arguments it does not take.

## What it does
Binds the arguments of `delay`, `apply_async`, `send`, `enqueue` and `add_task` to the signature of the task, and reports
what is missing, unknown or too much.

## Why it matters
The caller succeeds; the message fails in the worker with a `TypeError`, later and where nobody waits for it.

## Example
```python
from celery import Celery

app = Celery("shop")


@app.task
def ship(order_id: int, carrier: str) -> None: ...


def pay(order_id: int) -> None:
    ship.delay(order_id)
```

## Use instead
```python
from celery import Celery

app = Celery("shop")


@app.task
def ship(order_id: int, carrier: str) -> None: ...


def pay(order_id: int) -> None:
    ship.delay(order_id, carrier="post")
```
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Enqueue, Finding, Place, Project, ProjectRule, Severity, Step, Task, Unit, ir

_PACKED = frozenset({"apply_async", "apply_async_on_commit", "send_task", "send_with_options", "enqueue_call"})
_TAKE_A_CONTEXT = frozenset({"arq"})


class TaskCallMismatch(ProjectRule):
    code = "ARC416"
    severity = Severity.HIGH
    cwe = (628,)
    unit = Unit.ENQUEUE

    def check(self, project: Project) -> Iterable[Finding]:
        for enqueue in project.enqueues:
            if enqueue.task is not None and _is_plain(enqueue.task) and _is_written_out(enqueue):
                wrong = _mismatch(enqueue, enqueue.task)
                if wrong is not None:
                    yield self.finding(
                        enqueue.at,
                        f"`{enqueue.task.function.name}` is enqueued {wrong}",
                        help="Pass what the task takes; a worker cannot tell the caller.",
                        related=[Step(enqueue.task.function.at, "the task")],
                    )

        known = {task.name for task in project.tasks}
        for name, at in _named(project):
            function = project.function(name)
            module = name.rpartition(".")[0]
            if name not in known and function is None and module in project.modules and _is_served(module, project):
                yield self.finding(
                    at,
                    f"`{name}` is scheduled, and `{module}` has no such task: the worker drops what the schedule sends",
                    help="Name a task that there is, or take the entry out.",
                    discriminator=name,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(each.at) for each in project.enqueues if each.task is not None]


_SCHEDULES = frozenset({"beat_schedule", "CELERY_BEAT_SCHEDULE", "CELERYBEAT_SCHEDULE"})


def _named(project: Project) -> Iterator[tuple[str, Place]]:
    """The tasks that schedules of Celery name."""
    for scope in project.scopes():
        for stmt in ir.walk_statements(scope.body):
            match stmt:
                case ir.Assign(targets=[target], value=ir.Dict(values=entries)) if _last(target) in _SCHEDULES:
                    for entry in entries:
                        for key, task in (
                            zip(entry.keys, entry.values, strict=True) if isinstance(entry, ir.Dict) else ()
                        ):
                            match key, task:
                                case ir.Const(value="task"), ir.Const(value=str(name)):
                                    yield name, scope.module.place(task)


def _last(target: ir.Expr) -> str:
    return (ir.dotted(target) or "").rpartition(".")[2]


def _is_served(module: str, project: Project) -> bool:
    """Whether a module is where tasks stand, under names that are its own."""
    return any(task.name == task.function.qualified and task.function.module.name == module for task in project.tasks)


def _is_plain(task: Task) -> bool:
    """Whether the signature is the function's own: no other decorator can have changed it."""
    typing = task.options.get("typing")
    is_typed = not (type(typing) is ir.Const and typing.value is False)
    return len(task.function.decorators) <= 1 and is_typed and not task.function.facts.is_lambda


def _is_written_out(enqueue: Enqueue) -> bool:
    call = enqueue.site.call
    if call.has_unpacking or enqueue.method == "signature":
        return False
    if enqueue.method in _PACKED:
        first = 1 if enqueue.method in ("send_task", "enqueue_call") else 0
        args, kwargs = call.argument(first, "args"), call.argument(first + 1, "kwargs")
        return (args is None or _is_literal(args)) and (kwargs is None or _is_literal(kwargs))
    return True


def _is_literal(value: ir.Expr) -> bool:
    match value:
        case ir.Sequence(items=items):
            return not any(type(item) is ir.Star for item in items)
        case ir.Dict(keys=keys):
            return all(type(key) is ir.Const for key in keys)
        case _:
            return False


def _mismatch(enqueue: Enqueue, task: Task) -> str | None:
    """What does not fit, in words."""
    function = task.function
    parameters = list(function.parameters)
    if (task.is_bound or function.takes_receiver or task.framework in _TAKE_A_CONTEXT) and parameters:
        parameters = parameters[1:]
    kinds = {parameter.kind for parameter in parameters}
    positional = [each for each in parameters if each.kind in ("positional", "plain")]
    if len(enqueue.args) > len(positional) and "star" not in kinds:
        return f"with {len(enqueue.args)} positional arguments and takes {len(positional)}"
    known = {each.name for each in parameters if each.kind in ("plain", "keyword")}
    unknown = sorted(set(enqueue.kwargs) - known)
    if unknown and "stars" not in kinds:
        return f"with `{unknown[0]}`, which it does not take"
    given = {each.name for each in positional[: len(enqueue.args)]}
    twice = sorted(given & set(enqueue.kwargs))
    if twice:
        return f"with two values for `{twice[0]}`"
    missing = [
        each.name
        for each in parameters
        if each.default is None
        and each.kind in ("positional", "plain", "keyword")
        and each.name not in given
        and each.name not in enqueue.kwargs
    ]
    return f"without `{missing[0]}`" if missing and not enqueue.is_partial else None
