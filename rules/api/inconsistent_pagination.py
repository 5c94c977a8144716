"""List that is paged in another way than the others.

## What it does
Compares how the lists of an application are paged: by page number (`page`), by offset (`offset`, `skip`) or by cursor
(`cursor`, `after`), and what the size of a page is called; reports the lists that depart from what most do.

## Why it matters
A client's one function for paging works for all lists but these, where it reads the first page again and again.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(offset: int = 0, limit: int = 50): ...


@app.get("/customers")
def customers(offset: int = 0, limit: int = 50): ...


@app.get("/invoices")
def invoices(offset: int = 0, limit: int = 50): ...


@app.get("/payments")
def payments(offset: int = 0, limit: int = 50): ...


@app.get("/products")
def products(page: int = 1, page_size: int = 50): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def orders(offset: int = 0, limit: int = 50): ...


@app.get("/customers")
def customers(offset: int = 0, limit: int = 50): ...


@app.get("/invoices")
def invoices(offset: int = 0, limit: int = 50): ...


@app.get("/payments")
def payments(offset: int = 0, limit: int = 50): ...


@app.get("/products")
def products(offset: int = 0, limit: int = 50): ...
```

## When not to
At least four lists must be paged, and seven in ten of them in one way. A list that takes both ways is none that departs,
and a protocol with names of its own, such as SCIM, is none either.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, listed
from backend_lint.rules.api._shared import answers_data, siblings

_WAYS = {
    "offset": re.compile(r"offset|skip|start(?:_?(?:index|at))?|from_?index"),
    "page": re.compile(r"page|page_?(?:number|num|no|index)|p"),
    "cursor": re.compile(r"cursor|after|page_?token|next_?token|continuation(?:_?token)?|starting_?after|marker"),
}
_STANDARDS = re.compile(r"/(?:scim|odata|fhir|opds|oai|wfs)(?:/|$)", re.IGNORECASE)
"""Protocols that name their paging parameters themselves."""
_ENOUGH = 4
_SHARE = 0.7


class InconsistentPagination(ProjectRule):
    code = "API109"
    severity = Severity.LOW
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        for routes, usual in _compared(project):
            like = [route for route in routes if way(route)[0] == usual]
            name = Counter(way(route)[1] for route in like).most_common(1)[0][0]
            others = [route for route in routes if way(route)[0] != usual and not _STANDARDS.search(route.path)]
            for deviants in siblings(others).values():
                first, *rest = deviants
                yield self.finding(
                    first.at,
                    f"{listed(route.label for route in deviants)} {'page' if rest else 'pages'} by `{way(first)[1]}`; "
                    f"{len(like)} of {len(routes)} lists page by `{name}`, as `{like[0].label}`",
                    help=f"Take `{name}` here, too.",
                    related=[
                        Step(like[0].at, f"`{like[0].label}` pages by `{name}`"),
                        *(Step(route.at, f"`{route.label}`") for route in rest[:20]),
                    ],
                    discriminator=first.router,
                    unit=first.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for routes, _ in _compared(project) for route in routes)


def _compared(project: Project) -> Iterator[tuple[list[Route], str]]:
    """The paged lists of each application that has a usual way, with it."""
    apps: dict[str, list[Route]] = {}
    for route in project.routes:
        if "GET" in route.methods and way(route) is not None and answers_data(project, route):
            apps.setdefault(route.app, []).append(route)
    for routes in apps.values():
        usual, count = Counter(way(route)[0] for route in routes).most_common(1)[0]
        if len(routes) >= _ENOUGH and count >= _SHARE * len(routes):
            yield routes, usual


def way(route: Route) -> tuple[str, str] | None:
    """How a list is paged, and the name of the parameter that does it; None where it is not, or in several ways."""
    found = [
        (kind, each.name)
        for each in route.inputs
        if each.where == "query"
        for kind, pattern in _WAYS.items()
        if pattern.fullmatch(each.name.lower()) and (kind == "cursor" or _is_number(each.type, route))
    ]
    return found[0] if len({kind for kind, _ in found}) == 1 else None


def _is_number(kind: str | None, route: Route) -> bool:
    """Whether an input counts: declared as a number, or read as text where everything is."""
    return "int" in kind.lower() if kind is not None and route.framework == "fastapi" else True
