"""A dependency is called like a function and gets markers instead of values.

## What it does
Reports calls of a function whose parameters have `Depends()`, `Query()`, `Header()` and the like as defaults, where the
call leaves such a parameter out.

## Why it matters
Only FastAPI replaces these markers. In an ordinary call the parameter *is* the `Depends` object: it is truthy, has none
of the attributes that the code expects, and where it is only tested, the test passes for everybody.

## Example
```python
from fastapi import Depends, FastAPI, Query

app = FastAPI()


def page(limit: int = Query(20, le=100)) -> dict:
    return {"limit": limit}


@app.get("/orders")
def orders(found: dict = Depends(page)) -> dict:
    return found


def export() -> dict:
    return page()
```

## Use instead
```python
from typing import Annotated

from fastapi import Depends, FastAPI, Query

app = FastAPI()


def page(limit: Annotated[int, Query(le=100)] = 20) -> dict:
    return {"limit": limit}


@app.get("/orders")
def orders(found: dict = Depends(page)) -> dict:
    return found


def export() -> dict:
    return page()
```

## When not to
Calls that pass every such argument are fine, and are not reported.

## References
- https://fastapi.tiangolo.com/tutorial/query-params-str-validations/#advantages-of-annotated
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Role, Severity, Step, Unit, ir

_MARKERS = frozenset({"Depends", "Security", "Query", "Header", "Path", "Body", "Cookie", "Form", "File"})


class DependencyCalledDirectly(ProjectRule):
    code = "ARC307"
    severity = Severity.HIGH
    cwe = (628,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        told: set[int] = set()
        for function in _marked(project):
            for site in project.callers(function):
                if site.scope.module.role is not Role.APP or not site.is_certain or id(site.call) in told:
                    continue
                told.add(id(site.call))
                name, marker = next(_left_out(site, function, project), ("", ""))
                if name:
                    yield self.finding(
                        site.at,
                        f"`{function.name}()` leaves out `{name}`, which is then the `{marker}()` object itself",
                        help=f"Pass `{name}`, or declare it as `Annotated[..., {marker}(...)]` with a plain default.",
                        related=[Step(function.at, f"`{function.name}` is written for FastAPI to call")],
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in _marked(project)]


def _marked(project: Project) -> Iterator[Function]:
    for function in project.functions():
        if any(_marker(each.default, function, project) for each in function.parameters):
            yield function


def _marker(default: ir.Expr | None, function: Function, project: Project) -> str | None:
    if type(default) is not ir.Call:
        return None
    symbol = project.qualified(default.func, function.around) or ""
    name = symbol.rpartition(".")[2]
    return name if symbol.startswith("fastapi.") and name in _MARKERS else None


def _left_out(site: CallSite, function: Function, project: Project) -> Iterator[tuple[str, str]]:
    if site.call.has_unpacking:
        return
    skipped = function.takes_receiver
    plain = [each for each in function.parameters if each.kind in ("positional", "plain")][skipped:]
    given = {each.name for each in plain[: len(site.call.positional)]} | set(site.call.keywords)
    for parameter in function.parameters:
        marker = _marker(parameter.default, function, project)
        if marker is not None and parameter.name not in given:
            yield parameter.name, marker
