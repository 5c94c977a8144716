"""Routes that are alike, by which one that stands out is told."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from backend_lint.api import Function, Project, Route, ir, words
from backend_lint.rules.security._shared import identity_guards, names_used, nested, reaching

MEMBERS = 4
_OF_ONE_PATH = "routes of this path"
_OF_ONE_ROUTER = "routes of this router"
_OF_BOTH_KINDS = frozenset({_OF_ONE_PATH, _OF_ONE_ROUTER})
_LARGE = 10
_MANY = 8
_SHARE = 0.75
_SHARE_OF_LARGE = 0.8
SECRETS = frozenset(["token", "secret", "signature", "nonce", "ticket", "otp", "uidb64", "hmac"])
_CREDENTIALS = SECRETS | frozenset(
    ["key", "code", "hash", "apikey", "credential", "credentials", "authorization", "cookie", "session"]
)
_POWERS = frozenset(
    ["builtins.exec", "builtins.eval", "os.system", "os.popen", "pickle.load", "pickle.loads", "shutil.rmtree"]
    + [f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output", "Popen", "getoutput")]
)
_ASKS = re.compile(
    r"(?:^|\.)(?:current_user|current_account|current_identity|current_principal|is_authenticated|is_anonymous|"
    r"\w*unsign\w*|\w*[Ss]ignature\w*|signing\.loads|TimestampSigner|decode_\w*(?:token|jwt)|cookies|get_jwt_identity|get_jwt|verify_jwt_in_request|compare_digest|check_password|check_password_hash|authenticate|"
    r"construct_event|get_current_user\w*|require_\w+|verify_\w*(?:token|signature|key|auth|user|access)\w*|"
    r"(?:check|has|ensure|assert|validate)_\w*(?:permission|access|auth|role|token|signature|owner)\w*)(?:$|\.)"
    r"|^(?:self\.|cls\.)?(?:request|req|info\.context)\.(?:user|auth|session|identity|authorization)(?:$|\.)"
    r"|^g\.\w*(?:user|identity|principal|account)|^session$|^session\.(?:get|pop)$"
)


_REQUESTS = frozenset({"request", "req", "self.request"})


@dataclass(frozen=True)
class Group:
    """Routes that are alike, what makes them so, and those of them that have what the others are expected to have."""

    what: str
    routes: list[Route]
    having: list[Route]

    @property
    def is_clear(self) -> bool:
        """Whether nearly all have it, and there are enough of them to say so; of one path, all but one."""
        count = len(self.routes)
        if self.what == _OF_ONE_PATH:
            return count > 1 and len(self.having) == count - 1
        share = _SHARE_OF_LARGE if count >= _LARGE else _SHARE
        return count >= MEMBERS and share * count <= len(self.having) < count

    @property
    def is_single(self) -> bool:
        """Whether one of many is the only one that has it not."""
        return len(self.routes) >= _MANY and len(self.having) == len(self.routes) - 1


def compared(
    routes: list[Route], data: Data, has: Callable[[Route], bool], *, in_pairs: bool = False
) -> Iterator[tuple[Route, Group]]:
    """Each route with the narrowest group that has enough members.

    What writes is held against what only reads as well, `in_pairs` against a single route of its path: if what reads
    has it, so must what writes.
    """
    groups: dict[tuple[str, ...], list[Route]] = defaultdict(list)
    keys = {id(route): list(_keys(route, "writing" if data.is_writing(route) else "reading")) for route in routes}
    for route in routes:
        for _, key in keys[id(route)]:
            groups[key].append(route)
    known: dict[tuple[str, ...], Group] = {}
    for route in routes:
        for what, key in keys[id(route)]:
            if (what in _OF_BOTH_KINDS and not data.is_writing(route)) or (what == _OF_ONE_PATH and not in_pairs):
                continue
            if len(groups[key]) >= (2 if what == _OF_ONE_PATH else MEMBERS):
                if key not in known:
                    known[key] = Group(what, groups[key], [each for each in groups[key] if has(each)])
                yield route, known[key]
                break


class Data:
    """Which routes read and write data. Where few reach a query that is known, every write and item counts."""

    def __init__(self, project: Project) -> None:
        known = reaching(project, (query.scope for query in project.queries))
        handlers = [route.handler.qualified for route in project.routes if route.handler is not None]
        is_enough = 3 * sum(each in known for each in handlers) >= len(handlers)
        self.known = known | _powerful(project) if is_enough else frozenset()
        self.writers = reaching(project, (query.scope for query in project.queries if query.is_write))

    def is_touched(self, route: Route) -> bool:
        if self.known and route.handler is not None:
            return any(each.qualified in self.known for each in (*nested(route.handler), *route.dependencies))
        return self.is_writing(route) or "{" in route.path

    def is_writing(self, route: Route) -> bool:
        """By its methods; by what it does, where it takes them all."""
        if route.methods != ("*",):
            return not route.is_safe
        return route.handler is not None and (
            route.handler.qualified in self.writers
            or any(
                name.startswith(("request.POST", "request.FILES", "request.body")) for name in names_used(route.handler)
            )
        )


def _powerful(project: Project) -> frozenset[str]:
    """The qualified names of the functions from which code or a program is run, or a directory removed."""
    sites = (site for scope in project.scopes() for site in project.sites(scope))
    return reaching(project, (site.scope for site in sites if site.symbol in _POWERS))


def _keys(route: Route, kind: str) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a route may be compared by, narrowest first."""
    yield _OF_ONE_PATH, ("path", route.app, route.path)
    yield f"{kind} routes of this router", ("router", route.app, route.router, kind)
    code = route.handler or route.view
    if code is not None:
        yield f"{kind} routes of this module", ("module", code.module.name, kind)
    if kind == "writing":
        yield "writing routes of this application", ("application", route.app, kind)
    yield _OF_ONE_ROUTER, ("router", route.app, route.router)


def identifying(project: Project) -> frozenset[str]:
    """The qualified names of the functions by which routes ask who is calling."""
    return frozenset(
        guard.function.qualified
        for route in project.routes
        for guard in identity_guards(route)
        if guard.function is not None and guard.level != "handler"
    )


def asks_itself(route: Route, guards: frozenset[str], project: Project) -> bool:
    """Whether handler or dependencies look at the caller, or at a secret that only some callers have.

    What a handler hands the request to, `return category(request, slug)`, speaks for it.
    """
    if any(each.where in ("header", "cookie") and _CREDENTIALS & set(words(each.name)) for each in route.inputs):
        return True
    if any(each.where in ("path", "query") and SECRETS & set(words(each.name)) for each in route.inputs):
        return True
    if any(each.qualified in guards or _ASKS.search(each.name) for each in route.dependencies):
        return True
    code = [*route.dependencies, *([] if route.handler is None else nested(route.handler))]
    if route.view is not None and route.handler is None:
        code += route.view.methods.values()
    code += [each for function in list(code) for each in _handed_the_request(function, project)]
    return any(_asks(name, function) for function in code for name in names_used(function))


def _handed_the_request(function: Function, project: Project) -> Iterator[Function]:
    for site in project.sites(function):
        if any((ir.dotted(each) or "") in _REQUESTS for each in site.call.positional):
            yield from site.targets[:1]


def _asks(name: str, function: Function) -> bool:
    """Whether a name speaks of the caller. A `session` that the function was given is one of a database."""
    is_given = name.partition(".")[0] == "session" and "session" in function.locals
    return _ASKS.search(name) is not None and not is_given
