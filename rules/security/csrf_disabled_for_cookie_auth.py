"""Protection against forged requests is off where a cookie says who calls.

## What it does
Reports routes that change something and know their caller by a session cookie, and for which the protection against
cross-site request forgery is switched off: `csrf_exempt`, `csrf.exempt`, `WTF_CSRF_ENABLED = False` in production.

## Why it matters
A browser sends the cookie with every request, also with one that another site's page makes. Without the token nothing
tells the two apart, so a page that a user visits can act as that user.

## Example
```python
from flask import Flask, request
from flask_login import login_required
from flask_wtf.csrf import CSRFProtect

app = Flask(__name__)
csrf = CSRFProtect(app)


@app.post("/orders")
@csrf.exempt
@login_required
def order():
    return request.form["name"]
```

## Use instead
```python
from flask import Flask, request
from flask_login import login_required
from flask_wtf.csrf import CSRFProtect

app = Flask(__name__)
csrf = CSRFProtect(app)


@app.post("/orders")
@login_required
def order():
    return request.form["name"]
```

## When not to
Webhooks that prove themselves by a signature, and APIs whose callers send a token in a header, need no protection and
are left out. For an API that only takes JSON, see that it refuses other content types.

## References
- https://docs.djangoproject.com/en/stable/howto/csrf/
- https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Effect, Finding, Function, GuardKind, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.security._shared import (
    identity_guards,
    is_application,
    names_used,
    nested,
    place_of,
    production_settings,
)

_EXEMPT = re.compile(r"(?:^|\.)(?:csrf|csrf_protect|CSRF)\.exempt$|(?:^|\.)csrf_exempt$")
_OTHER_PROOF = re.compile(
    r"(?:^|[._])(?:signature|hmac|compare_digest|bearer|authorization|api_?key|HTTP_AUTHORIZATION|construct_event|token)(?:$|[._])|"
    r"_token$|_signature$|signing",
    re.IGNORECASE,
)
_BY_COOKIE = re.compile(
    r"^(?:login_required|user_passes_test|permission_required|staff_member_required|LoginRequiredMixin|"
    r"PermissionRequiredMixin|UserPassesTestMixin|fresh_login_required|superuser_required|current_user)$"
)
_SESSION_USER = re.compile(r"^(?:self\.)?request\.(?:user|session)(?:$|\.)")
_SESSIONS = ("flask_login", "flask_security")


class CsrfDisabledForCookieAuth(ProjectRule):
    code = "SEC113"
    severity = Severity.HIGH
    cwe = (352,)
    owasp = ("A01:2021", "A01:2025")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[object] = set()
        for route in project.routes:
            code = route.handler or route.view
            if code is None or code in seen or not _changes(route, project) or not is_application(route, project):
                continue
            guards = identity_guards(route)
            by_cookie = [each for each in guards if _BY_COOKIE.match(each.name) or _reads_session(each.function, route)]
            guard = next(iter(by_cookie), None)
            off = _exemption(route)
            if guard is not None and off is not None and not _proves_otherwise(route):
                seen.add(code)
                yield self.finding(
                    place_of(route),
                    f"`{route.label}` knows its caller by a cookie (`{guard.name}`), and `{off}` lets other sites send it",
                    help="Leave the protection on; send the token with the form, or in the `X-CSRFToken` header.",
                    related=[Step(guard.at, f"guarded by `{guard.name}`")],
                    discriminator=route.label,
                    unit=route.label,
                )
        yield from self._settings(project)

    def _settings(self, project: Project) -> Iterator[Finding]:
        is_by_cookie = any(
            each.module.partition(".")[0] in _SESSIONS
            for module in project.modules.values()
            for each in module.facts.imports
        )
        for settings in production_settings(project, "WTF_CSRF_ENABLED") if is_by_cookie else ():
            setting = settings["WTF_CSRF_ENABLED"]
            if project.constant(setting.value, setting.scope) is False:
                yield self.finding(
                    setting.at,
                    "`WTF_CSRF_ENABLED` is off, and callers are known by their session cookie",
                    help="Switch it off for tests only.",
                )


def _changes(route: Route, project: Project) -> bool:
    """Whether a route changes something: by its methods, or by what it does where it takes them all."""
    if route.methods != ("*",):
        return not route.is_safe
    return route.handler is not None and (
        any(name.startswith(("request.POST", "request.FILES", "request.body")) for name in names_used(route.handler))
        or project.effects.has(route.handler, Effect.WRITE)
    )


def _reads_session(guard: Function | None, route: Route) -> bool:
    """Whether a guard of a framework with sessions looks at the user that the session names."""
    return (
        guard is not None
        and "session" in route.authentication
        and any(_SESSION_USER.search(name) for each in nested(guard) for name in names_used(each))
    )


def _exemption(route: Route) -> str | None:
    """What switches the protection off for a route."""
    for each in route.exemptions:
        if each.kind is GuardKind.CSRF:
            return each.name
    for decorator in (
        *(route.handler.decorators if route.handler else ()),
        *(route.view.facts.decorators if route.view else ()),
    ):
        name = ir.dotted(ir.callee(decorator)) or ""
        if _EXEMPT.search(name):
            return name
    return None


def _proves_otherwise(route: Route) -> bool:
    """Whether the request brings a proof that a browser does not send on its own."""
    if any(each.where == "header" for each in route.inputs):
        return True
    code = [] if route.handler is None else list(nested(route.handler))
    return any(_OTHER_PROOF.search(name) for function in code for name in names_used(function)) or any(
        _OTHER_PROOF.search(name)
        for guard in identity_guards(route)
        for name in (guard.name, *(names_used(guard.function) if guard.function is not None else ()))
    )
