"""Token decoded without checking its signature.

## What it does
Reports calls of PyJWT and python-jose that take the claims of a JSON Web Token without proof of who made it: with
`verify_signature` off, with the algorithm `none` or one that the token itself names, with an empty key, by
`get_unverified_claims`, or (python-jose) without a list of algorithms.

## Why it matters
Anyone can write a token that names any user; only the signature says that it came from the issuer. A client that
chooses the algorithm can turn a public key into an HMAC secret.

## Example
```python
import jwt
from fastapi import FastAPI, Header

app = FastAPI()


@app.get("/me")
def me(authorization: str = Header()):
    claims = jwt.decode(authorization, options={"verify_signature": False})
    return claims["sub"]
```

## Use instead
```python
import jwt
from fastapi import FastAPI, Header

from settings import settings

app = FastAPI()


@app.get("/me")
def me(authorization: str = Header()):
    claims = jwt.decode(authorization, settings.public_key, algorithms=["RS256"])
    return claims["sub"]
```

## When not to
A first look at header or claims to find the key is silent when the same function, or one that it calls or that calls
it, verifies the token. So is a token that its issuer has been asked about before (introspection, user info), and one
that no client sent: an OpenID Connect `id_token` straight from the issuer, or the access token that the application
itself uses at another service.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from backend_lint.api import (
    UNKNOWN,
    CallSite,
    Confidence,
    Finding,
    Function,
    Project,
    ProjectRule,
    Severity,
    Unit,
    ir,
    words,
)

_DEPTH = 3
_ASKING = frozenset(
    ["post", "get", "request", "send", "fetch", "userinfo", "introspect", "introspect_token", "tokeninfo"]
)
_PYJWT = frozenset(
    {"jwt.decode", "jwt.decode_complete", "jwt.api_jwt.decode", "jwt.PyJWT.decode", "jwt.PyJWT.decode_complete"}
)
_JOSE = frozenset({"jose.jwt.decode", "jose.jws.verify"})
_UNVERIFIED = frozenset({"jose.jwt.get_unverified_claims", "jose.jws.get_unverified_claims"})
_HEADERS = frozenset({"jwt.get_unverified_header", "jose.jwt.get_unverified_header", "jose.jwt.get_unverified_headers"})
_PEEKING = frozenset(
    [
        "unverified",
        "unsafe",
        "unvalidated",
        "insecure",
        "peek",
        "expiry",
        "expiration",
        "expires",
        "exp",
        "expired",
        "log",
        "debug",
    ]
)

_REQUEST = re.compile(
    r"^(?:request|req|headers|cookies|META|HTTP_\w+|[Aa]uthorization|authorization_header|auth_header|websocket)$"
)


class JwtNotVerified(ProjectRule):
    code = "SEC109"
    severity = Severity.CRITICAL
    cwe = (347, 345)
    owasp = ("A02:2021", "A07:2021", "A07:2025", "API2:2023")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        sites = [site for scope in project.scopes() for site in project.sites(scope) if site.symbol in _ALL]
        faults = {id(site): _fault(site, project) for site in sites}
        verifying = {
            site.scope.qualified
            for site in sites
            if isinstance(site.scope, Function) and faults[id(site)] is None and site.symbol not in _UNVERIFIED
        }
        serving = _serving(project)
        for site in sites:
            fault = faults[id(site)]
            if fault is not None and not (fault.is_peek and _needs_no_proof(site, project, verifying, serving)):
                yield self.finding(
                    site.at,
                    f"`{site.name}` {fault.what}",
                    help=fault.help,
                    severity=fault.severity,
                    confidence=Confidence.HIGH if not fault.is_peek else Confidence.MEDIUM,
                )

    def examined(self, project: Project) -> list[str]:
        return [
            f"{function.module.path}:{function.facts.qualname}"
            for function in project.functions()
            if any(site.symbol in _ALL for site in project.sites(function))
        ]


class _Fault:
    """What is wrong with a call. `is_peek` where it may be a look before the real check."""

    def __init__(self, what: str, help: str, severity: Severity = Severity.CRITICAL, is_peek: bool = False) -> None:
        self.what, self.help, self.severity, self.is_peek = what, help, severity, is_peek


_VERIFY = 'Pass the issuer\'s key and the algorithms that it uses: `decode(token, key, algorithms=["RS256"])`.'


def _fault(site: CallSite, project: Project) -> _Fault | None:
    call, scope = site.call, site.scope
    if site.symbol in _UNVERIFIED:
        return _Fault("takes the claims of a token that nothing verifies", _VERIFY, is_peek=True)
    if any(each.stars == 2 for each in call.args):
        return None
    is_jose = site.symbol in _JOSE
    options = project.constant(call.argument(3, "options"), scope) if call.argument(3, "options") is not None else None
    verify = project.constant(call.keywords["verify"], scope) if "verify" in call.keywords else None
    off = isinstance(options, dict) and options.get("verify_signature", UNKNOWN) is False
    if off or verify is False:
        return _Fault("does not check the signature, so anyone can write the claims", _VERIFY, is_peek=True)
    given = call.argument(2, "algorithms") or call.keywords.get("algorithm")
    algorithms = None if given is None else project.constant(given, scope)
    if _names_none(algorithms):
        return _Fault("accepts the algorithm `none`, which is no signature", _VERIFY)
    if given is not None and _comes_from_token(given, site, project):
        return _Fault("lets the token choose the algorithm", "List the algorithms that the issuer uses, and no others.")
    if is_jose and (given is None or algorithms is None):
        what = "names no algorithms, so the token chooses one"
        return _Fault(what, 'Pass the one that the issuer uses: `algorithms=["HS256"]`.', Severity.MEDIUM)
    key = call.argument(1, "key")
    if key is not None and project.constant(key, scope) in ("", b""):
        return _Fault("verifies with an empty key, which everyone has", _VERIFY)
    return None


def _names_none(algorithms: Any) -> bool:
    names = [algorithms] if isinstance(algorithms, str) else algorithms if isinstance(algorithms, (list, tuple)) else ()
    return any(isinstance(each, str) and each.lower() == "none" for each in names)


def _comes_from_token(expr: ir.Expr, site: CallSite, project: Project) -> bool:
    """Whether the algorithm is read from the token's own header."""
    headers = set()
    if isinstance(site.scope, Function):
        for name, bindings in project.types.bindings(site.scope).items():
            for each in bindings:
                if type(each.expr) is ir.Call and project.site(each.expr, site.scope).symbol in _HEADERS:
                    headers.add(name)
    return any(
        (type(node) is ir.Name and node.id in headers)
        or (type(node) is ir.Call and project.site(node, site.scope).symbol in _HEADERS)
        for node in ir.walk_expression(expr)
    )


