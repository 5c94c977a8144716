"""Rows that belong together are written one commit after the other.

## What it does
Reports a row that is stored, and then a second one of another table that refers to it, where nothing makes the two one:
with SQLAlchemy a commit stands between them, with Django no `atomic` is around them.

## Why it matters
When the second write fails (a constraint, a timeout, a deployment), the first stays: an order without lines, a user
without an account. Nothing cleans it up, and a second attempt makes another one.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))


@app.post("/orders")
def place() -> None:
    session = Session()
    order = Order()
    session.add(order)
    session.commit()
    line = Line(order_id=order.id)
    session.add(line)
    session.commit()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))


@app.post("/orders")
def place() -> None:
    session = Session()
    order = Order()
    session.add(order)
    session.flush()
    line = Line(order_id=order.id)
    session.add(line)
    session.commit()
```

## When not to
The second row is a record of what happened (a log, an event), and the first counts without it; the rule is silent there.

## References
- https://docs.djangoproject.com/en/stable/topics/db/transactions/#controlling-transactions-explicitly
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#flushing
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Model, Project, ProjectRule, Query, Severity, Step, Unit, ir, words
from backend_lint.rules.data._shared import stands_before, uses
from backend_lint.rules.data._transactions import AUTOCOMMIT, Cover, Writes

_RECORDS = frozenset(
    {"log", "logs", "audit", "event", "events", "history", "notification", "activity", "message", "stat", "metric"}
)
_INSERTS = frozenset({"create", "acreate", "save", "asave", "bulk_create", "abulk_create", "add", "add_all"})
_HOOKS = frozenset({"create", "update", "save", "perform_create", "perform_update", "form_valid"})


class MultiWriteWithoutTransaction(ProjectRule):
    code = "DAT405"
    severity = Severity.MEDIUM
    cwe = (662,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        writes = project.derived(Writes)
        cover = Cover(project)
        commits: dict[str, list[ir.Call]] = {}
        for commit in project.commits:
            if commit.kind == "commit":
                commits.setdefault(getattr(commit.scope, "qualified", ""), []).append(commit.site.call)
        is_atomic = any(each.kind == "request" for each in project.transactions)
        hooks = frozenset() if _are_covered(project) else _HOOKS
        for function in project.functions():
            inserts = [each for each in writes.of(function) if _is_insert(each, function, project)]
            if len(inserts) < 2:
                continue
            for first, second in _dependent(inserts, function, writes, project):
                if first.library in AUTOCOMMIT:
                    if is_atomic or cover.is_inside(second.site) or cover.is_inside(first.site):
                        continue
                    if not _runs_bare(function, cover, hooks, project):
                        continue
                    between = None
                else:
                    between = _between(first, second, commits.get(function.qualified, ()))
                    if between is None:
                        continue
                yield self._finding(first, second, between, function, project)
                break

    def _finding(
        self,
        first: Query,
        second: Query,
        commit: ir.Call | None,
        function: Function,
        project: Project,
    ) -> Finding:
        parent, child = project.models[first.model or ""], project.models[second.model or ""]
        at = second.at if commit is None else project.place(commit, function)
        how = (
            f"Open {AUTOCOMMIT[first.library]} around both."
            if commit is None
            else "`flush()` gives the key; commit once, at the end."
        )
        return self.finding(
            at,
            f"`{function.name}()` stores the `{parent.name}` for good before the `{child.name}` that refers to it: when "
            "that fails, it stays alone",
            help=how,
            related=[Step(first.at, f"`{parent.name}` is stored"), Step(second.at, f"`{child.name}` is stored")],
            discriminator=f"{parent.name} {child.name}",
        )


def _dependent(
    inserts: list[Query], function: Function, writes: Writes, project: Project
) -> Iterator[tuple[Query, Query]]:
    """Inserts of which the second is made with the row of the first, which stands on every way to it."""
    ordered = sorted(inserts, key=lambda each: each.at)
    for index, second in enumerate(ordered):
        child = project.models.get(second.model or "")
        if child is None or not _RECORDS.isdisjoint(words(child.name)):
            continue
        for first in reversed(ordered[:index]):
            if first.model == second.model or first.model not in project.models:
                continue
            names = writes.names(function, [first])
            given = [*second.values.values(), *second.site.call.keywords.values(), *second.site.call.positional]
            if any(uses(each, names) for each in given) and _refers(child, project.models[first.model]):
                if stands_before(function.body, first.site.call, second.site.call):
                    yield first, second
                    break


def _refers(child: Model, parent: Model) -> bool:
    return any(
        column.foreign_key is not None and column.foreign_key.rpartition(".")[0] == parent.table
        for column in child.columns.values()
    )


def _between(first: Query, second: Query, commits: Iterable[ir.Call]) -> ir.Call | None:
    """The commit that makes the first last before the second is there."""
    return next((each for each in commits if first.site.call.at < each.at < second.site.call.at), None)


def _is_insert(query: Query, function: Function, project: Project) -> bool:
    """Whether it stores a row that is made in the function, and not one that it loaded."""
    if query.operation != "insert" or query.site.method not in _INSERTS:
        return False
    if query.library in AUTOCOMMIT or query.values:
        return True
    row = query.site.call.positional[0] if query.site.call.positional else None
    bound = project.types.bindings(function).get(row.id, []) if type(row) is ir.Name else []
    made = [each.expr for each in bound if type(each.expr) is ir.Call]
    return any(project.qualified(each.func, function) in project.models for each in made)


def _are_covered(project: Project) -> bool:
    """Whether a transaction is opened around what the framework calls: `serializer.save()`, `perform_create()`."""
    return any(
        site.method in _HOOKS and (site.receiver is None or site.receiver.name not in project.models)
        for each in project.transactions
        if each.library == "django"
        for site in each.calls
    )


def _runs_bare(function: Function, cover: Cover, hooks: frozenset[str], project: Project) -> bool:
    """Whether it is reached without a transaction: from a route or a task, or by the framework."""
    if cover.bare(function) is not None:
        return True
    return function.name in hooks and function.owner is not None and not project.callers(function)
