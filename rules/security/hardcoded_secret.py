"""Credential written in the code.

## What it does
Reports literals that are credentials: texts in the format of a known issuer (cloud, payment, source hosting, mail,
chat) and private keys anywhere, and literals that a password, token or key is given: by assignment, argument, default,
dictionary entry, comparison, or as the password in a connection URL. Placeholders, names of settings, examples in
schemas and tests are left out. The value itself appears in no report.

## Why it matters
Whoever can read the repository, an image or a stack trace has the credential, and changing it takes a release. It
stays in the history after it is removed.

## Example
```python
import psycopg2

connection = psycopg2.connect(host="db.internal", user="shop", password="k9!vTq2-rEw81")
```

## Use instead
```python
import os
import psycopg2

connection = psycopg2.connect(host="db.internal", user="shop", password=os.environ["DB_PASSWORD"])
```

## When not to
Signing keys with a constant or a fallback are SEC303's.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from backend_lint.api import Class, Confidence, Finding, Project, ProjectRule, Scope, Severity, Unit, ir
from backend_lint.rules.security._shared import (
    REHEARSAL,
    is_credential,
    is_placeholder,
    is_signing_key,
    read_default,
    target_name,
    texts,
    words,
)

_FORMATS = (
    ("AWS access key", r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b"),
    ("GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}\b"),
    ("GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}\b"),
    ("Slack token", r"\bxox[abprs]-[0-9A-Za-z]{8,}-[0-9A-Za-z-]{10,}"),
    ("Slack webhook", r"https://hooks\.slack\.com/services/T[0-9A-Z]{6,}/B[0-9A-Z]{6,}/[0-9A-Za-z]{16,}"),
    ("Stripe key", r"\b[sr]k_live_[0-9A-Za-z]{16,}\b"),
    ("Google API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    ("SendGrid key", r"\bSG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{32,}"),
    ("Twilio key", r"\bSK[0-9a-f]{32}\b"),
    ("OpenAI key", r"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9]{20}T3BlbkFJ[A-Za-z0-9]{20}\b"),
    ("Anthropic key", r"\bsk-ant-[a-z0-9]+-[A-Za-z0-9_-]{80,}"),
    ("PyPI token", r"\bpypi-AgEIcHlwaS5vcmc[A-Za-z0-9_-]{50,}"),
    ("npm token", r"\bnpm_[A-Za-z0-9]{36}\b"),
    ("Mailgun key", r"\bkey-[0-9a-f]{32}\b"),
    ("private key", r"-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=\\]{40,}"),
)
_ISSUED = re.compile("|".join(f"(?P<f{index}>{pattern})" for index, (_, pattern) in enumerate(_FORMATS)))
_MAYBE_ISSUED = re.compile(
    "AKIA|ASIA|gh[pousr]_|github_pat_|glpat-|xox|hooks\\.slack|_live_|AIza|SG\\.|SK|sk-|pypi-|npm_|key-|PRIVATE KEY"
)
_URL = re.compile(r"^[a-z][a-z0-9+.-]{2,24}://[^\s/@:]*:[^\s/@]+@[^\s/]", re.IGNORECASE)
_DATA = re.compile(r"[0-9]")
_LETTERS = re.compile(r"[A-Za-z]")
_NAME_LIKE = re.compile(
    r"^[a-z]+(?:[._:/-][a-z]+)*$|^[A-Z]+(?:[_-][A-Z]+)*$|^(?:[A-Z][a-z]+)+$|^[\w.-]+\.[a-z]{2,5}$|^[a-z]+(?:[A-Z][a-z]+)*$"
)
_EXAMPLES = frozenset({"example", "examples", "openapi_examples"})
_LOCAL = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", "host.docker.internal", "example.com", "example.org"})


class HardcodedSecret(ProjectRule):
    code = "SEC302"
    severity = Severity.HIGH
    cwe = (798, 259, 321)
    owasp = ("A07:2021", "A07:2025", "API8:2023")
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterator[Finding]:
        for scope in project.scopes():
            if isinstance(scope, Class) and project.classes.is_subclass(scope, "enum.Enum"):
                continue
            yield from self._named(scope)
            exempt: set[int] = set()
            for node in ir.walk(_shipped(scope)):
                kind = type(node)
                if kind is ir.Const:
                    yield from self._alone(node, scope)
                elif kind is ir.Call or kind is ir.Dict or kind is ir.Compare:
                    if kind is ir.Call:
                        exempt.update(map(id, _parameters_of_address(node)))
                    exempt.update(id(each) for shown in _examples(node) for each in ir.walk_expression(shown))
                    if id(node) not in exempt:
                        yield from self._given(node, scope)

    def _named(self, scope: Scope) -> Iterator[Finding]:
        """Defaults of parameters, and values of variables."""
        for parameter in getattr(scope, "parameters", ()):
            yield from self._value(parameter.default, parameter.name, scope)
        for stmt in ir.walk_statements(_shipped(scope)):
            if type(stmt) is ir.Assign:
                name = next(filter(None, map(target_name, stmt.targets)), "")
                yield from self._value(stmt.value, name, scope)

    def _given(self, node: ir.Expr, scope: Scope) -> Iterator[Finding]:
        """Arguments, entries of dictionaries, and what is compared."""
        match node:
            case ir.Call():
                read = read_default(node)
                if read is not None:
                    yield from self._value(read[1], read[0], scope)
                    return
                for arg in node.args if not _is_local(node) else ():
                    if arg.keyword is not None:
                        yield from self._value(arg.value, arg.keyword, scope, True)
            case ir.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    yield from self._value(value, _text(key), scope)
            case ir.Compare(op="==" | "!=", left=left, right=right):
                for value, other in ((left, right), (right, left)):
                    name = (ir.dotted(other) or "").rpartition(".")[2]
                    if type(value) is ir.Const and words(name)[-1:] == ("password",):
                        yield from self._value(value, name, scope, True)

    def _value(self, expr: ir.Expr | None, name: str, scope: Scope, is_used: bool = False) -> Iterator[Finding]:
        """What is wrong in an expression that is given to something of this name."""
        if expr is None or not is_credential(name) or is_signing_key(name) or REHEARSAL & set(words(name)):
            return
        for each in texts(expr):
            if _is_secret(str(each.value), name, is_used) and _issued(str(each.value)) is None:
                yield self._found(each, f"value of `{name}`", name, scope, Severity.HIGH, Confidence.MEDIUM)

    def _alone(self, expr: ir.Const, scope: Scope) -> Iterator[Finding]:
        """A literal that says itself what it is."""
        text = expr.value
        if not isinstance(text, str) or not 16 <= len(text) <= 8192:
            return
        issued = _issued(text)
        if issued is not None:
            yield self._found(expr, issued, issued, scope, Severity.CRITICAL, Confidence.HIGH)
        elif "@" in text and _URL.match(text) and _has_password(text):
            yield self._found(expr, "password in a connection URL", "url", scope, Severity.HIGH, Confidence.HIGH)

    def _found(
        self, expr: ir.Const, what: str, name: str, scope: Scope, severity: Severity, confidence: Confidence
    ) -> Finding:
        place = scope.module.place(expr)
        return self.finding(
            place,
            f"the {what} stands in the code",
            help="Revoke it, and read its successor from the environment or a secret store.",
            secrets=[place],
            severity=severity,
            confidence=confidence,
            discriminator=name,
            unit=scope.module.path,
        )


def _shipped(scope: Scope) -> list[ir.Stmt]:
    """The statements of a scope that run for others, too: not what somebody tries out under `__name__ == "__main__"`."""
    return [
        stmt
        for stmt in scope.body
        if not (type(stmt) is ir.If and type(stmt.test) is ir.Compare and ir.dotted(stmt.test.left) == "__name__")
    ]


def _parameters_of_address(call: ir.Call) -> Iterator[ir.Expr]:
    """What `reverse("orders:open", kwargs={…})` puts into an address, which is no credential of anything."""
    if any(arg.keyword is None and ":" in _text(arg.value) for arg in call.args):
        yield from (arg.value for arg in call.args if arg.keyword == "kwargs")


def _is_local(call: ir.Call) -> bool:
    """Whether what is called is given a host of the developer's own, whose password is nobody's secret."""
    host = _text(call.keywords.get("host"))
    return host in _LOCAL or (host != "" and "." not in host)


def _examples(node: ir.Expr) -> Iterator[ir.Expr]:
    """What a schema or a response shows as an example, which documents the shape of a credential and is none."""
    match node:
        case ir.Call(args=args):
            yield from (arg.value for arg in args if arg.keyword in _EXAMPLES)
        case ir.Dict(keys=keys, values=values):
            yield from (value for key, value in zip(keys, values, strict=True) if _text(key) in _EXAMPLES)


def _issued(text: str) -> str | None:
    """What a text is by its format."""
    if len(text) < 16 or _MAYBE_ISSUED.search(text) is None:
        return None
    match = _ISSUED.search(text)
    if match is None or match.lastgroup is None or is_placeholder(match.group()):
        return None
    return _FORMATS[int(match.lastgroup[1:])][0]


def _has_password(text: str) -> bool:
    """Whether a URL carries a password of a host that is not the developer's own."""
    try:
        parts = urlsplit(text)
        host, password, user = parts.hostname or "", parts.password or "", parts.username or ""
    except ValueError:
        return False
    if host in _LOCAL or "." not in host or host.endswith((".example.com", ".local", ".test")):
        return False
    return not is_placeholder(password) and password.lower() not in (
        user.lower(),
        "pass",
        "pw",
        "pwd",
        "postgres",
        "root",
    )


