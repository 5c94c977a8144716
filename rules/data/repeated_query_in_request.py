"""One request reads the same row twice.

## What it does
Reports reads of one row that a dependency, a helper or an earlier line of the same request has made with the same
values, with nothing written in between.

## Why it matters
Each is a round trip that waits for the database, in every request; and the two may see different rows, so that what was
checked is not what is used.

## Example
```python
from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path


class Order(models.Model):
    owner = models.IntegerField()

    class Meta:
        app_label = "shop"


def may_see(request, order_id):
    order = get_object_or_404(Order, pk=order_id)
    return order.owner == request.user.id


def show(request, order_id):
    if not may_see(request, order_id):
        return HttpResponse(status=404)
    order = get_object_or_404(Order, pk=order_id)
    return HttpResponse(str(order.owner))


urlpatterns = [path("orders/<int:order_id>", show)]
```

## Use instead
```python
from django.db import models
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path


class Order(models.Model):
    owner = models.IntegerField()

    class Meta:
        app_label = "shop"


def may_see(request, order):
    return order.owner == request.user.id


def show(request, order_id):
    order = get_object_or_404(Order, pk=order_id)
    if not may_see(request, order):
        return HttpResponse(status=404)
    return HttpResponse(str(order.owner))


urlpatterns = [path("orders/<int:order_id>", show)]
```

## References
- https://docs.djangoproject.com/en/stable/topics/db/optimization/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from backend_lint.api import (
    CallSite,
    Effect,
    Finding,
    Function,
    Project,
    ProjectRule,
    Query,
    Route,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.data._shared import stands_before

_DEPTH = 2
_Key = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class _Read:
    """A read of one row for a route. `site` is the call in the handler by which it comes about; None in a dependency."""

    key: _Key
    query: Query
    site: CallSite | None


class RepeatedQueryInRequest(ProjectRule):
    code = "DAT313"
    severity = Severity.INFO
    preview = True
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterable[Finding]:
        by_scope: defaultdict[str, list[Query]] = defaultdict(list)
        for query in project.queries:
            if _is_of_one_row(query):
                by_scope[getattr(query.scope, "qualified", "")].append(query)
        seen: set[int] = set()
        for route in project.routes:
            for first, again in _pairs(route, by_scope, project):
                at = again.site.at if again.site is not None else again.query.at
                if id(again.query) in seen or (first.query is again.query and first.site is again.site):
                    continue
                seen.add(id(again.query))
                model = project.models[again.query.model or ""]
                through = (
                    f", through `{again.site.name}()`"
                    if again.site and again.site.call is not again.query.site.call
                    else ""
                )
                yield self.finding(
                    at,
                    f"`{route.label}` reads the same `{model.name}` a second time{through}",
                    help="Hand over the row that is already there.",
                    related=[Step(first.query.at, "read before"), Step(again.query.at, "read again")],
                    unit=route.label,
                    discriminator=model.qualified,
                )


def _is_of_one_row(query: Query) -> bool:
    if query.operation != "select" or not query.is_single or query.is_locked or query.is_opaque or not query.filters:
        return False
    if query.site.method in ("get_one", "refresh", "refresh_from_db") or query.has_unknown_filters or query.loop:
        return False
    return not (query.library == "sqlalchemy" and query.site.method == "get")  # the session may have it


def _pairs(route: Route, by_scope: Mapping[str, list[Query]], project: Project) -> Iterator[tuple[_Read, _Read]]:
    handler = route.handler
    if handler is None:
        return
    before = [
        _Read(key, query, None)
        for function in route.dependencies
        for query in by_scope.get(function.qualified, ())
        if (key := _key(query, function, {})) is not None
    ]
    inside = sorted(_reads(handler, by_scope, project), key=lambda each: each.site.call.at if each.site else 0)
    for index, again in enumerate(inside):
        for first in (*before, *inside[:index]):
            if first.key == again.key and first.query is not again.query and _is_fresh(first, again, handler, project):
                yield first, again
                break


def _reads(handler: Function, by_scope: Mapping[str, list[Query]], project: Project) -> Iterator[_Read]:
    own = {id(query.site.call): query for query in by_scope.get(handler.qualified, ())}
    for site in project.sites(handler):
        query = own.get(id(site.call))
        if query is not None:
            key = _key(query, handler, {})
            if key is not None:
                yield _Read(key, query, site)
        elif len(site.targets) == 1 and site.is_certain and not _is_cached(site.targets[0]):
            parameters = {each.name: each.name for each in handler.parameters}
            yield from _below(site, site, parameters, by_scope, project, _DEPTH)


def _below(
    outer: CallSite,
    site: CallSite,
    names: Mapping[str, str],
    by_scope: Mapping[str, list[Query]],
    project: Project,
    depth: int,
) -> Iterator[_Read]:
    """The reads of a function that is called, its parameters named as what the handler hands over."""
    target = site.targets[0]
    parameters = [each.name for each in target.parameters if each.kind in ("positional", "plain")]
    if target.cls is not None and type(site.call.func) is ir.Attribute:
        parameters = parameters[1:]
    given = {
        name: text
        for name, value in (*zip(parameters, site.call.positional, strict=False), *site.call.keywords.items())
        if (text := _text(value, names)) is not None
    }
    for query in by_scope.get(target.qualified, ()):
        key = _key(query, target, given)
        if key is not None:
            yield _Read(key, query, outer)
    for inner in project.sites(target) if depth > 1 else ():
        if len(inner.targets) == 1 and inner.is_certain and inner.targets[0] is not target:
            yield from _below(outer, inner, given, by_scope, project, depth - 1)


def _key(query: Query, function: Function, names: Mapping[str, str]) -> _Key | None:
    """What is asked for, values by how they are written in the handler; None where one is not plain."""
    asked = set()
    parameters = {each.name for each in function.parameters}
    for use in query.filters:
        text = None if use.value is None else _text(use.value, names if names else {name: name for name in parameters})
        if use.operator != "==" or use.function is not None or text is None:
            return None
        asked.add((f"{use.path}.{use.column}", text))
    return (query.model or "", frozenset(asked)) if query.model else None


def _text(value: ir.Expr, names: Mapping[str, str]) -> str | None:
    """A value that stays the same while the request lasts: a parameter, an attribute of one."""
    while type(value) is ir.Call and ir.dotted(value.func) in ("int", "str", "UUID") and value.args:
        value = value.args[0].value
    head, dot, rest = (ir.dotted(value) or "").partition(".")
    if head in names:
        return names[head] + dot + rest
    return head + dot + rest if head == "request" else None


def _is_cached(function: Function) -> bool:
    names = (ir.dotted(ir.callee(each)) or "" for each in function.decorators)
    return any("cache" in name.lower() for name in names)


def _is_fresh(first: _Read, again: _Read, handler: Function, project: Project) -> bool:
    """Whether nothing was written between the two, of which the first is made on every way to the second."""
    assert again.site is not None
    if first.site is not None:
        if first.site.call is again.site.call or not stands_before(handler.body, first.site.call, again.site.call):
            return False
    start = -1 if first.site is None else first.site.call.end
    between = [each for each in project.sites(handler) if start <= each.call.at < again.site.call.at]
    return not any(project.effects.has(each, effect) for each in between for effect in (Effect.WRITE, Effect.COMMIT))
