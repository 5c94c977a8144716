"""A session goes on after a failed flush without a rollback.

## What it does
Reports handlers that catch an error of `commit()` or `flush()`, do not roll back, and are followed by another use of the
session.

## Why it matters
After a failed flush SQLAlchemy refuses every further statement with `PendingRollbackError`: the handler that was to save
the request, or the next turn of the worker's loop, fails with an error that hides the first one.

## Example
```python
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tags"
    name: Mapped[str] = mapped_column(primary_key=True)


def tag(session: Session, name: str) -> Tag | None:
    try:
        session.add(Tag(name=name))
        session.commit()
    except IntegrityError:
        pass
    return session.get(Tag, name)
```

## Use instead
```python
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tags"
    name: Mapped[str] = mapped_column(primary_key=True)


def tag(session: Session, name: str) -> Tag | None:
    try:
        session.add(Tag(name=name))
        session.commit()
    except IntegrityError:
        session.rollback()
    return session.get(Tag, name)
```

## References
- https://docs.sqlalchemy.org/en/20/faq/sessions.html#this-session-s-transaction-has-been-rolled-back-due-to-a-previous-exception-during-flush
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Commit,
    Effect,
    Finding,
    Function,
    Place,
    Project,
    ProjectRule,
    Query,
    Severity,
    Step,
    Transaction,
    Unit,
    ir,
)

_ERRORS = frozenset({"IntegrityError", "SQLAlchemyError", "DBAPIError", "DataError", "OperationalError", "Exception"})


class MissingRollback(ProjectRule):
    code = "DAT416"
    severity = Severity.HIGH
    cwe = (460,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        ends: dict[str, list[Commit]] = {}
        for commit in project.commits:
            if commit.library == "sqlalchemy" and commit.kind in ("commit", "flush"):
                ends.setdefault(getattr(commit.scope, "qualified", ""), []).append(commit)
        queries: dict[str, list[Query]] = {}
        for query in project.queries:
            if query.library == "sqlalchemy" and not query.is_lazy:
                queries.setdefault(getattr(query.scope, "qualified", ""), []).append(query)
        blocks = [each for each in project.transactions if each.kind == "block"]
        for function in project.functions():
            if function.qualified in ends:
                yield from self._of(
                    function, ends[function.qualified], queries.get(function.qualified, []), blocks, project
                )

    def _of(
        self, function: Function, ends: list[Commit], queries: list[Query], blocks: list[Transaction], project: Project
    ) -> Iterator[Finding]:
        for stmt in function.statements:
            if type(stmt) is not ir.Try or _rolls_back(stmt.final, function, project):
                continue
            failing = next((each for each in ends if _is_in(each.site.call, stmt.body)), None)
            if failing is None or any(
                each.scope is function and _contains(stmt.body, each.statements) for each in blocks
            ):
                continue
            for handler in stmt.handlers:
                if not _catches(handler) or _rolls_back(handler.body, function, project):
                    continue
                session = _root(failing.site.call)
                opened = _opened_again(function, session, stmt)
                own = [
                    each
                    for each in (*queries, *ends)
                    if _root(each.site.call) in (session, None)
                    and not any(_is_in(each.site.call, body) for body in opened)
                ]
                after = _next_use(stmt, handler, own)
                if after is not None:
                    yield self.finding(
                        project.place(handler, function),
                        f"the session is used again in line {after.line} after a failed `{failing.site.method}()` without a "
                        "rollback",
                        help=f"Call `rollback()` first: `{failing.site.name.rpartition('.')[0]}.rollback()`.",
                        related=[Step(failing.at, "fails here"), Step(after, "is used again")],
                    )


def _root(expr: ir.Expr) -> str | None:
    """The variable that a chain of calls begins with; None for a class, whose queries have the session of the request."""
    while type(expr) in (ir.Call, ir.Attribute, ir.Await, ir.Subscript):
        expr = expr.func if type(expr) is ir.Call else expr.value  # type: ignore[union-attr]
    name = expr.id if type(expr) is ir.Name else None
    return None if name is None or name[:1].isupper() else name


def _opened_again(function: Function, session: str | None, failed: ir.Try) -> list[list[ir.Stmt]]:
    """The blocks after the attempt, its handlers included, that open a session of the same name anew."""
    end = failed.body[-1].end if failed.body else failed.end
    return [
        stmt.body
        for stmt in function.statements
        if type(stmt) is ir.With
        and stmt.at >= end
        and any(type(item.target) is ir.Name and item.target.id == session for item in stmt.items)
    ]


def _is_in(call: ir.Call, body: list[ir.Stmt]) -> bool:
    return bool(body) and body[0].at <= call.at < body[-1].end


def _contains(body: list[ir.Stmt], inner: list[ir.Stmt]) -> bool:
    return bool(body and inner) and body[0].at <= inner[0].at < body[-1].end


def _catches(handler: ir.Handler) -> bool:
    kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
    return any(kind is None or (ir.dotted(kind) or "").rpartition(".")[2] in _ERRORS for kind in kinds)


def _rolls_back(body: list[ir.Stmt], function: Function, project: Project) -> bool:
    for call in ir.calls(body):
        site = project.site(call, function)
        if site.method in ("rollback", "close", "remove", "invalidate") or project.effects.has(site, Effect.ROLLBACK):
            return True
    return False


def _next_use(stmt: ir.Try, handler: ir.Handler, uses: list[Query | Commit]) -> Place | None:
    """The next statement on the way out of a handler: in it, or after the `try` where the handler falls through."""
    start = handler.body[0].at if handler.body else handler.at
    end = handler.body[-1].end if handler.body else handler.end
    inside = [each.at for each in uses if start <= each.site.call.at < end]
    if inside:
        return min(inside)
    if any(
        isinstance(each, ir.Return | ir.Raise | ir.Jump) and _leaves(each) for each in ir.walk_statements(handler.body)
    ):
        return None
    return min((each.at for each in uses if each.site.call.at >= stmt.end), default=None)


def _leaves(stmt: ir.Stmt) -> bool:
    return type(stmt) is not ir.Jump or stmt.kind != "pass"
