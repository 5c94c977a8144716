"""Rows are counted or loaded only to see whether there are any.

## What it does
Reports a count that is only compared with zero, or used as a condition, and rows that are fetched only for their number
to be compared with zero.

## Why it matters
The database visits every row that matches to answer a question that the first one settles; a list of rows travels to
the application besides.

## Example
```python
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"


def has_open_orders() -> bool:
    return Order.objects.filter(status="open").count() > 0
```

## Use instead
```python
from django.db import models


class Order(models.Model):
    status = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"


def has_open_orders() -> bool:
    return Order.objects.filter(status="open").exists()
```

## When not to
The number, or the rows, are used afterwards; the rule is silent there.

## References
- https://docs.djangoproject.com/en/stable/ref/models/querysets/#exists
- https://docs.sqlalchemy.org/en/20/core/selectable.html#sqlalchemy.sql.expression.exists
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Query, Severity, Unit, ir
from backend_lint.rules.data._shared import mentions

_ANY = frozenset({(">", 0), ("!=", 0), (">=", 1), ("==", 0), ("<", 1), ("<=", 0)})
_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}


class CountForExistence(ProjectRule):
    code = "DAT309"
    severity = Severity.INFO
    cwe = (1073,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        counts, rows = _by_expression(project)
        for function in project.functions():
            uses: Counter[str] | None = None
            for number, test in _asked(function):
                query = _query(number, counts, rows)
                name = _name(number)
                if query is None and name is not None:
                    uses = mentions(function) if uses is None else uses
                    query = _held(name, function, uses, project, counts, rows)
                if query is not None and not _is_one(query, project):
                    yield self._finding(query, project.place(test, function), project)

    def _finding(self, query: Query, at: object, project: Project) -> Finding:
        model = project.models.get(query.model or "")
        what = f"`{model.name}`" if model is not None else "a query"
        verb = "counts all rows of" if query.operation == "count" or query.is_aggregate else "loads all rows of"
        use = "`.exists()`" if query.library == "django" else "`exists()`, or `limit(1)`"
        return self.finding(
            at,  # type: ignore[arg-type]
            f"{verb} {what} that match only to see whether there are any",
            help=f"Ask for the first one: {use}.",
            discriminator=query.model or "",
        )


def _is_one(query: Query, project: Project) -> bool:
    """Whether a key holds the rows to one, so that counting them costs nothing."""
    model = project.models.get(query.model or "")
    equal = frozenset(use.column for use in query.filters if use.operator == "==" and use.model == query.model)
    return model is not None and model.is_unique(equal)


def _by_expression(project: Project) -> tuple[dict[int, Query], dict[int, Query]]:
    """The queries that count, and those that load rows, by the expression that they are the value of."""
    counts: dict[int, Query] = {}
    rows: dict[int, Query] = {}
    for query in project.queries:
        if query.is_lazy or (query.is_single and query.operation != "count"):
            continue
        if query.operation == "count":
            counts[id(query.site.call)] = query
        elif (
            query.text is None
            and query.operation == "select"
            and not query.is_aggregate
            and not query.is_opaque
            and query.limit is None
        ):
            rows[id(query.builder)] = query
    return counts, rows


def _asked(function: Function) -> Iterator[tuple[ir.Expr, ir.Expr]]:
    """Numbers and rows that are only asked whether they are nothing, with the test that asks."""
    for stmt in function.statements:
        if type(stmt) in (ir.If, ir.While, ir.Assert):
            yield from _conditions(stmt.test)  # type: ignore[union-attr]
    for node in ir.walk(function.body):
        match node:
            case ir.Compare(op=op, left=left, right=ir.Const(value=value)) if (op, value) in _ANY:
                yield left, node
            case ir.Compare(op=op, left=ir.Const(value=value), right=right) if (_MIRRORED.get(op, op), value) in _ANY:
                yield right, node
            case ir.Call(func=ir.Name(id="bool"), args=[ir.Argument(value=value)]):
                yield value, node
            case ir.Unary(op="not", value=value):
                yield value, node
            case ir.Conditional(test=test):
                yield from _conditions(test)


def _conditions(test: ir.Expr) -> Iterator[tuple[ir.Expr, ir.Expr]]:
    match test:
        case ir.Bool(values=values):
            for value in values:
                yield from _conditions(value)
        case ir.Call() | ir.Await() | ir.Name():
            yield test, test


def _query(expr: ir.Expr, counts: dict[int, Query], rows: dict[int, Query]) -> Query | None:
    """The query whose number, or whose rows, an expression is."""
    while type(expr) is ir.Await:
        expr = expr.value
    if id(expr) in counts:
        return counts[id(expr)]
    match expr:
        case ir.Call(
            func=ir.Name(id="len" | "list" | "int"), args=[ir.Argument(value=ir.Call() | ir.Await() as value)]
        ):
            return rows.get(id(value)) or _query(value, counts, rows)
        case ir.Call(func=ir.Attribute(value=value, name="scalar" | "scalar_one" | "all")):
            return _query(value, counts, rows) or rows.get(id(expr)) or rows.get(id(_sent(value)))
        case ir.Call():
            found = rows.get(id(expr))
            return found if found is not None and _loads(expr, found) else None
        case _:
            return None


def _sent(expr: ir.Expr) -> ir.Expr:
    """What is awaited."""
    while type(expr) is ir.Await:
        expr = expr.value
    return expr


def _loads(call: ir.Call, query: Query) -> bool:
    """Whether a call itself loads the rows: a query set does when it is asked, SQLAlchemy's own query only by `all()`."""
    return query.library == "django" or (type(call.func) is ir.Attribute and call.func.name == "all")


def _name(number: ir.Expr) -> ir.Name | None:
    """The variable that is asked, or whose length is."""
    match number:
        case ir.Call(func=ir.Name(id="len"), args=[ir.Argument(value=ir.Name() as name)]):
            return name
        case ir.Name():
            return number
        case _:
            return None


def _held(
    name: ir.Name,
    function: Function,
    uses: Counter[str],
    project: Project,
    counts: dict[int, Query],
    rows: dict[int, Query],
) -> Query | None:
    """The query of a local variable that is bound once and read once."""
    bound = project.types.bindings(function).get(name.id, [])
    if len(bound) != 1 or bound[0].kind != "value" or bound[0].path or uses[name.id] != 2:
        return None
    return _query(bound[0].expr, counts, rows) or rows.get(id(name))
