"""Where the code talks to the database."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.calls import CallSite
from backend_lint.project.modules import Scope


@dataclass(eq=False)
class ColumnUse:
    """A column in a predicate or an order. `operator` is `==`, `in`, `like`, `<`, `asc`, … ; `value` what it is compared with."""

    column: str
    operator: str
    at: Place
    value: Expr | None = None
    model: str | None = None


@dataclass(eq=False)
class Query:
    """One statement sent to a database.

    `site` is the call that sends it. `operation` is `select`, `insert`, `update`, `delete`, `count`, `exists` or `raw`.
    `model` is the qualified name of the entity. `is_single` where at most one row is asked for; `raises` where a missing row raises
    (`one`, `get`). `eager` are the relation paths loaded with it (`items.product`). `limit` is what bounds the rows,
    `is_bounded` whether anything does. `loop` is true where it runs once an iteration of a loop of its own function.
    `builder` is the outermost expression of the statement. `is_async` where the driver is.
    """

    site: CallSite
    scope: Scope
    at: Place
    operation: str
    library: str
    model: str | None = None
    filters: list[ColumnUse] = field(default_factory=list)
    orders: list[ColumnUse] = field(default_factory=list)
    values: dict[str, Expr] = field(default_factory=dict)
    eager: tuple[str, ...] = ()
    limit: Expr | None = None
    is_bounded: bool = False
    is_single: bool = False
    raises: bool = False
    is_locked: bool = False
    is_async: bool = False
    loop: bool = False
    is_opaque: bool = False
    text: Expr | None = None
    builder: Expr | None = None

    @property
    def is_write(self) -> bool:
        return self.operation in ("insert", "update", "delete")

    @property
    def is_read(self) -> bool:
        return self.operation in ("select", "count", "exists")
