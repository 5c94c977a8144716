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

from backend_lint.api import Finding, Model, Project, ProjectRule, Query, Severity, Step, Unit, listed
from backend_lint.rules.data._shared import column_of

_CHECKS = frozenset({"select", "exists", "count"})


class CheckThenInsert(ProjectRule):
    code = "DAT404"
    severity = Severity.MEDIUM
    cwe = (367, 362)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        by_scope: defaultdict[str, list[Query]] = defaultdict(list)
        running = project.served
        for query in project.queries:
            name = getattr(query.scope, "qualified", "")
            if name in running and query.model in project.models:
                by_scope[name].append(query)
        for name, queries in by_scope.items():
            for check, insert, columns in _pairs(queries, project):
                model = project.models[insert.model or ""]
                yield self.finding(
                    insert.at,
                    f"`{running[name]}` inserts a `{model.name}` after finding none for {listed(sorted(columns), 5)}; two requests "
                    "at once insert two",
                    help=f"Add a unique constraint on {listed(sorted(columns), 5)} and handle the conflict, or upsert.",
                    related=[Step(check.at, "looked for here")],
                    discriminator=" ".join(sorted(columns)),
                )


def _pairs(queries: list[Query], project: Project) -> Iterator[tuple[Query, Query, frozenset[str]]]:
    ordered = sorted(queries, key=lambda each: each.at)
    for index, check in enumerate(ordered):
        model = project.models[check.model or ""]
        single = check.is_single or check.operation in ("exists", "count")
        if check.operation not in _CHECKS or not single or check.is_locked or check.is_opaque:
            continue
        if check.orders:
            continue  # the newest of several: there may be more than one
        columns = _equalities(check, model)
        if not columns or not model.is_managed or model.is_unique(columns):
            continue
        for insert in ordered[index + 1 :]:
            if insert.operation == "insert" and insert.model == check.model and columns <= _written(insert, model):
                yield check, insert, columns
                break


def _equalities(query: Query, model: Model) -> frozenset[str]:
    names = set()
    for use in query.filters:
        column = column_of(model, use.column)
        if column is None or use.operator != "==" or use.model not in (None, model.qualified):
            return frozenset()
        names.add(column.name)
    return frozenset(names)


def _written(query: Query, model: Model) -> frozenset[str]:
    """The database columns that an insert sets; a relation sets its key."""
    names = set()
    for name in query.values:
        column = column_of(model, name)
        relation = model.relationships.get(name)
        if column is not None:
            names.add(column.name)
        elif relation is not None:
            keys = (column_of(model, each) for each in relation.columns)
            names.update(key.name for key in keys if key is not None)
    return frozenset(names)