def _is_secret(text: str, name: str, is_used: bool) -> bool:
    """Whether a literal can be a secret of this name: no placeholder, no name of something, no sentence.

    Where it is used rather than kept (passed, compared), a password may be a plain word.
    """
    if not 5 <= len(text) <= 500 or any(each.isspace() for each in text) or is_placeholder(text):
        return False
    if text.startswith(("/", "http://", "https://", "./", "arn:", "env:", "vault:")) or text == name:
        return False
    last = words(name)[-1]
    if last in ("password", "passwd", "passphrase", "pwd"):
        if text[-1] in ".:?," or (text.isnumeric() and len(text) < 6):
            return False
        return _NAME_LIKE.match(text) is None or (is_used and not set(words(text)) & _NAMING)
    return (
        len(text) >= 10 and bool(_DATA.search(text)) and bool(_LETTERS.search(text)) and _NAME_LIKE.match(text) is None
    )


_NAMING = frozenset(
    [
        "password",
        "passwords",
        "passwd",
        "pwd",
        "secret",
        "token",
        "key",
        "field",
        "input",
        "hidden",
        "string",
        "str",
        "text",
        "type",
        "user",
        "username",
        "email",
        "login",
        "auth",
        "reset",
        "change",
        "confirm",
        "forgot",
        "new",
        "old",
        "current",
        "required",
        "invalid",
        "wrong",
        "missing",
        "error",
        "hash",
        "hashed",
        "plain",
        "encrypted",
        "default",
        "bearer",
        "basic",
        "none",
        "true",
        "false",
        "admin",
    ]
)


def _text(expr: ir.Expr | None) -> str:
    return expr.value if type(expr) is ir.Const and isinstance(expr.value, str) else ""
