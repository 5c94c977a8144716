"""Where the code talks to the database."""

from __future__ import annotations

from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.calls import CallSite
from backend_lint.project.modules import Scope


@dataclass(eq=False)
class ColumnUse:
    """A column in a predicate, a join or an order.

    `column` is its name in the database, as written where the model is not known. `operator` is that of Python or SQL
    (`==`, `in`, `like`, `icontains`, `is`, `not in`, …), `join` where it joins tables, `asc` or `desc` in an order.
    `value` is what it is compared with. `model` is the entity that has the column, `path` the relations that lead to it
    from the query's own (`category.parent`). `function` wraps the column (`lower`). `is_alternative` within an `or`.
    """

    column: str
    operator: str
    at: Place
    value: Expr | None = None
    model: str | None = None
    path: str = ""
    function: str | None = None
    is_alternative: bool = False


@dataclass(eq=False)
class Query:
    """One statement sent to a database.

    `site` is the call that sends it; with `is_lazy` the call that builds it, and it is sent elsewhere: it is
    returned, or passed on. `at` is where it is sent. `operation` is `select`, `insert`, `update`, `delete`,
    `count`, `exists` or `raw`. `model` is the qualified name of the entity; `candidates` those it may be where one
    base class or function serves several. `filters` and `orders` are what is asked for, `has_unknown_filters` where
    there is more than can be told; `values` what is written, by attribute. `is_single` where at most one row is
    asked for, `raises` where a missing row raises (`one`, `get`), `expects_one` where a second row does, too.
    `eager` are the relation paths loaded with it (`items.product`). `limit` is what bounds the rows, `is_bounded`
    whether anything does: a limit, a unique key, a count. `is_aggregate` where one row of figures comes back.
    `is_locked` where rows are locked. `loop` is true where it runs once an iteration of a loop of its own function.
    `builder` is the outermost expression of the statement, `text` its SQL. `is_async` where the driver is.
    `is_opaque` where the statement comes from elsewhere, so that what it asks for is not known.
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
    expects_one: bool = False
    is_locked: bool = False
    is_async: bool = False
    loop: bool = False
    is_opaque: bool = False
    text: Expr | None = None
    builder: Expr | None = None
    candidates: tuple[str, ...] = ()
    has_unknown_filters: bool = False
    is_aggregate: bool = False
    is_lazy: bool = False
    is_streamed: bool = False

    @property
    def is_write(self) -> bool:
        return self.operation in ("insert", "update", "delete")

    @property
    def is_read(self) -> bool:
        return self.operation in ("select", "count", "exists")
