"""A caller may set the field that decides what callers may do.

## What it does
Reports schemas of requests that let ordinary callers write a column on which permissions depend: one that a guard of
other routes reads (`user.is_admin`, `user.role`), where this route lacks that guard, writes the table, and does not look
at the field itself.

## Why it matters
Whoever may change their own profile sends `"is_admin": true` along, and is one from then on.

## Example
```python
from fastapi import Depends, FastAPI, HTTPException
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
    is_admin: bool = False


def current_user() -> User: ...


def admin(user: User = Depends(current_user)) -> User:
    if not user.is_admin:
        raise HTTPException(403)
    return user


@app.delete("/users/{number}", dependencies=[Depends(admin)])
def remove(number: int) -> None: ...


@app.post("/users")
def register(body: UserIn) -> None:
    session = Session()
    session.add(User(**body.model_dump()))
    session.commit()
```

## Use instead
```python
from fastapi import Depends, FastAPI, HTTPException
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


def current_user() -> User: ...


def admin(user: User = Depends(current_user)) -> User:
    if not user.is_admin:
        raise HTTPException(403)
    return user


@app.delete("/users/{number}", dependencies=[Depends(admin)])
def remove(number: int) -> None: ...


@app.post("/users")
def register(body: UserIn) -> None:
    session = Session()
    session.add(User(**body.model_dump()))
    session.commit()
```

## References
- https://cwe.mitre.org/data/definitions/915.html
- https://cwe.mitre.org/data/definitions/269.html
- https://owasp.org/API-Security/editions/2023/en/0xa3-broken-object-property-level-authorization/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Finding,
    Function,
    GuardKind,
    Model,
    Project,
    ProjectRule,
    Route,
    Schema,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.data._shared import is_privileged

_DEPTH = 4


_OF_ACCOUNTS = frozenset({"is_active", "is_enabled", "is_deleted", "is_authenticated", "is_anonymous", "is_public"})
"""Flags that say whether an account is in use, rather than what it may do."""


class PrivilegedFieldWritable(ProjectRule):
    code = "DAT202"
    severity = Severity.HIGH
    preview = True
    cwe = (915, 269)
    owasp = ("A01:2021", "A01:2025", "API3:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        deciding = _deciding(project)
        for route, schema in _writes(project) if deciding else ():
            own = {guard.function.qualified for guard in route.guards if guard.function is not None}
            for each in schema.fields.values():
                guards = deciding.get(each.name, [])
                if each.read_only or not guards or own & {guard.qualified for guard in guards}:
                    continue
                model = _table(project, route, each.name)
                if model is not None and schema.fields.keys() & model.columns.keys() - {each.name}:
                    yield self.finding(
                        each.at,
                        f"`{route.label}` lets its caller set `{each.name}` of `{model.name}`, which `{guards[0].name}` reads "
                        f"to decide who may do what",
                        help=f"Leave `{each.name}` out of `{schema.name}`, and set it where only the privileged can.",
                        related=[Step(guards[0].at, f"`{guards[0].name}` decides by it"), Step(route.at, route.label)],
                        unit=route.label,
                        discriminator=each.name,
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return list(dict.fromkeys(route.label for route, _ in _writes(project)))


def _writes(project: Project) -> Iterator[tuple[Route, Schema]]:
    for route in project.routes:
        if not route.is_safe and not route.is_websocket:
            for schema in project.body_schemas(route):
                yield route, schema


def _deciding(project: Project) -> dict[str, list[Function]]:
    """Columns by whose value guards decide, with those guards."""
    columns = {name for model in project.models.values() for name in model.columns if is_privileged(name)}
    flags = {
        name
        for model in project.models.values()
        for name, column in model.columns.items()
        if column.family == "boolean" and name.startswith("is_") and name not in _OF_ACCOUNTS
    }
    found: defaultdict[str, list[Function]] = defaultdict(list)
    guards = {guard.function.qualified: guard for route in project.routes for guard in route.guards if guard.function}
    for guard in guards.values():
        named = columns | flags if guard.kind is GuardKind.AUTHORIZATION else columns
        for name in sorted(named & set(_tested(guard.function))):  # type: ignore[arg-type]
            found[name].append(guard.function)  # type: ignore[arg-type]
    return found


def _tested(function: Function) -> Iterator[str]:
    """The attributes in the conditions of a function."""
    for stmt in function.statements:
        tests = [stmt.test] if type(stmt) is ir.If else [stmt.value] if type(stmt) is ir.Return and stmt.value else []
        for test in tests:
            yield from (node.name for node in ir.walk_expression(test) if type(node) is ir.Attribute)


def _table(project: Project, route: Route, name: str) -> Model | None:
    """The model with this column that a route writes to without a look at it."""
    if route.handler is None:
        view = route.view
        if view is None or any(name in _mentioned(method) for method in view.methods.values()):
            return None
        return next((each for each in _models_of(project, route) if name in each.columns), None)
    reached, pending = {route.handler.qualified: route.handler}, [(route.handler, 0)]
    while pending:
        function, depth = pending.pop()
        for site in project.sites(function) if depth < _DEPTH else ():
            for target in site.targets[:2]:
                if target.qualified not in reached:
                    reached[target.qualified] = target
                    pending.append((target, depth + 1))
    if any(name in _mentioned(function) for function in reached.values()):
        return None
    written = {
        query.model
        for query in project.queries
        if query.operation in ("insert", "update") and getattr(query.scope, "qualified", "") in reached
    }
    models = (project.models[each] for each in sorted(filter(None, written)) if each in project.models)
    return next((each for each in models if name in each.columns), None)


def _models_of(project: Project, route: Route) -> Iterator[Model]:
    for schema in project.body_schemas(route):
        if schema.model in project.models:
            yield project.models[schema.model]


def _mentioned(function: Function) -> set[str]:
    """Names of attributes, keywords and keys that a function speaks of."""
    found: set[str] = set()
    for node in ir.walk(function.body):
        if type(node) is ir.Attribute:
            found.add(node.name)
        elif type(node) is ir.Call:
            found.update(arg.keyword for arg in node.args if arg.keyword)
        elif type(node) is ir.Const and isinstance(node.value, str):
            found.add(node.value)
    return found
