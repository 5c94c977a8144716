"""Query that mixes the rows of all tenants.

## What it does
Learns from the models which column says to whom rows belong (an `organization_id`, a foreign key to the workspace that
a good part of all models have), and from the queries that nearly all reads, changes and counts of such a table go by it.
Then it reports the queries of requests and tasks that do not.

## Why it matters
One forgotten condition shows every customer the rows of all others, and no test of a single customer fails.

## Example
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import ForeignKey, func, select, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Organization(Base):
    __tablename__ = "organizations"
    id: Mapped[int] = mapped_column(primary_key=True)


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))


def session() -> Session: ...


def user(request: Request) -> User: ...


@app.get("/invoices")
def invoices(db: Session = Depends(session), user: User = Depends(user)):
    return db.scalars(select(Invoice).where(Invoice.organization_id == user.organization_id)).all()


@app.get("/invoices/count")
def count(db: Session = Depends(session), user: User = Depends(user)):
    return db.scalar(select(func.count(Invoice.id)).where(Invoice.organization_id == user.organization_id))


@app.get("/invoices/{id}")
def invoice(id: int, db: Session = Depends(session), user: User = Depends(user)):
    return db.scalars(select(Invoice).where(Invoice.id == id, Invoice.organization_id == user.organization_id)).one()


@app.post("/invoices/send")
def send(db: Session = Depends(session), user: User = Depends(user)):
    db.execute(update(Invoice).where(Invoice.organization_id == user.organization_id).values(state="sent"))


@app.get("/invoices/open")
def unpaid(db: Session = Depends(session), user: User = Depends(user)):
    return db.scalars(select(Invoice).where(Invoice.state == "open")).all()
```

## Use instead
```python
from fastapi import Depends, FastAPI, HTTPException, Request
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Organization(Base):
    __tablename__ = "organizations"
    id: Mapped[int] = mapped_column(primary_key=True)


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    organization_id: Mapped[int] = mapped_column(ForeignKey("organizations.id"))


def session() -> Session: ...


def user(request: Request) -> User: ...


@app.get("/invoices/open")
def unpaid(db: Session = Depends(session), user: User = Depends(user)):
    mine = select(Invoice).where(Invoice.organization_id == user.organization_id)
    return db.scalars(mine.where(Invoice.state == "open")).all()
```

## When not to
Rows that are asked for by their key are the matter of `missing-object-check`. Queries for those above all tenants (staff,
clean-up tasks) are left out by name; where the database itself keeps tenants apart (row-level security), ignore the rule.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Multi_Tenant_Security_Cheat_Sheet.html
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend_lint.api import (
    Confidence,
    Finding,
    Function,
    Model,
    Project,
    ProjectRule,
    Query,
    Role,
    Severity,
    Step,
    Unit,
    ir,
    words,
)

_TENANTS = frozenset(
    {"tenant", "organization", "organisation", "org", "workspace", "company", "team", "group", "household", "account"}
    | {
        "customer",
        "client",
        "merchant",
        "shop",
        "store",
        "site",
        "space",
        "namespace",
        "domain",
        "institution",
        "school",
    }
)
_SHARE_OF_MODELS = 0.3
_SHARE_OF_QUERIES = 0.8
_QUERIES = 4
_ABOVE = frozenset({"admin", "superuser", "superadmin", "staff", "backoffice", "internal", "all", "global", "every"})


@dataclass
class _Scoped:
    """A table of tenants' rows: the names that say whose a row is, and what its queries do with them."""

    model: Model
    names: frozenset[str]
    within: list[Query] = field(default_factory=list)
    without: list[Query] = field(default_factory=list)

    @property
    def is_clear(self) -> bool:
        asked = len(self.within) + len(self.without)
        return len(self.within) >= _QUERIES and len(self.within) >= _SHARE_OF_QUERIES * asked


