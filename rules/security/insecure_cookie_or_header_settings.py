"""A session cookie or security header is configured away.

## What it does
Reports cookies that are sent with `secure=False` or readable by scripts although they carry a session or token, and
settings of Django and Flask that switch `Secure`, `HttpOnly`, HSTS or `nosniff` off where the project is deployed.

## Why it matters
A session cookie without `Secure` travels in clear over the first plain HTTP request, and one that scripts can read is
stolen by any injected script: either way the session is somebody else's.

## Example
```python
from flask import Flask, make_response

app = Flask(__name__)


@app.post("/login")
def login():
    response = make_response("ok")
    response.set_cookie("session", "value", secure=False, httponly=True)
    return response
```

## Use instead
```python
from flask import Flask, make_response

app = Flask(__name__)


@app.post("/login")
def login():
    response = make_response("ok")
    response.set_cookie("session", "value", secure=True, httponly=True, samesite="Lax")
    return response
```

## References
- https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/Cookies
- https://cwe.mitre.org/data/definitions/614.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Project, ProjectRule, Setting, Severity, Unit, ir, words
from backend_lint.rules.security._shared import production_settings

_SETTINGS = {
    "SESSION_COOKIE_SECURE": "session cookies travel over plain HTTP",
    "SESSION_COOKIE_HTTPONLY": "scripts can read session cookies",
    "CSRF_COOKIE_SECURE": "the CSRF cookie travels over plain HTTP",
    "SECURE_CONTENT_TYPE_NOSNIFF": "browsers may guess the type of uploads",
    "REMEMBER_COOKIE_SECURE": "the remember-me cookie travels over plain HTTP",
    "REMEMBER_COOKIE_HTTPONLY": "scripts can read the remember-me cookie",
    "JWT_COOKIE_SECURE": "the token's cookie travels over plain HTTP",
}
_AUTHENTICATION = frozenset(
    [
        "session",
        "sessionid",
        "sid",
        "token",
        "jwt",
        "auth",
        "authorization",
        "access",
        "refresh",
        "remember",
        "login",
        "user",
        "credentials",
    ]
)
_CSRF = {"csrf", "xsrf"}
"""Words for a token that the page's own script reads and sends back."""


class InsecureCookieOrHeaderSettings(ProjectRule):
    code = "SEC217"
    severity = Severity.MEDIUM
    cwe = (614, 1004, 1275)
    owasp = ("A05:2021", "A02:2025")
    unit = Unit.PROJECT

    def check(self, project: Project) -> Iterable[Finding]:
        for scope in project.scopes():
            for site in project.sites(scope):
                if site.method == "set_cookie":
                    yield from self._cookie(site, project)
        yield from self._sessions(project)
        seen: set[Setting] = set()
        for settings in production_settings(project):
            for name, harm in _SETTINGS.items():
                setting = settings.get(name)
                if (
                    setting is not None
                    and setting not in seen
                    and not _is_switched(setting.value)
                    and project.constant(setting.value, setting.scope) is False
                ):
                    seen.add(setting)
                    yield self.finding(
                        setting.at, f"`{name}` is off: {harm}", help=f"Set `{name} = True` in production."
                    )

    def _sessions(self, project: Project) -> Iterator[Finding]:
        """Starlette's sessions, whose cookie goes over plain HTTP where the code says so."""
        for app in project.apps:
            for each in app.middleware:
                secure = each.options.get("https_only")
                if each.name.endswith(".SessionMiddleware") and each.scope is not None and secure is not None:
                    if project.constant(secure, each.scope) is False:
                        yield self.finding(
                            each.at,
                            "session cookies travel over plain HTTP (`https_only=False`)",
                            help="Pass `https_only=True`; take the value from the settings where development has no HTTPS.",
                        )

    def _cookie(self, site: CallSite, project: Project) -> Iterator[Finding]:
        if len(site.call.args) < 2:
            return
        name = project.constant(site.call.argument(0, "key"), site.scope)
        shown = f" `{name}`" if isinstance(name, str) else ""
        secure = site.call.keywords.get("secure")
        if secure is not None and project.constant(secure, site.scope) is False:
            yield self.finding(
                site.at,
                f"the cookie{shown} is sent over plain HTTP, too (`secure=False`)",
                help="Pass `secure=True`; take the value from the settings where development has no HTTPS.",
            )
        elif isinstance(name, str) and _AUTHENTICATION & set(words(name)) and not site.call.has_unpacking:
            is_for_script = not _CSRF.isdisjoint(words(name))
            asked = ("secure",) if is_for_script else ("secure", "httponly")
            off = [each for each in asked if each not in site.call.keywords]
            explicit = site.call.keywords.get("httponly")
            if not is_for_script and explicit is not None and project.constant(explicit, site.scope) is False:
                off.append("httponly")
            if off and not _is_without_secret(site, project):
                yield self.finding(
                    site.at,
                    f"the cookie{shown} is set without {' and '.join(f'`{each}`' for each in off)}",
                    help=f"Pass {', '.join(f'`{each}=True`' for each in off)} and `samesite`.",
                )


def _is_switched(value: ir.Expr) -> bool:
    """Whether a setting is that of a switch that says whether there is HTTPS, `SESSION_COOKIE_SECURE = ENABLE_HTTPS`."""
    return type(value) is ir.Name and not {"https", "ssl", "tls"}.isdisjoint(words(value.id))


def _is_without_secret(site: CallSite, project: Project) -> bool:
    """Whether the value stands in the code, a mere flag for the page or the empty one that removes, or no lifetime is left."""
    age = project.constant(site.call.keywords.get("max_age"), site.scope)
    return type(site.call.argument(1, "value")) is ir.Const or age == 0
