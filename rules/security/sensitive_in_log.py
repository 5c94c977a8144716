"""Secret or whole request written to the log.

## What it does
Reports log calls, audit calls and prints that are given passwords, tokens, keys and other credentials by name, or the
whole of what a client sent: its body, headers or cookies, or a validated form that holds a password. Values that a
mask, a hash or a length stands for are left out, and so are identifiers.

## Why it matters
Logs are copied, kept and read by many more people and systems than the database. A password in them is a password
that all of those have, for as long as logs are kept.

## Example
```python
import logging
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
logger = logging.getLogger(__name__)


class Login(BaseModel):
    name: str
    password: str


@app.post("/login")
def login(form: Login) -> None:
    logger.info("login of %s with %s", form.name, form.password)
```

## Use instead
```python
import logging
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()
logger = logging.getLogger(__name__)


class Login(BaseModel):
    name: str
    password: str


@app.post("/login")
def login(form: Login) -> None:
    logger.info("login of %s", form.name)
```

## When not to
Where a processor of the logging configuration redacts the name, say so in a suppression.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Confidence,
    Finding,
    Function,
    LogCall,
    Project,
    ProjectRule,
    Schema,
    Severity,
    Unit,
    ir,
    words,
)
from backend_lint.rules.security._shared import literal

_SECRET_ENDS = (
    ("password",),
    ("passwd",),
    ("passphrase",),
    ("secret",),
    ("access", "token"),
    ("refresh", "token"),
    ("auth", "token"),
    ("bearer", "token"),
    ("api", "token"),
    ("session", "token"),
    ("id", "token"),
    ("reset", "token"),
    ("jwt",),
    ("api", "key"),
    ("apikey",),
    ("secret", "key"),
    ("private", "key"),
    ("access", "key"),
    ("client", "secret"),
    ("credentials",),
    ("authorization",),
    ("otp",),
    ("otp", "code"),
    ("totp",),
    ("card", "number"),
    ("cvv",),
    ("cvc",),
    ("ssn",),
    ("iban",),
)
_NOT = frozenset(
    [
        "has",
        "is",
        "no",
        "needs",
        "hidden",
        "masked",
        "hashed",
        "hash",
        "encrypted",
        "fake",
        "redacted",
        "obfuscated",
        "safe",
        "type",
        "name",
        "id",
        "path",
        "file",
        "url",
        "uri",
        "count",
        "len",
        "length",
        "field",
        "error",
        "header",
        "headers",
    ]
)
_MASKS = frozenset(
    [
        "mask",
        "masked",
        "redact",
        "redacted",
        "hash",
        "hashed",
        "sha256",
        "md5",
        "digest",
        "hexdigest",
        "len",
        "bool",
        "type",
        "isinstance",
        "id",
        "obfuscate",
        "anonymize",
        "scrub",
        "censor",
        "hide",
        "truncate",
        "shorten",
        "sanitize",
        "sanitise",
        "filter",
    ]
)
_REQUESTS = frozenset(
    [
        "request.form",
        "request.json",
        "request.data",
        "request.values",
        "request.headers",
        "request.cookies",
        "request.POST",
        "request.META",
        "request.COOKIES",
        "request.body",
        "request.get_json",
        "request.get_data",
        "request.environ",
        "self.request.data",
        "self.request.POST",
        "self.request.headers",
        "self.request.META",
    ]
)


class SensitiveInLog(ProjectRule):
    code = "SEC304"
    preview = True
    severity = Severity.HIGH
    cwe = (532, 200)
    owasp = ("A09:2021", "A09:2025")
    unit = Unit.LOG

    def check(self, project: Project) -> Iterator[Finding]:
        served = {route.handler.module.path for route in project.routes if route.handler is not None}
        for log in project.logs:
            if log.level == "print" and log.at.path not in served:
                continue  # the output of a command is no log
            seen: set[str] = set()
            for expr in _given(log):
                for node, name, what in _secrets(expr, log, project):
                    if name not in seen:
                        seen.add(name)
                        yield self._finding(log, node, name, what)

    def _finding(self, log: LogCall, node: ir.Expr, name: str, what: str) -> Finding:
        where = "standard output" if log.level == "print" else "the log"
        is_debug = log.level in ("debug", "print")
        return self.finding(
            log.scope.module.place(node),
            f"`{name}`{what} is written to {where}",
            help="Log who and what happened, not the secret; a mask or the length says enough.",
            severity=Severity.MEDIUM if is_debug or what else Severity.HIGH,
            confidence=Confidence.HIGH if not what else Confidence.MEDIUM,
            discriminator=name,
        )


def _given(log: LogCall) -> Iterator[ir.Expr]:
    if log.message is not None:
        yield log.message
    yield from log.args
    yield from (value for name, value in log.keywords.items() if name not in ("exc_info", "stack_info", "event"))


def _secrets(expr: ir.Expr, log: LogCall, project: Project) -> Iterator[tuple[ir.Expr, str, str]]:
    """The parts of an argument that are written as they are, and are secret. What a call makes of them is not they."""
    match expr:
        case ir.Name(id=name) | ir.Attribute(name=name):
            dotted = ir.dotted(expr) or name
            if dotted in _REQUESTS:
                yield expr, dotted, ", all that the client sent,"
            elif _is_secret(name) and not _is_flag(expr, log, project):
                yield expr, dotted, ""
            else:
                yield from _whole(expr, dotted, log, project)
        case ir.Subscript(index=ir.Const(value=str(key))):
            if _is_secret(key):
                yield expr, key, ""
        case ir.Call(func=func):
            yield from _call(expr, func, log, project)
        case ir.Text(pieces=pieces):
            for piece in pieces:
                yield from _secrets(piece, log, project)
        case ir.Binary(left=left, right=right):
            yield from _secrets(left, log, project)
            yield from _secrets(right, log, project)
        case ir.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if (
                    type(key) is ir.Const
                    and isinstance(key.value, str)
                    and _is_secret(key.value)
                    and type(value) is not ir.Const
                ):
                    if not _is_masked(value):
                        yield value, key.value, ""
                else:
                    yield from _secrets(value, log, project)
        case ir.Sequence(items=items) | ir.Bool(op="or", values=items):
            for item in items:
                yield from _secrets(item, log, project)
        case ir.Await(value=value):
            yield from _secrets(value, log, project)


def _call(call: ir.Call, func: ir.Expr, log: LogCall, project: Project) -> Iterator[tuple[ir.Expr, str, str]]:
    dotted = ir.dotted(func) or ""
    method = dotted.rpartition(".")[2]
    key = call.argument(0)
    if dotted in _REQUESTS:
        yield call, f"{dotted}()", ", all that the client sent,"
    elif method == "get" and type(key) is ir.Const and isinstance(key.value, str) and _is_secret(key.value):
        yield call, key.value, ""
    elif method in ("get_secret_value",):
        yield call, ir.dotted(func.value) or "secret" if type(func) is ir.Attribute else "secret", ""
    elif method in ("str", "repr", "dict", "dumps", "decode", "pformat", "format") or (
        method.startswith("model_dump") and not call.keywords.keys() & {"exclude", "include"}
    ):
        inner = [arg.value for arg in call.args]
        if type(func) is ir.Attribute and method not in ("dumps", "pformat", "format"):
            inner.append(func.value)
        for each in inner:
            yield from _secrets(each, log, project)


def _whole(expr: ir.Expr, dotted: str, log: LogCall, project: Project) -> Iterator[tuple[ir.Expr, str, str]]:
    """A schema with a password in it, written as a whole."""
    kind = project.type_of(expr, log.scope)
    schema = None if kind is None or kind.itself else project.schemas.get(kind.name)
    if schema is not None:
        secret = _secret_field(schema)
        if secret is not None:
            yield expr, dotted, f" with its `{secret}`"


def _secret_field(schema: Schema) -> str | None:
    if schema.kind not in ("pydantic", "dataclass", "msgspec", "attrs", "typeddict") or schema.cls.methods.keys() & {
        "__repr__",
        "__str__",
    }:
        return None
    return next(
        (
            each.name
            for each in schema.fields.values()
            if words(each.name)[-1:] in (("password",), ("passwd",)) and each.type == "str" and _is_secret(each.name)
        ),
        None,
    )


def _is_secret(name: str) -> bool:
    spoken = words(name)
    return any(spoken[-len(end) :] == end for end in _SECRET_ENDS) and not _NOT & set(spoken)


def _is_flag(expr: ir.Expr, log: LogCall, project: Project) -> bool:
    """Whether a value cannot be a secret: a constant, a flag, a class, a mask, an error, a value that is hidden in texts."""
    if literal(project, expr, log.scope) is not None:
        return True
    kind = project.type_of(expr, log.scope)
    if kind is not None and (
        kind.itself
        or (
            kind.name not in ("builtins.str", "builtins.bytes")
            and kind.name.startswith(("builtins.", "pydantic.Secret"))
        )
    ):
        return True
    if type(expr) is ir.Name and isinstance(log.scope, Function):
        bound = project.types.bindings(log.scope).get(expr.id, ())
        return any(each.kind == "error" or _is_masked(each.expr) for each in bound)
    return False


def _is_masked(expr: ir.Expr) -> bool:
    """Whether a call or a slice stands between a secret and what is written."""
    match expr:
        case ir.Call(func=func):
            return bool(_MASKS & set(words(ir.dotted(func) or "")))
        case ir.Subscript(index=ir.Slice()) | ir.Compare() | ir.Const() | ir.Unary():
            return True
        case ir.Text(pieces=pieces):
            return any(_is_masked(each) for each in pieces if type(each) is not ir.Const)
        case ir.Conditional(body=body, orelse=orelse):
            return _is_masked(body) and _is_masked(orelse)
        case _:
            return False
