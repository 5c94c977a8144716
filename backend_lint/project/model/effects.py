"""What functions do to the world, by themselves and through what they call."""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.calls import CallSite, Path
from backend_lint.project.constants import constant
from backend_lint.project.modules import Class, Function, Scope

if TYPE_CHECKING:
    from backend_lint.project.project import Project


class Effect(str, enum.Enum):
    READ = "read"  # of the database
    WRITE = "write"
    COMMIT = "commit"
    ROLLBACK = "rollback"
    OUTBOUND = "outbound"  # a call that leaves the process, mail included
    MAIL = "mail"
    ENQUEUE = "enqueue"
    FILE = "file"
    LOG = "log"
    RAISE = "raise"  # an error with an HTTP status
    BLOCK = "block"  # waits without giving way to the event loop


@dataclass(frozen=True, eq=False)
class Occurrence:
    """One effect at one place. `what` is the model, the library, the level of the log, the status.

    `site` is the call that has it; None for a `raise` of something that is not made there.
    """

    effect: Effect
    at: Place
    scope: Scope
    site: CallSite | None
    what: str


@dataclass(frozen=True)
class _Way:
    """The first step of the shortest way from a function to an effect: a call in it, and the function that it calls."""

    occurrence: Occurrence
    site: CallSite | None
    through: Function | None
    length: int


class Effects:
    """Effects of all functions of a project, from its model; ask when the model is complete.

    Each kind is followed once, backwards over the call graph from where it happens, so that an answer costs no more
    than the length of the way. What is passed and not called (to a thread, to `on_commit`) is no call.
    """

    def __init__(self, project: Project) -> None:
        self.project = project
        self._ways: dict[Effect, dict[str, _Way]] = {}
        self._direct: dict[Effect, list[Occurrence]] = {}
        self._by_call: dict[Effect, dict[int, Occurrence]] = {}

    def of(self, function: Function) -> frozenset[Effect]:
        """All that a call of the function may do."""
        return frozenset(effect for effect in Effect if function.qualified in self._followed(effect))

    def has(self, start: CallSite | Function, effect: Effect) -> bool:
        return self.nearest(start, effect) is not None

    def nearest(self, start: CallSite | Function, effect: Effect) -> Occurrence | None:
        """The occurrence that is reached by the fewest calls."""
        way = self._way(start, effect)
        if way is not None:
            return way.occurrence
        return self._at(start, effect) if isinstance(start, CallSite) else None

    def reaches(self, start: CallSite | Function, effect: Effect) -> Path | None:
        """The shortest way from a call, or from a function's first call, to one that has the effect."""
        if isinstance(start, CallSite) and self._at(start, effect) is not None:
            return Path((start,))
        way = self._way(start, effect)
        if way is None:
            return None
        sites = [start] if isinstance(start, CallSite) else []
        while way is not None and way.site is not None:
            sites.append(way.site)
            way = None if way.through is None else self._followed(effect).get(way.through.qualified)
        return Path(tuple(sites)) if sites else None

    def all_of(self, start: CallSite | Function, effect: Effect) -> list[Occurrence]:
        """Every occurrence that may be reached, nearest first."""
        direct: dict[str, list[Occurrence]] = {}
        for each in self.direct(effect):
            direct.setdefault(_name(each.scope), []).append(each)
        own = self._at(start, effect) if isinstance(start, CallSite) else None
        found = [] if own is None else [own]
        queue = deque(start.targets if isinstance(start, CallSite) else [start])
        seen = {each.qualified for each in queue}
        while queue:
            function = queue.popleft()
            found.extend(direct.get(function.qualified, ()))
            for site in self.project.sites(function):
                for target in site.targets:
                    if target.qualified not in seen and target.qualified in self._followed(effect):
                        seen.add(target.qualified)
                        queue.append(target)
        return found

    def direct(self, effect: Effect) -> list[Occurrence]:
        """Where an effect happens, in the order of the model."""
        if effect not in self._direct:
            self._direct[effect] = list(_OCCURRENCES[effect](self.project))
        return self._direct[effect]

    def _at(self, site: CallSite, effect: Effect) -> Occurrence | None:
        if effect not in self._by_call:
            self._by_call[effect] = {id(each.site.call): each for each in self.direct(effect) if each.site is not None}
        return self._by_call[effect].get(id(site.call))

    def _way(self, start: CallSite | Function, effect: Effect) -> _Way | None:
        ways = self._followed(effect)
        if isinstance(start, Function):
            return ways.get(start.qualified)
        found = [way for target in start.targets if (way := ways.get(target.qualified)) is not None]
        return min(found, key=lambda way: way.length, default=None)

    def _followed(self, effect: Effect) -> dict[str, _Way]:
        """By function, the first step of the shortest way: breadth first, from the effect towards the callers."""
        if effect in self._ways:
            return self._ways[effect]
        ways = self._ways[effect] = {}
        queue: deque[Function] = deque()
        for each in self.direct(effect):
            if isinstance(each.scope, Function) and each.scope.qualified not in ways:
                ways[each.scope.qualified] = _Way(each, each.site, None, 1)
                queue.append(each.scope)
        while queue:
            callee = queue.popleft()
            way = ways[callee.qualified]
            for site in self.project.callers(callee):
                if isinstance(site.scope, Function) and site.scope.qualified not in ways:
                    ways[site.scope.qualified] = _Way(way.occurrence, site, callee, way.length + 1)
                    queue.append(site.scope)
        return ways


