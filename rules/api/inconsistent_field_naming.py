"""Fields that are spelled otherwise than all others.

## What it does
Looks at the names that fields of request and response schemas have on the wire. Where nearly all are written in one way
(`created_at` or `createdAt`), schemas whose fields are written in the other are reported.

## Why it matters
Clients map names by one rule. A field that breaks it is read as missing, and nobody sees an error: the value is empty.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Shop(BaseModel):
    shop_name: str
    street_name: str
    created_at: str
    updated_at: str
    opening_hours: str
    phone_number: str
    tax_number: str
    owner_name: str


class Visit(BaseModel):
    visitedAt: str


@app.post("/shops")
def create(shop: Shop): ...


@app.post("/visits")
def visit(visit: Visit): ...
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Shop(BaseModel):
    shop_name: str
    street_name: str
    created_at: str
    updated_at: str
    opening_hours: str
    phone_number: str
    tax_number: str
    owner_name: str


class Visit(BaseModel):
    visited_at: str


@app.post("/shops")
def create(shop: Shop): ...


@app.post("/visits")
def visit(visit: Visit): ...
```

## When not to
Schemas of what others send (a webhook, a protocol such as OpenID) have their names from there. Schemas with an
`alias_generator` are not judged.

## References
- https://opensource.zalando.com/restful-api-guidelines/#118
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Schema, SchemaField, Severity, Unit, listed, words

_SNAKE = re.compile(r"^_?[a-z][a-z0-9]*(?:_[a-z0-9]+)+$")
_CAMEL = re.compile(r"^[a-z]+[0-9]*(?:[A-Z][a-z0-9]*)+$")
_ENOUGH = 8
_SHARE = 0.8
_OF_OTHERS = frozenset(
    {"webhook", "webhooks", "oauth", "oidc", "openid", "scim", "saml", "github", "gitlab", "slack", "stripe", "google"}
    | {
        "openai",
        "anthropic",
        "aws",
        "azure",
        "kubernetes",
        "jira",
        "discord",
        "telegram",
        "external",
        "legacy",
        "vendor",
    }
)


class InconsistentFieldNaming(ProjectRule):
    code = "API110"
    preview = True
    severity = Severity.INFO
    unit = Unit.SCHEMA

    def check(self, project: Project) -> Iterator[Finding]:
        schemas = _on_the_wire(project)
        styles = Counter(style for schema in schemas for _, style in _styled(schema))
        (style, count), *_ = styles.most_common(1) or [("", 0)]
        total = sum(styles.values())
        if count < _ENOUGH or count < _SHARE * total or count == total:
            return
        for schema in schemas:
            other = [each for each, own in _styled(schema) if own != style]
            if other:
                yield self.finding(
                    other[0].at,
                    f"{listed(_wire(each) for each in other)} of `{schema.name}` "
                    f"{'are' if len(other) > 1 else 'is'} not in {style}, as {count} of {total} fields of this API are",
                    help=f"Name {'them' if len(other) > 1 else 'it'} {listed(_as(style, _wire(each)) for each in other)}, "
                    "by an alias where the attribute has to stay.",
                    discriminator=schema.name,
                    unit=schema.qualified,
                )

    def examined(self, project: Project) -> list[str]:
        return [schema.qualified for schema in _on_the_wire(project)]


def _on_the_wire(project: Project) -> list[Schema]:
    """The schemas that routes take and give, with those in them; what others define left out."""
    pending = [
        name
        for route in project.routes
        for text in (route.body, route.response_model)
        for name in re.findall(r"[\w.]+", text or "")
    ]
    pending += [name for route in project.routes for name in (*route.body_schemas, *route.response_schemas)]
    by_name = {schema.name: schema.qualified for schema in project.schemas.values()}
    found: dict[str, Schema] = {}
    while pending:
        name = pending.pop()
        schema = project.schemas.get(name) or project.schemas.get(by_name.get(name.rpartition(".")[2], ""))
        if schema is None or schema.qualified in found or "alias_generator" in schema.config:
            continue
        if not _OF_OTHERS & set(words(schema.qualified)):
            found[schema.qualified] = schema
            pending += [each.schema for each in schema.fields.values() if each.schema is not None]
    return sorted(found.values(), key=lambda each: each.at)


def _styled(schema: Schema) -> Iterator[tuple[SchemaField, str]]:
    """The fields that a class itself has, with the way in which they are written where that can be told."""
    for each in schema.fields.values():
        if each.name in schema.cls.attributes:
            name = _wire(each)
            if _SNAKE.match(name):
                yield each, "snake_case"
            elif _CAMEL.match(name):
                yield each, "camelCase"


def _wire(field: SchemaField) -> str:
    return field.alias or field.name


def _as(style: str, name: str) -> str:
    spoken = words(name)
    return "_".join(spoken) if style == "snake_case" else spoken[0] + "".join(each.capitalize() for each in spoken[1:])
