"""Which parts of an expression are secret, by their names, where they are written down as they are."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Function, Project, Schema, Scope, ir, words
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
_ONCE = frozenset(
    [
        "reset",
        "confirm",
        "confirmation",
        "verify",
        "verification",
        "invite",
        "invitation",
        "activate",
        "activation",
        "csrf",
        "captcha",
        "otp",
        "unsubscribe",
        "signed",
        "callback",
        "one",
        "time",
        "recovery",
        "registration",
        "email",
    ]
)
_CREDENTIALED = frozenset({"headers", "cookies", "META", "COOKIES", "environ"})
_LOGINS = frozenset(
    [
        "login",
        "auth",
        "user",
        "users",
        "account",
        "accounts",
        "password",
        "register",
        "signup",
        "token",
        "session",
        "pay",
        "payment",
        "payments",
        "checkout",
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


def secret_parts(expr: ir.Expr, scope: Scope, project: Project) -> Iterator[tuple[ir.Expr, str, str]]:
    """The parts of an argument that are written as they are, and are secret. What a call makes of them is not they."""
    match expr:
        case ir.Name(id=name) | ir.Attribute(name=name):
            dotted = ir.dotted(expr) or name
            if dotted in _REQUESTS:
                if _may_carry(dotted, scope):
                    yield expr, dotted, ", all that the client sent,"
            elif is_secret(name) and not _is_flag(expr, scope, project):
                yield expr, dotted, ""
            else:
                yield from _whole(expr, dotted, scope, project)
        case ir.Subscript(index=ir.Const(value=str(key))):
            if is_secret(key):
                yield expr, key, ""
        case ir.Call(func=func):
            yield from _call(expr, func, scope, project)
        case ir.Text(pieces=pieces):
            for piece in pieces:
                yield from secret_parts(piece, scope, project)
        case ir.Binary(left=left, right=right):
            yield from secret_parts(left, scope, project)
            yield from secret_parts(right, scope, project)
        case ir.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if (
                    type(key) is ir.Const
                    and isinstance(key.value, str)
                    and is_secret(key.value)
                    and type(value) is not ir.Const
                ):
                    if not _is_masked(value):
                        yield value, key.value, ""
                else:
                    yield from secret_parts(value, scope, project)
        case ir.Sequence(items=items) | ir.Bool(op="or", values=items):
            for item in items:
                yield from secret_parts(item, scope, project)
        case ir.Await(value=value):
            yield from secret_parts(value, scope, project)


def _may_carry(dotted: str, scope: Scope) -> bool:
    """Whether the part of a request carries credentials: headers always do, a body where names around say so."""
    if dotted.rpartition(".")[2] in _CREDENTIALED:
        return True
    return bool(_LOGINS & set(words(f"{getattr(scope, 'qualified', '')} {scope.module.name}")))


def _call(call: ir.Call, func: ir.Expr, scope: Scope, project: Project) -> Iterator[tuple[ir.Expr, str, str]]:
    dotted = ir.dotted(func) or ""
    method = dotted.rpartition(".")[2]
    key = call.argument(0)
    if dotted in _REQUESTS:
        if _may_carry(dotted, scope):
            yield call, f"{dotted}()", ", all that the client sent,"
    elif method == "get" and type(key) is ir.Const and isinstance(key.value, str) and is_secret(key.value):
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
            yield from secret_parts(each, scope, project)


def _whole(expr: ir.Expr, dotted: str, scope: Scope, project: Project) -> Iterator[tuple[ir.Expr, str, str]]:
    """A schema with a password in it, written as a whole."""
    kind = project.type_of(expr, scope)
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
            if words(each.name)[-1:] in (("password",), ("passwd",)) and each.type == "str" and is_secret(each.name)
        ),
        None,
    )


def is_secret(name: str) -> bool:
    spoken = words(name)
    return any(spoken[-len(end) :] == end for end in _SECRET_ENDS) and not _NOT & set(spoken)


def is_lasting(name: str) -> bool:
    """Whether a secret stays one for long; what is mailed or linked for one use, and forms carry, is worth less."""
    return not _ONCE & set(words(name))


def _is_flag(expr: ir.Expr, scope: Scope, project: Project) -> bool:
    """Whether a value cannot be a secret: a constant, a flag, a class, a mask, an error, a value that is hidden in texts."""
    if literal(project, expr, scope) is not None:
        return True
    kind = project.type_of(expr, scope)
    if kind is not None and not kind.itself and project.cls(kind.name) is not None:
        return True  # an object, which says of itself what it likes
    if kind is not None and (
        (kind.itself and not kind.name.rpartition(".")[2].isupper())
        or (
            kind.name not in ("builtins.str", "builtins.bytes")
            and kind.name.startswith(("builtins.", "pydantic.Secret"))
        )
    ):
        return True
    if type(expr) is ir.Name and isinstance(scope, Function):
        bound = project.types.bindings(scope).get(expr.id, ())
        return any(
            each.kind == "error" or _is_masked(each.expr) or _is_drawn(each.expr, scope, project) for each in bound
        )
    return False


def _is_drawn(expr: ir.Expr, scope: Scope, project: Project) -> bool:
    """Whether a secret was drawn right here: a first password, which somebody has to be told."""
    return type(expr) is ir.Call and (project.site(expr, scope).symbol or "").startswith("secrets.")


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
