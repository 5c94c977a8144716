"""The body of an answer is used without looking at its status.

## What it does
Reports answers of requests and httpx whose body is read in a function that neither calls `raise_for_status()` nor looks at
the status, and hands the answer to nobody.

## Why it matters
An error page is a body, too. It is parsed as if it were the answer: a `JSONDecodeError` far from the cause, or worse, an
empty result that is stored as the truth.

## Example
```python
import requests


def rate(currency: str) -> float:
    answer = requests.get("https://rates.example/latest", timeout=5)
    return answer.json()["rates"][currency]
```

## Use instead
```python
import requests


def rate(currency: str) -> float:
    answer = requests.get("https://rates.example/latest", timeout=5)
    answer.raise_for_status()
    return answer.json()["rates"][currency]
```

## When not to
Services that answer errors in their body with a status of 200.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Class, Finding, Function, Outbound, Project, ProjectRule, Role, Severity, Unit, ir
from backend_lint.rules.architecture._shared import run_by_hand

_SENDS = frozenset({"send", "request"})
_LIBRARIES = frozenset({"requests", "httpx"})
_BODIES = frozenset({"json", "text", "content", "iter_content", "iter_lines", "read"})
_LOOKS = frozenset(
    {"status_code", "ok", "raise_for_status", "is_success", "is_error", "reason", "status", "is_redirect"}
)


_EXPECTED = frozenset({"Exception", "BaseException", "ValueError", "JSONDecodeError", "KeyError"})
_IN_BODY = frozenset({"error", "errors", "success", "ok", "status", "error_description", "error_code"})


class UncheckedOutboundStatus(ProjectRule):
    code = "ARC410"
    severity = Severity.LOW
    cwe = (252,)
    unit = Unit.OUTBOUND

    def check(self, project: Project) -> Iterable[Finding]:
        for each in _answers(project):
            read = _unchecked(each)
            if read is not None:
                yield self.finding(
                    each.at,
                    f"`{read}` of the answer of `{each.site.name}()` is read whatever its status: an error passes for the data",
                    help="Call `raise_for_status()` first.",
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(each.at) for each in _answers(project)]


def _answers(project: Project) -> Iterator[Outbound]:
    hooked = any(
        type(node) is ir.Call and "event_hooks" in node.keywords
        for each in project.outbound
        for node in (each.site.call,)
    )
    scripts = project.derived(run_by_hand)
    for each in project.outbound:
        if each.kind == "http" and each.library in _LIBRARIES and each.scope.module.role is Role.APP and not hooked:
            if each.scope.module.name not in scripts and not _is_own_client(each, project):
                yield each


def _is_own_client(each: Outbound, project: Project) -> bool:
    """Whether the client is the project's own, which looks at answers before it gives them back."""
    func = each.site.call.func
    kind = project.type_of(func.value, each.scope) if type(func) is ir.Attribute else None
    cls = None if kind is None else project.cls(kind.name)
    return cls is not None and any(
        _SENDS & base.methods.keys() for base in project.classes.mro(cls) if type(base) is Class
    )


def _unchecked(each: Outbound) -> str | None:
    """How the body of an answer is read, where nothing looks at its status."""
    if not isinstance(each.scope, Function):
        return None
    name = _assigned(each, each.scope)
    read: ir.Attribute | None = None
    for node in ir.walk(each.scope.body):
        if type(node) is not ir.Attribute:
            continue
        inner = node.value.value if type(node.value) is ir.Await else node.value
        if inner is each.site.call or (name is not None and type(inner) is ir.Name and inner.id == name):
            if node.name in _LOOKS:
                return None
            if node.name in _BODIES and read is None:
                read = node
    if read is None or _reads_errors(each.scope) or _is_expected(read, each.scope):
        return None
    return None if name is not None and _is_passed(name, each.scope) else read.name


def _assigned(each: Outbound, function: Function) -> str | None:
    """The name that an answer gets."""
    for stmt in function.statements:
        if type(stmt) is ir.Assign and len(stmt.targets) == 1 and type(stmt.targets[0]) is ir.Name:
            value = stmt.value.value if type(stmt.value) is ir.Await else stmt.value
            if value is each.site.call:
                return stmt.targets[0].id
    return None


def _is_expected(read: ir.Node, function: Function) -> bool:
    """Whether a body that is not what was hoped for is caught around where it is read."""
    for stmt in function.statements:
        if type(stmt) is ir.Try and stmt.body and stmt.body[0].at <= read.at < stmt.body[-1].end:
            for handler in stmt.handlers:
                kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
                if any(kind is None or (ir.dotted(kind) or "").rpartition(".")[2] in _EXPECTED for kind in kinds):
                    return True
    return False


def _reads_errors(function: Function) -> bool:
    """Whether the body itself is asked for errors, as with services that always answer 200."""
    return any(type(node) is ir.Const and node.value in _IN_BODY for node in ir.walk(function.body))


def _is_passed(name: str, function: Function) -> bool:
    """Whether the answer itself is given to somebody, who may look at it."""
    for node in ir.walk(function.body):
        if type(node) is ir.Call and any(type(arg.value) is ir.Name and arg.value.id == name for arg in node.args):
            return True
    return any(
        type(stmt) in (ir.Return, ir.If) and type(value) is ir.Name and value.id == name
        for stmt in function.statements
        for value in ir.children(stmt)
    )
