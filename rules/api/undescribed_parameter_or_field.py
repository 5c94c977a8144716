"""Field or parameter without a description among described ones.

## What it does
Reports, once a schema, fields without a description where at least two in three of the schema's fields have one; and, once
an operation, query parameters likewise. Names that say it all (`id`, `created_at`, `page`) need none.

## Why it matters
The documentation explains the easy fields and leaves out, as experience shows, the one that was added last and that
nobody can guess: its unit, its format, what happens when it is missing.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Order(BaseModel):
    tax: str = Field(description="In the currency of the order.")
    currency: str = Field(description="ISO 4217.")
    weight: int = Field(description="Grams, packed.")
    channel: str


@app.get("/orders")
def orders() -> list[Order]: ...
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel, Field

app = FastAPI()


class Order(BaseModel):
    tax: str = Field(description="In the currency of the order.")
    currency: str = Field(description="ISO 4217.")
    weight: int = Field(description="Grams, packed.")
    channel: str = Field(description="Where it was placed: web, shop or phone.")


@app.get("/orders")
def orders() -> list[Order]: ...
```

## When not to
Schemas that describe few fields, or whose descriptions come from docstrings (`use_attribute_docstrings`), are not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import (
    Finding,
    Input,
    Place,
    Project,
    ProjectRule,
    Route,
    Schema,
    SchemaField,
    Severity,
    Step,
    Unit,
    listed,
)
from backend_lint.rules.api._shared import documented

_CLEAR = re.compile(
    r"id|.*_id|name|title|type|kind|status|email|url|description|slug|uuid|.*_at|page|size|limit|offset|skip|per_page|sort"
    r"|order|order_by|q|query|search|cursor|total|count|items|data|results|created|updated|tags|user|message|detail",
)
_ENOUGH = 3


class UndescribedParameterOrField(ProjectRule):
    code = "API309"
    severity = Severity.INFO
    unit = Unit.SCHEMA

    def check(self, project: Project) -> Iterator[Finding]:
        for schema, fields in _schemas(project):
            bare = [each for each in fields if not each.description]
            if bare and _are_few(len(bare), len(fields)):
                yield self.finding(
                    bare[0].at,
                    f"{listed(each.name for each in bare)} of `{schema.name}` {'have' if len(bare) > 1 else 'has'} no "
                    f"description, and {len(fields) - len(bare)} of its {len(fields)} fields have one",
                    help='Say what it means, and in which unit or format: `Field(description="…")`.',
                    related=[Step(each.at, f"`{each.name}`") for each in bare[1:10]],
                    discriminator=schema.name,
                    unit=schema.qualified,
                )
        seen: set[Place] = set()
        for route in documented(project):
            inputs = _inputs(route)
            bare_inputs = [each for each in inputs if not each.description]
            if bare_inputs and route.at not in seen and _are_few(len(bare_inputs), len(inputs)):
                seen.add(route.at)
                yield self.finding(
                    bare_inputs[0].at or route.at,
                    f"{listed(each.name for each in bare_inputs)} of `{route.label}` "
                    f"{'have' if len(bare_inputs) > 1 else 'has'} no description, and its other parameters have one",
                    help='Say what it means: `Query(description="…")`.',
                    discriminator=route.label,
                    unit=route.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (schema.qualified for schema, _ in _schemas(project))


def _schemas(project: Project) -> Iterator[tuple[Schema, list[SchemaField]]]:
    """The schemas of projects with documented applications, each with the fields of its own that need words."""
    if not any(app.framework == "fastapi" for app in project.apps):
        return
    for schema in project.schemas.values():
        if schema.kind == "pydantic" and not _has_other_words(project, schema):
            own = [each for each in schema.fields.values() if each.name in schema.cls.attributes]
            yield schema, [each for each in own if not _is_clear(each)]


def _is_clear(field: SchemaField) -> bool:
    """Whether a name or a type says it all: a schema of its own, the one value that a variant has."""
    return (
        field.schema is not None or _CLEAR.fullmatch(field.name) is not None or (field.type or "").startswith("Literal")
    )


def _has_other_words(project: Project, schema: Schema) -> bool:
    """Whether descriptions come from docstrings, or nobody reads them in an API: those of settings."""
    if "use_attribute_docstrings" in schema.config:
        return True
    return any(isinstance(each, str) and each.endswith("BaseSettings") for each in project.classes.mro(schema.cls))


def _inputs(route: Route) -> list[Input]:
    """The query parameters of the handler's own that need words."""
    own = {each.name for each in route.handler.parameters} if route.handler is not None else set()
    return [
        each
        for each in route.inputs
        if each.where == "query" and (each.variable or each.name) in own and not _CLEAR.fullmatch(each.name)
    ]


def _are_few(bare: int, all: int) -> bool:
    return all - bare >= _ENOUGH and 3 * bare <= all
