"""The call graph, and the ways through it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.project.external import ancestors, returns
from backend_lint.project.modules import Class, Function, Module, Scope
from backend_lint.project.names import Names
from backend_lint.project.types import Type, Types


@dataclass(frozen=True, eq=False)
class CallSite:
    """One call, and what it calls.

    `targets` are functions of the project (the first is the one that static types name, the rest are overrides);
    `symbol` is the qualified name of what is called, also of methods of library objects
    (`sqlalchemy.orm.Session.execute`), None where nothing is known. `is_certain` is false where the target was
    guessed from a method's name alone.
    """

    call: ir.Call
    scope: Scope
    targets: tuple[Function, ...]
    symbol: str | None
    receiver: Type | None = None
    is_certain: bool = True

    @property
    def at(self) -> Place:
        return self.scope.module.place(self.call)

    @property
    def name(self) -> str:
        """The call as written: `session.execute`."""
        return ir.dotted(self.call.func) or self.method or "call"

    @property
    def method(self) -> str | None:
        """The last name of what is called: `execute`."""
        match self.call.func:
            case ir.Attribute(name=name):
                return name
            case ir.Name(id=name):
                return name
            case _:
                return None

    def passed(self, function: Function, name: str) -> ir.Expr | None:
        """What the call passes for a parameter of a function that it calls."""
        if name in self.call.keywords:
            return self.call.keywords[name]
        names = [each.name for each in function.parameters if each.kind in ("plain", "positional")]
        if function.takes_receiver:
            names = names[1:]
        return self.call.argument(names.index(name)) if name in names else None


@dataclass(frozen=True)
class Path:
    """Calls from a function down to one of interest, outermost first."""

    sites: tuple[CallSite, ...]

    @property
    def first(self) -> CallSite:
        return self.sites[0]

    @property
    def last(self) -> CallSite:
        return self.sites[-1]


_COMMON_METHODS = frozenset(
    [
        "get",
        "set",
        "add",
        "pop",
        "update",
        "items",
        "keys",
        "values",
        "append",
        "extend",
        "remove",
        "save",
        "delete",
        "create",
        "all",
        "filter",
        "first",
        "count",
        "exists",
        "execute",
        "commit",
        "close",
        "open",
        "read",
        "write",
        "run",
        "start",
        "stop",
        "send",
        "call",
        "join",
        "split",
        "format",
        "copy",
        "clear",
        "index",
        "insert",
        "sort",
        "find",
        "replace",
        "strip",
        "lower",
        "upper",
        "encode",
        "decode",
        "load",
        "loads",
        "dump",
        "dumps",
        "put",
        "post",
        "patch",
        "head",
        "connect",
        "query",
        "flush",
        "submit",
        "process",
        "handle",
        "render",
        "build",
        "parse",
        "validate",
        "list",
        "info",
        "debug",
        "warning",
        "error",
        "exception",
        "log",
        "next",
        "dict",
        "json",
    ]
)


class Calls:
    def __init__(self, modules: dict[str, Module], names: Names, types: Types) -> None:
        self.modules, self.names, self.types = modules, names, types
        self._sites: dict[int, list[CallSite]] = {}
        self._by_call: dict[int, CallSite] = {}
        self._callers: dict[str, list[CallSite]] | None = None
        self._methods: dict[str, list[Function]] | None = None

    def forget(self) -> None:
        """Ask types anew: they have learned."""
        self._sites.clear()
        self._by_call.clear()
        self._callers = None

    def sites(self, scope: Scope) -> list[CallSite]:
        """The calls that stand in a scope, outer before inner; lambdas' and nested functions' own are theirs."""
        known = self._sites.get(id(scope))
        if known is None:
            body = scope.body
            known = self._sites[id(scope)] = [self.resolve(call, scope) for call in ir.calls(body)]
        return known

    def resolve(self, call: ir.Call, scope: Scope) -> CallSite:
        known = self._by_call.get(id(call))
        if known is None:
            known = self._by_call[id(call)] = self._resolve(call, scope)
        return known

    def _resolve(self, call: ir.Call, scope: Scope) -> CallSite:
        func = call.func
        if type(func) is ir.Attribute:
            if type(func.value) is ir.Call and ir.dotted(func.value.func) == "super":
                return self._super(call, func.name, scope)
            receiver = self.types.of(func.value, scope)
            if receiver is not None and not (receiver.itself and self.types.classes.get(receiver.name) is None):
                return self._method(call, receiver, func.name, scope)
        callee = self.types.of(func, scope)
        if callee is None:
            return self._guess(call, scope)
        if not callee.itself:
            return self._method(call, callee, "__call__", scope)
        function = self.types.function(callee.name)
        if function is not None:
            return CallSite(call, scope, (function,), function.qualified)
        cls = self.types.classes.get(callee.name)
        if cls is not None:
            return self._construct(call, cls, scope)
        return CallSite(call, scope, (), callee.name)

    def _construct(self, call: ir.Call, cls: Class, scope: Scope) -> CallSite:
        found = (self.types.classes.method(cls.qualified, name) for name in ("__init__", "__new__", "__post_init__"))
        return CallSite(call, scope, tuple(each for each in found if each is not None), cls.qualified)

    def _super(self, call: ir.Call, name: str, scope: Scope) -> CallSite:
        owner = scope.owner if isinstance(scope, Function) else None
        if owner is not None:
            for each in self.types.classes.mro(owner)[1:]:
                if isinstance(each, str):
                    return CallSite(call, scope, (), f"{each}.{name}")
                if name in each.methods:
                    return CallSite(call, scope, (each.methods[name],), each.methods[name].qualified)
        return CallSite(call, scope, (), None)

    def _method(self, call: ir.Call, receiver: Type, name: str, scope: Scope) -> CallSite:
        classes = self.types.classes
        cls = classes.get(receiver.name)
        if cls is None:
            symbol = next((f"{each}.{name}" for each in ancestors(receiver.name) if _is_known(each, name)), None)
            return CallSite(call, scope, (), symbol or f"{receiver.name}.{name}", receiver)
        for each in classes.mro(cls):
            if isinstance(each, str):
                if _is_known(each, name) or each == classes.mro(cls)[-1]:
                    return CallSite(call, scope, self._overrides(cls, name), f"{each}.{name}", receiver)
            elif name in each.methods:
                found = each.methods[name]
                return CallSite(call, scope, (found, *self._overrides(cls, name)), found.qualified, receiver)
            elif name in each.inner:
                return self._construct(call, each.inner[name], scope)
        value = self.types.attribute(receiver, name)
        if value is not None and not value.itself:
            return self._method(call, value, "__call__", scope)
        if value is not None:
            function, held = self.types.function(value.name), classes.get(value.name)
            if function is not None:
                return CallSite(call, scope, (function,), function.qualified, receiver)
            if held is not None:
                return self._construct(call, held, scope)
            return CallSite(call, scope, (), value.name, receiver)
        return CallSite(call, scope, self._overrides(cls, name), f"{cls.qualified}.{name}", receiver)

    def _overrides(self, cls: Class, name: str) -> tuple[Function, ...]:
        return tuple(each.methods[name] for each in self.types.classes.subclasses(cls) if name in each.methods)[:8]

    def _guess(self, call: ir.Call, scope: Scope) -> CallSite:
        """A method of an unknown receiver: the only method of that name in the project, if the name is uncommon."""
        if type(call.func) is not ir.Attribute or call.func.name in _COMMON_METHODS or call.func.name.startswith("__"):
            return CallSite(call, scope, (), None)
        if self._methods is None:
            self._methods = {}
            for module in self.modules.values():
                for cls in module.classes:
                    for name, method in cls.methods.items():
                        self._methods.setdefault(name, []).append(method)
        found = self._methods.get(call.func.name, [])
        if len(found) == 1:
            return CallSite(call, scope, (found[0],), found[0].qualified, is_certain=False)
        return CallSite(call, scope, (), None)

    def callers(self, function: Function) -> list[CallSite]:
        """The calls whose target may be the function."""
        if self._callers is None:
            self._callers = {}
            for scope in self.scopes():
                for site in self.sites(scope):
                    for target in site.targets:
                        self._callers.setdefault(target.qualified, []).append(site)
        return self._callers.get(function.qualified, [])

    def scopes(self) -> Iterator[Scope]:
        for module in self.modules.values():
            yield module
            yield from module.classes
            yield from module.functions

    def paths(self, start: Iterable[CallSite], to: Callable[[CallSite], bool], *, depth: int = 8) -> Iterator[Path]:
        """For each starting call from which one of interest is reached, the shortest way to it."""
        for site in start:
            found = self._shortest(site, to, depth)
            if found is not None:
                yield found

    def _shortest(self, start: CallSite, to: Callable[[CallSite], bool], depth: int) -> Path | None:
        queue: deque[tuple[CallSite, ...]] = deque([(start,)])
        seen: set[str] = set()
        while queue:
            way = queue.popleft()
            if to(way[-1]):
                return Path(way)
            if len(way) >= depth:
                continue
            for target in way[-1].targets:
                if target.qualified not in seen:
                    seen.add(target.qualified)
                    queue.extend((*way, site) for site in self.sites(target))
        return None


def _is_known(owner: str, name: str) -> bool:
    return f"{owner}.{name}" in returns()
