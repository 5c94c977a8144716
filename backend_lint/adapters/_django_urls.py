"""The URL configuration of a Django project as one flat table: every address, and the view that answers there.

Source: https://docs.djangoproject.com/en/stable/topics/http/urls/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from backend_lint.adapters._django_conf import Settings, settings
from backend_lint.adapters._drf_routers import ROUTERS, routed
from backend_lint.adapters._paths import open_api_path, open_api_regex
from backend_lint.adapters._registration import (
    Bound,
    Called,
    Items,
    Literal,
    ModuleValue,
    Object,
    Registration,
    Unknown,
    Value,
    registration,
    text,
)
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Module, Project, Scope

_PATHS = frozenset({"django.urls.path", "django.urls.re_path"})
_DEPTH = 24


@dataclass(frozen=True)
class Mounted:
    """A view at an address, with the prefixes of all modules that include it.

    `converters` are by name of the parameter: that of the converter, or the regular expression. `router` is the URL
    module or the router that it stands in, `app` the module with which the table starts. `node` is what registers it,
    `options` are its keyword arguments.
    """

    path: str
    view: Value
    node: Expr
    scope: Scope
    app: str
    router: str
    converters: dict[str, str]
    name: str | None
    options: dict[str, Expr]


def mounted(project: Project) -> list[Mounted]:
    """All views of the project in the order in which their patterns are tried."""
    known = _KNOWN.get(project)
    if known is None:
        known = _KNOWN[project] = list(_Walk(project).all())
    return known


_KNOWN: WeakKeyDictionary[Project, list[Mounted]] = WeakKeyDictionary()


@dataclass(frozen=True)
class _Context:
    app: str
    router: str
    prefix: str = ""
    converters: tuple[tuple[str, str], ...] = ()
    namespaces: tuple[str, ...] = ()
    depth: int = 0


class _Walk:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.found: Registration = registration(project)
        self.settings: Settings = settings(project)
        self.visited: set[str] = set()

    def all(self) -> Iterator[Mounted]:
        for root in self._roots():
            yield from self._module(root, _Context(root.name, root.name))

    def _roots(self) -> list[Module]:
        """The modules that settings name; without settings, those that no other includes."""
        named: dict[str, Module] = {}
        for owner in self.settings.owners:
            prefix = owner.name if isinstance(owner, Module) else owner.qualified
            name = text(self.found.variable(f"{prefix}.ROOT_URLCONF"))
            module = None if name is None else self.project.modules.get(self.project.names.denoted(name))
            if module is not None:
                named.setdefault(module.name, module)
        if named:
            return list(named.values())
        candidates = [
            each
            for each in self.project.modules.values()
            if each.role in (Role.APP, Role.SCRIPT) and "urlpatterns" in each.assignments
        ]
        included: set[str] = set()
        for each in candidates:
            self.visited.clear()
            for _ in self._module(each, _Context(each.name, each.name)):
                pass
            included |= self.visited - {each.name}
        return [each for each in candidates if each.name not in included] or candidates

    def _module(self, module: Module, context: _Context) -> Iterator[Mounted]:
        self.visited.add(module.name)
        inner = replace(context, router=module.name)
        yield from self._each(self.found.variable(f"{module.name}.urlpatterns"), inner)

    def _each(self, value: Value | None, context: _Context) -> Iterator[Mounted]:
        if context.depth > _DEPTH:
            return
        match value:
            case Items(items=items):
                for item in items:
                    yield from self._each(item, context)
            case Object(symbol=symbol) if symbol in _PATHS:
                yield from self._pattern(value, context)
            case Object(symbol="django.conf.urls.i18n.i18n_patterns", args=args):
                localised = replace(context, prefix=context.prefix + self._language(value))
                yield from self._each(Items(args), localised)
            case Bound(target=Object(symbol=symbol) as router, method="urls") if symbol in ROUTERS:
                yield from self._routed(router, context)
            case Bound(target=Object(symbol="ninja.NinjaAPI") as api, method="urls"):
                yield self._mounted(api, api.call, api.scope, context, None)
            case Called(symbol="django.conf.urls.patterns", args=[_, *args]):
                yield from self._each(Items(args), context)

    def _language(self, localised: Object) -> str:
        """The prefix in the project's own language."""
        default = localised.argument(None, "prefix_default_language")
        if isinstance(default, Literal) and not default.value:
            return ""
        return f"{self.settings.text('LANGUAGE_CODE') or 'en-us'}/"

    def _pattern(self, pattern: Object, context: _Context) -> Iterator[Mounted]:
        is_regex = pattern.symbol == "django.urls.re_path"
        view = pattern.argument(1, "view")
        route = _words(pattern.argument(0, "regex" if is_regex else "route"))
        if route is None and isinstance(view, Object):  # below a prefix that cannot be told
            route = ""
        if route is None:
            return
        shown, converters = _regex(route) if is_regex else _route(route)
        here = replace(
            context,
            prefix=context.prefix + shown,
            converters=(*context.converters, *converters.items()),
            depth=context.depth + 1,
        )
        match view:
            case Object(symbol="django.urls.include"):
                yield from self._included(view, here)
            case Items(items=[patterns, *_]):  # the three things that `admin.site.urls` is
                yield from self._each(patterns, here)
            case Bound(method="urls"):
                yield from self._each(view, here)
            case Value():
                name = text(pattern.argument(3, "name"))
                yield self._mounted(view, pattern.call, pattern.scope, here, name)

    def _mounted(self, view: Value, node: Expr, scope: Scope, context: _Context, name: str | None) -> Mounted:
        path = "/" + context.prefix.lstrip("/")
        full = None if name is None else ":".join((*context.namespaces, name))
        options = node.keywords if type(node) is ir.Call else {}
        return Mounted(path, view, node, scope, context.app, context.router, dict(context.converters), full, options)

    def _included(self, include: Object, context: _Context) -> Iterator[Mounted]:
        target = include.argument(0, "arg")
        app_name: str | None = None
        if isinstance(target, Items) and len(target.items) in (2, 3) and text(target.items[1]) is not None:
            app_name, target = text(target.items[1]), target.items[0]
        module = self._included_module(target)
        if module is not None:
            app_name = app_name or text(self.found.variable(f"{module.name}.app_name"))
        namespace = text(include.argument(1, "namespace")) or app_name
        inner = replace(context, namespaces=(*context.namespaces, namespace)) if namespace else context
        if module is not None:
            yield from self._module(module, inner)
        else:
            yield from self._each(target, inner)

    def _included_module(self, target: Value | None) -> Module | None:
        match target:
            case Literal(value=str(name)):
                return self.project.modules.get(self.project.names.denoted(name))
            case ModuleValue(module=module):
                return module
            case _:
                return None

    def _routed(self, router: Object, context: _Context) -> Iterator[Mounted]:
        inner = replace(context, router=router.name)
        for each in routed(self.found, router):
            shown, converters = _regex(each.pattern)
            here = replace(inner, prefix=inner.prefix + shown, converters=(*inner.converters, *converters.items()))
            yield self._mounted(each.view, each.node, each.scope, here, each.name)


