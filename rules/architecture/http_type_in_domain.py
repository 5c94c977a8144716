"""A service or model speaks HTTP.

## What it does
Reports functions of the service and model layers that raise HTTP exceptions, take the request, or return responses.
Dependencies, permissions, middleware, exception handlers and the modules that hold them are part of the HTTP side.

## Why it matters
A task, a script or a test that calls such a function gets an error that only a web framework understands, and the
status code is decided by code that does not know which endpoint it serves.

## Example
```python
# shop/services.py
from fastapi import HTTPException


def reserve(stock: dict, sku: str) -> None:
    if sku not in stock:
        raise HTTPException(status_code=404, detail="unknown article")


# shop/api.py
from fastapi import FastAPI

from shop.services import reserve

app = FastAPI()


@app.post("/reservations/{sku}")
def create(sku: str) -> None:
    reserve({}, sku)
```

## Use instead
```python
# shop/services.py
class UnknownArticle(Exception):
    pass


def reserve(stock: dict, sku: str) -> None:
    if sku not in stock:
        raise UnknownArticle(sku)


# shop/api.py
from fastapi import FastAPI, HTTPException

from shop.services import UnknownArticle, reserve

app = FastAPI()


@app.post("/reservations/{sku}")
def create(sku: str) -> None:
    try:
        reserve({}, sku)
    except UnknownArticle as error:
        raise HTTPException(status_code=404, detail="unknown article") from error
```
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir

_EXCEPTIONS = (
    "starlette.exceptions.HTTPException",
    "fastapi.HTTPException",
    "werkzeug.exceptions.HTTPException",
    "django.http.Http404",
    "rest_framework.exceptions.APIException",
    "litestar.exceptions.HTTPException",
    "sanic.exceptions.SanicException",
    "aiohttp.web.HTTPException",
    "tornado.web.HTTPError",
)
_ABORTS = frozenset({"flask.abort", "werkzeug.exceptions.abort", "flask_restful.abort", "quart.abort"})
_REQUESTS = (
    "starlette.requests.Request",
    "flask.Request",
    "django.http.HttpRequest",
    "rest_framework.request.Request",
    "aiohttp.web.Request",
    "sanic.Request",
    "litestar.Request",
)


class HttpTypeInDomain(ProjectRule):
    code = "ARC203"
    severity = Severity.LOW
    cwe = (1054,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in _domain(project):
            for node, what in _spoken(function, project):
                callers = [site for site in project.callers(function) if site.scope.module is not function.module]
                used = sorted({getattr(site.scope, "qualified", site.scope.module.name) for site in callers})
                others = [name for name in used if name not in project.handlers]
                also = f"; `{others[0]}` calls it outside of a route" if others else ""
                yield self.finding(
                    function.place(node),
                    f"`{function.facts.qualname}` of the {project.layers[function.module.name]} layer {what}{also}",
                    help="Raise an error of the domain here and turn it into a response in the route or in one "
                    "exception handler.",
                    related=[Step(site.at, "called here") for site in callers[:3]],
                )
                break

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in _domain(project)]


def _domain(project: Project) -> Iterator[Function]:
    http = {
        each.module for route in project.routes for each in (route.handler, *route.dependencies) if each is not None
    }
    http |= {guard.function.module for route in project.routes for guard in route.guards if guard.function is not None}
    for app in project.apps:
        http |= {each.function.module for each in (*app.middleware, *app.handlers) if each.function is not None}
    for function in project.functions():
        if project.layers.get(function.module.name) in ("service", "model") and function.module not in http:
            yield function


def _spoken(function: Function, project: Project) -> Iterator[tuple[ir.Node, str]]:
    for stmt in function.statements:
        match stmt:
            case ir.Raise(exc=exc) if exc is not None:
                called = exc.func if type(exc) is ir.Call else exc
                symbol = project.qualified(called, function)
                if symbol is not None and project.classes.is_subclass(symbol, *_EXCEPTIONS):
                    yield stmt, f"raises the HTTP error `{ir.dotted(called)}`"
            case ir.Evaluate(value=ir.Call() as call) if project.site(call, function).symbol in _ABORTS:
                yield stmt, f"ends the request with `{ir.dotted(call.func)}()`"
    if _is_called_by_library(function, project):
        return
    for parameter in function.parameters:
        if parameter.annotation is not None:
            kind = project.types.annotation(parameter.annotation, function.around)
            if kind is not None and project.classes.is_subclass(kind.name, *_REQUESTS):
                yield parameter.annotation, f"takes the HTTP request as `{parameter.name}`"


def _is_called_by_library(function: Function, project: Project) -> bool:
    """Whether a method stands in a class made after a library's: what `ModelAdmin` and back ends get is not its choice."""
    return function.cls is not None and any(
        isinstance(each, str) and each.partition(".")[0] not in sys.stdlib_module_names
        for each in project.classes.mro(function.cls)
    )
