"""Pyramid and Cornice: routes by name with the views that answer them, and services, with the permissions they ask for.

Source: `pyramid.config.routes.add_route` and `route_prefix_context` for patterns, `pyramid.view.view_config`,
`pyramid.config.views.add_view`: a view without a permission of its own has the default one.
https://cornices.github.io/cornice/services.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from backend_lint.adapters._handed import Handed, Rule
from backend_lint.adapters._registration import registration
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Module, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import App, Guard, GuardKind

_CONFIGURATOR = "pyramid.config.Configurator"
_VIEW, _DEFAULTS = "pyramid.view.view_config", "pyramid.view.view_defaults"
_OPEN = "NO_PERMISSION_REQUIRED"
_SERVICE = re.compile(
    r"(?:^|\.)cornice(?:\.service)?\.Service$"
)  # of the library, or of a copy that lies in the project
_RESOURCE, _RESOURCE_VIEW = re.compile(r"(?:^|\.)cornice\.resource\.resource$"), re.compile(r"(?:^|\.)resource\.view$")
_VERBS = ("get", "head", "options", "post", "put", "patch", "delete")
_REMAINDER = re.compile(r"\*(\w+)$")
_DEPTH = 8


@dataclass(frozen=True)
class _Pattern:
    path: str
    methods: tuple[str, ...]


@dataclass(frozen=True)
class _Given:
    """The options of a view, those of its class beneath them, and where they are written."""

    options: dict[str, Expr]
    node: Expr
    scope: Scope


def read(project: Project) -> None:
    if any(_uses_pyramid(module) for module in project.modules.values()):
        before = len(project.routes)
        _Reader(project).read()
        if len(project.routes) > before:
            project.frameworks.append("Pyramid")


def _uses_pyramid(module: Module) -> bool:
    names = {each.module.partition(".")[0] for each in module.facts.imports if each.level == 0}
    return module.role is Role.APP and not names.isdisjoint({"pyramid", "cornice"})


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.handed = Handed(project, registration(project), "pyramid")
        self.calls = list(self._configuring())
        self.included = dict(self._inclusions())
        self.patterns = dict(self._patterns())
        self.granted = self._granted_to_everyone()
        self.default = next(
            (
                Guard(GuardKind.AUTHORIZATION, name, scope.module.place(call), "default")
                for method, call, scope in self.calls
                if method == "set_default_permission"
                if isinstance(name := constant(project, call.argument(0, "permission"), scope), str)
            ),
            None,
        )

    def read(self) -> None:
        for scope in self.project.scopes():
            if isinstance(scope, Module) or scope.module.role is not Role.APP:
                continue
            for given in self._view_configs(scope):
                self._view(given, scope)
            if isinstance(scope, Class):
                self._resource(scope)
        for method, call, scope in self.calls:
            if method == "add_view":
                view = self._called(call.argument(0, "view"), scope)
                if view is not None:
                    self._view(_Given(call.keywords, call, scope), view)
        self._served(dict(self._services()))

    # Configuration

    def _configuring(self) -> Iterator[tuple[str, ir.Call, Scope]]:
        """Calls of methods of a configurator: one of that type, or what a function calls `config`."""
        wanted = {"add_route", "add_view", "include", "set_default_permission"}
        for scope in self.project.scopes():
            if scope.module.role not in (Role.APP, Role.SCRIPT) or isinstance(scope, Class):
                continue
            for site in self.project.sites(scope):
                func = site.call.func
                if type(func) is ir.Attribute and func.name in wanted:
                    is_one = (site.symbol or "").startswith(f"{_CONFIGURATOR}.")
                    if is_one or ir.dotted(func.value) in ("config", "configurator", "self.config"):
                        yield func.name, site.call, scope
        for app in self.project.scopes():
            for site in self.project.sites(app) if app.module.role is Role.APP else ():
                if site.symbol == _CONFIGURATOR:
                    place = app.module.place(site.call)
                    self.project.apps.append(App("", "pyramid", place, options=site.call.keywords, scope=app))

    def _inclusions(self) -> Iterator[tuple[str, tuple[Scope, str]]]:
        """Where each function is included, and below which prefix."""
        for method, call, scope in self.calls:
            given = call.argument(0, "callable") if method == "include" else None
            prefix = constant(self.project, call.keywords.get("route_prefix"), scope)
            name = constant(self.project, given, scope)
            if isinstance(name, str):
                package = scope.module.name if scope.module.is_package else scope.module.name.rpartition(".")[0]
                found = f"{package}{name}" if name.startswith(".") else name
                target = self.project.names.denoted(found)
            else:
                target = self.project.qualified(given, scope) or ""
            for each in (target, f"{target}.includeme"):
                if self.project.function(each) is not None:
                    yield each, (scope, prefix if isinstance(prefix, str) else "")

    def _prefix(self, scope: Scope, depth: int = 0) -> str:
        if not isinstance(scope, Function) or scope.qualified not in self.included or depth > _DEPTH:
            return ""
        around, own = self.included[scope.qualified]
        return f"{self._prefix(around, depth + 1).rstrip('/')}/{own.strip('/')}".rstrip("/")

    def _patterns(self) -> Iterator[tuple[str, _Pattern]]:
        for method, call, scope in self.calls:
            name = constant(self.project, call.argument(0, "name"), scope) if method == "add_route" else None
            pattern = constant(self.project, call.argument(1, "pattern"), scope)
            if isinstance(name, str) and isinstance(pattern, str):
                path = f"{self._prefix(scope)}/{pattern.lstrip('/')}"
                yield name, _Pattern(_REMAINDER.sub(r"{\1:.*}", path), self._methods(call.keywords, scope))

    def _methods(self, options: dict[str, Expr], scope: Scope) -> tuple[str, ...]:
        held = constant(self.project, options.get("request_method"), scope)
        return (held,) if isinstance(held, str) else tuple(held) if isinstance(held, list | tuple) else ()

    def _granted_to_everyone(self) -> set[str]:
        """Permissions that every `__acl__` with a word about them gives to everyone: they keep nobody out."""
        everyone: set[str] = set()
        others: set[str] = set()
        for cls in self.project.classes.by_name.values():
            stmt = cls.attributes.get("__acl__")
            entries = stmt.value.items if stmt is not None and type(stmt.value) is ir.Sequence else []
            given: dict[bool, set[str]] = {True: set(), False: set()}
            for entry in entries:
                if type(entry) is ir.Sequence and len(entry.items) == 3:
                    held = constant(self.project, entry.items[2], cls)
                    names = {held} if isinstance(held, str) else set(held) if isinstance(held, list | tuple) else set()
                    principal = self.project.qualified(entry.items[1], cls) or ""
                    given[principal.endswith(".Everyone")] |= {each for each in names if isinstance(each, str)}
            everyone |= given[True]
            others |= given[False] - given[True]
        return everyone - others

    # Views

    def _called(self, expr: Expr | None, scope: Scope) -> Function | Class | None:
        name = constant(self.project, expr, scope)
        qualified = self.project.names.denoted(name) if isinstance(name, str) else self.project.qualified(expr, scope)
        return None if qualified is None else self.project.function(qualified) or self.project.cls(qualified)

    def _view_configs(self, scope: Function | Class) -> Iterator[_Given]:
        around = scope.around
        decorators = scope.decorators if isinstance(scope, Function) else scope.facts.decorators
        for decorator in decorators:
            if type(decorator) is ir.Call and self.project.qualified(decorator.func, around) == _VIEW:
                yield _Given(self._below(scope) | decorator.keywords, decorator, around)

    def _below(self, scope: Function | Class) -> dict[str, Expr]:
        """What `@view_defaults` of a class and its bases say."""
        cls = scope.cls if isinstance(scope, Function) else scope
        found: dict[str, Expr] = {}
        for each in reversed(self.project.classes.mro(cls)) if cls is not None else ():
            for decorator in each.facts.decorators if isinstance(each, Class) else ():
                if type(decorator) is ir.Call and self.project.qualified(decorator.func, each.around) == _DEFAULTS:  # type: ignore[union-attr]
                    found |= decorator.keywords
        return found

    def _view(self, given: _Given, view: Function | Class) -> None:
        name = constant(self.project, given.options.get("route_name"), given.scope)
        pattern = self.patterns.get(name) if isinstance(name, str) else None
        if pattern is None:
            return
        function = view if isinstance(view, Function) else self._method(view, given)
        methods = self._methods(given.options, given.scope) or pattern.methods or ("*",)
        self._emit(pattern.path, methods, function, given, name or "")

    def _method(self, cls: Class, given: _Given) -> Function | None:
        attr = constant(self.project, given.options.get("attr"), given.scope)
        return self.project.classes.method(cls.qualified, attr if isinstance(attr, str) else "__call__")

    def _emit(self, path: str, methods: tuple[str, ...], function: Function | None, given: _Given, router: str) -> None:
        before = len(self.project.routes)
        self.handed.emit(
            Rule(
                path=path,
                methods=methods,
                function=function,
                node=given.node,
                scope=given.scope,
                router=router,
                registered=given.node,
                options=given.options,
            )
        )
        for route in self.project.routes[before:]:
            route.guards = [*self._permission(given), *route.guards]

    def _permission(self, given: _Given) -> Iterator[Guard]:
        asked, place = given.options.get("permission"), given.scope.module.place(given.node)
        if asked is None:
            yield from () if self.default is None else (self.default,)
        elif not (ir.dotted(asked) or "").endswith(_OPEN):
            name = constant(self.project, asked, given.scope)
            if name is not None and name not in self.granted:
                shown = name if isinstance(name, str) else ir.dotted(asked) or "permission"
                yield Guard(GuardKind.AUTHORIZATION, shown, place, "route")
        if constant(self.project, given.options.get("is_authenticated"), given.scope) is True:
            yield Guard(GuardKind.AUTHENTICATION, "is_authenticated", place, "route")

    # Cornice

    def _services(self) -> Iterator[tuple[str, _Given]]:
        """Services that modules hold, by qualified name."""
        for module in self.project.modules.values():
            for name, made in module.assignments.items() if module.role is Role.APP else ():
                call = made[-1].value
                if type(call) is ir.Call and self._is_service(call, module):
                    yield f"{module.name}.{name}", _Given(call.keywords, call, module)

    def _is_service(self, call: ir.Call, module: Module) -> bool:
        qualified = self.project.qualified(call.func, module) or ""
        cls = self.project.cls(qualified)
        names = [qualified] if cls is None else [_name(each) for each in self.project.classes.mro(cls)]
        return any(_SERVICE.search(each) for each in names)

    def _served(self, services: dict[str, _Given]) -> None:
        """The functions that methods of services decorate: `@users.get(permission="read")`."""
        for function in self.project.functions(Role.APP) if services else ():
            for decorator in function.decorators:
                func = ir.callee(decorator)
                if type(func) is not ir.Attribute or func.name not in _VERBS:
                    continue
                name = self.project.qualified(func.value, function.around) or ""
                service = services.get(name)
                call = None if service is None else service.node
                path = call.argument(1, "path") if type(call) is ir.Call else None
                found = None if service is None else constant(self.project, path, service.scope)
                if service is not None and isinstance(found, str):
                    own = decorator.keywords if type(decorator) is ir.Call else {}
                    given = _Given(service.options | own, decorator, function.around)
                    self._emit(found, (func.name.upper(),), function, given, name)

    def _resource(self, cls: Class) -> None:
        """`@resource(collection_path="/users", path="/users/{id}")`: methods by the names that they have."""
        for decorator in cls.facts.decorators:
            if type(decorator) is not ir.Call:
                continue
            if not _RESOURCE.search(self.project.qualified(decorator.func, cls.around) or ""):
                continue
            for option, prefix in (("collection_path", "collection_"), ("path", "")):
                path = constant(self.project, decorator.keywords.get(option), cls.around)
                for verb in _VERBS if isinstance(path, str) else ():
                    function = self.project.classes.method(cls.qualified, f"{prefix}{verb}")
                    if function is not None:
                        options = decorator.keywords | self._viewed(function)
                        given = _Given(options, decorator, cls.around)
                        self._emit(path, (verb.upper(),), function, given, cls.qualified)

    def _viewed(self, function: Function) -> dict[str, Expr]:
        for decorator in function.decorators:
            if type(decorator) is ir.Call:
                if _RESOURCE_VIEW.search(self.project.qualified(decorator.func, function.around) or ""):
                    return decorator.keywords
        return {}


def _name(cls: Class | str) -> str:
    return cls if isinstance(cls, str) else cls.qualified
