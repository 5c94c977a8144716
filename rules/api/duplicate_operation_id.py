"""Two operations with one id.

## What it does
Reports operations of one application whose `operation_id`, given or made by `generate_unique_id_function`, another
operation has, and routes for several methods, which FastAPI documents under a single id.

## Why it matters
Generators name a client's methods by these ids: one of the two overwrites the other, and cannot be called any more.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders", operation_id="list")
def list_orders(): ...


@app.get("/users", operation_id="list")
def list_users(): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/orders", operation_id="list_orders")
def list_orders(): ...


@app.get("/users", operation_id="list_users")
def list_users(): ...
```
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._shared import documented


class DuplicateOperationId(ProjectRule):
    code = "API304"
    severity = Severity.MEDIUM
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        makers = {
            app.name: _maker(project, app.options.get("generate_unique_id_function"), app.scope) for app in project.apps
        }
        owners: dict[tuple[str, str], Route] = {}
        for route in documented(project):
            if len(route.methods) > 1:
                if "path" not in route.converters.values():  # a proxy has no client of its own
                    yield self._several(route)
                continue
            identity = _given(route) or _made(makers.get(route.app), route)
            if identity is None:
                continue
            owner = owners.setdefault((route.space, identity), route)
            if owner is not route and (owner.handler is not route.handler or owner.path != route.path):
                yield self._taken(route, owner, identity)

    def _several(self, route: Route) -> Finding:
        return self.finding(
            route.at,
            f"`{route.path}` answers {' and '.join(route.methods)} under one operation id",
            help="Give each method its own decorator, with an id of its own.",
            discriminator=route.label,
            unit=route.label,
            severity=Severity.LOW,
        )

    def _taken(self, route: Route, owner: Route, identity: str) -> Finding:
        return self.finding(
            route.at,
            f"`{route.label}` has the operation id `{identity}`, as `{owner.label}` has",
            help="Make the ids of the two differ: by name, tag or path.",
            related=[Step(owner.at, f"`{owner.label}` has it first")],
            discriminator=route.label,
            unit=route.label,
        )


def _given(route: Route) -> str | None:
    value = route.options.get("operation_id")
    return value.value if isinstance(value, ir.Const) and isinstance(value.value, str) else None


def _maker(project: Project, expr: ir.Expr | None, scope: object) -> Function | None:
    """The function that makes ids, if the application has one of its own."""
    if not isinstance(expr, ir.Lambda | ir.Name | ir.Attribute) or scope is None:
        return None
    if isinstance(expr, ir.Lambda):
        return scope.module.functions[expr.function]  # type: ignore[attr-defined,no-any-return]
    return project.function(project.qualified(expr, scope) or "")  # type: ignore[arg-type]


def _made(maker: Function | None, route: Route) -> str | None:
    """The id that a function of the route makes; None where that cannot be told."""
    if maker is None or len(maker.parameters) != 1 or "name" in route.options:
        return None
    returned = [stmt.value for stmt in maker.statements if isinstance(stmt, ir.Return)]
    return (
        _text(returned[0], maker.parameters[0].name, route)
        if len(returned) == 1 and len(maker.statements) == 1
        else None
    )


def _text(expr: ir.Expr | None, name: str, route: Route) -> str | None:
    match expr:
        case ir.Const(value=str(value)):
            return value
        case ir.Text(pieces=pieces):
            parts = [_text(piece, name, route) for piece in pieces]
            return None if None in parts else "".join(part or "" for part in parts)
        case ir.Attribute(value=ir.Name(id=owner), name="name") if owner == name:
            return None if route.handler is None else route.handler.name
        case ir.Attribute(value=ir.Name(id=owner), name="path_format" | "path") if owner == name:
            return route.path
        case ir.Subscript(value=ir.Attribute(value=ir.Name(id=owner), name="tags"), index=ir.Const(value=int(index))):
            return route.tags[index] if owner == name and index < len(route.tags) else None
    return None
