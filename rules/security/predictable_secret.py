"""A token, password or key that can be guessed.

## What it does
Follows values of `random` and `uuid1` within a function and reports those that become a secret: a session
entry, a cookie, a value or argument named like a token, password, one-time code or key, or the result of a function
that is named so.

## Why it matters
`random` is a Mersenne Twister: a few hundred outputs are enough to compute all others. Whoever guesses the value is the user it was made for.

## Example
```python
import random


def make_reset_token() -> str:
    return "".join(random.choice("0123456789abcdef") for _ in range(32))
```

## Use instead
```python
import secrets


def make_reset_token() -> str:
    return secrets.token_hex(16)
```

## When not to
Jitter, sampling, test data and colours are not secrets, and not reported.

## References
- https://docs.python.org/3/library/random.html
- https://cwe.mitre.org/data/definitions/330.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Severity, Step, Unit, ir, words

_WEAK = frozenset(
    [
        "random",
        "randint",
        "randrange",
        "choice",
        "choices",
        "sample",
        "shuffle",
        "uniform",
        "getrandbits",
        "randbytes",
        "triangular",
        "gauss",
        "normalvariate",
        "betavariate",
        "expovariate",
        "gammavariate",
        "lognormvariate",
        "paretovariate",
        "vonmisesvariate",
        "weibullvariate",
    ]
)
_CLOCK = frozenset({"uuid.uuid1"})
_SECRETS = frozenset(
    [
        "token",
        "password",
        "passwd",
        "secret",
        "otp",
        "csrf",
        "apikey",
        "credential",
        "passcode",
        "sessionid",
        "remember",
        "recovery",
    ]
)
_PAIRS = frozenset(
    {
        ("api", "key"),
        ("secret", "key"),
        ("access", "key"),
        ("reset", "code"),
        ("verification", "code"),
        ("activation", "code"),
        ("auth", "code"),
        ("session", "id"),
        ("session", "key"),
        ("invite", "code"),
        ("remember", "me"),
        ("backup", "code"),
        ("one", "time"),
        ("activation", "key"),
        ("private", "key"),
    }
)
_COUNTS = frozenset(
    [
        "count",
        "length",
        "len",
        "max",
        "min",
        "limit",
        "budget",
        "usage",
        "used",
        "total",
        "num",
        "number",
        "tokens",
        "per",
        "price",
        "cost",
        "size",
    ]
)
_SESSIONS = re.compile(r"session$", re.IGNORECASE)


class PredictableSecret(ProjectRule):
    code = "SEC220"
    severity = Severity.HIGH
    cwe = (330, 338, 340)
    owasp = ("A02:2021", "A04:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in project.functions():
            sources = [site for site in project.sites(function) if _is_weak(site.symbol)]
            if not sources:
                continue
            weak = {id(site.call): site.name for site in sources}
            for at, what, source in _secrets(function, weak, project):
                yield self.finding(
                    at,
                    f"{what} comes from `{source}()`, which can be predicted",
                    help="Use `secrets.token_urlsafe()`, `secrets.choice()` or `secrets.randbelow()`.",
                    related=[Step(site.at, "drawn here") for site in sources[:1]],
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [
            f"{function.module.path}:{function.facts.qualname}"
            for function in project.functions()
            if any(
                _is_weak(site.symbol) or (site.symbol or "").startswith("secrets.") for site in project.sites(function)
            )
        ]


def _is_weak(symbol: str | None) -> bool:
    if symbol is None:
        return False
    owner, _, name = symbol.rpartition(".")
    return symbol in _CLOCK or (owner in ("random", "numpy.random", "random.Random") and name in _WEAK)


def _secrets(function: Function, weak: dict[int, str], project: Project) -> Iterator[tuple[Place, str, str]]:
    """Where a weak value becomes a secret, and of which source. Names are followed in the order of the text."""
    held: dict[str, str] = {}
    reported: set[int] = set()
    for stmt in function.statements:
        for name, at, source in _uses(stmt, weak, held, function, project):
            if at.at not in reported:
                reported.add(at.at)
                yield project.place(at, function), name, source
        match stmt:
            case ir.Assign(targets=targets, value=value) if value is not None:
                source = _source(value, weak, held)
                for target in targets:
                    if type(target) is ir.Name:
                        if source is None:
                            held.pop(target.id, None)
                        else:
                            held[target.id] = source
            case ir.Augment(target=ir.Name(id=name), value=value):
                source = _source(value, weak, held)
                if source is not None:
                    held[name] = source
            case ir.For(target=ir.Name(id=name), iter=iterable):
                source = _source(iterable, weak, held)
                if source is not None:
                    held[name] = source


def _uses(
    stmt: ir.Stmt, weak: dict[int, str], held: dict[str, str], function: Function, project: Project
) -> Iterator[tuple[str, ir.Node, str]]:
    match stmt:
        case ir.Assign(targets=targets, value=value) if value is not None:
            source = _source(value, weak, held)
            if source is not None:
                for target in targets:
                    name = _secret_target(target)
                    if name is not None:
                        yield f"`{name}`", value, source
        case ir.Return(value=value) if value is not None and is_secret(function.name):
            source = _source(value, weak, held)
            if source is not None:
                yield f"what `{function.name}` returns", value, source
    for child in ir.children(stmt):
        for node in ir.walk_expression(child):
            if type(node) is ir.Call:
                yield from _handed_over(node, weak, held)


def _handed_over(call: ir.Call, weak: dict[int, str], held: dict[str, str]) -> Iterator[tuple[str, ir.Node, str]]:
    method = call.func.name if type(call.func) is ir.Attribute else ""
    for index, arg in enumerate(call.args):
        source = _source(arg.value, weak, held)
        if source is None:
            continue
        if method == "set_cookie" and (arg.keyword == "value" or (arg.keyword is None and index == 1)):
            yield "the value of a cookie", arg.value, source
        elif arg.keyword is not None and is_secret(arg.keyword):
            yield f"`{arg.keyword}`", arg.value, source
        elif method in ("set_password", "make_password"):
            yield "a password", arg.value, source


def _secret_target(target: ir.Expr) -> str | None:
    match target:
        case ir.Name(id=name) | ir.Attribute(name=name) if is_secret(name):
            return name
        case ir.Subscript(value=owner, index=index):
            if _SESSIONS.search(ir.dotted(owner) or ""):
                return "session[…]"
            if type(index) is ir.Const and isinstance(index.value, str) and is_secret(index.value):
                return index.value
    return None


def is_secret(name: str) -> bool:
    """Whether a name says that its value must not be guessed; `max_tokens` and `token_count` do not."""
    parts = words(name)
    if _COUNTS & set(parts):
        return False
    return bool(_SECRETS & set(parts)) or any(pair in _PAIRS for pair in zip(parts, parts[1:], strict=False))  # noqa: RUF007


def _source(expr: ir.Expr, weak: dict[int, str], held: dict[str, str]) -> str | None:
    """The weak source that an expression's value is made of; a comparison or a count is made of none."""
    match expr:
        case ir.Compare() | ir.Lambda():
            return None
        case ir.Call() if id(expr) in weak:
            return weak[id(expr)]
        case ir.Name(id=name):
            return held.get(name)
        case ir.Call(func=ir.Name(id="len") | ir.Attribute(name="set")):  # a `ContextVar` answers with a receipt
            return None
        case ir.Subscript(value=value):
            return _source(value, weak, held)
    return next((found for child in ir.children(expr) if (found := _source(child, weak, held)) is not None), None)
