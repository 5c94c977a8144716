"""Certificates are not checked.

## What it does
Reports outbound calls and clients whose certificate or host name check is switched off: `verify=False`, `ssl=False`,
`CERT_NONE`, `check_hostname = False`, `_create_unverified_context`, also where the value comes from a constant.

## Why it matters
Whoever sits between the two ends can read and change everything that is sent, credentials included, and nothing shows.

## Example
```python
import requests


def fetch(url: str) -> bytes:
    return requests.get(url, verify=False, timeout=5).content
```

## Use instead
```python
import requests


def fetch(url: str) -> bytes:
    return requests.get(url, verify="/etc/ssl/our-ca.pem", timeout=5).content
```

## When not to
Addresses of the same host are not reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Place, Project, ProjectRule, Scope, Severity, Unit, ir, words

_KEYWORDS = {
    "requests": ("verify",),
    "httpx": ("verify",),
    "aiohttp": ("ssl", "verify_ssl"),
    "urllib3": ("assert_hostname",),
    "boto3": ("verify",),
    "hvac": ("verify",),
    "elasticsearch": ("verify_certs",),
    "opensearchpy": ("verify_certs",),
    "ldap3": ("validate",),
    "kubernetes": ("verify_ssl",),
}
_UNVERIFIED = frozenset({"ssl._create_unverified_context"})
_NONE = frozenset({"ssl.CERT_NONE"})
_LOCAL = ("http://localhost", "https://localhost", "https://127.", "http://127.", "https://[::1]")
_SWITCH = frozenset(
    {"verify", "verification", "validate", "validation", "insecure", "tls", "ssl", "certificate", "certificates"}
)


class TlsVerificationDisabled(ProjectRule):
    code = "SEC218"
    severity = Severity.HIGH
    cwe = (295,)
    owasp = ("A02:2021", "A07:2021", "A04:2025")
    unit = Unit.OUTBOUND

    def check(self, project: Project) -> Iterable[Finding]:
        for scope in project.scopes():
            for site in project.sites(scope):
                for what in _switched_off(site, project):
                    if not _is_asked_for(site.call, scope):
                        yield self._finding(site.at, f"`{site.name}` does not check certificates ({what})")
            for stmt, what in _assigned(project, scope):
                if not _is_asked_for(stmt, scope):
                    yield self._finding(project.place(stmt, scope), f"certificates are not checked ({what})")

    def _finding(self, at: Place, message: str) -> Finding:
        return self.finding(
            at,
            f"{message}: anyone on the way can read and change the traffic",
            help="Leave the check on; for a private authority give its certificate (`verify=path`, `cafile=path`).",
        )


def _switched_off(site: CallSite, project: Project) -> Iterator[str]:
    symbol = site.symbol or ""
    if symbol in _UNVERIFIED:
        yield "an unverified context"
    for keyword in _KEYWORDS.get(symbol.partition(".")[0], ()):
        value = site.call.keywords.get(keyword)
        if value is not None and project.constant(value, site.scope) is False and not _is_local(site, project):
            yield f"`{keyword}=False`"
    required = site.call.keywords.get("cert_reqs")
    if required is not None and project.qualified(required, site.scope) in _NONE:
        yield "`cert_reqs=CERT_NONE`"


def _is_local(site: CallSite, project: Project) -> bool:
    url = site.call.argument(0, "url")
    match url:
        case ir.Text(pieces=[ir.Const(value=str(start)), *_]):
            return start.startswith(_LOCAL)
        case _:
            known = project.constant(url, site.scope)
            return isinstance(known, str) and known.startswith(_LOCAL)


def _is_asked_for(node: ir.Node, scope: Scope) -> bool:
    """Whether the operator has switched the check off, or the certificate itself is what is fetched."""
    if any(type(call.func) is ir.Attribute and call.func.name == "getpeercert" for call in ir.calls(scope.body)):
        return True
    return any(
        type(stmt) is ir.If and stmt.at <= node.at and node.end <= stmt.end and _SWITCH & _spoken(stmt.test)
        for stmt in ir.walk_statements(scope.body)
    )


def _spoken(test: ir.Expr) -> set[str]:
    """The words of the names in a condition."""
    names = (
        node.name if isinstance(node, ir.Attribute) else node.id
        for node in ir.walk_expression(test)
        if isinstance(node, ir.Attribute | ir.Name)
    )
    return {word for name in names for word in words(name)}


def _assigned(project: Project, scope: Scope) -> Iterator[tuple[ir.Stmt, str]]:
    for stmt in getattr(scope, "statements", None) or ir.walk_statements(scope.body):
        match stmt:
            case ir.Assign(targets=[ir.Attribute(name="verify_mode")], value=value) if value is not None:
                if project.qualified(value, scope) in _NONE:
                    yield stmt, "`verify_mode = CERT_NONE`"
            case ir.Assign(targets=[ir.Attribute(name="verify") as target], value=value):
                owner = project.type_of(target.value, scope)
                is_session = owner is not None and owner.name in ("requests.Session", "httpx.Client")
                if is_session and project.constant(value, scope) is False:
                    yield stmt, "`verify = False`"
            case ir.Assign(targets=[ir.Attribute() as target], value=value) if value is not None:
                name = project.qualified(target, scope)
                if name == "ssl._create_default_https_context" and project.qualified(value, scope) in _UNVERIFIED:
                    yield stmt, "every HTTPS context of the process"
