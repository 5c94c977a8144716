"""List that is wrapped in another way than the others.

## What it does
Compares the declared shape of an application's lists (a bare array, or an object with the rows under `items`, `results`,
`data`) and reports those that depart from the object that at least seven in ten have.

## Why it matters
Clients unwrap lists in one place. For these lists that place finds nothing, or an object where it expects rows.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Row(BaseModel):
    id: int


class Page(BaseModel):
    items: list[Row]
    total: int


@app.get("/orders")
def orders() -> Page: ...


@app.get("/customers")
def customers() -> Page: ...


@app.get("/invoices")
def invoices() -> Page: ...


@app.get("/payments")
def payments() -> Page: ...


@app.get("/carts")
def carts() -> Page: ...


@app.get("/products")
def products() -> list[Row]: ...
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Row(BaseModel):
    id: int


class Page(BaseModel):
    items: list[Row]
    total: int


@app.get("/orders")
def orders() -> Page: ...


@app.get("/customers")
def customers() -> Page: ...


@app.get("/invoices")
def invoices() -> Page: ...


@app.get("/payments")
def payments() -> Page: ...


@app.get("/carts")
def carts() -> Page: ...


@app.get("/products")
def products() -> Page: ...
```

## When not to
Applications with fewer than six lists are not compared, and where bare arrays are usual, a page that says how many rows
there are is no fault; lists of plain values (tags, names) are none of rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from backend_lint.api import ContractField, Endpoint, Finding, Project, ProjectRule, Severity, Step, Unit
from backend_lint.rules.api._contract import labels

_ARRAY = "a bare array"
_ENOUGH = 6
_SHARE = 0.7


class InconsistentEnvelope(ProjectRule):
    code = "API108"
    severity = Severity.LOW
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        shapes = _shapes(project)
        usual, count = Counter(shape for _, shape in shapes).most_common(1)[0] if shapes else ("", 0)
        if len(shapes) < _ENOUGH or count < _SHARE * len(shapes) or usual == _ARRAY:
            return
        like = next(each for each, shape in shapes if shape == usual)
        by_router: dict[str, list[tuple[Endpoint, str]]] = {}
        for each, shape in shapes:
            if shape != usual:
                by_router.setdefault(each.router, []).append((each, shape))
        for found in by_router.values():
            first, shape = found[0]
            yield self.finding(
                first.at,
                f"{labels(each for each, _ in found)} {'answer' if len(found) > 1 else 'answers'} {shape}; "
                f"{count} of {len(shapes)} lists answer {usual}, as `{like.label}`",
                help=f"Answer {usual}, too; for clients of today, under a new version.",
                related=[
                    Step(like.at, f"`{like.label}` answers {usual}"),
                    *(Step(each.at, f"`{each.label}`") for each, _ in found[1:10]),
                ],
                discriminator=first.router,
                unit=first.label,
            )

    def examined(self, project: Project) -> Iterator[str]:
        shapes = _shapes(project)
        return (each.label for each, _ in (shapes if len(shapes) >= _ENOUGH else ()))


def _shapes(project: Project) -> list[tuple[Endpoint, str]]:
    """The lists of rows that are declared, each with its shape in words."""
    found = []
    for each in project.contract.operations.values():
        if each.method == "GET" and each.response is not None and not each.path.rstrip("/").endswith("}"):
            shape = _shape(project, each.response)
            if shape is not None:
                found.append((each, shape))
    return found


def _shape(project: Project, response: ContractField) -> str | None:
    if response.many:
        return _ARRAY if response.schema is not None else None
    held = project.contract.objects.get(response.schema or "")
    rows = [field.name for field in held.fields.values() if field.many and field.schema] if held is not None else []
    others = [field for field in held.fields.values() if field.name not in rows] if held is not None else []
    if len(rows) != 1 or not all(each.type in ("integer", "boolean", "string", "number", None) for each in others):
        return None
    is_page = rows[0] in ("items", "results", "data", "objects", "rows", "records", "entries")
    return f"an object with `{rows[0]}`" if is_page and len(others) <= 8 else None
