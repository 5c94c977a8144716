"""Which functions can refuse a request: guards are known by what they do, not by what they are called."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from weakref import WeakKeyDictionary

from backend_lint.adapters._principal import principals
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import held
from backend_lint.project.model import GuardKind

_DEPTH = 4
_STATUSES = (401, 403, 429)
CSRF = 419  # stands for the refusal of a wrong CSRF token, whatever status it has
_ELSEWHERE = (301, 302, 303, 307)
_NAMED_STATUS = re.compile(r"HTTP_(\d{3})")
_UNAUTHENTICATED = re.compile(
    r"(?:Api|API|Http|HTTP)?(?:Auth|Unauthori[sz]ed|Unauthenticated|NotAuthenticated|Authentication(?:Failed|Required)?"
    r"|AuthRequired|LoginRequired|NotLoggedIn|InvalidCredentials)(?:Error|Exception)?$"
)
_FORBIDDEN = re.compile(
    r"(?:Api|API|Http|HTTP)?(?:Forbidden|(?:Permission|Access)Denied|NotAuthori[sz]ed|Authori[sz]ation(?:Failed)?"
    r"|InsufficientPermissions?)(?:Error|Exception)?$"
)
_LOGIN = re.compile(r"log[-_]?in|sign[-_]?in|auth", re.IGNORECASE)
_HTTP_ERRORS = frozenset(
    {
        "starlette.exceptions.HTTPException",
        "fastapi.HTTPException",
        "tornado.web.HTTPError",
        "werkzeug.exceptions.HTTPException",
    }
    | {"litestar.exceptions.HTTPException", "sanic.exceptions.SanicException", "ninja.errors.HttpError"}
    | {"rest_framework.exceptions.APIException", "flask_smorest.abort"}
)
_EXCEPTIONS = {
    "starlette.exceptions.WebSocketException": 401,
    "fastapi.WebSocketException": 401,
    "fastapi.exceptions.WebSocketException": 401,
    "werkzeug.exceptions.Unauthorized": 401,
    "werkzeug.exceptions.Forbidden": 403,
    "werkzeug.exceptions.TooManyRequests": 429,
    "django.core.exceptions.PermissionDenied": 403,
    "rest_framework.exceptions.NotAuthenticated": 401,
    "rest_framework.exceptions.AuthenticationFailed": 401,
    "rest_framework.exceptions.PermissionDenied": 403,
    "rest_framework.exceptions.Throttled": 429,
    "pyramid.httpexceptions.HTTPUnauthorized": 401,
    "pyramid.httpexceptions.HTTPForbidden": 403,
    "sanic.exceptions.Unauthorized": 401,
    "sanic.exceptions.Forbidden": 403,
    "aiohttp.web.HTTPUnauthorized": 401,
    "aiohttp.web.HTTPForbidden": 403,
    "aiohttp.web.HTTPTooManyRequests": 429,
    "litestar.exceptions.NotAuthorizedException": 401,
    "litestar.exceptions.PermissionDeniedException": 403,
    "litestar.exceptions.TooManyRequestsException": 429,
}
ABORTS = frozenset(
    {
        "flask.abort",
        "werkzeug.exceptions.abort",
        "flask_restful.abort",
        "flask_restx.abort",
        "flask_smorest.abort",
        "quart.abort",
    }
    | {"sanic.exceptions.abort", "bottle.abort"}
)
_REFUSALS = {
    "django.http.HttpResponseForbidden": 403,
    "django.contrib.auth.views.redirect_to_login": 401,
    "flask_login.LoginManager.unauthorized": 401,
}
_REDIRECTS = frozenset(
    {"flask.redirect", "quart.redirect", "django.shortcuts.redirect", "django.http.HttpResponseRedirect"}
    | {"starlette.responses.RedirectResponse", "sanic.response.redirect", "litestar.response.Redirect"}
    | {"aiohttp.web.HTTPFound", "aiohttp.web.HTTPSeeOther", "aiohttp.web.HTTPTemporaryRedirect"}
    | {"tornado.web.RequestHandler.redirect", "pyramid.httpexceptions.HTTPFound", "pyramid.httpexceptions.HTTPSeeOther"}
)
_ANSWERS = frozenset({"tornado.web.RequestHandler.send_error", "tornado.web.RequestHandler.set_status"})
_ABORTING = frozenset({"abort", "send_error"})  # methods, where nothing is known of what they belong to
_WRAPPING_CALLS = frozenset({"flask.make_response", "flask.jsonify"})

_KNOWN: WeakKeyDictionary[Project, Denials] = WeakKeyDictionary()


def denials(project: Project) -> Denials:
    found = _KNOWN.get(project)
    if found is None:
        found = _KNOWN[project] = Denials(project)
    return found


class Denials:
    """`mapped` are the project's exceptions that an exception handler answers with a refusal, by qualified name."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.mapped: dict[str, int] = {}
        self._direct: dict[str, frozenset[int]] = {}
        self._all: dict[tuple[str, int], frozenset[int]] = {}

    def kinds(self, function: Function) -> list[GuardKind]:
        """The kinds of guard that a function is, by the statuses it can answer; none where it cannot refuse.

        What forbids without a look at who asks, as a switch or a filter does, is none.
        """
        found = self.statuses(function)
        if 403 in found and 401 not in found and not principals(self.project).concern(function):
            found -= {403}
        return guard_kinds(found)

    def statuses(self, function: Function, depth: int = _DEPTH) -> frozenset[int]:
        """Which of 401, 403 and 429 a function can answer, itself, in what it defines, or through what it calls."""
        key = (function.qualified, depth)
        known = self._all.get(key)
        if known is None:
            self._all[key] = frozenset()
            found = set(self.direct(function))
            for nested in function.nested.values():
                found |= self.statuses(nested, depth)
            if depth:
                for site in self.project.sites(function):
                    for target in site.targets[:1]:
                        found |= self.statuses(target, depth - 1)
            known = self._all[key] = frozenset(found)
        return known

    def direct(self, function: Function) -> frozenset[int]:
        """The statuses that the function's own statements answer."""
        known = self._direct.get(function.qualified)
        if known is None:
            known = self._direct[function.qualified] = frozenset(self._found(function))
        return known

    def _found(self, function: Function) -> Iterator[int]:
        for stmt in function.statements:
            match stmt:
                case ir.Raise(exc=exc) if exc is not None:
                    yield from self.raised(exc, function)
                case ir.Return(value=value) if value is not None:
                    yield from self.returned(value, function)
                case ir.Assign(value=ir.Call() as call) if "status_code" in call.keywords or "status" in call.keywords:
                    yield from self.returned(call, function)
                case ir.Evaluate(value=ir.Call() as call):
                    yield from self.aborted(call, function)

    def raised(self, exc: Expr, scope: Scope) -> Iterator[int]:
        """The refusals that raising an expression is; an exception made before is followed to where it was made."""
        made = held(self.project, exc, scope) if type(exc) in (ir.Name, ir.Attribute) else None
        if made is not None and type(made[0]) is ir.Call:
            exc, scope = made
        call = exc if type(exc) is ir.Call else None
        symbol = self.symbol(call.func if call is not None else exc, scope)
        if symbol is None:
            return
        status = self.status_of_exception(symbol)
        if status is None and call is not None and self._is_http_error(symbol):
            status = self.status(call.argument(0, "status_code"), scope)
            status = status or self.status(call.argument(None, "status"), scope)
        if status in _STATUSES:
            yield status

    def status_of_exception(self, symbol: str) -> int | None:
        """The status that an exception class stands for, where its class decides it."""
        if symbol in _EXCEPTIONS:
            return _EXCEPTIONS[symbol]
        if symbol in self.mapped:
            return self.mapped[symbol]
        cls = self.project.cls(symbol)
        if cls is None:
            return None
        for each in self.project.classes.mro(cls):
            name = each if isinstance(each, str) else each.qualified
            if name in _EXCEPTIONS:
                return _EXCEPTIONS[name]
            if name in self.mapped:
                return self.mapped[name]
            if isinstance(each, Class):
                status = self._class_status(each) or _told_by_name(each.name)
                if status is not None:
                    return status
        return None

    def _class_status(self, cls: Class) -> int | None:
        for name in ("status_code", "code", "status"):
            assigned = cls.attributes.get(name)
            if assigned is not None and assigned.value is not None:
                return self.status(assigned.value, cls)
        init = cls.methods.get("__init__")
        if init is None:
            return None
        for site in self.project.sites(init):
            if site.method == "__init__":
                status = self.status(site.call.argument(0, "status_code"), init)
                if status is not None:
                    return status
        default = next(
            (each.default for each in init.parameters if each.name in ("status_code", "code", "status")), None
        )
        return self.status(default, init)

    def _is_http_error(self, symbol: str) -> bool:
        return self.project.classes.is_subclass(symbol, *_HTTP_ERRORS)

    def returned(self, value: Expr, scope: Scope) -> Iterator[int]:
        """The refusals that returning an expression is."""
        match value:
            case ir.Sequence(kind="tuple", items=[_, status, *_]):
                found = self.status(status, scope)
                if found in _STATUSES:
                    yield found
                yield from self.returned(value.items[0], scope)
            case ir.Call():
                yield from self.aborted(value, scope)
                symbol = self.symbol(value.func, scope)
                if symbol in _REDIRECTS and self.leads_to_login(value):
                    yield 401
                elif symbol in _WRAPPING_CALLS and value.args:
                    found = self.status(value.argument(1), scope)
                    if found in _STATUSES:
                        yield found
                else:
                    for keyword in ("status", "status_code"):
                        found = self.status(value.keywords.get(keyword), scope)
                        if found in _STATUSES:
                            yield found
                    if symbol is not None and symbol.endswith("Response") and len(value.args) > 1:
                        found = self.status(value.argument(1), scope)
                        if found in _STATUSES:
                            yield found
            case ir.Await(value=inner):
                yield from self.returned(inner, scope)
            case ir.Conditional(body=body, orelse=orelse):
                yield from self.returned(body, scope)
                yield from self.returned(orelse, scope)

    def aborted(self, call: ir.Call, scope: Scope) -> Iterator[int]:
        """The refusals that a call itself is."""
        symbol = self.project.site(call, scope).symbol
        if symbol in _REFUSALS:
            yield _REFUSALS[symbol]
        elif symbol in _ANSWERS:
            status = self.status(call.argument(0, "status_code"), scope)
            if status in _STATUSES:
                yield status
        elif symbol in ABORTS or (type(call.func) is ir.Attribute and call.func.name in _ABORTING):
            status = self.status(call.argument(0, "code"), scope) or self.status(call.argument(0, "status_code"), scope)
            if status in _STATUSES:
                yield status

    def is_abort(self, call: ir.Call, scope: Scope) -> bool:
        """Whether a call surely ends the request, with whatever status."""
        return self.project.site(call, scope).symbol in ABORTS

    def is_redirect(self, symbol: str | None) -> bool:
        """Whether calling, or raising, something of this name sends the client elsewhere."""
        return symbol in _REDIRECTS or (symbol is not None and self.status_of_exception(symbol) in _ELSEWHERE)

    def leads_to_login(self, call: ir.Call) -> bool:
        texts = (
            node.value if type(node) is ir.Const else node.id if type(node) is ir.Name else getattr(node, "name", "")
            for arg in call.args
            for node in ir.walk_expression(arg.value)
            if type(node) in (ir.Const, ir.Name, ir.Attribute)
        )
        return any(isinstance(text, str) and _LOGIN.search(text) for text in texts)

    def status(self, expr: Expr | None, scope: Scope) -> int | None:
        """The status that an expression names: `401`, `status.HTTP_401_UNAUTHORIZED`, `HTTPStatus.UNAUTHORIZED`."""
        match expr:
            case ir.Const(value=int(value)):
                return value
            case ir.Attribute(value=owner, name="value"):
                return self.status(owner, scope)
            case ir.Attribute(name=name) | ir.Name(id=name):
                return named_status(name)
        return None

    def symbol(self, expr: Expr, scope: Scope) -> str | None:
        found = self.project.qualified(expr, scope)
        if found is not None:
            return found
        kind = self.project.type_of(expr, scope)
        return None if kind is None or not kind.itself else kind.name


def named_status(name: str) -> int | None:
    """The status that a constant's name says: `HTTP_204_NO_CONTENT`, or a member of `http.HTTPStatus`."""
    match = _NAMED_STATUS.match(name)
    if match is not None:
        return int(match.group(1))
    return HTTPStatus[name].value if name in HTTPStatus.__members__ else None


def _told_by_name(name: str) -> int | None:
    """The status that an exception's own name stands for: handlers map it in ways that cannot always be followed."""
    return 401 if _UNAUTHENTICATED.match(name) else 403 if _FORBIDDEN.match(name) else None


def guard_kinds(statuses: frozenset[int]) -> list[GuardKind]:
    kinds = {401: GuardKind.AUTHENTICATION, 403: GuardKind.AUTHORIZATION, 429: GuardKind.THROTTLE, CSRF: GuardKind.CSRF}
    return [kind for status, kind in kinds.items() if status in statuses]
