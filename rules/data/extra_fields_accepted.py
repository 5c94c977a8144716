"""A schema lets fields through that it does not know, and they are written.

## What it does
Reports schemas that keep unknown fields (`extra="allow"`, `unknown=INCLUDE`) where their dump is unpacked into a model, a
query or a call to another service.

## Why it matters
The schema looks like a list of what may be set, and is none: the client adds `is_admin` or `owner_id`, and it is written.

## Example
```python
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(default=False)


class UserIn(BaseModel):
    model_config = ConfigDict(extra="allow")
    name: str


@app.post("/users")
def create(user: UserIn) -> None:
    session = Session()
    session.add(User(**user.model_dump()))
    session.commit()
```

## Use instead
```python
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    is_admin: Mapped[bool] = mapped_column(default=False)


class UserIn(BaseModel):
    name: str


@app.post("/users")
def create(user: UserIn) -> None:
    session = Session()
    session.add(User(**user.model_dump()))
    session.commit()
```

## When not to
The unknown fields go into a column that is meant for them.

## References
- https://cwe.mitre.org/data/definitions/915.html
- https://docs.pydantic.dev/latest/api/config/#pydantic.config.ConfigDict.extra
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Place, Project, ProjectRule, Schema, Severity, Step, Unit, ir

_DUMPS = frozenset({"model_dump", "dict", "dump", "load"})
_WRITES = frozenset({"create", "acreate", "update", "values", "insert", "insert_one", "update_or_create"})


class ExtraFieldsAccepted(ProjectRule):
    code = "DAT210"
    severity = Severity.HIGH
    cwe = (915,)
    owasp = ("A04:2021", "A06:2025", "API3:2023")
    unit = Unit.SCHEMA

    def check(self, project: Project) -> Iterable[Finding]:
        open_schemas = {name: each for name, each in project.schemas.items() if each.extra == "allow"}
        if not open_schemas:
            return
        for function in project.functions():
            for schema, dump in _set_one_by_one(project, function, open_schemas):
                yield self._report(function.place(dump), schema, "attributes", [Step(schema.at, f"`{schema.name}`")])
            for site in project.sites(function):
                for schema, dump in _unpacked(project, function, site, open_schemas):
                    target = _written(project, site)
                    if target is not None:
                        steps = [Step(schema.at, f"`{schema.name}`"), Step(function.place(dump), "dumped here")]
                        yield self._report(site.at, schema, target, steps)

    def _report(self, at: Place, schema: Schema, target: str, related: list[Step]) -> Finding:
        return self.finding(
            at,
            f"`{schema.name}` keeps fields that it does not know, and all of them are written to {target}",
            help='Leave out `extra="allow"`, or pass `include=` to the dump.',
            related=related,
            unit=schema.qualified,
        )

    def examined(self, project: Project) -> Iterable[str]:
        return list(project.schemas)


def _unpacked(
    project: Project, function: Function, site: CallSite, schemas: dict[str, Schema]
) -> Iterator[tuple[Schema, ir.Call]]:
    """The schemas whose whole dump a call unpacks."""
    for arg in site.call.args:
        value = arg.value
        if arg.stars == 2 and type(value) is ir.Name:
            bound = [each.expr for each in project.types.bindings(function).get(value.id, ()) if each.kind == "value"]
            value = bound[0] if len(bound) == 1 else value
        match value:
            case ir.Call(func=ir.Attribute(value=owner, name=name)) if arg.stars == 2 and name in _DUMPS:
                kind = project.type_of(owner, function)
                if kind is not None and kind.name in schemas and "include" not in value.keywords:
                    yield schemas[kind.name], value


def _set_one_by_one(
    project: Project, function: Function, schemas: dict[str, Schema]
) -> Iterator[tuple[Schema, ir.Call]]:
    """The schemas whose dump a loop sets as attributes: `for name, value in body.dict().items(): setattr(…)`."""
    for stmt in function.statements:
        match stmt:
            case ir.For(
                iter=ir.Call(func=ir.Attribute(value=ir.Call(func=ir.Attribute(value=owner, name=name)) as dump)),
                target=ir.Sequence(items=[ir.Name(id=key), *_]),
            ) if name in _DUMPS and not _compares(stmt.body, key):
                kind = project.type_of(owner, function)
                if kind is not None and kind.name in schemas and "include" not in dump.keywords:
                    if any(ir.dotted(call.func) == "setattr" for call in ir.calls(stmt.body)):
                        yield schemas[kind.name], dump


def _compares(body: list[ir.Stmt], name: str) -> bool:
    nodes = (node for node in ir.walk(body) if type(node) is ir.Compare)
    return any(type(each) is ir.Name and each.id == name for node in nodes for each in (node.left, node.right))


def _written(project: Project, site: CallSite) -> str | None:
    """What a call writes: an entity that it makes, or the rows of a query."""
    if site.symbol in project.models:
        return f"`{project.models[site.symbol].name}`"
    receiver = getattr(site.receiver, "name", "")
    if site.method in _WRITES and receiver.startswith(("django.db.models.", "sqlalchemy.", "pymongo.", "motor.")):
        return "the table"
    return None
