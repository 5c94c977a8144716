"""A cancellation is caught and not passed on.

## What it does
Reports handlers in coroutines that catch `CancelledError`, `BaseException` or everything, and neither raise nor end what
they run in. Silent where the coroutine itself cancelled the task that it awaits.

## Why it matters
Shut-down, time limits and a client that went away are all cancellations. Whoever swallows them keeps running: workers
do not stop, `asyncio.timeout` has no effect, and work goes on for nobody.

## Example
```python
import asyncio


async def poll(queue: asyncio.Queue) -> None:
    while True:
        try:
            print(await queue.get())
        except BaseException:
            print("failed")
```

## Use instead
```python
import asyncio


async def poll(queue: asyncio.Queue) -> None:
    while True:
        try:
            print(await queue.get())
        except asyncio.CancelledError:
            raise
        except Exception:
            print("failed")
```

## References
- https://docs.python.org/3/library/asyncio-task.html#task-cancellation
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Unit, ir

_CANCELLATIONS = frozenset({"asyncio.CancelledError", "asyncio.exceptions.CancelledError", "builtins.BaseException"})


class SwallowedCancellation(ProjectRule):
    code = "ARC406"
    severity = Severity.MEDIUM
    cwe = (391,)
    unit = Unit.FUNCTION
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        for function in project.functions():
            if function.is_async and not _cancels(function):
                for handler, caught in _handlers(function, project):
                    place = function.module.facts.place(function.module.path, handler.at, handler.body[0].at)
                    yield self.finding(
                        place,
                        f"`{caught}` swallows the cancellation of `{function.name}`, which goes on in its loop",
                        help="Catch `Exception`, or end the handler with `raise`.",
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in project.functions() if each.is_async]


def _handlers(function: Function, project: Project) -> Iterator[tuple[ir.Handler, str]]:
    """Handlers within a loop that take a cancellation and let the loop go on."""
    for loop in function.statements:
        if type(loop) not in (ir.While, ir.For):
            continue
        for stmt in ir.walk_statements(loop.body):  # type: ignore[union-attr]
            if type(stmt) is not ir.Try or not any(type(node) is ir.Await for node in ir.walk(stmt.body)):
                continue
            for handler in stmt.handlers:
                caught = _caught(handler, function, project)
                if caught is not None:
                    if not _leaves(handler.body):
                        yield handler, caught
                    break


def _caught(handler: ir.Handler, function: Function, project: Project) -> str | None:
    if handler.type is None:
        return "except:"
    for kind in handler.type.items if type(handler.type) is ir.Sequence else [handler.type]:
        if project.qualified(kind, function) in _CANCELLATIONS:
            return f"except {ir.dotted(kind)}"
    return None


def _leaves(body: list[ir.Stmt]) -> bool:
    """Whether the handler raises, returns or leaves the loop on some way."""
    return any(
        type(stmt) in (ir.Raise, ir.Return) or (type(stmt) is ir.Jump and stmt.kind == "break")
        for stmt in ir.walk_statements(body)
    )


def _cancels(function: Function) -> bool:
    return any(
        type(node) is ir.Call and type(node.func) is ir.Attribute and node.func.name == "cancel"
        for node in ir.walk(function.body)
    )
