"""What the rules on endpoints have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Function, Place, Project, Route, ir


def place_of(route: Route) -> Place:
    """Where a reader mends a route: its registration beside the handler, else the handler itself."""
    return route.at if route.handler is None or route.handler.module.path == route.at.path else route.handler.at


def siblings(routes: Iterable[Route]) -> dict[str, list[Route]]:
    """Routes by the container they are registered on, in order."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        found.setdefault(route.router, []).append(route)
    return found


_PAGES = ("HTMLResponse", "TemplateResponse", "FileResponse", "RedirectResponse", "PlainTextResponse")


def is_page(project: Project, route: Route) -> bool:
    """Whether a route answers with a page or a file rather than with data."""
    declared = ir.dotted(route.options.get("response_class")) or ""
    return declared.endswith(_PAGES) or any(name.endswith(_PAGES) for name in returned_calls(project, route.handler))


_RESOURCES = ("flask_restful.Resource", "flask_restx.Resource")
_DATA = frozenset({"jsonify", "JsonResponse", "make_response", "json_response", "JSONResponse"})


def answers_data(project: Project, route: Route) -> bool:
    """Whether a route is part of an API for programs, as far as its code shows that."""
    if route.is_websocket or not route.in_schema or is_page(project, route):
        return False
    if route.framework in ("fastapi", "drf"):
        return True
    if route.view is not None and project.classes.is_subclass(route.view, *_RESOURCES):
        return True
    if any(name.rpartition(".")[2] in _DATA for name in returned_calls(project, route.handler)):
        return True
    values = (stmt.value for stmt in route.handler.statements if isinstance(stmt, ir.Return)) if route.handler else ()
    return route.framework == "flask" and any(isinstance(body(value), ir.Dict) for value in values)


def body(value: ir.Expr | None) -> ir.Expr | None:
    """What a returned expression has as its body: the first of Flask's `body, status`."""
    return value.items[0] if isinstance(value, ir.Sequence) and value.kind == "tuple" and value.items else value


def returned_calls(project: Project, function: Function | None) -> Iterator[str]:
    """The names of what is called for each returned value: `starlette.responses.FileResponse`."""
    for stmt in function.statements if function is not None else ():
        value = stmt.value if isinstance(stmt, ir.Return) else None
        value = value.value if isinstance(value, ir.Await) else value
        if isinstance(value, ir.Call):
            assert function is not None
            yield project.site(value, function).symbol or ir.dotted(value.func) or ""


def documented(project: Project) -> list[Route]:
    """The routes that the generated documentation of their application shows, each once."""
    hidden = {
        app.name
        for app in project.apps
        for name in ("openapi_url",)
        if isinstance(app.options.get(name), ir.Const) and app.options[name].value is None  # type: ignore[union-attr]
    }
    found: dict[tuple[Place, str, tuple[str, ...]], Route] = {}
    for route in project.routes:
        if route.framework == "fastapi" and route.in_schema and not route.is_websocket and route.app not in hidden:
            found.setdefault((route.at, route.path, route.methods), route)
    return list(found.values())


def client_names(project: Project, function: Function) -> frozenset[str]:
    """Names in a handler whose value the client chose: its inputs, and what is read from the request."""
    routes = project.handlers.get(function.qualified, ())
    names = {name for route in routes for name in route.converters}
    names |= {
        each.variable or each.name
        for route in routes
        for each in route.inputs
        if each.where in ("path", "query", "body", "form")
    }
    return widened(function, frozenset(names))


def widened(function: Function, names: frozenset[str]) -> frozenset[str]:
    """Names that hold what the client chose, with those to which a function assigns it."""
    found = set(names)
    for stmt in function.statements:
        if isinstance(stmt, ir.Assign) and stmt.value is not None and from_client(stmt.value, frozenset(found)):
            found |= {target.id for target in stmt.targets if isinstance(target, ir.Name)}
    return frozenset(found)


_REQUEST_PARTS = frozenset(
    {"GET", "POST", "args", "form", "json", "get_json", "query_params", "data", "values", "path_params"}
)


def from_client(expr: ir.Expr, names: frozenset[str]) -> bool:
    """Whether an expression is, or is made of, what the client chose; calls of functions are not looked into."""
    match expr:
        case ir.Name(id=name):
            return name in names
        case ir.Attribute(value=ir.Name(id="request"), name=name):
            return name in _REQUEST_PARTS
        case ir.Call(func=ir.Attribute(value=owner, name="get" | "strip" | "lower" | "get_json" | "getlist")):
            return from_client(owner, names) or from_client(expr.func, names)
        case ir.Call(func=ir.Name(id="int" | "str" | "UUID" | "float"), args=[argument, *_]):
            return from_client(argument.value, names)
        case ir.Attribute(value=value) | ir.Subscript(value=value) | ir.Await(value=value):
            return from_client(value, names)
    return False
