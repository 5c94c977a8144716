"""Work that outlives the request uses what ends with it.

## What it does
Reports sessions, requests and uploads of a request that are handed to a thread, an executor or a task of the event loop
which nobody waits for; and to background tasks of a FastAPI that closes them before those run (0.106 to 0.117).

## Why it matters
When the response is out, the session is closed, its connection serves somebody else, and the upload is deleted. Whether
the work in the background still finds them is a race, which it wins in tests and loses under load.

## Example
```python
# shop/api.py
import asyncio

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession

from shop.database import opened

app = FastAPI()


async def recount(session: AsyncSession) -> None: ...


@app.post("/orders")
async def place(session: AsyncSession = Depends(opened)) -> None:
    asyncio.create_task(recount(session))


# shop/database.py
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

make = async_sessionmaker()


async def opened():
    async with make() as session:
        yield session
```

## Use instead
```python
# shop/api.py
import asyncio

from fastapi import FastAPI

from shop.database import make

app = FastAPI()
running = set()


async def recount() -> None:
    async with make() as session:
        await session.commit()


@app.post("/orders")
async def place() -> None:
    task = asyncio.create_task(recount())
    running.add(task)
    task.add_done_callback(running.discard)


# shop/database.py
from sqlalchemy.ext.asyncio import async_sessionmaker

make = async_sessionmaker()
```

## When not to
Background tasks of FastAPI 0.118 and later may use the session of the request, which then holds its connection longer.

## References
- https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/#dependencies-with-yield-and-background-tasks
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Severity, Unit, ir

_RESOURCES = {
    "sqlalchemy.orm.Session": "session",
    "sqlalchemy.ext.asyncio.AsyncSession": "session",
    "asyncpg.Connection": "connection",
    "starlette.requests.Request": "request",
    "django.http.HttpRequest": "request",
    "fastapi.UploadFile": "upload",
    "starlette.datastructures.UploadFile": "upload",
}
_STARTS = {
    "asyncio.create_task": "a task that nobody waits for",
    "asyncio.ensure_future": "a task that nobody waits for",
    "threading.Thread": "a thread",
    "threading.Timer": "a thread",
    "concurrent.futures.ThreadPoolExecutor.submit": "an executor",
    "concurrent.futures.Executor.submit": "an executor",
}
_BACKGROUND = frozenset(
    {"fastapi.BackgroundTasks.add_task", "starlette.background.BackgroundTasks.add_task"}
    | {"fastapi.background.BackgroundTasks.add_task"}
)
_VERSION = re.compile(r"0\.(\d+)")


class RequestResourceInBackground(ProjectRule):
    code = "ARC419"
    severity = Severity.HIGH
    cwe = (672,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        for routes in project.handlers.values():
            function = routes[0].handler
            if function is None:
                continue
            for site, where in (*_started(function, project), *_deferred(function, project)):
                then = "" if site.symbol in _BACKGROUND else ", which may run after the response"
                for given, kind in _given(site, function, project):
                    yield self.finding(
                        site.at,
                        f"the {kind} `{given}` of `{routes[0].label}` is used by {where}{then}",
                        help=f"Hand over keys and plain data, and open a {kind} there."
                        if kind != "request"
                        else "Hand over what is needed of it.",
                        unit=routes[0].label,
                    )
                    break


def _started(function: Function, project: Project) -> Iterator[tuple[CallSite, str]]:
    for site in project.sites(function):
        where = _STARTS.get(site.symbol or "")
        if where is not None and not _is_awaited(site, function):
            yield site, where


def _deferred(function: Function, project: Project) -> Iterator[tuple[CallSite, str]]:
    """Background tasks of a FastAPI that closes what dependencies yield before it runs them: from 0.106 up to 0.117."""
    version = project.versions.get("fastapi", "")
    number = _VERSION.match(version)
    if number is not None and 106 <= int(number[1]) < 118:
        for site in project.sites(function):
            if site.symbol in _BACKGROUND:
                yield site, f"a background task, before which FastAPI {version} closes it"


def _is_awaited(site: CallSite, function: Function) -> bool:
    """Whether the function waits for what it starts: by the name that it gets, or where it is started."""
    names: set[str] = set()
    for stmt in function.statements:
        if type(stmt) is ir.Assign and stmt.value is not None:
            if any(node is site.call for node in ir.walk_expression(stmt.value)):
                names.update(
                    node.id for each in stmt.targets for node in ir.walk_expression(each) if type(node) is ir.Name
                )
        elif type(stmt) is ir.Evaluate and stmt.value is not site.call:
            if any(
                type(node) is ir.Call
                and _last(node) in ("append", "add")
                and any(arg.value is site.call for arg in node.args)
                for node in ir.walk_expression(stmt.value)
            ):
                return True
    for node in ir.walk(function.body):
        inner: ir.Expr | None = None
        if type(node) is ir.Await:
            inner = node.value
        elif type(node) is ir.Call and _last(node) in (
            "gather",
            "wait",
            "wait_for",
            "as_completed",
            "join",
            "result",
            "shield",
        ):
            inner = node
        if inner is not None:
            for each in ir.walk_expression(inner):
                if each is site.call or (type(each) is ir.Name and each.id in names):
                    return True
    return False


def _given(site: CallSite, function: Function, project: Project) -> Iterator[tuple[str, str]]:
    """The request's own things among the arguments of what is started."""
    own = {each.name for each in function.parameters}
    for arg in site.call.args:
        if arg.keyword in ("name", "daemon", "context"):
            continue
        for node in _passed(arg.value):
            if type(node) is ir.Name and node.id in own:
                kind = project.type_of(node, function)
                if kind is not None and not kind.itself and kind.name in _RESOURCES:
                    yield node.id, _RESOURCES[kind.name]


def _passed(expr: ir.Expr) -> Iterator[ir.Expr]:
    """What is passed as it is: `task(session)`, `(session, 1)`; not what is read of it."""
    match expr:
        case ir.Call(args=args):
            for arg in args:
                yield from _passed(arg.value)
        case ir.Sequence(items=items):
            for item in items:
                yield from _passed(item)
        case ir.Dict(values=values):
            for value in values:
                yield from _passed(value)
        case ir.Name():
            yield expr


def _last(call: ir.Call) -> str:
    return call.func.name if type(call.func) is ir.Attribute else (ir.dotted(call.func) or "")
