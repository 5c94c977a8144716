"""One request followed through the code, call by call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from backend_lint.adapters._denial import Denials, denials
from backend_lint.adapters._evaluation.calls import Calls
from backend_lint.adapters._evaluation.expressions import Expressions
from backend_lint.adapters._evaluation.library import Library
from backend_lint.adapters._evaluation.names import Names
from backend_lint.adapters._evaluation.operations import asks, is_plain, refusals_in
from backend_lint.adapters._evaluation.statements import Statements
from backend_lint.adapters._evaluation.values import (
    ASKED,
    MISSING,
    OPEN,
    Blame,
    Either,
    EndedError,
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
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Project

_DEPTH = 16
_CHOICES = 6


class Evaluation:
    """`refusals` gathers what was refused on the way; `blame` is who refuses at the moment."""

    def __init__(self, project: Project, library: Library) -> None:
        self.project, self.library = project, library
        self.denials: Denials = denials(project)
        self.names = Names(self)
        self.statements = Statements(self)
        self.expressions = Expressions(self)
        self.calls = Calls(self)
        self.refusals: list[Refusal] = []
        self.blame: Blame | None = None
        self._stack: list[tuple[str, int]] = []
        self._state: State | None = None

    def answer(self, value: Any, args: list[Any]) -> list[Refusal]:
        """What a request is refused that is handed to a callable."""
        self.refusals, self.blame = [], None
        self._state, self._stack = None, []
        self.statements.restart()
        try:
            found = self.call(value, args, {})
        except EndedError:
            return self.refusals
        return [*self.refusals, *refusals_in([Returned(found, True, False)])]

    def refuse(self, status: int, *, is_certain: bool = True, is_asked: bool = True) -> None:
        """Refuse, and end the path where that is certain."""
        state = self._state
        is_open = state is not None and state.is_open
        asked = is_asked or (state is not None and state.is_asked)
        self.refusals.append(Refusal(status, self.blame, is_certain and not is_open, asked))
        if is_certain:
            raise EndedError

    def answered(self, func: Any, args: list[Any]) -> Any:
        """Call something whose exceptions are answered inside."""
        before = len(self.refusals)
        try:
            return self.call(func, args, {})
        except EndedError:
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

    def evaluate(self, expr: Expr, state: State) -> Any:
        """What an expression is, where a function stands."""
        return self.expressions.evaluate(expr, state)

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
                method = self.names.attribute(func, "__call__")
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
        init = self.names.attribute(made, "__init__")
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
            ended = self.statements.block(function.body, state)
        finally:
            self._stack.pop()
            self._state = outer
        if not ended:
            state.returned.append(Returned(None, True, False))
        if not state.returned:
            raise EndedError
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
