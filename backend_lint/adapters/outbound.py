"""Calls that leave the process, and whether anything bounds how long they take.

What libraries do is `outbound.toml`. A bound is looked for in the call, in what the function around it was handed, in
the construction of the client, and in a client class of the project's own; what cannot be told is the library's own.
"""

from __future__ import annotations

import functools
from importlib import resources

import msgspec

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.calls import CallSite
from backend_lint.project.model import Outbound

_DEPTH = 3
_METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options"})
_SENDING = frozenset({"request", "send"})


class _Library(msgspec.Struct, frozen=True):
    """An entry of `outbound.toml`."""

    kind: str
    calls: tuple[str, ...]
    default: str
    url: int | None = None
    timeout: tuple[str, ...] = ()
    position: int | None = None
    client: tuple[str, ...] = ()
    client_position: int | None = None
    none: tuple[str, ...] = ("None",)
    wrapper: dict[str, tuple[str, ...]] = {}
    nested: bool = False
    but: tuple[str, ...] = msgspec.field(default=(), name="except")
    is_async: bool = msgspec.field(default=False, name="async")
    chained: bool = False
    until: dict[str, tuple[int, str]] = {}

    def reaches(self, between: str) -> bool:
        """Whether the calls of an SDK hang below what lies between the entry and the method."""
        return self.chained or (self.nested and "()" not in between)


