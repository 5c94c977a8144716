"""Which routers, blueprints and URL modules an application serves.

A container is served where it is handed to another one, or to anything that cannot be read; it is known not to be only
where an application was found, every registration says what it registers, and nothing else names the container.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.adapters._django_settings import settings_owners
from backend_lint.adapters._django_urls import mounted
from backend_lint.adapters._registration import Event, Items, Object, Registration, Value, registration
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.project import Module, Project, Scope
from backend_lint.project.model import Router

_FAMILIES = (
    (
        "fastapi",
        frozenset({"fastapi.FastAPI", "starlette.applications.Starlette"}),
        frozenset({"fastapi.APIRouter"}),
        frozenset({"include_router", "mount"}),
    ),
    (
        "flask",
        frozenset({"flask.Flask", "quart.Quart"}),
        frozenset({"flask.Blueprint", "quart.Blueprint"}),
        frozenset({"register_blueprint"}),
    ),
    ("sanic", frozenset({"sanic.Sanic"}), frozenset({"sanic.Blueprint"}), frozenset({"blueprint"})),
    ("ninja", frozenset({"ninja.NinjaAPI"}), frozenset({"ninja.Router"}), frozenset({"add_router"})),
)
_ROUTES = frozenset(
    {
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "route",
        "api_route",
        "websocket",
        "add_api_route",
        "add_url_rule",
        "add_route",
    }
)


def read(project: Project) -> None:
    found = registration(project)
    for framework, apps, containers, methods in _FAMILIES:
        project.routers += _routers(project, found, framework, apps, containers, methods)
    project.routers += _url_modules(project)
    project.routers.sort(key=lambda each: each.at)


def _routers(
    project: Project,
    found: Registration,
    framework: str,
    apps: frozenset[str],
    containers: frozenset[str],
    methods: frozenset[str],
) -> Iterator[Router]:
    objects = [each for each in found.objects if each.symbol in containers]
    if not objects:
        return
    registering = [each for each in found.events if each.method in methods]
    is_told = any(each.symbol in apps for each in found.objects) and not any(map(_is_unclear, registering))
    handed = {id(value) for event in found.events for value in _values((*event.args, *event.kwargs.values()))}
    handed |= {id(value) for each in found.objects for value in _values((*each.args, *each.kwargs.values()))}
    for each in objects:
        routes = sum(event.target is each and event.method in _ROUTES for event in found.events)
        if routes and each.scope.module.role is Role.APP:
            is_mounted = not is_told or id(each) in handed or not each.names or _is_named(each, project)
            yield Router(each.name, framework, each.scope.module.place(each.call), routes, is_mounted)


def _is_unclear(event: Event) -> bool:
    given = (*event.args, *event.kwargs.values())
    return (
        event.call is None or event.call.has_unpacking or not any(isinstance(each, Object) for each in _values(given))
    )


def _values(given: Iterable[Value]) -> Iterator[Value]:
    for each in given:
        yield each
        if isinstance(each, Items):
            yield from _values(each.items)


def _is_named(container: Object, project: Project) -> bool:
    """Whether something beside its own routes mentions a container: another module, or a list that it stands in."""
    name = container.names[0]
    last = name.rpartition(".")[2]
    own = container.scope.module
    readers = {edge.source for edge in project.imports if edge.target is own}
    for module in project.modules.values():
        if module.role is Role.TEST or (module is not own and module not in readers and last not in module.names):
            continue
        scopes: list[Scope] = [module, *module.classes, *module.functions]
        for scope in scopes:
            for node in ir.walk(scope.body):
                if type(node) is ir.Call and module is own:
                    if any(_is(arg.value, last) for arg in node.args):
                        return True
                elif type(node) is ir.Sequence and module is own:
                    if any(_is(item, last) for item in node.items):
                        return True
                elif module is not own and type(node) in (ir.Name, ir.Attribute):
                    if _ends(node, last) and project.qualified(node, scope) == name:
                        return True
    return any(
        edge.target is own and last in edge.names and edge.source.role is not Role.TEST for edge in project.imports
    )


def _is(expr: ir.Expr, name: str) -> bool:
    return type(expr) is ir.Name and expr.id == name


def _ends(node: ir.Expr, name: str) -> bool:
    return (node.id if type(node) is ir.Name else node.name if type(node) is ir.Attribute else "") == name


def _url_modules(project: Project) -> Iterator[Router]:
    """Modules of Django with patterns, where settings name the module that the table starts with."""
    roots = {found for owner in settings_owners(project) if (found := _root(owner.module)) is not None}
    if not roots:
        return
    served = {each.router for each in mounted(project)} | {each.app for each in mounted(project)}
    known = {module.name for module in project.modules.values()}
    if not roots <= known:
        return
    texts: set[str] | None = None
    for module in project.modules.values():
        made = module.assignments.get("urlpatterns")
        if made is None or module.role is not Role.APP or type(made[-1].value) is not ir.Sequence:
            continue
        count = len(made[-1].value.items)
        if not count:
            continue
        is_mounted = module.name in served or module.name in roots
        if not is_mounted:
            texts = _texts(project) if texts is None else texts
            if any(map(_BY_NAME.search, texts)):
                return
            is_mounted = any(module.name == each or module.name.endswith(f".{each}") for each in texts) or any(
                edge.target is module for edge in project.imports
            )
        yield Router(module.name, "django", module.place(made[-1]), count, is_mounted)


_BY_NAME = re.compile(r"^(?:\{\w*\}|%s)?\.urls\b")
"""A part of a module's name that the code completes, as a registry does that includes what each application has."""


def _root(module: Module) -> str | None:
    made = module.assignments.get("ROOT_URLCONF")
    value = made[-1].value if made else None
    return value.value if type(value) is ir.Const and isinstance(value.value, str) else None


def _texts(project: Project) -> set[str]:
    """The dotted names that stand in the code as text, by which modules are included."""
    return {
        node.value
        for scope in project.scopes(Role.APP, Role.SCRIPT, Role.MIGRATION)
        for node in ir.walk(scope.body)
        if type(node) is ir.Const and isinstance(node.value, str) and "urls" in node.value and len(node.value) < 200
    }
