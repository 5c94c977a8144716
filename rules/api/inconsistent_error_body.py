"""Error whose body has another shape than the others.

## What it does
Compares under which key an application's errors tell what went wrong (`detail`, `message`, `error`, …) and reports those
that depart from what at least three in four do: literal bodies with a status from 400 on, and, in FastAPI, `HTTPException`.

## Why it matters
Clients have one function that shows errors. For these it shows nothing, or `undefined`.

## Example
```python
from flask import Flask

app = Flask(__name__)


@app.get("/a")
def a():
    return {"error": "no such order"}, 404


@app.get("/b")
def b():
    return {"error": "no such cart"}, 404


@app.get("/c")
def c():
    return {"error": "closed already"}, 409


@app.get("/d")
def d():
    return {"error": "no such user"}, 404


@app.get("/e")
def e():
    return {"message": "no such product"}, 404
```

## Use instead
```python
from flask import Flask

app = Flask(__name__)


@app.get("/a")
def a():
    return {"error": "no such order"}, 404


@app.get("/b")
def b():
    return {"error": "no such cart"}, 404


@app.get("/c")
def c():
    return {"error": "closed already"}, 409


@app.get("/d")
def d():
    return {"error": "no such user"}, 404


@app.get("/e")
def e():
    return {"error": "no such product"}, 404
```

## When not to
Endpoints whose body others prescribe (OAuth's `error` and `error_description`, SCIM) differ on purpose and are left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._errors import status_of
from backend_lint.rules.api._shared import body

_KEYS = ("detail", "message", "error", "msg", "errors", "reason", "description", "error_message", "title")
_PRESCRIBED = re.compile(r"oauth|token|scim|oidc|saml|well-known|webhook|openai|v1/chat|graphql|jsonrpc", re.IGNORECASE)
_RESPONSES = frozenset({"JSONResponse", "JsonResponse", "ORJSONResponse", "Response", "jsonify"})
_ENOUGH = 5
_SHARE = 0.75


@dataclass(frozen=True, eq=False)
class _Error:
    keys: tuple[str, ...]
    at: Place
    route: Route
    is_raised: bool = False


class InconsistentErrorBody(ProjectRule):
    code = "API211"
    severity = Severity.LOW
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        for errors, usual, count in _compared(project):
            by_file: dict[str, list[_Error]] = {}
            for each in errors:
                if usual not in each.keys and not each.is_raised:
                    by_file.setdefault(each.at.path, []).append(each)
            like = next(each for each in errors if usual in each.keys)
            for deviants in by_file.values():
                first, *rest = deviants
                yield self.finding(
                    first.at,
                    f"`{first.route.label}`{f' and {len(rest)} more here tell' if rest else ' tells'} what went wrong under "
                    f"`{first.keys[0]}`; {count} of {len(errors)} errors of the application do it under `{usual}`",
                    help=f"Answer with `{usual}`, too, best by raising an error that one handler turns into a body.",
                    related=[
                        Step(like.at, f"`{usual}`, as most"),
                        *(Step(each.at, f"`{each.keys[0]}`") for each in rest[:10]),
                    ],
                    discriminator=first.route.router,
                    unit=first.route.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (each.route.label for errors, *_ in _compared(project) for each in errors)


def _compared(project: Project) -> Iterator[tuple[list[_Error], str, int]]:
    """The errors of each application that has a usual key, with it, and how many have it."""
    apps: dict[str, list[_Error]] = {}
    seen: set[Place] = set()
    for route in project.routes:
        if route.handler is None or _PRESCRIBED.search(route.path):
            continue
        for each in _errors(project, route, route.handler):
            if each.at not in seen:
                seen.add(each.at)
                apps.setdefault(route.app, []).append(each)
    for errors in apps.values():
        usual, count = Counter(key for each in errors for key in each.keys).most_common(1)[0]
        if len(errors) >= _ENOUGH and count >= _SHARE * len(errors):
            yield errors, usual, count


def _errors(project: Project, route: Route, handler: Function) -> Iterator[_Error]:
    for stmt in handler.statements:
        if isinstance(stmt, ir.Raise) and isinstance(stmt.exc, ir.Call):
            name = project.qualified(stmt.exc.func, handler) or ""
            if name in ("fastapi.HTTPException", "starlette.exceptions.HTTPException"):
                yield _Error(("detail",), handler.place(stmt), route, is_raised=True)
        elif isinstance(stmt, ir.Return) and stmt.value is not None:
            content, status = _answer(project, stmt.value, handler)
            if status is not None and status >= 400:
                keys = _keys(content)
                if keys:
                    yield _Error(keys, handler.place(stmt), route)


def _answer(project: Project, value: ir.Expr, handler: Function) -> tuple[ir.Expr | None, int | None]:
    """The body of an answer and its status, as written."""
    if isinstance(value, ir.Sequence) and value.kind == "tuple" and len(value.items) > 1:
        inner = body(value)
        content = _answer(project, inner, handler)[0] if isinstance(inner, ir.Call) else inner
        return content, status_of(project, value.items[1], handler)
    if isinstance(value, ir.Call):
        name = (project.site(value, handler).symbol or ir.dotted(value.func) or "").rpartition(".")[2]
        if name in _RESPONSES:
            given = value.argument(0, "content") or value.keywords.get("data")
            if given is None and name == "jsonify" and value.keywords:
                return value, None
            return given, status_of(project, value.keywords.get("status_code") or value.keywords.get("status"), handler)
    return None, None


def _keys(content: ir.Expr | None) -> tuple[str, ...]:
    """The keys under which a literal body may tell what went wrong, the likeliest first."""
    match content:
        case ir.Dict(keys=keys):
            names = [key.value for key in keys if isinstance(key, ir.Const)]
        case ir.Call(keywords=keywords):
            names = list(keywords)
        case _:
            return ()
    return tuple(each for each in _KEYS if each in names)
