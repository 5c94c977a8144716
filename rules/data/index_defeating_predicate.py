"""A predicate that its index cannot answer.

## What it does
Reports lookups of requests by a function of an indexed column (`lower(email)`, `date(created)`, `iexact`), where no
index is built on that function and nothing else narrows the rows.

## Why it matters
An index holds the values as they are stored. Asked for something made of them, the database computes it for every row:
the index is there, and each request reads the whole table.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    city: Mapped[str] = mapped_column(index=True)


@app.get("/customers")
def of_city(city: str) -> list[int]:
    found = Session().scalars(select(Customer).where(func.lower(Customer.city) == city.lower()))
    return [customer.id for customer in found]
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import Index, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    city: Mapped[str] = mapped_column()
    __table_args__ = (Index("customers_by_city", func.lower(city)),)


@app.get("/customers")
def of_city(city: str) -> list[int]:
    found = Session().scalars(select(Customer).where(func.lower(Customer.city) == city.lower()))
    return [customer.id for customer in found]
```

## When not to
Databases whose collation takes no account of case, for `iexact`.

## References
- https://use-the-index-luke.com/sql/where-clause/functions
- https://docs.djangoproject.com/en/stable/ref/models/indexes/#expressions
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import Column, ColumnUse, Finding, Model, Project, ProjectRule, Query, Severity, Step, Unit
from backend_lint.rules.data._shared import column_of, is_indexed

_FUNCTIONS = frozenset(
    {"lower", "upper", "date", "trim", "ltrim", "rtrim", "substr", "substring", "length", "coalesce"}
)
_SARGABLE = frozenset({"==", "in", "<", "<=", ">", ">=", "between"})
_CASELESS = frozenset({"CITEXT", "CITextField", "CIEmailField", "CICharField"})


class IndexDefeatingPredicate(ProjectRule):
    code = "DAT312"
    severity = Severity.LOW
    preview = True
    cwe = (1067,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        found: defaultdict[tuple[str, str, str], list[tuple[ColumnUse, str]]] = defaultdict(list)
        for query, model in _asked(project):
            defeated = next(_defeated(query, model, project), None)
            if defeated is not None and not _is_narrowed(query, model, project):
                use, column = defeated
                label = project.served[query.scope.qualified]  # type: ignore[union-attr]
                found[model.qualified, column.attribute, use.function or "lower"].append((use, label))
        for (name, attribute, function), uses in sorted(found.items()):
            model = project.models[name]
            more = (
                f" and {len(uses) - 1} more {'query' if len(uses) == 2 else 'queries'} ask"
                if len(uses) > 1
                else " asks"
            )
            yield self.finding(
                uses[0][0].at,
                f"`{uses[0][1]}`{more} for `{function}({attribute})` of `{model.table}`, which the index on `{attribute}` "
                "cannot answer: each reads the whole table",
                help=_remedy(uses[0][0], model.columns[attribute]),
                related=[
                    Step(model.columns[attribute].at, f"`{model.name}.{attribute}`"),
                    *(Step(use.at, "asked for here") for use, _ in uses[1:4]),
                ],
                discriminator=f"{name} {attribute} {function}",
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(query.at) for query, _ in _asked(project)]


def _asked(project: Project) -> Iterator[tuple[Query, Model]]:
    for query in project.queries:
        model = project.models.get(query.model or "")
        label = project.served.get(getattr(query.scope, "qualified", ""))
        if model is not None and model.is_managed and label is not None and not label.startswith("task "):
            if not query.is_opaque and not query.has_unknown_filters:
                yield query, model


def _defeated(query: Query, model: Model, project: Project) -> Iterator[tuple[ColumnUse, Column]]:
    for use in query.filters:
        column = column_of(model, use.column)
        is_wrapped = use.operator == "iexact" or (use.function in _FUNCTIONS and use.operator in _SARGABLE)
        if column is None or not is_wrapped or use.is_alternative or use.model not in (None, model.qualified):
            continue
        if column.type in _CASELESS or any(index.has_expressions for index in model.indexes):
            continue
        if not column.primary_key and is_indexed(project, model, column.name):
            yield use, column


def _is_narrowed(query: Query, model: Model, project: Project) -> bool:
    """Whether another predicate leaves few rows to look at, or cannot be told."""
    for use in query.filters:
        column = column_of(model, use.column)
        if use.model not in (None, model.qualified) or column is None:
            return True
        if use.function is None and use.operator in ("==", "in") and not use.is_alternative:
            if is_indexed(project, model, column.name) or column.foreign_key is not None:
                return True
    return False


def _remedy(use: ColumnUse, column: Column) -> str:
    if use.function == "date":
        return f"Ask for a range: `{column.attribute} >= day` and `< day + 1`."
    return f"Build an index on `{use.function or 'lower'}({column.attribute})`, or store it the way it is asked for."
