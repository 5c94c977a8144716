"""One request followed through the code, statement by statement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from backend_lint.adapters._denial import Denials, denials
from backend_lint.adapters._evaluation.library import Library
from backend_lint.adapters._evaluation.operations import (
    asks,
    element_of,
    flat,
    is_plain,
    is_response,
    merged,
    negated,
    of_dict,
    of_list,
    refusals_in,
)
from backend_lint.adapters._evaluation.values import (
    ASKED,
    ELSEWHERE,
    METHOD_NOT_ALLOWED,
    MISSING,
    OPEN,
    PLAIN,
    PURE,
    REFUSALS,
    Answer,
    Blame,
    Either,
    Kind,
    Lack,
    Named,
    Native,
    Open,
    Operation,
    Refusal,
    Returned,
    Routine,
    State,
    Thing,
    Wrapped,
    core,
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
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import Class, Function, Module, Project, Scope
from backend_lint.project.external import ancestors, bases

_DEPTH = 16
_STEPS = 4000
_UNROLLED = 40
_CHOICES = 6
_SHORT = 12
_SELDOM = ("handler", "middleware")  # code most of which is about other things than who asks
_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_LOOKUP_ERRORS = frozenset({"builtins.KeyError", "builtins.LookupError", "builtins.AttributeError"})


class _EndedError(Exception):
    """The path that is followed surely ends here."""


class _MissedError(Exception):
    """A key was looked up that is not there."""


class Evaluation:
    """`refusals` gathers what was refused on the way; `blame` is who refuses at the moment."""

    def __init__(self, project: Project, library: Library) -> None:
        self.project, self.library = project, library
        self.denials: Denials = denials(project)
        self.registered: Registration = registration(project)
        self.refusals: list[Refusal] = []
        self.blame: Blame | None = None
        self._stack: list[tuple[str, int]] = []
        self._steps = 0
        self._lookups: list[list[bool] | None] = []
        self._state: State | None = None
        self._variables: dict[str, Any] = {}
        self._resolved: dict[tuple[str, int], str | None] = {}
        self._statuses: dict[int, int | None] = {}
        self._symbols: dict[int, str | None] = {}
        self._qualified: dict[int, str | None] = {}
        self._redirects: dict[str | None, bool] = {}
        self._decorated_as: dict[int, frozenset[str | None]] = {}
        self._definers: dict[tuple[tuple[Class | str, ...], str], list[int]] = {}

    def answer(self, value: Any, args: list[Any]) -> list[Refusal]:
        """What a request is refused that is handed to a callable."""
        self.refusals, self.blame, self._steps = [], None, 0
        self._state, self._stack, self._lookups = None, [], []
        try:
            found = self.call(value, args, {})
        except _EndedError:
            return self.refusals
        return [*self.refusals, *refusals_in([Returned(found, True, False)])]

    # What natives use

    def refuse(self, status: int, *, is_certain: bool = True, is_asked: bool = True) -> None:
        """Refuse, and end the path where that is certain."""
        state = self._state
        is_open = state is not None and state.is_open
        asked = is_asked or (state is not None and state.is_asked)
        self.refusals.append(Refusal(status, self.blame, is_certain and not is_open, asked))
        if is_certain:
            raise _EndedError

    def answered(self, func: Any, args: list[Any]) -> Any:
        """Call something whose exceptions are answered inside."""
        before = len(self.refusals)
        try:
            return self.call(func, args, {})
        except _EndedError:
            return OPEN
        finally:
            self.refusals[before:] = [replace(each, is_answered=True) for each in self.refusals[before:]]

    @contextmanager
    def blaming(self, blame: Blame | None) -> Iterator[None]:
        before = self.blame
        self.blame = blame or before
        try:
            yield
        finally:
            self.blame = before

    def truth(self, value: Any) -> bool | None:
        """Whether a value is true; None where that is open."""
        match value:
            case Open() | Named(is_call=True):
                return None
            case Either(values=values):
                answers = {self.truth(each) for each in values}
                return answers.pop() if len(answers) == 1 else None
            case Lack(value=instead):
                return self.truth(instead)
            case None | bool() | int() | float() | str() | bytes() | list() | tuple() | dict() | frozenset() | set():
                return bool(value)
            case _:
                return True

    # Calls

    def call(self, func: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        match func:
            case Routine():
                return self._run(func, args, kwargs)
            case Wrapped(value=value, blame=blame):
                with self.blaming(blame):
                    return self.call(value, args, kwargs)
            case Native(call=native):
                return native(self, args, kwargs)
            case Kind():
                return self._construct(func, args, kwargs)
            case Thing():
                method = self.attribute(func, "__call__")
                return OPEN if isinstance(method, Open) else self.call(method, args, kwargs)
            case Named():
                return self._library_call(func, args, kwargs)
            case Either(values=values):
                return self.joined([self.call(each, args, kwargs) for each in values])
            case Operation():
                return func
            case bool():  # `user.is_authenticated()`, as it was once written
                return func
        return ASKED if asks([func, *args, *kwargs.values()]) else OPEN

    def _library_call(self, func: Named, args: list[Any], kwargs: dict[str, Any]) -> Any:
        name = f"{func.name}()" if func.is_call else func.name
        found = self.library.result(self, name, args, kwargs)
        if found is not MISSING:
            return found
        wrapped = next((each for each in args if isinstance(each, (Routine, Native, Wrapped))), None)
        if wrapped is not None:  # a decorator that is not known lets everybody through
            return wrapped
        return Named(name, tuple(args), kwargs, is_call=True) if not asks([*args, *kwargs.values()]) else ASKED

    def _construct(self, kind: Kind, args: list[Any], kwargs: dict[str, Any]) -> Thing:
        made = Thing(kind.classes)
        init = self.attribute(made, "__init__")
        if isinstance(init, Routine):
            self.call(init, args, kwargs)
        return made

    def _run(self, routine: Routine, args: list[Any], kwargs: dict[str, Any]) -> Any:
        function = routine.function
        key = (function.qualified, id(routine.me))
        if key in self._stack or len(self._stack) >= _DEPTH or function.facts.is_generator:
            return ASKED if asks([routine.me, *args]) else OPEN
        state = State(function, {}, routine.state, routine.me, function.cls)
        self._bind_arguments(function, state, args, kwargs, routine.me)
        if self.blame is not None and self.blame.level == "handler" and self.blame.function is function:
            state.limit = self.library.last_decision(function)
        outer, self._state = self._state, state
        if outer is not None:
            state.is_open, state.is_asked = outer.is_open, outer.is_asked
        self._stack.append(key)
        try:
            if function.facts.is_lambda:
                return self._lambda(function, state)
            ended = self._block(function.body, state)
        finally:
            self._stack.pop()
            self._state = outer
        if not ended:
            state.returned.append(Returned(None, True, False))
        if not state.returned:
            raise _EndedError
        return self.joined([each.value for each in state.returned])

    def _lambda(self, function: Function, state: State) -> Any:
        stmt = function.body[0] if function.body else None
        return self.evaluate(stmt.value, state) if isinstance(stmt, ir.Return | ir.Evaluate) and stmt.value else OPEN

    def _bind_arguments(
        self, function: Function, state: State, args: list[Any], kwargs: dict[str, Any], me: Any
    ) -> None:
        given = [me, *args] if me is not None and function.takes_receiver else args
        plain = [each for each in function.parameters if each.kind in ("positional", "plain")]
        for parameter in function.parameters:
            match parameter.kind:
                case "star":
                    state.env[parameter.name] = tuple(given[len(plain) :])
                case "stars":
                    state.env[parameter.name] = OPEN
                case _ if parameter.name in kwargs:
                    state.env[parameter.name] = kwargs[parameter.name]
                case "keyword" | "plain" | "positional" if parameter.default is not None:
                    default = State(function.module, {}, state.outer)
                    state.env[parameter.name] = self.evaluate(parameter.default, default)
                case _:
                    state.env[parameter.name] = OPEN
        for parameter, value in zip(plain, given, strict=False):
            state.env[parameter.name] = value

    # Statements

    def _block(self, body: Iterable[Stmt], state: State) -> bool:
        """Follow statements; true where they surely end the function."""
        return any(self._statement(stmt, state) for stmt in body)

    def _statement(self, stmt: Stmt, state: State) -> bool:
        self._steps += 1
        if self._steps > _STEPS or (state.limit is not None and stmt.at > state.limit):
            return False
        try:
            return self._followed(stmt, state)
        except _EndedError:
            return True

    def _followed(self, stmt: Stmt, state: State) -> bool:
        match stmt:
            case ir.If(test=test, body=body, orelse=orelse):
                return self._branch(self.evaluate(test, state), body, orelse, state)
            case ir.Return(value=value):
                self._return(None if value is None else self.evaluate(value, state), state)
                return True
            case ir.Raise(exc=exc):
                self._raise(exc, state)
                return True
            case ir.Assign(targets=targets, value=value) if value is not None:
                found = self.evaluate(value, state)
                for target in targets:
                    self._bind(target, found, state)
            case ir.Augment(op=op, target=target, value=value):
                self._bind(target, self._sum(op, self.evaluate(target, state), self.evaluate(value, state)), state)
            case ir.Evaluate(value=value):
                self.evaluate(value, state)
            case ir.For(target=target, iter=iterable, body=body, orelse=orelse):
                return self._loop(target, self.evaluate(iterable, state), body, state) or self._block(orelse, state)
            case ir.While(test=test, body=body):
                self._perhaps(body, state, self.evaluate(test, state))
            case ir.Try():
                return self._try(stmt, state)
            case ir.With(items=items, body=body):
                for item in items:
                    entered = self.evaluate(item.value, state)
                    if item.target is not None:
                        self._bind(item.target, ASKED if asks([entered]) else OPEN, state)
                return self._block(body, state)
            case ir.Match(subject=subject, cases=cases):
                value = self.evaluate(subject, state)
                for case in cases:
                    self._perhaps(case.body, state, value)
            case ir.DefineFunction(function=index):
                self._define(state.scope.module.functions[index], state)
        return False

    def _branch(self, test: Any, body: list[Stmt], orelse: list[Stmt], state: State) -> bool:
        decided = self.truth(test)
        if decided is not None:
            return self._block(body if decided else orelse, state)
        before, was_open, was_asked = dict(state.env), state.is_open, state.is_asked
        state.is_open, state.is_asked = True, was_asked or asks([test])
        ended = self._block(body, state)
        first, state.env = state.env, before
        other = self._block(orelse, state)
        if not ended:
            state.env = first if other else merged(first, state.env)
        if not (ended or other):
            state.is_open, state.is_asked = was_open, was_asked
        return ended and other

    def _perhaps(self, body: list[Stmt], state: State, condition: Any) -> None:
        """Statements that may or may not run."""
        self._branch(ASKED if asks([condition]) else OPEN, body, [], state)

    def _loop(self, target: Expr, items: Any, body: list[Stmt], state: State) -> bool:
        if isinstance(items, Either | Open | Named) or not isinstance(items, Sequence):
            self._bind(target, ASKED if asks([items]) else OPEN, state)
            self._perhaps(body, state, items)
            return False
        for item in items[:_UNROLLED]:
            self._bind(target, item, state)
            if self._block(body, state):
                return True
        return False

    def _element(self, owner: Any, index: Any, state: State) -> Any:
        """What a subscript gives. A key that is surely missing ends what was tried, where a handler waits for that."""
        lookups = self._lookups[-1] if self._lookups else None
        if lookups is not None and isinstance(owner, dict) and isinstance(index, str):
            lookups.append(index in owner)
            if index not in owner and not state.is_open:
                raise _MissedError
        return element_of(owner, index)

    def _awaits_key(self, handler: ir.Handler, scope: Scope) -> bool:
        """Whether a handler is for a key that is missing, and for nothing that has to do with requests."""
        kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
        return all(kind is not None and self.denials.symbol(kind, scope) in _LOOKUP_ERRORS for kind in kinds)

    def _try(self, stmt: ir.Try, state: State) -> bool:
        before, known = dict(state.env), len(self.refusals)
        waits = bool(stmt.handlers) and all(self._awaits_key(each, state.scope) for each in stmt.handlers)
        self._lookups.append([] if waits else None)
        try:
            ended = self._block(stmt.body, state)
        except _MissedError:
            state.env = before
            return self._block(stmt.handlers[0].body, state) | self._block(stmt.final, state)
        finally:
            lookups = self._lookups.pop()
        if lookups and all(lookups):
            stmt = ir.Try(stmt.at, stmt.end, stmt.body, [], stmt.orelse, stmt.final)
        raised, self.refusals = self.refusals[known:], self.refusals[:known]
        self.refusals += [each for each in raised if not self._is_caught(each, stmt.handlers, state.scope)]
        ended = ended or self._block(stmt.orelse, state)
        after, was_open = state.env, state.is_open
        endings = []
        for handler in stmt.handlers:
            state.env, state.is_open = dict(before), True
            endings.append(self._block(handler.body, state))
            if not endings[-1]:
                after = merged(after, state.env)
        state.env, state.is_open = after, was_open or any(endings)
        return self._block(stmt.final, state) or (ended and all(endings))

    def _is_caught(self, refusal: Refusal, handlers: list[ir.Handler], scope: Scope) -> bool:
        if refusal.is_answered:
            return False
        for handler in handlers:
            kinds = handler.type.items if type(handler.type) is ir.Sequence else [handler.type]
            for kind in kinds:
                symbol = None if kind is None else self.denials.symbol(kind, scope)
                if kind is None or symbol in _BROAD:
                    return True
                if symbol and refusal.exception and self.project.classes.is_subclass(refusal.exception, symbol):
                    return True
        return False

    def _define(self, function: Function, state: State) -> None:
        value: Any = Routine(function, state)
        for decorator in reversed(function.decorators):
            value = self.call(self.evaluate(decorator, state), [value], {})
        state.env[function.name] = value

    def _return(self, value: Any, state: State) -> None:
        for each in value.values if isinstance(value, Either) else (value,):
            if isinstance(each, Answer) and state.is_open:
                refusal = Refusal(
                    each.status, each.blame or self.blame, False, state.is_asked, is_answered=True, at=each.at
                )
                self.refusals.append(refusal)
                state.returned.append(Returned(OPEN, False, state.is_asked))
            else:
                state.returned.append(Returned(each, not state.is_open, state.is_asked))

    def _raise(self, exc: Expr | None, state: State) -> None:
        if exc is None:
            return
        if type(exc) is ir.Call:
            for arg in exc.args:
                self.evaluate(arg.value, state)
        symbol = self.denials.symbol(exc.func if type(exc) is ir.Call else exc, state.scope)
        statuses = list(self.denials.raised(exc, state.scope))
        if symbol == "rest_framework.exceptions.MethodNotAllowed":
            statuses = [METHOD_NOT_ALLOWED]
        for status in statuses:
            self.refusals.append(Refusal(status, self.blame, not state.is_open, state.is_asked, symbol, at=exc.at))

    def _bind(self, target: Expr, value: Any, state: State) -> None:
        match target:
            case ir.Name(id=name):
                state.env[name] = value
            case ir.Attribute(value=owner_expr, name=name):
                owner = self.evaluate(owner_expr, state)
                if hasattr(owner, "attributes"):
                    known = owner.attributes.get(name, MISSING)
                    owner.attributes[name] = (
                        self.joined([known, value]) if state.is_open and known is not MISSING else value
                    )
            case ir.Sequence(items=targets):
                values = list(value) if isinstance(value, list | tuple) and len(value) == len(targets) else None
                for index, each in enumerate(targets):
                    self._bind(each, values[index] if values else (ASKED if asks([value]) else OPEN), state)

    # Expressions

    def evaluate(self, expr: Expr, state: State) -> Any:
        match expr:
            case ir.Const(value=value):
                return value
            case ir.Name(id=name):
                return self._name(name, state)
            case ir.Attribute(value=owner, name=name):
                return self._attribute(expr, self.evaluate(owner, state), name, state)
            case ir.Call():
                return self._evaluate_call(expr, state)
            case ir.Compare(op=op, left=left, right=right):
                return self._compared(op, self.evaluate(left, state), self.evaluate(right, state))
            case ir.Bool(op=op, values=values):
                return self._bool(op, values, state)
            case ir.Unary(op=op, value=value):
                return self._unary(op, self.evaluate(value, state))
            case ir.Conditional(test=test, body=body, orelse=orelse):
                return self._conditional(self.evaluate(test, state), body, orelse, state)
            case ir.Sequence(items=items):
                return self._sequence(items, state)
            case ir.Dict(keys=keys, values=values):
                return self._dict(keys, values, state)
            case ir.Binary(op=op, left=left, right=right):
                return self._sum(op, self.evaluate(left, state), self.evaluate(right, state))
            case ir.Subscript(value=owner, index=index):
                return self._element(self.evaluate(owner, state), self.evaluate(index, state), state)
            case ir.Text(pieces=pieces):
                parts = [self.evaluate(piece, state) for piece in pieces]
                if all(isinstance(part, str | int) for part in parts):
                    return "".join(map(str, parts))
                return ASKED if asks(parts) else OPEN
            case ir.Comprehension(kind="list" | "set" | "generator", element=element, clauses=[clause]):
                return self._comprehension(element, clause, state)
            case ir.Await(value=value) | ir.Star(value=value):
                return self.evaluate(value, state)
            case ir.Walrus(target=target, value=value):
                found = self.evaluate(value, state)
                self._bind(target, found, state)
                return found
            case ir.Lambda(function=index):
                return Routine(state.scope.module.functions[index], state)
        return OPEN

    def _name(self, name: str, state: State) -> Any:
        current: State | None = state
        while current is not None:
            if name in current.env:
                return current.env[name]
            current = current.outer
        key = name, id(state.scope)
        if key not in self._resolved:
            self._resolved[key] = self.project.names.resolve(name, state.scope)
        qualified = self._resolved[key]
        return OPEN if qualified is None else self.named(qualified)

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
        found = self.library.value(self, qualified)
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
            value = self.evaluate(values[0], State(module, {}))
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
                return self.evaluate(expr, State(scope, {}))
        return OPEN

    def _attribute(self, expr: ir.Attribute, owner: Any, name: str, state: State) -> Any:
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
                return self.joined([self.attribute(each, name) for each in values])
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
                found = self.library.member(self, each, name, me)
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
            return self.evaluate(assigned.value, State(cls, {}))
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
            return self.call(value, [], {})
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
        maker = self.evaluate(decorator, state)
        if isinstance(maker, Open):
            return value
        made = self.call(maker, [value], {})
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

    def _evaluate_call(self, call: ir.Call, state: State) -> Any:
        if type(call.func) is ir.Name and call.func.id == "super":
            return self._super(state)
        func = self.evaluate(call.func, state)
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for arg in call.args:
            value = self.evaluate(arg.value, state)
            if arg.keyword is not None:
                kwargs[arg.keyword] = value
            elif arg.stars == 1:
                args.extend(value if isinstance(value, list | tuple) else [])
            elif not arg.stars:
                args.append(value)
        if isinstance(func, Named):
            builtin = self._builtin(func, args, state)
            if builtin is not MISSING:
                return builtin
        routine = core(func)
        if routine is not None and not self._is_worth(routine, args):
            return ASKED if asks([func, *args, *kwargs.values()]) else OPEN
        if isinstance(func, Open | Named):
            status = self._status(call, func, kwargs, state)
            if status is not None:
                return Answer(status, self.blame, call.at)
        if isinstance(func, Open):
            found = self._by_type(call, args, kwargs, state)
            if found is not MISSING:
                return found
        return self.call(func, args, kwargs)

    def _is_worth(self, routine: Routine, args: list[Any]) -> bool:
        """Whether following a function can tell something: it may refuse, or a condition of a guard is about it."""
        function = routine.function
        is_about = not all(each is None or (isinstance(each, PLAIN) and each not in REFUSALS) for each in args)
        if self.blame is not None and self.blame.level in _SELDOM:
            return (is_about and len(function.statements) <= _SHORT) or self.library.decides(function)
        is_near = routine.me is not None or routine.state is not None
        return is_about or is_near or bool(self.denials.statuses(function))

    def _by_type(self, call: ir.Call, args: list[Any], kwargs: dict[str, Any], state: State) -> Any:
        """A call on an object that is only known by its type, where what is called may refuse."""
        site = self.project.site(call, state.scope)
        if not site.targets or not site.is_certain or not self.denials.statuses(site.targets[0]):
            return MISSING
        me = None if site.receiver is None else OPEN
        return self.call(Routine(site.targets[0], None, me), args, kwargs)

    def _status(self, call: ir.Call, func: Any, kwargs: dict[str, Any], state: State) -> int | None:
        """The refusal that a response made by a library is."""
        name = func.name if isinstance(func, Named) else self._symbol(call, state.scope)
        if name == "django.http.HttpResponseNotAllowed":
            return METHOD_NOT_ALLOWED
        given = (kwargs.get("status"), kwargs.get("status_code")) if is_response(name) else ()
        status = next((each for each in given if isinstance(each, int) and each in REFUSALS), None)
        if id(call) not in self._statuses:
            self._statuses[id(call)] = next(self.denials.returned(call, state.scope), None)
        status = status or self._statuses[id(call)]
        return ELSEWHERE if status is None and self._is_redirect(name) else status

    def _symbol(self, call: ir.Call, scope: Scope) -> str | None:
        if id(call) not in self._symbols:
            self._symbols[id(call)] = self.denials.symbol(call.func, scope)
        return self._symbols[id(call)]

    def _is_redirect(self, name: str | None) -> bool:
        if name not in self._redirects:
            self._redirects[name] = self.denials.is_redirect(name)
        return self._redirects[name]

    def _super(self, state: State) -> Any:
        current: State | None = state
        while current is not None and current.owner is None:
            current = current.outer
        me = None if current is None else current.me
        if current is None or not isinstance(me, Thing | Kind) or current.owner not in me.classes:
            return OPEN
        rest = me.classes[me.classes.index(current.owner) + 1 :]
        return _Above(self, me, rest)

    def _builtin(self, func: Named, args: list[Any], state: State) -> Any:
        match func.name, args:
            case "builtins.bool", [value]:
                decided = self.truth(value)
                return (ASKED if asks([value]) else OPEN) if decided is None else decided
            case "builtins.getattr", [owner, str(name), *default]:
                found = self.attribute(owner, name)
                return default[0] if default and found is OPEN and isinstance(owner, Thing | Kind) else found
            case "builtins.hasattr", [owner, str(name)]:
                return self._has(owner, name)
            case "builtins.any" | "builtins.all", [list() | tuple() as items]:
                return self._quantified(func.name == "builtins.any", items)
            case "builtins.list" | "builtins.tuple" | "builtins.set" | "builtins.frozenset", [
                list() | tuple() as items
            ]:
                return list(items)
            case "builtins.list" | "builtins.tuple" | "builtins.set", []:
                return []
            case "builtins.str", [str(value)]:
                return value
            case "builtins.len", [str() | list() | tuple() | dict() as value] | [Lack(value=str() as value)]:
                return len(value)
            case "builtins.isinstance", [owner, kind]:
                return self._is_instance(owner, kind)
        return MISSING

    def _has(self, owner: Any, name: str) -> Any:
        if hasattr(owner, "has"):
            return owner.has(name)
        if isinstance(owner, Thing) and self.attribute(owner, name) is not OPEN:
            return True
        return ASKED if asks([owner]) else OPEN

    def _is_instance(self, owner: Any, kind: Any) -> Any:
        if hasattr(owner, "is_instance"):
            return owner.is_instance([each.name for each in flat(kind) if isinstance(each, Kind | Named)])
        return ASKED if asks([owner]) else OPEN

    def _quantified(self, decisive: bool, items: Sequence[Any]) -> Any:
        answers = [self.truth(each) for each in items]
        if decisive in answers:
            return decisive
        if None in answers:
            return ASKED if asks(items) else OPEN
        return not decisive

    def _compared(self, op: str, left: Any, right: Any) -> Any:
        if op in ("is", "is not", "==", "!=") and hasattr(left, "equals"):
            return negated(left.equals(right), op in ("is not", "!="))
        if op in ("is", "is not", "==", "!=") and hasattr(right, "equals"):
            return negated(right.equals(left), op in ("is not", "!="))
        if op in ("in", "not in") and hasattr(right, "contains"):
            return negated(right.contains(left), op == "not in")
        if op in ("in", "not in") and hasattr(left, "equals") and not isinstance(right, list | tuple):
            return negated(left.equals(right), op == "not in")
        if not (is_plain(left) and is_plain(right)):
            is_object = isinstance(left, Thing | Kind | Routine) and right is None
            return (op in ("is not", "!=")) if is_object else ASKED if asks([left, right]) else OPEN
        match op:
            case "==" | "is":
                return left == right
            case "!=" | "is not":
                return left != right
            case "in" | "not in" if isinstance(right, list | tuple | str | dict):
                if isinstance(right, str) and not isinstance(left, str):
                    return OPEN
                if isinstance(right, list | tuple) and not all(map(is_plain, right)):
                    return (ASKED if asks(right) else OPEN) if left not in right else op == "in"
                return (left in right) is (op == "in")
        return OPEN

    def _bool(self, op: str, values: list[Expr], state: State) -> Any:
        kept: list[Any] = []
        for each in values:
            value = self.evaluate(each, state)
            decided = self.truth(value)
            if decided is (op == "or"):
                return decided if kept else value
            if decided is None:
                kept.append(value)
        if not kept:
            return value
        return ASKED if asks(kept) else OPEN

    def _unary(self, op: str, value: Any) -> Any:
        if op == "not":
            decided = self.truth(value)
            return (ASKED if asks([value]) else OPEN) if decided is None else not decided
        return self._sum(op, value, None)

    def _conditional(self, test: Any, body: Expr, orelse: Expr, state: State) -> Any:
        decided = self.truth(test)
        if decided is not None:
            return self.evaluate(body if decided else orelse, state)
        return self.joined([self.evaluate(body, state), self.evaluate(orelse, state)])

    def _sequence(self, items: list[Expr], state: State) -> list[Any]:
        found: list[Any] = []
        for item in items:
            value = self.evaluate(item, state)
            if type(item) is ir.Star:
                found.extend(value if isinstance(value, list | tuple) else [value])
            else:
                found.append(value)
        return found

    def _dict(self, keys: list[Expr | None], values: list[Expr], state: State) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            held = self.evaluate(value, state)
            name = None if key is None else self.evaluate(key, state)
            if key is None:
                found.update(held if isinstance(held, dict) else {})
            elif isinstance(name, str | int | bool | None):
                found[name] = held
        return found

    def _sum(self, op: str, left: Any, right: Any) -> Any:
        if op == "+" and isinstance(left, list | tuple) and isinstance(right, list | tuple):
            return [*left, *right]
        if op == "+" and isinstance(left, list):
            return [*left, right]
        if op == "+" and isinstance(left, str) and isinstance(right, str):
            return left + right
        if op in "&|~" and isinstance(left, Kind | Named | Operation):
            return Operation(op, left, right)
        return ASKED if asks([left, right]) else OPEN

    def _comprehension(self, element: Expr, clause: ir.Clause, state: State) -> Any:
        items = self.evaluate(clause.iter, state)
        inner = State(state.scope, {}, state, state.me, state.owner, state.returned, state.is_open, state.is_asked)
        if not isinstance(items, list | tuple):
            return ASKED if asks([items]) else OPEN
        found = []
        for item in items[:_UNROLLED]:
            self._bind(clause.target, item, inner)
            tests = [self.truth(self.evaluate(test, inner)) for test in clause.conditions]
            if False not in tests:
                found.append(self.evaluate(element, inner))
        return found

    def joined(self, values: Sequence[Any]) -> Any:
        """What is known of a value that is one of several."""
        flat: list[Any] = []
        for value in values:
            for each in value.values if isinstance(value, Either) else (value,):
                if not any(
                    each is known or (is_plain(each) and each == known and type(each) is type(known)) for known in flat
                ):
                    flat.append(each)
        if len(flat) == 1:
            return flat[0]
        if len(flat) > _CHOICES:
            return ASKED if asks(flat) else OPEN
        return Either(tuple(flat))


@dataclass(frozen=True)
class _Above:
    """`super()`: the same object, seen from the next class on."""

    evaluation: Evaluation
    me: Thing | Kind
    classes: tuple[Class | str, ...]

    def attribute(self, name: str) -> Any:
        return self.evaluation.member(self.me, self.classes, name)
