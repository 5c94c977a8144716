"""Debug route in the application.

## What it does
Reports routes whose path has a part `debug` or `_debug`.

## Why it matters
Such routes are made for one afternoon, show what no client should see, and are deployed with everything else.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/debug/settings")
def settings():
    return {"database": "shop"}
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/health")
def health():
    return {"status": "ok"}
```
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Severity, Unit


class DebugRoute(ProjectRule):
    code = "SEC490"
    severity = Severity.MEDIUM
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        for route in project.routes:
            if {"debug", "_debug"} & set(route.path.split("/")):
                yield self.finding(
                    route.at,
                    f"`{route.path}` is a debug route of the application",
                    help="Remove it, or serve it from an application of its own that is not deployed.",
                )
