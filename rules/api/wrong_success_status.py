"""Success answered with a status that says something else.

## What it does
Reports answers with a status that has no body (204, 205, 304) and a body all the same; and operations that create
something and answer 200, where the others of the application answer 201.

## Why it matters
The body of a 204 is dropped on the way, so clients never see what the code means to tell them. A client that takes 201
for "created" takes the one that answers 200 for something else.

## Example
```python
from fastapi import FastAPI, status

app = FastAPI()


@app.delete("/orders/{order_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(order_id: int):
    return {"deleted": order_id}
```

## Use instead
```python
from fastapi import FastAPI, status

app = FastAPI()


@app.delete("/orders/{order_id}", status_code=status.HTTP_204_NO_CONTENT)
def delete(order_id: int) -> None:
    print("deleted", order_id)
```

## When not to
An empty body (`""`, `{}`, `None`) is what a 204 has, and is not reported. Whether creation answers 201 is asked only
where at least four operations create and most of them say so.

## References
- https://www.rfc-editor.org/rfc/rfc9110#name-204-no-content
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Effect, Finding, Function, Place, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._errors import status_of
from backend_lint.rules.api._shared import body

_BODILESS = frozenset({204, 205, 304})
_CREATING = re.compile(r"(?:create|add|new)(?!.*(?:bulk|upsert|_or_|many|batch))")
_ENOUGH = 4
_SHARE = 0.7


class WrongSuccessStatus(ProjectRule):
    code = "API107"
    severity = Severity.LOW
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[Place] = set()
        for route in project.routes:
            for at, status, where in _with_bodies(project, route):
                if at not in seen:
                    seen.add(at)
                    yield self.finding(
                        at,
                        f"`{route.label}` answers {status}, which has no body, and returns one that nobody gets",
                        help="Return nothing, or answer 200.",
                        related=[Step(where, f"{status} is declared here")] if where != at else (),
                        discriminator=route.label,
                        unit=route.label,
                    )
        yield from self._creations(project)

    def _creations(self, project: Project) -> Iterator[Finding]:
        apps: dict[str, list[Route]] = {}
        for route in project.routes:
            if _creates(project, route):
                apps.setdefault(route.app, []).append(route)
        for routes in apps.values():
            created = [route for route in routes if _success(project, route) == 201]
            others = [route for route in routes if _success(project, route) == 200]
            if len(routes) < _ENOUGH or len(created) < _SHARE * len(routes):
                continue
            for route in others:
                yield self.finding(
                    route.at,
                    f"`{route.label}` creates and answers 200; {len(created)} of {len(routes)} that create answer 201, "
                    f"as `{created[0].label}`",
                    help=_HELP.get(route.framework, "Answer 201."),
                    related=[Step(each.at, f"`{each.label}` answers 201") for each in created[:3]],
                    discriminator=route.label,
                    unit=route.label,
                )


_HELP = {
    "fastapi": "Pass `status_code=201`.",
    "flask": "Return the status as well: `return body, 201`.",
    "drf": "Pass `status=status.HTTP_201_CREATED`.",
}


def _success(project: Project, route: Route) -> int | None:
    """The status of success that a route declares, or that its handler returns; None where that cannot be told."""
    if route.framework == "fastapi":
        return route.status_code or 200
    assert route.handler is not None
    found: set[int | None] = set()
    for stmt in route.handler.statements:
        if isinstance(stmt, ir.Return) and stmt.value is not None:
            found.add(_returned(project, stmt.value, route.handler))
    found = {each for each in found if each is None or each < 400}
    return 201 if 201 in found else 200 if found == {200} else None


def _returned(project: Project, value: ir.Expr, handler: Function) -> int | None:
    match value:
        case ir.Sequence(kind="tuple", items=[_, given, *_]):
            return status_of(project, given, handler)
        case ir.Dict():
            return 200
        case ir.Call():
            name = (project.site(value, handler).symbol or ir.dotted(value.func) or "").rpartition(".")[2]
            given = value.keywords.get("status") or value.keywords.get("status_code")
            if given is not None or name not in _RESPONSES or len(value.positional) > 1:
                return None if given is None else status_of(project, given, handler)
            return 200
    return None


def _creates(project: Project, route: Route) -> bool:
    """Whether a route is a POST to a collection whose code inserts a row."""
    handler = route.handler
    if route.framework not in _HELP or route.methods != ("POST",) or handler is None or route.path.endswith("}"):
        return False
    inserts = {id(query.site.call) for query in project.queries if query.operation == "insert"}
    return _CREATING.match(handler.name) is not None and any(
        each.site is not None and id(each.site.call) in inserts
        for each in project.effects.all_of(handler, Effect.WRITE)
    )


def _with_bodies(project: Project, route: Route) -> Iterator[tuple[Place, int, Place]]:
    """Returned bodies under a status that has none, with the place that says so."""
    handler = route.handler
    if handler is None:
        return
    for stmt in handler.statements:
        if not isinstance(stmt, ir.Return) or stmt.value is None:
            continue
        declared = route.status_code if route.framework == "fastapi" else None
        value, status, at = stmt.value, declared, route.at
        if isinstance(value, ir.Call):
            given = value.keywords.get("status") or value.keywords.get("status_code")
            status, at = status_of(project, given, handler) if given is not None else None, handler.place(stmt)
            value = _content(project, value, handler)
            if value is None:
                continue
        elif isinstance(value, ir.Sequence) and value.kind == "tuple" and route.framework in ("flask", "quart"):
            status = status_of(project, value.items[1], handler) if len(value.items) > 1 else None
            value, at = body(value) or value, handler.place(stmt)
            if isinstance(value, ir.Call):
                value = _content(project, value, handler) or ir.Const(value.at, value.end, None)
        if status in _BODILESS and _has_content(value):
            yield handler.place(stmt), status, at


_RESPONSES = frozenset(
    {"jsonify", "Response", "JSONResponse", "JsonResponse", "ORJSONResponse", "make_response", "HttpResponse"}
)


def _content(project: Project, call: ir.Call, handler: Function) -> ir.Expr | None:
    """What a response is made with; None where the call makes no response, or an empty one."""
    name = (project.site(call, handler).symbol or ir.dotted(call.func) or "").rpartition(".")[2]
    if name not in _RESPONSES:
        return None
    given = call.argument(0, "content") or call.keywords.get("data")
    if name == "jsonify" and given is None and call.keywords:
        return call
    return None if isinstance(given, ir.Call) else given


def _has_content(value: ir.Expr) -> bool:
    """Whether an expression surely is a body: a literal that is not empty."""
    match value:
        case ir.Const(value=held):
            return bool(held) and isinstance(held, str | int)
        case ir.Dict(keys=keys):
            return bool(keys)
        case ir.Sequence(items=items):
            return bool(items)
        case ir.Text() | ir.Call():  # the only call that comes here is `jsonify(key=…)`
            return True
    return False
