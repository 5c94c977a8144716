"""Link to reset a password or accept an invitation that works for ever.

## What it does
Reports signed tokens for resets, invitations, activations and logins by mail that are read without a `max_age`, or by a
signer that writes no time into them (`itsdangerous`, `django.core.signing`).

## Why it matters
Such links lie in mailboxes, in logs of proxies and in the history of browsers. Whoever finds one years later takes the
account over, and nothing but a new secret key of the whole application takes it back.

## Example
```python
from flask import Flask, abort
from itsdangerous import BadSignature, URLSafeTimedSerializer

app = Flask(__name__)
tokens = URLSafeTimedSerializer("a key that is read from the environment", salt="reset-password")


@app.post("/password/reset/<token>")
def reset(token):
    try:
        user_id = tokens.loads(token)
    except BadSignature:
        abort(400)
    return {"user": user_id}
```

## Use instead
```python
from flask import Flask, abort
from itsdangerous import BadSignature, URLSafeTimedSerializer

app = Flask(__name__)
tokens = URLSafeTimedSerializer("a key that is read from the environment", salt="reset-password")


@app.post("/password/reset/<token>")
def reset(token):
    try:
        user_id = tokens.loads(token, max_age=3600)
    except BadSignature:
        abort(400)
    return {"user": user_id}
```

## When not to
Links that may work for ever, as those to unsubscribe, are no matter of this rule. Tokens that are rows of a table are not
looked at.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Forgot_Password_Cheat_Sheet.html
- https://itsdangerous.palletsprojects.com/en/stable/timed/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Role, Severity, Unit, ir, words

_TIMED = frozenset(
    {"itsdangerous.URLSafeTimedSerializer", "itsdangerous.TimedSerializer", "itsdangerous.TimestampSigner"}
    | {"itsdangerous.url_safe.URLSafeTimedSerializer", "itsdangerous.timed.TimedSerializer"}
    | {"itsdangerous.timed.TimestampSigner", "django.core.signing.TimestampSigner"}
)
_TIMELESS = frozenset(
    {"itsdangerous.URLSafeSerializer", "itsdangerous.Serializer", "itsdangerous.Signer", "django.core.signing.Signer"}
    | {"itsdangerous.url_safe.URLSafeSerializer", "itsdangerous.serializer.Serializer", "itsdangerous.signer.Signer"}
)
_READS = frozenset({"loads", "unsign", "unsign_object"})
_RECOVERS = frozenset(
    {"reset", "recover", "recovery", "invite", "invitation", "invitations", "activate", "activation", "magic", "forgot"}
    | {"password", "register", "registration", "signup"}
)
_MAY_STAY = frozenset({"unsubscribe", "captcha", "csrf", "state", "redirect", "alert", "alerts", "report", "reports"})


class ReusableRecoveryToken(ProjectRule):
    code = "SEC122"
    preview = True
    severity = Severity.MEDIUM
    cwe = (640, 613)
    owasp = ("A07:2021", "A07:2025", "API2:2023")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for site, function in _read(project):
            how = _endless(site, project)
            if how is not None:
                yield self.finding(
                    site.at,
                    f"the token that `{function.name}` reads {how}: whoever finds the link one day can use it",
                    help="Read it by a timed signer with `max_age=` in seconds, an hour or so, and refuse it once it was used.",
                    discriminator=function.qualified,
                )

    def examined(self, project: Project) -> list[str]:
        return [function.qualified for _, function in _read(project)]


def _read(project: Project) -> Iterator[tuple[CallSite, Function]]:
    """Where signed tokens are read by which an account is recovered or entered."""
    for function in project.functions(Role.APP):
        for site in project.sites(function):
            if site.method in _READS and _signer(site, project) is not None and _recovers(function, site, project):
                yield site, function


def _signer(site: CallSite, project: Project) -> str | None:
    """The qualified name of what reads a token."""
    if site.symbol == "django.core.signing.loads":
        return "django.core.signing.TimestampSigner"
    func = site.call.func
    kind = project.type_of(func.value, site.scope) if isinstance(func, ir.Attribute) else None
    known = _TIMED | _TIMELESS
    owner = (site.symbol or "").rpartition(".")[0]
    return next((name for name in (owner, "" if kind is None else kind.name) if name in known), None)


def _recovers(function: Function, site: CallSite, project: Project) -> bool:
    """Whether names around a token say that it lets somebody in: of the function, its route, the salt."""
    said = {word for text in (function.name, project.served.get(function.qualified, "")) for word in words(text)}
    salt = site.call.keywords.get("salt")
    if isinstance(salt, ir.Const):
        said |= set(words(str(salt.value)))
    return bool(_RECOVERS & said) and not _MAY_STAY & said


def _endless(site: CallSite, project: Project) -> str | None:
    if _signer(site, project) in _TIMELESS:
        return "carries no time"
    given = site.call.keywords.get("max_age")
    if given is None and site.method != "loads" and len(site.call.positional) > 1:
        return None
    if site.call.has_unpacking or (given is None and site.method == "loads" and len(site.call.positional) > 1):
        return None
    is_none = isinstance(given, ir.Const) and given.value is None
    return "never expires (no `max_age`)" if given is None or is_none else None
