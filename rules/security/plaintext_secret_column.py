"""Secret stored as it is.

## What it does
Reports columns that by their names hold keys, tokens or passwords, whose type is plain text, and which the code fills with
what it generated or received, never with a hash or a ciphertext.

## Why it matters
A backup, a replica, an injection or a curious colleague then has every key at once, and all of them work. A hash cannot be
used, and a ciphertext is worth nothing without the key that lies elsewhere.

## Example
```python
import secrets

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
db = Session()


class Base(DeclarativeBase): ...


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    api_key: Mapped[str]


@app.post("/keys")
def create():
    account = Account(api_key=secrets.token_urlsafe(32))
    db.add(account)
    db.commit()
    return {"key": account.api_key}


def known(key: str):
    return db.scalars(select(Account).where(Account.api_key == key)).first()
```

## Use instead
```python
import hashlib
import secrets

from fastapi import FastAPI
from sqlalchemy import select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
db = Session()


class Base(DeclarativeBase): ...


class Account(Base):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    api_key_hash: Mapped[str]


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@app.post("/keys")
def create():
    key = secrets.token_urlsafe(32)
    db.add(Account(api_key_hash=digest(key)))
    db.commit()
    return {"key": key}


def known(key: str):
    return db.scalars(select(Account).where(Account.api_key_hash == digest(key))).first()
```

## When not to
Where the database encrypts the column itself, or a type of its own does that under a plain name, ignore the rule. Tokens
that work once and for minutes are no matter of it.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Cryptographic_Storage_Cheat_Sheet.html
- https://cheatsheetseries.owasp.org/cheatsheets/Secrets_Management_Cheat_Sheet.html
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from backend_lint.api import (
    Class,
    Column,
    Confidence,
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Role,
    Scope,
    Severity,
    Step,
    Unit,
    ir,
    words,
)

_SECRETS = frozenset(
    {("api", "key"), ("apikey",), ("api", "token"), ("access", "token"), ("refresh", "token"), ("auth", "token")}
    | {("client", "secret"), ("secret", "key"), ("private", "key"), ("password",), ("passwd",), ("totp", "secret")}
    | {("otp", "secret"), ("mfa", "secret"), ("webhook", "secret"), ("signing", "secret"), ("bot", "token"), ("ssn",)}
)
_NOT = frozenset(
    {"public", "hash", "hashed", "encrypted", "digest", "masked", "prefix", "hint", "last", "is", "has", "type", "name"}
    | {"expires", "expiry", "id", "enabled", "required", "url", "reset", "min", "max", "count", "history"}
)
_PROTECTS = re.compile(
    r"hash|encrypt|digest|fernet|bcrypt|scrypt|argon|pbkdf|sha\d|hmac|cipher|vault|kms|seal|make_password|set_password|protect"
    r"|crypt|obfuscat|secret_manager|wrap_key",
    re.IGNORECASE,
)
_PLAIN_TYPES = frozenset({"string", "text"})
_MAKES = re.compile(
    r"(?:^|[._])(?:token_(?:hex|urlsafe|bytes)|get_random_string|uuid4|urandom)$"
    r"|(?:^|[._])(?:generate|gen|make|create|new)_\w*(?:key|token|secret|password)\w*$",
    re.IGNORECASE,
)


class PlaintextSecretColumn(ProjectRule):
    code = "SEC307"
    preview = True
    severity = Severity.MEDIUM
    cwe = (312, 256)
    owasp = ("A02:2021", "A04:2025")
    unit = Unit.MODEL
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        columns = _columns(project)
        writes = _writes(columns, project)
        for (qualified, attribute), column in sorted(columns.items()):
            found = writes.get((qualified, attribute), [])
            plain = [at for at, how in found if how]
            if plain and len(plain) == len(found):
                yield self._finding(project.models[qualified], column, plain, project)

    def examined(self, project: Project) -> list[str]:
        return sorted({qualified for qualified, _ in _columns(project)})

    def _finding(self, model: Model, column: Column, plain: list[Place], project: Project) -> Finding:
        is_looked_up = any(
            query.model == model.qualified and any(each.column == column.name for each in query.filters)
            for query in project.queries
        )
        remedy = (
            f"Rows are looked up by it: store its SHA-256 as `{column.attribute}_hash`, and look up by that."
            if is_looked_up
            else "Encrypt it with a key that is not in the database, by a column type of its own."
        )
        if words(column.attribute)[-1:] in (("password",), ("passwd",)):
            remedy = "Store what `argon2` or `bcrypt` make of it; encrypt it where it must be read again."
        return self.finding(
            column.at,
            f"`{model.name}.{column.attribute}` is stored as it is: whoever reads the table, or a backup of it, can use every one",
            help=remedy,
            related=[Step(at, "written as it is") for at in plain[:2]],
            discriminator=f"{model.qualified}.{column.attribute}",
        )


def _columns(project: Project) -> dict[tuple[str, str], Column]:
    """The plain columns that by their names hold secrets, by model and attribute."""
    return {
        (model.qualified, attribute): column
        for model in project.models.values()
        if model.cls is None or model.cls.module.role is Role.APP
        for attribute, column in model.columns.items()
        if _is_secret(attribute) and _is_plain(column, model, project)
    }


def _is_secret(name: str) -> bool:
    spoken = words(name)
    return (spoken[-2:] in _SECRETS or spoken[-1:] in _SECRETS) and not _NOT & set(spoken)


def _is_plain(column: Column, model: Model, project: Project) -> bool:
    """Whether text is stored as given: no type of the project's own, no code of the model that changes it on the way."""
    declared = (column.declared or column.type or "").lower()
    if column.family not in _PLAIN_TYPES or _PROTECTS.search(declared):
        return False
    classes = [] if model.cls is None else [each for each in project.classes.mro(model.cls) if isinstance(each, Class)]
    return not any(column.attribute in name or _PROTECTS.search(name) for each in classes for name in each.methods)


