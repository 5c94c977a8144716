"""A created task is not kept.

## What it does
Reports `asyncio.create_task(...)` and `ensure_future(...)` whose result is thrown away.

## Why it matters
The event loop keeps only a weak reference: the task may be collected before it has finished, and its exception is
seen by nobody.

## Example
```python
import asyncio


async def notify(order_id: int) -> None:
    ...


async def place_order(order_id: int) -> None:
    asyncio.create_task(notify(order_id))
```

## Use instead
```python
import asyncio

running: set[asyncio.Task[None]] = set()


async def notify(order_id: int) -> None:
    ...


async def place_order(order_id: int) -> None:
    task = asyncio.create_task(notify(order_id))
    running.add(task)
    task.add_done_callback(running.discard)
```

## References
- https://docs.python.org/3/library/asyncio-task.html#asyncio.create_task
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Project, ProjectRule, Severity, Unit, ir

_CREATORS = frozenset(
    {
        "asyncio.create_task",
        "asyncio.ensure_future",
        "asyncio.get_event_loop().create_task",
        "asyncio.get_running_loop().create_task",
        "asyncio.new_event_loop().create_task",
    }
)


class DanglingTask(ProjectRule):
    code = "ARC405"
    severity = Severity.MEDIUM
    waived_by = ("RUF006",)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in project.functions():
            for stmt in function.statements:
                if type(stmt) is ir.Evaluate and type(stmt.value) is ir.Call:
                    site = project.site(stmt.value, function)
                    if site.symbol in _CREATORS:
                        what = _started(stmt.value)
                        yield self.finding(
                            site.at,
                            f"the task{what} is kept by nobody: it may vanish before it is done, and its error is lost",
                            help="Keep it in a set until its done-callback discards it, await it, or use a `TaskGroup`.",
                        )

    def examined(self, project: Project) -> Iterable[str]:
        return [
            str(site.at)
            for function in project.functions()
            for site in project.sites(function)
            if site.symbol in _CREATORS
        ]


def _started(call: ir.Call) -> str:
    match call.args:
        case [ir.Argument(value=ir.Call(func=func)), *_]:
            return f" that runs `{ir.dotted(func)}`" if ir.dotted(func) else ""
        case _:
            return ""
