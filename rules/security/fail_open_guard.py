"""Check that lets everyone in when it fails.

## What it does
Looks at functions that decide about requests (guards of routes, what they call, what a handler asks before it answers
401 or 403, and functions that verify signatures, tokens or permissions) and reports ways on which an error or a missing secret ends in "allowed": `return True` in an
`except` block, the wrapped handler or the next middleware called from one, or `return True` where no secret is set.

## Why it matters
An attacker who can make the check fail (a malformed token, a slow service, an odd header) passes it.

## Example
```python
import jwt


def verify_token(token: str, key: str) -> bool:
    try:
        jwt.decode(token, key, algorithms=["HS256"])
        return True
    except Exception:
        return True
```

## Use instead
```python
import jwt


def verify_token(token: str, key: str) -> bool:
    try:
        jwt.decode(token, key, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        return False
    return True
```

## When not to
Rate limits often stay open on purpose when their store is down; they are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, GuardKind, Project, ProjectRule, Route, Severity, Unit, ir, words
from backend_lint.rules.security._shared import identity_guards, nested

_CHECKS = re.compile(
    r"^_?(?:verify|validate|check|authenticate|authorize|authorise|is_valid|has|is)_?\w*"
    r"(?:signature|token|jwt|permission|auth|authori[sz]ed|access|hmac|webhook_secret|api_key|credentials|password)\w*$"
    r"|^(?:has_permission|has_object_permission|is_authorized|is_allowed|authenticate|authorize)$"
)
_NEXT = frozenset({"call_next", "get_response", "self.get_response", "self.app"})
_SECRETS = frozenset({"secret", "key", "token", "password", "signature"})
_ABSENT = re.compile(r"DoesNotExist|NotFound|ImportError|ModuleNotFound|NoResult|KeyError|AttributeError|StopIteration")


class FailOpenGuard(ProjectRule):
    code = "SEC106"
    severity = Severity.HIGH
    cwe = (636, 280, 755)
    owasp = ("A01:2021", "A10:2025", "API2:2023")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for function in _deciding(project):
            for handler in _handlers(function):
                if handler.type is not None and _ABSENT.search(_named(handler.type)):
                    continue
                allowed = next(_allows(handler.body, function), None)
                if allowed is not None:
                    yield self._finding(allowed, function, "an error ends in")
            for stmt in function.statements:
                if type(stmt) is ir.If and _is_unset_secret(stmt.test) and _CHECKS.match(function.name):
                    allowed = next(_allows(stmt.body, function), None)
                    if allowed is not None:
                        yield self._finding(allowed, function, "a missing secret ends in", Severity.MEDIUM)

    def examined(self, project: Project) -> list[str]:
        return [f"{function.module.path}:{function.facts.qualname}" for function in _deciding(project)]

    def _finding(self, stmt: ir.Return, function: Function, how: str, severity: Severity | None = None) -> Finding:
        return self.finding(
            function.place(stmt),
            f"`{function.name}` fails open: {how} the answer for those who may",
            help="Refuse when the check itself fails, and log why it did.",
            severity=severity,
        )


def _deciding(project: Project) -> list[Function]:
    """Functions that decide who may: guards, what guards call, and what is named for it. In order of place."""
    found: dict[str, Function] = {}
    for route in project.routes:
        for guard in identity_guards(route):
            if guard.function is not None and guard.level != "handler" and guard.function.qualified not in found:
                for function in nested(guard.function):
                    found[function.qualified] = function
                    for site in project.sites(function):
                        for target in site.targets[:1]:
                            if GuardKind.THROTTLE is not guard.kind and _CHECKS.match(target.name):
                                found[target.qualified] = target
        for function in _asked(route, project):
            found[function.qualified] = function
    for function in project.functions():
        if _CHECKS.match(function.name) and not {"throttle", "limit", "rate"} & set(words(function.name)):
            found[function.qualified] = function
    return sorted(found.values(), key=lambda each: each.at)


def _asked(route: Route, project: Project) -> Iterator[Function]:
    """The functions whose answer lets a handler refuse: `if not allowed: raise HTTPException(403)`."""
    handler = route.handler
    if handler is None:
        return
    given = {each.name: each for each in handler.parameters}
    for stmt in handler.statements:
        if type(stmt) is not ir.If or type(stmt.test) is not ir.Unary or not _refuses(stmt.body):
            continue
        for node in ir.walk_expression(stmt.test):
            if type(node) is ir.Call:
                yield from project.site(node, handler).targets[:1]
            elif type(node) is ir.Name and node.id in given:
                parameter = given[node.id]
                declared = [each for each in (parameter.annotation, parameter.default) if each is not None]
                for part in (each for expr in declared for each in ir.walk_expression(expr)):
                    function = project.function(project.qualified(part, handler.around) or "")
                    if function is not None:
                        yield function


def _refuses(body: list[ir.Stmt]) -> bool:
    last = body[-1] if body else None
    return type(last) in (ir.Raise, ir.Return, ir.Evaluate) and any(
        type(node) is ir.Const and node.value in (401, 403)
        for expr in ir.children(last)  # type: ignore[arg-type]
        for node in ir.walk_expression(expr)
    )


def _handlers(function: Function) -> Iterator[ir.Handler]:
    for stmt in function.statements:
        if type(stmt) is ir.Try:
            yield from stmt.handlers


def _allows(body: list[ir.Stmt], function: Function) -> Iterator[ir.Return]:
    """The returns at the end of a block that say yes: true, or what the wrapped handler answers."""
    last = body[-1] if body else None
    if type(last) is not ir.Return:
        return
    value = last.value.value if type(last.value) is ir.Await else last.value
    if type(value) is ir.Const and value.value is True:
        if function.cls is None or _says_both(function):
            yield last
    elif function.name == "authenticate" and function.cls is not None and _is_somebody(value):
        yield last
    elif type(value) is ir.Call:
        called = ir.dotted(value.func) or ""
        wrapped = {each.name for each in function.parent.parameters} if function.parent is not None else set()
        if called in _NEXT or called in wrapped:
            yield last


def _is_somebody(value: ir.Expr | None) -> bool:
    """Whether an authenticator of Django Ninja says yes: it lets in whoever it answers anything for."""
    return (type(value) is ir.Dict and bool(value.keys)) or (type(value) is ir.Const and bool(value.value))


def _says_both(function: Function) -> bool:
    """Whether a method also says no; one that never does is no check."""
    return any(
        type(stmt) is ir.Return and not (type(stmt.value) is ir.Const and stmt.value.value is True)
        for stmt in function.statements
    )


def _is_unset_secret(test: ir.Expr) -> bool:
    """Whether a condition asks that a configured secret is missing: `if not settings.WEBHOOK_SECRET`."""
    value = test.value if type(test) is ir.Unary and test.op == "not" else None
    if type(test) is ir.Compare and test.op in ("is", "==") and type(test.right) is ir.Const and not test.right.value:
        value = test.left
    name = ir.dotted(value) if value is not None else None
    if name is None or not _SECRETS & set(words(name)):
        return False
    last = name.rpartition(".")[2]
    return last.isupper() or name.startswith(("settings.", "config.", "self.config.", "self.settings.", "app.config."))


def _named(expr: ir.Expr) -> str:
    return " ".join(ir.dotted(each) or "" for each in (expr.items if type(expr) is ir.Sequence else [expr]))
