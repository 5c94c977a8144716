"""Calls as they are written: arguments, `super()`, the builtins, and responses that refuse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend_lint.adapters._evaluation.operations import asks, flat, is_response
from backend_lint.adapters._evaluation.values import (
    ASKED,
    ELSEWHERE,
    METHOD_NOT_ALLOWED,
    MISSING,
    OPEN,
    PLAIN,
    REFUSALS,
    Answer,
    Kind,
    Lack,
    Named,
    Open,
    Routine,
    State,
    Thing,
    core,
)
from backend_lint.facts import ir
from backend_lint.project import Class, Scope

if TYPE_CHECKING:
    from backend_lint.adapters._evaluation.evaluation import Evaluation

_SHORT = 12
_SELDOM = ("handler", "middleware")  # code most of which is about other things than who asks


class Calls:
    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.library = evaluation.library
        self.denials = evaluation.denials
        self.project = evaluation.project
        self._statuses: dict[int, int | None] = {}
        self._symbols: dict[int, str | None] = {}
        self._redirects: dict[str | None, bool] = {}

    def value(self, call: ir.Call, state: State) -> Any:
        if type(call.func) is ir.Name and call.func.id == "super":
            return self._super(state)
        func = self.evaluation.evaluate(call.func, state)
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        for arg in call.args:
            value = self.evaluation.evaluate(arg.value, state)
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
                return Answer(status, self.evaluation.blame, call.at)
        if isinstance(func, Open):
            found = self._by_type(call, args, kwargs, state)
            if found is not MISSING:
                return found
        return self.evaluation.call(func, args, kwargs)

    def _is_worth(self, routine: Routine, args: list[Any]) -> bool:
        """Whether following a function can tell something: it may refuse, or a condition of a guard is about it."""
        function = routine.function
        is_about = not all(each is None or (isinstance(each, PLAIN) and each not in REFUSALS) for each in args)
        if self.evaluation.blame is not None and self.evaluation.blame.level in _SELDOM:
            return (is_about and len(function.statements) <= _SHORT) or self.library.decides(function)
        is_near = routine.me is not None or routine.state is not None
        return is_about or is_near or bool(self.denials.statuses(function))

    def _by_type(self, call: ir.Call, args: list[Any], kwargs: dict[str, Any], state: State) -> Any:
        """A call on an object that is only known by its type, where what is called may refuse."""
        site = self.project.site(call, state.scope)
        if not site.targets or not site.is_certain or not self.denials.statuses(site.targets[0]):
            return MISSING
        me = None if site.receiver is None else OPEN
        return self.evaluation.call(Routine(site.targets[0], None, me), args, kwargs)

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
        return _Above(self.evaluation, me, rest)

    def _builtin(self, func: Named, args: list[Any], state: State) -> Any:
        match func.name, args:
            case "builtins.bool", [value]:
                decided = self.evaluation.truth(value)
                return (ASKED if asks([value]) else OPEN) if decided is None else decided
            case "builtins.getattr", [owner, str(name), *default]:
                found = self.evaluation.names.attribute(owner, name)
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
        if isinstance(owner, Thing) and self.evaluation.names.attribute(owner, name) is not OPEN:
            return True
        return ASKED if asks([owner]) else OPEN

    def _is_instance(self, owner: Any, kind: Any) -> Any:
        if hasattr(owner, "is_instance"):
            return owner.is_instance([each.name for each in flat(kind) if isinstance(each, Kind | Named)])
        return ASKED if asks([owner]) else OPEN

    def _quantified(self, decisive: bool, items: Sequence[Any]) -> Any:
        answers = [self.evaluation.truth(each) for each in items]
        if decisive in answers:
            return decisive
        if None in answers:
            return ASKED if asks(items) else OPEN
        return not decisive


@dataclass(frozen=True)
class _Above:
    """`super()`: the same object, seen from the next class on."""

    evaluation: Evaluation
    me: Thing | Kind
    classes: tuple[Class | str, ...]

    def attribute(self, name: str) -> Any:
        return self.evaluation.names.member(self.me, self.classes, name)
