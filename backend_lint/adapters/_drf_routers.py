"""The addresses that a router of Django REST framework makes of the view sets registered on it.

Source: https://www.django-rest-framework.org/api-guide/routers/ and `rest_framework.routers.SimpleRouter.get_urls`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from backend_lint.adapters._django_library import library_methods
from backend_lint.adapters._registration import (
    Bound,
    Called,
    ClassValue,
    Entries,
    Event,
    Literal,
    Object,
    Registration,
    Symbol,
    Value,
    items,
    literal,
    text,
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Scope
from backend_lint.project.external import ancestors

ROUTERS = frozenset(
    {
        "rest_framework.routers.SimpleRouter",
        "rest_framework.routers.DefaultRouter",
        "rest_framework_nested.routers.NestedSimpleRouter",
        "rest_framework_nested.routers.NestedDefaultRouter",
        "rest_framework_extensions.routers.ExtendedSimpleRouter",
        "rest_framework_extensions.routers.ExtendedDefaultRouter",
    }
)


@dataclass(frozen=True)
class Routed:
    """One address of a view set: what `path(pattern, ViewSet.as_view({…}))` would have made."""

    pattern: str
    view: Called
    node: Expr
    scope: Scope
    name: str | None


@dataclass(frozen=True)
class Action:
    """A method of a view set that has an address of its own. `methods` gives the method of the class by HTTP method."""

    name: str
    detail: bool
    url_path: str
    url_name: str
    methods: Mapping[str, str]
    options: Mapping[str, Value]


@dataclass(frozen=True)
class _Route:
    """A template for addresses. `mapping` gives the method of the view set by HTTP method; a dynamic one has none."""

    url: str
    name: str
    detail: bool
    mapping: Mapping[str, str] | None = None
    options: Mapping[str, Value] = field(default_factory=dict)


_COLLECTION = {"get": "list", "post": "create"}
_ELEMENT = {"get": "retrieve", "put": "update", "patch": "partial_update", "delete": "destroy"}
_ROUTES = (
    _Route("^{prefix}{trailing_slash}$", "{basename}-list", False, _COLLECTION),
    _Route("^{prefix}/{url_path}{trailing_slash}$", "{basename}-{url_name}", False),
    _Route("^{prefix}/{lookup}{trailing_slash}$", "{basename}-detail", True, _ELEMENT),
    _Route("^{prefix}/{lookup}/{url_path}{trailing_slash}$", "{basename}-{url_name}", True),
)
_NESTED = frozenset(
    {"rest_framework_nested.routers.NestedSimpleRouter", "rest_framework_nested.routers.NestedDefaultRouter"}
)
_ACTIONS = {
    "rest_framework.decorators.action": None,
    "rest_framework.decorators.detail_route": True,
    "rest_framework.decorators.list_route": False,
}
_DEPTH = 8


def routed(found: Registration, router: Object) -> Iterator[Routed]:
    """The addresses of a router, in the order in which they are tried."""
    routes = _templates(found, router)
    slash = _trailing_slash(found, router)
    nesting = _nesting(found, router, 0)
    for event in _registered(found, router, 0):
        view = event.argument(1, "viewset")
        prefix = text(event.argument(0, "prefix"))
        if prefix is None or view is None or event.call is None:
            continue
        classes = _classes(found, view)
        names = _method_names(classes)
        actions = sorted(extra_actions(found, view), key=lambda each: each.name)
        basename = text(event.argument(2, "basename")) or text(event.argument(None, "base_name")) or ""
        known = {
            "prefix": nesting + prefix,
            "lookup": lookup(found, view),
            "trailing_slash": slash,
            "basename": basename,
        }
        for route in routes:
            if route.mapping is not None:
                mapping = {verb: name for verb, name in route.mapping.items() if name in names}
                if mapping:
                    yield _routed(route, known, view, mapping, route.options, event)
                continue
            for action in actions:
                if action.detail is route.detail:
                    more = {"url_path": action.url_path, "url_name": action.url_name}
                    options = {**route.options, **action.options}
                    yield _routed(route, known | more, view, action.methods, options, event)


def _routed(
    route: _Route,
    known: Mapping[str, str],
    view: Value,
    mapping: Mapping[str, str],
    options: Mapping[str, Value],
    event: Event,
) -> Routed:
    pattern, name = route.url, route.name
    for key, value in known.items():
        pattern, name = pattern.replace(f"{{{key}}}", value), name.replace(f"{{{key}}}", value)
    if not known["prefix"]:
        pattern = pattern.replace("^/", "^")
    assert event.call is not None
    actions = Entries({verb: Literal(method) for verb, method in mapping.items()})
    made = Called("as_view", event.call, event.scope, [actions], dict(options), view)
    return Routed(pattern, made, event.node, event.scope, name if known["basename"] else None)


def lookup(found: Registration, view: Value, prefix: str = "") -> str:
    """The group by which an address names one element."""
    name = text(found.attribute(view, "lookup_field")) or "pk"
    name = text(found.attribute(view, "lookup_url_kwarg")) or name
    pattern = text(found.attribute(view, "lookup_value_regex")) or "[^/.]+"
    return f"(?P<{prefix}{name}>{pattern})"


def extra_actions(found: Registration, view: Value) -> Iterator[Action]:
    """The methods of a view set that `@action` gives an address."""
    mappings: dict[str, dict[str, str]] = {}
    marked: dict[str, tuple[Function, ir.Call | None, bool | None]] = {}
    seen: set[str] = set()
    for cls in _classes(found, view):
        if not isinstance(cls, Class):
            continue
        for name, method in cls.methods.items():
            if name in seen:
                continue
            seen.add(name)
            for decorator in method.decorators:
                added = _added_method(decorator)
                if added is not None:
                    mappings.setdefault(added[0], {})[added[1]] = name
                    continue
                symbol = found.project.qualified(ir.callee(decorator), cls.module)
                if symbol in _ACTIONS:
                    call = decorator if type(decorator) is ir.Call else None
                    marked[name] = (method, call, _ACTIONS[symbol])
    for name, (method, call, detail) in marked.items():
        yield _action(found, method, call, detail, mappings.get(name, {}))


def _added_method(decorator: Expr) -> tuple[str, str] | None:
    """`@image.mapping.delete` as `("image", "delete")`."""
    parts = (ir.dotted(decorator) or "").split(".")
    return (parts[0], parts[2]) if len(parts) == 3 and parts[1] == "mapping" else None


def _action(
    found: Registration, method: Function, call: ir.Call | None, detail: bool | None, added: Mapping[str, str]
) -> Action:
    options: dict[str, Value] = {}
    if call is not None and method.cls is not None:
        frame = found.class_frame(method.cls)
        options = {name: found.evaluate(value, frame) for name, value in call.keywords.items()}
        positional = [found.evaluate(value, frame) for value in call.positional]
        options.update(zip(("methods", "detail"), positional, strict=False))
    verbs = [text(each) for each in items(options.pop("methods", None))] or ["get"]
    methods = {verb.lower(): method.name for verb in verbs if verb is not None}
    given = literal(options.pop("detail", None))
    return Action(
        method.name,
        bool(given) if detail is None else detail,
        text(options.pop("url_path", None)) or method.name,
        text(options.pop("url_name", None)) or method.name.replace("_", "-"),
        {**methods, **added},
        options,
    )


def _registered(found: Registration, router: Object, depth: int) -> Iterator[Event]:
    """The registrations on a router, with those of routers whose registry it takes over."""
    if depth > _DEPTH:
        return
    for event in found.events_of(router):
        if event.method == "register":
            yield event
        elif event.method == "registry.extend":
            match event.argument(0, None):
                case Bound(target=Object() as other, method="registry"):
                    yield from _registered(found, other, depth + 1)


def _nesting(found: Registration, router: Object, depth: int) -> str:
    """The regular expression that `NestedSimpleRouter` puts before its own prefixes."""
    parent = router.argument(0, "parent_router")
    prefix = text(router.argument(1, "parent_prefix"))
    if router.symbol not in _NESTED or not isinstance(parent, Object) or prefix is None or depth > _DEPTH:
        return ""
    outer = _nesting(found, parent, depth + 1)
    for event in _registered(found, parent, depth):
        view = event.argument(1, "viewset")
        if text(event.argument(0, "prefix")) == prefix and view is not None:
            name = text(router.argument(None, "lookup"))
            return f"{outer}{prefix}/{lookup(found, view, '' if name is None else name + '_')}/"
    return f"{outer}{prefix}/"


def _templates(found: Registration, router: Object) -> tuple[_Route, ...]:
    if router.cls is None:
        return _ROUTES
    own = items(found.attribute(ClassValue(router.cls), "routes"))
    return tuple(route for each in own if (route := _template(each)) is not None) or _ROUTES


def _template(value: Value) -> _Route | None:
    if not isinstance(value, Called):
        return None
    names: tuple[str, ...] = ("url", "mapping", "name", "detail", "initkwargs")
    is_dynamic = value.symbol == "rest_framework.routers.DynamicRoute"
    if is_dynamic:
        names = ("url", "name", "detail", "initkwargs")
    elif value.symbol != "rest_framework.routers.Route":
        return None
    given = dict(zip(names, value.args, strict=False)) | value.kwargs
    url, mapping, options = text(given.get("url")), given.get("mapping"), given.get("initkwargs")
    if url is None:
        return None
    verbs = {key: text(name) or "" for key, name in mapping.entries.items()} if isinstance(mapping, Entries) else {}
    return _Route(
        url,
        text(given.get("name")) or "",
        bool(literal(given.get("detail"))),
        None if is_dynamic else verbs,
        options.entries if isinstance(options, Entries) else {},
    )


def _trailing_slash(found: Registration, router: Object) -> str:
    given = literal(router.argument(0 if router.symbol not in _NESTED else None, "trailing_slash"))
    if given is None and router.cls is not None:
        own = literal(found.attribute(ClassValue(router.cls), "trailing_slash"))
        if isinstance(own, str):
            return own
    assigned = router.attributes.get("trailing_slash")
    if assigned is not None and text(assigned) is not None:
        return text(assigned) or ""
    return "" if given is False else "/"


def _classes(found: Registration, view: Value) -> list[Class | str]:
    match view:
        case ClassValue(cls=cls):
            return found.project.classes.mro(cls)
        case Symbol(name=name):
            return list(ancestors(name))
        case _:
            return []


def _method_names(classes: list[Class | str]) -> set[str]:
    return library_methods(classes).union(*(each.methods for each in classes if isinstance(each, Class)))
