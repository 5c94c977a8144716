"""Operation without a word about it, among documented ones.

## What it does
Reports, once a router, the documented operations that have neither a docstring nor `summary` or `description`, where
at least half of their siblings have one.

## Why it matters
The documentation names the operation after its function and leaves callers to guess the rest.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders():
    'Orders of the customer, newest first.'


@app.get("/orders/{order_id}")
def order(order_id: int):
    'One order with its items.'


@app.delete("/orders/{order_id}")
def cancel(order_id: int):
    'Cancel an order that has not been sent.'


@app.post("/orders/{order_id}/close")
def close(order_id: int): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders():
    'Orders of the customer, newest first.'


@app.get("/orders/{order_id}")
def order(order_id: int):
    'One order with its items.'


@app.delete("/orders/{order_id}")
def cancel(order_id: int):
    'Cancel an order that has not been sent.'


@app.post("/orders/{order_id}/close")
def close(order_id: int):
    'Close an order that was delivered.'
```
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, listed
from backend_lint.rules.api._shared import documented, siblings

_ENOUGH = 4


class MissingOperationSummary(ProjectRule):
    code = "API308"
    severity = Severity.INFO
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        for routes in self._compared(project):
            missing = [route for route in routes if not route.summary]
            if missing:
                first, *others = missing
                yield self.finding(
                    first.at,
                    f"{len(missing)} of {len(routes)} operations here without a summary, which their siblings have: "
                    f"{listed(route.label for route in missing)}",
                    help="Say in a docstring what the operation does; its first line becomes the summary.",
                    related=[Step(route.at, f"`{route.label}` has none") for route in others[:20]],
                    discriminator=first.router,
                    unit=first.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for routes in self._compared(project) for route in routes)

    def _compared(self, project: Project) -> Iterator[list[Route]]:
        """Routers whose operations are mostly documented."""
        for routes in siblings(documented(project)).values():
            if len(routes) >= _ENOUGH and 2 * sum(bool(route.summary) for route in routes) >= len(routes):
                yield routes
