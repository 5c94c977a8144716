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

import re
import sys
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Parameter, Project, ProjectRule, Role, Severity, Step, Unit, ir, words

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
_HTTP_PACKAGES = frozenset({"api", "rest", "http", "web", "graphql"})


class HttpTypeInDomain(ProjectRule):
    code = "ARC203"
    severity = Severity.LOW
    cwe = (1054,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in _domain(project):
            if _is_of_the_api(function, project):
                continue
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
    for module in project.modules.values():
        if module.role is Role.APP and module not in http and project.layers.get(module.name) in ("service", "model"):
            functions = [each for each in module.functions if each.parent is None and not each.facts.is_lambda]
            if not any(next(_spoken(each, project), None) for each in functions):
                continue  # the rarest question first
            if 2 * sum(_is_of_request(each, project) for each in functions) <= len(functions):
                yield from (each for each in functions if not _is_of_request(each, project))


def _is_of_the_api(function: Function, project: Project) -> bool:
    """Whether a function is a part of the API that has a name of its own, and only the API calls it."""
    segments = function.module.name.split(".")
    last = max((index for index, each in enumerate(segments[:-1]) if _HTTP_PACKAGES & set(words(each))), default=None)
    package = "" if last is None else ".".join(segments[: last + 1])
    return bool(package) and all(site.scope.module.name.startswith(f"{package}.") for site in project.callers(function))


def _is_of_request(function: Function, project: Project) -> bool:
    """Whether a function is part of the HTTP side, wherever it stands: it reads the current request, makes responses,
    is called by a library with the request, or says by its name that it ends the request."""
    if _ENDS.search(function.name) or _is_called_by_library(function, project):
        return True
    if _request(function, project) is not None and (
        not project.is_named_service(function.module) or any(_is_of_http(node) for node in ir.walk(function.body))
    ):
        return True
    for node in ir.walk(function.body):
        if type(node) is ir.Call and _makes_response(project.site(node, function).symbol or ""):
            return True
        if type(node) is ir.Name and project.qualified(node, function) in _CURRENT:
            return True
    return False


def _request(function: Function, project: Project) -> Parameter | None:
    """The parameter by which a function is given the request."""
    for parameter in function.parameters:
        if parameter.annotation is not None:
            kind = project.types.annotation(parameter.annotation, function.around)
            if kind is not None and project.classes.is_subclass(kind.name, *_REQUESTS):
                return parameter
    return None


def _is_of_http(node: ir.Expr) -> bool:
    """Whether an expression is about HTTP itself: what reads cookies or raises a status is the side that speaks it."""
    match node:
        case ir.Attribute(name="cookies" | "headers" | "set_cookie" | "delete_cookie" | "url"):
            return True
        case ir.Name(id="HTTPException"):
            return True
    return False


def _makes_response(symbol: str) -> bool:
    return symbol.startswith(_HTTP_LIBRARIES) and symbol.rpartition(".")[2].endswith(_RESPONSES)


def _spoken(function: Function, project: Project) -> Iterator[tuple[ir.Node, str]]:
    for stmt in function.statements:
        match stmt:
            case ir.Raise(exc=exc) if exc is not None:
                called = ir.callee(exc)
                symbol = project.qualified(called, function)
                if symbol is not None and project.cls(symbol) is None and _is_http_error(symbol, project):
                    yield stmt, f"raises the HTTP error `{ir.dotted(called)}`"
            case ir.Evaluate(value=ir.Call() as call) if project.site(call, function).symbol in _ABORTS:
                yield stmt, f"ends the request with `{ir.dotted(call.func)}()`"
    request = _request(function, project)
    if request is not None and request.annotation is not None:
        yield request.annotation, f"takes the HTTP request as `{request.name}`"


def _is_http_error(symbol: str, project: Project) -> bool:
    return project.classes.is_subclass(symbol, *_EXCEPTIONS)


def _is_called_by_library(function: Function, project: Project) -> bool:
    """Whether a method overrides a library's: what `ModelAdmin` and back ends get is not its choice."""
    return function.cls is not None and any(
        isinstance(each, str)
        and each.partition(".")[0] not in sys.stdlib_module_names
        and not each.startswith(_PLAIN_BASES)
        for each in project.classes.mro(function.cls)
    )


_ENDS = re.compile(r"_or_(?:\d{3}|abort|raise|error|fail)|^abort|^raise_|_http_")
_PLAIN_BASES = ("django.db.models.", "sqlalchemy.", "sqlmodel.", "pydantic.", "flask_sqlalchemy.")
_HTTP_LIBRARIES = (
    "flask.",
    "werkzeug.",
    "fastapi.",
    "starlette.",
    "django.http.",
    "django.shortcuts.",
    "rest_framework.",
)
_RESPONSES = ("Response", "redirect", "Redirect", "render", "render_template", "url_for", "jsonify", "make_response")
_CURRENT = frozenset({"flask.request", "flask.session", "flask.g", "flask_login.current_user", "quart.request"})
