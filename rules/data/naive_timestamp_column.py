"""A time is stored without the zone that it was taken in.

## What it does
Reports columns of dates with times where values and column disagree about the zone: the server's local time
(`datetime.now`) in a column that keeps no zone, an aware value whose zone such a column drops, and a naive value in a
column that expects an aware one. Columns that all hold UTC by convention are left alone.

## Why it matters
The same instant reads differently on two machines, and an hour comes twice each autumn. Values that lost their zone
cannot be compared with aware ones: Python raises `TypeError` in whatever request does it first.

## Example
```python
from datetime import datetime

from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime, default=datetime.now)
```

## Use instead
```python
from datetime import datetime, timezone

from sqlalchemy import DateTime
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=lambda: datetime.now(timezone.utc))
```

## When not to
Times of a wall clock, such as opening hours.

## References
- https://docs.python.org/3/library/datetime.html#aware-and-naive-objects
- https://docs.djangoproject.com/en/stable/topics/i18n/timezones/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Class,
    Column,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Scope,
    Severity,
    Step,
    Unit,
    ir,
    listed,
)
from backend_lint.rules.data._shared import column_of

_NOW = frozenset({"datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.fromtimestamp"})
_UTC = frozenset({"datetime.datetime.utcnow", "datetime.datetime.utcfromtimestamp"})
_PLAIN = frozenset({"DATETIME", "TIMESTAMP"})
_WORDS = {
    "local": (
        "gets the server's local time, and keeps no zone with it",
        "get the server's local time, and keep no zone",
    ),
    "dropped": ("gets aware values, and drops their zone", "get aware values, and drop their zone"),
    "naive": ("gets naive values, and is aware", "get naive values, and are aware"),
}


class NaiveTimestampColumn(ProjectRule):
    code = "DAT107"
    severity = Severity.MEDIUM
    waived_by = ("DTZ001", "DTZ003", "DTZ005")
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        has_zones = _has_zones(project)
        found: defaultdict[tuple[str, str], dict[str, Place]] = defaultdict(dict)
        owners: dict[str, Model] = {}
        for model, column, value, scope in _values(project):
            if (column.declared or "").startswith("datetime.") and _maps_types(model, project):
                continue
            fault = _fault(project, column, _kind(project, value, scope), is_aware=_is_aware(model, column, has_zones))
            if fault is not None:
                owner = getattr(column.defined_in or model.cls, "qualified", model.qualified)
                owners.setdefault(owner, model)
                found[owner, fault].setdefault(column.attribute, project.place(value, scope))
        for (name, fault), places in sorted(found.items()):
            model = owners[name]
            first, *others = places.items()
            columns = listed(list(places))
            words = _WORDS[fault][bool(others)]
            yield self.finding(
                first[1],
                f"{columns} of `{name.rpartition('.')[2]}` {words}",
                help=_help(model, fault),
                related=[Step(place, f"`{attribute}`") for attribute, place in others],
                unit=model.qualified,
                discriminator=fault,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [
            model.qualified
            for model in project.models.values()
            if any(column.family == "datetime" for column in model.columns.values())
        ]


def _help(model: Model, fault: str) -> str:
    if model.orm == "django":
        return "Use `django.utils.timezone.now`."
    if fault == "naive":
        return "Use `datetime.now(timezone.utc)`."
    aware = "DateTime(timezone=True)"
    return f"Make it `{aware}`" + (", and use `datetime.now(timezone.utc)`." if fault == "local" else ".")


def _has_zones(project: Project) -> bool | None:
    """Whether Django keeps zones; None where the settings do not tell."""
    for setting in project.settings:
        if setting.name == "USE_TZ":
            held = setting.value
            return bool(held.value) if type(held) is ir.Const else None
    return None


def _is_aware(model: Model, column: Column, has_zones: bool | None) -> bool | None:
    """Whether a column keeps zones; None where its type is not understood."""
    if model.orm == "django":
        return has_zones if column.type == "DateTimeField" else None
    if model.orm not in ("sqlalchemy", "sqlmodel"):
        return None
    if (column.type or "").upper() not in _PLAIN or not (column.declared or "").startswith(
        ("sqlalchemy.", "datetime.")
    ):
        return None
    return column.arguments.get("timezone") is True


def _maps_types(model: Model, project: Project) -> bool:
    """Whether a base from a library beside SQLAlchemy may say what an annotation becomes."""
    above = project.classes.mro(model.cls) if model.cls is not None else []
    own = ("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.", "pydantic.", "builtins.", "typing.", "abc.")
    return any(isinstance(each, str) and not each.startswith(own) for each in above)


def _values(project: Project) -> Iterator[tuple[Model, Column, ir.Expr, Scope]]:
    """Each value that a column of dates and times gets: its defaults, and what statements write."""
    for model in project.models.values():
        for column in model.columns.values():
            scope = column.defined_in or model.cls
            is_own = scope is model.cls or (isinstance(scope, Class) and scope.qualified not in project.models)
            if column.family == "datetime" and column.table is None and scope is not None and is_own:
                for value in (column.default, column.onupdate):
                    if value is not None:
                        yield model, column, value, scope
    for query in project.queries:
        written = project.models.get(query.model or "") if query.values else None
        for attribute, value in query.values.items() if written is not None else ():
            column = column_of(written, attribute)  # type: ignore[arg-type]
            if written is not None and column is not None and column.family == "datetime":
                yield written, column, value, query.scope


def _kind(project: Project, value: ir.Expr, scope: Scope) -> str | None:
    """What a value or a function that makes it gives: `local`, `utc` (both naive) or `aware`; None where unknown."""
    match value:
        case ir.Lambda(function=index):
            function = scope.module.functions[index]
            return _returned(project, function)
        case ir.Call(func=ir.Attribute(value=inner, name="replace")) if "tzinfo" in value.keywords:
            tz = value.keywords["tzinfo"]
            is_none = type(tz) is ir.Const and tz.value is None
            return "utc" if is_none and _kind(project, inner, scope) is not None else None if is_none else "aware"
        case ir.Call(func=ir.Name(id="partial") | ir.Attribute(name="partial"), args=[ir.Argument(value=func), *rest]):
            return "aware" if project.qualified(func, scope) in _NOW and rest else None
        case ir.Call():
            name = project.qualified(value.func, scope)
            if name in _NOW:
                given = len(value.args) - (1 if name.endswith("fromtimestamp") else 0)
                return "aware" if given > 0 else "local"
            return "utc" if name in _UTC else None
        case ir.Name() | ir.Attribute():
            name = project.qualified(value, scope)
            if name in _NOW:
                return "local"
            if name in _UTC:
                return "utc"
            function = project.function(name) if name is not None else None
            return None if function is None else _returned(project, function)
    return None


def _returned(project: Project, function: Function) -> str | None:
    values = [stmt.value for stmt in function.statements if type(stmt) is ir.Return and stmt.value is not None]
    return _kind(project, values[0], function) if len(values) == 1 and type(values[0]) is ir.Call else None


def _fault(project: Project, column: Column, kind: str | None, *, is_aware: bool | None) -> str | None:
    if kind is None or is_aware is None:
        return None
    if is_aware:
        return "naive" if kind in ("local", "utc") else None
    return {"local": "local", "aware": "dropped"}.get(kind)
