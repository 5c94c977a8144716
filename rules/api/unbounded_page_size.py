"""Page size that the client chooses, without a bound.

## What it does
Reports a number from the request that becomes the `limit` of a query, or the size of a page, without an upper bound on
its way, and DRF paginations with `page_size_query_param` but no `max_page_size`.

## Why it matters
`?limit=10000000` reads the whole table into memory: one request is enough to stop the service.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@app.get("/orders")
def list_orders(session: Session, limit: int = 50):
    return session.scalars(select(Order).limit(limit)).all()
```

## Use instead
```python
from typing import Annotated

from fastapi import FastAPI, Query
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@app.get("/orders")
def list_orders(session: Session, limit: Annotated[int, Query(ge=1, le=100)] = 50):
    return session.scalars(select(Order).limit(limit)).all()
```
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Class,
    Finding,
    Function,
    Input,
    Parameter,
    Project,
    ProjectRule,
    Query,
    Route,
    Severity,
    Step,
    Unit,
    ir,
)

_BOUNDING = frozenset({"min", "clamp", "clip", "bounded"})
_PAGINATIONS = (
    "rest_framework.pagination.PageNumberPagination",
    "rest_framework.pagination.CursorPagination",
    "rest_framework.pagination.LimitOffsetPagination",
)
_OVERRIDES = frozenset({"get_limit", "get_page_size", "paginate_queryset"})
_DEPTH = 4


class UnboundedPageSize(ProjectRule):
    code = "API202"
    severity = Severity.MEDIUM
    cwe = (770,)
    owasp = ("API4:2023",)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[str, str]] = set()
        for query in project.queries:
            if query.limit is None or not isinstance(query.scope, Function):
                continue
            for route, each, way in _sources(project, query.limit, query.scope, ()):
                if (route.label, each.name) not in seen:
                    seen.add((route.label, each.name))
                    yield self._finding(route, each, query, way)
        yield from self._paginations(project)

    def _finding(self, route: Route, each: Input, query: Query, way: tuple[Step, ...]) -> Finding:
        model = query.model.rpartition(".")[2] if query.model else "rows"
        return self.finding(
            each.at or route.at,
            f"`{each.name}` of `{route.label}` limits the read of `{model}`, and nothing limits `{each.name}`",
            help=f"Bound it: {'`Query(ge=1, le=100)`, or ' if route.framework == 'fastapi' else ''}"
            f"`min({each.variable or each.name}, 100)`.",
            trace=(*way, Step(query.at, f"it is the limit of `{model}` here")),
            discriminator=f"{route.label} {each.name}",
            unit=route.label,
        )

    def _paginations(self, project: Project) -> Iterator[Finding]:
        """DRF: a page size that requests may set has no bound by default."""
        for module in project.modules.values():
            for cls in module.classes:
                if not project.classes.is_subclass(cls, *_PAGINATIONS):
                    continue
                bound = "max_limit" if project.classes.is_subclass(cls, _PAGINATIONS[2]) else "max_page_size"
                if bound == "max_page_size" and not isinstance(_attribute(project, cls, "page_size_query_param"), str):
                    continue
                own = [each for each in project.classes.mro(cls) if isinstance(each, Class)]
                if any(_OVERRIDES & set(each.methods) for each in own):
                    continue
                if not any(bound in each.attributes for each in own):
                    yield self.finding(
                        cls.at,
                        f"`{cls.name}` lets the client choose the size of a page and sets no `{bound}`",
                        help=f"Set `{bound}`.",
                        unit=cls.qualified,
                    )


def _attribute(project: Project, cls: Class, name: str) -> object:
    for each in project.classes.mro(cls):
        if isinstance(each, Class) and name in each.attributes:
            value = each.attributes[name].value
            return value.value if isinstance(value, ir.Const) else "?"
    return None


def _sources(
    project: Project, expr: ir.Expr, function: Function, way: tuple[Step, ...], depth: int = _DEPTH
) -> Iterator[tuple[Route, Input, tuple[Step, ...]]]:
    """The inputs that a limit is, unbounded on the way back through assignments, parameters and callers."""
    key = _key(expr)
    if key is not None:
        for route in project.handlers.get(function.qualified, ())[:1]:
            yield route, Input(key, "query", "int", at=function.place(expr)), way
        return
    name = _name(expr)
    if name is None or depth == 0 or _is_bounded(function, name):
        return
    parameter = function.parameter(name)
    if parameter is None:
        for binding in project.types.bindings(function).get(name, ()):
            if binding.kind == "value" and not binding.path:
                yield from _sources(project, binding.expr, function, way, depth - 1)
        return
    for route in project.handlers.get(function.qualified, ()):
        for each in route.inputs:
            if (
                (each.variable or each.name) == name
                and _is_open(each, parameter)
                and not _is_bounded_before(route, name)
            ):
                yield route, each, way
    for site in project.callers(function):
        caller = site.scope
        value = site.passed(function, name)
        if value is not None and isinstance(caller, Function) and site.is_certain:
            step = Step(site.at, f"`{site.name}` is called with it")
            yield from _sources(project, value, caller, (step, *way), depth - 1)


def _name(expr: ir.Expr) -> str | None:
    match expr:
        case ir.Name(id=id):
            return id
        case ir.Call(func=ir.Name(id="int"), args=[argument]):
            return _name(argument.value)
        case ir.Bool(op="or", values=[first, *_]):
            return _name(first)
        case ir.Binary(op="+", left=left, right=ir.Const(value=1)):  # one more, to see whether there are more
            return _name(left)
    return None


_BOUNDS = frozenset({"le", "lt", "max"})
_QUERIES = frozenset({"args", "GET", "query_params", "query"})


def _key(expr: ir.Expr) -> str | None:
    """What an expression reads of the query string: `limit` of `request.args.get("limit", 20, type=int)`."""
    match expr:
        case ir.Call(func=ir.Name(id="int"), args=[argument]):
            return _key(argument.value)
        case ir.Bool(op="or", values=[first, *_]):
            return _key(first)
        case ir.Call(func=ir.Attribute(name="get", value=owner), args=[first, *_]):
            key = first.value
        case ir.Subscript(value=owner, index=key):
            pass
        case _:
            return None
    match owner, key:
        case ir.Attribute(name=part, value=asked), ir.Const(value=str(name)) if part in _QUERIES:
            return name if (ir.dotted(asked) or "").rpartition(".")[2] == "request" else None
    return None


def _is_open(each: Input, parameter: Parameter) -> bool:
    """Whether an input is a number without an upper bound."""
    kind = (each.type or "").lower()
    written = {
        keyword
        for expr in (parameter.default, parameter.annotation)
        for node in (ir.walk_expression(expr) if expr is not None else ())
        if isinstance(node, ir.Call)
        for keyword in node.keywords
    }
    return each.where in ("query", "form") and "int" in kind and _BOUNDS.isdisjoint(written | each.constraints.keys())


def _is_bounded_before(route: Route, name: str) -> bool:
    """Whether a dependency takes the input, and bounds it."""
    return any(each.parameter(name) is not None and _is_bounded(each, name) for each in route.dependencies)


def _is_bounded(function: Function, name: str) -> bool:
    """Whether a name is compared or cut down anywhere in a function: `min(limit, 100)`, `if limit > 100`."""
    for node in ir.walk(function.body):
        match node:
            case ir.Call(func=func, args=args) if (ir.dotted(func) or "").rpartition(".")[2] in _BOUNDING:
                if any(isinstance(arg.value, ir.Name) and arg.value.id == name for arg in args):
                    return True
            case ir.Compare(op=op, left=left, right=right) if op in ("<", "<=", ">", ">="):
                small = (isinstance(right, ir.Const) and right.value in (0, 1)) or (
                    isinstance(left, ir.Const) and left.value in (0, 1)
                )
                if name in (_name(left), _name(right)) and not small:
                    return True
            case ir.Compare(op="in", left=ir.Name(id=id)) if id == name:
                return True
    return False
