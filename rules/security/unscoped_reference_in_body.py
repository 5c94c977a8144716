"""Row that the client refers to, attached without asking whose it is.

## What it does
Learns which tables hold rows of users, as `missing-object-check` does. Then it reports routes that know their caller and
write a foreign key to such a table from what the client sent, and serializers that let any row of it be named, where
nothing looks the row up by its owner or asks a policy.

## Why it matters
The row that is written is the caller's own, so every check passes; the row that it refers to is somebody else's. The
answer then shows it, or the order is paid with another's card.

## Example
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Card(Base):
    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))


class OrderIn(BaseModel):
    card_id: int


def session() -> Session: ...


def current_user(request: Request) -> User:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


@app.get("/cards")
def cards(user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Card).where(Card.user_id == user.id)).all()


@app.get("/cards/{card_id}")
def card(card_id: int, user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Card).where(Card.id == card_id, Card.user_id == user.id)).one()


@app.post("/orders")
def create(body: OrderIn, user: User = Depends(current_user), db: Session = Depends(session)):
    db.add(Order(user_id=user.id, card_id=body.card_id))
    db.commit()
```

## Use instead
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Card(Base):
    __tablename__ = "cards"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    card_id: Mapped[int] = mapped_column(ForeignKey("cards.id"))


class OrderIn(BaseModel):
    card_id: int


def session() -> Session: ...


def current_user(request: Request) -> User:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


@app.get("/cards")
def cards(user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Card).where(Card.user_id == user.id)).all()


@app.post("/orders")
def create(body: OrderIn, user: User = Depends(current_user), db: Session = Depends(session)):
    card = db.scalars(select(Card).where(Card.id == body.card_id, Card.user_id == user.id)).one()
    db.add(Order(user_id=user.id, card_id=card.id))
    db.commit()
```

## When not to
Tables that everybody may refer to are no matter of this rule: nothing decides by their owner. Routes that ask for a role
are left out.

## References
- https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from backend_lint.api import (
    Column,
    Confidence,
    Finding,
    Function,
    GuardKind,
    Project,
    ProjectRule,
    Query,
    Route,
    Schema,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.security._owners import POLICY, Owned, handled, owned_tables, sent
from backend_lint.rules.security._shared import identity_guards, is_application, place_of

_CHOOSING = frozenset({"get_queryset", "get_fields", "validate", "__init__", "to_internal_value", "create", "update"})


class UnscopedReferenceInBody(ProjectRule):
    code = "SEC103"
    preview = True
    severity = Severity.HIGH
    cwe = (639,)
    owasp = ("A01:2021", "A01:2025", "API1:2023")
    unit = Unit.ROUTE
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        owned = owned_tables(project)
        by_table = {each.model.table: each for each in owned.values()}
        writes: dict[str, list[Query]] = defaultdict(list)
        for query in project.queries if owned else ():
            if query.operation in ("insert", "update") and query.values and isinstance(query.scope, Function):
                writes[query.scope.qualified].append(query)
        seen: set[str] = set()
        for route in project.routes if owned else ():
            handler = route.handler
            if not _asks_only_who(route, project):
                continue
            if handler is not None and handler.qualified not in seen:
                seen.add(handler.qualified)
                for query in writes[handler.qualified]:
                    yield from self._written(query, route, handler, by_table, project)
            for schema in project.body_schemas(route) if not route.is_safe else ():
                if schema.qualified not in seen:
                    seen.add(schema.qualified)
                    yield from self._declared(schema, route, by_table, project)

    def _written(
        self, query: Query, route: Route, handler: Function, owned: dict[str, Owned], project: Project
    ) -> Iterator[Finding]:
        for attribute, value in query.values.items():
            column = _column(query.model, attribute, project)
            table = _target(column, owned)
            name = None if table is None else sent(value, route, handler)
            if table is None or name is None or _is_looked_at(route, handler, table, project):
                continue
            yield self.finding(
                query.at,
                f"`{route.label}` attaches any `{table.model.name}` that the client names (`{name}`): "
                f"whose it is (`{min(table.names)}`) is not asked, as it is elsewhere",
                help=f"Look the `{table.model.name}` up by its id and `{min(table.names)}` first, and answer 404 where there is none.",
                trace=(
                    Step(route.at, f"`{route.label}`, guarded by `{identity_guards(route)[0].name}`"),
                    Step(query.at, f"`{attribute}` is written"),
                ),
                related=table.decisions[:2],
                discriminator=f"{route.label} {attribute}",
                unit=route.label,
            )

    def _declared(self, schema: Schema, route: Route, owned: dict[str, Owned], project: Project) -> Iterator[Finding]:
        """Fields of a serializer by which a client names any row of somebody."""
        if schema.kind != "drf" or schema.model is None or _chooses(schema, route, project):
            return
        for each in schema.fields.values():
            table = _target(_column(schema.model, each.source or each.name, project), owned)
            if (
                table is None
                or each.read_only
                or each.schema is not None
                or f"validate_{each.name}" in schema.cls.methods
            ):
                continue
            yield self.finding(
                each.at if each.at.path == schema.at.path else schema.at,
                f"`{schema.name}` lets `{route.label}` name any `{table.model.name}` (`{each.name}`): "
                f"whose it is (`{min(table.names)}`) is not asked, as it is elsewhere",
                help=f"Give the field a queryset of the caller's own rows, or check it in `validate_{each.name}`.",
                trace=(Step(place_of(route), f"`{route.label}`, guarded by `{identity_guards(route)[0].name}`"),),
                related=table.decisions[:2],
                discriminator=f"{schema.name} {each.name}",
                unit=route.label,
            )


def _asks_only_who(route: Route, project: Project) -> bool:
    return (
        route.has_guard(GuardKind.AUTHENTICATION)
        and not any(each.kind is GuardKind.AUTHORIZATION and each.level != "handler" for each in route.guards)
        and is_application(route, project)
    )


def _column(model: str | None, attribute: str, project: Project) -> Column | None:
    known = project.models.get(model or "")
    return None if known is None else known.columns.get(attribute) or known.columns.get(attribute.removesuffix("_id"))


def _target(column: Column | None, owned: dict[str, Owned]) -> Owned | None:
    """The table of somebody's rows that a column refers to."""
    return None if column is None or column.foreign_key is None else owned.get(column.foreign_key.rpartition(".")[0])


