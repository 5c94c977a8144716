"""Data of one request is stored on an object that all requests share.

## What it does
Reports what a request brings (its user, its session, the request itself) being stored in a module global, on a class, in
the state of the application, or on a middleware or service of which there is one for the process.

## Why it matters
The next request overwrites it before this one has read it: users see each other's data, and only under load.

## Example
```python
from fastapi import FastAPI, Request
from starlette.middleware.base import BaseHTTPMiddleware

app = FastAPI()


class Tenant(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next):
        self.tenant = request.headers["x-tenant"]
        response = await call_next(request)
        response.headers["x-tenant"] = self.tenant
        return response


app.add_middleware(Tenant)
```

## Use instead
```python
from fastapi import FastAPI, Request
from starlette.middleware.base import BaseHTTPMiddleware

app = FastAPI()


class Tenant(BaseHTTPMiddleware):
    async def dispatch(self, request: Request, call_next):
        request.state.tenant = request.headers["x-tenant"]
        response = await call_next(request)
        response.headers["x-tenant"] = request.state.tenant
        return response


app.add_middleware(Tenant)
```

## References
- https://docs.python.org/3/library/contextvars.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Class, Finding, Function, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.architecture._shared import caller, closure, principals

_MIDDLEWARE = ("starlette.middleware.base.BaseHTTPMiddleware", "django.utils.deprecation.MiddlewareMixin")
_CURRENT = frozenset({"flask.request", "quart.request"})
_REQUESTS = frozenset({"request", "scope", "environ", "send", "receive"})


class RequestStateOnSharedObject(ProjectRule):
    code = "ARC306"
    severity = Severity.HIGH
    cwe = (488, 362)
    unit = Unit.FUNCTION
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        shared = _shared_classes(project)
        for function in _served(project, shared):
            for stmt, target, where in _stores(function, shared, project):
                name = _of_the_request(stmt.value, function, shared, project)
                if name is not None and not _is_first_use(stmt, target, function):
                    yield self.finding(
                        function.place(stmt),
                        f"`{ir.dotted(target) or where}` holds `{name}` of one request, and {where} is shared by all",
                        help="Keep it in `request.state`, `g` or a `ContextVar`, or pass it on.",
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each in _served(project, _shared_classes(project))]


def _served(project: Project, shared: dict[str, str]) -> list[Function]:
    """What runs for a request with the request at hand: handlers, dependencies, methods of shared objects."""
    found = {each.qualified: each for route in project.routes for each in (route.handler, *route.dependencies) if each}
    found |= {each.qualified: each for each in project.functions() if any(map(_is_hook, each.decorators))}
    for function in project.functions():
        if function.cls is not None and function.cls.qualified in shared and function.name != "__init__":
            found[function.qualified] = function
    return list(found.values())


def _is_hook(decorator: ir.Expr) -> bool:
    """Whether Flask calls what is decorated around each request: `@app.before_request`."""
    return (ir.dotted(decorator) or "").endswith(("before_request", "before_app_request", "after_request"))


def _shared_classes(project: Project) -> dict[str, str]:
    """Classes of which the process has one instance, and what that is."""
    found: dict[str, str] = {}
    added = {each.name for app in project.apps for each in app.middleware}
    for module in project.modules.values():
        for cls in module.classes:
            if cls.qualified in added or project.classes.is_subclass(cls.qualified, *_MIDDLEWARE):
                found[cls.qualified] = "the middleware"
        for stmts in module.assignments.values():
            value = stmts[-1].value
            if type(value) is ir.Call and (made := project.cls(project.site(value, module).symbol or "")) is not None:
                found.setdefault(made.qualified, f"the one `{made.name}`")
    return found


def _stores(function: Function, shared: dict[str, str], project: Project) -> Iterator[tuple[ir.Assign, ir.Expr, str]]:
    """Assignments to what outlives the request."""
    declared = {
        name for stmt in function.statements if type(stmt) is ir.Declare for name in stmt.names if stmt.kind == "global"
    }
    own = function.parameters[0].name if function.takes_receiver and function.parameters else None
    for stmt in function.statements:
        if type(stmt) is not ir.Assign or stmt.value is None:
            continue
        for target in stmt.targets:
            match target:
                case ir.Name(id=name) if name in declared:
                    yield stmt, target, "a module global"
                case ir.Attribute(value=ir.Name(id=name)) if name == own and function.cls is not None:
                    kind = shared.get(function.cls.qualified)
                    if kind is not None and name != "cls":
                        yield stmt, target, kind
                case ir.Attribute(value=ir.Attribute(name="state", value=ir.Attribute(name="app") | ir.Name(id="app"))):
                    yield stmt, target, "the state of the application"
                case ir.Attribute(value=ir.Name() as holder):
                    kind = project.type_of(holder, function)
                    if kind is not None and kind.itself and isinstance(project.cls(kind.name), Class):
                        yield stmt, target, f"the class `{holder.id}`"


def _of_the_request(value: ir.Expr | None, function: Function, shared: dict[str, str], project: Project) -> str | None:
    """What of the request a value is made of; settings of the application are not."""
    if value is None or _reads_the_app(value):
        return None
    given = {each.name for each in function.parameters if each.name in _REQUESTS} | principals(function, project)
    if function.cls is None or function.cls.qualified not in shared:
        given -= {"scope", "send", "receive"}
    for node in closure(value, function):
        if (name := caller(node, function, project)) is not None:
            return name
        if type(node) is ir.Name and (node.id in given or project.qualified(node, function) in _CURRENT):
            return node.id
    return None


def _reads_the_app(value: ir.Expr) -> bool:
    return any(type(node) is ir.Attribute and node.name == "app" for node in ir.walk_expression(value))


def _is_first_use(stmt: ir.Assign, target: ir.Expr, function: Function) -> bool:
    """Whether it is set once, where it was not set yet."""
    name = target.id if type(target) is ir.Name else target.name if type(target) is ir.Attribute else ""
    for outer in function.statements:
        if type(outer) is ir.If and outer.at <= stmt.at < outer.end:
            for node in ir.walk_expression(outer.test):
                if (type(node) is ir.Name and node.id == name) or (type(node) is ir.Attribute and node.name == name):
                    return True
    return False
