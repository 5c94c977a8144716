"""Row of the body changed, not the one in the path.

## What it does
Reports operations whose path names a row, whose handler never uses that name, and whose body names a row, too.

## Why it matters
Whoever may change `/orders/1` changes order 2 by writing `"id": 2`. What guards, logs and rate limits see is the path.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    note: str


def save(order: Order): ...


@app.put("/orders/{order_id}")
def change(order_id: int, order: Order):
    save(order)
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    note: str


def save(order_id: int, order: Order): ...


@app.put("/orders/{order_id}")
def change(order_id: int, order: Order):
    save(order_id, order)
```

## When not to
Where a dependency or decorator reads the path and the handler uses the row that it gives, nothing is reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Input, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._shared import client_names

_CHANGING = frozenset({"PUT", "PATCH", "POST", "DELETE"})


class BodyIdOverridesPath(ProjectRule):
    code = "API112"
    severity = Severity.HIGH
    cwe = (639,)
    owasp = ("API1:2023",)
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        for route in _judged(project):
            handler = route.handler
            if handler is None or any(
                each.name in handler.facts.locals for each in _path(route) if _is_used(handler, each)
            ):
                continue
            for each in _path(route)[-1:]:
                key = _looked_up(project, handler, each)
                if key is None and route.path.rstrip("/").endswith("}"):
                    key = _key(project, route, handler, each)
                if key is not None and handler.parameter(each.variable or each.name) is not None:
                    yield self.finding(
                        handler.at,
                        f"`{route.label}` never uses `{each.name}` of its path, and changes what `{key.name}` of the body names",
                        help=f"Choose the row by `{each.name}`, and leave the key out of the body.",
                        related=[Step(key.at or route.at, f"`{key.name}` is what the client sends")],
                        discriminator=route.label,
                        unit=route.label,
                    )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in _judged(project))


def _judged(project: Project) -> Iterator[Route]:
    for route in project.routes:
        if set(route.methods) <= _CHANGING and _path(route):
            yield route


def _path(route: Route) -> list[Input]:
    return [each for each in route.inputs if each.where == "path"]


def _looked_up(project: Project, handler: Function, path: Input) -> Input | None:
    """The key of the body by which the handler looks up a row: `session.get(Order, body.id)`."""
    names, bodies = {"id", path.name}, client_names(project, handler) - {path.variable or path.name}
    for query in project.queries:
        for use in query.filters if query.scope is handler else ():
            match use.value:
                case ir.Attribute(value=ir.Name(id=held), name=key) if held in bodies and key in names:
                    return Input(key, "body", at=handler.place(use.value))
                case ir.Subscript(value=ir.Name(id=held), index=ir.Const(value=str(key))) if (
                    held in bodies and key in names
                ):
                    return Input(key, "body", at=handler.place(use.value))
    return None


def _is_used(handler: Function, each: Input) -> bool:
    name = each.variable or each.name
    return any(isinstance(node, ir.Name) and node.id == name for node in ir.walk(handler.body))


def _key(project: Project, route: Route, handler: Function, path: Input) -> Input | None:
    """What of the body names a row: a field of its schema, or a key that the handler reads."""
    names = {"id", path.name, path.name.lower()}
    if any(each.name not in ("self", "cls") and _reads(project, each, path) for each in route.dependencies):
        return None
    for each in route.inputs:
        if each.where in ("body", "form") and each.name in names and route.framework != "fastapi":
            return each
        if each.where == "body" and route.framework == "fastapi":
            schemas = [found for found in project.schemas.values() if found.name == each.type]
            for schema in schemas:
                field = next((schema.fields[name] for name in names if name in schema.fields), None)
                if field is not None and field.required and _is_used(handler, each):
                    return Input(field.name, "body", field.type, at=field.at)
    return None


def _reads(project: Project, function: Function, path: Input) -> bool:
    return function.parameter(path.variable or path.name) is not None
