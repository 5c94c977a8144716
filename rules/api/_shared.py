"""What the rules on endpoints have in common."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from itertools import pairwise

from backend_lint.api import CallSite, Function, Place, Project, Route, Scope, ir

FIRST_MATCH = frozenset({"fastapi", "starlette", "django", "drf", "tornado"})
"""Frameworks that try routes in the order of registration; the others prefer static paths."""

_DJANGO = frozenset({"django", "drf"})
_PARAMETER = re.compile(r"\{(\w+)\}")
_ACCEPTED = {
    "str": r"[^/]+",
    "string": r"[^/]+",
    "default": r"[^/]+",
    "int": r"[0-9]+",
    "float": r"[0-9]+(?:\.[0-9]+)?",
    "uuid": r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}",
    "slug": r"[-a-zA-Z0-9_]+",
    "path": r".+",
}
_WITHIN_A_SEGMENT = frozenset(_ACCEPTED) - {"path"}
_SAMPLES = {
    "int": ("7", "4103"),
    "float": ("7.5", "4103"),
    "uuid": ("6f1c9d3e-58a2-4b7e-9a0d-2c41f0e8b7a5",),
    "slug": ("q7-z_x", "4103"),
    "path": ("q7,z/x.y", "z", "4103"),
}
_ANY_SAMPLES = ("q7,z.x", "q7-z_x", "qz", "4103")
_OTHER = "*"


def siblings(routes: Iterable[Route]) -> dict[str, list[Route]]:
    """Routes by the container they are registered on, in order."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        found.setdefault(route.router, []).append(route)
    return found


@dataclass(eq=False)
class Entry:
    """A route in its application's table: a pattern, and paths that stand for all that it takes."""

    route: Route
    pattern: re.Pattern[str] | None
    samples: tuple[str, ...]

    def takes_all_of(self, other: Entry) -> bool:
        pattern = self.pattern
        return pattern is not None and bool(other.samples) and all(map(pattern.fullmatch, other.samples))


@dataclass(eq=False)
class Table:
    """Routes of one application in the order in which they are tried.

    Entries are found by how many segments their path has and by the last one that is fixed, so that a look-up costs the
    depth of a path and not the size of the table. What may take any number of segments is kept apart.
    """

    by_segment: dict[tuple[int, int, str], list[Entry]] = field(default_factory=dict)
    wide: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        segments = entry.route.path.split("/")
        if not set(entry.route.converters.values()) <= _WITHIN_A_SEGMENT:
            self.wide.append(entry)
            return
        fixed = [(index, each) for index, each in enumerate(segments) if each and "{" not in each]
        index, text = fixed[-1] if fixed else (0, "")
        self.by_segment.setdefault((len(segments), index, text), []).append(entry)

    def before(self, entry: Entry) -> Iterator[Entry]:
        """Earlier entries that may take the paths of this one."""
        segments = next(iter(entry.samples), entry.route.path).split("/")
        for index, text in enumerate(segments):
            yield from self.by_segment.get((len(segments), index, text), ())
        yield from self.wide


def entry(route: Route) -> Entry:
    """The route's pattern and samples. A converter is a name or, in Django, a regular expression."""
    regex: list[str] = []
    samples = [""]
    for index, piece in enumerate(_PARAMETER.split(route.path)):
        if index % 2 == 0:
            regex.append(re.escape(piece))
            samples = [sample + piece for sample in samples]
            continue
        converter = route.converters.get(piece, "str")
        regex.append(f"(?:{_ACCEPTED.get(converter, converter)})")
        given = _SAMPLES.get(converter, _ANY_SAMPLES)
        samples = [sample + given[each % len(given)] for each, sample in enumerate(_widened(samples, len(given)))]
    pattern = _compiled("".join(regex))
    kept = tuple(sample for sample in samples if pattern is not None and pattern.fullmatch(sample))
    return Entry(route, pattern, kept)


def _compiled(regex: str) -> re.Pattern[str] | None:
    try:
        return re.compile(regex)
    except re.error:
        return None


