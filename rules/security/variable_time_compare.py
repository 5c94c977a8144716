"""Secret compared in a time that tells how much of it was right.

## What it does
Reports `==` and `!=` between a secret of the server's (a configured key or token, a digest that was just computed) and
what a request brought.

## Why it matters
`==` stops at the first difference. Whoever can ask often and measure learns a secret piece by piece;
`hmac.compare_digest` takes the same time whatever it compares.

## Example
```python
import os

from flask import Flask, abort, request

app = Flask(__name__)
HOOK_TOKEN = os.environ["HOOK_TOKEN"]


@app.post("/hook")
def hook():
    if request.headers["X-Token"] != HOOK_TOKEN:
        abort(403)
    return ""
```

## Use instead
```python
import hmac
import os

from flask import Flask, abort, request

app = Flask(__name__)
HOOK_TOKEN = os.environ["HOOK_TOKEN"]


@app.post("/hook")
def hook():
    if not hmac.compare_digest(request.headers["X-Token"], HOOK_TOKEN):
        abort(403)
    return ""
```

## When not to
A digest of public data, such as a checksum or an ETag, is no secret.

## References
- https://docs.python.org/3/library/hmac.html#hmac.compare_digest
- https://cwe.mitre.org/data/definitions/208.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Role, Severity, Unit, ir, words
from backend_lint.rules.security._shared import is_credential, literal, nested

_DIGESTS = frozenset({"hexdigest", "digest"})
_KEYED = ("hmac.new", "hmac.HMAC", "hmac.digest")
_BROUGHT = re.compile(r"^(?:request|req|headers|cookies|META|args|form|cleaned_data|query_params|websocket|environ)$")
_STEPS = 5  # from what is compared back to the request
_EXPECTED = frozenset({"configured", "correct", "expected"})
_HELD = re.compile(r"self\.(?!_?(?:request|req|form|data|initial_data|cleaned_data|validated_data)\.)\w+\.\w+")
_HOOKS = frozenset({"process_request", "process_view", "__call__"})
_PUBLIC = frozenset({"public", "csrf", "type", "field", "name", "id", "page", "next", "cursor", "sync"})


class VariableTimeCompare(ProjectRule):
    code = "SEC117"
    severity = Severity.LOW
    cwe = (208,)
    owasp = ("A02:2021", "A04:2025", "API2:2023")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for function in _serving(project):
            for node in ir.walk(function.body):
                if type(node) is not ir.Compare or node.op not in ("==", "!="):
                    continue
                for secret, other in ((node.left, node.right), (node.right, node.left)):
                    what = _secret(secret, function, project)
                    if what is not None and _is_brought(other, function, project):
                        yield self.finding(
                            function.place(node),
                            f"{what} is compared by `{node.op}`, whose time tells how much of a guess was right",
                            help="Compare with `hmac.compare_digest()`.",
                        )
                        break

    def examined(self, project: Project) -> list[str]:
        return [
            f"{function.module.path}:{function.facts.qualname}"
            for function in _serving(project)
            if any(
                site.symbol == "hmac.compare_digest" or (site.symbol or "") in _KEYED
                for site in project.sites(function)
            )
        ]


def _serving(project: Project) -> list[Function]:
    """Functions that run for a request: handlers, dependencies, guards, middleware, the cleaning of forms, and what
    those call. In order of place."""
    found: dict[str, Function] = {}
    pending: list[tuple[Function, int]] = [(each, 0) for each in _called_by_django(project)]
    for route in project.routes:
        around = [guard.function for guard in route.guards] + [route.handler, *route.dependencies]
        pending += [(each, 0) for each in around if each is not None]
    while pending:
        function, depth = pending.pop()
        for each in nested(function):
            if each.qualified not in found:
                found[each.qualified] = each
                if depth < 2:
                    pending += [(target, depth + 1) for site in project.sites(each) for target in site.targets[:1]]
    return sorted(found.values(), key=lambda each: each.at)


def _called_by_django(project: Project) -> Iterator[Function]:
    """What middleware does with a request, and how forms check what was sent."""
    for module in project.modules.values():
        for cls in module.classes if module.role is Role.APP else ():
            made = cls.methods.get("__init__")
            is_middleware = made is not None and made.parameter("get_response") is not None
            is_middleware = is_middleware or "django.utils.deprecation.MiddlewareMixin" in project.classes.mro(cls)
            is_form = any(
                isinstance(each, str) and each.startswith("django.forms.") for each in project.classes.mro(cls)
            )
            for name, method in cls.methods.items():
                if (is_middleware and name in _HOOKS) or (is_form and name.partition("_")[0] == "clean"):
                    yield method


def _secret(expr: ir.Expr, function: Function, project: Project) -> str | None:
    """What an expression is, if it is a secret of the server's: a configured credential, or a keyed digest."""
    match expr:
        case ir.Name(id=name) if len(words(name)) > 1 and words(name)[0] in _EXPECTED and _is_private(name):
            return f"`{name}`"
        case ir.Name(id=name) if name in function.locals:
            bound = [each for each in project.types.bindings(function).get(name, ()) if each.kind == "value"]
            made = [each.expr for each in bound if type(each.expr) is ir.Call]
            return "a computed signature" if any(_is_keyed(each, function, project) for each in made) else None
        case ir.Name(id=name) | ir.Attribute(name=name):
            dotted = ir.dotted(expr) or ""
            is_configured = (
                name.isupper()
                or re.match(r"(?:self\.)?_?(?:settings|config|conf|cfg)\.", dotted) is not None
                or _HELD.fullmatch(dotted) is not None
            )
            if not is_configured and type(expr) is ir.Attribute:
                is_configured, dotted = _is_settings(expr.value, function, project), dotted or name
            is_marker = literal(project, expr, function) is not None or _is_member(expr, function, project)
            return f"`{dotted}`" if is_configured and _is_private(name) and not is_marker else None
        case (
            ir.Subscript(value=owner, index=ir.Const(value=str(key)))
            | ir.Call(
                func=ir.Attribute(value=owner, name="get"), args=[ir.Argument(value=ir.Const(value=str(key))), *_]
            )
        ):
            owned = (ir.dotted(owner) or "").lower().rpartition(".")[2]
            return f"`{key}`" if owned in ("config", "environ", "settings") and _is_private(key) else None
        case ir.Call() if _is_keyed(expr, function, project):
            return "a computed signature"
        case _:
            return None


