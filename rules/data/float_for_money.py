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
            found = [column for column in model.columns.values() if _is_amount(column)]
            if not model.primary_key:
                continue  # a view, or a table of another store that is only asked
            if not found or not (_is_commerce(model) or sum(not _is_estimate(column) for column in found) > 1):
                continue
            for column in found:
                yield self.finding(
                    column.at,
                    f"`{model.name}.{column.attribute}` keeps money in `{column.type}`, which cannot hold most cents exactly",
                    help="Use `Numeric(12, 2)` / `DecimalField` with `Decimal`, or whole cents as an integer.",
                    unit=model.qualified,
                    discriminator=column.name,
                )


def _is_amount(column: Column) -> bool:
    parts = words(column.attribute)
    is_float = column.type in _FLOATS or column.family == "float"
    return is_float and not _AMOUNTS.isdisjoint(parts) and _RATES.isdisjoint(parts)


def _is_estimate(column: Column) -> bool:
    """What something costs, which is often figured out and never paid; a currency or a trade has to say it is money."""
    return "cost" in words(column.attribute)


def _is_commerce(model: Model) -> bool:
    has_currency = any("currency" in words(name) for name in model.columns)
    return has_currency or not _COMMERCE.isdisjoint(words(model.name))