def _words(value: Value | None) -> str | None:
    """The literal text, also of a translated one; of a text with parts that cannot be told, the rest."""
    match value:
        case Called(symbol=symbol, args=[first, *_]) if symbol.rpartition(".")[2].startswith(("gettext", "ugettext")):
            return text(first)
        case Unknown(expr=ir.Text(pieces=pieces)):
            known = "".join(str(each.value) for each in pieces if type(each) is ir.Const)
            return known if _FIXED.search(known) else "".join(_piece(each) for each in pieces)
        case _:
            return text(value)


_FIXED = re.compile(r"(?<![?<\w\\])[a-zA-Z]\w*(?![\w>]*>)")
"""A word of a pattern that is no name of a parameter, no converter and no escape."""


def _piece(expr: ir.Expr) -> str:
    """A part of a pattern: one that cannot be told by its name, where nothing else would keep the paths apart."""
    if type(expr) is ir.Const:
        return str(expr.value)
    while type(expr) is ir.Call and type(expr.func) is ir.Attribute:
        expr = expr.func.value
    return (ir.dotted(expr) or "").rpartition(".")[2]


def _route(route: str) -> tuple[str, dict[str, str]]:
    shown, converters = open_api_path(route)
    return shown if route.startswith("/") else shown[1:], converters


def _regex(pattern: str) -> tuple[str, dict[str, str]]:
    return open_api_regex(pattern)