def _is_member(expr: ir.Expr, function: Function, project: Project) -> bool:
    """Whether an expression is a member of an enumeration, whose value stands in the code and hides nothing."""
    owner = project.cls((project.qualified(expr, function) or "").rpartition(".")[0])
    return owner is not None and project.classes.is_subclass(owner, "enum.Enum")


def _is_settings(expr: ir.Expr, function: Function, project: Project) -> bool:
    """Whether an object is one of a class of settings: `get_settings().hook_token`."""
    kind = project.type_of(expr, function)
    return kind is not None and not kind.itself and project.classes.is_subclass(kind.name, *_SETTINGS)


_SETTINGS = ("pydantic_settings.BaseSettings", "pydantic.BaseSettings")


def _is_keyed(call: ir.Expr, function: Function, project: Project) -> bool:
    """Whether a call gives the digest of an HMAC."""
    if type(call) is not ir.Call:
        return False
    if type(call.func) is ir.Attribute and call.func.name in _DIGESTS:
        made: ir.Expr | None = call.func.value
        if type(made) is ir.Name:
            bound = [each for each in project.types.bindings(function).get(made.id, ()) if each.kind == "value"]
            made = bound[-1].expr if bound else None
        return type(made) is ir.Call and project.site(made, function).symbol in _KEYED
    return False


def _is_private(name: str) -> bool:
    """Whether a setting is secret; a key that a client's value is compared with is one, whatever it is for."""
    return (is_credential(name) or words(name)[-1:] == ("key",)) and not _PUBLIC & set(words(name))


def _is_brought(expr: ir.Expr, function: Function, project: Project, depth: int = _STEPS) -> bool:
    """Whether an expression is what a client sent: part of the request, or a parameter of this function."""
    for node in ir.walk_expression(expr):
        match node:
            case ir.Name(id=name):
                if _BROUGHT.match(name) or (function.parameter(name) is not None and name not in ("self", "cls")):
                    return True
                if depth and name in function.locals:
                    bound = project.types.bindings(function).get(name, ())
                    if any(
                        each.kind == "value" and _is_brought(each.expr, function, project, depth - 1) for each in bound
                    ):
                        return True
            case ir.Attribute(name=name) if _BROUGHT.match(name) and name != "environ":
                return True
            case ir.Const() | ir.Compare():
                continue
    return False
