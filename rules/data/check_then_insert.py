"""Absence is checked, then a row is inserted, and nothing keeps a second request from doing the same.

## What it does
Reports functions that look for a row by some columns and insert one where there is none, when no unique key of the
model covers those columns and no lock is taken.

## Why it matters
Two requests at once both find nothing and both insert. The duplicate is found weeks later by a lookup that expects one.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Vote(Base):
    __tablename__ = "votes"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    poll_id: Mapped[int]


@app.post("/polls/{poll_id}/votes")
def vote(poll_id: int, user_id: int) -> None:
    session = Session()
    known = session.scalars(select(Vote).where(Vote.user_id == user_id, Vote.poll_id == poll_id)).first()
    if known is None:
        session.add(Vote(user_id=user_id, poll_id=poll_id))
        session.commit()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import UniqueConstraint, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Vote(Base):
    __tablename__ = "votes"
    __table_args__ = (UniqueConstraint("user_id", "poll_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int]
    poll_id: Mapped[int]


@app.post("/polls/{poll_id}/votes")
def vote(poll_id: int, user_id: int) -> None:
    session = Session()
    known = session.scalars(select(Vote).where(Vote.user_id == user_id, Vote.poll_id == poll_id)).first()
    if known is None:
        session.add(Vote(user_id=user_id, poll_id=poll_id))
        session.commit()
```

## References
- https://cwe.mitre.org/data/definitions/367.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_lint.api import (
    CallSite,
    Effect,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Query,
    Severity,
    Step,
    Unit,
    a,
    ir,
    listed,
)
from backend_lint.rules.data._shared import column_of

_CHECKS = frozenset({"select", "exists", "count"})


@dataclass(frozen=True)
class _Access:
    """A look for one row by columns, or an insert that sets them: where a function does it, or calls what does."""

    at: Place
    model: Model
    columns: frozenset[str]
    shown: Place


class CheckThenInsert(ProjectRule):
    code = "DAT404"
    severity = Severity.MEDIUM
    cwe = (367, 362)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        by_scope: defaultdict[str, list[Query]] = defaultdict(list)
        for query in project.queries:
            by_scope[getattr(query.scope, "qualified", "")].append(query)
        for name, label in project.served.items():
            function = project.function(name)
            for check, insert in _pairs(function, by_scope, project) if function is not None else ():
                columns = listed(sorted(check.columns), 5)
                yield self.finding(
                    insert.at,
                    f"`{label}` inserts {a(insert.model.name)} after finding none for {columns}; two requests at once insert two",
                    help=f"Add a unique constraint on {columns} and handle the conflict, or upsert.",
                    related=[Step(check.shown, "looked for here")],
                    discriminator=" ".join(sorted(check.columns)),
                )


def _pairs(function: Function, queries: dict[str, list[Query]], project: Project) -> Iterator[tuple[_Access, _Access]]:
    own = queries.get(function.qualified, [])
    checks = [each for query in own for each in _looks(query, query.at, project)]
    checks += [
        each
        for site, target in _asked(function, project)
        for query in queries.get(target.qualified, ())
        for each in _looks(query, site.at, project)
    ]
    if not checks:
        return
    inserts = [*_inserts(own, project), *_stored(function, project)]
    for check in sorted(checks, key=lambda each: each.at):
        for insert in sorted(inserts, key=lambda each: each.at):
            if insert.at > check.at and insert.model is check.model and check.columns <= insert.columns:
                yield check, insert
                break


def _looks(query: Query, at: Place, project: Project) -> Iterator[_Access]:
    """Looks for one row by what no unique key holds together; the newest of several may be one of many."""
    model = project.models.get(query.model or "")
    single = query.is_single or query.operation in ("exists", "count")
    if model is None or query.operation not in _CHECKS or not single or query.is_locked or query.is_opaque:
        return
    columns = _equalities(query, model)
    is_part = any(each.unique and columns < frozenset(each.columns) for each in model.indexes)  # the rest is not seen
    if columns and not query.orders and model.is_managed and not is_part and not model.is_unique(columns):
        yield _Access(at, model, columns, query.at)


def _asked(function: Function, project: Project) -> Iterator[tuple[CallSite, Function]]:
    """The calls of the project's own functions whose answers a condition of the function asks for."""
    tests = [stmt.test for stmt in function.statements if type(stmt) is ir.If]
    tested = {id(node) for test in tests for node in ir.walk_expression(test)}
    names = {node.id for test in tests for node in ir.walk_expression(test) if type(node) is ir.Name}
    held = {
        id(node)
        for stmt in function.statements
        if type(stmt) is ir.Assign and any(type(each) is ir.Name and each.id in names for each in stmt.targets)
        for node in ([stmt.value, stmt.value.value] if type(stmt.value) is ir.Await else [stmt.value])
    }
    for site in project.sites(function):
        if len(site.targets) == 1 and site.is_certain and id(site.call) in tested | held:
            yield site, site.targets[0]


def _inserts(queries: list[Query], project: Project) -> Iterator[_Access]:
    for query in queries:
        model = project.models.get(query.model or "")
        if query.operation == "insert" and model is not None:
            yield _Access(query.at, model, _columns(query.values, model), query.at)


def _stored(function: Function, project: Project) -> Iterator[_Access]:
    """Rows that are made where they are handed to a function that writes: `self.save(User(email=email))`."""
    for site in project.sites(function):
        if site.targets and site.is_certain and project.effects.has(site, Effect.WRITE):
            for value in site.call.positional:
                name = project.qualified(value.func, function) if type(value) is ir.Call else None
                model = project.models.get(name or "")
                if model is not None and type(value) is ir.Call:
                    yield _Access(site.at, model, _columns(value.keywords, model), site.at)


def _equalities(query: Query, model: Model) -> frozenset[str]:
    names = set()
    for use in query.filters:
        column = column_of(model, use.column)
        if column is None or use.operator != "==" or use.model not in (None, model.qualified):
            return frozenset()
        names.add(column.name)
    return frozenset(names)


def _columns(given: Iterable[str], model: Model) -> frozenset[str]:
    """The database columns that values are given for; a relation sets its key."""
    names = set()
    for name in given:
        column = column_of(model, name)
        relation = model.relationships.get(name)
        if column is not None:
            names.add(column.name)
        elif relation is not None:
            keys = (column_of(model, each) for each in relation.columns)
            names.update(key.name for key in keys if key is not None)
    return frozenset(names)
