"""Flask-RESTful and Flask-RESTX: resources of APIs and namespaces, on applications and blueprints.

Source: `flask_restful.Api._complete_url`, `flask_restx.Api.ns_urls` and `Api._register_view`: prefixes of blueprint,
API, namespace and resource are put together as they are, and decorators of namespace and API go around the resource.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._flask import Rule, Served, served
from backend_lint.adapters._guards import Decorator
from backend_lint.adapters._registration import ClassValue, Event, Object, Value, items, literal, text, texts
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project

_APIS = frozenset({"flask_restful.Api", "flask_restx.Api"})
_NAMESPACE = "flask_restx.Namespace"


def read(project: Project) -> None:
    found = served(project)
    apis = [each for each in found.found.objects if each.symbol in _APIS]
    if not apis:
        return
    for api in apis:
        rules = list(_rules(api, found))
        for mount in found.mounts_of_extension(api):
            for rule in rules:
                found.emit(rule, mount)
    kind = "Flask-RESTX" if any(each.symbol == "flask_restx.Api" for each in apis) else "Flask-RESTful"
    project.frameworks.append(kind)


def _rules(api: Object, found: Served) -> Iterator[Rule]:
    prefix = text(api.argument(1 if api.symbol == "flask_restful.Api" else None, "prefix")) or ""
    around = list(_decorators(api, found))
    yield from _resources(api, prefix, around, found)
    for namespace, path in _namespaces(api, found):
        inner = [*around, *_decorators(namespace, found)]
        yield from _resources(namespace, prefix + path, inner, found)


def _namespaces(api: Object, found: Served) -> Iterator[tuple[Object, str]]:
    for event in found.events(api):
        if event.method == "add_namespace":
            namespace = event.argument(0, "ns")
            if isinstance(namespace, Object) and namespace.symbol == _NAMESPACE:
                path = text(event.argument(1, "path"))
                yield namespace, path if path is not None else _own_path(namespace)
    for each in found.found.objects:
        if each.maker is api and each.symbol == _NAMESPACE:
            yield each, _own_path(each)


def _own_path(namespace: Object) -> str:
    """The path that a namespace has unless another is given: the one it was made with, or its name."""
    path = text(namespace.argument(2, "path"))
    return (path if path is not None else f"/{text(namespace.argument(0, 'name')) or ''}").rstrip("/")


def _decorators(container: Object, found: Served) -> Iterator[tuple[Decorator, str]]:
    value = container.argument(3, "decorators") if container.symbol != "flask_restx.Api" else None
    value = value or container.argument(None, "decorators")
    place = container.scope.module.place(container.call)
    for each in reversed(items(value)):
        yield found.guards.value(each, place), "router"


def _resources(container: Object, prefix: str, around: list[tuple[Decorator, str]], found: Served) -> Iterator[Rule]:
    deprecated = frozenset(_deprecated(found.events(container)))
    for event in found.events(container):
        match event.method:
            case "add_resource":
                resource, urls = event.argument(0, "resource"), event.args[1:]
            case "route" | "resource":
                resource, urls = _decorated(event), event.args
            case _:
                continue
        view = found.view(resource, event.scope.module.place(event.node))
        if view is None or view.cls is None:
            continue
        methods = texts(event.argument(None, "methods"))
        endpoint = text(event.argument(None, "endpoint")) or view.cls.name.lower()
        for url in urls:
            path = text(url)
            if path is not None:
                node: Expr = event.node
                yield Rule(
                    path=prefix + path,
                    view=view,
                    methods=methods,
                    endpoint=endpoint,
                    node=node,
                    scope=event.scope,
                    call=event.call,
                    around=around,
                    joins=False,
                    router=container.name,
                    deprecated=deprecated,
                )


def _deprecated(events: list[Event]) -> Iterator[Function | Class]:
    """What `@api.deprecated` or `@api.doc(deprecated=True)` stands on."""
    for event in events:
        is_documented = event.method == "doc" and literal(event.argument(None, "deprecated")) is True
        if (is_documented or event.method == "deprecated") and event.decorated is not None:
            yield event.decorated


def _decorated(event: Event) -> Value | None:
    return ClassValue(event.decorated) if isinstance(event.decorated, Class) else event.applied
