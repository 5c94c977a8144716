"""Guards of a route: of its decorators, of what runs before it, and of the handler itself, by what they do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from backend_lint.adapters._denial import denials, guard_kinds
from backend_lint.adapters._registration import Called, ClassValue, FunctionValue, Instance, Symbol, Unknown, Value
from backend_lint.adapters._stranger import Library, Strangers, statuses
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.model import Guard, GuardKind

_PASSWORD = ("password", "passwd", "passphrase")


@dataclass(frozen=True)
class Known:
    """Guards of a framework and its extensions, by qualified name: decorators and hooks."""

    decorators: Mapping[str, tuple[GuardKind, ...]]
    library: Library


@dataclass(eq=False)
class Decorator:
    """A callable that wraps or precedes handlers: code of the project with literal arguments, or a library's name."""

    name: str
    at: Place
    function: Function | None = None
    symbol: str | None = None
    known: Mapping[str, Any] = field(default_factory=dict)
    arguments: tuple[str, ...] = ()
    is_lenient: bool = False
    decorators: tuple[Decorator, ...] = ()


class Guards:
    def __init__(self, project: Project, known: Known) -> None:
        self.project, self.known = project, known
        self.denials = denials(project)
        self.strangers = Strangers(project, known.library)
        self.handlers = Strangers(project, known.library, names_tell=False)

    # What a decorator or hook is

    def of_function(self, function: Function, registered: Expr | None) -> list[Decorator]:
        """The decorators that the framework really calls, outermost first: those below the one that registers."""
        decorators = function.decorators
        below = decorators[decorators.index(registered) + 1 :] if registered in decorators else decorators
        return [self.written(each, function.around) for each in below]

    def idle(self, function: Function, registered: Expr | None) -> Iterator[Guard]:
        """The guards above the decorator that registers: they wrap what the framework has already taken."""
        decorators = function.decorators
        above = decorators[: decorators.index(registered)] if registered in decorators else []
        for each in above:
            yield from self.decorator(self.written(each, function.around), "route", {})

    def written(self, expr: Expr, scope: Scope) -> Decorator:
        """A decorator as it stands in the source, `@login_required` or `@requires("admin")`."""
        call = expr if type(expr) is ir.Call else None
        target = call.func if call is not None else expr
        name = ir.dotted(target) or "decorator"
        made = self._alias(target, scope) if call is None else None
        if made is not None:
            found = self.written(*made)
            found.name, found.at = name, scope.module.place(expr)
            return found
        function, symbol = self._callee(expr, scope)
        found = Decorator(name, scope.module.place(expr), function, symbol, arguments=_texts(call))
        if function is not None and call is not None:
            found.known = self.strangers.bound(function, call, scope)
        found.is_lenient = call is not None and self._is_lenient(call)
        return found

    def value(self, value: Value, place: Place) -> Decorator:
        """A decorator or hook that registration code handed over."""
        match value:
            case FunctionValue(function=function):
                inner = tuple(self.of_function(function, None))
                return Decorator(function.name, place, function, function.qualified, decorators=inner)
            case Called(call=call, scope=scope):
                return self.written(call, scope)
            case Unknown(expr=expr, scope=scope) if expr is not None and scope is not None:
                return self.written(expr, scope)
            case Symbol(name=symbol):
                return Decorator(symbol.rpartition(".")[2], place, None, symbol)
            case Instance(cls=cls) | ClassValue(cls=cls):
                method = self.project.classes.method(cls.qualified, "__call__")
                return Decorator(cls.name, place, method, cls.qualified)
        return Decorator("", place)

    def _alias(self, target: Expr, scope: Scope) -> tuple[Expr, Scope] | None:
        """The call that made a decorator: `admin_only = role_required("admin")`."""
        qualified = self.project.qualified(target, scope)
        module, rest = (None, "") if qualified is None else self.project.names.split(qualified)
        if module is None or rest not in module.assignments:
            return None
        value = module.assignments[rest][-1].value
        if type(value) is not ir.Call:
            return None
        kind = self.project.types.named(qualified or "")
        return None if kind is not None and self.project.cls(kind.name) is not None else (value, module)

    def _callee(self, expr: Expr, scope: Scope) -> tuple[Function | None, str | None]:
        if type(expr) is ir.Call:
            site = self.project.site(expr, scope)
            function = site.targets[0] if site.targets else None
            cls = self.project.cls(site.symbol or "")
            if cls is not None:
                function = self.project.classes.method(cls.qualified, "__call__") or function
            return function, site.symbol
        symbol = self.denials.symbol(expr, scope)
        function = self.project.function(symbol or "")
        if function is None:
            kind = self.project.type_of(expr, scope)
            if kind is not None:
                function = self.project.classes.method(kind.name, "__init__" if kind.itself else "__call__")
                symbol = kind.name if kind.itself else symbol
        return function, symbol

    def _is_lenient(self, call: ir.Call) -> bool:
        options = call.keywords
        return any(
            type(options[name]) is ir.Const and bool(options[name].value)  # type: ignore[union-attr]
            for name in self.known.library.lenient
            if name in options
        )

    # What it refuses

    def decorator(self, decorator: Decorator, level: str, facts: Mapping[str, Any]) -> Iterator[Guard]:
        yield from self._named(decorator, level)
        if decorator.function is not None:
            found = self.strangers.decorator(decorator.function, decorator.known, facts)
            yield from self._guards(decorator, guard_kinds(statuses(found)), level)

    def hook(self, hook: Decorator, level: str, facts: Mapping[str, Any], cls: Class | None = None) -> Iterator[Guard]:
        """Guards of a function that runs before handlers, and of its own decorators; of a method, for a class."""
        for each in hook.decorators:
            yield from self.decorator(each, level, facts)
        yield from self._named(hook, level)
        if hook.function is not None:
            found = self.strangers.hook(hook.function, hook.known, facts, cls)
            yield from self._guards(hook, guard_kinds(statuses(found)), level)

    def handler(
        self, function: Function, facts: Mapping[str, Any], known: Mapping[str, Any] = MappingProxyType({})
    ) -> Iterator[Guard]:
        """Refusals in the handler itself that concern who asks. A function that checks a password is a login.

        `known` is what its names hold for a stranger.
        """
        if _verifies_password(function):
            return
        found = self.handlers.handler(function, facts, known)
        kinds = guard_kinds(frozenset(each.status for each in found if each.status == 401 or each.is_certain))
        own = Decorator(function.name, function.at, function)
        yield from self._guards(own, kinds, "handler")

    def _named(self, decorator: Decorator, level: str) -> Iterator[Guard]:
        if not decorator.is_lenient:
            yield from self._guards(decorator, self.known.decorators.get(decorator.symbol or "", ()), level)

    def _guards(
        self, decorator: Decorator, kinds: tuple[GuardKind, ...] | list[GuardKind], level: str
    ) -> Iterator[Guard]:
        for kind in kinds:
            yield Guard(kind, decorator.name, decorator.at, level, decorator.function, arguments=decorator.arguments)


def _texts(call: ir.Call | None) -> tuple[str, ...]:
    """The literal arguments of a decorator: roles, scopes, limits."""
    if call is None:
        return ()
    return tuple(
        node.value
        for arg in call.args
        for node in ir.walk_expression(arg.value)
        if type(node) is ir.Const and isinstance(node.value, str)
    )


def _verifies_password(function: Function) -> bool:
    return any(
        any(word in (node.name if type(node) is ir.Attribute else str(node.value)).lower() for word in _PASSWORD)
        for node in ir.walk(function.body)
        if type(node) is ir.Attribute
        or (type(node) is ir.Const and isinstance(node.value, str) and len(node.value) < 40)
    )
