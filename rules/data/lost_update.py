"""A value is read, changed in Python and written back.

## What it does
Reports counters, balances and stock of an entity that are changed with `+=` or from their own value in a route or task,
without a row lock, a version column or an expression that the database evaluates.

## Why it matters
Two requests that read the same value both write theirs, and one change is lost: stock is sold twice, a payment vanishes.

## Example
```python
from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    stock: Mapped[int]


@app.post("/products/{product_id}/sales")
def sell(product_id: int, quantity: int) -> None:
    session = Session()
    product = session.get(Product, product_id)
    product.stock -= quantity
    session.commit()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    stock: Mapped[int]


@app.post("/products/{product_id}/sales")
def sell(product_id: int, quantity: int) -> None:
    session = Session()
    product = session.get(Product, product_id, with_for_update=True)
    product.stock -= quantity
    session.commit()
```

## When not to
Rows that only one user writes, one request at a time.

## References
- https://docs.djangoproject.com/en/stable/ref/models/expressions/#avoiding-race-conditions-using-f
- https://docs.sqlalchemy.org/en/20/orm/versioning.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Column, Finding, Function, Model, Project, ProjectRule, Severity, Step, Unit, ir, words
from backend_lint.rules.data._shared import column_of

_SHARED = frozenset(
    [
        "balance",
        "stock",
        "quantity",
        "count",
        "counter",
        "credits",
        "credit",
        "points",
        "views",
        "likes",
        "hits",
        "votes",
        "remaining",
        "available",
        "reserved",
        "inventory",
        "seats",
        "used",
        "usage",
        "attempts",
        "uses",
        "downloads",
        "sold",
    ]
)
_TURNS = frozenset(
    {"version", "revision", "retry", "retries", "step", "index", "position", "order", "sequence", "level"}
)
_VERSIONS = frozenset({"version_id_col", "version_id"})


class LostUpdate(ProjectRule):
    code = "DAT403"
    severity = Severity.MEDIUM
    cwe = (362,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        locked = {(getattr(query.scope, "qualified", ""), query.model) for query in project.queries if query.is_locked}
        for name, label in project.served.items():
            function = project.function(name)
            for stmt, model, attribute in _changes(function, project) if function is not None else ():
                if (name, model.qualified) in locked or _VERSIONS & model.options.keys():
                    continue
                yield self.finding(
                    project.place(stmt, function),  # type: ignore[arg-type]
                    f"`{label}` changes `{model.name}.{attribute}` from the value it read: of two at once, one is lost",
                    help=f"Lock the row (`with_for_update`, `select_for_update`), or let the database add: {_atomic(model, attribute)}.",
                    related=[Step(model.at, f"`{model.name}`")],
                    discriminator=attribute,
                )


def _atomic(model: Model, attribute: str) -> str:
    return f'`F("{attribute}") + …`' if model.orm == "django" else f"`{model.name}.{attribute} + …` in an UPDATE"


def _changes(function: Function, project: Project) -> Iterator[tuple[ir.Stmt, Model, str]]:
    for stmt in function.statements:
        match stmt:
            case ir.Augment(op="+" | "-", target=ir.Attribute() as target, value=value):
                pass
            case ir.Assign(targets=[ir.Attribute() as target], value=ir.Binary() | ir.Name() as written):
                value = _made(written, function, project)
                if not any(_is_same(target, _made(each, function, project)) for each in _summands(value)):
                    continue
            case _:
                continue
        kind = project.type_of(target.value, function)
        model = None if kind is None or kind.itself else project.models.get(kind.name)
        column = None if model is None else column_of(model, target.name)
        if model is None or column is None or not (_is_number(column) or not _SHARED.isdisjoint(words(target.name))):
            continue
        if not any(
            type(node) is ir.Call and ir.dotted(node.func) in ("F", "models.F") for node in ir.walk_expression(value)
        ):
            yield stmt, model, target.name


def _made(expr: ir.Expr, function: Function, project: Project) -> ir.Expr:
    """What a local variable that is bound once holds: `left = row.pieces - 1`."""
    bound = project.types.bindings(function).get(expr.id, ()) if type(expr) is ir.Name else ()
    return bound[0].expr if len(bound) == 1 and bound[0].kind == "value" and not bound[0].path else expr


def _summands(expr: ir.Expr) -> tuple[ir.Expr, ...]:
    match expr:
        case ir.Binary(op="+" | "-", left=left, right=right):
            return left, right
        case _:
            return ()


def _is_number(column: Column) -> bool:
    """Whether a column holds a number that is added to, and not one that says which version or turn it is."""
    return column.family in ("integer", "decimal", "float") and _TURNS.isdisjoint(words(column.attribute))


def _is_same(target: ir.Attribute, other: ir.Expr) -> bool:
    return ir.dotted(target) is not None and ir.dotted(target) == ir.dotted(other)
