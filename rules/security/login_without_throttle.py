"""Login that lets everyone guess as often as they like.

## What it does
Finds the routes that verify a password and reports, once for the project, that none of them is throttled: no limiter on
the route, its router or the application, no lockout in what it calls, no library that does it.

## Why it matters
Lists of leaked passwords are tried by the million. A login without a limit answers each of them.

## Example
```python
from flask import Flask, abort, request, session
from werkzeug.security import check_password_hash

from models import users

app = Flask(__name__)


@app.post("/login")
def login():
    user = users[request.form["name"]]
    if not check_password_hash(user.password, request.form["password"]):
        abort(401)
    session["user"] = user.id
    return ""
```

## Use instead
```python
from flask import Flask, abort, request, session
from flask_limiter import Limiter
from werkzeug.security import check_password_hash

from models import users

app = Flask(__name__)
limiter = Limiter(lambda: request.remote_addr, app=app)


@app.post("/login")
@limiter.limit("5/minute")
def login():
    user = users[request.form["name"]]
    if not check_password_hash(user.password, request.form["password"]):
        abort(401)
    session["user"] = user.id
    return ""
```

## When not to
Where a proxy or an identity provider in front counts the attempts: say so in a suppression.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Authentication_Cheat_Sheet.html#protect-against-automated-attacks
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import (
    Confidence,
    Finding,
    GuardKind,
    Project,
    ProjectRule,
    Role,
    Route,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.security._shared import is_application, is_login, is_password_check, place_of, run_for

_LIMITS = re.compile(
    r"throttl|rate_?limit|ratelimit|limiter|lock_?out|locked|attempt|brute|captcha|axes|defender|backoff|too_?many|"
    r"failed_?login|login_?fail|block_?ip|banned|fail2ban|slow_?down",
    re.IGNORECASE,
)
_OWN = re.compile(
    r"throttl|rate_?limit|token_?bucket|login_?attempt|failed_?(?:login|attempt)|lock_?out|brute_?force|too_?many_?(?:attempt|login|try|tries)",
    re.IGNORECASE,
)
_LIBRARIES = frozenset(
    [
        "axes",
        "defender",
        "django_ratelimit",
        "ratelimit",
        "slowapi",
        "fastapi_limiter",
        "flask_limiter",
        "brutebuster",
        "limits",
        "allauth",
        "django_lockdown",
        "asgi_ratelimit",
        "honeypot",
        "django_recaptcha",
        "captcha",
    ]
)


class LoginWithoutThrottle(ProjectRule):
    code = "SEC112"
    severity = Severity.MEDIUM
    cwe = (307, 799)
    owasp = ("A07:2021", "A07:2025", "API2:2023", "API4:2023")
    unit = Unit.PROJECT
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        logins = [route for route in project.routes if _verifies(route, project)]
        if not logins or not project.apps or _has_library(project) or _counts_itself(project):
            return
        if any(_is_limited(route, project) for route in logins):
            return
        first, *others = logins
        yield self.finding(
            place_of(first),
            f"`{first.label}` verifies passwords and nothing limits how often it is asked",
            help="Limit attempts by address and by account, such as five a minute, and answer 429 beyond that.",
            related=[Step(place_of(each), f"neither is `{each.label}` limited") for each in others[:3]],
        )

    def examined(self, project: Project) -> list[str]:
        return ["project"] if any(_verifies(route, project) for route in project.routes) else []


def _verifies(route: Route, project: Project) -> bool:
    return (
        not route.is_safe
        and is_application(route, project)
        and is_login(route)
        and any(is_password_check(node) for each in run_for(route, project) for node in ir.walk(each.body))
    )


def _is_limited(route: Route, project: Project) -> bool:
    if route.has_guard(GuardKind.THROTTLE):
        return True
    code = [*run_for(route, project)]
    return any(
        _LIMITS.search(node.id if type(node) is ir.Name else node.name)
        for function in code
        for node in ir.walk(function.body)
        if type(node) in (ir.Name, ir.Attribute)
    ) or any(_LIMITS.search(ir.dotted(ir.callee(each)) or "") for function in code for each in function.decorators)


def _counts_itself(project: Project) -> bool:
    """Whether the project has a class or function of its own that counts attempts."""
    return any(
        _OWN.search(each.name)
        for module in project.modules.values()
        if module.role is Role.APP
        for each in (*module.classes, *module.functions)
    )


def _has_library(project: Project) -> bool:
    """Whether a library or a middleware of the project limits requests."""
    for module in project.modules.values():
        for each in module.facts.imports:
            names = {each.module.partition(".")[0], each.full_module.partition(".")[0]}
            if names & _LIBRARIES:
                return True
    for setting in project.settings:
        if setting.name in ("INSTALLED_APPS", "MIDDLEWARE", "REST_FRAMEWORK", "AUTHENTICATION_BACKENDS"):
            for node in ir.walk_expression(setting.value) if setting.value is not None else ():
                if type(node) is ir.Const and isinstance(node.value, str):
                    if node.value.partition(".")[0] in _LIBRARIES or node.value == "DEFAULT_THROTTLE_CLASSES":
                        return True
    return any(_LIMITS.search(each.name) for app in project.apps for each in app.middleware)
