"""Signing key that is a constant, or falls back to one.

## What it does
Reports keys that sign sessions, cookies, CSRF tokens or JSON Web Tokens when their value stands in the code: assigned,
passed to a signer, or as the fallback when the environment says nothing. Profiles for development and tests are left
out, and defaults that the code refuses elsewhere. The value itself appears in no report.

## Why it matters
Whoever knows the key signs sessions and tokens for any user. A fallback is worse than a missing key: the deployment
that forgets to set it starts, and works.

## Example
```python
import os

SECRET_KEY = os.environ.get("SECRET_KEY", "shop-dev-key")
```

## Use instead
```python
import os

SECRET_KEY = os.environ["SECRET_KEY"]
```

## When not to
Where a generated key per process is meant (`secrets.token_urlsafe()`), nothing is reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_lint.api import Class, Finding, Function, Project, ProjectRule, Scope, Severity, Unit, ir, words
from backend_lint.rules.security._shared import (
    REHEARSAL,
    is_signing_key,
    literal,
    read_default,
    target_name,
    texts,
)

_SIGNERS = {
    "jwt.encode": (1, "key"),
    "jwt.decode": (1, "key"),
    "jose.jwt.encode": (1, "key"),
    "jose.jwt.decode": (1, "key"),
    "itsdangerous.Signer": (0, "secret_key"),
    "itsdangerous.TimestampSigner": (0, "secret_key"),
    "itsdangerous.URLSafeSerializer": (0, "secret_key"),
    "itsdangerous.URLSafeTimedSerializer": (0, "secret_key"),
    "itsdangerous.TimedJSONWebSignatureSerializer": (0, "secret_key"),
}


@dataclass(frozen=True)
class _Key:
    """A literal that signs: what it is called, and the variable that would replace it, if there is one."""

    value: ir.Const
    name: str
    scope: Scope
    variable: str | None = None


_FILLING = frozenset({"update", "from_mapping"})


class FallbackSigningKey(ProjectRule):
    code = "SEC303"
    severity = Severity.HIGH
    cwe = (1188, 321, 798)
    owasp = ("A02:2021", "A02:2025", "API8:2023")
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterator[Finding]:
        keys = {
            (key.scope.module.path, key.value.at): key for scope in project.scopes() for key in _keys(scope, project)
        }
        if not keys:
            return
        refused, entries = _compared(project), _names_of_entries(project)
        for key in keys.values():
            is_entry = key.variable is None and key.name.rpartition(".")[2] in entries
            if key.value.value not in refused and not is_entry and not REHEARSAL & _around(key.scope):
                yield self._finding(key)

    def _finding(self, key: _Key) -> Finding:
        place = key.scope.module.place(key.value)
        how = (
            "is a constant in the code"
            if key.variable is None
            else f"falls back to a constant where `{key.variable}` is not set"
        )
        return self.finding(
            place,
            f"`{key.name}` {how}: whoever knows it can sign for any user",
            help="Read it from the environment and let the start fail without it; change the one in use.",
            secrets=[place],
            discriminator=key.name,
            unit=key.scope.module.path,
        )


def _keys(scope: Scope, project: Project) -> Iterator[_Key]:
    for stmt in _statements(scope.body):
        if type(stmt) is ir.Assign and stmt.value is not None:
            name = next((each for each in map(target_name, stmt.targets) if each and is_signing_key(each)), "")
            yield from _given(name, stmt.value, scope)
            if name and type(stmt.value) is ir.Name:
                yield from _signing(stmt.value, scope, project)
    for site in project.sites(scope):
        named = {name: value for name, value in site.call.keywords.items() if is_signing_key(name)}
        if named and not {"minio", "s3", "boto", "boto3", "aws", "kms", "storage"} & set(words(site.name)):
            for name, value in named.items():
                yield from _given(name, value, scope)
        if site.method in _FILLING and (ir.dotted(site.call.func) or "").rpartition(".")[0].endswith("config"):
            for value in site.call.positional:
                yield from _entries(value, scope)
        signer = _SIGNERS.get(site.symbol or "")
        if signer is not None:
            yield from _signing(site.call.argument(*signer), scope, project)
    for node in ir.walk(scope.body) if not isinstance(scope, Function) else ():
        yield from _entries(node, scope)


def _entries(node: ir.Expr, scope: Scope) -> Iterator[_Key]:
    """The literals in a dict, under names of keys that sign."""
    if type(node) is ir.Dict:
        for key, value in zip(node.keys, node.values, strict=True):
            if type(key) is ir.Const and isinstance(key.value, str):
                yield from _given(key.value, value, scope)


def _given(name: str, value: ir.Expr, scope: Scope) -> Iterator[_Key]:
    """The literals that something of this name is given, if it signs."""
    if not name or not is_signing_key(name):
        return
    value = _made(value, scope)
    parts = value.values if type(value) is ir.Bool else [value]
    read = [found for each in parts if type(each) is ir.Call and (found := read_default(each)) is not None]
    variable = read[0][0] if read else next((name for each in parts if type(each) is not ir.Const), None)
    for each in (value, *(default for _, default in read)):
        for found in texts(each):
            if found.value and words(str(found.value)) != words(name):
                yield _Key(found, name, scope, variable if read or len(parts) > 1 else None)


def _made(value: ir.Expr, scope: Scope) -> ir.Expr:
    """What a field is filled with: what the function gives in `field(default_factory=lambda: os.getenv("KEY", "x"))`."""
    factory = value.keywords.get("default_factory") if type(value) is ir.Call else None
    body = scope.module.functions[factory.function].body if type(factory) is ir.Lambda else []
    given = body[0].value if len(body) == 1 and type(body[0]) is ir.Return else None
    return given or value


def _signing(value: ir.Expr | None, scope: Scope, project: Project) -> Iterator[_Key]:
    found = literal(project, value, scope)
    if found is not None and found.value and value is not None:
        owner = scope
        if type(value) is not ir.Const:
            module, _ = project.names.split(project.qualified(value, scope) or "")
            owner = module or scope
        yield _Key(found, ir.dotted(value) or "the key", owner)


def _statements(body: Iterable[ir.Stmt]) -> Iterator[ir.Stmt]:
    """The statements of a scope, without those that run in a rehearsal only."""
    for stmt in body:
        yield stmt
        if type(stmt) is ir.If and _asks_for_rehearsal(stmt.test):
            continue
        for block in ir.blocks(stmt):
            yield from _statements(block)


def _asks_for_rehearsal(test: ir.Expr) -> bool:
    spoken = {
        word
        for node in ir.walk_expression(test)
        for word in words(
            node.id if type(node) is ir.Name else node.name if type(node) is ir.Attribute else _text(node)
        )
    }
    return bool(REHEARSAL & spoken)


def _text(node: ir.Expr) -> str:
    return node.value if type(node) is ir.Const and isinstance(node.value, str) else ""


def _around(scope: Scope) -> set[str]:
    """The words of the file and class that a key stands in."""
    path = scope.module.path.removesuffix(".py").rsplit("/", 2)
    owner = scope if isinstance(scope, Class) else scope.owner if isinstance(scope, Function) else None
    return {word for each in (*path[-2:], owner.name if owner is not None else "") for word in words(each)}


def _compared(project: Project) -> frozenset[str]:
    """The texts with which something is compared: a default among them is one that the code refuses."""
    found = set()
    for scope in project.scopes():
        for node in ir.walk(scope.body):
            if type(node) is ir.Compare:
                for side in (node.left, node.right):
                    items = side.items if type(side) is ir.Sequence else [side]
                    found.update(each.value for each in items if type(each) is ir.Const and isinstance(each.value, str))
                    value = None if type(side) is ir.Const else literal(project, side, scope)
                    if value is not None and isinstance(value.value, str):
                        found.add(value.value)
    return frozenset(found)


def _names_of_entries(project: Project) -> frozenset[str]:
    """The constants that name entries of mappings, `state[CSRF_TOKEN_KEY]`: keys that open nothing."""
    found = set()
    for scope in project.scopes():
        for node in ir.walk(scope.body):
            named = node.keys if type(node) is ir.Dict else [node.index] if type(node) is ir.Subscript else []
            found.update((ir.dotted(each) or "").rpartition(".")[2] for each in named if each is not None)
    return frozenset(found)
