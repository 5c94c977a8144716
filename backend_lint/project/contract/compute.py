"""The contract of a project, read from its backend model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.constants import UNKNOWN, constant
from backend_lint.project.contract.graph import graph
from backend_lint.project.contract.types import (
    UNTOLD,
    Contract,
    Endpoint,
    Field,
    Object,
    Parameter,
    Requirement,
    Signature,
)
from backend_lint.project.contract.values import Value, constraints, family, value
from backend_lint.project.model import Input, Route, Schema, SchemaField, Task
from backend_lint.project.modules import Function, Module

if TYPE_CHECKING:
    from backend_lint.project.project import Project

_PAGES = ("HTMLResponse", "TemplateResponse", "RedirectResponse", "render", "render_template", "redirect")
_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security"})
_CALLER = frozenset({"is_authenticated", "is_anonymous", "is_staff", "is_superuser", "has_perm", "has_perms"})
_SIGNATURES = frozenset({"fastapi", "litestar"})


def contract(project: Project) -> Contract:
    """What is promised. Pages, routes hidden from the documentation and websockets are no part of it."""
    operations: dict[str, Endpoint] = {}
    for route in project.routes:
        if route.in_schema and not route.is_websocket and not _is_page(project, route):
            for each in _operations(project, route):
                operations.setdefault(each.label, each)
    objects: dict[str, Object] = {}
    for each in operations.values():
        for root in (*each.parameters, each.response):
            if root is not None and root.schema is not None:
                _collect(project, root.schema, objects)
    given = _given(project)
    found = (_signature(each, given.get(each.name, frozenset())) for each in project.tasks)
    tasks = {each.name: each for each in found if each is not None}
    return Contract(
        operations=dict(sorted(operations.items())),
        objects=dict(sorted(objects.items())),
        tasks=dict(sorted(tasks.items())),
        graph=graph(project),
    )


# Operations


def _is_page(project: Project, route: Route) -> bool:
    """Whether what it answers is for people: a page, a form, a redirect."""
    declared = (ir.dotted(route.options.get("response_class")) or "").rpartition(".")[2]
    if declared in _PAGES:
        return True
    if route.framework == "django":
        return not _answers_data(project, route)
    handler = route.handler
    for stmt in handler.statements if handler is not None else ():
        answer = stmt.value if type(stmt) is ir.Return else None
        if type(answer) is ir.Call:
            name = (ir.dotted(answer.func) or "").rpartition(".")[2]
            if name in _PAGES:
                return True
    return False


def _answers_data(project: Project, route: Route) -> bool:
    """Whether a Django view makes a JSON response somewhere, and renders nothing."""
    handler = route.handler
    called = {(site.symbol or site.name).rpartition(".")[2] for site in project.sites(handler)} if handler else set()
    return "JsonResponse" in called and called.isdisjoint(_PAGES)


def _operations(project: Project, route: Route) -> Iterator[Endpoint]:
    parameters = tuple(sorted(_parameters(project, route), key=lambda each: (each.where, each.name)))
    guards = sorted({(each.kind.value, each.name, each.arguments, each.level == "default") for each in route.guards})
    around = tuple(sorted(_around(project, route)))
    for method in route.methods:
        yield Endpoint(
            method=method,
            path=route.path,
            handler=_handler(route),
            router=route.router,
            framework=route.framework,
            deprecated=route.deprecated,
            status=route.status_code,
            parameters=parameters,
            response=_response(project, route),
            requirements=tuple(Requirement(*each) for each in guards),
            around=around,
            at=route.at,
        )


def _around(project: Project, route: Route) -> set[str]:
    """The names of what stands around a handler, guard or not."""
    handler, view = route.handler, route.view
    written = [
        *(handler.decorators if handler is not None else ()),
        *(view.facts.decorators if view is not None else ()),
    ]
    found = {(ir.dotted(ir.callee(each)) or "").rpartition(".")[2] for each in written}
    found |= {each.name for each in route.dependencies} | set(route.permissions)
    found |= {each.name.rpartition(".")[2] for app in project.apps if app.name == route.app for each in app.middleware}
    if view is not None:
        bases = (each if isinstance(each, str) else each.qualified for each in project.classes.mro(view)[1:])
        found |= {each.rpartition(".")[2] for each in bases} - {"object"}
    if handler is not None and not all(_is_known(project, each, handler) for each in _dependencies(project, handler)):
        found.add(UNTOLD)
    if handler is not None and any(
        type(node) is ir.Attribute and node.name in _CALLER for node in ir.walk(handler.body)
    ):
        found.add(UNTOLD)
    return found - {""}


def _dependencies(project: Project, handler: Function) -> Iterator[Expr]:
    """What the parameters of a handler depend on, as written there."""
    for parameter in handler.parameters:
        index = parameter.annotation.index if type(parameter.annotation) is ir.Subscript else None
        for expr in (parameter.default, *(index.items[1:] if type(index) is ir.Sequence else ())):
            if type(expr) is ir.Call and project.qualified(expr.func, handler.around) in _DEPENDS and expr.args:
                yield expr.args[0].value


def _is_known(project: Project, target: Expr, handler: Function) -> bool:
    """Whether a dependency is code of the project, or a scheme of the framework."""
    if type(target) is ir.Call:
        site = project.site(target, handler)
        return bool(site.targets) or (site.symbol or "").startswith("fastapi.")
    kind = project.type_of(target, handler.around)
    if kind is None:
        return False
    return (
        kind.name.startswith("fastapi.")
        or project.function(kind.name) is not None
        or project.cls(kind.name) is not None
    )


def _handler(route: Route) -> str:
    if route.handler is not None:
        return route.handler.qualified
    return route.handler_name if route.view is None else route.view.qualified


def _parameters(project: Project, route: Route) -> Iterator[Parameter]:
    seen: set[tuple[str, str]] = set()
    for each in route.inputs:
        if (each.where, each.name) not in seen and each.where != "path":
            seen.add((each.where, each.name))
            yield _parameter(project, route, each)


def _parameter(project: Project, route: Route, each: Input) -> Parameter:
    scope = project.by_path.get(each.at.path) if each.at is not None else None
    held = value(project, each.annotation, scope) if scope is not None else Value()
    schemas = route.body_schemas if each.where == "body" else ()
    kind = held.type or family(each.type)
    return Parameter(
        name=each.name,
        where=each.where,
        type="object" if schemas else kind,
        many=held.many,
        nullable=held.nullable,
        required=each.required,
        enum=held.enum,
        schema=held.schema or (schemas[0] if len(schemas) == 1 else None),
        constraints=constraints(each.constraints, kind),
        default=_default(project, each.default, scope),
        at=each.at or route.at,
        is_declared=route.framework in _SIGNATURES or bool(schemas),
    )


def _response(project: Project, route: Route) -> Field | None:
    if len(route.response_schemas) == 1:
        many = (route.response_model or "").startswith("list[")
        return Field(name="", type="object", many=many, schema=route.response_schemas[0], at=route.at)
    given = route.options.get("response_model")
    if given is not None and route.scope is not None:
        held, at = value(project, given, route.scope), route.scope.module.place(given)
    elif route.handler is not None and route.response_expr is not None:
        held, at = value(project, route.response_expr, route.handler.around), route.handler.at
    else:
        return None
    if held == Value() or held == Value(nullable=True):
        return None
    return Field(
        name="", type=held.type, many=held.many, nullable=held.nullable, enum=held.enum, schema=held.schema, at=at
    )


# Objects


def _collect(project: Project, name: str, found: dict[str, Object]) -> None:
    schema = project.schemas.get(name)
    if schema is None or name in found:
        return
    pending = found[name] = Object(name=schema.name, kind=schema.kind, at=schema.at)
    fields = {each.name: each for each in (_field(project, schema, each) for each in schema.fields.values())}
    found[name] = Object(
        name=pending.name, kind=pending.kind, fields=fields, is_open=_is_open(project, schema), at=pending.at
    )
    for each in fields.values():
        if each.schema is not None:
            _collect(project, each.schema, found)


def _is_open(project: Project, schema: Schema) -> bool:
    """Whether it may have fields that are not among those read: a base outside the project, fields made by code."""
    if schema.extra == "allow" or "alias_generator" in schema.config:
        return True
    if schema.all_fields and project.models.get(schema.model or "") is None:
        return True
    names = {name for each in project.classes.mro(schema.cls) if not isinstance(each, str) for name in each.methods}
    return not names.isdisjoint(
        {"to_representation", "get_fields", "__init__", "get_field_names", "dict", "model_dump"}
    )


def _field(project: Project, schema: Schema, each: SchemaField) -> Field:
    scope = project.by_path.get(each.at.path, schema.cls.module)
    held = value(project, each.annotation, scope) if each.annotation is not None else Value()
    nested = each.schema if each.schema in project.schemas else None
    kind = held.type or (None if each.annotation is not None else family(each.type))
    choices = each.constraints.get("choices")
    return Field(
        name=each.alias or each.name,
        type="object" if nested and not held.type else kind,
        many=held.many or each.many,
        nullable=held.nullable or each.nullable,
        required=each.required,
        enum=held.enum or _choices(choices),
        schema=held.schema or nested,
        constraints={name: bound for name, bound in constraints(each.constraints, kind).items() if name != "choices"},
        default=_default(project, each.default, scope),
        read_only=each.read_only,
        write_only=each.write_only,
        at=each.at,
    )


def _choices(choices: object) -> tuple[str, ...]:
    if not isinstance(choices, list | tuple):
        return ()
    keys = [each[0] if isinstance(each, list | tuple) and each else each for each in choices]
    return tuple(sorted(str(key) for key in keys if isinstance(key, str | int)))


def _default(project: Project, expr: Expr | None, scope: Module | None) -> str | None:
    if expr is None or scope is None:
        return None
    held = constant(project, expr, scope)
    return None if held is UNKNOWN else repr(held)


# Tasks


def _signature(task: Task, given: frozenset[str]) -> Signature | None:
    """What goes through a queue; work that this process does after its answer has no contract."""
    if task.framework == "starlette":
        return None
    own = [each for each in task.function.parameters if each.kind in ("positional", "plain", "keyword")]
    skipped = int(task.function.cls is not None or task.is_bound or task.framework == "arq")
    named = own[skipped:]
    return Signature(
        name=task.name,
        function=task.function.qualified,
        queue=task.queue,
        required=tuple(each.name for each in named if each.default is None),
        optional=tuple(each.name for each in named if each.default is not None),
        positional=tuple(each.name for each in named if each.kind != "keyword"),
        given=tuple(sorted(given & {each.name for each in named})),
        takes_more=tuple(
            f"{'*' if each.kind == 'star' else '**'}{each.name}"
            for each in task.function.parameters
            if each.kind in ("star", "stars")
        ),
        at=task.function.at,
    )


def _given(project: Project) -> dict[str, frozenset[str]]:
    """The parameters that the project's messages fill in by name, by task."""
    found: dict[str, set[str]] = {}
    for each in project.enqueues:
        if each.task is not None:
            found.setdefault(each.task.name, set()).update(each.kwargs)
    return {name: frozenset(names) for name, names in found.items()}
