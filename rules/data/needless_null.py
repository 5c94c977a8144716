"""A column may be null where null means nothing.

## What it does
Reports columns that have a default and may yet be null: booleans that are three-state by oversight, and Django text
fields for which both `NULL` and the empty string mean "nothing". Columns that some code compares with null are left
alone.

## Why it matters
`WHERE is_active = false` finds no row that is null, and neither does `is_active != true`: rows of the third kind drop out
of both lists. Each reader has to know about both kinds of nothing.

## Example
```python
from sqlalchemy import Boolean, Column, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    is_active = Column(Boolean, default=True)
```

## Use instead
```python
from sqlalchemy import Boolean, Column, Integer
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    is_active = Column(Boolean, nullable=False, default=True)
```

## When not to
Null stands for "not known yet", and the code treats it as such.

## References
- https://docs.djangoproject.com/en/stable/ref/models/fields/#null
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from backend_lint.api import Column, Finding, Function, Model, Project, ProjectRule, Severity, Step, Unit, ir, listed


class NeedlessNull(ProjectRule):
    code = "DAT112"
    severity = Severity.INFO
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        suspects = [(model, column) for model in _models(project) for column in model.columns.values()]
        suspects = [(model, column) for model, column in suspects if _is_needless(column, model)]
        tested = _tested(project, {column.attribute for _, column in suspects})
        found: defaultdict[str, list[Column]] = defaultdict(list)
        for model, column in suspects:
            if column.attribute not in tested:
                found[model.qualified].append(column)
        for name, columns in found.items():
            model, is_many = project.models[name], len(columns) > 1
            yield self.finding(
                columns[0].at,
                f"{listed([column.attribute for column in columns])} of `{model.name}` "
                f"{'have defaults' if is_many else 'has a default'} and may yet be null: such rows drop out of both sides "
                f"of a comparison",
                help="Leave out `null=True`." if model.orm == "django" else "Pass `nullable=False`.",
                related=[Step(column.at, f"`{column.attribute}`") for column in columns[1:]],
                unit=model.qualified,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [model.qualified for model in _models(project)]


def _models(project: Project) -> Iterator[Model]:
    for model in project.models.values():
        if model.is_managed and any(
            column.family in ("boolean", "string", "text") for column in model.columns.values()
        ):
            yield model


def _is_needless(column: Column, model: Model) -> bool:
    is_own = column.table is None and (column.defined_in is None or column.defined_in is model.cls)
    if not is_own or not column.nullable or column.primary_key:
        return False
    default = column.default if column.default is not None else column.server_default
    if column.family == "boolean":
        return type(default) is ir.Const and isinstance(default.value, bool | str | int)
    if model.orm == "django" and column.family in ("string", "text") and not column.unique:
        return type(default) is ir.Const and isinstance(default.value, str)
    return False


def _tested(project: Project, wanted: set[str]) -> set[str]:
    """Those of these attributes that some code compares with null, or sets to it."""
    found: set[str] = set()
    for query in project.queries:
        for use in query.filters:
            if use.operator in ("is", "is not", "isnull") or _is_none(use.value):
                found.add(use.column)
        found.update(name for name, value in query.values.items() if _is_none(value))
    for function in project.functions() if wanted else ():
        found.update(_compared(function))
    return found & wanted


def _compared(function: Function) -> Iterator[str]:
    for stmt in function.statements:
        value: ir.Expr | None = None
        match stmt:
            case ir.If(test=value) | ir.While(test=value) | ir.Assert(test=value):
                pass
            case ir.Return(value=ir.Compare() | ir.Conditional() | ir.Bool() as value):
                pass
            case ir.Assign(value=ir.Compare() | ir.Conditional() | ir.Bool() as value):
                pass
            case ir.Assign(targets=targets) if _is_none(stmt.value):
                yield from (target.name for target in targets if type(target) is ir.Attribute)
        for node in ir.walk_expression(value) if value is not None else ():
            if type(node) is ir.Compare and type(node.left) is ir.Attribute and _is_none(node.right):
                yield node.left.name


def _is_none(expr: ir.Expr | None) -> bool:
    return type(expr) is ir.Const and expr.value is None
