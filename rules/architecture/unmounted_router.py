"""A router has routes that nothing serves.

## What it does
Reports routers, blueprints and URL modules with routes that no application includes. Silent where an application could
include them in a way that cannot be read, as plugins are.

## Why it matters
The code looks alive: it is maintained, documented, and its guards are reviewed, but every call of it is answered with 404.
Or somebody mounts it one day, with the checks of the day it was written.

## Example
```python
# shop/orders.py
from fastapi import APIRouter

router = APIRouter(prefix="/orders")


@router.get("/")
def listed(): ...


# shop/stock.py
from fastapi import APIRouter

router = APIRouter(prefix="/stock")


@router.get("/")
def left(): ...


# shop/main.py
from fastapi import FastAPI

from shop import orders

app = FastAPI()
app.include_router(orders.router)
```

## Use instead
```python
# shop/orders.py
from fastapi import APIRouter

router = APIRouter(prefix="/orders")


@router.get("/")
def listed(): ...


# shop/stock.py
from fastapi import APIRouter

router = APIRouter(prefix="/stock")


@router.get("/")
def left(): ...


# shop/main.py
from fastapi import FastAPI

from shop import orders, stock

app = FastAPI()
app.include_router(orders.router)
app.include_router(stock.router)
```

## When not to
Routers that a library offers to the applications of others.
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Project, ProjectRule, Severity, Unit

_KINDS = {"fastapi": "router", "flask": "blueprint", "sanic": "blueprint", "ninja": "router", "django": "URL module"}


class UnmountedRouter(ProjectRule):
    code = "ARC104"
    severity = Severity.MEDIUM
    cwe = (561,)
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        for router in project.routers:
            if not router.is_mounted:
                routes = "its route" if router.routes == 1 else f"its {router.routes} routes"
                yield self.finding(
                    router.at,
                    f"nothing includes the {_KINDS[router.framework]} `{router.name}`: {routes} can never be reached",
                    help="Include it where the others are, or remove it.",
                    discriminator=router.name,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [router.name for router in project.routers]
