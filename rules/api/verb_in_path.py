"""Path that names what the method says already.

## What it does
Reports, once a router, operations whose path ends in the verb that their method stands for: `POST /orders/create`,
`POST /orders/{id}/delete`, `GET /get_orders`.

## Why it matters
Clients must know two words for one thing and guess which of the two decides. `POST …/delete` is neither repeatable nor
known as a deletion to caches, proxies, generated clients and people who read the logs.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(): ...


@app.get("/orders/{order_id}")
def order(order_id: int): ...


@app.post("/orders/{order_id}/delete")
def delete(order_id: int): ...


@app.patch("/orders/{order_id}")
def change(order_id: int): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(): ...


@app.get("/orders/{order_id}")
def order(order_id: int): ...


@app.delete("/orders/{order_id}")
def delete(order_id: int): ...


@app.patch("/orders/{order_id}")
def change(order_id: int): ...
```

## When not to
Actions that no method stands for (`/orders/{id}/cancel`, `/login`, `/search`, `/export`) have a path of their own and are
not reported. Where most paths of an application are verbs it is an RPC interface, and nothing is said; pages with forms
are none of this rule's business.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, listed, words
from backend_lint.rules.api._shared import answers_data

_VERBS = {
    "create": ("POST", "PUT"),
    "delete": ("DELETE", "POST", "GET"),
    "remove": ("DELETE", "POST", "GET"),
    "update": ("PUT", "PATCH", "POST"),
    "get": ("GET",),
    "fetch": ("GET",),
    "retrieve": ("GET",),
}
_WITH_A_NOUN = frozenset({"get", "fetch", "retrieve"})
_OF_ONE = frozenset({"delete", "remove"})
_INSTEAD = {"create": "POST", "delete": "DELETE", "remove": "DELETE", "update": "PATCH"}
_PARAMETER = re.compile(r"\{[^}]*\}")
_ENOUGH = 4


class VerbInPath(ProjectRule):
    code = "API105"
    severity = Severity.INFO
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        for routes in _apps(project):
            named = [route for route in routes if verb(route) is not None]
            by_router: dict[str, list[Route]] = {}
            for route in named if 2 * len(named) < len(routes) else ():
                by_router.setdefault(route.router, []).append(route)
            for found in by_router.values():
                first, *others = found
                word = verb(first) or ""
                yield self.finding(
                    first.at,
                    f"{listed(route.label for route in found)} {'say' if others else 'says'} `{word}` in the path"
                    + ("" if not others else ", and the like"),
                    help=f"Let the method say it: `{_INSTEAD.get(word, 'GET')} {_without(first)}`.",
                    related=[Step(route.at, f"`{route.label}`") for route in others[:20]],
                    discriminator=first.router,
                    unit=first.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for routes in _apps(project) for route in routes)


def _apps(project: Project) -> Iterator[list[Route]]:
    apps: dict[str, list[Route]] = {}
    for route in project.routes:
        if answers_data(project, route):
            apps.setdefault(route.app, []).append(route)
    return (routes for routes in apps.values() if len(routes) >= _ENOUGH)


def verb(route: Route) -> str | None:
    """The verb in the last fixed segment of a path, if its method is one that the verb stands for.

    Deleting many at once needs a body, so that only the deletion of one can be left to the method.
    """
    parts = route.path.strip("/").split("/")
    fixed = [index for index, each in enumerate(parts) if each and not _PARAMETER.search(each)]
    found = words(parts[fixed[-1]]) if fixed else []
    if not found or (len(found) > 1 and found[0] not in _WITH_A_NOUN):
        return None
    if found[0] in _OF_ONE and "{" not in route.path and route.methods != ("DELETE",):
        return None
    allowed = _VERBS.get(found[0], ())
    return found[0] if len(route.methods) == 1 and set(route.methods) <= set(allowed) else None


def _without(route: Route) -> str:
    """The path without its verb: `/orders/{id}` for `/orders/{id}/delete`, `/orders` for `/get_orders`."""
    parts = route.path.rstrip("/").split("/")
    index = max(place for place, each in enumerate(parts) if each and not _PARAMETER.search(each))
    rest = re.sub(rf"^{verb(route)}[-_]?", "", parts[index], flags=re.IGNORECASE)
    parts[index] = rest[:1].lower() + rest[1:]
    return "/".join(each for place, each in enumerate(parts) if each or place != index) or "/"
