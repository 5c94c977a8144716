"""A partial update overwrites what the client did not send.

## What it does
Reports a PATCH route whose body schema has optional fields and is dumped without `exclude_unset`, in the handler or in
what it hands the body to.

## Why it matters
Fields that the client left out arrive as their defaults, mostly None, and are written over the stored values: changing
a name erases the address.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
ROWS: dict[int, dict] = {}


class CustomerPatch(BaseModel):
    name: str | None = None
    address: str | None = None


@app.patch("/customers/{customer_id}")
def change(customer_id: int, patch: CustomerPatch) -> dict:
    ROWS[customer_id].update(patch.model_dump())
    return ROWS[customer_id]
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
ROWS: dict[int, dict] = {}


class CustomerPatch(BaseModel):
    name: str | None = None
    address: str | None = None


@app.patch("/customers/{customer_id}")
def change(customer_id: int, patch: CustomerPatch) -> dict:
    ROWS[customer_id].update(patch.model_dump(exclude_unset=True))
    return ROWS[customer_id]
```

## References
- https://fastapi.tiangolo.com/tutorial/body-updates/#partial-updates-with-patch
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    CallSite,
    Finding,
    Function,
    Path,
    Project,
    ProjectRule,
    Route,
    Schema,
    Severity,
    Step,
    Unit,
    ir,
)

_DUMPS = frozenset({"model_dump", "dict"})
_LIMITS = frozenset({"exclude_unset", "exclude_none", "exclude_defaults", "include"})
_UPDATES = frozenset({"update", "values", "sqlmodel_update", "model_copy", "copy", "update_one", "save"})
_DEPTH = 4


class PatchOverwritesUnset(ProjectRule):
    code = "DAT207"
    severity = Severity.HIGH
    cwe = (471,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        seen: set[int] = set()
        for route, schema in _partial_updates(project):
            assert route.handler is not None
            for path in _dumps(route, schema, project):
                site = path.last
                if id(site.call) in seen or not _is_written(site, project):
                    continue
                seen.add(id(site.call))
                optional = [f"`{field.name}`" for field in schema.fields.values() if not field.required]
                yield self.finding(
                    site.at,
                    f"`{route.label}` writes the defaults of {', '.join(optional[:3])} over what is stored when the client "
                    "does not send them",
                    help=f"Write `{site.method}(exclude_unset=True)`.",
                    trace=[Step(each.at, f"`{each.name}`") for each in path.sites] if len(path.sites) > 1 else (),
                    related=[Step(schema.at, f"`{schema.name}` has optional fields")],
                    unit=route.label,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [route.label for route, _ in _partial_updates(project)]


def _partial_updates(project: Project) -> Iterator[tuple[Route, Schema]]:
    for route in project.routes:
        if "PATCH" not in route.methods or route.handler is None:
            continue
        for parameter in route.handler.parameters:
            kind = project.types.parameter(parameter, route.handler)
            schema = None if kind is None else project.schemas.get(kind.name)
            if (
                schema is not None
                and schema.kind == "pydantic"
                and any(not each.required for each in schema.fields.values())
            ):
                yield route, schema


def _dumps(route: Route, schema: Schema, project: Project) -> Iterator[Path]:
    assert route.handler is not None

    def is_dump(site: CallSite) -> bool:
        return (
            site.method in _DUMPS
            and site.receiver is not None
            and site.receiver.name == schema.qualified
            and not site.call.has_unpacking
            and not _LIMITS & site.call.keywords.keys()
        )

    return project.paths(project.sites(route.handler), is_dump, depth=_DEPTH)


def _is_written(site: CallSite, project: Project) -> bool:
    """Whether what is dumped is written as a whole: unpacked, given to an update, or set item by item without a test."""
    function = site.scope
    if not isinstance(function, Function):
        return False
    names = {
        target.id
        for stmt in function.statements
        if type(stmt) is ir.Assign and stmt.value is not None and _holds(stmt.value, site.call)
        for target in stmt.targets
        if type(target) is ir.Name
    }

    def is_dump(expr: ir.Expr) -> bool:
        return expr is site.call or (type(expr) is ir.Name and expr.id in names)

    for call in ir.calls(function.body):
        if project.qualified(call.func, function) in project.schemas:
            continue  # it is validated once more, not written
        name = call.func.name if type(call.func) is ir.Attribute else ir.dotted(call.func) or ""
        for arg in call.args:
            if is_dump(arg.value) and (arg.stars == 2 or name in _UPDATES or name.startswith(("update", "patch"))):
                return True
    for stmt in function.statements:
        if type(stmt) is ir.For and not any(type(each) is ir.If for each in stmt.body):
            source = stmt.iter.func.value if _is_items(stmt.iter) else stmt.iter  # type: ignore[attr-defined]
            if is_dump(source) and any(map(_sets, stmt.body)):
                return True
    return False


def _sets(stmt: ir.Stmt) -> bool:
    """`setattr(row, name, value)`, `row[name] = value`"""
    match stmt:
        case ir.Assign(targets=[ir.Subscript()]) | ir.Evaluate(value=ir.Call(func=ir.Name(id="setattr"))):
            return True
        case _:
            return False


def _holds(expr: ir.Expr, call: ir.Call) -> bool:
    return expr is call or (type(expr) is ir.Await and expr.value is call)


def _is_items(expr: ir.Expr) -> bool:
    return type(expr) is ir.Call and type(expr.func) is ir.Attribute and expr.func.name == "items"
