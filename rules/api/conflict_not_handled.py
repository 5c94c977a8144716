"""Second request for the same name ends in a 500.

## What it does
Reports inserts, on the way from an operation, of what the client sends into a column that must be unique, where nothing
looks for the row before, and nothing on the way or in the application answers the `IntegrityError`.

## Why it matters
A name that is taken is the most ordinary mistake there is. The client learns "internal server error", cannot show which
field to change, and the error log fills with what is none.

## Example
```python
from fastapi import Depends, FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


def session() -> Session: ...


@app.post("/users")
def register(email: str, session: Session = Depends(session)):
    session.add(User(email=email))
    session.commit()
```

## Use instead
```python
from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


def session() -> Session: ...


@app.post("/users")
def register(email: str, session: Session = Depends(session)):
    session.add(User(email=email))
    try:
        session.commit()
    except IntegrityError:
        raise HTTPException(409, "this address is registered")
```

## When not to
Values that the program makes (tokens, numbers, slugs with a counter) do not collide, and are not reported.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Finding,
    Function,
    Model,
    Project,
    ProjectRule,
    Query,
    Route,
    Severity,
    Step,
    Unit,
    ir,
    listed,
)
from backend_lint.rules.api._errors import caught
from backend_lint.rules.api._shared import client_names, from_client

_ANSWERED = ("IntegrityError", "SQLAlchemyError", "DBAPIError", "UniqueViolation", "DatabaseError")
_BROAD = ("builtins.Exception", "builtins.BaseException")
_DEPTH = 3


class ConflictNotHandled(ProjectRule):
    code = "API212"
    severity = Severity.LOW
    cwe = (755,)
    unit = Unit.QUERY
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        if any(name.endswith(_ANSWERED) for app in project.apps for each in app.handlers for name in each.exceptions):
            return
        reads = _reads(project)
        for query, model, columns in _judged(project):
            assert isinstance(query.scope, Function)
            way = _way(project, query.scope)
            if way is None:
                continue
            route, functions = way
            looked = {scope for name in columns for scope in reads.get((model.qualified, name), ())}
            if any(_answers(project, each) or _looks(project, each, looked) for each in functions):
                continue
            yield self.finding(
                query.at,
                f"A second `{model.name}` with the same {listed(columns)} raises `IntegrityError`, which nothing answers: "
                f"`{route.label}` ends in a 500",
                help="Catch it around the commit, roll back, and answer 409.",
                related=[
                    Step(model.columns[columns[0]].at, f"`{columns[0]}` must be unique"),
                    Step(route.at, f"`{route.label}`"),
                ],
                discriminator=f"{model.name} {route.label}",
            )

    def examined(self, project: Project) -> Iterator[str]:
        return (str(query.at) for query, *_ in _judged(project))


def _judged(project: Project) -> Iterator[tuple[Query, Model, list[str]]]:
    """Inserts of given values into columns that must be unique, with these."""
    for query in project.queries:
        model = project.models.get(query.model or "")
        if query.operation != "insert" or model is None or model.orm == "django":
            continue
        columns = [
            name
            for name, value in query.values.items()
            if name in model.columns
            and model.columns[name].unique
            and not model.columns[name].primary_key
            and model.columns[name].foreign_key is None
            and isinstance(query.scope, Function)
            and (_is_given(value, query.scope) or from_client(value, client_names(project, query.scope)))
        ]
        if columns:
            yield query, model, columns


def _is_given(value: ir.Expr, function: Function) -> bool:
    """Whether a value came in by a parameter: the parameter itself, or an attribute or a key of one."""
    while isinstance(value, ir.Attribute | ir.Subscript):
        value = value.value
    return isinstance(value, ir.Name) and function.parameter(value.id) is not None and value.id != "self"


def _reads(project: Project) -> dict[tuple[str, str], set[str]]:
    """The functions that look for rows by a column, by model and column."""
    found: dict[tuple[str, str], set[str]] = {}
    for query in project.queries:
        if query.is_read and isinstance(query.scope, Function):
            for use in query.filters:
                found.setdefault((use.model or query.model or "", use.column), set()).add(query.scope.qualified)
    return found


def _way(project: Project, function: Function) -> tuple[Route, list[Function]] | None:
    """An operation that leads to a function, with the functions on the way."""
    pending: list[list[Function]] = [[function]]
    while pending:
        way = pending.pop(0)
        routes = project.handlers.get(way[-1].qualified)
        if routes:
            return routes[0], way
        if len(way) <= _DEPTH:
            pending += [
                [*way, site.scope]
                for site in project.callers(way[-1])
                if isinstance(site.scope, Function) and site.is_certain and site.scope not in way
            ]
    return None


def _answers(project: Project, function: Function) -> bool:
    for stmt in function.statements:
        for handler in stmt.handlers if isinstance(stmt, ir.Try) else ():
            if any(name.endswith(_ANSWERED) or name in _BROAD for name in caught(project, handler, function)):
                return True
    return False


def _looks(project: Project, function: Function, looked: set[str]) -> bool:
    """Whether a function, or one that it calls, looks for such a row."""
    called = {target.qualified for site in project.sites(function) for target in site.targets}
    return function.qualified in looked or not called.isdisjoint(looked)