def _writes(
    columns: dict[tuple[str, str], Column], project: Project
) -> dict[tuple[str, str], list[tuple[Place, bool]]]:
    """Where the columns are written, and whether that is the secret as it is."""
    found: dict[tuple[str, str], list[tuple[Place, bool]]] = defaultdict(list)
    for query in project.queries:
        for attribute, value in query.values.items():
            key = (query.model or "", attribute)
            if key in columns:
                found[key].append((query.at, _is_as_it_is(value, query.scope, project)))
    names = {attribute for _, attribute in columns}
    for function in project.functions(Role.APP):
        for stmt in function.statements:
            if type(stmt) is not ir.Assign or stmt.value is None:
                continue
            for target in stmt.targets:
                if type(target) is ir.Attribute and target.name in names:
                    kind = project.type_of(target.value, function)
                    key = ("" if kind is None else kind.name, target.name)
                    if key in columns:
                        at = function.place(stmt)
                        found[key].append((at, _is_as_it_is(stmt.value, function, project)))
    return found


def _is_as_it_is(value: ir.Expr, scope: Scope, project: Project, depth: int = 3) -> bool:
    """Whether a value is a secret that nothing has hashed or encrypted: made on the spot, or a field that was sent."""
    match value:
        case ir.Const():
            return False
        case ir.Await(value=inner):
            return _is_as_it_is(inner, scope, project, depth)
        case ir.Call():
            written = ir.dotted(value.func) or ""
            made = _MAKES.search(project.site(value, scope).symbol or written)
            return made is not None and not _PROTECTS.search(written) and not _protects_within(value, scope, project)
        case ir.Attribute(name=name) | ir.Subscript(index=ir.Const(value=str(name))):
            return _is_secret(name)
        case ir.Name(id=name):
            bound = project.types.bindings(scope).get(name, ()) if isinstance(scope, Function) else ()
            values = [each.expr for each in bound if each.kind == "value"]
            if not values:
                return _is_secret(name) and _is_handed_as_it_is(name, scope, project, depth)
            return depth > 0 and all(_is_as_it_is(each, scope, project, depth - 1) for each in values)
    return False


def _is_handed_as_it_is(name: str, scope: Scope, project: Project, depth: int) -> bool:
    """Whether the callers of a function hand over the secret as it is; where nobody calls it, clients do."""
    parameter = scope.parameter(name) if isinstance(scope, Function) else None
    if parameter is None or depth == 0:
        return parameter is None
    handed = [
        (value, site.scope)
        for site in project.callers(scope)  # type: ignore[arg-type]
        if (value := site.passed(scope, name)) is not None  # type: ignore[arg-type]
    ]
    return all(_is_as_it_is(value, at, project, depth - 1) for value, at in handed)


def _protects_within(call: ir.Call, scope: Scope, project: Project) -> bool:
    """Whether what is called hashes or encrypts before it returns."""
    return any(
        _PROTECTS.search(ir.dotted(each.func) or "")
        for target in project.site(call, scope).targets[:1]
        for each in ir.calls(target.body)
    )
