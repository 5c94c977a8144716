"""A list route answers with a whole growing table.

## What it does
Follows what a GET route answers with back to the query it comes from, and reports it where nothing bounds the rows of a
table that grows: one that requests or tasks write to. Rows that belong to one parent are left alone.

## Why it matters
The route is fast on the day it is written. Each row added since makes it slower, until one client that lists
everything takes the memory of the process with it.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int]


@app.post("/orders")
def place() -> None:
    with Session() as session:
        session.add(Order())
        session.commit()


@app.get("/orders")
def orders() -> list:
    with Session() as session:
        return session.scalars(select(Order)).all()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int]


@app.post("/orders")
def place() -> None:
    with Session() as session:
        session.add(Order())
        session.commit()


@app.get("/orders")
def orders(after: int = 0) -> list:
    with Session() as session:
        return session.scalars(select(Order).where(Order.id > after).order_by(Order.id).limit(50)).all()
```

## When not to
A table that stays small though requests write to it, like the teams of a company.

## References
- https://google.aip.dev/158
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import (
    Class,
    Finding,
    Function,
    Model,
    Project,
    ProjectRule,
    Query,
    Route,
    Severity,
    Step,
    Unit,
    ir,
    is_paginated,
    lists_by_itself,
)
from backend_lint.rules.architecture._shared import returned_calls

_BOUNDING = frozenset(
    {"limit", "first", "one", "one_or_none", "get", "slice", "fetchone", "fetchmany", "scalar", "count"}
)
_VERBS = frozenset({"list", "all", "index", "search", ""})
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_EVENTS = frozenset(
    {"user", "customer", "order", "message", "event", "log", "notification", "comment", "payment", "transaction"}
    | {"invoice", "ticket", "post", "entry", "visit", "review", "feedback", "account"}
)
_DEPTH = 4


class ListEndpointWithoutPagination(ProjectRule):
    code = "ARC420"
    severity = Severity.MEDIUM
    cwe = (770,)
    owasp = ("API4:2023",)
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        growing = _growing(project)
        whole = {id(each.site.call): each for each in project.queries if _is_whole(each) and each.model in growing}
        seen: set[tuple[str, str]] = set()
        for route in _lists(project):
            for query in _answers(route, whole, project):
                model = growing[query.model or ""]
                key = (route.label, model.qualified)
                if key not in seen and _is_list_of(route.path, model):
                    seen.add(key)
                    yield self._finding(route, query, model)

    def _finding(self, route: Route, query: Query, model: Model) -> Finding:
        elsewhere = route.handler is None or query.scope is not route.handler
        return self.finding(
            route.handler.at if route.handler is not None else route.at,
            f"`{route.label}` answers with every `{model.name}` there is",
            help="Take a limit and a cursor, or a page, from the client, and cap them.",
            related=[Step(query.at, f"all of `{model.name}` is read here")] if elsewhere else (),
        )

    def examined(self, project: Project) -> Iterable[str]:
        return [route.label for route in _lists(project)]


def _lists(project: Project) -> list[Route]:
    return [route for route in project.routes if "GET" in route.methods and _last(route.path)]


def _last(path: str) -> str:
    """The collection that a path ends with: `orders` of `/shops/{id}/orders` and `/orders/list`, nothing of `/orders/{id}`."""
    parts = [part for part in path.strip("/").split("/") if part.lower() not in _VERBS]
    return "" if not parts or "{" in parts[-1] else parts[-1].lower()


def _is_list_of(path: str, model: Model) -> bool:
    """Whether a path ends in the plural of what a model is called."""
    last = _WORDS.findall(_last(path).replace("-", "_"))
    plurals = {f"{word}{end}" for word in _words(model.name) for end in ("", "s", "es")}
    plurals |= {f"{word[:-1]}ies" for word in _words(model.name) if word.endswith("y")}
    return bool(last) and last[-1] in plurals


def _words(name: str) -> list[str]:
    return [each.lower() for each in _WORDS.findall(name)]


def _is_whole(query: Query) -> bool:
    """Whether every row may come back, and not only those of one parent or owner."""
    return (
        query.operation == "select"
        and not (query.is_bounded or query.is_single or query.is_aggregate or query.is_opaque or query.is_streamed)
        and query.limit is None
        and not query.has_unknown_filters
        and not any(use.operator in ("==", "in", "is") and _is_narrowing(use.column, use.path) for use in query.filters)
    )


def _is_narrowing(column: str, path: str) -> bool:
    return bool(path) or column == "id" or column.endswith(("_id", "uuid", "_pk", "token", "slug", "email"))


def _growing(project: Project) -> dict[str, Model]:
    """The models whose tables grow with use: requests and tasks insert into them."""
    reached = _served(project)
    written = {
        query.model
        for query in project.queries
        if query.operation == "insert" and isinstance(query.scope, Function) and query.scope.qualified in reached
    }
    written |= set(_created_by_views(project))
    return {name: model for name, model in project.models.items() if name in written and _may_grow(model)}


def _may_grow(model: Model) -> bool:
    """Whether its rows look like events or possessions rather than entries of a list that people keep short."""
    if model.is_join:
        return False
    columns = model.columns.values()
    is_dated = any(column.family == "datetime" for column in columns)
    is_owned = any(column.foreign_key or column.name.endswith("_id") for column in columns)
    return (is_dated and is_owned) or not _EVENTS.isdisjoint(_words(model.name))


def _served(project: Project) -> set[str]:
    queue = [each for route in project.routes for each in (route.handler, *route.dependencies) if each is not None]
    queue += [task.function for task in project.tasks]
    reached = {each.qualified for each in queue}
    for function in queue:
        for target in (target for site in project.sites(function) for target in site.targets[:2]):
            if target.qualified not in reached:
                reached.add(target.qualified)
                queue.append(target)
    return reached


def _created_by_views(project: Project) -> Iterator[str]:
    """The models of views that create rows by themselves."""
    for route in project.routes:
        view = route.view if "POST" in route.methods else None
        if view is not None and project.classes.is_subclass(view, "rest_framework.mixins.CreateModelMixin"):
            yield from (query.model for query in _querysets(view, project) if query.model is not None)


def _answers(route: Route, whole: dict[int, Query], project: Project) -> Iterator[Query]:
    if route.handler is not None:
        yield from _returned(route.handler, whole, project, 0, set())
    elif route.view is not None and lists_by_itself(route, project) and not is_paginated(route.view, project):
        yield from (query for query in _querysets(route.view, project) if id(query.site.call) in whole)


def _returned(
    function: Function, whole: dict[int, Query], project: Project, depth: int, seen: set[str]
) -> Iterator[Query]:
    seen.add(function.qualified)
    calls = returned_calls(function)
    if any(_is_bounding(call) for call in calls) or any(_is_paging(site.method) for site in project.sites(function)):
        return
    for call in calls:
        if id(call) in whole:
            yield whole[id(call)]
        elif depth < _DEPTH:
            for target in project.site(call, function).targets[:1]:
                if target.qualified not in seen and not target.facts.is_generator and not _is_paging(target.name):
                    yield from _returned(target, whole, project, depth + 1, seen)


def _is_bounding(call: ir.Call) -> bool:
    return type(call.func) is ir.Attribute and call.func.name in _BOUNDING


def _is_paging(name: str | None) -> bool:
    return name is not None and ("paginat" in name.lower() or name.lower() in ("page", "get_page", "paged"))


def _querysets(view: Class, project: Project) -> list[Query]:
    """The queries that a view's `queryset` or `get_queryset` gives."""
    own = [each for each in project.classes.mro(view) if isinstance(each, Class)]
    if any("filter_queryset" in each.methods for each in own):
        return []
    method = next((each.methods["get_queryset"] for each in own if "get_queryset" in each.methods), None)
    assigned = next((each.attributes["queryset"].value for each in own if "queryset" in each.attributes), None)
    if method is not None:
        calls = {id(call) for call in returned_calls(method)}
    elif assigned is not None:
        calls = {id(node) for node in ir.walk_expression(assigned)}
    else:
        return []
    return [query for query in project.queries if id(query.site.call) in calls]
