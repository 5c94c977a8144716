"""What depends on the caller is cached under a key without the caller.

## What it does
Reports cached views, functions and values that read who is asking (the user, the session, the tenant) where the key of
the cache does not: `cache_page` without `vary_on_cookie`, `cached` of flask-caching, memo decorators, and
`cache.set` under a key that is the same for all.

## Why it matters
The first caller's answer is served to everyone until it expires: other people's orders, or a page that only an
administrator may see.

## Example
```python
from flask import Flask, jsonify
from flask_caching import Cache
from flask_login import current_user

app = Flask(__name__)
cache = Cache(app)


@app.get("/profile")
@cache.cached(timeout=60)
def profile():
    return jsonify(name=current_user.name)
```

## Use instead
Put the identity into the key, or cache only what is the same for all:
```python
from flask import Flask, jsonify
from flask_caching import Cache
from flask_login import current_user

app = Flask(__name__)
cache = Cache(app)


@app.get("/profile")
@cache.cached(timeout=60, make_cache_key=lambda *args, **kwargs: f"profile:{current_user.id}")
def profile():
    return jsonify(name=current_user.name)
```

## References
- https://docs.djangoproject.com/en/stable/topics/cache/#using-vary-headers
- https://flask-caching.readthedocs.io/en/latest/#caching-view-functions
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_lint.api import (
    UNKNOWN,
    CallSite,
    Class,
    Finding,
    Function,
    Place,
    Project,
    ProjectRule,
    Severity,
    Step,
    Unit,
    ir,
)
from backend_lint.rules.architecture._shared import caller, closure, principals, sources

_PAGES = frozenset({"django.views.decorators.cache.cache_page"})
_VIEWS = frozenset({"flask_caching.Cache.cached", "flask_cache.Cache.cached"})
_BY_ARGUMENTS = frozenset(
    {"flask_caching.Cache.memoize", "fastapi_cache.decorator.cache", "aiocache.cached", "functools.lru_cache"}
    | {"functools.cache", "async_lru.alru_cache", "cachetools.cached", "cachetools.func.ttl_cache"}
)
_BUILDERS = frozenset({"key", "key_builder", "make_cache_key", "key_prefix", "key_func", "cache_key"})
_STORES = frozenset(
    {"django.core.cache.cache.set", "flask_caching.Cache.set", "redis.Redis.set", "redis.Redis.setex"}
    | {"redis.asyncio.Redis.set", "redis.asyncio.Redis.setex", "aiocache.Cache.set"}
)
_DEPTH = 3


@dataclass(frozen=True)
class _Cached:
    """Something that is cached: by what, in what code, under which key."""

    at: Place
    what: str
    code: tuple[Function, ...]
    key: ir.Expr | None
    under: str


class CacheKeyMissesIdentity(ProjectRule):
    code = "ARC413"
    severity = Severity.HIGH
    cwe = (524, 639)
    owasp = ("A01:2021", "A01:2025", "API1:2023")
    unit = Unit.FUNCTION
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        for cached in _decorated(project):
            read = next((found for each in cached.code for found in _identity(each, project, 0, set())), None)
            if read is not None and not _names_acaller(cached, project):
                yield self._finding(cached.at, cached.what, *read, cached.under)
        for function in project.functions():
            for site in project.sites(function):
                if site.symbol in _STORES and (found := _stored(site, function, project)) is not None:
                    yield self._finding(site.at, "the value", *found, _key_in_words(site, function, project))

    def _finding(self, at: Place, what: str, name: str, read: Place, under: str) -> Finding:
        return self.finding(
            at,
            f"{what} depends on `{name}` and is cached under {under}: one caller gets the answer of another",
            help="Put the identity into the key, or cache only what is the same for everyone.",
            related=[Step(read, f"`{name}` is read here")],
        )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(each.at) for each in _decorated(project)]


def _decorated(project: Project) -> Iterator[_Cached]:
    for function in project.functions():
        for decorator in function.decorators:
            yield from _cached(decorator, (function,), function, project)
    for module in project.modules.values():
        for cls in module.classes:
            for decorator in cls.facts.decorators:
                yield from _cached(decorator, tuple(cls.methods.values()), cls, project)


def _cached(
    decorator: ir.Expr, code: tuple[Function, ...], of: Function | Class, project: Project
) -> Iterator[_Cached]:
    around = of.around if isinstance(of, Function) else of.module
    if type(decorator) is ir.Call and (ir.dotted(decorator.func) or "").endswith("method_decorator") and decorator.args:
        decorator = decorator.args[0].value
        if isinstance(of, Function) and of.cls is not None:
            code = (
                *code,
                *(each for name, each in of.cls.methods.items() if name in ("get_queryset", "get_context_data")),
            )
    symbol = _symbol(decorator, around, project)
    varies = [*of.facts.decorators, *(of.cls.facts.decorators if isinstance(of, Function) and of.cls else ())]
    if symbol in _PAGES and not any(_varies(each) for each in varies):
        yield _Cached(of.module.place(decorator), f"`{of.name}`", code, None, "its URL")
    elif symbol in _VIEWS:
        yield _Cached(of.module.place(decorator), f"`{of.name}`", code, _builder(decorator), "its path")
    elif symbol in _BY_ARGUMENTS:
        yield _Cached(of.module.place(decorator), f"`{of.name}`", code, _builder(decorator), "its arguments")


def _symbol(decorator: ir.Expr, scope: object, project: Project) -> str | None:
    if type(decorator) is ir.Call:
        return project.site(decorator, scope).symbol  # type: ignore[arg-type]
    return project.qualified(decorator, scope)  # type: ignore[arg-type]


def _varies(expr: ir.Expr) -> bool:
    return any(
        (ir.dotted(node) or "").rpartition(".")[2].startswith(("vary_on", "never_cache"))
        for node in ir.walk_expression(expr)
    )


def _builder(decorator: ir.Expr) -> ir.Expr | None:
    found = decorator.keywords if type(decorator) is ir.Call else {}
    return next((found[name] for name in _BUILDERS if name in found), None)


def _names_acaller(cached: _Cached, project: Project) -> bool:
    """Whether the key is built by something that may look at the caller; a constant does not."""
    if cached.key is None or type(cached.key) is ir.Const:
        return False
    match cached.key:
        case ir.Name() | ir.Attribute():
            built = project.type_of(cached.key, cached.code[0].module)
            function = project.function(built.name) if built is not None and built.itself else None
            if function is None:
                return project.constant(cached.key, cached.code[0].module) is UNKNOWN
            text = {node.id for node in ir.walk(function.body) if type(node) is ir.Name}
            text |= {node.name for node in ir.walk(function.body) if type(node) is ir.Attribute}
            return (
                any(_is_caller_name(each) for each in text | {"user"} & set(text)) or "kwargs" in text or "args" in text
            )
        case _:
            return True


def _is_caller_name(name: str) -> bool:
    return any(
        part in name.lower() for part in ("user", "session", "account", "tenant", "token", "auth", "cookie", "header")
    )


def _identity(function: Function, project: Project, depth: int, seen: set[str]) -> Iterator[tuple[str, Place]]:
    """Where a function, or what it calls, reads who is asking."""
    seen.add(function.qualified)
    for node in ir.walk(function.body):
        name = caller(node, function, project)
        if name is not None:
            yield name, function.place(node)
    if depth < _DEPTH:
        for site in project.sites(function):
            if site.is_certain and site.targets and site.targets[0].qualified not in seen:
                yield from _identity(site.targets[0], project, depth + 1, seen)


# Values that are put into a cache by hand


def _stored(site: CallSite, function: Function, project: Project) -> tuple[str, Place] | None:
    """Who the stored value depends on, where the key does not."""
    key = site.call.argument(0, "key") or site.call.argument(0, "name")
    timed = (site.symbol or "").endswith("setex")
    value = site.call.argument(2 if timed else 1, "value")
    if key is None or value is None or not _is_known(key, function, project):
        return None
    if any(_callers(key, function, project)):
        return None
    return next(_callers(value, function, project), None)


def _callers(expr: ir.Expr, function: Function, project: Project) -> Iterator[tuple[str, Place]]:
    """What in a value says who is asking."""
    principal = set(principals(function, project))
    for node in closure(expr, function):
        name = caller(node, function, project)
        if name is None and type(node) is ir.Name and node.id in principal:
            name = node.id
        if name is not None:
            yield name, function.place(node)


def _is_known(key: ir.Expr, function: Function, project: Project) -> bool:
    """Whether all that a key is made of is in sight: a constant, or text around what the path and the query give."""
    if isinstance(project.constant(key, function), str):
        return True
    given = {
        each.variable or each.name for route in project.handlers.get(function.qualified, ()) for each in route.inputs
    }
    nodes, held = list(closure(key, function)), sources(function.statements)
    return any(type(node) is ir.Text for node in nodes) and all(
        type(node) in (ir.Text, ir.Const) or (type(node) is ir.Name and (node.id in given or node.id in held))
        for node in nodes
    )


def _key_in_words(site: CallSite, function: Function, project: Project) -> str:
    key = site.call.argument(0, "key") or site.call.argument(0, "name")
    if isinstance(project.constant(key, function), str):
        return "a key that is the same for all callers"
    return f"`{ir.dotted(key) or 'a key'}`, which is not made of it"
