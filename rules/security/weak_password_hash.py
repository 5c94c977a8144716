"""Password kept in clear, or under a hash that is fast to guess.

## What it does
Reports passwords that go through a plain hash function (MD5, SHA-256, …), through a password hash with too few rounds
or one salt for all, or through nothing: a query that compares the column with the password as it was sent. For Django the first of
`PASSWORD_HASHERS` counts, for passlib the schemes of the `CryptContext`.

## Why it matters
A stolen table of passwords is attacked at home, with no throttle. Graphics cards try billions of SHA-256 a second, and
some thousands of bcrypt or Argon2; what is kept in clear is not even tried.

## Example
```python
import hashlib

from flask import Flask, request

app = Flask(__name__)


@app.post("/users")
def register():
    password = request.form["password"]
    digest = hashlib.sha256(password.encode()).hexdigest()
    return digest
```

## Use instead
```python
from argon2 import PasswordHasher
from flask import Flask, request

app = Flask(__name__)


@app.post("/users")
def register():
    password = request.form["password"]
    digest = PasswordHasher().hash(password)
    return digest
```

## When not to
Where the hash only shortens the password for a slow hash that follows, or asks a breach database (Have I Been Pwned),
the rule is silent.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
- https://docs.djangoproject.com/en/stable/topics/auth/passwords/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Query, Scope, Severity, Unit, ir, words
from backend_lint.rules.security._shared import production_settings

_FAST = frozenset(
    f"hashlib.{name}"
    for name in (
        "md5",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha3_256",
        "sha3_512",
        "blake2b",
        "blake2s",
        "new",
    )
)
_PASSWORDS = frozenset({"password", "passwd", "pwd", "passphrase", "pw", "pass"})
_NOT = frozenset({"hash", "hashed", "reset", "token", "field", "key", "id", "salt", "encrypted", "url", "app"})
_HASHING = frozenset({"hash", "hashed", "encrypt", "encode", "digest", "make"})
_SLOW = re.compile(r"bcrypt|scrypt|argon|pbkdf2|hashpw|crypt\.|pwned|haveibeenpwned|hibp|breach", re.IGNORECASE)
_LEGACY = re.compile(
    r"legacy|old|upgrade|migrat|compat|deprecated|import|mysql|ldap|digest_?auth|ha1|ssha|gravatar|cache", re.IGNORECASE
)
_WEAK_HASHERS = frozenset(
    [
        "MD5PasswordHasher",
        "UnsaltedMD5PasswordHasher",
        "SHA1PasswordHasher",
        "UnsaltedSHA1PasswordHasher",
        "CryptPasswordHasher",
    ]
)
_WEAK_SCHEMES = frozenset(
    [
        "plaintext",
        "hex_md5",
        "hex_sha1",
        "hex_sha256",
        "md5_crypt",
        "des_crypt",
        "ldap_md5",
        "ldap_sha1",
        "lmhash",
        "nthash",
        "mysql323",
        "mysql41",
        "sha1_crypt",
        "ldap_plaintext",
    ]
)
_IN_SQL = re.compile(
    r"select\b.*\bwhere\b.*\b(pass(?:word|wd)?)\s*=\s*['\"]?(?:\{\}|%s|\?|:\w+|\$\d|%\(\w+\)s)",
    re.IGNORECASE | re.DOTALL,
)
_HASHES = re.compile(r"hash|md5|sha\d|digest|crypt|argon|encrypt|hmac", re.IGNORECASE)


class _Salted(NamedTuple):
    """Where a password hash takes what it is given; None for by keyword only."""

    password: int
    salt: int | None


_SALTED = {
    "hashlib.pbkdf2_hmac": _Salted(1, 2),
    "hashlib.scrypt": _Salted(0, None),
    "bcrypt.hashpw": _Salted(0, 1),
    "argon2.low_level.hash_secret": _Salted(0, 1),
    "argon2.low_level.hash_secret_raw": _Salted(0, 1),
}
_LEAST_ROUNDS = 10
_LEAST_ITERATIONS = 100_000


class WeakPasswordHash(ProjectRule):
    code = "SEC111"
    severity = Severity.HIGH
    cwe = (916, 256, 759, 760)
    owasp = ("A02:2021", "A07:2021", "A04:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for scope in project.scopes():
            for site in project.sites(scope):
                what = _weakness(site, project)
                if what is not None:
                    yield self.finding(site.at, what, help=_HELP)
        for query in project.queries:
            found = _compared(query, project) or _compared_in_text(query, project)
            if found is not None:
                yield self.finding(
                    query.at,
                    f"`{found}` is looked up as it was sent, so passwords are stored in clear",
                    help="Look the user up by name, and verify the password with the hash's own function.",
                )
        is_kept = any(_is_password(name) for model in project.models.values() for name in model.columns)
        for function in project.functions() if is_kept else ():
            for node in ir.walk(function.body):
                if (
                    type(node) is ir.Compare
                    and node.op in ("==", "!=")
                    and _is_column_compared(node, function, project)
                ):
                    yield self.finding(
                        function.place(node),
                        "the stored password is compared with the one that was sent, so it is stored in clear",
                        help="Store a slow hash, and verify with its own function, such as `check_password()`.",
                    )
        for settings in production_settings(project, "PASSWORD_HASHERS"):
            setting = settings["PASSWORD_HASHERS"]
            hashers = project.constant(setting.value, setting.scope)
            first = hashers[0] if isinstance(hashers, list | tuple) and hashers else None
            if isinstance(first, str) and first.rpartition(".")[2] in _WEAK_HASHERS:
                yield self.finding(
                    setting.at,
                    f"new passwords are hashed by `{first.rpartition('.')[2]}`, which is fast to guess",
                    help="Put Argon2 or PBKDF2 first; keep the old one behind it, for passwords that are there already.",
                )

    def examined(self, project: Project) -> list[str]:
        return [
            f"{function.module.path}:{function.facts.qualname}"
            for function in project.functions()
            if any(_SLOW.search(site.symbol or "") or site.symbol in _FAST for site in project.sites(function))
        ]


_HELP = "Use Argon2, scrypt, bcrypt (12 rounds) or PBKDF2 (600,000 iterations), with a salt for each password."


def _weakness(site: CallSite, project: Project) -> str | None:
    symbol = site.symbol or ""
    if symbol in _FAST:
        return _fast(site, project)
    call, scope = site.call, site.scope
    salted = _SALTED.get(symbol)
    if salted is not None and _is_about_password(call.argument(salted.password, "password")):
        salt = project.constant(call.argument(salted.salt, "salt"), scope)
        if isinstance(salt, bytes | str):
            return "all passwords have one salt, so one table of guesses is good for all of them"
    if symbol == "bcrypt.gensalt":
        rounds = project.constant(call.argument(0, "rounds"), scope)
        return f"{rounds} rounds of bcrypt are guessed too fast" if _is_below(rounds, _LEAST_ROUNDS) else None
    if symbol == "hashlib.pbkdf2_hmac" and _is_about_password(call.argument(1, "password")):
        count = project.constant(call.argument(3, "iterations"), scope)
        return f"{count:,} iterations of PBKDF2 are guessed too fast" if _is_below(count, _LEAST_ITERATIONS) else None
    if symbol == "werkzeug.security.generate_password_hash":
        return _method(project.constant(call.argument(1, "method"), scope))
    if symbol == "passlib.context.CryptContext":
        schemes = project.constant(call.argument(0, "schemes"), scope)
        default = project.constant(call.keywords.get("default"), scope)
        used = (
            default
            if isinstance(default, str)
            else schemes[0]
            if isinstance(schemes, list | tuple) and schemes
            else None
        )
        return f"new passwords are hashed by `{used}`, which is fast to guess" if used in _WEAK_SCHEMES else None
    return None


def _fast(site: CallSite, project: Project) -> str | None:
    """A plain hash whose input is a password, and whose outcome is no input of a slow one."""
    names = [getattr(site.scope, "qualified", ""), site.scope.module.name]
    if any(_LEGACY.search(each) for each in names):
        return None
    position = 1 if site.symbol == "hashlib.new" else 0
    inputs = [value for value in (site.call.argument(position, "data"), *_updates(site, project)) if value is not None]
    if not any(_is_about_password(each) or _is_what_is_hashed(each, site.scope) for each in inputs):
        return None
    if any(_SLOW.search(other.symbol or other.name) for other in project.sites(site.scope)):
        return None
    return f"`{site.name}` of a password is guessed billions of times a second"


def _updates(site: CallSite, project: Project) -> Iterator[ir.Expr]:
    """What is fed to the hash afterwards: `digest.update(password)`."""
    statements = ir.walk_statements(site.scope.body)
    held = {
        target.id
        for stmt in statements
        if type(stmt) is ir.Assign and stmt.value is site.call
        for target in stmt.targets
        if type(target) is ir.Name
    }
    for other in project.sites(site.scope) if held else ():
        func = other.call.func
        if (
            type(func) is ir.Attribute
            and func.name == "update"
            and type(func.value) is ir.Name
            and func.value.id in held
        ):
            yield from other.call.positional[:1]


def _is_about_password(expr: ir.Expr | None) -> bool:
    for node in ir.walk_expression(expr) if expr is not None else ():
        name = node.id if type(node) is ir.Name else node.name if type(node) is ir.Attribute else ""
        if type(node) is ir.Subscript and type(node.index) is ir.Const:
            name = str(node.index.value)
        spoken = words(name)
        if _PASSWORDS & set(spoken) and not _NOT & set(spoken) and not name.isupper():
            return True
    return False


def _is_what_is_hashed(expr: ir.Expr, scope: Scope) -> bool:
    """Whether it is what a function is given that says of itself that it hashes passwords, `hash_password(raw)`."""
    if not isinstance(scope, Function):
        return False
    spoken = set(words(scope.name))
    given = {each.name for each in scope.parameters}
    return bool(_PASSWORDS & spoken and _HASHING & spoken) and any(
        type(node) is ir.Name and node.id in given for node in ir.walk_expression(expr)
    )


def _method(method: object) -> str | None:
    if not isinstance(method, str):
        return None
    name, *rest = method.split(":")
    count = int(rest[1]) if name == "pbkdf2" and len(rest) > 1 and rest[1].isdigit() else None
    if name in ("plain", "md5", "sha1", "sha256", "sha512"):
        return f"`{method}` is fast to guess"
    return f"{count:,} iterations of PBKDF2 are guessed too fast" if _is_below(count, _LEAST_ITERATIONS) else None


def _is_below(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value < least


def _compared(query: Query, project: Project) -> str | None:
    """A password column that a query compares with what is sent, hashed by nothing."""
    for each in query.filters if query.is_read else ():
        if not _is_password(each.column) or each.operator != "==":
            continue
        if each.value is not None and _is_plain(each.value, query.scope, project):
            return each.column
    return None


def _is_column_compared(node: ir.Compare, function: Function, project: Project) -> bool:
    """Whether a comparison is of an entity's password column with a password as it was sent."""
    for stored, sent in ((node.left, node.right), (node.right, node.left)):
        if type(stored) is not ir.Attribute or not _is_password(stored.name):
            continue
        kind = project.type_of(stored.value, function)
        model = None if kind is None or kind.itself else project.models.get(kind.name)
        if model is not None and stored.name in model.columns and _is_plain(sent, function, project):
            return True
    return False