def _is_looked_at(route: Route, handler: Function, table: Owned, project: Project) -> bool:
    """Whether what runs for a route looks such rows up by their owner, compares it, or asks a policy."""
    functions = {each.qualified: each for each in handled(handler, route, project)}
    for query in project.queries:
        if query.model == table.model.qualified and getattr(query.scope, "qualified", "") in functions:
            if query.has_unknown_filters or any(each.column in table.names or each.path for each in query.filters):
                return True
    return any(
        (type(node) is ir.Attribute and bool(POLICY.search(node.name)))
        or (type(node) is ir.Name and bool(POLICY.search(node.id)))
        or (type(node) is ir.Compare and _is_owner(node, table))
        for function in functions.values()
        for node in ir.walk(function.body)
    )


def _is_owner(compare: ir.Compare, table: Owned) -> bool:
    return any(type(side) is ir.Attribute and side.name in table.names for side in (compare.left, compare.right))


def _chooses(schema: Schema, route: Route, project: Project) -> bool:
    """Whether serializer or view decide which rows may be named."""
    if _CHOOSING & schema.cls.methods.keys():
        return True
    code = [] if route.view is None else list(route.view.methods.values())
    return any(
        POLICY.search(name)
        for function in code
        for node in ir.walk(function.body)
        for name in [node.name if type(node) is ir.Attribute else node.id if type(node) is ir.Name else ""]
        if name
    )
