"""What decorators of webargs and its relatives take from a request for a handler: `@blp.arguments(Order)`.

Source: https://webargs.readthedocs.io/en/latest/quickstart.html, `flask_smorest.arguments.ArgumentsMixin.arguments`.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project
from backend_lint.project.model import Input, Route

_TAKING = frozenset(
    {"flask_smorest.Blueprint.arguments", "webargs.flaskparser.use_args"}
    | {"apiflask.APIFlask.input", "apiflask.APIBlueprint.input"}
)
_WHERE = {
    "json": "body",
    "query": "query",
    "querystring": "query",
    "form": "form",
    "files": "file",
    "headers": "header",
    "cookies": "cookie",
    "path": "path",
    "view_args": "path",
}
_TYPES = {  # of marshmallow's fields
    **dict.fromkeys(("String", "Str"), "str"),
    **dict.fromkeys(("Integer", "Int"), "int"),
    **dict.fromkeys(("Boolean", "Bool"), "bool"),
    "Float": "float",
    "DateTime": "datetime",
    "Date": "date",
    "Dict": "dict",
}


def take(project: Project, route: Route, handler: Function) -> None:
    """Add to a route what decorators of its handler take: a schema of the body, the fields of those of other parts."""
    for cls, where, expr in _taken(project, handler):
        place = handler.module.place(expr)
        if where == "body":
            route.body, route.body_schemas = cls.name, (*route.body_schemas, cls.qualified)
            route.inputs.append(Input("body", "body", cls.name, True, place))
            continue
        schema = project.schemas.get(cls.qualified)
        route.inputs += [
            Input(
                each.alias or each.name,
                where,
                _TYPES.get(each.type or "", each.type),
                each.required,
                place,
                each.constraints,
            )
            for each in (schema.fields.values() if schema is not None else ())
            if not each.read_only
        ]


def _taken(project: Project, handler: Function) -> Iterator[tuple[Class, str, Expr]]:
    """The schemas that decorators name, each with the part of the request that it reads."""
    for expr in handler.decorators:
        if type(expr) is not ir.Call or project.site(expr, handler.around).symbol not in _TAKING:
            continue
        named, location = expr.argument(0, "schema"), expr.argument(None, "location")
        named = ir.callee(named)
        cls = project.cls(project.qualified(named, handler.around) or "")
        where = _WHERE.get(str(location.value)) if type(location) is ir.Const else "body"
        if cls is not None and where is not None:
            yield cls, where, expr
