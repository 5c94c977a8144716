"""A broken hash or cipher protects data.

## What it does
Reports MD5, SHA-1 and other broken hashes, DES, RC4, Blowfish and the ECB mode, and RSA and DSA keys that are too
short. Hashes are reported in code that handles secrets, signatures or the data of a request, and left alone where it
says what they are for: `usedforsecurity=False`, or a name that speaks of a cache, an ETag, a checksum or a file name.

## Why it matters
Collisions for MD5 and SHA-1 are made on a laptop, and the ciphers are read back: what they should protect is open to
whoever gets the data.

## Example
```python
import hashlib


def signature(message: bytes, secret: bytes) -> str:
    return hashlib.md5(secret + message).hexdigest()
```

## Use instead
```python
import hashlib
import hmac


def signature(message: bytes, secret: bytes) -> str:
    return hmac.new(secret, message, hashlib.sha256).hexdigest()
```

## When not to
Where an old protocol prescribes the algorithm; say so with `usedforsecurity=False` or a suppression.

## References
- https://cwe.mitre.org/data/definitions/328.html
- https://cwe.mitre.org/data/definitions/327.html
- NIST SP 800-131A Rev. 2
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Confidence, Finding, Function, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.security._shared import is_handler

_HASHES = {
    "hashlib.md5": "MD5",
    "hashlib.md4": "MD4",
    "hashlib.sha1": "SHA-1",
    "Crypto.Hash.MD5.new": "MD5",
    "Crypto.Hash.SHA.new": "SHA-1",
    "Crypto.Hash.SHA1.new": "SHA-1",
    "Crypto.Hash.MD4.new": "MD4",
    "Crypto.Hash.MD2.new": "MD2",
    "Cryptodome.Hash.MD5.new": "MD5",
    "Cryptodome.Hash.SHA1.new": "SHA-1",
    "cryptography.hazmat.primitives.hashes.MD5": "MD5",
    "cryptography.hazmat.primitives.hashes.SHA1": "SHA-1",
}
_NAMED = {"md5": "MD5", "md4": "MD4", "sha1": "SHA-1", "sha": "SHA-1", "ripemd160": "RIPEMD-160"}
_CIPHERS = {
    "DES": "DES",
    "DES3": "Triple DES",
    "TripleDES": "Triple DES",
    "ARC2": "RC2",
    "ARC4": "RC4",
    "Blowfish": "Blowfish",
    "IDEA": "IDEA",
    "CAST5": "CAST5",
    "SEED": "SEED",
}
_CIPHER_OWNERS = ("Crypto.Cipher.", "Cryptodome.Cipher.", "cryptography.hazmat.primitives.ciphers.algorithms.")
_KEYS = {
    "cryptography.hazmat.primitives.asymmetric.rsa.generate_private_key": (1, "key_size", 2048),
    "cryptography.hazmat.primitives.asymmetric.dsa.generate_private_key": (0, "key_size", 2048),
    "Crypto.PublicKey.RSA.generate": (0, "bits", 2048),
    "Cryptodome.PublicKey.RSA.generate": (0, "bits", 2048),
    "Crypto.PublicKey.DSA.generate": (0, "bits", 2048),
}
_INNOCENT = re.compile(
    r"cache|etag|checksum|fingerprint|gravatar|avatar|dedup|duplicate|file_?name|filehash|content_?hash|digest_?key|"
    r"hexdigest_of|bucket|shard|slug|colou?r|version_?hash|static|asset|thumbnail|identicon|cdn|cursor|"
    r"_key$|^key$|lock|revision|commit|blob|snapshot|migration|schema|query_?hash|changed|unique_?name|short|"
    r"torrent|info_?hash|integrity|partial_?md5|memo|job_?id|task_?id|_id$|^id$|uid$|index|stable|"
    r"^e_?mail$",  # Gravatar's name for a picture
    re.IGNORECASE,
)
_COUNTERS = re.compile(r"bucket|throttl|limiter|rate_?limit|cache", re.IGNORECASE)
"""What takes a hash as the name of an entry, whatever the hash is made of."""
_GUILTY = re.compile(r"passw|secret|token|sign|auth|credential|session|hmac|otp|reset|salt", re.IGNORECASE)


class WeakCryptography(ProjectRule):
    code = "SEC219"
    severity = Severity.MEDIUM
    cwe = (328, 327, 326)
    owasp = ("A02:2021", "A04:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for scope in project.scopes():
            for site in project.sites(scope):
                for message, help, confidence in _weaknesses(site, project):
                    yield self.finding(site.at, message, help=help, confidence=confidence)

    def examined(self, project: Project) -> Iterable[str]:
        return [
            str(site.at)
            for scope in project.scopes()
            for site in project.sites(scope)
            if (site.symbol or "").startswith(("hashlib.", "Crypto", "cryptography.hazmat."))
        ]


def _weaknesses(site: CallSite, project: Project) -> Iterator[tuple[str, str, Confidence]]:
    symbol = site.symbol or ""
    broken = _HASHES.get(symbol)
    if symbol == "hashlib.new":
        named = project.constant(site.call.argument(0, "name"), site.scope)
        broken = _NAMED.get(named.lower()) if isinstance(named, str) else None
    if broken is not None and not _is_innocent(site, project) and _matters(site, project):
        confidence = Confidence.HIGH if _speaks(site, project, _GUILTY) else Confidence.MEDIUM
        yield (
            f"{broken} is broken, and nothing here says that this hash is not for security",
            "Use SHA-256, HMAC for signatures, or a password hash; pass `usedforsecurity=False` where it is only an "
            "identifier.",
            confidence,
        )
    owner = next((each for each in _CIPHER_OWNERS if symbol.startswith(each)), None)
    cipher = None if owner is None else _CIPHERS.get(symbol[len(owner) :].removesuffix(".new"))
    if cipher is not None:
        yield f"{cipher} no longer keeps data secret", "Use AES-GCM or ChaCha20-Poly1305.", Confidence.HIGH
    if symbol.endswith(".modes.ECB") or any(
        (ir.dotted(each) or "").endswith(".MODE_ECB") for each in site.call.positional
    ):
        yield (
            "ECB encrypts equal blocks to equal blocks, so the data's pattern shows",
            "Use an authenticated mode such as GCM.",
            Confidence.HIGH,
        )
    if symbol in _KEYS:
        position, keyword, least = _KEYS[symbol]
        bits = project.constant(site.call.argument(position, keyword), site.scope)
        if isinstance(bits, int) and bits < least:
            yield f"a key of {bits} bits can be broken", f"Use at least {least} bits.", Confidence.HIGH


def _is_innocent(site: CallSite, project: Project) -> bool:
    """Whether the code says that the hash is an identifier: by the flag, or by the names around it."""
    flag = site.call.keywords.get("usedforsecurity")
    if flag is not None and project.constant(flag, site.scope) is False:
        return True
    if _only_names_an_entry(site):
        return True
    return _speaks(site, project, _INNOCENT) and not _speaks(site, project, _GUILTY)


def _only_names_an_entry(site: CallSite) -> bool:
    """Whether all that the function does with the hash is to name an entry of a cache or of a rate limit by it."""
    statements = site.scope.statements if isinstance(site.scope, Function) else []
    made = [stmt for stmt in statements if any(node is site.call for node in _nodes(stmt))]
    match made:
        case [ir.Assign(targets=[ir.Name(id=name)])]:
            nodes = [node for stmt in statements if stmt not in made for node in _nodes(stmt)]
        case _:
            return False
    reads = [id(node) for node in nodes if type(node) is ir.Name and node.id == name]
    takers = [node for node in nodes if type(node) is ir.Call and _COUNTERS.search(ir.dotted(node.func) or "")]
    taken = {id(node) for taker in takers for node in ir.walk_expression(taker)}
    return bool(reads) and taken.issuperset(reads)


def _nodes(stmt: ir.Stmt) -> Iterator[ir.Expr]:
    for child in ir.children(stmt):
        yield from ir.walk_expression(child)


def _matters(site: CallSite, project: Project) -> bool:
    """Whether the hash is of or about something to protect: by the names around it, or as a request's data."""
    scope = site.scope
    return _speaks(site, project, _GUILTY) or (isinstance(scope, Function) and is_handler(scope, project))


