"""Errors that are answers: which HTTP errors functions raise, and what catches them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus

from backend_lint.api import CallSite, Function, Place, Project, Scope, ir

_HTTP_ERRORS = (
    "starlette.exceptions.HTTPException",
    "fastapi.HTTPException",
    "werkzeug.exceptions.",
    "rest_framework.exceptions.",
    "django.http.Http404",
    "django.core.exceptions.PermissionDenied",
    "litestar.exceptions.",
    "sanic.exceptions.",
    "aiohttp.web.HTTP",
    "aiohttp.web_exceptions.HTTP",
    "tornado.web.HTTPError",
    "ninja.errors.HttpError",
)
_STATUS_OF = {
    "NotFound": 404,
    "Http404": 404,
    "NotFoundException": 404,
    "HTTPNotFound": 404,
    "PermissionDenied": 403,
    "Forbidden": 403,
    "HTTPForbidden": 403,
    "PermissionDeniedException": 403,
    "Unauthorized": 401,
    "NotAuthenticated": 401,
    "AuthenticationFailed": 401,
    "NotAuthorizedException": 401,
    "HTTPUnauthorized": 401,
    "BadRequest": 400,
    "ValidationError": 400,
    "ParseError": 400,
    "ValidationException": 400,
    "HTTPBadRequest": 400,
    "Conflict": 409,
    "HTTPConflict": 409,
    "Gone": 410,
    "UnprocessableEntity": 422,
    "MethodNotAllowed": 405,
    "Throttled": 429,
    "TooManyRequests": 429,
    "InternalServerError": 500,
}
ABORTS = frozenset(
    {"flask.abort", "quart.abort", "werkzeug.exceptions.abort", "flask_restful.abort", "flask_restx.abort"}
    | {"flask_smorest.abort", "sanic.exceptions.abort"}
)
_LOOKUPS = frozenset({"django.shortcuts.get_object_or_404", "django.shortcuts.get_list_or_404"})
_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_NAMED_STATUS = re.compile(r"HTTP_(\d{3})")
_DEPTH = 3


def is_http_error(project: Project, symbol: str | None) -> bool:
    """Whether an exception class is one that a framework turns into an answer."""
    if symbol is None:
        return False
    if symbol.startswith(_HTTP_ERRORS):
        return symbol not in ABORTS and symbol.rpartition(".")[2][:1].isupper()
    cls = project.cls(symbol)
    if cls is None:
        return False
    return any(isinstance(each, str) and each.startswith(_HTTP_ERRORS) for each in project.classes.mro(cls))


def status_of(project: Project, expr: ir.Expr | None, scope: Scope) -> int | None:
    """The status that an expression names: `404`, `status.HTTP_404_NOT_FOUND`, `HTTPStatus.NOT_FOUND`."""
    match expr:
        case ir.Const(value=int(value)):
            return value
        case ir.Attribute(value=owner, name="value"):
            return status_of(project, owner, scope)
        case ir.Attribute(name=name) | ir.Name(id=name):
            match = _NAMED_STATUS.match(name)
            if match is not None:
                return int(match.group(1))
            return HTTPStatus[name].value if name in HTTPStatus.__members__ else None
    return None


@dataclass(frozen=True, eq=False)
class Answer:
    """An HTTP error that leaves a function. `way` are the calls that lead to it, outermost first."""

    symbol: str
    status: int | None
    at: Place
    written: str
    way: tuple[CallSite, ...] = ()


class Answers:
    """Which HTTP errors functions raise, themselves or through what they call, and do not catch."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._known: dict[tuple[str, int], tuple[Answer, ...]] = {}

    def leaving(self, function: Function, depth: int = _DEPTH) -> tuple[Answer, ...]:
        key = (function.qualified, depth)
        if key not in self._known:
            self._known[key] = ()
            found: dict[tuple[str, int | None], Answer] = {}
            for each in self.raised(function.body, function, depth):
                found.setdefault((each.symbol, each.status), each)
            self._known[key] = tuple(found.values())
        return self._known[key]

    def raised(self, body: list[ir.Stmt], function: Function, depth: int = _DEPTH) -> Iterator[Answer]:
        """The HTTP errors that leave a block."""
        for stmt in body:
            if isinstance(stmt, ir.Try):
                for each in self.raised(stmt.body, function, depth):
                    handler = self.catching(stmt, each, function)
                    if handler is None or passes_on(self.project, handler, function):
                        yield each
                rest = [handler.body for handler in stmt.handlers] + [stmt.orelse, stmt.final]
            else:
                yield from self.of(stmt, function, depth)
                rest = list(ir.blocks(stmt))
            for block in rest:
                yield from self.raised(block, function, depth)

    def of(self, stmt: ir.Stmt, function: Function, depth: int) -> Iterator[Answer]:
        """Those of a statement itself, without the blocks in it."""
        if isinstance(stmt, ir.Raise) and stmt.exc is not None:
            found = self.error(stmt.exc, function)
            if found is not None:
                yield found
        for expr in ir.children(stmt):
            for node in ir.walk_expression(expr):
                if isinstance(node, ir.Call):
                    yield from self._called(node, function, depth)

    def error(self, exc: ir.Expr, scope: Function) -> Answer | None:
        """The HTTP error that an expression makes or names."""
        call = exc if isinstance(exc, ir.Call) else None
        target = call.func if call is not None else exc
        symbol = self.project.qualified(target, scope)
        if symbol is None or not is_http_error(self.project, symbol):
            return None
        status = _STATUS_OF.get(symbol.rpartition(".")[2])
        if call is not None and status is None:
            given = call.argument(0, "status_code") or call.argument(None, "status")
            status = status_of(self.project, given, scope)
        return Answer(symbol, status, scope.module.place(exc), ir.dotted(target) or symbol)

    def _called(self, call: ir.Call, function: Function, depth: int) -> Iterator[Answer]:
        site = self.project.site(call, function)
        symbol, name = site.symbol or "", site.name
        if symbol in ABORTS:
            given = call.argument(0, "code") or call.argument(0, "http_status_code")
            yield Answer("werkzeug.exceptions.HTTPException", status_of(self.project, given, function), site.at, name)
        elif symbol in _LOOKUPS:
            yield Answer("django.http.Http404", 404, site.at, name)
        elif site.method in ("first_or_404", "get_or_404", "one_or_404") and not site.targets:
            yield Answer("werkzeug.exceptions.NotFound", 404, site.at, name)
        elif depth and site.is_certain:
            for target in site.targets[:1]:
                for each in self.leaving(target, depth - 1):
                    yield replace(each, way=(site, *each.way))

    def catching(self, stmt: ir.Try, answer: Answer, scope: Function) -> ir.Handler | None:
        """The first handler of a `try` that catches an error."""
        for handler in stmt.handlers:
            for name in caught(self.project, handler, scope):
                if name in _BROAD or name == answer.symbol or self.project.classes.is_subclass(answer.symbol, name):
                    return handler
                if name.endswith(".HTTPException") and is_http_error(self.project, name):
                    return handler
        return None


