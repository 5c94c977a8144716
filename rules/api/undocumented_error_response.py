"""Error that the siblings document and this operation does not.

## What it does
Reports, once a router, operations that answer an error status, themselves or through what they call, which they do not
name in the documentation, although at least two operations of the same router name it.

## Why it matters
Whoever reads the documentation, or generates a client from it, takes the absence for a promise: this one never answers 404.

## Example
```python
from fastapi import APIRouter, FastAPI, HTTPException

router = APIRouter()
GONE = {404: {"description": "No such order."}}


@router.get("/orders/{order_id}", responses={404: {"description": "No such order."}})
def read(order_id: int):
    raise HTTPException(404)


@router.put("/orders/{order_id}", responses={404: {"description": "No such order."}})
def change(order_id: int):
    raise HTTPException(404)


@router.delete("/orders/{order_id}")
def delete(order_id: int):
    raise HTTPException(404)


app = FastAPI()
app.include_router(router)
```

## Use instead
```python
from fastapi import APIRouter, FastAPI, HTTPException

router = APIRouter()


@router.get("/orders/{order_id}", responses={404: {"description": "No such order."}})
def read(order_id: int):
    raise HTTPException(404)


@router.put("/orders/{order_id}", responses={404: {"description": "No such order."}})
def change(order_id: int):
    raise HTTPException(404)


@router.delete("/orders/{order_id}", responses={404: {"description": "No such order."}})
def delete(order_id: int):
    raise HTTPException(404)


app = FastAPI()
app.include_router(router)
```

## When not to
Routers that document no errors one by one, or all of them at the router, are not compared. Status 422 is documented by
FastAPI itself; 500 needs no words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, ir, listed
from backend_lint.rules.api._errors import Answers, status_of
from backend_lint.rules.api._shared import siblings

_DECORATORS = frozenset({"response", "alt_response", "extend_schema", "doc"})
_ENOUGH = 2


class UndocumentedErrorResponse(ProjectRule):
    code = "API301"
    severity = Severity.INFO
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        answers = project.derived(Answers)
        for routes, usual in _compared(project):
            silent: list[tuple[Route, int, Step]] = []
            for route in routes:
                named = documented_statuses(project, route)
                for answer in answers.leaving(route.handler) if route.handler is not None else ():
                    if answer.status in usual and answer.status not in named:
                        at = answer.way[0].at if answer.way else answer.at
                        silent.append((route, answer.status, Step(at, f"`{route.label}` answers {answer.status} here")))
                        named.add(answer.status)
            if silent:
                first = silent[0][0]
                what = listed(dict.fromkeys(f"{status} of {route.label}" for route, status, _ in silent))
                yield self.finding(
                    first.at,
                    f"The documentation does not name {what}; others of the router name "
                    f"{listed(map(str, sorted({status for _, status, _ in silent})))}",
                    help="Add it to `responses`.",
                    related=[step for *_, step in silent[:10]],
                    discriminator=first.router,
                    unit=first.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for routes, _ in _compared(project) for route in routes)


def _compared(project: Project) -> Iterator[tuple[list[Route], set[int]]]:
    """Routers whose operations document errors one by one, each with the statuses that at least two of them name."""
    for routes in siblings(route for route in project.routes if route.in_schema and not route.is_websocket).values():
        counts = Counter(status for route in routes for status in documented_statuses(project, route))
        usual = {
            status for status, count in counts.items() if count >= _ENOUGH and 400 <= status < 500 and status != 422
        }
        if usual:
            yield routes, usual


def documented_statuses(project: Project, route: Route) -> set[int]:
    """The statuses that the documentation of one operation names by itself."""
    found = set(_keys(project, route, route.options.get("responses")))
    for decorator in route.handler.decorators if route.handler is not None else ():
        if isinstance(decorator, ir.Call) and (ir.dotted(decorator.func) or "").rpartition(".")[2] in _DECORATORS:
            found |= set(_keys(project, route, decorator.keywords.get("responses")))
            for argument in decorator.args[:1]:
                status = status_of(project, argument.value, route.handler or route.scope)  # type: ignore[arg-type]
                found |= set() if status is None else {status}
    return found


def _keys(project: Project, route: Route, expr: ir.Expr | None) -> Iterator[int]:
    """The statuses of a `responses` mapping; those of mappings that are unpacked in it, too."""
    scope = route.scope
    if expr is None or scope is None:
        return
    held = project.constant(expr, scope)
    if isinstance(held, dict):
        yield from (int(key) for key in held if re.fullmatch(r"\d{3}", str(key)))
    elif isinstance(expr, ir.Dict):
        for key in expr.keys:
            status = status_of(project, key, scope) if isinstance(key, ir.Expr) else None
            text = key.value if isinstance(key, ir.Const) else None
            if status is None and isinstance(text, str) and text.isdigit():
                status = int(text)
            if status is not None:
                yield status