def _needs_no_proof(site: CallSite, project: Project, verifying: set[str], serving: frozenset[str]) -> bool:
    """Whether a verifying function is near, the code says that it only peeks, or the token is not a client's."""
    token = site.call.argument(0, "token")
    spoken = {word for node in ir.walk_expression(token) for word in words(_said(node))} if token is not None else set()
    if {"id", "token"} <= spoken:
        return True
    scope = site.scope
    if not isinstance(scope, Function):
        return False
    if _PEEKING & {*words(scope.name), *words(_assigned_to(site.call, scope))}:
        return True
    near = [scope, *(each.scope for each in project.callers(scope) if isinstance(each.scope, Function))]
    if token is None or not _is_clients(token, scope, project, serving):
        return True
    if _is_shown_to_issuer(token, site, scope, project):
        return True
    around = {function.qualified for function in near}
    around |= {target.qualified for function in near for each in project.sites(function) for target in each.targets}
    return bool(around & verifying)


def _serving(project: Project) -> frozenset[str]:
    """Functions that the framework calls for a request."""
    functions = [each for route in project.routes for each in (route.handler, *route.dependencies) if each is not None]
    functions += [guard.function for route in project.routes for guard in route.guards if guard.function is not None]
    return frozenset(each.qualified for each in functions)


def _is_clients(
    expr: ir.Expr, function: Function, project: Project, serving: frozenset[str], depth: int = _DEPTH
) -> bool:
    """Whether a token comes from a request: read there, given to a function that serves, or handed on by one.

    A function that nothing in the project calls is called from outside, with whatever arrives there.
    """
    for node in ir.walk_expression(expr):
        if _REQUEST.search(_said(node)):
            return True
        if type(node) is not ir.Name:
            continue
        if function.parameter(node.id) is not None:
            if function.qualified in serving or not project.callers(function):
                return True
            handed = [site for site in project.callers(function) if isinstance(site.scope, Function)] if depth else []
            if any(
                _is_clients(value, site.scope, project, serving, depth - 1)  # type: ignore[arg-type]
                for site in handed
                for value in _handed(site, function, node.id)
            ):
                return True
        elif depth and any(
            _is_clients(each.expr, function, project, serving, depth - 1)
            for each in project.types.bindings(function).get(node.id, ())
            if each.kind == "value" and each.expr is not expr
        ):
            return True
    return False


def _handed(site: CallSite, function: Function, name: str) -> Iterator[ir.Expr]:
    """What a call gives to a parameter."""
    plain = [each.name for each in function.parameters if each.kind in ("positional", "plain")]
    if function.cls is not None and plain[:1] in (["self"], ["cls"]):
        plain = plain[1:]
    value = site.call.argument(plain.index(name) if name in plain else None, name)
    if value is not None:
        yield value


def _is_shown_to_issuer(token: ir.Expr, site: CallSite, function: Function, project: Project) -> bool:
    """Whether a service has been asked about the token before: introspection, or the user's data for it."""
    spoken = ir.dotted(token)
    if spoken is None:
        return False
    held = {spoken}
    for stmt in function.statements:
        if type(stmt) is ir.Assign and stmt.value is not None and any(_mentions(stmt.value, each) for each in held):
            held |= {each.id for each in stmt.targets if type(each) is ir.Name}
    return any(
        other.call.end <= site.call.at
        and other.method in _ASKING
        and not other.targets
        and any(_mentions(arg.value, each) for arg in other.call.args for each in held)
        for other in project.sites(function)
    )


def _mentions(expr: ir.Expr, dotted: str) -> bool:
    return any(ir.dotted(node) == dotted for node in ir.walk_expression(expr) if type(node) in (ir.Name, ir.Attribute))


def _assigned_to(call: ir.Call, function: Function) -> str:
    return next(
        (
            ir.dotted(stmt.targets[0]) or ""
            for stmt in function.statements
            if type(stmt) is ir.Assign and stmt.value is not None and stmt.at <= call.at and call.end <= stmt.end
        ),
        "",
    )


def _said(node: ir.Expr) -> str:
    match node:
        case ir.Name(id=text) | ir.Attribute(name=text) | ir.Const(value=str(text)):
            return text
        case _:
            return ""


_ALL = _PYJWT | _JOSE | _UNVERIFIED
