"""A statement to a database, as far as the expressions that build it tell."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Project, Scope
from backend_lint.project.model import ColumnUse, Model, Query


@dataclass(frozen=True, eq=False)
class Statement:
    """What is known after each step of a chain; a step gives a new one.

    `form` says what can be done with it: `queryset` and `query` run when they are asked for rows, a `manager` when it
    is asked further, a `construct` when a session executes it, a `condition` is part of one (`Q(…)`, `exists(…)`).
    `kinds` are the classes whose methods it answers to besides its library's; `joined` is the entity joined last.
    """

    library: str
    form: str
    operation: str = "select"
    model: str | None = None
    candidates: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    filters: tuple[ColumnUse, ...] = ()
    orders: tuple[ColumnUse, ...] = ()
    values: dict[str, Expr] = field(default_factory=dict)
    eager: tuple[str, ...] = ()
    joined: str | None = None
    limit: Expr | None = None
    is_bounded: bool = False
    is_single: bool = False
    raises: bool = False
    expects_one: bool = False
    is_locked: bool = False
    is_aggregate: bool = False
    is_grouped: bool = False
    is_streamed: bool = False
    is_async: bool = False
    is_opaque: bool = False
    has_unknown_filters: bool = False
    text: Expr | None = None

    def with_(self, **changes: Any) -> Statement:
        return replace(self, **changes)

    def filtered(self, uses: list[ColumnUse], *, is_complete: bool = True) -> Statement:
        return replace(
            self,
            filters=(*self.filters, *uses),
            has_unknown_filters=self.has_unknown_filters or not is_complete,
        )


def query(project: Project, statement: Statement, site: CallSite, scope: Scope, at: Expr) -> Query:
    """The query that is sent when a statement is executed."""
    model = project.models.get(statement.model or "")
    found = Query(
        site=site,
        scope=scope,
        at=scope.module.place(at),
        operation=statement.operation,
        library=statement.library,
        model=statement.model,
        filters=list(statement.filters),
        orders=list(statement.orders),
        values=dict(statement.values),
        eager=statement.eager,
        limit=statement.limit,
        is_single=statement.is_single,
        raises=statement.raises,
        expects_one=statement.expects_one,
        is_locked=statement.is_locked,
        is_async=statement.is_async,
        is_opaque=statement.is_opaque,
        text=statement.text,
        builder=at,
        candidates=statement.candidates,
        has_unknown_filters=statement.has_unknown_filters,
        is_aggregate=statement.is_aggregate,
        is_streamed=statement.is_streamed,
    )
    found.is_bounded = (
        statement.is_bounded
        or statement.is_single
        or statement.limit is not None
        or (statement.is_aggregate and not statement.is_grouped)
        or statement.operation in ("count", "exists", "insert")
        or (model is not None and selects_one(model, statement.filters))
    )
    return found


def selects_one(model: Model, filters: tuple[ColumnUse, ...]) -> bool:
    """Whether equalities hold the rows to one: they cover a key."""
    equal = {
        use.column
        for use in filters
        if use.operator == "==" and not use.is_alternative and not use.function and use.model == model.qualified
    }
    return model.is_unique(frozenset(equal))
