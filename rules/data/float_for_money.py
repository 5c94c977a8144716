"""Money in a binary floating-point column.

## What it does
Reports float columns that hold amounts of money: a monetary name in a model that also holds a currency, more such
names, or is itself something that is bought, paid or booked. Rates, percentages and scores are left alone.

## Why it matters
0.1 has no exact binary value. Sums drift by cents, equality fails, and two systems that add the same rows disagree.

## Example
```python
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[float]
```

## Use instead
```python
from decimal import Decimal

from sqlalchemy import Numeric
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Invoice(Base):
    __tablename__ = "invoices"
    id: Mapped[int] = mapped_column(primary_key=True)
    amount: Mapped[Decimal] = mapped_column(Numeric(12, 2))
```

## References
- https://cwe.mitre.org/data/definitions/1339.html
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Column, Finding, Model, Project, ProjectRule, Severity, Unit, words

_FLOATS = frozenset({"Float", "FLOAT", "REAL", "DOUBLE", "Double", "DOUBLE_PRECISION", "FloatField", "DoubleField"})
_AMOUNTS = frozenset(
    [
        "price",
        "amount",
        "balance",
        "fee",
        "salary",
        "revenue",
        "payment",
        "refund",
        "subtotal",
        "cost",
        "wage",
        "deposit",
    ]
)
_CHARGED = frozenset({"price", "fee", "salary", "wage", "balance", "subtotal"})
"""Amounts that somebody pays or owes, whatever the table is about."""
_SUMS = frozenset({"total", "sum", "vat", "discount"})
"""Words that mean money in the tables of a trade only."""
_COUNTED = frozenset({"count", "items", "quantity", "hours", "days", "weight", "size", "time", "seconds"})
_RATES = frozenset(
    ["rate", "percent", "percentage", "ratio", "score", "factor", "weight", "multiplier", "per", "token", "tokens"]
)
_COMMERCE = frozenset(
    [
        "order",
        "invoice",
        "payment",
        "product",
        "cart",
        "account",
        "wallet",
        "billing",
        "bill",
        "subscription",
        "expense",
        "purchase",
        "article",
        "booking",
        "price",
        "refund",
        "donation",
        "transaction",
        "salary",
        "item",
        "line",
    ]
)


class FloatForMoney(ProjectRule):
    code = "DAT103"
    severity = Severity.HIGH
    cwe = (1339, 682)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        for model in project.models.values():
            if not model.primary_key:
                continue  # a view, or a table of another store that is only asked
            for column in _amounts(model):
                yield self.finding(
                    column.at,
                    f"`{model.name}.{column.attribute}` keeps money in `{column.type}`, which cannot hold most cents exactly",
                    help="Use `Numeric(12, 2)` / `DecimalField` with `Decimal`, or whole cents as an integer.",
                    unit=model.qualified,
                    discriminator=column.name,
                )


def _amounts(model: Model) -> list[Column]:
    """The columns of a table that hold money in binary floating point."""
    floats = [each for each in model.columns.values() if each.type in _FLOATS or each.family == "float"]
    found = [each for each in floats if _speaks_of(each, _AMOUNTS)]
    if _is_commerce(model):
        return found + [each for each in floats if each not in found and _is_sum(each)]
    if sum(not _is_estimate(each) for each in found) > 1:
        return found
    return [each for each in found if words(each.attribute)[-1] in _CHARGED]


def _speaks_of(column: Column, names: frozenset[str]) -> bool:
    parts = words(column.attribute)
    return not names.isdisjoint(parts) and _RATES.isdisjoint(parts)


def _is_sum(column: Column) -> bool:
    return _speaks_of(column, _SUMS) and _COUNTED.isdisjoint(words(column.attribute))


def _is_estimate(column: Column) -> bool:
    """What something costs, which is often figured out and never paid; a currency or a trade has to say it is money."""
    return "cost" in words(column.attribute)


def _is_commerce(model: Model) -> bool:
    has_currency = any("currency" in words(name) for name in model.columns)
    return has_currency or not _COMMERCE.isdisjoint(words(model.name))
