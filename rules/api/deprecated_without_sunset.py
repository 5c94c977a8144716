"""A deprecated operation that does not say what to use instead, or until when it works.

## What it does
Reports routes marked as deprecated whose documentation names neither a replacement nor a date, and whose handler sends
no `Deprecation` or `Sunset` header. One finding for each router.

## Why it matters
Clients learn that the operation will go, and nothing that lets them act: they stay until it breaks.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/v1/orders", deprecated=True)
def orders() -> list[int]:
    return []
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/v1/orders", deprecated=True)
def orders() -> list[int]:
    \"\"\"Use `GET /v2/orders` instead; this one ends on 2027-01-01.\"\"\"
    return []
```

## References
- RFC 8594, RFC 9745
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from backend_lint.api import Finding, Project, ProjectRule, Route, Severity, Step, Unit, ir

_SAYS = re.compile(
    r"\b(?:use|instead|replaced?|replacement|superseded|sunset|until|removed?|20\d\d|prefer|moved)\b", re.IGNORECASE
)
_HEADERS = frozenset({"deprecation", "sunset", "link"})


class DeprecatedWithoutSunset(ProjectRule):
    code = "API408"
    severity = Severity.LOW
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        by_router: defaultdict[str, list[Route]] = defaultdict(list)
        for route in project.routes:
            if route.deprecated and route.in_schema and not _is_explained(route):
                by_router[route.router].append(route)
        for routes in by_router.values():
            first, *rest = routes
            more = f" and {len(rest)} more of its router" if rest else ""
            yield self.finding(
                first.at,
                f"`{first.label}`{more} {'are' if rest else 'is'} deprecated without a word on what to use instead or until when",
                help="Name the replacement and the date in the docstring, and send a `Sunset` header.",
                related=[Step(route.at, f"`{route.label}`") for route in rest[:5]],
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [route.label for route in project.routes if route.deprecated]


def _is_explained(route: Route) -> bool:
    handler = route.handler
    said = " ".join(each for each in (route.summary, handler.facts.docstring if handler is not None else None) if each)
    if _SAYS.search(said) or any(_SAYS.search(str(_text(value))) for value in route.options.values()):
        return True
    return handler is not None and any(
        type(node) is ir.Const and isinstance(node.value, str) and node.value.lower() in _HEADERS
        for node in ir.walk(handler.body)
    )


def _text(expr: ir.Expr) -> object:
    return expr.value if type(expr) is ir.Const else ""
