"""Body read key by key where a schema could say what it is.

## What it does
Reports FastAPI and Starlette operations that take their body as a bare `dict` or from `request.json()` and read two or
more keys of it by hand.

## Why it matters
Nothing says which keys there are, of which type, which are required: a missing one is a `KeyError` and 500, a wrong type
travels on into the database, and the documentation shows an empty object.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.post("/orders")
def place(order: dict):
    return {"product": order["product"], "count": order["count"]}
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class NewOrder(BaseModel):
    product: str
    count: int


@app.post("/orders")
def place(order: NewOrder):
    return {"product": order.product, "count": order.count}
```

## When not to
Web hooks, whose body somebody else defines, and handlers that pass it on as it is, are not reported; one key alone is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Severity, Unit, ir, listed

_ELSEWHERE = re.compile(
    r"hook|callback|proxy|ipn|scim|oauth|saml|oidc|rpc|graphql|openai|ollama|anthropic|slack|stripe", re.IGNORECASE
)
_ENOUGH = 2
_RAW = frozenset({"dict", "Dict", "Any", "Mapping"})


class UntypedRequestBody(ProjectRule):
    code = "API201"
    severity = Severity.LOW
    cwe = (20,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in _judged(project):
            handler = route.handler
            if (
                handler is None
                or handler.at in seen
                or _ELSEWHERE.search(f"{route.path} {handler.name} {handler.module.name}")
            ):
                continue
            seen.add(handler.at)
            keys, at = _keys(project, route, handler)
            if len(keys) >= _ENOUGH:
                yield self.finding(
                    at,
                    f"`{route.label}` reads {listed(keys, 4)} from a body that no schema describes",
                    help=f"Declare a model with {listed(keys, 6)}, and take that.",
                    discriminator=route.label,
                    unit=route.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in _judged(project) if not route.is_safe)


def _judged(project: Project) -> Iterator[Route]:
    for route in project.routes:
        if (
            route.framework in ("fastapi", "starlette", "litestar")
            and not route.is_websocket
            and route.handler is not None
        ):
            yield route


def _keys(project: Project, route: Route, handler: Function) -> tuple[list[str], Place]:
    """The keys that a handler reads of a raw body, in order, and where the body comes in."""
    raw = {
        (each.variable or each.name): each.at
        for each in route.inputs
        if each.where == "body" and (each.type or "").partition("[")[0] in _RAW and each.at is not None
    }
    for name, bindings in project.types.bindings(handler).items():
        for each in bindings:
            if each.kind == "value" and not each.path and _is_json(project, each.expr, handler):
                raw[name] = handler.place(each.expr)
    for node in ir.walk(handler.body):
        if isinstance(node, ir.Call):
            for given in (*(each.value for each in node.args), *node.keywords.values()):
                if isinstance(given, ir.Name):
                    raw.pop(given.id, None)  # it is passed on as it is
    found: dict[str, Place] = {}
    for node in ir.walk(handler.body):
        match node:
            case ir.Subscript(value=ir.Name(id=name), index=ir.Const(value=str(key))) if name in raw:
                found.setdefault(key, raw[name])
            case ir.Call(func=ir.Attribute(value=ir.Name(id=name), name="get" | "pop"), args=[first, *_]) if (
                name in raw
            ):
                if isinstance(first.value, ir.Const) and isinstance(first.value.value, str):
                    found.setdefault(first.value.value, raw[name])
    return list(found), next(iter(found.values()), handler.at)


def _is_json(project: Project, expr: ir.Expr, handler: Function) -> bool:
    """Whether it is `await request.json()`."""
    if not isinstance(expr, ir.Await) or not isinstance(expr.value, ir.Call):
        return False
    func = expr.value.func
    if not isinstance(func, ir.Attribute) or func.name != "json":
        return False
    kind = project.type_of(func.value, handler)
    return kind is not None and kind.name in ("starlette.requests.Request", "fastapi.Request")
