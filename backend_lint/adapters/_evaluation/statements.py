"""Statements, followed one after the other: both branches of what is open."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from backend_lint.adapters._evaluation.operations import asks, element_of, merged
from backend_lint.adapters._evaluation.values import (
    ASKED,
    METHOD_NOT_ALLOWED,
    MISSING,
    OPEN,
    UNROLLED,
    Answer,
    Either,
    EndedError,
    Named,
    Open,
    Refusal,
    Returned,
    Routine,
    State,
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import Function, Scope

if TYPE_CHECKING:
    from backend_lint.adapters._evaluation.evaluation import Evaluation

_STEPS = 4000
_BROAD = frozenset({"builtins.Exception", "builtins.BaseException"})
_LOOKUP_ERRORS = frozenset({"builtins.KeyError", "builtins.LookupError", "builtins.AttributeError"})


class _MissedError(Exception):
    """A key was looked up that is not there."""


class Statements:
    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation, self.project, self.denials = evaluation, evaluation.project, evaluation.denials
        self.restart()

    def restart(self) -> None:
        """Begin with another request."""
        self._steps = 0
        self._lookups: list[list[bool] | None] = []

    def block(self, body: Iterable[Stmt], state: State) -> bool:
        """Follow statements; true where they surely end the function."""
        return any(self._statement(stmt, state) for stmt in body)

    def _statement(self, stmt: Stmt, state: State) -> bool:
        self._steps += 1
        if self._steps > _STEPS or (state.limit is not None and stmt.at > state.limit):
            return False
        try:
            return self._followed(stmt, state)
        except EndedError:
            return True

    def _followed(self, stmt: Stmt, state: State) -> bool:
        match stmt:
            case ir.If(test=test, body=body, orelse=orelse):
                return self._branch(self.evaluation.evaluate(test, state), body, orelse, state)
            case ir.Return(value=value):
                self._return(None if value is None else self.evaluation.evaluate(value, state), state)
                return True
            case ir.Raise(exc=exc):
                self._raise(exc, state)
                return True
            case ir.Assign(targets=targets, value=value) if value is not None:
                found = self.evaluation.evaluate(value, state)
                for target in targets:
                    self.bind(target, found, state)
            case ir.Augment(op=op, target=target, value=value):
                before, more = self.evaluation.evaluate(target, state), self.evaluation.evaluate(value, state)
                self.bind(target, self.evaluation.expressions.combined(op, before, more), state)
            case ir.Evaluate(value=value):
                self.evaluation.evaluate(value, state)
            case ir.For(target=target, iter=iterable, body=body, orelse=orelse):
                return self._loop(target, self.evaluation.evaluate(iterable, state), body, state) or self.block(
                    orelse, state
                )
            case ir.While(test=test, body=body):
                self._perhaps(body, state, self.evaluation.evaluate(test, state))
            case ir.Try():
                return self._try(stmt, state)
            case ir.With(items=items, body=body):
                for item in items:
                    entered = self.evaluation.evaluate(item.value, state)
                    if item.target is not None:
                        self.bind(item.target, ASKED if asks([entered]) else OPEN, state)
                return self.block(body, state)
            case ir.Match(subject=subject, cases=cases):
                value = self.evaluation.evaluate(subject, state)
                for case in cases:
                    self._perhaps(case.body, state, value)
            case ir.DefineFunction(function=index):
                self._define(state.scope.module.functions[index], state)
        return False

    def _branch(self, test: Any, body: list[Stmt], orelse: list[Stmt], state: State) -> bool:
        decided = self.evaluation.truth(test)
        if decided is not None:
            return self.block(body if decided else orelse, state)
        before, was_open, was_asked = dict(state.env), state.is_open, state.is_asked
        state.is_open, state.is_asked = True, was_asked or asks([test])
        ended = self.block(body, state)
        first, state.env = state.env, before
        other = self.block(orelse, state)
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
            self.bind(target, ASKED if asks([items]) else OPEN, state)
            self._perhaps(body, state, items)
            return False
        for item in items[:UNROLLED]:
            self.bind(target, item, state)
            if self.block(body, state):
                return True
        return False

    def element(self, owner: Any, index: Any, state: State) -> Any:
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
        before, known = dict(state.env), len(self.evaluation.refusals)
        waits = bool(stmt.handlers) and all(self._awaits_key(each, state.scope) for each in stmt.handlers)
        self._lookups.append([] if waits else None)
        try:
            ended = self.block(stmt.body, state)
        except _MissedError:
            state.env = before
            return self.block(stmt.handlers[0].body, state) | self.block(stmt.final, state)
        finally:
            lookups = self._lookups.pop()
        if lookups and all(lookups):
            stmt = ir.Try(stmt.at, stmt.end, stmt.body, [], stmt.orelse, stmt.final)
        raised, self.evaluation.refusals = self.evaluation.refusals[known:], self.evaluation.refusals[:known]
        self.evaluation.refusals += [each for each in raised if not self._is_caught(each, stmt.handlers, state.scope)]
        ended = ended or self.block(stmt.orelse, state)
        after, was_open = state.env, state.is_open
        endings = []
        for handler in stmt.handlers:
            state.env, state.is_open = dict(before), True
            endings.append(self.block(handler.body, state))
            if not endings[-1]:
                after = merged(after, state.env)
        state.env, state.is_open = after, was_open or any(endings)
        return self.block(stmt.final, state) or (ended and all(endings))

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
            value = self.evaluation.call(self.evaluation.evaluate(decorator, state), [value], {})
        state.env[function.name] = value

    def _return(self, value: Any, state: State) -> None:
        for each in value.values if isinstance(value, Either) else (value,):
            if isinstance(each, Answer) and state.is_open:
                refusal = Refusal(
                    each.status,
                    each.blame or self.evaluation.blame,
                    False,
                    state.is_asked,
                    is_answered=True,
                    at=each.at,
                )
                self.evaluation.refusals.append(refusal)
                state.returned.append(Returned(OPEN, False, state.is_asked))
            else:
                state.returned.append(Returned(each, not state.is_open, state.is_asked))

    def _raise(self, exc: Expr | None, state: State) -> None:
        if exc is None:
            return
        if type(exc) is ir.Call:
            for arg in exc.args:
                self.evaluation.evaluate(arg.value, state)
        symbol = self.denials.symbol(ir.callee(exc), state.scope)
        statuses = list(self.denials.raised(exc, state.scope))
        if symbol == "rest_framework.exceptions.MethodNotAllowed":
            statuses = [METHOD_NOT_ALLOWED]
        for status in statuses:
            self.evaluation.refusals.append(
                Refusal(status, self.evaluation.blame, not state.is_open, state.is_asked, symbol, at=exc.at)
            )

    def bind(self, target: Expr, value: Any, state: State) -> None:
        match target:
            case ir.Name(id=name):
                state.env[name] = value
            case ir.Attribute(value=owner_expr, name=name):
                owner = self.evaluation.evaluate(owner_expr, state)
                if hasattr(owner, "attributes"):
                    known = owner.attributes.get(name, MISSING)
                    owner.attributes[name] = (
                        self.evaluation.joined([known, value]) if state.is_open and known is not MISSING else value
                    )
            case ir.Sequence(items=targets):
                values = list(value) if isinstance(value, list | tuple) and len(value) == len(targets) else None
                for index, each in enumerate(targets):
                    self.bind(each, values[index] if values else (ASKED if asks([value]) else OPEN), state)
