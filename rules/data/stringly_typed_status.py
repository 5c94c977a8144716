"""A text column only ever holds a few fixed words.

## What it does
Reports text columns to which the code assigns nothing but literals of a small set, and which has no enum, no choices and
no check constraint.

## Why it matters
The set of states stands nowhere: a typing error (`"cancelled"`, `"canceled"`) is stored as a state of its own, and
whoever reads the model does not learn what to expect.

## Example
```python
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(default="open")


def pay(order: Order) -> None:
    order.status = "paid"


def cancel(order: Order) -> None:
    order.status = "cancelled"
```

## Use instead
```python
import enum

from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Status(enum.Enum):
    OPEN = "open"
    PAID = "paid"
    CANCELLED = "cancelled"


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Status] = mapped_column(default=Status.OPEN)


def pay(order: Order) -> None:
    order.status = Status.PAID


def cancel(order: Order) -> None:
    order.status = Status.CANCELLED
```

## When not to
Other programs write the column, too.

## References
- https://docs.sqlalchemy.org/en/20/core/type_basics.html#sqlalchemy.types.Enum
- https://docs.djangoproject.com/en/stable/ref/models/fields/#choices
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import (
    UNKNOWN,
    Column,
    Finding,
    Model,
    Place,
    Project,
    ProjectRule,
    Scope,
    Severity,
    Step,
    Unit,
    ir,
    words,
)
from backend_lint.rules.data._shared import column_of

_FEWEST, _MOST = 2, 8
_STATES = frozenset(
    {
        "status",
        "state",
        "kind",
        "type",
        "stage",
        "phase",
        "mode",
        "level",
        "result",
        "outcome",
        "visibility",
        "severity",
    }
    | {"priority", "role", "source", "direction", "action"}
)
_DUMPED = "**"


class StringlyTypedStatus(ProjectRule):
    code = "DAT111"
    severity = Severity.INFO
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        candidates = {(model.qualified, column.attribute): column for model, column in _candidates(project)}
        held: defaultdict[tuple[str, str], dict[str, Place]] = defaultdict(dict)
        open_ended: set[tuple[str, str]] = set()
        for model, attribute, value, scope in _writes(project, {name for _, name in candidates}):
            keys = [key for key in candidates if key[0] == model and attribute in (key[1], _DUMPED)]
            known = project.constant(value, scope) if value is not None else UNKNOWN
            for key in keys:
                if known == attribute:
                    continue  # `save(update_fields=["status"])`
                if isinstance(known, str) and type(value) is not ir.Attribute:
                    held[key].setdefault(known, scope.module.place(value))  # type: ignore[arg-type]
                elif known is not None:
                    open_ended.add(key)
        for key, places in sorted(held.items()):
            if key in open_ended or not _FEWEST <= len(places) <= _MOST:
                continue
            model, column = project.models[key[0]], candidates[key]
            said = ", ".join(f'"{word}"' for word in sorted(places)[:5])
            yield self.finding(
                column.at,
                f"`{model.name}.{column.attribute}` only ever gets {said}, and nothing says that there is no other word",
                help="Give it an enum, or `choices` and a check constraint.",
                related=[Step(place, f'"{word}"') for word, place in sorted(places.items())[:5]],
                unit=model.qualified,
                discriminator=column.attribute,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return list(dict.fromkeys(model.qualified for model, _ in _candidates(project)))


def _candidates(project: Project) -> Iterator[tuple[Model, Column]]:
    parents = {model.parent for model in project.models.values()}  # a word of theirs says which child a row is
    for model in project.models.values():
        for column in model.columns.values() if model.parent is None and model.qualified not in parents else ():
            is_open = (
                column.family in ("string", "text") and not column.choices and words(column.attribute)[-1] in _STATES
            )
            if is_open and not column.primary_key and column.foreign_key is None and not _is_checked(model, column):
                yield model, column


def _is_checked(model: Model, column: Column) -> bool:
    """Whether a constraint of the table speaks of the column."""
    cls = model.cls
    stmt = cls.attributes.get("__table_args__") if cls is not None else None
    meta = cls.inner.get("Meta") if cls is not None else None
    values = [stmt.value if stmt is not None else None]
    values += (
        [each.value for name, each in meta.attributes.items() if name == "constraints"] if meta is not None else []
    )
    for value in filter(None, values):
        for node in ir.walk_expression(value):
            if type(node) is ir.Call and (ir.dotted(node.func) or "").endswith("CheckConstraint"):
                texts = [each.value for each in ir.walk_expression(node) if type(each) is ir.Const]
                keywords = [
                    arg.keyword for each in ir.walk_expression(node) if type(each) is ir.Call for arg in each.args
                ]
                if any(column.name in str(each) for each in (*texts, *keywords)):
                    return True
    return False


def _writes(project: Project, names: set[str]) -> Iterator[tuple[str, str, ir.Expr | None, Scope]]:
    """Model, attribute, value and scope of all that is written; the attribute is `**` where it may be any."""
    for model in project.models.values():
        for column in model.columns.values():
            if column.attribute in names and column.default is not None and column.defined_in is not None:
                yield model.qualified, column.attribute, column.default, column.defined_in
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for model in project.models.values():
        for name in model.columns.keys() & names:
            owners[name].append(model.qualified)
    for query in project.queries:
        if query.model and query.is_write:
            written = project.models.get(query.model)
            for name, value in query.values.items() if written is not None else ():
                found = column_of(written, name)  # type: ignore[arg-type]
                if found is not None and found.attribute in names:
                    yield query.model, found.attribute, value, query.scope
    for function in project.functions():
        for site in project.sites(function):
            if site.symbol in project.models:
                for arg in site.call.args:
                    if arg.stars or arg.keyword is None:
                        yield site.symbol, _DUMPED, None, function
                    elif arg.keyword in names:
                        yield site.symbol, arg.keyword, arg.value, function
            elif site.name == "setattr" and site.call.args:
                kind = project.type_of(site.call.args[0].value, function)
                if kind is not None and kind.name in project.models:
                    yield kind.name, _DUMPED, None, function
        for stmt in function.statements:
            if type(stmt) is ir.Assign:
                for target in stmt.targets:
                    if type(target) is ir.Attribute and target.name in names:
                        kind = project.type_of(target.value, function)
                        if kind is None:
                            yield from (
                                (each.qualified, target.name, None, function) for each in project.models.values()
                            )
                        elif kind.name in project.models:
                            yield kind.name, target.name, stmt.value, function