def _name(scope: Scope) -> str:
    return scope.qualified if isinstance(scope, Class | Function) else scope.name


# Where each effect happens


def _queries(project: Project, effect: Effect) -> Iterator[Occurrence]:
    for query in project.queries:
        is_one = query.is_write if effect is Effect.WRITE else not query.is_write
        if is_one and not query.is_lazy:
            yield Occurrence(effect, query.at, query.scope, query.site, query.model or "")


def _commits(project: Project, effect: Effect) -> Iterator[Occurrence]:
    for commit in project.commits:
        if commit.kind == effect.value:
            yield Occurrence(effect, commit.at, commit.scope, commit.site, commit.library)


def _outbound(project: Project) -> Iterator[Occurrence]:
    for call in project.outbound:
        if call.kind != "database":  # those are queries
            yield Occurrence(Effect.OUTBOUND, call.at, call.scope, call.site, call.library)


def _mails(project: Project) -> Iterator[Occurrence]:
    for call in project.outbound:
        if call.kind == "mail":
            yield Occurrence(Effect.MAIL, call.at, call.scope, call.site, call.library)


def _enqueues(project: Project) -> Iterator[Occurrence]:
    for each in project.enqueues:
        what = each.task.name if each.task is not None else each.name or ""
        yield Occurrence(Effect.ENQUEUE, each.at, each.scope, each.site, what)


def _logs(project: Project) -> Iterator[Occurrence]:
    for each in project.logs:
        yield Occurrence(Effect.LOG, each.at, each.scope, each.site, each.level)


def _files(project: Project) -> Iterator[Occurrence]:
    yield from _called(project, Effect.FILE, _FILES)


def _blocking(project: Project) -> Iterator[Occurrence]:
    for call in project.outbound:
        if not call.is_async:
            yield Occurrence(Effect.BLOCK, call.at, call.scope, call.site, call.library)
    for query in project.queries:
        if not query.is_async and not query.is_lazy:
            yield Occurrence(Effect.BLOCK, query.at, query.scope, query.site, query.library)
    yield from _called(project, Effect.BLOCK, _WAITS)


def _called(project: Project, effect: Effect, symbols: frozenset[str]) -> Iterator[Occurrence]:
    for scope in project.scopes():
        for site in project.sites(scope):
            if site.symbol in symbols:
                yield Occurrence(effect, site.at, scope, site, site.symbol or "")


def _raised(project: Project) -> Iterator[Occurrence]:
    for function in project.functions():
        for stmt in function.statements:
            if type(stmt) is ir.Raise and stmt.exc is not None:
                status = _status(project, stmt.exc, function)
                if status is not None:
                    site = project.site(stmt.exc, function) if type(stmt.exc) is ir.Call else None
                    yield Occurrence(Effect.RAISE, function.place(stmt), function, site, str(status))
        for site in project.sites(function):
            if site.symbol in _ABORTS and site.call.args:
                held = _code(project, site.call.args[0].value, function)
                if held is not None:
                    yield Occurrence(Effect.RAISE, site.at, function, site, str(held))


def _status(project: Project, exc: Expr, scope: Function) -> int | None:
    """The HTTP status that raising this answers with."""
    call = exc if type(exc) is ir.Call else None
    name = project.qualified(call.func if call is not None else exc, scope)
    if name is None:
        return None
    last = name.rpartition(".")[2]
    if last in _HTTP_ERRORS and call is not None:
        value = call.argument(0, "status_code") or call.argument(0, "status") or call.argument(0, "code")
        return _code(project, value, scope)
    cls = project.cls(name)
    if cls is None:
        return _STATUSES.get(last) if name.startswith(_FRAMEWORKS) else None
    for each in project.classes.mro(cls):
        if isinstance(each, str):
            last = each.rpartition(".")[2]
            if each.startswith(_FRAMEWORKS) and last in _STATUSES:
                return _STATUSES[last]
            continue
        for attribute in ("status_code", "code", "http_status", "http_status_code"):
            stmt = each.attributes.get(attribute)
            held = None if stmt is None else _code(project, stmt.value, each)
            if held is not None:
                return held
    return None