class UnscopedTenantQuery(ProjectRule):
    code = "SEC108"
    preview = True
    severity = Severity.HIGH
    cwe = (639, 863)
    owasp = ("A01:2021", "A01:2025", "API1:2023")
    unit = Unit.QUERY
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        running = project.served
        for table in _scoped(project):
            if table.is_clear:
                for query in table.without:
                    if not _is_allowed(query, table, project):
                        yield self._finding(query, table, running[query.scope.qualified])  # type: ignore[union-attr]

    def examined(self, project: Project) -> list[str]:
        return [str(query.at) for table in _scoped(project) if table.is_clear for query in table.within + table.without]

    def _finding(self, query: Query, table: _Scoped, label: str) -> Finding:
        name = min(table.names, key=lambda each: (not each.endswith("_id"), each))
        asked = len(table.within) + len(table.without)
        return self.finding(
            query.at,
            f"`{label}` asks for `{table.model.name}` rows of every {_holder(name)}: {len(table.within)} of {asked} queries "
            f"on them go by `{name}`, and this one does not",
            help=f"Put `{name}` of the caller into the query.",
            related=[Step(each.at, f"goes by `{name}`") for each in table.within[:2]],
            discriminator=f"{table.model.name} {label}",
        )


def _holder(name: str) -> str:
    return " ".join(each for each in words(name) if each != "id") or name


def _scoped(project: Project) -> list[_Scoped]:
    """The tables with a column for the tenant, with the queries that run for requests and tasks."""
    tables = {model.qualified: _Scoped(model, names) for model, names in _tenant_columns(project) if names}
    running = project.served
    for query in project.queries:
        table = tables.get(query.model or "")
        if (
            table is None
            or query.operation not in ("select", "count", "exists", "update", "delete")
            or not isinstance(query.scope, Function)
            or query.scope.qualified not in running
            or query.scope.module.role is not Role.APP
        ):
            continue
        if _goes_by(query, table.names):
            table.within.append(query)
        elif not (query.has_unknown_filters or query.is_opaque or query.is_lazy):
            table.without.append(query)
    return list(tables.values())


def _tenant_columns(project: Project) -> Iterator[tuple[Model, frozenset[str]]]:
    """Models with the names that lead to their tenant: one holder that a good part of all models refer to."""
    holders: Counter[str] = Counter()
    columns: dict[str, dict[str, set[str]]] = defaultdict(dict)
    models = [each for each in project.models.values() if each.columns and not each.is_join]
    for model in models:
        for attribute, column in model.columns.items():
            holder = _TENANT.match(column.name) or _TENANT.match(attribute)
            if holder is not None and not column.primary_key:
                columns[holder[1]].setdefault(model.qualified, set()).update((attribute, column.name))
    for holder, held in columns.items():
        holders[holder] = len(held)
    if not holders:
        return
    holder, count = holders.most_common(1)[0]
    if count < max(2, _SHARE_OF_MODELS * len(models)):
        return
    for model in models:
        names = columns[holder].get(model.qualified)
        if names is not None:
            relations = {each.name for each in model.relationships.values() if set(each.columns) & names}
            yield model, frozenset(names | relations)


_TENANT = re.compile(rf"^({'|'.join(sorted(_TENANTS))})(?:_(?:id|uuid|pk|key|slug))?$")


def _goes_by(query: Query, names: frozenset[str]) -> bool:
    return any(each.column in names or names & set(each.path.split(".")) for each in query.filters)


def _is_allowed(query: Query, table: _Scoped, project: Project) -> bool:
    """Whether one row is asked for by its key, the tenant is looked at otherwise, or somebody above tenants asks."""
    if query.operation == "insert" or any(each.column in ("id", "pk", "uuid") for each in query.filters):
        return True
    function = query.scope
    assert isinstance(function, Function)
    if _ABOVE & set(words(f"{function.qualified} {project.served[function.qualified]}")):
        return True
    return any(
        name in table.names
        for node in ir.walk(function.body)
        for name in (
            [node.name]
            if type(node) is ir.Attribute
            else [node.id]
            if type(node) is ir.Name
            else list(node.keywords)
            if type(node) is ir.Call
            else [node.value]
            if type(node) is ir.Const and isinstance(node.value, str)
            else []
        )
    )
