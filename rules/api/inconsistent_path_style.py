"""Path written in another style than the others.

## What it does
Compares how the fixed segments of an application's paths join their words (`order-items`, `order_items`, `orderItems`) and
reports, once a router, those that depart from what at least four in five do.

## Why it matters
Who writes a client by hand gets 404 for the one path that has the other character, and looks for the fault elsewhere.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/order-items")
def items(): ...


@app.get("/credit-notes")
def notes(): ...


@app.get("/price-lists")
def lists(): ...


@app.get("/sales-tax")
def tax(): ...


@app.get("/delivery-dates")
def dates(): ...


@app.get("/gift_cards")
def cards(): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/order-items")
def items(): ...


@app.get("/credit-notes")
def notes(): ...


@app.get("/price-lists")
def lists(): ...


@app.get("/sales-tax")
def tax(): ...


@app.get("/delivery-dates")
def dates(): ...


@app.get("/gift-cards")
def cards(): ...
```

## When not to
Names that others prescribe (`/.well-known/…`, `/openapi.json`, OAuth's endpoints) are left out. Applications with fewer than six segments of several words are not compared.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, listed
from backend_lint.rules.api._shared import answers_data, siblings

_STYLES = {
    "kebab-case": re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)+"),
    "snake_case": re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+"),
    "camelCase": re.compile(r"[a-z][a-z0-9]*(?:[A-Z][a-z0-9]+)+"),
}
_PRESCRIBED = re.compile(r"well-known|openapi|oauth|oidc|saml|webhook|health|redoc|docs|jwks|token")
_ENOUGH = 6
_SHARE = 0.8


class InconsistentPathStyle(ProjectRule):
    code = "API106"
    severity = Severity.INFO
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        for routes, usual, count, total in _compared(project):
            for deviants in siblings(route for route in routes if _others(route, usual)).values():
                first, *rest = deviants
                segments = dict.fromkeys(each for route in deviants for each in _others(route, usual))
                yield self.finding(
                    first.at,
                    f"{listed(segments)} in `{first.label}`{f' and {len(rest)} more' if rest else ''}: "
                    f"{count} of {total} such segments are written in {usual}",
                    help=f"Write it in {usual}, and keep the old path beside it, marked as deprecated.",
                    related=[Step(route.at, f"`{route.label}`") for route in rest[:20]],
                    discriminator=first.router,
                    unit=first.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for routes, *_ in _compared(project) for route in routes)


def _compared(project: Project) -> Iterator[tuple[list[Route], str, int, int]]:
    """The routes of each application that has a usual style, with it, and how many segments have it of how many."""
    apps: dict[str, list[Route]] = {}
    for route in {each.label: each for each in project.routes}.values():
        if answers_data(project, route) and not _PRESCRIBED.search(route.path):
            apps.setdefault(route.app, []).append(route)
    for routes in apps.values():
        styles = Counter(
            style for segment in {each for route in routes for each in _segments(route)} if (style := _style(segment))
        )
        usual, count = styles.most_common(1)[0] if styles else ("", 0)
        if styles.total() >= _ENOUGH and count >= _SHARE * styles.total():
            yield routes, usual, count, styles.total()


def _segments(route: Route) -> list[str]:
    return [each for each in route.path.split("/") if each and "{" not in each and "." not in each]


def _style(segment: str) -> str | None:
    return next((name for name, pattern in _STYLES.items() if pattern.fullmatch(segment)), None)


def _others(route: Route, usual: str) -> list[str]:
    return [each for each in _segments(route) if _style(each) not in (None, usual)]
