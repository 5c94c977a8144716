"""Two handlers for one method and path.

## What it does
Reports a route whose method and path, with all prefixes, another handler of the same application has already taken.

## Why it matters
Only one of the two ever answers. Which one it is depends on the order of imports and includes, and the other is dead
code that looks alive.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def list_orders(): ...


@app.get("/orders")
def search_orders(query: str): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders")
def list_orders(): ...


@app.get("/orders/search")
def search_orders(query: str): ...
```
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Place, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._table import methods_taken, shape


class DuplicateRoute(ProjectRule):
    code = "API102"
    severity = Severity.HIGH
    cwe = (561,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        owners: dict[tuple[str, str, str], Route] = {}
        reported: set[tuple[object, ...]] = set()
        for route in project.routes:
            for method in sorted(methods_taken(route)):
                owner = owners.setdefault((route.space, method, shape(route)), route)
                key = (route.at, route.path)
                if key not in reported and self._is_other(owner, route, project):
                    reported.add(key)
                    yield self._finding(route, owner, method)

    def _is_other(self, owner: Route, route: Route, project: Project) -> bool:
        """Whether the handlers differ, and both are there at once."""
        if owner.at == route.at or (owner.handler_name == route.handler_name and owner.at.path == route.at.path):
            return owner.at != route.at and owner.handler is not route.handler
        if owner.handler is not None and owner.handler is route.handler:
            return False
        if owner.handler is not None and route.handler is not None:
            if _are_alternatives(project, owner.handler.at, route.handler.at):
                return False
        return not _are_alternatives(project, owner.at, route.at)

    def _finding(self, route: Route, owner: Route, method: str) -> Finding:
        shown = f"{method} {route.path}" if method != "*" else route.path
        return self.finding(
            route.at,
            f"`{shown}` is already answered by {_handler(owner, route)}",
            help="Give one of the two another path or method, or remove it.",
            related=[Step(owner.at, f"`{owner.label}` is registered here")],
            discriminator=route.label,
            unit=route.label,
        )


def _are_alternatives(project: Project, first: Place, second: Place) -> bool:
    """Whether two places of one file lie in different branches of one statement, so that only one of them happens."""
    module = project.by_path.get(first.path)
    if module is None or first.path != second.path:
        return False
    starts = module.facts.line_starts
    offsets = [starts[place.line - 1] + place.column - 1 for place in (first, second)]
    bodies = [module.body, *(each.body for each in module.functions), *(each.body for each in module.classes)]
    return any(_parts(body, *offsets) for body in bodies)


def _parts(body: list[ir.Stmt], first: int, second: int) -> bool:
    for stmt in ir.walk_statements(body):
        if (
            isinstance(stmt, ir.If | ir.Try | ir.Match)
            and stmt.at <= min(first, second)
            and max(first, second) < stmt.end
        ):
            places = [[_within(block, offset) for block in ir.blocks(stmt)] for offset in (first, second)]
            if any(places[0]) and any(places[1]) and places[0] != places[1]:
                return True
    return False


def _within(block: list[ir.Stmt], offset: int) -> bool:
    return bool(block) and block[0].at <= offset < block[-1].end


def _handler(owner: Route, route: Route) -> str:
    """Who answers, and where that stands if both are called the same."""
    module, _, name = owner.handler_name.rpartition(".")
    is_like_ours = name == route.handler_name.rpartition(".")[2] and module
    return f"`{name}` of `{module}`" if is_like_ours else f"`{name}`"
