"""Secret in a token or cookie that its bearer can read.

## What it does
Reports passwords, keys and other credentials among the claims of a JSON Web Token, in the session of Flask, which is
kept in a signed cookie, and in what Django or itsdangerous sign.

## Why it matters
A signature keeps a value from being changed, not from being read: the claims of a token and the content of a signed
cookie are plain base64, for the browser, for scripts and for whoever finds them in a log.

## Example
```python
from flask import Flask, request, session

app = Flask(__name__)


@app.post("/login")
def login():
    session["user"] = request.form["user"]
    session["password"] = request.form["password"]
    return ""
```

## Use instead
```python
from flask import Flask, request, session

app = Flask(__name__)


@app.post("/login")
def login():
    session["user"] = request.form["user"]
    return ""
```

## When not to
Sessions that are kept at the server (Flask-Session) hide their content; where one is configured, the rule is silent.

## References
- https://datatracker.ietf.org/doc/html/rfc7519#section-12
- https://flask.palletsprojects.com/en/stable/quickstart/#sessions
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Scope, Severity, Unit, ir, words
from backend_lint.rules.security._sensitive import is_lasting, is_secret, secret_parts

_SIGNERS = {
    "jwt.encode": (0, "payload"),
    "jwt.api_jwt.encode": (0, "payload"),
    "jwt.PyJWT.encode": (0, "payload"),
    "jose.jwt.encode": (0, "claims"),
    "django.core.signing.dumps": (0, "obj"),
    "itsdangerous.URLSafeSerializer.dumps": (0, "obj"),
    "itsdangerous.URLSafeTimedSerializer.dumps": (0, "obj"),
}
_SERVER_SIDE = frozenset({"flask_session", "flask_kvsession", "flask_redis_sessions", "beaker"})


class ReadableTokenPayload(ProjectRule):
    code = "SEC308"
    severity = Severity.MEDIUM
    cwe = (315, 312, 522)
    owasp = ("A04:2021", "A04:2025", "API2:2023")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        is_kept = any(
            each.module.partition(".")[0] in _SERVER_SIDE or each.full_module.partition(".")[0] in _SERVER_SIDE
            for module in project.modules.values()
            for each in module.facts.imports
        )
        for function in project.functions():
            for site in project.sites(function):
                signer = _SIGNERS.get(site.symbol or "")
                if signer is not None:
                    yield from self._signed(site.call.argument(*signer), function, project)
            if not is_kept:
                yield from self._session(function, project)

    def examined(self, project: Project) -> list[str]:
        return [
            f"{function.module.path}:{function.facts.qualname}"
            for function in project.functions()
            if any(site.symbol in _SIGNERS for site in project.sites(function)) or _stored(function, project)
        ]

    def _signed(self, payload: ir.Expr | None, function: Function, project: Project) -> Iterator[Finding]:
        for claims in _written(payload, function, project):
            for node, name, _ in secret_parts(claims, function, project):
                if _stays(name):
                    yield self._finding(node, name, "the claims of a signed token", function)

    def _session(self, function: Function, project: Project) -> Iterator[Finding]:
        for key, value in _stored(function, project):
            parts = (each for each in secret_parts(value, function, project) if _stays(each[1]))
            found = next(parts, None)
            is_plain = type(value) in (ir.Name, ir.Attribute, ir.Subscript) or (
                type(value) is ir.Call and (ir.dotted(value.func) or "").endswith(".get")
            )
            if found is not None or (is_secret(key) and is_plain and "password" in key and _stays(key)):
                name = key if found is None else found[1]
                yield self._finding(value, name, "the session cookie, which is signed and not encrypted", function)

    def _finding(self, node: ir.Expr, name: str, where: str, scope: Scope) -> Finding:
        return self.finding(
            scope.module.place(node),
            f"`{name}` is put into {where}: its bearer can read it",
            help="Keep it at the server and send an id; the signature does not hide what it signs.",
            discriminator=name,
        )


def _stays(name: str) -> bool:
    """Whether a secret is worth hiding from the user whose token it is in: not a token that is the user's own."""
    return is_lasting(name) and not {"token", "jwt"} & set(words(name))


def _written(payload: ir.Expr | None, function: Function, project: Project) -> Iterator[ir.Expr]:
    """The dictionaries that a payload is made of."""
    match payload:
        case ir.Dict():
            yield payload
        case ir.Name(id=name):
            for each in project.types.bindings(function).get(name, ()):
                if each.kind == "value" and type(each.expr) is ir.Dict:
                    yield each.expr


def _stored(function: Function, project: Project) -> list[tuple[str, ir.Expr]]:
    """What a function puts into Flask's session, by key."""
    return [
        (target.index.value, stmt.value)
        for stmt in function.statements
        if type(stmt) is ir.Assign and stmt.value is not None
        for target in stmt.targets
        if type(target) is ir.Subscript
        and type(target.index) is ir.Const
        and isinstance(target.index.value, str)
        and project.qualified(target.value, function) == "flask.session"
    ]
