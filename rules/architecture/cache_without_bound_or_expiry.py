"""A cache grows for ever.

## What it does
Reports caches that serve requests and have neither a bound nor an expiry: `lru_cache(maxsize=None)` and `cache` on
functions that requests call with values of their own, and dictionaries of a module that a request adds keys to and from
which nothing is ever taken.

## Why it matters
Each new value that a client sends stays in memory until the process is killed; a client can choose that day. And what was
right once is served for ever after.

## Example
```python
from functools import lru_cache

from fastapi import FastAPI

app = FastAPI()


@lru_cache(maxsize=None)
def normalised(query: str) -> str:
    return " ".join(sorted(query.lower().split()))


@app.get("/search")
def search(query: str) -> dict:
    return {"query": normalised(query)}
```

## Use instead
```python
from functools import lru_cache

from fastapi import FastAPI

app = FastAPI()


@lru_cache(maxsize=1024)
def normalised(query: str) -> str:
    return " ".join(sorted(query.lower().split()))


@app.get("/search")
def search(query: str) -> dict:
    return {"query": normalised(query)}
```

## When not to
Where the values come from a small set: members of an enumeration, names of settings, languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Module, Project, ProjectRule, Role, Severity, Step, Unit, ir

_ENDLESS = frozenset({"functools.cache"})
_BOUNDED = frozenset({"functools.lru_cache"})
_REDIS = ("redis.Redis.", "redis.asyncio.Redis.", "redis.asyncio.client.Redis.", "redis.client.Redis.")
_EXPIRY = frozenset({"ex", "px", "exat", "pxat", "keepttl"})
_EXPIRING = frozenset({"expire", "expireat", "pexpire", "pexpireat", "delete", "unlink"})
_SMALL = frozenset({"bool", "type", "Literal", "Enum"})
_TAKES = frozenset({"pop", "popitem", "clear", "move_to_end"})


class CacheWithoutBoundOrExpiry(ProjectRule):
    code = "ARC412"
    severity = Severity.MEDIUM
    cwe = (770,)
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        for function in _memos(project):
            site = _asked(function, project)
            if site is not None and isinstance(site.scope, Function):
                yield self.finding(
                    function.at,
                    f"`{function.name}()` keeps its result for every value that {project.served[site.scope.qualified]} "
                    "calls it with, for ever",
                    help="Give it a `maxsize`, or a cache with an expiry.",
                    related=[Step(site.at, "called here")],
                )
        for module in project.modules.values():
            if module.role is Role.APP:
                yield from self._growing(module, project)
        for function in project.functions():
            if function.qualified in project.served:
                yield from self._kept(function, project)

    def _kept(self, function: Function, project: Project) -> Iterator[Finding]:
        """Values that a function looks for in Redis, makes where there is none, and puts there for ever."""
        sites = [site for site in project.sites(function) if (site.symbol or "").startswith(_REDIS)]
        looked_for = {
            ir.dotted(key) for site in sites if site.method == "get" and (key := site.call.argument(0, "name"))
        }
        if any(site.method in _EXPIRING for site in sites):
            return
        for site in sites:
            key = site.call.argument(0, "name")
            if site.method != "set" or type(key) is not ir.Name or key.id not in looked_for:
                continue
            if len(site.call.positional) > 2 or site.call.has_unpacking or not _EXPIRY.isdisjoint(site.call.keywords):
                continue
            if any(_varies(each, function) for each in _built(key, function, project)):
                yield self.finding(
                    site.at,
                    f"the answers of {project.served[function.qualified]} are put into Redis under one `{key.id}` each, "
                    "and none of them expires",
                    help="Pass `ex=`, the seconds that an answer may be old.",
                    discriminator=key.id,
                )

    def _growing(self, module: Module, project: Project) -> Iterator[Finding]:
        """Dictionaries of a module that requests add to and nothing takes from."""
        for name, made in module.assignments.items():
            if len(made) != 1 or not (type(made[0].value) is ir.Dict and not made[0].value.keys):
                continue
            added: list[tuple[Function, ir.Node]] = []
            taken = False
            for function in module.functions:
                if name in function.locals:
                    continue
                for stmt in function.statements:
                    match stmt:
                        case ir.Assign(targets=[ir.Subscript(value=ir.Name(id=held), index=index)]) if held == name:
                            if function.qualified in project.handlers and _varies(index, function):
                                added.append((function, stmt))
                        case ir.Delete(targets=[ir.Subscript(value=ir.Name(id=held))]) if held == name:
                            taken = True
                taken = taken or any(
                    type(node) is ir.Call
                    and type(node.func) is ir.Attribute
                    and node.func.name in _TAKES
                    and ir.dotted(node.func.value) == name
                    for node in ir.walk(function.body)
                )
                taken = taken or any(
                    type(stmt) is ir.Declare and stmt.kind == "global" and name in stmt.names
                    for stmt in function.statements
                )
            if added and not taken and not _is_used_elsewhere(module, name, project):
                function, stmt = added[0]
                yield self.finding(
                    function.place(stmt),
                    f"`{name}` gets a key here for {project.served[function.qualified]}, and nothing takes one out again",
                    help="Bound it, or use a cache with an expiry.",
                    related=[Step(module.place(made[0]), "it lives as long as the process")],
                    discriminator=name,
                )


def _built(key: ir.Name, function: Function, project: Project) -> list[ir.Expr]:
    """What a key is made of."""
    return [each.expr for each in project.types.bindings(function).get(key.id, ())]


def _memos(project: Project) -> Iterator[Function]:
    for function in project.functions():
        for each in function.decorators:
            call = each if type(each) is ir.Call else None
            symbol = project.qualified(call.func if call is not None else each, function.around)
            size = None if call is None else call.argument(0, "maxsize")
            endless = symbol in _BOUNDED and type(size) is ir.Const and size.value is None
            if (symbol in _ENDLESS or endless) and any(_is_open(each) for each in function.parameters):
                yield function
                break


def _is_open(parameter: object) -> bool:
    """Whether a parameter may take any number of values."""
    name, annotation = parameter.name, parameter.annotation  # type: ignore[attr-defined]
    if name in ("self", "cls"):
        return False
    words = (
        {node.id for node in ir.walk_expression(annotation) if type(node) is ir.Name}
        if annotation is not None
        else set()
    )
    return not words & _SMALL


def _asked(function: Function, project: Project) -> CallSite | None:
    """A call for a request whose arguments differ from one to the next."""
    for site in project.callers(function):
        scope = site.scope
        if isinstance(scope, Function) and scope.qualified in project.handlers and site.is_certain:
            if any(_varies(arg.value, scope) for arg in site.call.args):
                return site
    return None


def _varies(expr: ir.Expr, function: Function) -> bool:
    """Whether an expression is made of what the function is given."""
    given = {each.name for each in function.parameters} - {"self", "cls"}
    return any(type(node) is ir.Name and node.id in given for node in ir.walk_expression(expr))


def _is_used_elsewhere(module: Module, name: str, project: Project) -> bool:
    return any(
        edge.target is module and (name in edge.names or not edge.names)
        for edge in project.imports
        if edge.source is not module
    )
