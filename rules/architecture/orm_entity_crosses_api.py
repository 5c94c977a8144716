"""An endpoint answers with the mapped entity itself: the table is the API.

## What it does
Reports endpoints that return an entity of the database, or a list of them, with no response model, serializer or chosen
set of fields in between; and answers made of all columns there are: `model_to_dict(order)`, `queryset.values()`.

## Why it matters
Every column that is ever added to the table goes out to every client from then on, the password hash and the internal
note among them, and no column can be renamed without breaking the API.

## Example
```python
# shop/api.py
from fastapi import FastAPI
from sqlalchemy.orm import Session

from shop.models import Order, engine

app = FastAPI()


@app.get("/orders/{order_id}")
def order(order_id: int):
    with Session(engine) as session:
        return session.get(Order, order_id)


# shop/models.py
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("sqlite://")


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]
```

## Use instead
```python
# shop/api.py
from fastapi import FastAPI
from pydantic import BaseModel
from sqlalchemy.orm import Session

from shop.models import Order, engine

app = FastAPI()


class OrderOut(BaseModel):
    id: int


@app.get("/orders/{order_id}", response_model=OrderOut)
def order(order_id: int):
    with Session(engine) as session:
        return session.get(Order, order_id)


# shop/models.py
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("sqlite://")


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]
```

## When not to
An internal tool whose only client is released together with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Role, Route, Severity, Step, Type, Unit, ir

_RESPONSES = frozenset(
    {"django.http.JsonResponse", "rest_framework.response.Response", "flask.jsonify", "flask.json.jsonify"}
)
_CONTAINERS = frozenset(
    {"builtins.list", "builtins.tuple", "typing.Sequence", "collections.abc.Sequence", "builtins.set"}
)
_ALL_FIELDS = frozenset({"django.forms.models.model_to_dict", "django.forms.model_to_dict"})
_SERIALISE = "django.core.serializers.serialize"


class OrmEntityCrossesApi(ProjectRule):
    code = "ARC204"
    severity = Severity.MEDIUM
    cwe = (213,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        seen: set[str] = set()
        for route, handler in _handlers(project):
            if handler.qualified in seen:
                continue
            seen.add(handler.qualified)
            found = _entity(route, handler, project) or _all_columns(handler, project)
            if found is not None:
                node, name, how = found
                model = project.models.get(name)
                columns = "" if model is None else f", all {len(model.columns)} columns of it"
                yield self.finding(
                    handler.place(node),
                    f"`{route.label}` {how} the entity `{name.rpartition('.')[2]}`{columns}",
                    help="Declare what goes out: a response model, a serializer, or the fields by name.",
                    related=[] if model is None else [Step(model.at, "the columns")],
                    unit=route.label,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [route.label for route, _ in _handlers(project)]


def _handlers(project: Project) -> Iterator[tuple[Route, Function]]:
    for route in project.routes:
        if route.handler is not None and route.handler.module.role is Role.APP:
            yield route, route.handler


def _entity(route: Route, handler: Function, project: Project) -> tuple[ir.Node, str, str] | None:
    """What a handler of FastAPI returns that nothing projects: an entity of SQLAlchemy, which is encoded by its columns."""
    if route.framework not in ("fastapi", "litestar") or route.response_model or route.response_expr is not None:
        return None
    for stmt in handler.statements:
        if type(stmt) is ir.Return and stmt.value is not None:
            name = _mapped(project.type_of(stmt.value, handler), project)
            if name is not None:
                return stmt, name, "returns"
    return None


def _mapped(kind: Type | None, project: Project) -> str | None:
    """The entity that a value is, or holds several of."""
    while kind is not None and not kind.itself:
        if kind.name in project.models:
            return kind.name
        if kind.name not in _CONTAINERS or not kind.args:
            return None
        kind = kind.args[0]
    return None


def _all_columns(handler: Function, project: Project) -> tuple[ir.Node, str, str] | None:
    """An answer made of all the columns there are."""
    for stmt in handler.statements:
        if type(stmt) is not ir.Return or type(stmt.value) is not ir.Call:
            continue
        if project.site(stmt.value, handler).symbol not in _RESPONSES:
            continue
        for arg in stmt.value.args:
            for node in _through(arg.value, handler):
                if type(node) is ir.Call and (name := _unprojected(node, handler, project)) is not None:
                    return node, name, "answers with"
    return None


def _through(value: ir.Expr, handler: Function) -> Iterator[ir.Expr]:
    """An expression, and what its names were assigned once."""
    for node in ir.walk_expression(value):
        yield node
        if type(node) is ir.Name:
            made = [
                stmt.value
                for stmt in handler.statements
                if type(stmt) is ir.Assign
                and any(type(each) is ir.Name and each.id == node.id for each in stmt.targets)
            ]
            if len(made) == 1 and made[0] is not None:
                yield from ir.walk_expression(made[0])


def _unprojected(call: ir.Call, handler: Function, project: Project) -> str | None:
    site = project.site(call, handler)
    if site.symbol in _ALL_FIELDS and len(call.args) == 1:
        return _mapped(project.type_of(call.args[0].value, handler), project)
    if site.symbol == _SERIALISE and "fields" not in call.keywords and len(call.positional) > 1:
        kind = project.type_of(call.positional[1], handler)
        return kind.args[0].name if kind is not None and kind.args and kind.args[0].name in project.models else None
    if site.method == "values" and not call.args and type(call.func) is ir.Attribute:
        kind = project.type_of(call.func.value, handler)
        if kind is not None and kind.name == "django.db.models.QuerySet" and kind.args:
            return kind.args[0].name if kind.args[0].name in project.models else None
    return None