def _code(project: Project, expr: Expr | None, scope: Scope) -> int | None:
    held = constant(project, expr, scope)
    if isinstance(held, int) and 400 <= held < 600:
        return held
    match = re.search(r"HTTP_(\d{3})|\b(?:codes|HTTPStatus)\.(\w+)$", ir.dotted(expr) or "")
    if match is None:
        return None
    return int(match[1]) if match[1] else _NAMED.get(match[2].upper())


_FRAMEWORKS = (
    "fastapi.",
    "starlette.",
    "flask",
    "werkzeug.",
    "django.",
    "rest_framework.",
    "aiohttp.",
    "litestar.",
    "sanic.",
)
_HTTP_ERRORS = frozenset({"HTTPException", "HttpException", "HTTPError", "HttpError", "SanicException"})
_ABORTS = frozenset(
    {"flask.abort", "werkzeug.exceptions.abort", "flask_restful.abort", "flask_restx.abort", "flask_smorest.abort"}
)
_NAMED = {
    "BAD_REQUEST": 400,
    "UNAUTHORIZED": 401,
    "FORBIDDEN": 403,
    "NOT_FOUND": 404,
    "METHOD_NOT_ALLOWED": 405,
    "CONFLICT": 409,
    "GONE": 410,
    "UNPROCESSABLE_ENTITY": 422,
    "TOO_MANY_REQUESTS": 429,
    "INTERNAL_SERVER_ERROR": 500,
    "SERVICE_UNAVAILABLE": 503,
}
_STATUSES = {
    "Http404": 404,
    "NotFound": 404,
    "PermissionDenied": 403,
    "SuspiciousOperation": 400,
    "BadRequest": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "Conflict": 409,
    "Gone": 410,
    "TooManyRequests": 429,
    "InternalServerError": 500,
    "ServiceUnavailable": 503,
    "ValidationError": 400,
    "ParseError": 400,
    "NotAuthenticated": 401,
    "AuthenticationFailed": 401,
    "MethodNotAllowed": 405,
    "Throttled": 429,
    "HTTPNotFound": 404,
    "HTTPBadRequest": 400,
    "HTTPUnauthorized": 401,
    "HTTPForbidden": 403,
    "HTTPConflict": 409,
    "NotFoundException": 404,
    "NotAuthorizedException": 401,
    "PermissionDeniedException": 403,
    "ClientException": 400,
}
_FILES = frozenset(
    {"builtins.open", "io.open", "codecs.open", "gzip.open", "zipfile.ZipFile", "tarfile.open", "aiofiles.open"}
    | {f"os.{name}" for name in ("remove", "unlink", "rename", "replace", "makedirs", "mkdir", "rmdir", "removedirs")}
    | {f"shutil.{name}" for name in ("copy", "copy2", "copyfile", "copytree", "move", "rmtree", "copyfileobj")}
    | {
        f"pathlib.Path.{name}"
        for name in (
            "open",
            "read_text",
            "read_bytes",
            "write_text",
            "write_bytes",
            "unlink",
            "mkdir",
            "rename",
            "touch",
        )
    }
    | {f"tempfile.{name}" for name in ("NamedTemporaryFile", "TemporaryFile", "mkstemp", "mkdtemp")}
)
_WAITS = frozenset(
    {"time.sleep", "os.system", "os.wait", "os.waitpid", "socket.getaddrinfo", "socket.gethostbyname"}
    | {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "getoutput", "getstatusoutput")}
    | {"concurrent.futures.wait", "concurrent.futures.Future.result", "threading.Thread.join", "queue.Queue.join"}
)
_OCCURRENCES = {
    Effect.READ: lambda project: _queries(project, Effect.READ),
    Effect.WRITE: lambda project: _queries(project, Effect.WRITE),
    Effect.COMMIT: lambda project: _commits(project, Effect.COMMIT),
    Effect.ROLLBACK: lambda project: _commits(project, Effect.ROLLBACK),
    Effect.OUTBOUND: _outbound,
    Effect.MAIL: _mails,
    Effect.ENQUEUE: _enqueues,
    Effect.FILE: _files,
    Effect.LOG: _logs,
    Effect.RAISE: _raised,
    Effect.BLOCK: _blocking,
}
