"""One session is used by coroutines that run at the same time.

## What it does
Reports an `AsyncSession` or an asynchronous connection that is handed to two or more coroutines of one `gather`, or to
coroutines started in a loop or a task group.

## Why it matters
A session has one connection and one state. Two coroutines on it interleave their statements: SQLAlchemy and asyncpg
raise at random, or one coroutine flushes half of what the other is doing.

## Example
```python
import asyncio

from sqlalchemy.ext.asyncio import AsyncSession


async def orders(session: AsyncSession) -> list: ...


async def invoices(session: AsyncSession) -> list: ...


async def dashboard(session: AsyncSession) -> list:
    return await asyncio.gather(orders(session), invoices(session))
```

## Use instead
```python
from sqlalchemy.ext.asyncio import AsyncSession


async def orders(session: AsyncSession) -> list: ...


async def invoices(session: AsyncSession) -> list: ...


async def dashboard(session: AsyncSession) -> list:
    return [await orders(session), await invoices(session)]
```

## References
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#is-the-session-thread-safe-is-asyncsession-safe-to-share-in-concurrent-tasks
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Unit, ir

_SESSIONS = {
    "sqlalchemy.ext.asyncio.AsyncSession": "session",
    "sqlalchemy.ext.asyncio.AsyncConnection": "connection",
    "asyncpg.Connection": "connection",
    "aiosqlite.Connection": "connection",
}


class ConcurrentSessionUse(ProjectRule):
    code = "ARC404"
    severity = Severity.HIGH
    cwe = (362,)
    unit = Unit.FUNCTION
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        for function in _coroutines(project):
            for at, uses, name, kind in _shared(function, project):
                yield self.finding(
                    function.place(at),
                    f"the {kind} `{name}` is used by {uses} at the same time",
                    help=f"Await them one after the other, or give each a {kind} of its own.",
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in _coroutines(project)]


def _coroutines(project: Project) -> list[Function]:
    return [each for each in project.functions() if each.is_async]


def _shared(function: Function, project: Project) -> Iterator[tuple[ir.Call, str, str, str]]:
    """Calls that run several coroutines at once with one session among them: the call, by whom, the session, its kind."""
    for site in project.sites(function):
        if site.symbol != "asyncio.gather":
            continue
        counts: dict[str, list[str]] = {}
        nodes: dict[str, ir.Expr] = {}
        for arg in site.call.args:
            several = arg.stars == 1
            for coroutine in _started(_held(arg.value, function, project)):
                for name, node in {each.id: each for each in _arguments(coroutine) if type(each) is ir.Name}.items():
                    nodes[name] = node
                    counts.setdefault(name, []).extend(
                        [ir.dotted(coroutine.func) or "a coroutine"] * (2 if several else 1)
                    )
        for name, users in counts.items():
            kind = _kind(nodes[name], function, project)
            if kind is not None and len(users) > 1 and not _is_made_inside(name, site.call):
                distinct = list(dict.fromkeys(users))
                uses = (
                    f"several `{distinct[0]}`"
                    if len(distinct) == 1
                    else " and ".join(f"`{each}`" for each in distinct[:2])
                )
                yield site.call, uses, name, kind


def _held(value: ir.Expr, function: Function, project: Project) -> ir.Expr:
    """What a name holds, if it is given one thing alone: a coroutine that has been made and not awaited."""
    bindings = project.types.bindings(function).get(value.id, []) if type(value) is ir.Name else []
    return bindings[0].expr if len(bindings) == 1 and bindings[0].kind == "value" and not bindings[0].path else value


def _started(value: ir.Expr) -> Iterator[ir.Call]:
    match value:
        case ir.Comprehension(element=ir.Call() as call) | (ir.Call() as call):
            yield call
        case ir.Sequence(items=items):
            yield from (each for each in items if type(each) is ir.Call)


def _arguments(call: ir.Call) -> Iterator[ir.Expr]:
    if type(call.func) is ir.Attribute:
        yield call.func.value
    for arg in call.args:
        yield arg.value


def _kind(node: ir.Expr, function: Function, project: Project) -> str | None:
    found = project.type_of(node, function)
    return None if found is None or found.itself else _SESSIONS.get(found.name)


def _is_made_inside(name: str, call: ir.Call) -> bool:
    """Whether a comprehension binds the name anew for each coroutine."""
    return any(
        type(node) is ir.Name and node.id == name
        for each in ir.walk_expression(call)
        if type(each) is ir.Comprehension
        for clause in each.clauses
        for node in ir.walk_expression(clause.target)
    )
