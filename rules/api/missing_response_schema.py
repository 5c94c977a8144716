"""Operation that does not say what it answers.

## What it does
Reports JSON operations of documented FastAPI applications that declare neither a return type nor a `response_model`.
Where most operations of a router do not, that is one finding for the router.

## Why it matters
The documentation shows an empty answer and generated clients get `any`. Nothing is filtered or checked on its way out
either: a column that is added to a table appears in the API by itself.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders/{order_id}")
def read_order(order_id: int):
    return {"id": order_id, "total": "12.00"}
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: str


@app.get("/orders/{order_id}")
def read_order(order_id: int) -> Order:
    return Order(id=order_id, total="12.00")
```

## When not to
Answers that are pages, files, redirects, streams or response objects have no schema and are not reported; neither are
operations hidden from the documentation and those that say `response_model=None`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, ir, listed
from backend_lint.rules.api._shared import documented, is_page, siblings

_BODILESS = (204, 205, 304)
_FEW = 3
_PROBE = re.compile(
    r"^_*(?:health|healthz|health[_-]?check|livez?|liveness|readyz?|readiness|ping|heartbeat)$", re.IGNORECASE
)


class MissingResponseSchema(ProjectRule):
    code = "API302"
    severity = Severity.LOW
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        for routes in siblings(self._judged(project)).values():
            missing = [route for route in routes if _is_silent(route)]
            if len(missing) > _FEW and 2 * len(missing) >= len(routes):
                yield self._router(missing, len(routes))
            else:
                yield from map(self._route, missing)

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in self._judged(project))

    def _judged(self, project: Project) -> list[Route]:
        return [route for route in documented(project) if _answers_json(project, route)]

    def _route(self, route: Route) -> Finding:
        shape = _shape(route)
        return self.finding(
            route.at,
            f"`{route.label}` declares no response type{f', and answers {shape}' if shape else ''}",
            help="Annotate the return type with a model, or pass `response_model`.",
            discriminator=route.label,
            unit=route.label,
        )

    def _router(self, missing: list[Route], count: int) -> Finding:
        first, *others = missing
        return self.finding(
            first.at,
            f"{len(missing)} of {count} operations here declare no response type: "
            f"{listed(route.label for route in missing)}",
            help="Annotate their return types with models, or pass `response_model`.",
            related=[Step(route.at, f"`{route.label}` declares none") for route in others[:20]],
            discriminator=first.router,
            unit=first.label,
        )


def _is_probe(route: Route) -> bool:
    """Whether it tells a load balancer that the service lives, which reads the status alone."""
    return _PROBE.search(route.path.rpartition("/")[2]) is not None


def _is_silent(route: Route) -> bool:
    handler = route.handler
    return handler is not None and handler.facts.returns is None and "response_model" not in route.options


def _answers_json(project: Project, route: Route) -> bool:
    """Whether what the handler returns is turned into a JSON body by the framework."""
    handler = route.handler
    if handler is None or route.status_code in _BODILESS or "response_class" in route.options or _is_probe(route):
        return False
    if is_page(project, route) or "responses" in route.options:
        return False
    values = [stmt.value for stmt in handler.statements if isinstance(stmt, ir.Return) and stmt.value is not None]
    if not values or handler.facts.is_generator:
        return False
    return not any(_is_response(project, route, value) for value in values)


def _is_response(project: Project, route: Route, value: ir.Expr) -> bool:
    assert route.handler is not None
    kind = project.type_of(value, route.handler)
    name = "" if kind is None else kind.name
    called = value.value if isinstance(value, ir.Await) else value
    written = ir.dotted(called.func) or "" if isinstance(called, ir.Call) else ""
    return (
        "Response" in name.rpartition(".")[2]
        or written.endswith("Response")
        or "redirect" in written.rpartition(".")[2].lower()
        or project.classes.is_subclass(name, "starlette.responses.Response")
    )


def _shape(route: Route) -> str:
    """The keys of a returned literal, in one phrase."""
    for stmt in route.handler.statements if route.handler is not None else ():
        if isinstance(stmt, ir.Return) and isinstance(stmt.value, ir.Dict):
            keys = [str(key.value) for key in stmt.value.keys if isinstance(key, ir.Const)]
            if keys and len(keys) == len(stmt.value.keys):
                return "an object of " + listed(keys, 4)
    return ""
