"""Rows are loaded to do in Python what the database does.

## What it does
Reports sums, extremes, counts, filters and sorts over the rows of a query, where they use nothing but columns and the
rows are used for nothing else.

## Why it matters
Every row crosses the network and becomes an object, to end as one number or as the few that were wanted. The database
answers from an index and sends only that.

## Example
```python
from django.db import models
from django.http import JsonResponse
from django.urls import path


class Line(models.Model):
    order = models.IntegerField(db_index=True)
    amount = models.IntegerField()

    class Meta:
        app_label = "shop"


def total(request, order_id):
    return JsonResponse({"total": sum(line.amount for line in Line.objects.filter(order=order_id))})


urlpatterns = [path("orders/<int:order_id>/total", total)]
```

## Use instead
```python
from django.db import models
from django.db.models import Sum
from django.http import JsonResponse
from django.urls import path


class Line(models.Model):
    order = models.IntegerField(db_index=True)
    amount = models.IntegerField()

    class Meta:
        app_label = "shop"


def total(request, order_id):
    return JsonResponse(Line.objects.filter(order=order_id).aggregate(total=Sum("amount")))


urlpatterns = [path("orders/<int:order_id>/total", total)]
```

## References
- https://docs.djangoproject.com/en/stable/topics/db/aggregation/
- https://docs.sqlalchemy.org/en/20/core/functions.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Model, Project, ProjectRule, Query, Severity, Step, Unit, ir
from backend_lint.rules.data._rows import of_a_row, source_query
from backend_lint.rules.data._shared import mentions, uses

_FIGURES = {"sum": "adds up", "max": "looks for the greatest of", "min": "looks for the least of"}
_PLAIN = frozenset(
    {"string", "text", "integer", "float", "decimal", "boolean", "datetime", "date", "time", "uuid", "enum"}
)


class WorkDoneInPython(ProjectRule):
    code = "DAT308"
    severity = Severity.LOW
    preview = True
    cwe = (1049,)
    unit = Unit.QUERY

    def check(self, project: Project) -> Iterable[Finding]:
        queries = {id(query.site.call): query for query in project.queries if _is_whole(query)}
        for name, label in project.served.items():
            function = project.function(name)
            for node, rows, row, verb, advice in _work(function) if function is not None else ():
                query = source_query(rows, function, queries, project)  # type: ignore[arg-type]
                model = None if query is None else project.models.get(query.model or "")
                if query is None or model is None or not _are_used_here(rows, query, function):  # type: ignore[arg-type]
                    continue
                used = _columns(node, row, model)
                if used is None or not used:
                    continue
                yield self.finding(
                    project.place(node, function),  # type: ignore[arg-type]
                    f"`{label}` loads each `{model.name}` and then {verb} by `{used[0]}` in Python",
                    help=advice,
                    related=[Step(query.at, "the query")]
                    if query.at.line != project.place(node, function).line
                    else (),  # type: ignore[arg-type]
                    discriminator=f"{model.qualified} {used[0]}",
                )


def _is_whole(query: Query) -> bool:
    """Whether a query gives rows of which none were left out by a limit, and that are not loaded with another row."""
    return query.operation == "select" and not (
        query.is_single
        or query.is_bounded
        or query.is_aggregate
        or query.is_opaque
        or query.limit is not None
        or of_a_row(query)
    )


def _work(function: Function) -> Iterator[tuple[ir.Expr, ir.Expr, str, str, str]]:
    """What is done with rows: the expression, the rows, the name of one, what it does, and what to write."""
    inner: set[int] = set()
    for node in ir.walk(function.body):
        match node:
            case ir.Call(func=ir.Name(id=name), args=[ir.Argument(value=ir.Comprehension() as made), *_]):
                row = _row(made)
                if row is None:
                    continue
                inner.add(id(made))
                rows = made.clauses[0].iter
                if name in _FIGURES and type(made.element) is ir.Attribute:
                    verb = _FIGURES[name]
                    yield (
                        node,
                        rows,
                        row,
                        f"{verb} them",
                        f"Let the database do it: `func.{name}(…)`, `{name.title()}(…)`.",
                    )
                elif name == "len" and made.clauses[0].conditions:
                    yield node, rows, row, "counts them", "Count in the database: a condition, and `count()`."
            case ir.Comprehension(kind="list" | "generator" | "set", element=element) if id(node) not in inner:
                row = _row(node)
                if row is not None and node.clauses[0].conditions and type(element) in (ir.Name, ir.Attribute):
                    yield node, node.clauses[0].iter, row, "leaves some out", "Put the condition into the query."


def _row(made: ir.Comprehension) -> str | None:
    """The name of a row in a comprehension over one source."""
    clause = made.clauses[0]
    return clause.target.id if len(made.clauses) == 1 and type(clause.target) is ir.Name else None


def _columns(node: ir.Expr, row: str, model: Model) -> list[str] | None:
    """The columns that are used of a row, those of conditions first; None where it is used in any other way."""
    made = next(each for each in ir.walk_expression(node) if type(each) is ir.Comprehension)
    tests = made.clauses[0].conditions
    if not all(map(_is_simple, tests)):
        return None
    parts = [*tests, made.element]
    columns: list[str] = []
    for part in parts:
        owners = {id(each.value) for each in ir.walk_expression(part) if type(each) is ir.Attribute}
        for each in ir.walk_expression(part):
            if type(each) is ir.Name and each.id == row and id(each) not in owners and part is not made.element:
                return None
            if type(each) is ir.Attribute and type(each.value) is ir.Name and each.value.id == row:
                column = model.columns.get(each.name)
                if column is None or column.family not in _PLAIN:
                    return None
                columns.append(each.name)
            elif type(each) in (ir.Call, ir.Await, ir.Subscript, ir.Lambda, ir.Comprehension):
                return None
    if tests and not any(uses(test, {row}) for test in tests):
        return None
    return columns


def _is_simple(test: ir.Expr) -> bool:
    """Whether a condition is one that SQL has, too."""
    match test:
        case ir.Compare(op="==" | "!=" | "<" | ">" | "<=" | ">=" | "is" | "is not" | "in" | "not in"):
            return True
        case ir.Bool(values=values):
            return all(map(_is_simple, values))
        case ir.Unary(op="not", value=value):
            return _is_simple(value)
        case ir.Attribute():
            return True
        case _:
            return False


def _are_used_here(rows: ir.Expr, query: Query, function: Function) -> bool:
    """Whether nothing else uses the rows: the query stands in place, or its variable is read this once."""
    if type(rows) is ir.Name:
        return query.scope is function and mentions(function)[rows.id] == 2
    return query.scope is function
