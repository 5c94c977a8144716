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

from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from backend_lint.api import (
    CallSite,
    Class,
    Column,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Schema,
    SchemaField,
    Scope,
    Severity,
    Step,
    Unit,
    ir,
)

_MAPPINGS = {"model_dump": "pydantic", "dict": "pydantic", "load": "marshmallow"}
"""What makes a mapping of a schema's fields, by the kind of schema."""
_TEXTS = frozenset({"str", "Str", "String", "CharField"})


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


_Written = tuple[Schema, SchemaField, Column, Model, Place]


def _pairs(project: Project) -> dict[tuple[str, str], _Pair]:
    found: dict[tuple[str, str], _Pair] = {}
    bodies = {schema.qualified for route in project.routes for schema in project.body_schemas(route)}
    for schema, each, column, model, at in _all_written(project, bodies):
        pair = found.setdefault((schema.qualified, model.qualified), _Pair(schema, model, at))
        what = _misfit(each, column)
        if what is not None:
            pair.misfits.setdefault(each.name, what)
    return found


def _all_written(project: Project, bodies: set[str]) -> Iterator[_Written]:
    created = {
        id(query.site.call): query.model
        for query in project.queries
        if query.operation == "insert" and query.site.method in ("create", "acreate")
    }
    for name in project.served:
        function = project.function(name)
        for each in _written(project, function, created) if function is not None else ():
            if each[0].qualified in bodies or each[0].kind == "marshmallow":
                yield each
    for name in sorted(bodies):
        schema = project.schemas[name]
        is_of_model = project.classes.is_subclass(schema.cls, "rest_framework.serializers.ModelSerializer")
        model = project.models.get(schema.model or "") if is_of_model else None
        if model is not None and not schema.cls.methods.keys() & {"create", "update", "save"}:
            yield from _saved(schema, model, project)


def _saved(schema: Schema, model: Model, project: Project) -> Iterator[_Written]:
    """What a `ModelSerializer` writes of the fields that it declares itself."""
    declared = {name for each in project.classes.mro(schema.cls) if isinstance(each, Class) for name in each.attributes}
    for each in schema.fields.values():
        column = model.columns.get(each.source or each.name) if each.name in declared else None
        is_checked = f"validate_{each.name}" in schema.cls.methods or "validate" in schema.cls.methods
        if column is not None and each.type == "CharField" and not (each.read_only or is_checked):
            yield schema, each, column, model, each.at


def _written(project: Project, function: Function, created: Mapping[int, str | None]) -> Iterator[_Written]:
    """Each field of a schema that a function writes to a column as it is, also where a caller hands it over.

    `created` are the models of the calls that insert a row, `Order.objects.create(…)`.
    """
    for site in project.sites(function):
        model = project.models.get(site.symbol or "") or project.models.get(created.get(id(site.call)) or "")
        if model is None:
            continue
        for arg in site.call.args:
            if arg.stars == 2:
                changed = _changed(arg.value, function) | site.call.keywords.keys()
                for value, scope in project.origins(arg.value, function):
                    yield from _dumped(project, scope, site, value, model, changed)
            elif arg.keyword in model.columns:
                for found in _fields(project, function, arg.value):
                    yield *found, model.columns[arg.keyword], model, site.at
    for stmt in function.statements:
        if type(stmt) is ir.Assign and len(stmt.targets) == 1 and stmt.value is not None:
            target = stmt.targets[0]
            if type(target) is not ir.Attribute:
                continue
            kind = project.type_of(target.value, function)
            model = project.models.get(kind.name) if kind is not None and not kind.itself else None
            if model is None or target.name not in model.columns:
                continue
            for found in _fields(project, function, stmt.value):
                yield *found, model.columns[target.name], model, function.place(stmt)


def _changed(value: ir.Expr, function: Function) -> set[str]:
    """The keys that a function names itself of a mapping that it hands on: what it may have changed."""
    if type(value) is not ir.Name:
        return set()
    return {
        node.value
        for each in ir.walk(function.body)
        if value.id in (getattr(getattr(each, "value", None), "id", None), _owner(each))
        for node in ir.walk_expression(each)
        if type(node) is ir.Const and isinstance(node.value, str)
    }


def _owner(expr: ir.Expr) -> str | None:
    """`values` of `values.pop("key")`."""
    match expr:
        case ir.Call(func=ir.Attribute(value=ir.Name(id=name))):
            return name
        case _:
            return None


def _fields(project: Project, function: Function, value: ir.Expr) -> Iterator[tuple[Schema, SchemaField]]:
    """The fields that `body.note` is, also where callers hand it over, or all fields as `**body.model_dump()`."""
    for origin, scope in project.origins(value, function):
        match origin:
            case ir.Attribute(value=owner, name=name):
                schema = _schema(project, owner, scope, "pydantic")
                if schema is not None and name in schema.fields:
                    yield schema, schema.fields[name]
            case ir.Name(id=name) if isinstance(scope, Function) and scope.parameter(name) is not None:
                for site in project.callers(scope):
                    unpacked = next((arg.value for arg in site.call.args if arg.stars == 2), None)
                    for mapping, around in project.origins(unpacked, site.scope) if unpacked is not None else ():
                        found = _mapped(project, mapping, around)
                        if found is not None and name in found.fields and name not in site.call.keywords:
                            yield found, found.fields[name]


def _schema(project: Project, expr: ir.Expr, scope: Scope, kind: str) -> Schema | None:
    """The schema of this kind that an expression is an instance of."""
    found = project.type_of(expr, scope)
    schema = project.schemas.get(found.name) if found is not None else None
    return schema if schema is not None and schema.kind == kind else None


def _mapped(project: Project, value: ir.Expr, scope: Scope) -> Schema | None:
    """The schema whose fields a mapping has: `body.model_dump()`, `OrderSchema().load(body)`."""
    match value:
        case ir.Call(func=ir.Attribute(value=owner, name=name)) if name in _MAPPINGS and not _is_limited(value):
            return _schema(project, owner, scope, _MAPPINGS[name])
        case _:
            return None


def _dumped(
    project: Project, scope: Scope, site: CallSite, value: ir.Expr, model: Model, changed: Set[str]
) -> Iterator[_Written]:
    """The fields in `**body.model_dump()` and `**OrderSchema().load(body)`, those left out that are named beside it."""
    schema = _mapped(project, value, scope)
    for each in schema.fields.values() if schema is not None else ():
        key = each.source or each.name
        if schema is not None and key in model.columns and key not in changed and not each.read_only:
            yield schema, each, model.columns[key], model, site.at


def _is_limited(call: ir.Call) -> bool:
    return bool({"exclude_none", "include", "exclude", "by_alias"} & call.keywords.keys())


_BOUNDED = frozenset({"max_length", "max", "pattern", "regex", "length", "validate", "choices"})


def _misfit(each: SchemaField, column: Column) -> str | None:
    length = column.arguments.get("length", column.arguments.get("max_length"))
    if each.type in _TEXTS and column.family == "string" and isinstance(length, int):
        bound = each.constraints.get("max_length", each.constraints.get("max"))
        if not each.constraints.keys() & _BOUNDED and not column.choices:
            return f"`{each.name}` of any length, and the column holds {length} characters"
        if isinstance(bound, int) and bound > length:
            return f"`{each.name}` of {bound} characters, and the column holds {length}"
    is_filled = column.default is not None or column.server_default is not None
    if (
        each.nullable
        and each.required
        and each.type != "CharField"
        and not column.nullable
        and not column.primary_key
        and not is_filled
    ):
        return f"`{each.name}` may be null, and the column may not"
    return None
