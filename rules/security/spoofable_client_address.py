"""Client that names the address by which it is judged.

## What it does
Reports code that limits, locks or lets in by the first address of `X-Forwarded-For`, or by `X-Real-IP` and the like, as
the client sent them: in the key of a rate limit, in a throttle, in a list of allowed addresses.

## Why it matters
Proxies append to `X-Forwarded-For`; its first entry is whatever the client wrote. A new value with each request makes
every limit endless, and the right one opens what only the office may see.

## Example
```python
from flask import Flask, request
from flask_limiter import Limiter


def client():
    return request.headers.get("X-Forwarded-For", request.remote_addr).split(",")[0]


app = Flask(__name__)
limiter = Limiter(client, app=app, default_limits=["100/hour"])
```

## Use instead
```python
from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.middleware.proxy_fix import ProxyFix

app = Flask(__name__)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1)
limiter = Limiter(get_remote_address, app=app, default_limits=["100/hour"])
```

## When not to
Where a proxy that cannot be passed by replaces the header, it can be believed: ignore the rule, and say which proxy.

## References
- https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/X-Forwarded-For#security_and_privacy_concerns
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Confidence, Finding, Function, Project, ProjectRule, Role, Severity, Step, Unit, ir

_HEADERS = frozenset(
    {"x-forwarded-for", "http_x_forwarded_for", "x-real-ip", "http_x_real_ip", "x-client-ip", "true-client-ip"}
    | {"cf-connecting-ip", "x-cluster-client-ip", "http_x_client_ip"}
)
_DECIDES = re.compile(
    r"throttl|rate_?limit|limiter|allow(?:ed)?_?(?:ip|list|host|addr|network)|white_?list|black_?list|is_allowed|ip_allowed"
    r"|bann?ed|is_blocked|brute|lock_?out|check_ip|ip_check|ip_filter|trusted_ip|internal_ip|is_internal|max_attempts"
    r"|verify_ip|ip_restrict|allow_from",
    re.IGNORECASE,
)
_TRUSTS = re.compile(
    r"trusted?_?(?:prox|hop|ip|host)|proxy_?(?:fix|count|depth|hops)|num_?proxies|forwarded_allow", re.IGNORECASE
)


class SpoofableClientAddress(ProjectRule):
    code = "SEC120"
    preview = True
    severity = Severity.MEDIUM
    cwe = (348, 290)
    owasp = ("A01:2021", "A01:2025")
    unit = Unit.FUNCTION
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        keys = _keys(project)
        for function in project.functions(Role.APP):
            read = _read(function)
            if read is None or _is_careful(function):
                continue
            use = _use(function, project, keys)
            if use is not None:
                node, header = read
                yield self.finding(
                    function.place(node),
                    f"`{header}` is taken as the client sent it, and {use.note}: any client can write another address",
                    help="Take the address of the connection, and let the server's proxy support (`ProxyFix`, "
                    "`--forwarded-allow-ips`) put the proxied one there.",
                    related=[use]
                    if use.at.path != function.module.path or use.at.line != function.place(node).line
                    else [],
                )

    def examined(self, project: Project) -> list[str]:
        return [function.qualified for function in project.functions(Role.APP) if _read(function) is not None]


def _read(function: Function) -> tuple[ir.Expr, str] | None:
    """Where a function reads a header of proxies, and which one."""
    for node in ir.walk(function.body):
        match node:
            case (
                ir.Call(
                    func=ir.Attribute(name="get" | "getlist" | "get_header"),
                    args=[ir.Argument(value=ir.Const(value=str(header))), *_],
                )
                | ir.Subscript(index=ir.Const(value=str(header)))
            ):
                if header.lower() in _HEADERS:
                    return node, header
    return None


def _is_careful(function: Function) -> bool:
    """Whether the code looks at who forwards: a list of trusted proxies, or an entry counted from the end."""
    for node in ir.walk(function.body):
        if type(node) in (ir.Name, ir.Attribute) and _TRUSTS.search(node.id if type(node) is ir.Name else node.name):  # type: ignore[union-attr]
            return True
        if type(node) is ir.Const and isinstance(node.value, str) and _TRUSTS.search(node.value):
            return True
        if type(node) is ir.Subscript and type(node.index) is ir.Const and node.index.value == -1:
            return True
    return False


def _use(function: Function, project: Project, keys: dict[str, Step]) -> Step | None:
    """What is decided by the address: here, where the function is called, or where it is handed over as a key."""
    if function.qualified in keys:
        return keys[function.qualified]
    if _DECIDES.search(function.qualified.rpartition(f"{function.module.name}.")[2]):
        return Step(function.at, f"`{function.name}` decides by it")
    for site in project.callers(function):
        scope = site.scope
        if isinstance(scope, Function) and _DECIDES.search(scope.qualified.removeprefix(scope.module.name)):
            return Step(site.at, f"`{scope.name}` decides by it")
    return None


def _keys(project: Project) -> dict[str, Step]:
    """The functions that are given to a limiter as the key of who is calling."""
    found: dict[str, Step] = {}
    for scope in project.scopes(Role.APP):
        for site in project.sites(scope):
            if "imiter" in site.name or (site.method or "").lower() == "limit":
                for value in (site.call.argument(0, "key_func"), site.call.argument(None, "identifier")):
                    name = project.qualified(value, scope) if value is not None else None
                    if name is not None:
                        found[name] = Step(site.at, "it is the key of a rate limit")
    return found
