"""Parameter of a few values that the documentation calls a string.

## What it does
Reports parameters of documented FastAPI operations that are typed `str` and refused by hand when they are not one of a
few fixed values.

## Why it matters
The documentation lets clients send anything; the values that are taken stand only in the code. With a `Literal` or an
enumeration they are in the documentation, in generated clients, and the check is made for free.

## Example
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.get("/orders")
def orders(sort: str = "date"):
    if sort not in ("date", "total", "customer"):
        raise HTTPException(400, "unknown order")
    return []
```

## Use instead
```python
from typing import Literal

from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(sort: Literal["date", "total", "customer"] = "date"):
    return []
```

## When not to
Where the values are not fixed (read from settings, a table, a registry), nothing is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    UNKNOWN,
    Finding,
    Function,
    Input,
    Project,
    ProjectRule,
    Route,
    Severity,
    Step,
    Unit,
    ir,
    listed,
)
from backend_lint.rules.api._errors import is_http_error
from backend_lint.rules.api._shared import documented


class HiddenClosedSet(ProjectRule):
    code = "API306"
    severity = Severity.INFO
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        for route in documented(project):
            handler = route.handler
            texts = {each.variable or each.name: each for each in route.inputs if _is_text(each)}
            for stmt in handler.statements if handler is not None and texts else ():
                found = _tested(project, stmt, handler, texts) if isinstance(stmt, ir.If) else None
                if found is not None:
                    name, values = found
                    yield self._finding(route, texts[name], values, Step(handler.place(stmt), "tested here"))

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in documented(project) if any(map(_is_text, route.inputs)))

    def _finding(self, route: Route, each: Input, values: list[str], step: Step) -> Finding:
        literal = ", ".join(f'"{value}"' for value in values[:6])
        return self.finding(
            each.at or route.at,
            f"`{each.name}` of `{route.label}` takes only {listed(values, 5)}, and the documentation says any string",
            help=f"Type it `Literal[{literal}]`, and drop the test."
            if len(values) <= 6
            else "Type it as an enumeration.",
            related=[step],
            discriminator=f"{route.label} {each.name}",
            unit=route.label,
        )


def _is_text(each: Input) -> bool:
    return (
        each.where in ("query", "path", "form", "header") and each.type == "str" and "pattern" not in each.constraints
    )


def _tested(project: Project, stmt: ir.If, handler: Function, texts: dict[str, Input]) -> tuple[str, list[str]] | None:
    """The parameter that a test refuses unless it is one of some values, with them."""
    if not _refuses(project, stmt.body, handler):
        return None
    parts = stmt.test.values if isinstance(stmt.test, ir.Bool) and stmt.test.op == "and" else [stmt.test]
    for part in parts:
        match part:
            case ir.Compare(op="not in", left=ir.Name(id=name), right=right) if name in texts:
                held = project.constant(right, handler)
                values = (
                    list(held)
                    if held is not UNKNOWN and isinstance(held, list | tuple | set | frozenset | dict)
                    else []
                )
                if len(values) > 1 and all(isinstance(each, str) for each in values):
                    return name, sorted(values) if isinstance(held, set | frozenset) else values
    return None


def _refuses(project: Project, body: list[ir.Stmt], handler: Function) -> bool:
    last = body[-1] if body else None
    if isinstance(last, ir.Raise) and last.exc is not None:
        target = ir.callee(last.exc)
        name = project.qualified(target, handler)
        return is_http_error(project, name) or name == "builtins.ValueError"
    return False
