"""Token that never ends.

## What it does
Reports JSON Web Tokens that are made without the claim `exp`, whether here, in the function that hands the claims over,
or in what puts them together; and tokens that are accepted with `verify_exp` off.

## Why it matters
A token is a key that its server cannot take back. The one thing that ends a stolen one is its own expiry.

## Example
```python
import jwt
from flask import Flask, request

from settings import KEY

app = Flask(__name__)


@app.post("/token")
def token():
    return jwt.encode({"sub": request.form["name"]}, KEY, algorithm="HS256")
```

## Use instead
```python
from datetime import datetime, timedelta, timezone

import jwt
from flask import Flask, request

from settings import KEY

app = Flask(__name__)


@app.post("/token")
def token():
    ends = datetime.now(timezone.utc) + timedelta(minutes=15)
    return jwt.encode({"sub": request.form["name"], "exp": ends}, KEY, algorithm="HS256")
```

## When not to
A token that is also looked up in a table can be taken back there; say so in a suppression. Accepting an ended token to
renew it is right where the refresh token is checked.

## References
- https://datatracker.ietf.org/doc/html/rfc8725
- https://cwe.mitre.org/data/definitions/613.html
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Severity, Unit, ir, words

_ENCODE = frozenset({"jwt.encode", "jwt.api_jwt.encode", "jwt.PyJWT.encode", "jose.jwt.encode"})
_DECODE = frozenset({"jwt.decode", "jwt.api_jwt.decode", "jwt.PyJWT.decode", "jose.jwt.decode"})
_RENEWING = frozenset(
    {"refresh", "renew", "expired", "logout", "revoke", "blacklist", "denylist", "peek", "unverified"}
)
_ENDS = frozenset(
    {"exp", "expires", "expiry", "expiration", "expire", "lifetime", "ttl", "expires_at", "expires_delta"}
)


class JwtClaimsNotEnforced(ProjectRule):
    code = "SEC110"
    severity = Severity.MEDIUM
    cwe = (613,)
    owasp = ("A07:2021", "A07:2025", "API2:2023")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for function in project.functions():
            for site in project.sites(function):
                if site.symbol in _ENCODE and self._is_endless(site, function, project):
                    yield self.finding(
                        site.at,
                        "this token has no `exp`, so whoever gets hold of it keeps it for ever",
                        help="Add `exp` to the claims, some minutes ahead, and a refresh token for longer.",
                    )
                elif (
                    site.symbol in _DECODE
                    and _accepts_ended(site, project)
                    and not _RENEWING & set(words(function.name))
                ):
                    yield self.finding(
                        site.at,
                        "`verify_exp` is off, so tokens are accepted that have ended",
                        help="Leave `verify_exp` on; allow for clocks that differ with `leeway`.",
                    )

    def examined(self, project: Project) -> list[str]:
        return [
            f"{function.module.path}:{function.facts.qualname}"
            for function in project.functions()
            if any(site.symbol in _ENCODE or site.symbol in _DECODE for site in project.sites(function))
        ]

    def _is_endless(self, site: CallSite, function: Function, project: Project) -> bool:
        """Whether the claims are told as a whole, or given by callers that are known, and none says when they end."""
        near = [function]
        payload = site.call.argument(0, "payload") or site.call.argument(None, "claims")
        if payload is None or site.call.has_unpacking or _is_for_others(function):
            return False
        if type(payload) is ir.Name and function.parameter(payload.id) is not None:
            position = [each.name for each in function.parameters if each.name not in ("self", "cls")].index(payload.id)
            for each in project.callers(function):
                given = each.call.argument(position, payload.id)
                if not isinstance(each.scope, Function) or given is None or not _is_told(given, each.scope, project):
                    return False
                near.append(each.scope)
            if len(near) == 1:
                return False
        elif not _is_told(payload, function, project):
            return False
        near += [target for each in near[:6] for called in project.sites(each) for target in called.targets[:1]]
        return not any(_says_when(each) for each in near)


def _is_told(claims: ir.Expr, function: Function, project: Project) -> bool:
    """Whether claims are a dictionary that is written out, or a copy of one."""
    match claims:
        case ir.Dict():
            return None not in claims.keys
        case ir.Name(id=name) if function.parameter(name) is None:
            bound = [each for each in project.types.bindings(function).get(name, ()) if each.kind == "value"]
            return bool(bound) and all(type(each.expr) is ir.Dict for each in bound)
        case _:
            return False


def _is_for_others(function: Function) -> bool:
    """Whether the token is put into the header of a request that the application itself sends."""
    return any(
        type(node) is ir.Const
        and isinstance(node.value, str)
        and node.value.lower().startswith(("bearer", "authorization"))
        for node in ir.walk(function.body)
    )


def _says_when(function: Function) -> bool:
    """Whether a function names an expiry: a key of a dictionary, a keyword, a variable, an attribute."""
    for node in ir.walk(function.body):
        match node:
            case ir.Const(value=str(text)) if len(text) < 30 and _ENDS & set(words(text)):
                return True
            case ir.Name(id=name) | ir.Attribute(name=name) if _ENDS & set(words(name)):
                return True
            case ir.Call() if any(_ENDS & set(words(keyword)) for keyword in node.keywords):
                return True
    return False


def _accepts_ended(site: CallSite, project: Project) -> bool:
    options = project.constant(site.call.argument(3, "options"), site.scope)
    return (
        isinstance(options, dict)
        and options.get("verify_exp") is False
        and options.get("verify_signature") is not False
    )