def caught(project: Project, handler: ir.Handler, scope: Scope) -> list[str]:
    """The qualified names of what a handler catches; `builtins.BaseException` for a bare one."""
    if handler.type is None:
        return ["builtins.BaseException"]
    types = handler.type.items if isinstance(handler.type, ir.Sequence) else [handler.type]
    return [project.qualified(each, scope) or ir.dotted(each) or "" for each in types]


def is_broad(project: Project, handler: ir.Handler, scope: Scope) -> bool:
    return any(name in _BROAD for name in caught(project, handler, scope))


def passes_on(project: Project, handler: ir.Handler, scope: Scope) -> bool:
    """Whether a handler may let the error through, or answers by what the error is."""
    name = handler.name
    for stmt in ir.walk_statements(handler.body):
        if isinstance(stmt, ir.Raise) and (stmt.exc is None or (name is not None and _is(stmt.exc, name))):
            return True
    if name is None:
        return False
    for node in ir.walk(handler.body):
        if isinstance(node, ir.Attribute) and _is(node.value, name) and node.name in _TELLING:
            return True
        if isinstance(node, ir.Call) and any(_is(arg.value, name) for arg in node.args) and not _only_shows(node):
            return True
    return False


_TELLING = frozenset({"status_code", "code", "status", "get_response", "__class__", "response", "to_response"})
_SHOWING = frozenset(
    {
        "str",
        "repr",
        "print",
        "debug",
        "info",
        "warning",
        "warn",
        "error",
        "exception",
        "critical",
        "log",
        "type",
        "format",
    }
    | {"capture_exception", "format_exception", "print_exception", "add_note", "append", "record_exception"}
)


def _only_shows(call: ir.Call) -> bool:
    """Whether a call only writes the error down."""
    name = (ir.dotted(call.func) or "").rpartition(".")[2]
    if isinstance(call.func, ir.Attribute):
        name = call.func.name
    return name in _SHOWING


def _is(expr: object, name: str) -> bool:
    return isinstance(expr, ir.Name) and expr.id == name


def answering(project: Project) -> list[Function]:
    """The functions that answer requests or run on their way: handlers and dependencies, in order of place."""
    found: dict[str, Function] = {}
    for route in project.routes:
        for each in (route.handler, *route.dependencies):
            if each is not None:
                found.setdefault(each.qualified, each)
    return sorted(found.values(), key=lambda each: each.at)
