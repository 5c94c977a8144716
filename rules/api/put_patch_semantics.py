"""PUT that changes only what is sent, beside a PATCH.

## What it does
Reports `PUT` operations that apply only the fields that were sent (`exclude_unset=True`, `partial=True`) in an API that
has `PATCH` operations for that, and `PATCH` operations whose body must have every field.

## Why it matters
Clients trust the method: after a `PUT` the resource is what they sent, and a `PATCH` needs only what changes. Where that
does not hold, a field that was left out to be emptied stays, or a client has to send what it does not know.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Shop(BaseModel):
    name: str
    street: str
    city: str


@app.patch("/shops/{shop_id}")
def change(shop_id: int, body: Shop):
    store(shop_id, body.name, body.street, body.city)
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class ShopChange(BaseModel):
    name: str = ""
    street: str = ""
    city: str = ""


@app.patch("/shops/{shop_id}")
def change(shop_id: int, body: ShopChange):
    store(shop_id, **body.model_dump(exclude_unset=True))
```

## When not to
An API that has only `PUT`, and says so, is left alone.

## References
- https://www.rfc-editor.org/rfc/rfc9110#name-put
- https://www.rfc-editor.org/rfc/rfc5789
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Schema, Severity, Unit, ir, listed

_FIELDS = 3
_KINDS = frozenset({"pydantic", "msgspec", "dataclass", "attrs"})


class PutPatchSemantics(ProjectRule):
    code = "API113"
    preview = True
    severity = Severity.INFO
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        has_patch = {route.app for route in project.routes if route.methods == ("PATCH",)}
        seen: set[Place] = set()
        for route in project.routes:
            handler = route.handler
            if handler is None or handler.at in seen or route.framework == "drf" or "{" not in route.path:
                continue
            if route.methods == ("PUT",) and route.app in has_patch:
                partial = _partial(handler)
                if partial is not None:
                    seen.add(handler.at)
                    yield self.finding(
                        handler.place(partial),
                        f"`{route.label}` changes only the fields that were sent, as `PATCH` does elsewhere in this API",
                        help="Replace the whole resource, or make it a `PATCH`.",
                        discriminator=route.label,
                        unit=route.label,
                    )
            elif route.methods == ("PATCH",):
                schema = _demanding(route, project)
                if schema is not None and _partial(handler) is None:
                    seen.add(handler.at)
                    yield self.finding(
                        handler.at,
                        f"`{route.label}` demands all of `{schema.name}` ({listed(schema.fields)}), though a `PATCH` sends what changes",
                        help="Make the fields optional and apply what was sent (`exclude_unset=True`), or make it a `PUT`.",
                        discriminator=route.label,
                        unit=route.label,
                    )

    def examined(self, project: Project) -> list[str]:
        return [route.label for route in project.routes if route.methods in (("PUT",), ("PATCH",))]


def _partial(handler: Function) -> ir.Call | None:
    """The call that takes only what was sent."""
    for call in ir.calls(handler.body):
        for name in ("exclude_unset", "partial"):
            given = call.keywords.get(name)
            if type(given) is ir.Const and given.value is True:
                return call
    return None


def _demanding(route: Route, project: Project) -> Schema | None:
    """The schema of the body, where each of its several fields must be sent."""
    bodies = [each for each in route.inputs if each.where == "body"]
    if len(bodies) != 1:
        return None
    schema = next((each for each in project.schemas.values() if each.name == bodies[0].type), None)
    if schema is None or schema.kind not in _KINDS or len(schema.fields) < _FIELDS:
        return None
    return schema if all(each.required for each in schema.fields.values()) else None
