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

from backend_lint.rules.security._shared import is_credential, is_placeholder, is_signing_key, words

from backend_lint.api import Class, Confidence, Finding, Project, ProjectRule, Scope, Severity, Unit, ir

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
_ILLUSTRATIONS = frozenset(
    ["example", "examples", "openapi_examples", "openapi_extra", "schema_extra", "json_schema_extra", "help", "help_text", "description", "doc", "usage", "epilog", "metavar", "placeholder", "responses"]
)
_DATA = re.compile(r"[0-9]")
_LETTERS = re.compile(r"[A-Za-z]")
_NAME_LIKE = re.compile(
    r"^[a-z]+(?:[._:/-][a-z]+)*$|^[A-Z]+(?:[_-][A-Z]+)*$|^(?:[A-Z][a-z]+)+$|^[\w.-]+\.[a-z]{2,5}$|^[a-z]+(?:[A-Z][a-z]+)*$"
)
_WRAPPERS = frozenset({"SecretStr", "Secret", "Field", "bytes", "str"})
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
            yield from self._scope(scope)

    def _scope(self, scope: Scope) -> Iterator[Finding]:
        for parameter in getattr(scope, "parameters", ()):
            if parameter.default is not None:
                yield from self._value(parameter.default, parameter.name, scope)
        for stmt in ir.walk_statements(scope.body):
            match stmt:
                case ir.Assign(targets=targets, value=value) if value is not None:
                    yield from self._value(value, next(filter(None, map(_name, targets)), ""), scope)
                    continue
                case ir.Evaluate(value=ir.Const()):
                    continue  # a docstring
            for child in ir.children(stmt):
                yield from self._value(child, "", scope)

    def _value(self, expr: ir.Expr, name: str, scope: Scope, is_used: bool = False) -> Iterator[Finding]:
        """What is wrong in an expression that is given to something of this name."""
        match expr:
            case ir.Const(value=str(text)):
                yield from self._literal(expr, text, name, scope, is_used)
            case ir.Call():
                yield from self._call(expr, name, scope)
            case ir.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    label = key.value if type(key) is ir.Const and isinstance(key.value, str) else ""
                    if label not in _ILLUSTRATIONS:
                        yield from self._value(value, label, scope)
            case ir.Compare(op="==" | "!=", left=left, right=right):
                for value, other in ((left, right), (right, left)):
                    known = ir.dotted(other) or ""
                    yield from self._value(value, known if "password" in words(known)[-1:] else "", scope, True)
            case ir.Bool(values=values):
                for value in values:
                    yield from self._value(value, name, scope)
            case ir.Conditional(test=test, body=body, orelse=orelse):
                yield from self._value(test, "", scope)
                yield from self._value(body, name, scope)
                yield from self._value(orelse, name, scope)
            case _:
                for child in ir.children(expr):
                    yield from self._value(child, "", scope)

    def _call(self, call: ir.Call, name: str, scope: Scope) -> Iterator[Finding]:
        func = ir.dotted(call.func) or ""
        yield from self._value(call.func, "", scope) if type(call.func) is not ir.Name else ()
        variable = _text(call.argument(0))
        reads = func.rpartition(".")[2] in (
            "getenv",
            "get",
            "config",
            "env",
            "str",
            "setdefault",
            "get_secret",
        ) and bool(variable)
        for index, arg in enumerate(call.args):
            if arg.keyword in _ILLUSTRATIONS:
                continue
            label = arg.keyword or ""
            if reads and (label == "default" or (not label and index == 1)):
                label = variable
            elif label in ("default", "value") or (not label and index == 0 and func.rpartition(".")[2] in _WRAPPERS):
                label = name
            yield from self._value(arg.value, label, scope, label == arg.keyword)

    def _literal(self, expr: ir.Const, text: str, name: str, scope: Scope, is_used: bool) -> Iterator[Finding]:
        what = _issued(text)
        if what is None and _URL.match(text) and _has_password(text):
            what = "password in a connection URL"
        certain = what is not None
        if (
            what is None
            and name
            and is_credential(name)
            and not is_signing_key(name)
            and _is_secret(text, name, is_used)
        ):
            what = f"value of `{name}`"
        if what is None:
            return
        place = scope.module.place(expr)
        yield self.finding(
            place,
            f"the {what} stands in the code",
            help="Revoke it, and read its successor from the environment or a secret store.",
            secrets=[place],
            severity=Severity.CRITICAL if certain and "URL" not in what else Severity.HIGH,
            confidence=Confidence.HIGH if certain else Confidence.MEDIUM,
            discriminator=name,
            unit=scope.module.path,
        )


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
    ["password", "passwords", "passwd", "pwd", "secret", "token", "key", "field", "input", "hidden", "string", "str", "text", "type", "user", "username", "email", "login", "auth", "reset", "change", "confirm", "forgot", "new", "old", "current", "required", "invalid", "wrong", "missing", "error", "hash", "hashed", "plain", "encrypted", "default", "bearer", "basic", "none", "true", "false", "admin"]
)


def _name(target: ir.Expr) -> str | None:
    """What a target of an assignment is called: a variable, an attribute, or the key that is set."""
    match target:
        case ir.Name(id=name) | ir.Attribute(name=name):
            return name
        case ir.Subscript(index=ir.Const(value=str(name))):
            return name
        case _:
            return None


def _text(expr: ir.Expr | None) -> str:
    return expr.value if type(expr) is ir.Const and isinstance(expr.value, str) else ""
