"""Status given in a tuple that the framework does not read.

## What it does
Reports `return body, status` in handlers of FastAPI, Starlette, Litestar and Sanic, where only Flask understands it.

## Why it matters
FastAPI and Litestar answer 200 with a two-element array; Starlette and Sanic answer 500. The status that was meant,
often an error, never reaches the client.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/{order_id}")
def read_order(order_id: int):
    return {"detail": "no such order"}, 404
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

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Severity, Unit, ir
from backend_lint.rules.api._errors import status_of

_INSTEAD = {
    "fastapi": "the client gets {success} with an array of {length}",
    "litestar": "the client gets {success} with an array of {length}",
    "starlette": "the request fails with 500",
    "sanic": "the request fails with 500",
}


class TupleResponse(ProjectRule):
    code = "API210"
    severity = Severity.HIGH
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in project.routes:
            function = route.handler
            if function is None or function.at in seen or route.framework not in _INSTEAD or _is_tuple(route, function):
                continue
            seen.add(function.at)
            for stmt in function.statements:
                if isinstance(stmt, ir.Return) and isinstance(stmt.value, ir.Sequence) and stmt.value.kind == "tuple":
                    status = _status(project, stmt.value, function)
                    if status is not None:
                        yield self._finding(route, function, stmt, status, len(stmt.value.items))

    def _finding(self, route: Route, function: Function, stmt: ir.Stmt, status: int, length: int) -> Finding:
        instead = _INSTEAD[route.framework].format(success=route.status_code or 200, length=length)
        return self.finding(
            function.place(stmt),
            f"`{route.label}` returns a tuple to answer {status}: {instead}",
            help="Raise an HTTP error, set `response.status_code`, or return a response object with the status.",
            unit=route.label,
        )


def _is_tuple(route: Route, function: Function) -> bool:
    declared = (route.response_model or "").lower()
    return declared.startswith("tuple") or "tuple[" in declared


def _status(project: Project, value: ir.Sequence, scope: Function) -> int | None:
    """The status in a pair or triple, at the place where Flask looks for it."""
    if len(value.items) not in (2, 3):
        return None
    status = status_of(project, value.items[1], scope)
    return status if status is not None and 100 <= status <= 599 else None
