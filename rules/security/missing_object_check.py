"""Row chosen by the client, used without asking whose it is.

## What it does
Learns from the code which column says whose a row is: a foreign key to the user with which queries and comparisons
elsewhere decide. Then it reports routes that know their caller, look a row of that table up by an id of the path, and
return or change it without that column in the query, a comparison of the owner, a policy call or a guard on roles.

## Why it matters
Ids are guessed or seen. Every signed-in user can read or change everybody's rows (BOLA, first of the OWASP API list).

## Example
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import ForeignKey, select
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


@app.get("/orders")
def orders(user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Order).where(Order.user_id == user.id)).all()


@app.put("/orders/{order_id}")
def change(order_id: int, user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Order).where(Order.id == order_id, Order.user_id == user.id)).one()


@app.get("/orders/{order_id}")
def order(order_id: int, user: User = Depends(current_user), db: Session = Depends(session)):
    return db.get(Order, order_id)
```

## Use instead
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import ForeignKey, select
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


@app.get("/orders")
def orders(user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Order).where(Order.user_id == user.id)).all()


@app.put("/orders/{order_id}")
def change(order_id: int, user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Order).where(Order.id == order_id, Order.user_id == user.id)).one()


@app.get("/orders/{order_id}")
def order(order_id: int, user: User = Depends(current_user), db: Session = Depends(session)):
    return db.scalars(select(Order).where(Order.id == order_id, Order.user_id == user.id)).one()
```

## References
- https://owasp.org/API-Security/editions/2023/en/0xa1-broken-object-level-authorization/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from backend_lint.api import (
    CallSite,
    Confidence,
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
)
from backend_lint.rules.security._owners import POLICY, Owned, handled, owned_tables
from backend_lint.rules.security._shared import identity_guards, is_application


class MissingObjectCheck(ProjectRule):
    code = "SEC102"
    severity = Severity.HIGH
    cwe = (639, 862)
    owasp = ("A01:2021", "A01:2025", "API1:2023")
    unit = Unit.ROUTE
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        owned = owned_tables(project)
        if not owned:
            return
        queries: dict[str, list[Query]] = defaultdict(list)
        for query in project.queries:
            if isinstance(query.scope, Function):
                queries[query.scope.qualified].append(query)
        seen: set[object] = set()
        for route in project.routes:
            handler = route.handler
            if handler is None or handler.qualified in seen or not _takes_an_id_of_any_caller(route, project):
                continue
            seen.add(handler.qualified)
            for query, name in _lookups(route, handler, project, queries):
                table = owned.get(name or "")
                if table is not None and not self._is_decided(handler, route, table, project):
                    yield self._finding(route, query, table)
                    break

    def _is_decided(self, handler: Function, route: Route, table: Owned, project: Project) -> bool:
        """Whether handler, dependencies or what they call decide by the owner, or ask a policy."""
        for function in handled(handler, route, project):
            for node in ir.walk(function.body):
                name = node.name if type(node) is ir.Attribute else node.id if type(node) is ir.Name else ""
                if name in table.names or (name and POLICY.search(name)):
                    return True
                if type(node) is ir.Call and any(keyword in table.names for keyword in node.keywords):
                    return True
        return False

    def _finding(self, route: Route, query: Query, table: Owned) -> Finding:
        name = min(table.names)
        return self.finding(
            query.at,
            f"`{route.label}` takes any `{table.model.name}` by its id: whose it is (`{name}`) is not asked, as it is elsewhere",
            help=f"Put `{name}` into the query, or compare it with the caller before the row is used.",
            trace=(
                Step(route.at, f"`{route.label}`, guarded by `{identity_guards(route)[0].name}`"),
                Step(query.at, "the row is looked up"),
            ),
            related=table.decisions[:2],
            discriminator=route.label,
            unit=route.label,
        )


def _takes_an_id_of_any_caller(route: Route, project: Project) -> bool:
    """Whether a route asks who calls and takes an id, and has no guard on what the caller may do."""
    return (
        "{" in route.path
        and route.has_guard(GuardKind.AUTHENTICATION)
        and not any(guard.kind is GuardKind.AUTHORIZATION and guard.level != "handler" for guard in route.guards)
        and is_application(route, project)
    )


def _lookups(
    route: Route, handler: Function, project: Project, queries: dict[str, list[Query]]
) -> Iterator[tuple[Query, str | None]]:
    """Queries for one row by an id of the path, with the model: the handler's, and those of what it hands the id."""
    ids = {each.variable or each.name for each in route.inputs if each.where == "path"} | route.converters.keys()
    yield from ((query, query.model) for query in queries[handler.qualified] if _is_by(query, ids))
    for site in project.sites(handler):
        handed = {arg.value.id for arg in site.call.args if type(arg.value) is ir.Name} & ids
        for target in site.targets[:1] if handed and site.is_certain else ():
            names = {each.name for each in target.parameters}
            for query in queries[target.qualified]:
                if _is_by(query, names):
                    yield query, query.model or _of_receiver(query, site, project)


def _of_receiver(query: Query, site: CallSite, project: Project) -> str | None:
    """The model of a query of a base class, as the class of the object says on which it is called: `table = Order`."""
    cls = project.cls(site.receiver.name) if site.receiver is not None else None
    named = {project.qualified(stmt.value, cls) for stmt in cls.attributes.values()} if cls is not None else set()
    return next((each for each in query.candidates if each in named), None)


def _is_by(query: Query, names: set[str]) -> bool:
    """Whether a query asks for one row by its key alone."""
    return (
        query.operation in ("select", "update", "delete")
        and len(query.filters) == 1
        and query.filters[0].column in ("id", "pk", "uuid")
        and query.filters[0].operator == "=="
        and type(query.filters[0].value) is ir.Name
        and query.filters[0].value.id in names
    )