@functools.cache
def _libraries() -> dict[str, _Library]:
    text = resources.files("backend_lint.adapters").joinpath("outbound.toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[str, _Library])


def read(project: Project) -> None:
    reader = _Reader(project)
    for scope in project.scopes(Role.APP, Role.SCRIPT):
        for site in project.sites(scope):
            found = reader.outbound(site)
            if found is not None:
                project.outbound.append(found)


def _of_version(library: _Library, versions: dict[str, str]) -> _Library:
    """A library as it is in the version that the project has settled on; as it is today where that is not known."""
    for package, (first, before) in library.until.items():
        major = versions.get(package, "").partition(".")[0]
        if major.isdecimal() and int(major) < first:
            return msgspec.structs.replace(library, default=before)
    return library


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.libraries = {name: _of_version(each, project.versions) for name, each in _libraries().items()}

    def outbound(self, site: CallSite) -> Outbound | None:
        name, method = self._called(site)
        library = self.libraries.get(name or "")
        if library is None:
            return self._rpc(site)
        timeout, value = self._bound(site, library)
        verb = _verb(site.call, method) if library.kind == "http" else None
        made = self._construction(site) if library.kind == "cache" else None
        return Outbound(
            site=site,
            scope=site.scope,
            at=site.at,
            kind=library.kind,
            library=(name or "").partition(".")[0],
            method=verb or method or "connect",
            url=self._url(site.call, method, library),
            timeout=timeout,
            timeout_value=value,
            is_async=library.is_async,
            made=None if made is None else made[1].module.place(made[0]),
        )

    def _called(self, site: CallSite) -> tuple[str | None, str]:
        """The entry that a call belongs to, and the name of what is called."""
        symbol = site.symbol or ""
        if _goes_out(self.libraries.get(symbol), ""):
            return symbol, ""
        owner, _, method = symbol.rpartition(".")
        if _goes_out(self.libraries.get(owner), method):
            return owner, method
        above = owner.rpartition(".")[0]
        while above:
            library = self.libraries.get(above)
            if library is not None and library.reaches(owner[len(above) :]) and _goes_out(library, method):
                return above, method
            above = above.rpartition(".")[0]
        if site.receiver is not None and site.method is not None:
            cls = self.project.cls(site.receiver.name)
            for base in self.project.classes.mro(cls) if cls is not None else ():
                if isinstance(base, str) and _goes_out(self.libraries.get(base), site.method) and not site.targets:
                    return base, site.method
        return None, ""

    def _rpc(self, site: CallSite) -> Outbound | None:
        """A method of a generated gRPC stub: `OrderServiceStub(channel).Create(request)`."""
        receiver = site.receiver.name if site.receiver is not None else ""
        method = site.method or ""
        if not receiver.endswith("Stub") or not method[:1].isupper() or site.targets:
            return None
        value = site.call.keywords.get("timeout")
        timeout = "none" if value is None or _is_none(value) else "set"
        is_async = any(type(each) is ir.Await and each.value is site.call for each in ir.walk(site.scope.body))
        return Outbound(site, site.scope, site.at, "rpc", "grpc", method, None, timeout, value, is_async)

    def _url(self, call: ir.Call, method: str, library: _Library) -> Expr | None:
        if library.url is None:
            return None
        position = library.url + 1 if method in ("request", "stream") and library.url == 0 else library.url
        return call.argument(position, "url")

    # Bounds

    def _bound(self, site: CallSite, library: _Library) -> tuple[str, Expr | None]:
        """`none`, `default` or `set`, and the expression that says so."""
        value = self._passed(site.call, library)
        if value is not None:
            return self._judged(value, site.scope, library, 0)
        if site.call.has_unpacking:
            return self._unpacked(site, library), None
        made = self._construction(site)
        if made is not None:
            return self._constructed(*made, library)
        if library.client and library.default == "none":
            return "default", None  # a client that is handed in: whoever made it may have bounded it
        return library.default, None

    def _passed(self, call: ir.Call, library: _Library) -> Expr | None:
        position = 0 if library.position == -1 else library.position
        for name in library.timeout:
            value = call.argument(position, name)
            if value is not None:
                return value
        return None

    def _judged(self, value: Expr, scope: Scope, library: _Library, depth: int) -> tuple[str, Expr | None]:
        """What a value means as a bound; a parameter means what the callers hand over."""
        if _is_off(value, library):
            return "none", value
        if type(value) is ir.Call:
            symbol = self.project.site(value, scope).symbol
            names = library.wrapper.get(symbol or "")
            if names is not None and value.args and not value.has_unpacking:
                given = [value.argument(0 if index == 0 else None, name) for index, name in enumerate(names)]
                if all(each is None or _is_off(each, library) for each in given):
                    return "none", value
        if type(value) is ir.Name and isinstance(scope, Function):
            parameter = scope.parameter(value.id)
            if parameter is not None and parameter.default is not None and _is_off(parameter.default, library):
                return self._handed(scope, value.id, library, depth), value
        if type(value) in (ir.Name, ir.Attribute):
            constant = self._constant(value, scope)
            if constant is not None and _is_off(constant, library):
                return "none", value
        return "set", value

    def _handed(self, function: Function, name: str, library: _Library, depth: int) -> str:
        """Whether any caller hands over a bound by a parameter that has none by default."""
        names = [each.name for each in function.parameters if each.kind in ("positional", "plain")]
        position = names.index(name) - (function.cls is not None) if name in names else None
        callers = self.project.callers(function) if depth < _DEPTH else []
        for caller in callers:
            value = caller.call.argument(position, name)
            if caller.call.has_unpacking:
                return "set"
            if value is not None and self._judged(value, caller.scope, library, depth + 1)[0] == "set":
                return "set"
        return "none" if callers else "default"

    def _constant(self, value: Expr, scope: Scope) -> Expr | None:
        qualified = self.project.qualified(value, scope)
        module, rest = (None, "") if qualified is None else self.project.names.split(qualified)
        found = module.assignments.get(rest, []) if module is not None else []
        return found[0].value if len(found) == 1 else None

    def _unpacked(self, site: CallSite, library: _Library) -> str:
        """Of `**options`: whether the function puts a bound among them; unknown is the library's own."""
        mentioned = {node.value for node in ir.walk(site.scope.body) if type(node) is ir.Const}
        return "default" if mentioned.isdisjoint(library.timeout) else "set"

    # Clients

    def _construction(self, site: CallSite) -> tuple[ir.Call, Scope] | None:
        """The call that made the client whose method is called, and where it stands."""
        if type(site.call.func) is not ir.Attribute:
            return (site.call, site.scope) if self._is_client(site.call, site.scope) else None
        if self._is_client(site.call, site.scope):
            return site.call, site.scope
        return self._made(site.call.func.value, site.scope, 0)

    def _is_client(self, call: ir.Call, scope: Scope) -> bool:
        symbol = self.project.site(call, scope).symbol or ""
        return bool((library := self.libraries.get(symbol)) and "" in library.calls)

    def _made(self, expr: Expr, scope: Scope, depth: int) -> tuple[ir.Call, Scope] | None:
        if depth > _DEPTH:
            return None
        match expr:
            case ir.Await(value=inner):
                return self._made(inner, scope, depth)
            case ir.Call(func=func):
                site = self.project.site(expr, scope)
                if site.targets and self.project.cls(site.symbol or "") is None:
                    return self._given(site.targets[0], depth + 1)
                if self._is_construction(site.symbol):
                    return expr, scope
                return self._made(func.value, scope, depth) if type(func) is ir.Attribute else None
            case ir.Attribute(value=ir.Name(id="self" | "cls"), name=name) if isinstance(scope, Function):
                return self._held(scope.owner, name, depth)
            case ir.Name(id=name) if isinstance(scope, Function) and name in scope.locals:
                for binding in self.project.types.bindings(scope).get(name, ()):
                    if binding.kind in ("value", "enter") and not binding.path:
                        return self._made(binding.expr, scope, depth + 1)
                return None
            case ir.Name() | ir.Attribute():
                qualified = self.project.qualified(expr, scope)
                module, rest = (None, "") if qualified is None else self.project.names.split(qualified)
                if module is not None and rest in module.assignments:
                    value = module.assignments[rest][-1].value
                    return None if value is None else self._made(value, module, depth + 1)
                return self._made(expr.value, scope, depth + 1) if type(expr) is ir.Attribute else None
        return None

    def _is_construction(self, symbol: str | None) -> bool:
        if symbol is None:
            return False
        cls = self.project.cls(symbol)
        names = (
            [symbol, f"{symbol}()"]
            if cls is None
            else [each for each in self.project.classes.mro(cls) if isinstance(each, str)]
        )
        return any(name in self.libraries for name in names) or symbol.endswith((".from_url", ".Session"))

    def _given(self, function: Function, depth: int) -> tuple[ir.Call, Scope] | None:
        for stmt in function.statements:
            if type(stmt) is ir.Return and stmt.value is not None:
                found = self._made(stmt.value, function, depth)
                if found is not None:
                    return found
            for node in ir.children(stmt):
                if type(node) is ir.Yield and node.value is not None:
                    found = self._made(node.value, function, depth)
                    if found is not None:
                        return found
        return None

    def _held(self, owner: Class | None, name: str, depth: int) -> tuple[ir.Call, Scope] | None:
        for cls in self.project.classes.mro(owner) if owner is not None else ():
            if isinstance(cls, str):
                continue
            for method, stmt in cls.instance_attributes.get(name, ()):
                found = None if stmt.value is None else self._made(stmt.value, method, depth + 1)
                if found is not None:
                    return found
            assigned = cls.attributes.get(name)
            if assigned is not None and assigned.value is not None:
                return self._made(assigned.value, cls, depth + 1)
        return None

    def _constructed(self, call: ir.Call, scope: Scope, library: _Library) -> tuple[str, Expr | None]:
        """What the construction of a client says: its arguments, a class of the project's own, adapters put into it."""
        cls = self.project.cls(self.project.site(call, scope).symbol or "")
        if cls is not None:
            is_told = any(name in call.keywords for name in library.client)
            return ("set" if is_told else self._of_class(cls, library), None)
        for name in library.client:
            value = call.argument(library.client_position, name)
            if value is not None:
                return self._judged(value, scope, library, 0)
        if call.has_unpacking and library.client:
            return "default", None
        if self._is_adapted(call, scope):
            return "set", None
        return library.default, None

    def _of_class(self, cls: Class, library: _Library) -> str:
        """A subclass bounds its calls where it says so in what it overrides."""
        names = (*library.timeout, *library.client)
        for each in self.project.classes.mro(cls):
            if isinstance(each, Class):
                for method in each.methods.values():
                    if method.name in (*_SENDING, *_METHODS, "__init__", "__call__"):
                        if any(_mentions(node, names) for node in ir.walk(method.body)):
                            return "set"
        return library.default

    def _is_adapted(self, call: ir.Call, scope: Scope) -> bool:
        """Whether the function that makes a session bounds it: `session.mount("https://", BoundedAdapter())`, or
        `session.request = partial(session.request, timeout=5)`."""
        for node in ir.walk(scope.body):
            if type(node) is not ir.Call:
                continue
            if type(node.func) is ir.Attribute and node.func.name == "mount" and len(node.args) > 1:
                adapter = self.project.type_of(node.args[1].value, scope)
                cls = None if adapter is None else self.project.cls(adapter.name)
                if cls is not None and any(
                    _mentions(inner, ("timeout",)) for method in cls.methods.values() for inner in ir.walk(method.body)
                ):
                    return True
            if self.project.qualified(node.func, scope) == "functools.partial" and "timeout" in node.keywords:
                return True
        return False


def _goes_out(library: _Library | None, method: str) -> bool:
    if library is None:
        return False
    return method in library.calls or ("*" in library.calls and method[:1].isalpha() and method not in library.but)


def _verb(call: ir.Call, method: str) -> str | None:
    """The HTTP method, in upper case, where it can be told."""
    if method in _METHODS:
        return method.upper()
    if method in ("request", "stream"):
        given = call.argument(0, "method")
        if type(given) is ir.Const and isinstance(given.value, str):
            return given.value.upper()
    return None


def _is_none(value: Expr) -> bool:
    return type(value) is ir.Const and value.value is None


def _is_off(value: Expr, library: _Library) -> bool:
    return type(value) is ir.Const and repr(value.value) in library.none


def _mentions(node: Expr, names: tuple[str, ...]) -> bool:
    match node:
        case ir.Const(value=str(text)):
            return text in names
        case ir.Call():
            return any(name in node.keywords for name in names)
        case ir.Attribute(name=name):
            return name in names
    return False
