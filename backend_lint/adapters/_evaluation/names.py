"""What names and attributes stand for: functions and methods with what their decorators make of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend_lint.adapters._evaluation.operations import asks, of_dict, of_list
from backend_lint.adapters._evaluation.values import (
    ASKED,
    MISSING,
    OPEN,
    PURE,
    Blame,
    Either,
    Kind,
    Named,
    Native,
    Open,
    Routine,
    State,
    Thing,
    Wrapped,
    pure,
)
from backend_lint.adapters._registration import (
    Called,
    ClassValue,
    Entries,
    FunctionValue,
    Items,
    Literal,
    Registration,
    Symbol,
    Unknown,
    Value,
    registration,
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Module, Scope
from backend_lint.project.external import ancestors, bases

if TYPE_CHECKING:
    from backend_lint.adapters._evaluation.evaluation import Evaluation


class Names:
    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.library = evaluation.library
        self.project = evaluation.project
        self.registered: Registration = registration(evaluation.project)
        self._variables: dict[str, Any] = {}
        self._qualified: dict[int, str | None] = {}
        self._decorated_as: dict[int, frozenset[str | None]] = {}
        self._definers: dict[tuple[tuple[Class | str, ...], str], list[int]] = {}

    def named(self, qualified: str) -> Any:
        """What a qualified name denotes."""
        if qualified not in self._variables:
            self._variables[qualified] = OPEN  # what depends on itself is open
            self._variables[qualified] = self._denoted(qualified)
        found = self._variables[qualified]
        return list(found) if isinstance(found, list) else found

    def _denoted(self, qualified: str) -> Any:
        function, cls = self.project.function(qualified), self.project.cls(qualified)
        if cls is not None:
            return Kind(tuple(self.project.classes.mro(cls)))
        if function is not None:
            return self._function(function)
        module, rest = self.project.names.split(qualified)
        if module is not None:
            return self._variable(module, rest)
        found = self.library.value(self.evaluation, qualified)
        if found is not MISSING:
            return found
        return Kind(ancestors(qualified)) if qualified in bases() else Named(qualified)

    def _function(self, function: Function) -> Any:
        """A function after its decorators."""
        plain = self._variables[function.qualified] = Routine(function)
        if function.cls is not None or not function.decorators:
            return plain
        return self.layered(plain, function.decorators, function.around, "route")

    def _variable(self, module: Module, rest: str) -> Any:
        head, _, tail = rest.partition(".")
        assigned = module.assignments.get(head, [])
        values = [each.value for each in assigned if each.value is not None]
        if len(values) != 1:
            value = self.of_value(self.registered.variable(f"{module.name}.{head}"))
        else:
            value = self.evaluation.evaluate(values[0], State(module, {}))
        for name in tail.split(".") if tail else ():
            value = self.attribute(value, name)
        return value

    def of_value(self, value: Value | None) -> Any:
        """What the code that registers has made."""
        match value:
            case Literal(value=found):
                return found
            case Items(items=items):
                return [self.of_value(each) for each in items]
            case Entries(entries=entries):
                return {key: self.of_value(each) for key, each in entries.items()}
            case ClassValue(cls=cls):
                return Kind(tuple(self.project.classes.mro(cls)))
            case FunctionValue(function=function):
                return Routine(function)
            case Symbol(name=name):
                return self.named(name)
            case Called(call=expr, scope=scope) | Unknown(expr=expr, scope=scope) if expr and scope:
                return self.evaluation.evaluate(expr, State(scope, {}))
        return OPEN

    def of_expression(self, expr: ir.Attribute, owner: Any, name: str, state: State) -> Any:
        if isinstance(owner, Named) and not owner.is_call:
            return self.named(self.project.names.canonical(f"{owner.name}.{name}"))
        found = self.attribute(owner, name)
        if found is OPEN:
            if id(expr) not in self._qualified:
                self._qualified[id(expr)] = self.project.qualified(expr, state.scope)
            qualified = self._qualified[id(expr)]
            if qualified is not None:
                return self.named(qualified)
        return found

    def attribute(self, owner: Any, name: str) -> Any:
        match owner:
            case Thing(attributes=attributes) if name in attributes:
                return attributes[name]
            case Thing(classes=classes):
                return self.member(owner, classes, name)
            case Kind(classes=classes):
                return self.member(owner, classes, name)
            case Either(values=values):
                return self.evaluation.joined([self.attribute(each, name) for each in values])
            case str() if name in PURE:
                return Native(lambda _, args, kwargs: pure(owner, name, args, kwargs))
            case dict() if name in ("get", "items", "values", "keys"):
                return Native(lambda _, args, __: of_dict(owner, name, args))
            case list() if name in ("append", "extend", "insert", "copy"):
                return Native(lambda _, args, __: of_list(owner, name, args))
            case _ if hasattr(owner, "attribute") and not isinstance(owner, type):
                return owner.attribute(name)
        return ASKED if asks([owner]) else OPEN

    def member(self, me: Any, classes: Sequence[Class | str], name: str) -> Any:
        """An attribute as `classes` define it, the first that does."""
        for index in self._defining(tuple(classes), name):
            each = classes[index]
            if isinstance(each, str):
                found = self.library.member(self.evaluation, each, name, me)
                if found is not MISSING:
                    return self._blamed(found, name, each, me)
                continue
            found = self._own(me, each, name)
            wrappers = self.library.decorators(each, name)
            if wrappers and found is MISSING:
                found = self.member(me, classes[index + 1 :], name)
            found = self.layered(found, wrappers, each.module, "class")
            if found is not MISSING:
                return found
        return OPEN

    def _defining(self, classes: tuple[Class | str, ...], name: str) -> list[int]:
        """Which of the classes may define an attribute; of a library's class that is not told here."""
        key = classes, name
        if key not in self._definers:
            self._definers[key] = [
                index
                for index, each in enumerate(classes)
                if isinstance(each, str)
                or name in each.methods
                or name in each.attributes
                or name in each.inner
                or self.library.decorators(each, name)
            ]
        return self._definers[key]

    def _own(self, me: Any, cls: Class, name: str) -> Any:
        """An attribute that stands in the body of a class."""
        if name in cls.methods:
            return self._method(me, cls, cls.methods[name])
        assigned = cls.attributes.get(name)
        if assigned is not None and assigned.value is not None:
            return self.evaluation.evaluate(assigned.value, State(cls, {}))
        if name in cls.inner:
            return Kind(tuple(self.project.classes.mro(cls.inner[name])))
        return MISSING

    def _method(self, me: Any, cls: Class, method: Function) -> Any:
        names = self._kinds(method)
        if method.is_classmethod:
            return Routine(method, None, Kind(me.classes) if isinstance(me, Thing) else me)
        if isinstance(me, Kind):
            return Routine(method)
        value: Any = Routine(method, None, me)
        if me is not None and not names.isdisjoint({"property", "cached_property", "functools.cached_property"}):
            return self.evaluation.call(value, [], {})
        value = self._blamed(value, method.name, cls, me)
        for decorator in reversed(method.decorators):
            value = self._decorated(value, decorator, cls, me)
        return value

    def _kinds(self, function: Function) -> frozenset[str | None]:
        """The decorators of a function that are names."""
        known = self._decorated_as.get(id(function))
        if known is None:
            known = self._decorated_as[id(function)] = frozenset(ir.dotted(each) for each in function.decorators)
        return known

    def _blamed(self, value: Any, name: str, owner: Class | str, me: Any) -> Any:
        blame = self.library.blame(name, owner, me)
        return value if blame is None or not isinstance(value, Routine | Native) else Wrapped(value, blame)

    def _decorated(self, value: Any, decorator: Expr, cls: Class, me: Any) -> Any:
        """A method after a decorator in the class's body, which is handed a function that wants its `self`."""
        if not isinstance(value, Routine | Native | Wrapped):
            return value
        for_functions = self.library.for_functions(decorator, cls)
        if for_functions is not None:
            return self.layered(value, for_functions, cls, "route")
        plain = Native(lambda evaluation, args, kwargs: evaluation.call(value, args[1:], kwargs))
        made = self.wrapped(plain, decorator, cls, "route")
        if made is plain:
            return value
        return Native(lambda evaluation, args, kwargs: evaluation.call(made, [me, *args], kwargs))

    def layered(self, value: Any, decorators: Sequence[Expr], scope: Scope, level: str) -> Any:
        """A callable after several decorators, the outermost first."""
        for each in reversed(decorators):
            value = self.wrapped(value, each, scope, level)
        return value

    def wrapped(self, value: Any, decorator: Expr, scope: Scope, level: str) -> Any:
        """A callable after one decorator, which answers for what it refuses."""
        state = State(scope, {})
        maker = self.evaluation.evaluate(decorator, state)
        if isinstance(maker, Open):
            return value
        made = self.evaluation.call(maker, [value], {})
        if made is value or not isinstance(made, Routine | Native | Wrapped | Thing):
            return value
        return Wrapped(made, self._decorator_blame(decorator, scope, level))

    def _decorator_blame(self, decorator: Expr, scope: Scope, level: str) -> Blame:
        call = decorator if type(decorator) is ir.Call else None
        name = ir.dotted(call.func if call is not None else decorator) or "decorator"
        symbol = self.project.qualified(call.func if call is not None else decorator, scope)
        arguments = tuple(
            node.value
            for arg in (call.args if call is not None else ())
            for node in ir.walk_expression(arg.value)
            if type(node) is ir.Const and isinstance(node.value, str)
        )
        function = None if symbol is None else self.project.function(symbol)
        return Blame(name.rpartition(".")[2], scope.module.place(decorator), level, function, arguments=arguments)
