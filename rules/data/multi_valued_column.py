"""Several values in one text column.

## What it does
Reports text columns that the code splits by a separator, or fills by joining a list with one.

## Why it matters
No index finds one of the values, so searching is `LIKE '%…%'` over the whole table; a value with the separator in it
becomes two; no foreign key holds them; two requests that each add one lose the other's.

## Example
```python
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Article(Base):
    __tablename__ = "articles"
    id: Mapped[int] = mapped_column(primary_key=True)
    tags: Mapped[str]


def tags_of(article: Article) -> list[str]:
    return article.tags.split(",")
```

## Use instead
```python
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Tag(Base):
    __tablename__ = "tags"
    article_id: Mapped[int] = mapped_column(ForeignKey("articles.id"), primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True, index=True)


class Article(Base):
    __tablename__ = "articles"
    id: Mapped[int] = mapped_column(primary_key=True)
    tags: Mapped[list[Tag]] = relationship()
```

## When not to
Formats that others define, such as the scopes of OAuth or a list of languages in a header.

## References
- https://cwe.mitre.org/data/definitions/1093.html
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
    Severity,
    Step,
    Unit,
    ir,
)

_SEPARATORS = frozenset({",", ", ", ";", "; ", "|", ":"})
_FORMATS = frozenset({"scope", "scopes", "header", "headers", "url", "path", "address", "name", "line", "lines"})


class MultiValuedColumn(ProjectRule):
    code = "DAT113"
    severity = Severity.LOW
    preview = True
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        found: defaultdict[tuple[str, str], list[tuple[Place, str]]] = defaultdict(list)
        for model, column, at, how in _packed(project):
            found[model.qualified, column.attribute].append((at, how))
        for (name, attribute), uses in sorted(found.items()):
            model = project.models[name]
            yield self.finding(
                model.columns[attribute].at,
                f"`{model.name}.{attribute}` keeps several values in one text: it is {uses[0][1]}",
                help="Keep each in a row of a table of its own, or in an array or JSON column with an index.",
                related=[Step(at, how) for at, how in uses[:4]],
                unit=model.qualified,
                discriminator=attribute,
            )


def _packed(project: Project) -> Iterator[tuple[Model, Column, Place, str]]:
    """The columns whose text is taken apart or put together, and where."""
    for function in project.functions():
        for node in ir.walk(function.body):
            match node:
                case ir.Call(
                    func=ir.Attribute(value=ir.Attribute() as held, name="split"), args=[ir.Argument(value=by)]
                ):
                    if type(by) is ir.Const and by.value in _SEPARATORS:
                        yield from _column(held, function, project, f'split by "{by.value}"')
        for stmt in function.statements:
            match stmt:
                case ir.Assign(targets=[ir.Attribute() as target], value=value) if value is not None:
                    by = _joined(value)
                    if by is not None:
                        yield from _column(target, function, project, f'joined with "{by}"')


def _joined(expr: ir.Expr) -> str | None:
    """The separator of `",".join(values)`."""
    match expr:
        case ir.Text(how="join", pieces=[ir.Const(value=str() as by), *_]) if by in _SEPARATORS:
            return by
        case ir.Call(func=ir.Attribute(value=ir.Const(value=str() as by), name="join")) if by in _SEPARATORS:
            return by
        case _:
            return None


def _column(
    expr: ir.Attribute, function: Function, project: Project, how: str
) -> Iterator[tuple[Model, Column, Place, str]]:
    kind = project.type_of(expr.value, function)
    model = None if kind is None or kind.itself else project.models.get(kind.name)
    if model is None and type(expr.value) is ir.Name and expr.value.id == "self" and isinstance(function.cls, Class):
        model = project.models.get(function.cls.qualified)
    column = None if model is None else model.columns.get(expr.name)
    if model is None or column is None or column.family not in ("string", "text") or expr.name.lower() in _FORMATS:
        return
    if column.foreign_key is None and not column.primary_key:
        yield model, column, function.place(expr), how
