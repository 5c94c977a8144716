"""Sanic: routes of applications, blueprints and groups, with versions; what middleware refuses.

Source: `sanic.blueprints.Blueprint.register` and `sanic.blueprint_group.BlueprintGroup`: the version of a route goes
before that of its blueprint, which goes before that of a group; prefixes of groups stand before those of blueprints.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from backend_lint.adapters._guards import Decorator
from backend_lint.adapters._handed import Handed, Rule
from backend_lint.adapters._registration import (
    ClassValue,
    Event,
    FunctionValue,
    Items,
    Object,
    Value,
    items,
    literal,
    registration,
    text,
    texts,
)
from backend_lint.project import Class, Function, Project
from backend_lint.project.model import App, Middleware

_APP, _BLUEPRINT = "sanic.Sanic", "sanic.Blueprint"
_GROUPS = frozenset({"sanic.Blueprint.group", "sanic.blueprint_group.BlueprintGroup"})
_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_HOOKS = frozenset({"middleware", "on_request", "register_middleware"})
_PARAMETER = re.compile(r"<(\w+)(?::((?:[^<>]|\(\?P<\w+>)*))?>")
_Hooks = tuple[tuple[Decorator, str], ...]


@dataclass(frozen=True)
class _Context:
    """What the containers around a route add to it."""

    app: str = ""
    prefix: str = ""
    version: str | None = None
    version_prefix: str = "/v"
    hooks: _Hooks = ()


def read(project: Project) -> None:
    found = registration(project)
    containers = [each for each in found.objects if each.symbol in (_APP, _BLUEPRINT)]
    if not containers:
        return
    reader = _Reader(project)
    apps = [each for each in containers if each.symbol == _APP]
    for app in apps:
        reader.app(app)
    if not apps:
        for each in containers:
            reader.blueprint(each, _Context())
    project.frameworks.append("Sanic")


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project, self.found = project, registration(project)
        self.handed = Handed(project, self.found, "sanic", request="request")

    def app(self, app: Object) -> None:
        made = App(app.name, "sanic", app.scope.module.place(app.call), options=app.call.keywords, scope=app.scope)
        hooks = [(each, "app") for each in self._hooks(app)]
        for each, _ in hooks:
            made.middleware.append(Middleware(each.symbol or each.name, each.at, {}, each.function, app.scope))
        self.project.apps.append(made)
        context = _Context(app=app.name, hooks=tuple(hooks))
        for event in self.found.events_of(app):
            if event.method == "blueprint":
                given = text(event.argument(None, "url_prefix"))
                inner = replace(context, prefix=given or "", version=_version(event))
                self._children(event.argument(0, "blueprint"), inner)
            else:
                self._event(event, app, context)

    def _children(self, value: Value | None, context: _Context) -> None:
        """A blueprint, a group, or a list of them."""
        if isinstance(value, Items):
            for each in value.items:
                self._children(each, context)
        elif isinstance(value, Object) and value.symbol in _GROUPS:
            own = replace(
                context,
                prefix=context.prefix + (text(value.argument(None, "url_prefix")) or ""),
                version=context.version or _version(value),
                version_prefix=text(value.argument(None, "version_prefix")) or context.version_prefix,
                hooks=(*context.hooks, *((each, "router") for each in self._hooks(value))),
            )
            added = [each for event in self.found.events_of(value) if event.method == "append" for each in event.args]
            for each in (*value.args, *added):
                self._children(each, own)
        elif isinstance(value, Object) and value.symbol == _BLUEPRINT:
            self.blueprint(value, context)

    def blueprint(self, blueprint: Object, context: _Context) -> None:
        own = replace(
            context,
            prefix=context.prefix + (text(blueprint.argument(1, "url_prefix")) or ""),
            version=_version(blueprint) or context.version,
            version_prefix=text(blueprint.argument(None, "version_prefix")) or context.version_prefix,
            hooks=(*context.hooks, *((each, "router") for each in self._hooks(blueprint))),
        )
        for event in self.found.events_of(blueprint):
            self._event(event, blueprint, own)

    def _hooks(self, container: Object) -> Iterator[Decorator]:
        for event in self.found.events_of(container):
            is_later = "response" in {text(each) for each in (*event.args, *event.kwargs.values())}
            if event.method in _HOOKS and not is_later:
                callback = self.handed.callback(event)
                if callback is not None:
                    yield callback

    def _event(self, event: Event, container: Object, context: _Context) -> None:
        method = event.method
        if method == "route":
            methods = texts(event.argument(1, "methods")) or ("GET",)
        elif method in _VERBS:
            methods = (method.upper(),)
        elif method in ("websocket", "add_websocket_route"):
            methods = ("WEBSOCKET",)
        elif method == "add_route":
            methods = texts(event.argument(2, "methods")) or ("GET",)
        else:
            return
        added = method.startswith("add_")
        path = text(event.argument(1 if added else 0, "uri"))
        value = event.argument(0, "handler") if added else event.applied
        if isinstance(event.decorated, Function):
            value = FunctionValue(event.decorated)
        elif isinstance(event.decorated, Class):
            value = ClassValue(event.decorated)
        function, cls, around = self.handed.answers(value, event.scope.module.place(event.node))
        if path is None or (function is None and cls is None):
            return
        wrappers = [(each, "route") for each in around]
        if cls is not None:
            methods = ()
            place = cls.at
            listed = items(self.found.attribute(ClassValue(cls), "decorators"))
            wrappers += [(self.handed.guards.value(each, place), "class") for each in reversed(listed)]
        version = _version(event) or context.version
        versioned = f"{text(event.argument(None, 'version_prefix')) or context.version_prefix}{version}"
        path = f"{versioned if version else ''}{context.prefix}{'' if path == '/' and context.prefix else path}"
        self.handed.emit(
            Rule(
                path=_PARAMETER.sub(_braced, path),
                methods=methods,
                function=function,
                node=event.node,
                scope=event.scope,
                cls=cls,
                app=context.app,
                router=container.name,
                registered=event.node if event.decorated is not None else None,
                around=wrappers,
                before=context.hooks,
                options={} if event.call is None else event.call.keywords,
            )
        )


def _version(made: Object | Event) -> str | None:
    value = literal(made.argument(None, "version"))
    return None if value is None else str(value).removeprefix("v")


def _braced(match: re.Match[str]) -> str:
    """`<name:int>` as `{name:int}`; a regular expression is no type."""
    kind = match[2] or "str"
    return "{" + match[1] + ":" + (kind if kind.isidentifier() else "str") + "}"
