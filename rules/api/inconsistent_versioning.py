"""Endpoint outside the version prefix of its siblings.

## What it does
Where at least four in five endpoints of an application carry a version in their path (`/v1/…`), reports those that
carry none. Health checks, documentation, callbacks and webhooks are left out.

## Why it matters
An endpoint without a version cannot change without breaking its callers, and nobody can tell to which version of the
API it belongs.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/v1/orders")
def orders(): ...


@app.get("/v1/orders/{order_id}")
def order(order_id: int): ...


@app.post("/v1/orders")
def create(): ...


@app.get("/v1/users")
def users(): ...


@app.get("/v1/users/{user_id}")
def user(user_id: int): ...


@app.get("/invoices")
def invoices(): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/v1/orders")
def orders(): ...


@app.get("/v1/orders/{order_id}")
def order(order_id: int): ...


@app.post("/v1/orders")
def create(): ...


@app.get("/v1/users")
def users(): ...


@app.get("/v1/users/{user_id}")
def user(user_id: int): ...


@app.get("/v1/invoices")
def invoices(): ...
```
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, listed
from backend_lint.rules.api._shared import is_page, siblings

_VERSION = re.compile(r"v\d+(?:[._]\d+)?(?:alpha\d*|beta\d*)?$|\{version\}$", re.IGNORECASE)
_DEPTH = 4
_ENOUGH = 5
_APART = re.compile(
    r"health|ready|alive|live|ping|heartbeat|status|metrics|version|docs|redoc|swagger|openapi|schema|spec|favicon|robots"
    r"|static|media|assets|admin|login|logout|oauth|oidc|saml|sso|auth|token|callback|webhook|hook|well-known|jwks|internal"
    r"|debug|graphql|ws|websocket|socket|info|config|sitemap|i18n",
    re.IGNORECASE,
)


class InconsistentVersioning(ProjectRule):
    code = "API407"
    severity = Severity.LOW
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        for routes in self._compared(project):
            outside = [route for route in routes if not is_versioned(route)]
            versioned = len(routes) - len(outside)
            for deviants in siblings(outside).values():
                first, *others = deviants
                yield self.finding(
                    first.at,
                    f"{listed(route.label for route in deviants)} {'have' if others else 'has'} no version in the path; "
                    f"{versioned} of {len(routes)} endpoints have one",
                    help="Move it under the version prefix of the others.",
                    related=[Step(route.at, f"`{route.label}` has none") for route in others[:20]],
                    discriminator=first.router,
                    unit=first.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for routes in self._compared(project) for route in routes)

    def _compared(self, project: Project) -> Iterator[list[Route]]:
        """The endpoints of each application that has a version in most of its paths."""
        apps: dict[str, list[Route]] = {}
        for route in project.routes:
            if (not route.is_websocket and route.in_schema and not _APART.search(route.path)) or is_versioned(route):
                apps.setdefault(route.app, []).append(route)
        for routes in apps.values():
            judged = [route for route in routes if is_versioned(route) or not is_page(project, route)]
            if len(judged) >= _ENOUGH and 5 * sum(map(is_versioned, judged)) >= 4 * len(judged):
                yield judged


def is_versioned(route: Route) -> bool:
    return any(_VERSION.match(segment) for segment in route.path.strip("/").split("/")[:_DEPTH])
