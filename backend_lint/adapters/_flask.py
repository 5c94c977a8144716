"""Flask and Quart: where applications and blueprints are served, and how a view becomes routes.

Source: `flask.sansio.blueprints.Blueprint.register` for prefixes and names, `flask.views.View.as_view` and
`MethodView.__init_subclass__` for methods, `flask.Flask.preprocess_request` for what runs before a handler.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from backend_lint.adapters._flask_arguments import take
from backend_lint.adapters._flask_known import KNOWN
from backend_lint.adapters._guards import Decorator, Guards
from backend_lint.adapters._paths import concrete, open_api_path
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Entries,
    Event,
    FunctionValue,
    Items,
    Object,
    Registration,
    Value,
    items,
    registration,
    text,
    texts,
)
from backend_lint.adapters._request_inputs import inputs
from backend_lint.adapters._stranger import PRESENT
from backend_lint.core import Place, Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import returned
from backend_lint.project.model import Guard, Input, Route

APPS = frozenset({"flask.Flask", "quart.Quart", "flask_openapi3.OpenAPI", "apiflask.APIFlask"})
BLUEPRINTS = frozenset(
    {"flask.Blueprint", "quart.Blueprint", "flask_smorest.Blueprint", "flask_openapi3.APIBlueprint"}
    | {"apiflask.APIBlueprint"}
)
VERBS = ("delete", "get", "head", "options", "patch", "post", "put", "trace")
VIEWS = ("flask.views.View", "quart.views.View")
_METHOD_VIEWS = ("flask.views.MethodView", "quart.views.MethodView")
_HOOKS = frozenset({"before_request", "before_app_request", "url_value_preprocessor", "app_url_value_preprocessor"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
_TYPES = {"int": "int", "float": "float", "uuid": "UUID"}

_KNOWN: WeakKeyDictionary[Project, Served] = WeakKeyDictionary()


def served(project: Project) -> Served:
    """What is served where, worked out once."""
    found = _KNOWN.get(project)
    if found is None:
        found = _KNOWN[project] = Served(project, registration(project))
    return found


@dataclass(frozen=True)
class Hook:
    """Something that runs before the handlers of a container, or of a whole application."""

    decorator: Decorator
    takes_endpoint: bool
    is_app_wide: bool


@dataclass(frozen=True)
class Mount:
    """A container as it is served at one place.

    `blueprint` is its dotted name, as `request.blueprint` gives it. `hooks` are those of the containers around it and
    its own, outermost first, without those of the application.
    """

    container: Object
    prefix: str
    app: Object | None
    blueprint: str = ""
    hooks: tuple[Hook, ...] = ()


@dataclass(eq=False)
class View:
    """What answers: a function, or a class with a method for each verb. `around` are decorators of the whole."""

    function: Function | None = None
    cls: Class | None = None
    around: list[Decorator] = field(default_factory=list)
    name: str = ""


@dataclass(eq=False)
class Rule:
    """One path that a container is told to serve.

    `methods` is empty where the view decides. `registered` is the decorator that registers, if one does; `around` are
    decorators that the container adds, each with its level. The path follows the container's prefix, at one slash
    where it `joins`. `router` names what holds it and its siblings, where that is not the container. `deprecated` are
    the functions and classes that are said to be.
    """

    path: str
    view: View
    methods: tuple[str, ...]
    endpoint: str
    node: Expr
    scope: Scope
    call: ir.Call | None = None
    registered: Expr | None = None
    around: list[tuple[Decorator, str]] = field(default_factory=list)
    joins: bool = True
    router: str = ""
    deprecated: frozenset[Function | Class] = frozenset()


class Served:
    def __init__(self, project: Project, found: Registration) -> None:
        self.project, self.found = project, found
        self.guards = Guards(project, KNOWN)
        self.by_target: dict[int, list[Event]] = {}
        for event in found.events:
            self.by_target.setdefault(id(event.target), []).append(event)
        self.apps = [each for each in found.objects if each.symbol in APPS]
        self.mounts: list[Mount] = []
        self._app_hooks: dict[int, list[Hook]] = {}
        self._order = 0
        self._emitted: set[tuple[Any, ...]] = set()
        self._mount()

    @property
    def containers(self) -> list[Object]:
        return [each for each in self.found.objects if each.symbol in APPS or each.symbol in BLUEPRINTS]

    def events(self, container: Object) -> list[Event]:
        return self.by_target.get(id(container), [])

    def mounts_of(self, container: Object) -> list[Mount]:
        return [each for each in self.mounts if each.container is container]

    def mounts_of_extension(self, extension: Object) -> list[Mount]:
        """Where an object is served that was made for an application or blueprint, or handed one by `init_app`."""
        found = [mount for each in self._handed(extension) for mount in self.mounts_of(each)]
        return found or [Mount(extension, "", self.apps[0] if len(self.apps) == 1 else None)]

    def _handed(self, extension: Object) -> list[Object]:
        values = [event.argument(0, "app") for event in self.events(extension) if event.method == "init_app"]
        return [each for each in (extension.argument(0, "app"), *values) if isinstance(each, Object)]

    # Containers

    def _mount(self) -> None:
        for app in self.apps:
            self._walk(Mount(app, "", app), (), None)
        reached = {id(mount.container) for mount in self.mounts}
        if self.apps and not self._is_dynamic():
            return
        inside = {id(child) for each in self.containers for _, child in self._registered(each)}
        for each in self.containers:
            if id(each) not in reached and id(each) not in inside and each.symbol in BLUEPRINTS:
                owner = self.apps[0] if len(self.apps) == 1 else None
                self._walk(self._below(Mount(each, "", owner), each, None), (), None)

    def _is_dynamic(self) -> bool:
        """Whether some registration takes a blueprint that cannot be told, as plugins do."""
        return any(
            event.method == "register_blueprint" and not isinstance(event.argument(0, "blueprint"), Object)
            for event in self.found.events
        )

    def _registered(self, container: Object) -> Iterator[tuple[Event, Object]]:
        """The blueprints that a container, or an API made for it, is told to serve."""
        apis = [each for each in self.found.objects if each.symbol == "flask_smorest.Api" and each is not container]
        owned = [each for each in apis if any(value is container for value in self._handed(each))]
        for event in (event for each in (container, *owned) for event in self.events(each)):
            if event.method in ("register_blueprint", "register_api"):
                child = event.argument(0, "blueprint")
                if isinstance(child, Object) and child.symbol in BLUEPRINTS:
                    yield event, child

    def _walk(self, mount: Mount, around: tuple[int, ...], registered: Event | None) -> None:
        if id(mount.container) in around or len(around) > 12:
            return
        own = list(self._hooks(mount.container))
        for hook in own:
            if hook.is_app_wide and mount.app is not None:
                self._app_hooks.setdefault(id(mount.app), []).append(hook)
        hooks = (*mount.hooks, *(hook for hook in own if not hook.is_app_wide))
        mount = Mount(mount.container, mount.prefix, mount.app, mount.blueprint, hooks)
        self.mounts.append(mount)
        for event, child in self._registered(mount.container):
            self._walk(self._below(mount, child, event), (*around, id(mount.container)), event)

    def _below(self, parent: Mount, child: Object, event: Event | None) -> Mount:
        """A blueprint in a container: prefixes are joined at one slash, names with a dot."""
        given = None if event is None else text(event.argument(None, "url_prefix"))
        own = given if given is not None else text(child.argument(5, "url_prefix"))
        name = (None if event is None else text(event.argument(None, "name"))) or text(child.argument(0, "name")) or "?"
        prefix = parent.prefix
        if own is not None:
            prefix = f"{prefix.rstrip('/')}/{own.lstrip('/')}" if prefix else own
        dotted = f"{parent.blueprint}.{name}" if parent.blueprint else name
        return Mount(child, prefix, parent.app, dotted, parent.hooks)

    def _hooks(self, container: Object) -> Iterator[Hook]:
        is_app = container.symbol in APPS
        for event in self.events(container):
            if event.method in _HOOKS:
                decorator = self._callback(event)
                if decorator is not None:
                    is_app_wide = is_app or "_app_" in event.method or event.method.startswith("app_")
                    yield Hook(decorator, "preprocessor" in event.method, is_app_wide)

    def _callback(self, event: Event) -> Decorator | None:
        place = event.scope.module.place(event.node)
        if isinstance(event.decorated, Function):
            function = event.decorated
            inner = tuple(self.guards.of_function(function, event.node))
            return Decorator(function.name, place, function, function.qualified, decorators=inner)
        value = event.argument(0, "f")
        return None if value is None else self.guards.value(value, place)

    # Views

    def view(self, value: Value | None, place: Place) -> View | None:
        """What a `view_func` is: wrappers are taken off, and kept as decorators around it."""
        match value:
            case FunctionValue(function=function, frame=frame):
                wrapped = self._wrapped(function, value)
                if wrapped is None:
                    return View(function, name=function.qualified)
                inner = self.view(wrapped, place)
                if inner is not None:
                    inner.around.insert(0, self.guards.value(FunctionValue(function.parent or function, frame), place))
                return inner
            case ClassValue(cls=cls):
                return View(cls=cls, name=cls.qualified)
            case Called(symbol=symbol, receiver=ClassValue(cls=cls)) if symbol.endswith(".as_view"):
                return View(cls=cls, name=cls.qualified)
            case Called(args=args, kwargs=kwargs) if isinstance(value.receiver, Called) or args or kwargs:
                return self._inside(value, place) or self._made(value)
        return None

    def _made(self, value: Called) -> View | None:
        """The view that a function of the project defines and returns: `page("about")`."""
        factory = self.project.function(value.symbol)
        expr = None if factory is None else returned(self.project, factory, {})
        if factory is None or type(expr) is not ir.Name or expr.id not in factory.nested:
            return None
        function = factory.nested[expr.id]
        return View(function, name=function.qualified)

    def _inside(self, value: Called, place: Place) -> View | None:
        """The view that a call wraps: `login_required(view)`, `require_auth(scopes=["read"])(view)`."""
        for each in (*value.args, *value.kwargs.values()):
            inner = self.view(each, place)
            if inner is not None:
                maker = value.receiver if isinstance(value.receiver, Called) else value
                inner.around.insert(0, self._wrapper(maker, place))
                return inner
        return None

    def _wrapper(self, maker: Called, place: Place) -> Decorator:
        is_bare = any(isinstance(each, (FunctionValue, ClassValue, Called)) for each in maker.args)
        return self.guards.written(maker.call.func if is_bare else maker.call, maker.scope)

    def _wrapped(self, function: Function, value: FunctionValue) -> Value | None:
        """What `functools.wraps` says that a function stands for."""
        for decorator in function.decorators:
            if type(decorator) is ir.Call and decorator.args and value.frame is not None:
                if self.project.qualified(decorator.func, function.around) in ("functools.wraps", "wraps"):
                    found = self.found.evaluate(decorator.args[0].value, value.frame)
                    return found if isinstance(found, (FunctionValue, ClassValue, Called)) else None
        return None

    def class_list(self, cls: Class, name: str) -> Value:
        """A class attribute like `decorators`, inherited where the class has none."""
        return self.found.attribute(ClassValue(cls), name)

    # Routes

    def emit(self, rule: Rule, mount: Mount) -> None:
        """Add the routes of one rule at one place: one for each method of a class, else one for each set of guards."""
        path = _joined(mount.prefix, rule.path) if rule.joins else mount.prefix + rule.path
        for methods, function, view, name, around in self._answers(rule):
            if not self._is_new(rule, path, name, methods):
                continue
            by_guards: dict[tuple[Any, ...], tuple[list[str], list[Guard]]] = {}
            for method in methods:
                guards = list(self._route_guards(rule, mount, path, method, function, view, around))
                key = tuple((guard.kind, guard.name, guard.at, guard.level) for guard in guards)
                by_guards.setdefault(key, ([], guards))[0].append(method)
            for own, guards in by_guards.values():
                self._add(rule, mount, path, tuple(own), function, view, name, guards)

    def _is_new(self, rule: Rule, path: str, name: str, methods: list[str]) -> bool:
        """Of several applications that one project builds of the same parts, the first stands for all."""
        key = (id(rule.node), path, name, tuple(methods))
        is_new = key not in self._emitted
        self._emitted.add(key)
        return is_new

    def _answers(
        self, rule: Rule
    ) -> Iterator[tuple[list[str], Function | None, Class | None, str, list[tuple[Decorator, str]]]]:
        """The functions that answer, each with its methods and the decorators around it, outermost first."""
        view = rule.view
        around = [*rule.around, *((each, "route") for each in view.around)]
        if view.cls is None:
            function = view.function
            own = [] if function is None else self.guards.of_function(function, rule.registered)
            methods = _shown(rule.methods or ("GET",))
            yield methods, function, None, view.name, [*around, *((each, "route") for each in own)]
            return
        cls = view.cls
        shared = [*around, *((each, "class") for each in self._class_decorators(cls, None))]
        declared = rule.methods or texts(self.class_list(cls, "methods"))
        verbs = [verb for verb in VERBS if self.project.classes.method(cls.qualified, verb) is not None]
        if verbs:
            wanted = {method.upper() for method in declared} or {verb.upper() for verb in verbs}
            for verb in verbs:
                if verb.upper() in wanted and not (verb == "head" and "get" in verbs):
                    function = self.project.classes.method(cls.qualified, verb)
                    assert function is not None
                    level = [*self._class_decorators(cls, verb), *self.guards.of_function(function, None)]
                    yield (
                        [verb.upper()],
                        function,
                        cls,
                        f"{cls.qualified}.{verb}",
                        [*shared, *((each, "route") for each in level)],
                    )
            return
        if not self.project.classes.is_subclass(cls, *VIEWS):
            yield _shown(declared or ("GET",)), None, cls, cls.qualified, shared
            return
        function = self.project.classes.method(cls.qualified, "dispatch_request")
        own = [] if function is None else self.guards.of_function(function, None)
        name = f"{cls.qualified}.dispatch_request"
        yield _shown(declared or ("GET",)), function, cls, name, [*shared, *((each, "route") for each in own)]

    def _class_decorators(self, cls: Class, verb: str | None) -> Iterator[Decorator]:
        """Decorators in class attributes: of the whole view, or with a verb those that are applied to its method."""
        value = self.class_list(cls, "method_decorators" if verb else "decorators")
        if isinstance(value, Entries):
            value = value.entries.get(verb, Items([]))
        for each in reversed(items(value)):
            yield self.guards.value(each, cls.at)

    def _route_guards(
        self,
        rule: Rule,
        mount: Mount,
        path: str,
        method: str,
        function: Function | None,
        view: Class | None,
        around: list[tuple[Decorator, str]],
    ) -> Iterator[Guard]:
        names = open_api_path(path)[1]
        endpoint = f"{mount.blueprint}.{rule.endpoint}" if mount.blueprint else rule.endpoint
        view_args = dict.fromkeys(names, PRESENT)
        facts: dict[str, Any] = {}
        for framework in ("flask", "quart"):
            request = f"{framework}.request"
            facts |= {
                f"{request}.path": concrete(path, names),
                f"{request}.full_path": concrete(path, names),
                f"{request}.endpoint": endpoint,
                f"{request}.url_rule.endpoint": endpoint,
                f"{request}.url_rule.rule": path,
                f"{request}.blueprint": mount.blueprint or None,
                f"{request}.method": method,
                f"{request}.view_args": view_args,
            }
        app_hooks = () if mount.app is None else self._app_hooks.get(id(mount.app), ())
        for hook, level in [*((each, "app") for each in app_hooks), *((each, "router") for each in mount.hooks)]:
            decorator = hook.decorator
            if hook.takes_endpoint and decorator.function is not None:
                known = dict(
                    zip((each.name for each in decorator.function.parameters), (endpoint, view_args), strict=False)
                )
                decorator.known = known
            yield from self.guards.hook(decorator, level, facts)
        for each, level in around:
            yield from self.guards.decorator(each, level, facts)
        if function is not None:
            yield from self.guards.handler(function, facts)
        elif view is not None:
            entry = next(
                filter(None, (self.project.classes.method(view.qualified, name) for name in self._entries)), None
            )
            if entry is not None:
                own = Decorator(view.name, view.at, entry, entry.qualified)
                yield from self.guards.hook(own, "class", facts, view)

    @functools.cached_property
    def _entries(self) -> list[str]:
        """Methods that wrappers call of what they were handed a class of: `lambda **kwargs: view().process()`."""
        found: dict[str, None] = {}
        for function in self.project.functions(Role.APP):
            for node in ir.walk(function.body):
                match node:
                    case ir.Call(func=ir.Attribute(value=ir.Call(func=ir.Name(id=name) as made, args=[]), name=method)):
                        if name != "super" and self.project.qualified(made, function) is None:
                            found[method] = None
        return list(found)

    def _add(
        self,
        rule: Rule,
        mount: Mount,
        path: str,
        methods: tuple[str, ...],
        function: Function | None,
        view: Class | None,
        name: str,
        guards: list[Guard],
    ) -> None:
        shown, converters = open_api_path(path)
        app = mount.app
        route = Route(
            path=shown,
            methods=methods,
            handler=function,
            at=rule.scope.module.place(rule.node),
            framework="quart" if mount.container.symbol.startswith("quart.") else "flask",
            handler_name=name,
            view=view or (None if function is None else function.cls),
            router=rule.router or mount.container.name,
            app="" if app is None else app.name,
            outermost=mount.blueprint.partition(".")[0],
            guards=guards,
            deprecated=not rule.deprecated.isdisjoint({function, view}),
            name=f"{mount.blueprint}.{rule.endpoint}" if mount.blueprint else rule.endpoint,
            order=self._order,
            converters=converters,
            options={} if rule.call is None else rule.call.keywords,
            scope=rule.scope,
        )
        self._order += 1
        route.dependencies = [hook.decorator.function for hook in mount.hooks if hook.decorator.function is not None]
        route.inputs = [
            Input(each, "path", _TYPES.get(kind.partition("(")[0], "str")) for each, kind in converters.items()
        ]
        if function is not None:
            route.idle = list(self.guards.idle(function, rule.registered))
            route.inputs += inputs(self.project, function)
            if function.facts.docstring is not None:
                route.summary = function.facts.docstring.strip().partition("\n")[0]
        if any(each.where == "body" for each in route.inputs):
            route.body = "json"
        if function is not None:
            take(self.project, route, function)
        self.project.routes.append(route)


def _shown(methods: Iterable[str]) -> list[str]:
    """Without the HEAD that is added to every GET."""
    named = {method.upper() for method in methods}
    return sorted(named - {"HEAD"} if "GET" in named else named)


def _joined(prefix: str, path: str) -> str:
    if not prefix:
        return path
    return f"{prefix.rstrip('/')}/{path.lstrip('/')}" if path else prefix
