"""Answer that its declared response model cannot take.

## What it does
Compares what FastAPI handlers return, where that is written out, with their response model: required keys that are
missing, `None` or a list where one object is declared, and keys that the model does not have.

## Why it matters
A missing required key, or `None`, is a 500 at run time, after the work is done. A key that the model does not have is
dropped without a word, and the client never sees it.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: str


@app.get("/orders/{order_id}", response_model=Order)
def read_order(order_id: int):
    return {"id": order_id}
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: str


@app.get("/orders/{order_id}", response_model=Order)
def read_order(order_id: int):
    return {"id": order_id, "total": "12.00"}
```

## When not to
Objects that are computed, unpacked or filled key by key are unknown, and nothing is said of them.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Class,
    Finding,
    Function,
    Place,
    Project,
    ProjectRule,
    Route,
    Schema,
    Severity,
    Step,
    Unit,
    ir,
    listed,
)
from backend_lint.rules.api._declared import DeclaredAnswer, declared_answer
from backend_lint.rules.api._untested import never_returns, unreachable

_VALIDATORS = ("model_validator", "root_validator", "model_serializer")


class ResponseShapeMismatch(ProjectRule):
    code = "API303"
    severity = Severity.HIGH
    cwe = (1284,)
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in project.routes:
            declared = declared_answer(project, route)
            handler = route.handler
            if declared is None or handler is None or handler.facts.is_generator:
                continue
            dead = unreachable(handler, never_returns(project, handler))
            for stmt in handler.statements:
                if isinstance(stmt, ir.Return) and id(stmt) not in dead and handler.place(stmt) not in seen:
                    seen.add(handler.place(stmt))
                    yield from self._returned(route, handler, stmt, declared)

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in project.routes if declared_answer(project, route) is not None)

    def _returned(
        self, route: Route, handler: Function, stmt: ir.Return, declared: DeclaredAnswer
    ) -> Iterator[Finding]:
        value, name = stmt.value, declared.schema.name
        if value is None or (isinstance(value, ir.Const) and value.value is None):
            if not declared.nullable:
                what = f"`None`, and `{'list of ' if declared.many else ''}{name}` is declared: the client gets 500"
                yield self._finding(
                    route, handler.place(stmt), what, f"Answer 404, or declare `{name} | None`.", declared
                )
        elif declared.many:
            if isinstance(value, ir.Dict):
                what = f"one object, and a list of `{name}` is declared: the client gets 500"
                yield self._finding(route, handler.place(value), what, "Return a list.", declared)
            for each in _elements(value):
                yield from self._object(route, handler, each, declared)
        elif isinstance(value, ir.Dict):
            yield from self._object(route, handler, value, declared)
        elif isinstance(value, ir.Comprehension | ir.Sequence) and getattr(value, "kind", "") == "list":
            what = f"a list, and one `{name}` is declared: the client gets 500"
            yield self._finding(route, handler.place(value), what, f"Declare `list[{name}]`.", declared)

    def _object(self, route: Route, handler: Function, value: ir.Dict, declared: DeclaredAnswer) -> Iterator[Finding]:
        """One written-out object against the model's fields."""
        keys = [key.value for key in value.keys if isinstance(key, ir.Const) and isinstance(key.value, str)]
        if len(keys) != len(value.keys) or _is_changed(declared.schema):
            return
        given, schema = set(keys), declared.schema
        missing = [
            each.name for each in schema.fields.values() if each.required and not {each.name, each.alias} & given
        ]
        known = {name for each in schema.fields.values() for name in (each.name, each.alias)}
        dropped = [key for key in keys if key not in known]
        at = handler.place(value)
        if missing:
            what = f"no {listed(missing)}, which `{schema.name}` requires: the client gets 500"
            yield self._finding(
                route, at, what, f"Add {listed(missing)}, or make it optional in `{schema.name}`.", declared
            )
        elif dropped and schema.extra == "ignore":
            what = f"{listed(dropped)}, which `{schema.name}` does not have: it is dropped"
            finding = self._finding(
                route, at, what, f"Add it to `{schema.name}`, or do not return it.", declared, Severity.LOW
            )
            yield finding

    def _finding(
        self,
        route: Route,
        at: Place,
        what: str,
        advice: str,
        declared: DeclaredAnswer,
        severity: Severity | None = None,
    ) -> Finding:
        return self.finding(
            at,
            f"`{route.label}` returns {what}",
            help=advice,
            related=[Step(declared.schema.at, f"`{declared.schema.name}` is declared here")],
            unit=route.label,
            severity=severity,
        )


def _elements(value: ir.Expr) -> Iterator[ir.Dict]:
    match value:
        case ir.Sequence(kind="list", items=items):
            yield from (each for each in items[:1] if isinstance(each, ir.Dict))
        case ir.Comprehension(kind="list", element=ir.Dict() as element):
            yield element


def _is_changed(schema: Schema) -> bool:
    """Whether code of the model decides what it takes or gives: then its fields say too little."""
    owner: Class = schema.cls
    names = (
        (ir.dotted(ir.callee(each)) or "").rpartition(".")[2]
        for method in owner.methods.values()
        for each in method.decorators
    )
    return "alias_generator" in schema.config or any(name in _VALIDATORS for name in names)
