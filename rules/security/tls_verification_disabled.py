"""A connection is encrypted, but not to whom it should be.

## What it does
Reports outbound calls and clients whose certificate or host name check is switched off: `verify=False`, `ssl=False`,
`CERT_NONE`, `check_hostname = False`, `_create_unverified_context`, also where the value comes from a constant. The same for SSH clients that
trust any host key (`AutoAddPolicy`, `known_hosts=None`), and for contexts, sockets and defaults that ask for SSL 2, SSL 3,
TLS 1.0 or TLS 1.1, which whoever is in between can break.

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

## References
- https://cwe.mitre.org/data/definitions/295.html
- https://www.rfc-editor.org/rfc/rfc8996 (TLS 1.0 and 1.1 are deprecated)
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Place, Project, ProjectRule, Scope, Severity, Unit, ir, words

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
_VERSIONS = {
    "SSLv2": "SSL 2",
    "SSLv3": "SSL 3",
    "TLSv1": "TLS 1.0",
    "TLSv1_1": "TLS 1.1",
}
_BROKEN = {
    **{f"ssl.PROTOCOL_{name}": shown for name, shown in _VERSIONS.items()},
    **{f"ssl.TLSVersion.{name}": shown for name, shown in _VERSIONS.items()},
    **{f"OpenSSL.SSL.{name}_METHOD": shown for name, shown in _VERSIONS.items()},
}
_BROKEN_NAMES = frozenset(name.rpartition(".")[2] for name in _BROKEN)
_UNVERIFIED = frozenset({"ssl._create_unverified_context"})
_NONE = frozenset({"ssl.CERT_NONE"})
_LOCAL = ("http://localhost", "https://localhost", "https://127.", "http://127.", "https://[::1]")
_SWITCH = frozenset(
    {"verify", "verification", "validate", "validation", "insecure", "tls", "ssl", "certificate", "certificates"}
)

_CHECK = "Leave the check on; for a private authority give its certificate (`verify=path`, `cafile=path`)."
_KNOW = "Load the known hosts, and leave `RejectPolicy`, which is the default."
_MODERN = (
    "Take `ssl.create_default_context()`, and set `minimum_version = ssl.TLSVersion.TLSv1_2` where it must be said."
)


class TlsVerificationDisabled(ProjectRule):
    code = "SEC218"
    severity = Severity.HIGH
    cwe = (295, 327)
    owasp = ("A02:2021", "A07:2021", "A04:2025")
    unit = Unit.OUTBOUND

    def check(self, project: Project) -> Iterable[Finding]:
        for scope in project.scopes():
            for site in project.sites(scope):
                for what in _switched_off(site, project):
                    if not _is_asked_for(site.call, scope):
                        yield self._finding(site.at, f"`{site.name}` does not check certificates ({what})")
                for what in _trusted(site, project):
                    yield self._finding(site.at, f"`{site.name}` trusts any host key ({what})", _KNOW)
                for value, version in _asked_for(site, project):
                    yield self._finding(project.place(value, scope), f"`{site.name}` asks for {version}", _MODERN)
            statements = list(_statements(scope))
            for stmt, what in _assigned(statements, project, scope):
                if not _is_asked_for(stmt, scope):
                    yield self._finding(project.place(stmt, scope), f"certificates are not checked ({what})")
            for value, name, version in _set(statements, project, scope):
                yield self._finding(project.place(value, scope), f"`{name}` is {version}", _MODERN)

    def _finding(self, at: Place, message: str, help: str = _CHECK) -> Finding:
        return self.finding(at, f"{message}: anyone on the way can read and change the traffic", help=help)


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


def _trusted(site: CallSite, project: Project) -> Iterator[str]:
    """What makes an SSH client take any host for the one that it asks for."""
    if site.method == "set_missing_host_key_policy" and site.call.args:
        policy = site.call.args[0].value
        name = project.qualified(ir.callee(policy), site.scope) or ""
        if name.startswith("paramiko.") and name.endswith(("AutoAddPolicy", "WarningPolicy")):
            yield f"`{name.rpartition('.')[2]}`"
    known = site.call.keywords.get("known_hosts")
    if (site.symbol or "").startswith("asyncssh.") and type(known) is ir.Const and known.value is None:
        yield "`known_hosts=None`"


def _asked_for(site: CallSite, project: Project) -> Iterator[tuple[ir.Expr, str]]:
    """The arguments of a call that are broken versions of the protocol."""
    for arg in site.call.args:
        version = _version(arg.value, site.scope, project)
        if version is not None:
            yield arg.value, version


def _set(statements: list[ir.Stmt], project: Project, scope: Scope) -> Iterator[tuple[ir.Expr, str, str]]:
    """The attributes that are set to a broken version of the protocol, and the parameters that are one by default."""
    for stmt in statements:
        name = _target(stmt)
        version = _version(stmt.value, scope, project) if type(stmt) is ir.Assign and name else None
        if type(stmt) is ir.Assign and stmt.value is not None and name and version:
            yield stmt.value, name, version
    for parameter in scope.parameters if isinstance(scope, Function) else ():
        version = _version(parameter.default, scope.around, project)
        if parameter.default is not None and version is not None:
            yield parameter.default, parameter.name, version


def _version(value: ir.Expr | None, scope: Scope, project: Project) -> str | None:
    match value:
        case ir.Name(id=name) | ir.Attribute(name=name) if name in _BROKEN_NAMES:
            return _BROKEN.get(project.qualified(value, scope) or "")
        case _:
            return None


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


def _assigned(statements: list[ir.Stmt], project: Project, scope: Scope) -> Iterator[tuple[ir.Stmt, str]]:
    for stmt in statements:
        match stmt:
            case ir.Assign(targets=[ir.Attribute(name="check_hostname")], value=ir.Const(value=False)):
                if not any(_target(each) == "verify_mode" for each in statements):
                    yield stmt, "`check_hostname = False`"
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


def _statements(scope: Scope) -> Iterable[ir.Stmt]:
    return scope.statements if isinstance(scope, Function) else ir.walk_statements(scope.body)


def _target(stmt: ir.Stmt) -> str | None:
    """The attribute that a statement assigns."""
    match stmt:
        case ir.Assign(targets=[ir.Attribute(name=name)]):
            return name
        case _:
            return None
