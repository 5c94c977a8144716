"""A schema accepts what the column cannot hold.

## What it does
Follows the fields of a request's schema to the columns that they are written to (`Order(note=body.note)`,
`Order(**body.model_dump())`, `order.note = body.note`), and reports fields whose text may be longer than the column, and
fields that may be null where the column may not.

## Why it matters
The database refuses the row, and the client gets a 500 for what validation should have answered with a 422. MySQL outside
of its strict mode cuts the text off and says nothing.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(String(80))


class OrderIn(BaseModel):
    note: str


@app.post("/orders")
def create(order: OrderIn) -> None:
    session = Session()
    session.add(Order(note=order.note))
    session.commit()
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel, Field
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str] = mapped_column(String(80))


class OrderIn(BaseModel):
    note: str = Field(max_length=80)


@app.post("/orders")
def create(order: OrderIn) -> None:
    session = Session()
    session.add(Order(note=order.note))
    session.commit()
```

## When not to
SQLite, which does not look at lengths.

## References
- https://cwe.mitre.org/data/definitions/1284.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backend_lint.api import (
    CallSite,
    Column,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Schema,
    SchemaField,
    Severity,
    Step,
    Unit,
    ir,
)

_DUMPS = frozenset({"model_dump", "dict"})


@dataclass
class _Pair:
    """A schema, the model that it is written to, and the fields that do not fit."""

    schema: Schema
    model: Model
    at: Place
    misfits: dict[str, str] = field(default_factory=dict)


class SchemaColumnMismatch(ProjectRule):
    code = "DAT204"
    severity = Severity.MEDIUM
    cwe = (20, 1284)
    owasp = ("A04:2021", "A06:2025")
    unit = Unit.SCHEMA

    def check(self, project: Project) -> Iterable[Finding]:
        for pair in _pairs(project).values():
            if pair.misfits:
                names = list(pair.misfits)
                more = f", and {len(names) - 3} more" if len(names) > 3 else ""
                first = pair.schema.fields[names[0]]
                yield self.finding(
                    first.at,
                    f"`{pair.schema.name}` accepts what `{pair.model.table}` cannot hold: "
                    f"{'; '.join(pair.misfits[name] for name in names[:3])}{more}",
                    help="Give the fields the bounds of the columns: `max_length=…`, no `None`.",
                    related=[Step(pair.at, "written here"), Step(pair.model.at, f"`{pair.model.name}`")],
                    unit=pair.schema.qualified,
                    discriminator=pair.model.qualified,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return list(dict.fromkeys(pair.schema.qualified for pair in _pairs(project).values()))


def _pairs(project: Project) -> dict[tuple[str, str], _Pair]:
    found: dict[tuple[str, str], _Pair] = {}
    bodies = {schema.qualified for route in project.routes for schema in project.body_schemas(route)}
    running = project.served
    for function in project.functions():
        if function.qualified not in running:
            continue
        for schema, each, column, model, at in _written(project, function):
            if schema.qualified not in bodies:
                continue
            pair = found.setdefault((schema.qualified, model.qualified), _Pair(schema, model, at))
            what = _misfit(each, column)
            if what is not None:
                pair.misfits.setdefault(each.name, what)
    return found


def _written(project: Project, function: Function) -> Iterator[tuple[Schema, SchemaField, Column, Model, Place]]:
    """Each field of a schema that a function writes to a column as it is."""
    for site in project.sites(function):
        model = project.models.get(site.symbol or "")
        if model is None:
            continue
        for arg in site.call.args:
            if arg.stars == 2:
                yield from _dumped(project, function, site, arg.value, model)
            elif arg.keyword in model.columns:
                found = _field(project, function, arg.value)
                if found is not None:
                    yield *found, model.columns[arg.keyword], model, site.at
    for stmt in function.statements:
        if type(stmt) is ir.Assign and len(stmt.targets) == 1 and stmt.value is not None:
            target = stmt.targets[0]
            found = _field(project, function, stmt.value) if type(target) is ir.Attribute else None
            if found is not None and type(target) is ir.Attribute:
                kind = project.type_of(target.value, function)
                model = project.models.get(kind.name) if kind is not None else None
                if model is not None and target.name in model.columns:
                    yield *found, model.columns[target.name], model, function.place(stmt)


def _field(project: Project, function: Function, value: ir.Expr) -> tuple[Schema, SchemaField] | None:
    """The field that `body.note` is."""
    if type(value) is not ir.Attribute:
        return None
    kind = project.type_of(value.value, function)
    schema = project.schemas.get(kind.name) if kind is not None else None
    each = schema.fields.get(value.name) if schema is not None and schema.kind == "pydantic" else None
    return None if schema is None or each is None else (schema, each)


def _dumped(
    project: Project, function: Function, site: CallSite, value: ir.Expr, model: Model
) -> Iterator[tuple[Schema, SchemaField, Column, Model, Place]]:
    """The fields in `**body.model_dump()`, those that the call names itself left out."""
    match value:
        case ir.Call(func=ir.Attribute(value=owner, name=name)) if name in _DUMPS and not _is_limited(value):
            kind = project.type_of(owner, function)
            schema = project.schemas.get(kind.name) if kind is not None else None
            if schema is not None and schema.kind == "pydantic":
                for each in schema.fields.values():
                    if each.name in model.columns and each.name not in site.call.keywords:
                        yield schema, each, model.columns[each.name], model, site.at


def _is_limited(call: ir.Call) -> bool:
    return bool({"exclude_none", "include", "exclude", "by_alias"} & call.keywords.keys())


def _misfit(each: SchemaField, column: Column) -> str | None:
    length = column.arguments.get("length", column.arguments.get("max_length"))
    if each.type == "str" and column.family == "string" and isinstance(length, int):
        bound = each.constraints.get("max_length")
        if not each.constraints.keys() & {"max_length", "pattern", "regex", "length"} and not column.choices:
            return f"`{each.name}` of any length, and the column holds {length} characters"
        if isinstance(bound, int) and bound > length:
            return f"`{each.name}` of {bound} characters, and the column holds {length}"
    is_filled = column.default is not None or column.server_default is not None
    if each.nullable and each.required and not column.nullable and not column.primary_key and not is_filled:
        return f"`{each.name}` may be null, and the column may not"
    return None
