"""Guard whose credentials the documentation does not show.

## What it does
Reports guards of documented FastAPI applications that read a header or cookie by hand, so that the operations they guard
show no security scheme.

## Why it matters
The documentation says that anybody may call the operation. Its "Authorize" button is missing, generated clients send no
credentials, and scanners that read the document take the operation for a public one.

## Example
```python
from typing import Annotated

from fastapi import Depends, FastAPI, Header, HTTPException

app = FastAPI()


def key(x_key: Annotated[str | None, Header()] = None):
    if x_key != "secret":
        raise HTTPException(401)


@app.get("/orders", dependencies=[Depends(key)])
def orders() -> list[str]: ...
```

## Use instead
```python
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.security import APIKeyHeader

app = FastAPI()
header = APIKeyHeader(name="X-Key")


def key(x_key: Annotated[str, Depends(header)]):
    if x_key != "secret":
        raise HTTPException(401)


@app.get("/orders", dependencies=[Depends(key)])
def orders() -> list[str]: ...
```

## When not to
Where the documentation is switched off, or another scheme of the operation is shown beside the one that is read by hand.

## References
- https://fastapi.tiangolo.com/reference/security/
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import (
    UNKNOWN,
    Finding,
    Function,
    GuardKind,
    Project,
    ProjectRule,
    Route,
    Severity,
    Step,
    Unit,
    ir,
    listed,
)
from backend_lint.rules.api._shared import documented

_SCHEMES = "fastapi.security."
_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security"})
_MARKERS = frozenset({"fastapi.Header", "fastapi.Cookie"})
_PARTS = frozenset({"headers", "cookies"})
_NO_CREDENTIALS = re.compile(
    r"origin|host|referer|user.agent|accept|content|forwarded|real.ip|language|request.id|csrf", re.I
)


class UndocumentedAuthScheme(ProjectRule):
    code = "API307"
    severity = Severity.LOW
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        found: dict[str, tuple[Function, str, list[Route]]] = {}
        for route in _judged(project):
            functions = _functions(route)
            if any(_has_scheme(project, each) for each in functions):
                continue
            guards = {each.function.qualified for each in route.guards if each.function is not None}
            for function in functions:
                read = _read(project, function)
                if read is not None and (function.qualified in guards or _leads(project, guards, function)):
                    found.setdefault(function.qualified, (function, read, []))[2].append(route)
                    break
        for function, read, routes in found.values():
            yield self.finding(
                function.at,
                f"`{function.name}` reads {read} by hand: the documentation of {listed(route.label for route in routes)} "
                "shows that no credentials are needed",
                help="Take the value from `APIKeyHeader`, `APIKeyCookie` or `HTTPBearer` of `fastapi.security`.",
                related=[Step(route.at, f"`{route.label}` is guarded by it") for route in routes[:5]],
                unit=routes[0].label,
            )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in _judged(project))


def _judged(project: Project) -> Iterator[Route]:
    for route in documented(project):
        if route.has_guard(GuardKind.AUTHENTICATION) and any(each.function for each in route.guards):
            yield route


def _functions(route: Route) -> list[Function]:
    """The functions that run before a handler, those of guards in middleware not among them."""
    own = [each.function for each in route.guards if each.function is not None and each.level != "middleware"]
    handler = "" if route.handler is None else route.handler.qualified
    return [
        each for name, each in {one.qualified: one for one in [*own, *route.dependencies]}.items() if name != handler
    ]


def _has_scheme(project: Project, function: Function) -> bool:
    """Whether a parameter depends on a scheme that FastAPI documents."""
    for parameter in function.parameters:
        for node in [parameter.default, *_extras(parameter.annotation)]:
            if isinstance(node, ir.Call) and project.qualified(node.func, function.around) in _DEPENDS:
                target = node.argument(0, "dependency")
                kind = None if target is None else project.type_of(target, function.around)
                if kind is None:
                    if (
                        target is not None
                        and project.function(project.qualified(target, function.around) or "") is None
                    ):
                        return True  # what it depends on cannot be told
                elif _is_scheme(project, kind.name):
                    return True
        if parameter.annotation is not None:
            written = project.qualified(parameter.annotation, function.around) or ""
            alias = project.constant(parameter.annotation, function.around)
            if alias is not UNKNOWN or written.startswith(_SCHEMES):
                return True
    return False


def _is_scheme(project: Project, name: str) -> bool:
    if name.startswith(_SCHEMES):
        return True
    cls = project.cls(name)
    return cls is not None and any(
        isinstance(each, str) and each.startswith(_SCHEMES) for each in project.classes.mro(cls)
    )


def _extras(annotation: ir.Expr | None) -> list[ir.Expr]:
    if isinstance(annotation, ir.Subscript) and isinstance(annotation.index, ir.Sequence):
        return annotation.index.items[1:]
    return []


def _read(project: Project, function: Function) -> str | None:
    """What of the request a function takes its credentials from, in words."""
    for parameter in function.parameters:
        for node in [parameter.default, *_extras(parameter.annotation)]:
            if isinstance(node, ir.Call) and project.qualified(node.func, function.around) in _MARKERS:
                if _NO_CREDENTIALS.search(parameter.name):
                    continue
                return f"the {'cookie' if (ir.dotted(node.func) or '').endswith('Cookie') else 'header'} `{parameter.name}`"
    for node in ir.walk(function.body):
        match node:
            case ir.Call(
                func=ir.Attribute(value=ir.Attribute(value=root, name=part), name="get"), args=[first, *_]
            ) if part in _PARTS and _is_request(project, root, function):
                return _named(part, first.value)
            case ir.Subscript(value=ir.Attribute(value=root, name=part), index=index) if part in _PARTS and _is_request(
                project, root, function
            ):
                return _named(part, index)
    return None


def _is_credential(name: ir.Expr) -> bool:
    return not (isinstance(name, ir.Const) and _NO_CREDENTIALS.search(str(name.value)))


def _is_request(project: Project, expr: ir.Expr, function: Function) -> bool:
    kind = project.type_of(expr, function)
    return kind is not None and kind.name.startswith(("starlette.requests.", "fastapi.Request"))


def _named(part: str, name: ir.Expr) -> str:
    written = f" `{name.value}`" if isinstance(name, ir.Const) else ""
    return f"the {part[:-1]}{written}"


def _leads(project: Project, guards: set[str], function: Function) -> bool:
    """Whether a guard depends on what a function read: it takes the function as a dependency, or calls it."""
    for name in guards:
        guard = project.function(name)
        if guard is None:
            continue
        for parameter in guard.parameters:
            for node in [parameter.default, *_extras(parameter.annotation)]:
                if isinstance(node, ir.Call) and node.args:
                    if project.qualified(node.args[0].value, guard.around) == function.qualified:
                        return True
    return False
