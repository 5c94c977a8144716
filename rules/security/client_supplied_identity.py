"""Client says who it is, though the caller is known.

## What it does
Reports routes that know their caller and still write the owner of a row from what the client sent: the `user_id` of the
body, the query or a header becomes the foreign key to the user.

## Why it matters
The guard has proved who calls, and the next line believes something else: whoever changes the number in the body acts
in another user's name.

## Example
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


class OrderIn(BaseModel):
    user_id: int


def session() -> Session: ...


def current_user(request: Request) -> User:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


@app.post("/orders")
def create(body: OrderIn, user: User = Depends(current_user), db: Session = Depends(session)):
    db.add(Order(user_id=body.user_id))
    db.commit()
```

## Use instead
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))


def session() -> Session: ...


def current_user(request: Request) -> User:
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


@app.post("/orders")
def create(user: User = Depends(current_user), db: Session = Depends(session)):
    db.add(Order(user_id=user.id))
    db.commit()
```

## When not to
Routes that ask for a role (an administrator acts for others), and handlers that compare the value with the caller, are
left out.

## References
- https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Finding,
    Function,
    GuardKind,
    Project,
    ProjectRule,
    Query,
    Route,
    Severity,
    Step,
    Unit,
    ir,
    words,
)
from backend_lint.rules.security._owners import principals, sent
from backend_lint.rules.security._shared import identity_guards, is_application, place_of

_SUBJECT = ("user", "owner", "author", "creator", "customer", "account", "sender")
_MANAGING = frozenset(
    {"admin", "assign", "invite", "member", "members", "transfer", "grant", "share", "users", "manage"}
)


class ClientSuppliedIdentity(ProjectRule):
    code = "SEC114"
    severity = Severity.HIGH
    cwe = (639, 290)
    owasp = ("A01:2021", "A01:2025", "API1:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        callers = principals(project)
        tables = {project.models[each].table for each in callers if each in project.models} | {"auth_user"}
        writes: dict[str, list[Query]] = {}
        for query in project.queries:
            if query.operation == "insert" and query.values and isinstance(query.scope, Function):
                writes.setdefault(query.scope.qualified, []).append(query)
        seen: set[str] = set()
        for route in project.routes:
            handler = route.handler
            if handler is None or handler.qualified in seen or not _acts_for_its_caller(route, project):
                continue
            seen.add(handler.qualified)
            for query in writes.get(handler.qualified, ()):
                for attribute, value in query.values.items():
                    name = sent(value, route, handler)
                    if (
                        name is not None
                        and _leads_to_user(query, attribute, tables, project)
                        and not _is_asked(handler, name)
                    ):
                        yield self._finding(route, query, attribute, name, handler)

    def _finding(self, route: Route, query: Query, attribute: str, name: str, handler: Function) -> Finding:
        guard = identity_guards(route)[0]
        return self.finding(
            query.at,
            f"`{route.label}` takes `{attribute}` from the client (`{name}`), though `{guard.name}` knows who calls",
            help="Take it from the caller that the guard has proved, and leave the field out of what the client sends.",
            trace=(
                Step(place_of(route), f"`{route.label}`, guarded by `{guard.name}`"),
                Step(query.at, f"`{attribute}` is written"),
            ),
            discriminator=f"{route.label} {attribute}",
            unit=route.label,
        )


def _acts_for_its_caller(route: Route, project: Project) -> bool:
    """Whether a route asks who calls, and is not for those who may act for others."""
    return (
        route.has_guard(GuardKind.AUTHENTICATION)
        and not route.has_guard(GuardKind.AUTHORIZATION)
        and is_application(route, project)
        and not _MANAGING & set(words(f"{route.path} {route.handler_name.rpartition('.')[2]}"))
    )


def _leads_to_user(query: Query, attribute: str, tables: set[str], project: Project) -> bool:
    """Whether what is written is a foreign key to the users, and named as the one who acts."""
    model = project.models.get(query.model or "")
    column = None if model is None else model.columns.get(attribute.removesuffix("_id")) or model.columns.get(attribute)
    if column is None or column.foreign_key is None or column.foreign_key.rpartition(".")[0] not in tables:
        return False
    return any(word in _SUBJECT for word in words(attribute))


def _is_asked(handler: Function, name: str) -> bool:
    """Whether the handler compares what was sent with anything, or hands it to a check."""
    last = name.rpartition(".")[2]
    for node in ir.walk(handler.body):
        if type(node) is ir.Compare:
            for part in ir.walk_expression(node):
                if (type(part) is ir.Name and part.id == last) or (type(part) is ir.Attribute and part.name == last):
                    return True
                if type(part) is ir.Const and part.value == last:
                    return True
    return False
