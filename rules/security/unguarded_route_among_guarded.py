"""Route without authentication although its siblings have it.

## What it does
Compares each route that reads or writes data with its siblings: the routes of the same router, of the same resource, or
the other writing routes of the application, safe and unsafe methods apart; a route that writes also with those that
read the same path, or the same router. Where at least four out of five ask who is
calling (three out of four in small groups) and this one does not, it is reported with the numbers. A guard is whatever
can refuse a request before the work is done, wherever it stands: a decorator, a dependency, a permission class, a
router, a middleware, a hook, a framework's default.

## Why it matters
A guard is left out by forgetting one line, and nothing fails: the route works, for everybody.

## Example
```python
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request

app = FastAPI()
router = APIRouter(prefix="/orders")


def current_user(request: Request):
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


@router.post("/")
def create(user=Depends(current_user)): ...


@router.put("/{order_id}")
def change(order_id: int, user=Depends(current_user)): ...


@router.patch("/{order_id}")
def amend(order_id: int, user=Depends(current_user)): ...


@router.delete("/{order_id}")
def delete(order_id: int): ...


app.include_router(router)
```

## Use instead
```python
from fastapi import APIRouter, Depends, FastAPI, HTTPException, Request

app = FastAPI()


def current_user(request: Request):
    if "user" not in request.session:
        raise HTTPException(401)
    return request.session["user"]


router = APIRouter(prefix="/orders", dependencies=[Depends(current_user)])


@router.post("/")
def create(): ...


@router.put("/{order_id}")
def change(order_id: int): ...


@router.patch("/{order_id}")
def amend(order_id: int): ...


@router.delete("/{order_id}")
def delete(order_id: int): ...


app.include_router(router)
```

## When not to
A route that is meant for everybody belongs in `public-routes` of the configuration. Logins, registrations, health
checks, webhooks, documentation, links that carry a secret, and handlers that look at the caller themselves are left
out without it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Class, Confidence, Finding, Project, ProjectRule, Route, Severity, Step, Unit, ir, words
from backend_lint.rules.security._shared import identity_guards, is_application, place_of
from backend_lint.rules.security._siblings import SECRETS, Data, Group, asks_itself, compared, identifying

_PARAMETER = re.compile(r"\{(\w+)\}")
_OPEN = frozenset(
    [
        "login",
        "logout",
        "signin",
        "signout",
        "signup",
        "register",
        "registration",
        "logon",
        "auth",
        "authenticate",
        "authentication",
        "authorize",
        "oauth",
        "oauth2",
        "oidc",
        "sso",
        "saml",
        "callback",
        "token",
        "tokens",
        "jwt",
        "csrf",
        "captcha",
        "otp",
        "mfa",
        "password",
        "recover",
        "recovery",
        "forgot",
        "reset",
        "verify",
        "verification",
        "confirm",
        "confirmation",
        "activate",
        "activation",
        "invitation",
        "invite",
        "unsubscribe",
        "subscribe",
        "health",
        "healthz",
        "healthcheck",
        "heartbeat",
        "ping",
        "ready",
        "readyz",
        "readiness",
        "live",
        "livez",
        "liveness",
        "alive",
        "status",
        "version",
        "versions",
        "info",
        "about",
        "metrics",
        "robots",
        "favicon",
        "sitemap",
        "manifest",
        "docs",
        "redoc",
        "openapi",
        "swagger",
        "schema",
        "static",
        "assets",
        "media",
        "public",
        "share",
        "shared",
        "embed",
        "webhook",
        "webhooks",
        "hook",
        "hooks",
        "wellknown",
        "known",
        "jwks",
        "index",
        "home",
        "root",
        "landing",
        "terms",
        "privacy",
        "contact",
        "faq",
        "help",
        "error",
        "errors",
        "banner",
        "i18n",
        "locale",
        "locales",
        "translations",
        "language",
        "languages",
        "feed",
        "rss",
        "atom",
        "setup",
        "install",
        "onboarding",
        "badge",
        "badges",
        "anonymous",
        "guest",
    ]
)
_ACCOUNTS = frozenset({"users", "user", "accounts", "account", "customers", "members"})
_OPENING = frozenset({"public", "anonymous", "unauthenticated", "allow", "permission", "permissions", "noauth", "open"})
_CONFIGURATION = frozenset({"config", "settings", "conf"})
_SWITCHES = frozenset({"enable", "enabled", "disabled", "allow", "allowed", "allows"})
_POLICIES = frozenset({"permission_classes", "get_permissions", "permission_required", "authentication_classes"})


class UnguardedRouteAmongGuarded(ProjectRule):
    code = "SEC101"
    severity = Severity.HIGH
    cwe = (306, 862)
    owasp = ("A01:2021", "A01:2025", "API2:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        data = project.derived(Data)
        guards = identifying(project)
        seen: set[object] = set()
        for route, group in self._compared(project):
            code = route.handler or route.view
            if code is None or code in seen or route.is_guarded or not group.is_clear:
                continue
            if (data.is_touched(route) or group.is_single) and not (
                _is_deliberate(route, project)
                or _only_redirects(route)
                or asks_itself(route, guards, project)
                or _takes_a_secret(route, project)
            ):
                seen.add(code)
                yield self._finding(route, group, data.is_writing(route) and data.is_touched(route))

    def examined(self, project: Project) -> list[str]:
        return [route.label for route, _ in self._compared(project)]

    def _compared(self, project: Project) -> Iterator[tuple[Route, Group]]:
        routes = [
            route
            for route in project.routes
            if not route.is_websocket and is_application(route, project) and not _is_open(route)
        ]
        return compared(routes, project.derived(Data), lambda route: route.is_guarded, in_pairs=True)

    def _finding(self, route: Route, group: Group, writes: bool) -> Finding:
        guarded = group.having
        examples = [(each, identity_guards(each)[0]) for each in guarded[:2]]
        names = " and ".join(f"`{each.label}` (`{guard.name}`)" for each, guard in examples)
        return self.finding(
            place_of(route),
            f"`{route.label}` lets anyone in; {len(guarded)} of the {len(group.routes)} {group.what} ask who is calling, like {names}",
            help=f'Guard it as they are, or say that it is meant for everybody: `public-routes = ["{route.path}"]`.',
            related=[Step(place_of(each), f"guarded by `{guard.name}`") for each, guard in examples],
            severity=Severity.HIGH if writes else Severity.MEDIUM,
            confidence=Confidence.HIGH if writes else Confidence.MEDIUM,
            discriminator=route.label,
            unit=route.label,
        )


def _is_deliberate(route: Route, project: Project) -> bool:
    """Whether the code itself says that the route is open: a policy of its own, or a decorator that names it public."""
    decorators = [
        *(route.handler.decorators if route.handler else ()),
        *(route.view.facts.decorators if route.view else ()),
    ]
    spoken = {word for each in decorators for word in words(ir.dotted(ir.callee(each)) or "")}
    if spoken & _OPENING:
        return True
    view = route.view
    if view is not None and any(
        isinstance(each, Class) and (_POLICIES & each.attributes.keys() or _POLICIES & each.methods.keys())
        for each in project.classes.mro(view)
    ):
        return True
    return route.handler is not None and any(
        type(stmt) is ir.If and _asks_configuration(stmt.test) for stmt in route.handler.statements
    )


def _asks_configuration(test: ir.Expr) -> bool:
    """Whether a condition is a switch of the operator's: somebody has thought about who may come in."""
    for node in ir.walk_expression(test):
        if type(node) in (ir.Name, ir.Attribute):
            spoken = words(ir.dotted(node) or (node.name if type(node) is ir.Attribute else ""))
            if _SWITCHES & set(spoken[-2:]) or _CONFIGURATION & set(spoken):
                return True
        elif type(node) is ir.Const and isinstance(node.value, str) and _SWITCHES & set(words(node.value)):
            return True
    return False


