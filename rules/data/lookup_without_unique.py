"""A lookup expects one row, and nothing in the database says there is only one.

## What it does
Reports lookups that fail on a second row (`get`, `one`, `scalar_one_or_none`) whose columns are in no unique key of the model.

## Why it matters
Two requests at once are enough for a second row; from then on every lookup raises, and the user is locked out.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(index=True)


@app.get("/users")
def find(email: str) -> str:
    user = Session().scalars(select(User).where(User.email == email)).one()
    return user.email
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


@app.get("/users")
def find(email: str) -> str:
    user = Session().scalars(select(User).where(User.email == email)).one()
    return user.email
```
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from backend_lint.api import Finding, Model, Project, ProjectRule, Query, Severity, Step, Unit, ir, listed
from backend_lint.rules.data._shared import column_of

_STRICT = frozenset({"get", "aget", "get_object", "get_object_or_404", "aget_object_or_404"})


class LookupWithoutUnique(ProjectRule):
    code = "DAT105"
    severity = Severity.MEDIUM
    cwe = (362,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        found: defaultdict[tuple[str, frozenset[str]], list[Query]] = defaultdict(list)
        for query in self._strict(project):
            model = project.models[query.model or ""]
            names = _key(query, model)
            if names and model.is_managed and not _is_unique(model, names):
                found[model.qualified, names].append(query)
        for (name, columns), queries in sorted(found.items(), key=lambda each: (each[0][0], sorted(each[0][1]))):
            model = project.models[name]
            first = queries[0]
            yield self.finding(
                first.at,
                f"the lookup expects one `{model.name}` for {listed(sorted(columns), 5)}, and no unique key says so",
                help=f"Add a unique constraint on {listed(sorted(columns), 5)} of `{model.table}`.",
                related=[Step(model.at, f"`{model.name}`"), *(Step(each.at, "and here") for each in queries[1:5])],
                discriminator=" ".join(sorted(columns)),
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for query in self._strict(project)]

    def _strict(self, project: Project) -> list[Query]:
        running = project.served
        return [
            query
            for query in project.queries
            if query.is_single
            and not query.is_aggregate
            and query.model in project.models
            and not query.is_opaque
            and query.limit is None
            and not query.has_unknown_filters
            and _is_strict(query)
            and getattr(query.scope, "qualified", "") in running
        ]


def _key(query: Query, model: Model) -> frozenset[str]:
    """The database columns of a lookup by equality alone; nothing where it is anything else."""
    names = set()
    for use in query.filters:
        column = column_of(model, use.column)
        if column is None or use.operator != "==" or use.model not in (None, model.qualified) or use.is_alternative:
            return frozenset()
        if column.family == "boolean":
            return frozenset()  # `is_default=True`: the code keeps it to one
        names.add(column.name)
    return frozenset(names)


def _is_strict(query: Query) -> bool:
    """Whether a second row raises, as it does not for `found[0]` and `earliest()`; figures come in one row."""
    if query.library == "django":
        return query.raises and (query.site.name or "").rpartition(".")[2] in _STRICT
    if not (query.expects_one if query.library == "sqlalchemy" else query.raises):
        return False
    return query.builder is None or not any(type(node) is ir.Star for node in ir.walk_expression(query.builder))


def _is_unique(model: Model, names: frozenset[str]) -> bool:
    """Whether a key says so, if only for some rows: those are the ones that are looked up."""
    partial = (frozenset(index.columns) for index in model.indexes if index.unique and not index.has_expressions)
    return model.is_unique(names) or any(columns and columns <= names for columns in partial)
