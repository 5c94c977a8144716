"""A name is unique by its exact spelling, and looked up regardless of case.

## What it does
Reports unique text columns that requests look up with `iexact` or `lower(…)`, where neither a functional index nor the
code that writes them makes their case alike.

## Why it matters
`Ann@example.com` and `ann@example.com` can both register. Then the lookup finds two rows and fails, or finds the wrong
one: a way to lock somebody out, or to take an account over.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)


@app.get("/users")
def find(email: str) -> int:
    return Session().scalars(select(User).where(func.lower(User.email) == email.lower())).one().id
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import Index, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column()
    __table_args__ = (Index("users_email", func.lower(email), unique=True),)


@app.get("/users")
def find(email: str) -> int:
    return Session().scalars(select(User).where(func.lower(User.email) == email.lower())).one().id
```

## When not to
Databases whose collation takes no account of case.

## References
- https://cwe.mitre.org/data/definitions/178.html
- https://docs.djangoproject.com/en/stable/ref/models/constraints/#expressions
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import Column, ColumnUse, Finding, Model, Project, ProjectRule, Query, Severity, Step, Unit, ir
from backend_lint.rules.data._shared import column_of

_FOLDS = frozenset({"lower", "casefold", "upper"})
_CASELESS = frozenset({"CITEXT", "CITextField", "CIEmailField", "CICharField", "EmailType"})


class CaseVariantUnique(ProjectRule):
    code = "DAT114"
    severity = Severity.MEDIUM
    preview = True
    cwe = (178,)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        found: defaultdict[tuple[str, str], list[tuple[Query, ColumnUse]]] = defaultdict(list)
        for query, use, model, column in _lookups(project):
            if not any(index.has_expressions for index in model.indexes):
                found[model.qualified, column.attribute].append((query, use))
        folded = _folded(project) if found else set()
        for (name, attribute), uses in sorted(found.items()):
            if attribute in folded:
                continue
            model = project.models[name]
            query, use = uses[0]
            label = project.served[query.scope.qualified]  # type: ignore[union-attr]
            yield self.finding(
                model.columns[attribute].at,
                f"`{model.name}.{attribute}` is unique as it is spelled, and `{label}` looks it up regardless of case: rows "
                "that differ in case alone can exist, and it finds both",
                help=f"Make it unique by `lower({attribute})`, or write it in one case everywhere.",
                related=[Step(use.at, "looked up regardless of case") for _, use in uses[:4]],
                unit=model.qualified,
                discriminator=attribute,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return list(dict.fromkeys(model.qualified for _, _, model, _ in _lookups(project)))


def _lookups(project: Project) -> Iterator[tuple[Query, ColumnUse, Model, Column]]:
    """What requests look up regardless of case by a column that is unique on its own."""
    for query in project.queries:
        if getattr(query.scope, "qualified", "") not in project.served:
            continue
        for use in query.filters:
            model = project.models.get(use.model or "")
            is_folded = use.operator == "iexact" or (use.function in _FOLDS and use.operator == "==")
            column = column_of(model, use.column) if model is not None and is_folded else None
            if model is None or column is None or not column.unique or column.primary_key:
                continue
            if column.family in ("string", "text") and column.type not in _CASELESS:
                yield query, use, model, column


def _folded(project: Project) -> set[str]:
    """The names of what is brought into one case somewhere other than in a lookup: before it is stored."""
    asked = {
        id(node)
        for query in project.queries
        for use in query.filters
        if use.value is not None
        for node in ir.walk_expression(use.value)
    }
    found: set[str] = set()
    for scope in project.scopes():
        for site in project.sites(scope):
            func = site.call.func
            if site.method in _FOLDS and type(func) is ir.Attribute and id(site.call) not in asked:
                found.update(_last_names(func.value))
    return found


def _last_names(expr: ir.Expr) -> Iterator[str]:
    """`email` of `email`, `self.email`, `data["email"]`, `data.get("email", "")` and `email.strip()`"""
    for node in ir.walk_expression(expr):
        match node:
            case ir.Name(id=name) | ir.Attribute(name=name):
                yield name
            case ir.Const(value=str() as name):
                yield name