def _widened(samples: list[str], count: int) -> list[str]:
    """As many samples as a piece has values, at least: repeated, not multiplied, so that they stay few."""
    return [samples[index % len(samples)] for index in range(max(len(samples), count))]


def methods_taken(route: Route) -> frozenset[str]:
    """The methods for which a route's pattern decides; all of them where the framework looks at paths alone."""
    if route.is_websocket:
        return frozenset({"WEBSOCKET"})
    if route.framework in _DJANGO or "*" in route.methods:
        return frozenset({_OTHER})
    return frozenset(route.methods)


def covers(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether every method of the second is one of the first."""
    return second <= first or (_OTHER in first and "WEBSOCKET" not in second)


def shape(route: Route) -> str:
    """The path without the names of its parameters: `/orders/{int}`; equal shapes take equal paths."""
    return _PARAMETER.sub(lambda match: "{" + route.converters.get(match.group(1), "str") + "}", route.path)


def are_alternatives(project: Project, first: Place, second: Place) -> bool:
    """Whether two places of one file lie in different branches of one statement, so that only one of them happens."""
    module = project.by_path.get(first.path)
    if module is None or first.path != second.path:
        return False
    starts = module.facts.line_starts
    offsets = [starts[place.line - 1] + place.column - 1 for place in (first, second)]
    bodies = [module.body, *(each.body for each in module.functions), *(each.body for each in module.classes)]
    return any(_parts(body, *offsets) for body in bodies)


def _parts(body: list[ir.Stmt], first: int, second: int) -> bool:
    for stmt in ir.walk_statements(body):
        if (
            isinstance(stmt, ir.If | ir.Try | ir.Match)
            and stmt.at <= min(first, second)
            and max(first, second) < stmt.end
        ):
            places = [[_within(block, offset) for block in ir.blocks(stmt)] for offset in (first, second)]
            if any(places[0]) and any(places[1]) and places[0] != places[1]:
                return True
    return False


def _within(block: list[ir.Stmt], offset: int) -> bool:
    return bool(block) and block[0].at <= offset < block[-1].end


_PAGES = ("HTMLResponse", "TemplateResponse", "FileResponse", "RedirectResponse", "PlainTextResponse")


def is_page(project: Project, route: Route) -> bool:
    """Whether a route answers with a page or a file rather than with data."""
    declared = ir.dotted(route.options.get("response_class")) or ""
    return declared.endswith(_PAGES) or any(name.endswith(_PAGES) for name in returned_calls(project, route.handler))


_RESOURCES = ("flask_restful.Resource", "flask_restx.Resource")
_DATA = frozenset({"jsonify", "JsonResponse", "make_response", "json_response", "JSONResponse"})


def answers_data(project: Project, route: Route) -> bool:
    """Whether a route is part of an API for programs, as far as its code shows that."""
    if route.is_websocket or not route.in_schema or is_page(project, route):
        return False
    if route.framework in ("fastapi", "drf"):
        return True
    if route.view is not None and project.classes.is_subclass(route.view, *_RESOURCES):
        return True
    if any(name.rpartition(".")[2] in _DATA for name in returned_calls(project, route.handler)):
        return True
    values = (stmt.value for stmt in route.handler.statements if isinstance(stmt, ir.Return)) if route.handler else ()
    return route.framework == "flask" and any(isinstance(body(value), ir.Dict) for value in values)


def body(value: ir.Expr | None) -> ir.Expr | None:
    """What a returned expression has as its body: the first of Flask's `body, status`."""
    return value.items[0] if isinstance(value, ir.Sequence) and value.kind == "tuple" and value.items else value


def returned_calls(project: Project, function: Function | None) -> Iterator[str]:
    """The names of what is called for each returned value: `starlette.responses.FileResponse`."""
    for stmt in function.statements if function is not None else ():
        value = stmt.value if isinstance(stmt, ir.Return) else None
        value = value.value if isinstance(value, ir.Await) else value
        if isinstance(value, ir.Call):
            assert function is not None
            yield project.site(value, function).symbol or ir.dotted(value.func) or ""


# Errors that are answers

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
_ABORTS = frozenset(
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
        return symbol not in _ABORTS and symbol.rpartition(".")[2][:1].isupper()
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
        if symbol in _ABORTS:
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


def listed(names: Iterable[str], most: int = 3) -> str:
    """`a`, `b`, `c` and 4 more."""
    every = [f"`{name}`" for name in names]
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")


def documented(project: Project) -> list[Route]:
    """The routes that the generated documentation of their application shows, each once."""
    hidden = {
        app.name
        for app in project.apps
        for name in ("openapi_url",)
        if isinstance(app.options.get(name), ir.Const) and app.options[name].value is None  # type: ignore[union-attr]
    }
    found: dict[tuple[Place, str, tuple[str, ...]], Route] = {}
    for route in project.routes:
        if route.framework == "fastapi" and route.in_schema and not route.is_websocket and route.app not in hidden:
            found.setdefault((route.at, route.path, route.methods), route)
    return list(found.values())


# Values that must be tested before they are used

Test = Callable[[ir.Expr], tuple[bool, bool]]
"""Of a condition: whether it says that the value is good where it holds, and where it does not."""


def both_ways(test: Test) -> Test:
    """A test of a value, through `not`, `and`, `or` and `:=`."""

    def outcome(expr: ir.Expr) -> tuple[bool, bool]:
        match expr:
            case ir.Unary(op="not", value=value):
                held, failed = outcome(value)
                return failed, held
            case ir.Bool(op="and", values=values):
                parts = [outcome(value) for value in values]
                return any(held for held, _ in parts), all(failed for _, failed in parts)
            case ir.Bool(values=values):
                parts = [outcome(value) for value in values]
                return all(held for held, _ in parts), any(failed for _, failed in parts)
            case ir.Walrus(target=target):
                return outcome(target)
        return test(expr)

    return outcome


class Untested:
    """Walks a function after a value came in, and finds where it is used although nothing has tested it.

    `test` judges conditions, `is_use` says of an expression whether it needs a good value, `starts` of a statement
    whether the value comes in there (True), or another takes its place (False). `ends` says of a call that it does not
    return.
    """

    def __init__(
        self,
        test: Test,
        is_use: Callable[[ir.Expr], bool],
        starts: Callable[[ir.Stmt], bool | None],
        ends: Callable[[ir.Call], bool],
    ) -> None:
        self.test, self.is_use, self.starts, self.ends = both_ways(test), is_use, starts, ends
        self.found: list[ir.Expr] = []

    def block(self, body: list[ir.Stmt], open: bool | None) -> bool | None:
        """The state behind a block: whether a value is open there, None where the end is not reached."""
        for stmt in body:
            if open is None:
                return None
            open = self._statement(stmt, open)
        return open

    def _statement(self, stmt: ir.Stmt, open: bool) -> bool | None:
        match stmt:
            case ir.If(test=test, body=body, orelse=orelse):
                self._expression(test, open)
                held, failed = self.test(test)
                return _joined(self.block(body, open and not held), self.block(orelse, open and not failed))
            case ir.While(test=test, body=body):
                self._expression(test, open)
                held, failed = self.test(test)
                self.block(body, open and not held)
                return open and not failed
            case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
                after = self.block(body, open)
                after = self.block(orelse, after) if after is not None else None
                for handler in handlers:
                    after = _joined(after, self.block(handler.body, open))
                return self.block(final, after) if after is not None else None
            case ir.Assert(test=test):
                return open and not self.test(test)[0]
            case ir.Return() | ir.Raise():
                self._children(stmt, open)
                return None
            case ir.Jump(kind="break" | "continue"):
                return None
        self._children(stmt, open)
        if isinstance(stmt, ir.Evaluate) and isinstance(stmt.value, ir.Call) and self.ends(stmt.value):
            return None
        for block in ir.blocks(stmt):
            open = self.block(block, open) or False
        started = self.starts(stmt)
        return open if started is None else started

    def _children(self, stmt: ir.Stmt, open: bool) -> None:
        for expr in ir.children(stmt):
            self._expression(expr, open)

    def _expression(self, expr: ir.Expr, open: bool) -> None:
        """Uses within an expression, in the order of evaluation."""
        if not open:
            return
        match expr:
            case ir.Bool(op=op, values=values):
                for value in values:
                    self._expression(value, open)
                    held, failed = self.test(value)
                    open = open and not (held if op == "and" else failed)
                return
            case ir.Conditional(test=test, body=body, orelse=orelse):
                self._expression(test, open)
                held, failed = self.test(test)
                self._expression(body, open and not held)
                self._expression(orelse, open and not failed)
                return
            case ir.Comprehension(clauses=clauses) if any(self.test(each)[0] for c in clauses for each in c.conditions):
                return
        if self.is_use(expr):
            self.found.append(expr)
            return
        for child in ir.children(expr):
            self._expression(child, open)


def _joined(first: bool | None, second: bool | None) -> bool | None:
    if first is None or second is None:
        return second if first is None else first
    return first or second


def never_returns(project: Project, scope: Function) -> Callable[[ir.Call], bool]:
    """Whether a call surely raises: `abort(404)`, or a function of the project that ends with a raise."""

    def ends(call: ir.Call) -> bool:
        site = project.site(call, scope)
        if site.symbol in _ABORTS or (site.symbol or "") in ("sys.exit", "builtins.exit"):
            return True
        return any(_raises_always(target.body) for target in site.targets[:1])

    return ends


def _raises_always(body: list[ir.Stmt]) -> bool:
    match body[-1] if body else None:
        case ir.Raise():
            return True
        case ir.If(body=held, orelse=orelse):
            return _raises_always(held) and _raises_always(orelse)
        case ir.With(body=inner):
            return _raises_always(inner)
        case ir.Match(cases=cases):
            return all(_raises_always(case.body) for case in cases) and cases[-1].pattern.kind == "capture"
    return False


def unreachable(function: Function, ends: Callable[[ir.Call], bool]) -> set[int]:
    """The ids of statements that stand directly behind one that always raises."""
    found: set[int] = set()
    stack = [function.body]
    while stack:
        block = stack.pop()
        for first, second in pairwise(block):
            call = first.value if isinstance(first, ir.Evaluate) else None
            call = call.value if isinstance(call, ir.Await) else call
            if _raises_always([first]) or (isinstance(call, ir.Call) and ends(call)):
                found.add(id(second))
        stack += [inner for stmt in block for inner in ir.blocks(stmt)]
    return found


def client_names(project: Project, function: Function) -> frozenset[str]:
    """Names in a handler whose value the client chose: its inputs, and what is read from the request."""
    routes = project.handlers.get(function.qualified, ())
    names = {name for route in routes for name in route.converters}
    names |= {
        each.variable or each.name
        for route in routes
        for each in route.inputs
        if each.where in ("path", "query", "body", "form")
    }
    for stmt in function.statements:
        if isinstance(stmt, ir.Assign) and stmt.value is not None and from_client(stmt.value, frozenset(names)):
            names |= {target.id for target in stmt.targets if isinstance(target, ir.Name)}
    return frozenset(names)


_REQUEST_PARTS = frozenset(
    {"GET", "POST", "args", "form", "json", "get_json", "query_params", "data", "values", "path_params"}
)


def from_client(expr: ir.Expr, names: frozenset[str]) -> bool:
    """Whether an expression is, or is made of, what the client chose; calls of functions are not looked into."""
    match expr:
        case ir.Name(id=name):
            return name in names
        case ir.Attribute(value=ir.Name(id="request"), name=name):
            return name in _REQUEST_PARTS
        case ir.Call(func=ir.Attribute(value=owner, name="get" | "strip" | "lower" | "get_json" | "getlist")):
            return from_client(owner, names) or from_client(expr.func, names)
        case ir.Call(func=ir.Name(id="int" | "str" | "UUID" | "float"), args=[argument, *_]):
            return from_client(argument.value, names)
        case ir.Attribute(value=value) | ir.Subscript(value=value) | ir.Await(value=value):
            return from_client(value, names)
    return False