def _speaks(site: CallSite, project: Project, pattern: re.Pattern[str]) -> bool:
    """Whether the function, what the hash is assigned to, or what goes into it has a name of this kind."""
    scope = site.scope
    names = [getattr(scope, "name", "").rpartition(".")[2]]
    for arg in site.call.args:
        for node in ir.walk_expression(arg.value):
            if type(node) is ir.Name:
                names.append(node.id)
            elif type(node) is ir.Attribute:
                names.append(node.name)
    statements = scope.statements if isinstance(scope, Function) else list(ir.walk_statements(scope.body))
    for stmt in statements:
        if any(node is site.call for child in ir.children(stmt) for node in ir.walk_expression(child)):
            for target in getattr(stmt, "targets", ()):
                names += [ir.dotted(target) or "", _literal_key(target)]
            for node in _nodes(stmt):
                if type(node) is ir.Call:
                    names.append((ir.dotted(node.func) or "").rpartition(".")[2])
                    names += [arg.keyword for arg in node.args if arg.keyword and _is_about(arg.value, site.call)]
    return any(pattern.search(name) for name in names if name)


def _is_about(value: ir.Expr, made: ir.Call) -> bool:
    """Whether an argument holds the hash, or goes into it: not what is given beside it."""
    return any(node is made for node in ir.walk_expression(value)) or any(
        node is value for node in ir.walk_expression(made)
    )


def _literal_key(target: ir.Expr) -> str:
    match target:
        case ir.Subscript(index=ir.Const(value=str(key))):
            return key
        case _:
            return ""
