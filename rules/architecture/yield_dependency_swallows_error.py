"""A dependency's `except` around `yield` swallows the error.

## What it does
Reports a generator that FastAPI runs as a dependency and whose broad `except` around the `yield` neither raises again
nor raises anything else.

## Why it matters
The error of the route arrives at the `yield`. What is caught there and not raised again is gone: the client gets a bare
500, and nothing is logged, since FastAPI never sees what happened.

## Example
```python
from fastapi import Depends, FastAPI

app = FastAPI()


def get_session():
    session = object()
    try:
        yield session
    except Exception:
        session.rollback()


@app.get("/orders")
def orders(session=Depends(get_session)) -> list[int]:
    return session.orders()
```

## Use instead
```python
from fastapi import Depends, FastAPI

app = FastAPI()


def get_session():
    session = object()
    try:
        yield session
    except Exception:
        session.rollback()
        raise


@app.get("/orders")
def orders(session=Depends(get_session)) -> list[int]:
    return session.orders()
```

## References
- https://fastapi.tiangolo.com/tutorial/dependencies/dependencies-with-yield/#always-raise-in-dependencies-with-yield-and-except
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.architecture._shared import is_broad


class YieldDependencySwallowsError(ProjectRule):
    code = "ARC305"
    severity = Severity.HIGH
    cwe = (391,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in _generators(project):
            users = [route for route in project.routes if function in route.dependencies]
            for stmt in function.statements:
                if type(stmt) is not ir.Try or not _yields(stmt.body):
                    continue
                for handler in stmt.handlers:
                    raises = any(type(each) is ir.Raise for each in ir.walk_statements(handler.body))
                    if is_broad(handler) and not raises:
                        yield self.finding(
                            function.module.facts.place(function.module.path, handler.at, handler.body[0].at),
                            f"`{function.name}` swallows every error of the {len(users)} routes that depend on it, "
                            f"like {users[0].label}",
                            help="End the handler with `raise`.",
                        )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in _generators(project)]


def _generators(project: Project) -> list[Function]:
    found = {each.qualified: each for route in project.routes for each in route.dependencies if each.facts.is_generator}
    return [found[name] for name in sorted(found)]


def _yields(body: list[ir.Stmt]) -> bool:
    return any(type(node) is ir.Yield for node in ir.walk(body))
