"""A relation is loaded once for each row of a result.

## What it does
Reports loops over the rows of a query that read a relation of the row which neither the query nor the model loads
ahead; also where a method or property of the row reads it, or a function that the loop hands the row.

## Why it matters
The attribute looks like data and is a query: a page of a hundred rows costs a hundred and one round trips.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    customer: Mapped[Customer] = relationship()


@app.get("/orders")
def names() -> list[str]:
    orders = Session().scalars(select(Order).limit(100)).all()
    return [order.customer.name for order in orders]
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    customer: Mapped[Customer] = relationship()


@app.get("/orders")
def names() -> list[str]:
    orders = Session().scalars(select(Order).options(joinedload(Order.customer)).limit(100)).all()
    return [order.customer.name for order in orders]
```

## When not to
Background tasks, where nobody waits for the answer; the rule is silent there.

## References
- https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html
- https://docs.djangoproject.com/en/stable/topics/db/optimization/
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Finding,
    Function,
    Model,
    Project,
    ProjectRule,
    Query,
    Relationship,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.data._rows import EAGER, Read, loading, of_a_row, reads, source_query, where
from backend_lint.rules.data._shared import Loop, loops

_KEYS = frozenset({"pk", "id"})
_WRITES = frozenset({"create", "add", "set", "remove", "clear", "get_or_create", "update_or_create", "bulk_create"})


class NPlusOneLazyLoad(ProjectRule):
    code = "DAT301"
    severity = Severity.MEDIUM
    cwe = (1073,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        queries = {id(query.site.call): query for query in project.queries if query.operation == "select"}
        ahead = {(query.model, path.partition(".")[0]) for query in project.queries for path in query.eager}
        for name, label in project.served.items():
            function = project.function(name)
            if label.startswith("task "):  # nobody waits for it
                continue
            for loop in loops(function) if function is not None else ():
                query = source_query(loop.source, function, queries, project)  # type: ignore[arg-type]
                model = None if query is None else project.models.get(query.model or "")
                if query is None or model is None or query.is_opaque or query.is_single:
                    continue
                if type(loop.target) is not ir.Name:
                    continue
                for read, relation in _lazy(loop, loop.target.id, model, query, function, project):  # type: ignore[arg-type]
                    if of_a_row(query) and (model.qualified, relation.name) in ahead:
                        continue  # whoever loads the row may load these with it
                    yield self._finding(read, relation, model, query, label, function)  # type: ignore[arg-type]

    def _finding(
        self,
        read: Read,
        relation: Relationship,
        model: Model,
        query: Query,
        label: str,
        function: Function,
    ) -> Finding:
        steps = (*read.way, read)
        through = f", in `{read.function.facts.qualname}()`" if read.way else ""
        return self.finding(
            steps[0].at,
            f"`{label}` loads `{relation.name}` once for each `{model.name}` of the query {where(query.at, function)}{through}",
            help=f"Load it with the rows: {loading(model, [relation.name], many=relation.many)}.",
            trace=[Step(each.at, f"`{each.name}`") for each in steps] if read.way else (),
            related=[Step(query.at, "the query"), Step(relation.at, f"`{model.name}.{relation.name}`")],
            discriminator=relation.name,
        )


def _lazy(
    loop: Loop, name: str, model: Model, query: Query, function: Function, project: Project
) -> Iterator[tuple[Read, Relationship]]:
    """The first read of each relation of the row that nothing has loaded."""
    seen: set[str] = set()
    loaded = {path.partition(".")[0].partition("__")[0] for path in query.eager}
    assigned = {id(target) for stmt in function.statements if type(stmt) is ir.Assign for target in stmt.targets}
    outer: dict[str, dict[int, str]] = {}
    for read in reads(function, name, model, project, loop.contains):
        node, attribute = read.node, read.name
        relation = model.relationships.get(attribute)
        if id(node) in assigned:
            loaded.add(attribute)
        if relation is None or attribute in seen or attribute in loaded or relation.lazy in EAGER:
            continue
        parents = outer.setdefault(read.function.qualified, _parents(read.function))
        if parents.get(id(node)) in (_WRITES if relation.many else _KEYS):
            continue
        seen.add(attribute)
        yield read, relation


def _parents(function: Function) -> dict[int, str]:
    """What is read of each expression of a function, by the expression."""
    return {id(node.value): node.name for node in ir.walk(function.body) if type(node) is ir.Attribute}