def _is_password(name: str) -> bool:
    """Whether a column is called like a password, and not like what is made of one."""
    spoken = words(name)
    return spoken[-1:] in (("password",), ("passwd",), ("pwd",)) and not _NOT & set(spoken)


def _compared_in_text(query: Query, project: Project) -> str | None:
    """The same in SQL that is written out, where nothing in the function hashes."""
    if not isinstance(query.scope, Function) or query.text is None:
        return None
    match = _IN_SQL.search(_sql(query.text, query.scope, project))
    if match is None or any(_HASHES.search(site.symbol or site.name) for site in project.sites(query.scope)):
        return None
    return match[1]


def _sql(text: ir.Expr, scope: Function, project: Project, depth: int = 2) -> str:
    """A statement with `{}` where something is put in."""
    match text:
        case ir.Const(value=str(plain)):
            return plain
        case ir.Text(pieces=pieces):
            return "".join(_sql(each, scope, project, 0) for each in pieces)
        case ir.Binary(op="+", left=left, right=right):
            return _sql(left, scope, project, 0) + _sql(right, scope, project, 0)
        case ir.Name(id=name) if depth:
            bound = [each for each in project.types.bindings(scope).get(name, ()) if each.kind == "value"]
            return _sql(bound[-1].expr, scope, project, depth - 1) if bound else "{}"
        case _:
            return "{}"


def _is_plain(value: ir.Expr, scope: Scope, project: Project, depth: int = 3) -> bool:
    """Whether a value is a password as it was sent: read from a request, a form or a parameter, and changed by nothing."""
    match value:
        case ir.Name(id=name):
            bindings = project.types.bindings(scope).get(name, ()) if hasattr(scope, "locals") and depth else ()
            bound = [each for each in bindings if each.kind == "value"]
            if not bound:
                return _is_about_password(value)
            return all(_is_plain(each.expr, scope, project, depth - 1) for each in bound)
        case ir.Attribute(value=owner):
            kind = project.type_of(owner, scope)
            return _is_about_password(value) and (kind is None or kind.name not in project.models)
        case ir.Subscript():
            return _is_about_password(value)
        case ir.Call(func=ir.Attribute(name="get"), args=[ir.Argument(value=key), *_]):
            return type(key) is ir.Const and isinstance(key.value, str) and bool(_PASSWORDS & set(words(key.value)))
        case _:
            return False
