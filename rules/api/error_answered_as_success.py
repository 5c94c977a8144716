"""Failure that is answered with 200.

## What it does
Reports answers from an `except` block whose body says that something failed (`error`, `success: False`) while the
status says success, and Flask error handlers that return a body without a status.

## Why it matters
Clients, proxies, retries and dashboards go by the status. A failure that reads 200 is cached, counted as success, and
noticed by nobody.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.post("/orders")
def create_order(order: dict):
    try:
        return {"id": order["id"]}
    except KeyError:
        return {"error": "the order has no id"}
```

## Use instead
```python
from fastapi import FastAPI, HTTPException

app = FastAPI()


@app.post("/orders")
def create_order(order: dict):
    try:
        return {"id": order["id"]}
    except KeyError:
        raise HTTPException(422, "the order has no id")
```

## When not to
GraphQL, JSON-RPC, webhooks and health checks answer 200 by convention and are not reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Severity, Unit, ir, words
from backend_lint.rules.api._errors import caught

_CONVENTION = re.compile(
    r"graphql|rpc|webhook|hook|callback|health|ready|live|ping|status|slack|telegram|bot|metrics", re.IGNORECASE
)
_FAILED = frozenset({"error", "errors", "err", "exception", "traceback"})
_FLAGS = frozenset({"success", "ok", "succeeded", "is_success"})
_WORDS = frozenset({"error", "failed", "failure", "fail"})
_BODIES = frozenset(
    {"flask.jsonify", "quart.jsonify", "django.http.JsonResponse", "starlette.responses.JSONResponse"}
) | {
    "rest_framework.response.Response",
    "fastapi.responses.JSONResponse",
    "sanic.response.json",
    "aiohttp.web.json_response",
}
_HANDLING = frozenset({"flask", "quart", "fastapi", "starlette"})
_STATUSES = frozenset({"status", "status_code"})
_MISSING = frozenset({"builtins.ImportError", "builtins.ModuleNotFoundError"})


class ErrorAnsweredAsSuccess(ProjectRule):
    code = "API205"
    severity = Severity.MEDIUM
    cwe = (394, 390)
    unit = Unit.FUNCTION
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in project.routes:
            handler = route.handler
            if handler is None or handler.at in seen or _CONVENTION.search(f"{route.path} {handler.name}"):
                continue
            seen.add(handler.at)
            if _is_rendered(handler):
                continue
            if route.status_code is None or route.status_code < 400:
                yield from self._handler(project, route, handler)
        for app in project.apps:
            for each in app.handlers if app.framework in _HANDLING else ():
                if each.function is not None and each.function.at not in seen:
                    seen.add(each.function.at)
                    yield from self._registered(project, each.function, app.framework)

    def _handler(self, project: Project, route: Route, handler: Function) -> Iterator[Finding]:
        if _sets_status(handler):
            return
        for stmt in handler.statements:
            for each in stmt.handlers if isinstance(stmt, ir.Try) else ():
                if _MISSING & set(caught(project, each, handler)):
                    continue  # a part that is not installed, and the answer says so
                for answer in ir.walk_statements(each.body):
                    said = _says(project, answer.value, handler) if isinstance(answer, ir.Return) else ""
                    if said:
                        yield self.finding(
                            handler.place(answer),
                            f"`{_label(project, handler)}` answers {route.status_code or 200} although {said}",
                            help="Answer with a status of 4xx or 5xx: raise an HTTP error, or pass the status.",
                            unit=route.label,
                        )

    def _registered(self, project: Project, function: Function, framework: str) -> Iterator[Finding]:
        """An error handler answers 200 with what it returns, unless it says otherwise."""
        if _sets_status(function):
            return
        for stmt in function.statements:
            body = _body(project, stmt.value, function) if isinstance(stmt, ir.Return) else None
            if body is not None:
                yield self.finding(
                    function.place(stmt),
                    f"the error handler `{function.name}` returns no status, so the error is answered with 200",
                    help="Return the status as well: `return body, 500`."
                    if framework == "flask"
                    else "Pass the status to the response: `status_code=500`.",
                )


def _is_rendered(handler: Function) -> bool:
    """Whether a decorator makes a page of what is returned."""
    return any(
        {"template", "render", "view"} & set(words(ir.dotted(ir.callee(each)) or "")) for each in handler.decorators
    )


def _label(project: Project, handler: Function) -> str:
    """The routes that a handler answers, by method and path."""
    routes = project.handlers[handler.qualified]
    methods = sorted({method for each in routes if each.path == routes[0].path for method in each.methods})
    return f"{','.join(methods)} {routes[0].path}"


def _body(project: Project, value: ir.Expr | None, scope: Function) -> ir.Dict | ir.Call | None:
    """A body that is returned without any status."""
    match value:
        case ir.Dict():
            return value
        case ir.Call() if project.site(value, scope).symbol in _BODIES:
            if _STATUSES & set(value.keywords) or len(value.positional) > 1 or value.has_unpacking:
                return None
            first = value.argument(0, "content") or value.argument(None, "data")
            return first if isinstance(first, ir.Dict) else value if first is None and value.keywords else None
    return None


def _says(project: Project, value: ir.Expr | None, scope: Function) -> str:
    """What in a body says that something failed; empty where nothing does."""
    body = _body(project, value, scope)
    pairs: list[tuple[object, ir.Expr]] = []
    match body:
        case ir.Dict(keys=keys, values=values):
            pairs = [(key.value, each) for key, each in zip(keys, values, strict=True) if isinstance(key, ir.Const)]
        case ir.Call():
            pairs = list(body.keywords.items())
    for key, each in pairs:
        constant = each.value if isinstance(each, ir.Const) else ...
        if key in _FAILED and constant not in (None, False, ""):
            return f"its body has an `{key}`"
        if key in _FLAGS and constant is False:
            return f"its body says `{key}: False`"
        if key == "status" and isinstance(constant, str) and constant.lower() in _WORDS:
            return f"its body says `status: {constant}`"
    return ""


def _sets_status(function: Function) -> bool:
    """Whether the status of a response object is set anywhere."""
    return any(
        isinstance(target, ir.Attribute) and target.name in ("status_code", "status")
        for stmt in function.statements
        if isinstance(stmt, ir.Assign)
        for target in stmt.targets
    )