def _takes_a_secret(route: Route, project: Project) -> bool:
    """Whether the body has a field for what only some callers have, `invitation_token`."""
    return any(SECRETS & set(words(name)) for schema in project.body_schemas(route) for name in schema.fields)


def _only_redirects(route: Route) -> bool:
    """Whether a handler does nothing but send the caller on, to where the guard is."""
    if route.handler is None or len(route.handler.statements) != 1:
        return False
    stmt = route.handler.statements[0]
    return (
        type(stmt) is ir.Return
        and type(stmt.value) is ir.Call
        and "redirect" in (ir.dotted(stmt.value.func) or "").lower()
    )


def _is_open(route: Route) -> bool:
    """Whether path or name say that the route is for everybody."""
    if route.is_public:
        return True
    fixed = [each for each in route.path.split("/") if each and not each.startswith("{")]
    if not fixed:
        return True
    named = [words(each) for each in _PARAMETER.findall(route.path)]
    parameters = {word for each in named for word in each}
    if any(len(each) > 1 and each[-1] == "key" for each in named):
        return True  # an access key or the like, in a link
    if (
        words(fixed[-1])[-1:]
        and words(fixed[-1])[-1] in _ACCOUNTS
        and "POST" in route.methods
        and "{" not in route.path
    ):
        return True  # how an account is made
    spoken = {word for each in fixed for word in words(each)} | set(words(route.handler_name.rpartition(".")[2]))
    if {"session", "sessions"} & spoken and "POST" in route.methods and "{" not in route.path:
        return True  # how one signs in
    return bool(_OPEN & spoken or SECRETS & parameters)
