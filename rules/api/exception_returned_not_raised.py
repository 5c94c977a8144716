"""HTTP exception that is returned or dropped instead of raised.

## What it does
Reports a handler or dependency that returns an HTTP exception, and any statement that makes one and does nothing with
it. Flask and aiohttp accept an exception as an answer and are only concerned by the second.

## Why it matters
The client never gets the status that was meant: FastAPI serialises the object and answers 200, Starlette, Django REST
framework, Litestar and Sanic fail with 500, and a dropped exception lets the request go on as if nothing was wrong.

## Example
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders/{order_id}")
def read_order(order_id: int):
    return HTTPException(404, "no such order")
```

## Use instead
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders/{order_id}")
def read_order(order_id: int):
    raise HTTPException(404, "no such order")
```
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Edit, Finding, Fix, Function, Place, Project, ProjectRule, Safety, Severity, Unit, ir
from backend_lint.rules.api._errors import is_http_error

_INSTEAD = {
    "fastapi": "the client gets 200 with the exception as its body",
    "django": "the request fails with 500",
    "drf": "the request fails with 500",
    "starlette": "the request fails with 500",
    "litestar": "the request fails with 500",
    "sanic": "the request fails with 500",
}


class ExceptionReturnedNotRaised(ProjectRule):
    code = "API206"
    severity = Severity.HIGH
    cwe = (390,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in project.routes:
            for function in (route.handler, *route.dependencies):
                if function is not None and function.at not in seen and route.framework in _INSTEAD:
                    seen.add(function.at)
                    yield from self._returned(project, function, route.framework)
        for function in project.functions():
            yield from self._dropped(project, function)

    def _returned(self, project: Project, function: Function, framework: str) -> Iterator[Finding]:
        for stmt in function.statements:
            if not isinstance(stmt, ir.Return) or stmt.value is None:
                continue
            kind = project.type_of(stmt.value, function)
            if kind is not None and is_http_error(project, kind.name):
                name = kind.name.rpartition(".")[2]
                yield self.finding(
                    function.place(stmt),
                    f"`{function.name}` returns `{name}` instead of raising it: {_INSTEAD[framework]}",
                    help=f"Write `raise {name}(...)`.",
                    fix=_raise(function, stmt.at, len("return")),
                )

    def _dropped(self, project: Project, function: Function) -> Iterator[Finding]:
        for stmt in function.statements:
            if not isinstance(stmt, ir.Evaluate) or not isinstance(stmt.value, ir.Call):
                continue
            symbol = project.qualified(stmt.value.func, function)
            if is_http_error(project, symbol):
                name = ir.dotted(stmt.value.func)
                yield self.finding(
                    function.place(stmt),
                    f"`{name}` is made here and not raised, so the code goes on",
                    help=f"Write `raise {name}(...)`.",
                    fix=_raise(function, stmt.at, 0),
                )


def _raise(function: Function, at: int, length: int) -> Fix:
    text = "raise" if length else "raise "
    return Fix(
        (Edit(function.module.path, at, at + length, text),), Safety.SAFE, "the error was made to be answered with"
    )
