"""Rows are deleted, and nothing says what becomes of those that refer to them.

## What it does
Looks at what routes and tasks delete, and reports foreign keys to it that have no rule for that: no `ondelete` of the
database, no cascade of the ORM from the parent, `DO_NOTHING` in Django. Code that reads or deletes the children itself on
the way is left alone.

## Why it matters
The delete fails with an integrity error as soon as there is one child; where the database does not check foreign keys,
the children stay behind and point to nothing.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)


@app.delete("/customers/{customer_id}")
def remove(customer_id: int) -> None:
    session = Session()
    session.execute(delete(Customer).where(Customer.id == customer_id))
    session.commit()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey, delete
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id", ondelete="CASCADE"), index=True)


@app.delete("/customers/{customer_id}")
def remove(customer_id: int) -> None:
    session = Session()
    session.execute(delete(Customer).where(Customer.id == customer_id))
    session.commit()
```

## When not to
The error is what should happen, and is caught.

## References
- https://cwe.mitre.org/data/definitions/459.html
- https://docs.sqlalchemy.org/en/20/orm/cascades.html#using-foreign-key-on-delete-cascade-with-orm-relationships
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from backend_lint.api import (
    Column,
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
    a,
    listed,
)


class FkWithoutDeleteRule(ProjectRule):
    code = "DAT109"
    severity = Severity.MEDIUM
    cwe = (459,)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        deletes, touched = _deletes(project), _touched(project)
        found: defaultdict[str, list[tuple[Model, Column, Query]]] = defaultdict(list)
        for model, column, parent in _children(project):
            for query in deletes.get(parent.qualified, ()):
                if not _is_covered(model, column, parent, query) and not _minds(project, query, model, touched):
                    found[parent.qualified].append((model, column, query))
                    break
        for name, children in sorted(found.items()):
            parent, (model, column, query) = project.models[name], children[0]
            columns = [f"{each.name}.{one.attribute}" for each, one, _ in children]
            label = project.served[query.scope.qualified]  # type: ignore[union-attr]
            yield self.finding(
                column.at,
                f"`{label}` deletes {a(parent.name)}, and {listed(columns)} {'say' if len(columns) > 1 else 'says'} nothing of "
                f"the rows that refer to it: the delete fails, or they point to nothing",
                help="Give the foreign key `ondelete` (`CASCADE`, `SET NULL`, `RESTRICT`)."
                if model.orm != "django"
                else "Use another `on_delete` than `DO_NOTHING`.",
                related=[
                    Step(query.at, "deleted here"),
                    *(Step(one.at, f"`{each.name}.{one.attribute}`") for each, one, _ in children[1:6]),
                ],
                unit=parent.qualified,
                discriminator=name,
            )

    def examined(self, project: Project) -> Iterable[str]:
        deletes = _deletes(project)
        return list(
            dict.fromkeys(parent.qualified for _, _, parent in _children(project) if parent.qualified in deletes)
        )


def _deletes(project: Project) -> dict[str, list[Query]]:
    """What is deleted for a route or a task, by model."""
    running = project.served
    found: defaultdict[str, list[Query]] = defaultdict(list)
    for query in project.queries:
        if query.operation == "delete" and query.model and getattr(query.scope, "qualified", "") in running:
            found[query.model].append(query)
    return found


def _children(project: Project) -> list[tuple[Model, Column, Model]]:
    """Foreign keys without a rule of the database, and the model that they refer to."""
    found = []
    for model in project.models.values():
        above = project.models.get(model.parent or "")
        if model.is_join or not model.is_managed or (above is not None and above.table == model.table):
            continue
        for column in model.columns.values():
            parent = project.tables.get((column.foreign_key or "").rpartition(".")[0])
            has_rule = (
                column.on_delete not in (None, "NO ACTION")
                if model.orm != "django"
                else column.on_delete != "DO_NOTHING"
            )
            if parent is not None and parent is not model and not has_rule and column.table is None:
                found.append((model, column, parent))
    return found


def _is_covered(model: Model, column: Column, parent: Model, query: Query) -> bool:
    """Whether the ORM deletes the children, or lets go of them, when the parent is deleted as an object."""
    if query.builder is not None and query.filters:
        return False  # a statement: the ORM does not see the rows
    return any(
        _cascades(each, column) for each in parent.relationships.values() if each.target == model.qualified
    ) or any(each.through in (model.qualified, model.table) for each in parent.relationships.values())


def _cascades(related: Relationship, column: Column) -> bool:
    return column.nullable or related.is_reverse or "cascade" in related.options


def _minds(project: Project, query: Query, child: Model, touched: Mapping[str, set[str]]) -> bool:
    """Whether the function that deletes, or one around it, reads or deletes the children, too."""
    function = query.scope
    scopes = {function.qualified} if isinstance(function, Function) else set()
    if isinstance(function, Function):
        scopes |= {site.scope.qualified for site in project.callers(function) if isinstance(site.scope, Function)}
        scopes |= {target.qualified for site in project.sites(function) for target in site.targets}
    return any(child.qualified in touched.get(scope, ()) for scope in scopes)


def _touched(project: Project) -> dict[str, set[str]]:
    """The models that each function asks for or writes, by its qualified name."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for query in project.queries:
        found[getattr(query.scope, "qualified", "")].update(filter(None, (query.model, *query.candidates)))
    return found
