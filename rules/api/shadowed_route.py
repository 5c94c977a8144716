"""Route that an earlier one hides.

## What it does
Reports a route all of whose paths are taken by a route that is tried before it, with all prefixes, includes and
mounts resolved. FastAPI, Starlette, Django and Tornado take the first match; frameworks that prefer static paths are
not concerned.

## Why it matters
The handler never runs. Requests meant for it reach another handler, which answers 404 or 422 for `me` as an id, or
acts on the wrong thing.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/users/{user_id}")
def read_user(user_id: int): ...


@app.get("/users/me")
def read_me(): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/users/me")
def read_me(): ...


@app.get("/users/{user_id}")
def read_user(user_id: int): ...
```
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, Project, ProjectRule, Route, Severity, Step, Unit
from backend_lint.rules.api._table import FIRST_MATCH, Entry, Table, covers, entry, methods_taken, shape


class ShadowedRoute(ProjectRule):
    code = "API101"
    severity = Severity.HIGH
    cwe = (561,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        tables: dict[str, Table] = {}
        served: set[tuple[str, Place, str]] = set()
        for route in project.routes:
            key = (route.space, route.at, route.path)
            if route.framework not in FIRST_MATCH or key in served:
                continue
            served.add(key)
            current, table = entry(route), tables.setdefault(route.space, Table())
            hiding = next((each.route for each in table.before(current) if self._hides(each, current)), None)
            if hiding is not None:
                yield self._finding(route, hiding)
            table.add(current)

    def _hides(self, earlier: Entry, later: Entry) -> bool:
        first, second = earlier.route, later.route
        return (
            first.at != second.at
            and covers(methods_taken(first), methods_taken(second))
            and shape(first) != shape(second)
            and earlier.takes_all_of(later)
        )

    def _finding(self, route: Route, hiding: Route) -> Finding:
        return self.finding(
            route.at,
            f"`{route.label}` is never reached: `{hiding.path}` is tried first and takes it",
            help=f"Register it before `{hiding.label}`, or narrow that path with a converter.",
            related=[Step(hiding.at, f"`{hiding.label}` takes all its requests")],
            discriminator=route.label,
            unit=route.label,
        )
