"""Summaries: what a call does, as a function of what it is given.

A function is run once for each shape of its arguments, with symbols for what the caller's labels are. A shape is what
is known beside labels: constants, texts, objects, classes. A function called in too many shapes, or too large to be
run again, is run with symbols alone. What comes out is put back into the caller's terms.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.types import Parameter
from backend_lint.project.modules import Class, Function
from backend_lint.taint import containers, evidence, execute, guards, lookups
from backend_lint.taint.domain import (
    NONE,
    NOTHING,
    UNKNOWN,
    FunctionValue,
    Reference,
    Symbol,
    Value,
    begun,
    constants,
    join,
    labelled,
    placed,
)
from backend_lint.taint.frame import Exhausted, Exposure, Frame
from backend_lint.taint.labels import Input, Label, Labels, capped, hop, union
from backend_lint.taint.state import Object, State, entry_key, merge

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

DEEPEST_CALLS = 24
DEEPEST_SHAPE = 2
MOST_SHAPES = 5
MOST_ROUNDS = 8
MOST_EFFECTS = 32
LARGEST_RERUN = 50
LARGEST_FOLDED = 25
Facts = tuple[frozenset[str], frozenset[str]]
_Key = tuple[str, Any]  # a function by its key, and the shape of its arguments
_NO_FACTS: Facts = (frozenset(), frozenset())


@dataclass(eq=False)
class Summary:
    """`facts` are by parameter: what is known of the argument after the call, and when it answered true, and false."""

    result: Value = NOTHING
    heap: dict[Reference, Object] = field(default_factory=dict)
    changed: dict[Reference, Object] = field(default_factory=dict)
    effects: list[tuple[str, tuple[str, ...], Value]] = field(default_factory=list)
    exposures: list[Exposure] = field(default_factory=list)
    facts: dict[str, tuple[Facts, Facts, Facts]] = field(default_factory=dict)
    kept: dict[tuple[str, tuple[str, ...]], Value] = field(default_factory=dict)
    outer: dict[tuple[str, str], Value] = field(default_factory=dict)
    raised: dict[str, Labels] = field(default_factory=dict)
    ends: bool = False

    @property
    def signature(self) -> Any:
        """What must be the same in two rounds of a recursion."""
        labels = frozenset((label.origin, label.cleaned, label.absent) for label in self.result.all_labels())
        exposed = frozenset((each.sink.at, each.sink.kind, each.label.origin) for each in self.exposures)
        effects = frozenset((name, path) for name, path, _ in self.effects) | frozenset(self.outer)
        return labels, exposed, effects, self.result.is_nothing, self.ends, frozenset(self.raised)


@functools.lru_cache(maxsize=4096)
def symbol(name: str, path: tuple[str, ...], kind: str | None) -> Value:
    """Whatever the caller gives there."""
    return Value(labels=(Label(Input(name, path)),), is_opaque=True, type=kind)


def _keywords(name: str, heap: dict[Reference, Object]) -> Value:
    """What `**name` holds: whatever the caller gives, under names that are the caller's own unless it unpacks some."""
    where: Reference = ("in", name)
    values, keys = symbol(name, ("[values]",), None), symbol(name, ("[keys]",), None)
    heap[where] = Object("dict", rest=values, keys=keys, is_exact=False)
    return Value(references=(where,))


class Summaries:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.known: dict[_Key, Summary] = {}
        self.functions: dict[str, Function] = {}
        self.shapes: dict[tuple[str, Any], int] = {}  # by function, and the functions that it is given
        self.active: list[_Key] = []  # what is being run, outermost first
        self.low: list[int] = []  # the lowest place on that stack that each of them has made use of
        self.provisional: dict[_Key, Summary] = {}  # what those on the stack are taken for meanwhile
        self.members: list[_Key] = []  # what has run, but rests on one that is still on the stack
        self.passing: dict[_Key, tuple[Summary, _Key]] = {}  # their summaries, and what they rest on
        self.seeds: dict[_Key, Summary] = {}  # what those of a circle were in the round before
        self.is_unsettled = False

    def apply(
        self, frame: Frame, node: ir.Call | None, function: Function, bound: dict[str, Value], outer: dict[str, Value]
    ) -> Value:
        """The result of a call, with all that it does to the frame's state."""
        if frame.state is None:
            return NOTHING
        if _is_left_to_others(function):
            return Value(is_opaque=True, type=self.engine.returned_type(function))
        given = {**outer, **bound}
        labels: Labels = ()
        for value in given.values():
            if value is not UNKNOWN:
                labels = union(labels, frame.labels(value))
        statements = function.facts.metrics.statements
        is_small = statements <= LARGEST_FOLDED and frame.depth < 4
        if not labels and not self.engine.matters(function) and not is_small:
            return Value(is_opaque=True, type=self.engine.returned_type(function))
        if frame.depth >= DEEPEST_CALLS or self.engine.is_over():
            return labelled(labels, self.engine.returned_type(function))
        call = _Call(self, frame, node, function, given)
        summary = self.of(function, call.lifted(), call.heap, call.key, frame.depth + 1)
        return call.returned(summary)

    def generic(self, function: Function, receiver: Class | None = None) -> Summary:
        """The summary of a function of whose arguments nothing is known, but of which class `self` is, if told."""
        if receiver is None:
            return self.of(function, {}, {}, None, 1)
        own, *others = function.parameters
        heap: dict[Reference, Object] = {}
        env = {each.name: self._anything(function, each, heap) for each in others}
        env[own.name] = symbol(own.name, (), receiver.qualified)
        shape = (((own.name, ("t", receiver.qualified)),), tuple(sorted(env)), ())
        return self.of(function, env, heap, shape, 1)

    def is_running(self, function: Function) -> bool:
        return (function.key, None) in self.provisional

    def forget_unfinished(self) -> None:
        """After a run that did not come to its end."""
        self.active.clear()
        self.provisional.clear()
        self.passing.clear()
        self.members.clear()
        self.seeds.clear()
        self.low.clear()
        self.is_unsettled = False

    def of(
        self, function: Function, env: dict[str, Value], heap: dict[Reference, Object], shape: Any, depth: int
    ) -> Summary:
        """The summary of a function, of functions that call each other in a circle the one that changes no more.

        Only the function that a circle was entered by runs again until all of the circle are settled (as in Tarjan's
        algorithm, the one that reaches nothing below itself on the stack). The others run once in each of its rounds,
        from what they were in the round before: rounds within rounds would be exponential.
        """
        key = (function.key, shape)
        found = self.known.get(key)
        if found is not None:
            return found
        self.functions[function.key] = function
        if key in self.passing:
            self._rests_on(self._head(key))
            return self.passing[key][0]
        if key in self.provisional:
            self._rests_on(key)
            return self.provisional[key]
        if shape is not None:
            counted = (key[0], shape[-1])
            count = self.shapes.get(counted, 0)
            if count >= (MOST_SHAPES if function.facts.metrics.statements > LARGEST_FOLDED else 2 * MOST_SHAPES):
                return self._in_general(function, shape, depth)
            self.shapes[counted] = count + 1
        own, first = len(self.active), len(self.members)
        was_unsettled = self.is_unsettled
        self.active.append(key)
        self.provisional[key] = self.seeds.get(key, Summary())
        for _ in range(MOST_ROUNDS):
            for member in self.members[first:]:
                del self.passing[member]
            del self.members[first:]
            self.is_unsettled = False
            self.low.append(own + 1)
            summary = self.run(function, dict(env), dict(heap), depth)
            low = self.low.pop()
            if low > own:
                break
            self.is_unsettled |= summary.signature != self.provisional[key].signature
            self.provisional[key] = self.seeds[key] = summary
            if low < own or not self.is_unsettled:
                break
        self.active.pop()
        del self.provisional[key]
        if low < own:  # it has used what its callers are not done with
            self.passing[key] = summary, self.active[low]
            self.members.append(key)
            self.low[-1] = min(self.low[-1], low)
            self.is_unsettled |= was_unsettled
            return summary
        self.known[key] = summary
        self.seeds.pop(key, None)
        for member in self.members[first:]:
            self.known[member] = self.passing.pop(member)[0]
            self.seeds.pop(member, None)
        del self.members[first:]
        self.is_unsettled = was_unsettled
        return summary

    def _in_general(self, function: Function, shape: Any, depth: int) -> Summary:
        """The summary of a function that has been run for many shapes: but for what is ours, nothing is known."""
        ours = tuple(name for name, known in shape[0] if known == "ours" and function.parameter(name) is not None)
        if not ours:
            return self.of(function, {}, {}, None, depth)
        heap: dict[Reference, Object] = {}
        env = {each.name: self._anything(function, each, heap) for each in function.parameters}
        env |= {name: Value(is_opaque=True, type=env[name].type) for name in ours}
        return self.of(function, env, heap, (tuple((name, "") for name in ours), (), ("in general",)), depth)

    def _rests_on(self, key: _Key) -> None:
        self.low[-1] = min(self.low[-1], self.active.index(key))

    def _head(self, key: _Key) -> _Key:
        """The function on the stack that one that has passed rests on."""
        while key in self.passing:
            key = self.passing[key][1]
        return key

    def run(self, function: Function, env: dict[str, Value], heap: dict[Reference, Object], depth: int) -> Summary:
        """Run the body once."""
        is_called = bool(env)
        for parameter in function.parameters:
            if parameter.name not in env:
                default = self._default(function, parameter) if is_called else None
                env[parameter.name] = self._anything(function, parameter, heap) if default is None else default
        initial = dict(heap)
        shadows = {_shadow(name): env[name] for name in self._reassigned(function)}
        frame = Frame(self.engine, function, State(env | shadows, heap), depth)
        try:
            execute.block(frame, function.body)
        except Exhausted:
            self.engine.cut(function)
            return self._coarse(frame, env)
        self.engine.effort += frame.steps
        if frame.state is not None:
            frame.returns.append((frame.state, NONE, None))
        self.engine.sinks.answered(frame, function)
        return self._summary(frame, function, env, initial)

    def _default(self, function: Function, parameter: Parameter) -> Value | None:
        """What a parameter is where no argument is given, as far as a constant or a global name says."""
        match parameter.default:
            case ir.Const(value=value):
                return Value(consts=(value,))
            case ir.Name() | ir.Attribute():
                found = Frame(self.engine, function.module, State({}, self.engine.heap), 2).evaluate(parameter.default)
                return None if found.is_opaque or found.references or found.is_nothing else found
            case _:
                return None

    def _anything(self, function: Function, parameter: Parameter, heap: dict[Reference, Object]) -> Value:
        """A parameter that may be given anything, or nothing."""
        if parameter.kind == "stars":
            return _keywords(parameter.name, heap)
        given = symbol(parameter.name, (), self.engine.parameter_type(parameter, function))
        default = self._default(function, parameter)
        return given if default is None else join(default, given)

    def _coarse(self, frame: Frame, env: dict[str, Value]) -> Summary:
        """Of a function that was cut off: whatever goes in may come out, and reach what was met so far."""
        labels: Labels = ()
        for value in env.values():
            labels = union(labels, value.all_labels())
        return Summary(labelled(labels), exposures=list(frame.exposures.values()), kept=frame.kept)

    def _summary(
        self, frame: Frame, function: Function, env: dict[str, Value], initial: dict[Reference, Object]
    ) -> Summary:
        result, last = NOTHING, None
        for state, value, _ in frame.returns:
            result = join(result, value)
            last = merge(last, state)
        summary = Summary(
            result, exposures=list(frame.exposures.values()), kept=frame.kept, raised=frame.raised, ends=last is None
        )
        if function.facts.is_generator:
            where: Reference = ("yields", function.key)
            made = Object("list", rest=frame.yields, is_exact=False)
            summary.result, summary.ends = Value(references=(where,)), False
            if last is None:
                last = State()
            last.heap[where] = made
        if last is None:
            return summary
        summary.heap = last.heap
        summary.outer = frame.outer | {
            (owner.key, name): last.env[name]
            for name in sorted(frame.nonlocals)
            if name in last.env and (owner := _binder(function, name)) is not None
        }
        for where, obj in initial.items():
            new = last.heap.get(where)
            if new is not None and new is not obj:
                summary.changed[where] = new
        for key in frame.written:
            known = last.paths.get(key)
            if known is not None and key[0] in env:
                summary.effects.append((key[0], key[1:], known[0]))
        self._learn(frame, function, env, summary)
        return summary

    def _reassigned(self, function: Function) -> list[str]:
        """The parameters that a function binds anew."""
        assigned = self.engine.assigned_names(function)
        return [each.name for each in function.parameters if each.name in assigned]

    def _learn(self, frame: Frame, function: Function, env: dict[str, Value], summary: Summary) -> None:
        """What the returns of a function say of the arguments that got them there."""
        reassigned = self._reassigned(function)
        keys = {name: _shadow(name) if name in reassigned else name for name in env}
        names = [name for name, value in env.items() if _own(value, name) is not None]
        if not names:
            return
        ended = [each for each in frame.returns if id(each[0]) not in frame.switched] or frame.returns
        returns = [(state, *_answer(state, value, expr)) for state, value, expr in ended]
        judged = (
            len(returns) <= 12
            and any(expr is not None and type(expr) is not ir.Const for _, _, expr in returns)
            and all(_is_verdict(value) for _, value, _ in returns)
        )
        learned: dict[str, list[Facts | None]] = {name: [None, None, None] for name in names}
        for state, value, expr in returns:
            outcomes: list[tuple[int, State | None]] = [(0, state)]
            true, false = guards.truth(frame, value)
            constant = expr is None or type(expr) is ir.Const or not judged
            for index, possible in ((1, true), (2, false)):
                if possible:
                    frame.state = state.copy()
                    after = state if constant or expr is None else guards.assume(frame, expr, index == 1)
                    outcomes.append((index, after))
            for index, outcome in outcomes:
                if outcome is None:
                    continue
                for name in names:
                    label = _own(outcome.env.get(keys[name], UNKNOWN), name)
                    facts = (
                        (label.cleaned, label.absent)
                        if label is not None
                        else (evidence.CLEAN if _is_known(outcome, keys[name]) else _NO_FACTS)
                    )
                    before = learned[name][index]
                    learned[name][index] = facts if before is None else (before[0] & facts[0], before[1] & facts[1])
        for name, (normal, when_true, when_false) in learned.items():
            all_facts = (normal or _NO_FACTS, when_true or _NO_FACTS, when_false or _NO_FACTS)
            if any(each[0] or each[1] for each in all_facts):
                summary.facts[name] = all_facts


def _binder(function: Function, name: str) -> Function | None:
    """The function around whose variable a name is."""
    owner = function.parent
    while owner is not None and name not in owner.locals:
        owner = owner.parent
    return owner


def _shadow(name: str) -> str:
    """The name under which a state keeps what a parameter was at first."""
    return f"\0{name}"


def _is_left_to_others(function: Function) -> bool:
    """Whether a method only says that classes below must have it: `raise NotImplementedError`."""
    if function.cls is None or not function.body:
        return False
    last = function.body[-1]
    if type(last) is not ir.Raise or last.exc is None or any(not _is_docstring(each) for each in function.body[:-1]):
        return False
    raised = ir.callee(last.exc)
    return type(raised) is ir.Name and raised.id == "NotImplementedError"


def _is_docstring(stmt: ir.Stmt) -> bool:
    return type(stmt) is ir.Evaluate and type(stmt.value) is ir.Const


def _is_known(state: State, name: str) -> bool:
    value = state.env.get(name)
    return value is not None and not value.all_labels()


def _answer(state: State, value: Value, expr: ir.Expr | None) -> tuple[Value, ir.Expr | None]:
    """What says yes or no in what is returned: of a tuple the first part."""
    if value.is_constant and all(isinstance(each, tuple) and each for each in value.consts):
        return constants(each[0] for each in value.consts), expr
    obj = state.heap.get(value.references[0]) if len(value.references) == 1 and not value.is_opaque else None
    if obj is None or obj.kind != "tuple" or not obj.items:
        return value, expr
    first = expr.items[0] if type(expr) is ir.Sequence and expr.items else None
    return obj.items[0], first


def _is_verdict(value: Value) -> bool:
    return not value.references and not value.texts and not value.callables


def _own(value: Value, name: str) -> Label | None:
    """The label of the argument itself, if the value is nothing but the argument: of a text what all its holes have."""
    found = value.all_labels()
    if not found or value.references or value.callables:
        return None
    if any(type(label.origin) is not Input or label.origin.name != name for label in found):
        return None
    if not value.texts:
        return found[0] if len(found) == 1 and found[0].origin == Input(name) else None
    cleaned = frozenset.intersection(*(label.cleaned for label in found))
    absent = frozenset.intersection(*(label.absent for label in found))
    if not value.is_opaque:
        absent = frozenset.intersection(*(begun(text, absent) for text in value.texts))
    return Label(found[0].origin, cleaned, absent)


class _Call:
    """One call: its arguments in the callee's terms, and its outcome in the caller's."""

    def __init__(
        self,
        summaries: Summaries,
        frame: Frame,
        node: ir.Call | None,
        function: Function,
        given: dict[str, Value],
    ) -> None:
        self.engine = summaries.engine
        self.frame, self.node, self.function, self.given = frame, node, function, given
        self.heap: dict[Reference, Object] = {}
        self.back: dict[Reference, Reference] = {}
        self.key: Any = None
        self.callables: list[str] = []
        self.resolved: dict[Input, Labels] = {}
        self.moved: dict[Reference, Value] = {}
        self.carried: dict[int, Labels] = {}  # by the label's id, while its summary keeps it

    # Into the callee

    def lifted(self) -> dict[str, Value]:
        env: dict[str, Value] = {}
        keys: list[Any] = []
        is_small = self.function.facts.metrics.statements <= LARGEST_RERUN
        for name, value in self.given.items():
            parameter = self.function.parameter(name)
            kind = self.engine.parameter_type(parameter, self.function) if parameter is not None else None
            depth = DEEPEST_SHAPE if is_small else -1
            if not is_small and parameter is not None and parameter.kind == "stars":
                env[name], key = _keywords(name, self.heap), None
            elif self._is_ours(value, name):
                env[name], key = Value(value.consts, value.texts, is_opaque=True, type=value.type or kind), "ours"
            else:
                env[name], key = self.lift(value, name, (), depth, kind)
            if key is not None:
                keys.append((name, key))
        missing = [name for name in self.given if name not in env]
        assert not missing
        self.key = (
            (tuple(keys), tuple(sorted(self.given)), tuple(self.callables))
            if keys or len(self.given) != len(self.function.parameters)
            else None
        )
        return env

    def _is_ours(self, value: Value, name: str) -> bool:
        """Whether nobody outside can choose what a test in the callee compares with."""
        if name not in self.engine.compared(self.function) or value.callables or value.references:
            return False
        return value.is_opaque and not self.frame.labels(value)

    def lift(self, value: Value, name: str, path: tuple[str, ...], depth: int, kind: str | None) -> tuple[Value, Any]:
        if value is UNKNOWN or (
            value.is_opaque and not (value.callables or value.texts or value.consts or value.references)
        ):
            shape = None if value.type in (None, kind) else ("t", value.type)
            return symbol(name, path, value.type or kind), shape
        if depth < 0 and not value.callables:
            kinds = {obj.cls for _, obj in self.frame.objects(value)}
            only = next(iter(kinds)) if len(kinds) == 1 and not value.is_opaque else value.type or kind
            return symbol(name, path, only), None if only is None or only == kind else ("t", only)
        key: list[Any] = []
        consts = value.consts
        texts = []
        for number, text in enumerate(value.texts):
            pieces: list[Any] = []
            for index, piece in enumerate(text):
                if type(piece) is Value:
                    pieces.append(symbol(name, (*path, f"#{number}.{index}"), piece.type))
                else:
                    pieces.append(piece)
            texts.append(tuple(pieces))
            key.append(tuple(piece if type(piece) is str else piece.type for piece in text))  # type: ignore[union-attr]
        references, labels = self._objects(value, name, path, depth, key)
        callables = self._callables(value, name, path, depth, key)
        if value.is_opaque or labels:
            labels = symbol(name, path, None).labels
        lifted = Value(consts, tuple(texts), references, callables, labels, bool(value.is_opaque or labels), value.type)
        kinds_of = tuple((type(each).__name__, each) for each in consts)
        return lifted, (kinds_of, tuple(key), value.is_opaque, value.type)

    def _objects(
        self, value: Value, name: str, path: tuple[str, ...], depth: int, key: list[Any]
    ) -> tuple[tuple[Reference, ...], Labels]:
        found = self.frame.objects(value)
        if len(found) != 1 or depth <= 0:
            if found:
                key.append("objects")
            return (), symbol(name, path, None).labels if value.references else ()
        where, obj = found[0]
        if len(obj.entries) + len(obj.fields) + len(obj.items or ()) > 24:
            key.append("objects")
            return (), symbol(name, path, None).labels
        inside: Reference = ("in", name, *path)
        parts: list[Any] = [obj.kind, obj.cls, obj.is_exact]
        items = None
        if obj.items is not None:
            lifted = [self.lift(item, name, (*path, f"[{i}]"), depth - 1, None) for i, item in enumerate(obj.items)]
            items = tuple(item for item, _ in lifted)
            parts.append(tuple(each for _, each in lifted))
        entries: dict[Any, Value] = {}
        for entry, item in obj.entries.items():
            entries[entry], part = self.lift(item, name, (*path, f"[{entry[1]!r}]"), depth - 1, None)
            parts.append((entry, part))
        fields: dict[str, Value] = {}
        for attribute, item in obj.fields.items():
            fields[attribute], part = self.lift(item, name, (*path, f".{attribute}"), depth - 1, None)
            parts.append((attribute, part))
        rest = symbol(name, (*path, "[rest]"), None) if obj.rest is not NOTHING else NOTHING
        keys = symbol(name, (*path, "[keys]"), None) if obj.keys is not NOTHING else NOTHING
        parts.append((rest is NOTHING, keys is NOTHING))
        self.heap[inside] = Object(obj.kind, obj.cls, items, entries, rest, keys, fields, obj.is_exact)
        self.back[inside] = where
        key.append(tuple(parts))
        return (inside,), ()

    def _callables(self, value: Value, name: str, path: tuple[str, ...], depth: int, key: list[Any]) -> Any:
        found: list[Any] = []
        for each in value.callables:
            if type(each) is FunctionValue:
                outer = {
                    inner: self.lift(of, name, (*path, f"${inner}"), -1, None)[0]
                    for inner, of in (each.outer or {}).items()
                }
                receiver = None
                if each.receiver is not None:
                    receiver = self.lift(each.receiver, name, (*path, "$"), min(depth, 0), None)[0]
                found.append(FunctionValue(each.function, outer, receiver))
                key.append(each.function.key)
                self.callables.append(each.function.key)
            elif type(each) is Symbol and each.receiver is not None:
                found.append(Symbol(each.name, symbol(name, (*path, "$"), each.receiver.type)))
                key.append(each.name)
            else:
                found.append(each)
                key.append(repr(each))
        return tuple(found)

    # Back to the caller

    def returned(self, summary: Summary) -> Value:
        frame = self.frame
        for exposure in summary.exposures:
            origin = exposure.label.origin
            if type(origin) is Input:
                ours = self._ours(origin)
                note = self._note(origin) if ours else ""
                for label in ours:
                    frame.forward(exposure, label, self.at, note)
        if frame.state is None:
            return NOTHING
        for (name, path), value in summary.kept.items():
            frame.keep(name, path, self.moved_value(value, summary))
        for kind, labels in summary.raised.items():
            for label in labels:
                frame.throw(kind, self._labels(label))
        if summary.ends:
            if frame.handlers:
                execute._may_raise(frame)
            frame.state = None
            return NOTHING
        for where, obj in summary.changed.items():
            target = self.back.get(where)
            if target is not None and where in self.heap:
                old = frame.object(target)
                new = frame.state.heap[target] = self._object(obj, summary)
                if old is not None:
                    frame.outlives(target, old, new)
        for (owner, name), value in summary.outer.items():
            self._bind_outer(owner, name, self.moved_value(value, summary))
        for name, path, value in summary.effects:
            self._effect(name, path, self.moved_value(value, summary))
        result = self.moved_value(summary.result, summary)
        if summary.facts:
            result = self._facts(summary, result)
        if result.derived is None and frame.state is not None:
            result = lookups.tied(result, self.engine.lookups.answers(frame, self.function, self.given, result))
        return result

    def _facts(self, summary: Summary, result: Value) -> Value:
        verdicts = []
        for name, (normal, when_true, when_false) in summary.facts.items():
            value = self.given.get(name)
            if value is None or self.frame.state is None:
                continue
            if normal[0] or normal[1]:
                cleaned, absent = normal
                value = guards.proved(self.frame, value, lambda label: label.without(absent, cleaned))  # noqa: B023
            verdicts.append((value, when_true, when_false))
        if verdicts and containers.are_tuples(self.frame, result):
            return result.derived_from("verdicts", verdicts[0][0], verdicts)
        if verdicts and _is_verdict(result):
            return result.derived_from("verdict", verdicts[0][0], verdicts)
        return result

    def _bind_outer(self, owner: str, name: str, value: Value) -> None:
        """The callee has bound a variable of a function around it: of the one that is run here, or of another."""
        frame = self.frame
        if frame.function is None or frame.function.key != owner:
            frame.outer[owner, name] = join(frame.outer.get((owner, name), NOTHING), value)
        elif frame.state is not None:
            is_certain = self.function.parent is frame.function
            frame.state.bind(name, value if is_certain else join(frame.state.env.get(name, NOTHING), value))

    def _effect(self, name: str, path: tuple[str, ...], value: Value) -> None:
        frame = self.frame
        target = self.given.get(name)
        if target is None or frame.state is None:
            return
        for part in path[:-1]:
            target = step(frame, target, part)
        last = path[-1]
        if target.references:
            if last.startswith("."):
                frame.update(target, lambda obj: obj.with_field(last[1:], value))
            else:
                frame.update(target, lambda obj: obj.with_unknown(value))
            return
        if len(target.labels) == 1 and len(frame.written) < MOST_EFFECTS:
            (label,) = target.labels
            if type(label.origin) is Input and len(label.origin.path) + len(path) <= containers.DEEPEST:
                key = (label.origin.name, *label.origin.path, *path)
                known = frame.state.paths.get(key)
                base = (known[1] if known is not None else None) or step(frame, target, last)
                frame.state.paths[key] = (join(value, base), base)
                frame.written.setdefault(key, None)

    def moved_value(self, value: Value, summary: Summary) -> Value:
        if value.labels == () and not (value.texts or value.references or value.callables):
            return value
        labels: Labels = ()
        for label in value.labels:
            labels = union(labels, self._labels(label))
        texts = value.texts
        extra = NOTHING
        if texts:
            moved = []
            for text in texts:
                pieces = tuple(self.moved_value(piece, summary) if type(piece) is Value else piece for piece in text)
                moved.append(pieces)
            texts = tuple(moved)
        references: list[Reference] = []
        for where in value.references:
            target = self.back.get(where)
            if target is not None:
                references.append(target)
                continue
            found = self._moved(where, summary)
            references.extend(found.references)
            if not found.references:
                extra = join(extra, found)
        result = Value(
            value.consts,
            texts,
            tuple(dict.fromkeys(references)),
            tuple(self._callable(each, summary) for each in value.callables),
            labels,
            value.is_opaque,
            value.type,
        )
        return join(result, extra) if extra is not NOTHING else result

    def _callable(self, each: Any, summary: Summary) -> Any:
        match each:
            case FunctionValue(function=function, outer=outer, receiver=receiver):
                outer = {name: self.moved_value(value, summary) for name, value in (outer or {}).items()}
                return FunctionValue(function, outer, None if receiver is None else self.moved_value(receiver, summary))
            case Symbol(name=name, receiver=receiver) if receiver is not None:
                return Symbol(name, self.moved_value(receiver, summary))
            case _:
                return each

    def _moved(self, where: Reference, summary: Summary) -> Value:
        """An object that the callee made, as the caller's."""
        known = self.moved.get(where)
        if known is not None:
            return known
        obj = summary.heap.get(where)
        state = self.frame.state
        if obj is None or state is None:
            return Value(references=(where,)) if self.engine.heap.get(where) is not None else UNKNOWN
        at = self.node.at if self.node is not None else -1
        name: Reference = (self.frame.module.path, at, "made", where) if _depth(where) < 3 else where
        self.moved[where] = Value(references=(name,))
        new = self._object(obj, summary)
        old = state.heap.get(name)
        state.heap[name] = new if old is None or not self.frame.is_referenced(name) else old.joined(new)
        return self.moved[where]

    def _object(self, obj: Object, summary: Summary) -> Object:
        def move(value: Value) -> Value:
            return self.moved_value(value, summary)

        return Object(
            obj.kind,
            obj.cls,
            None if obj.items is None else tuple(map(move, obj.items)),
            {key: move(value) for key, value in obj.entries.items()},
            move(obj.rest),
            move(obj.keys),
            {name: move(value) for name, value in obj.fields.items()},
            obj.is_exact,
        )

    def _labels(self, label: Label) -> Labels:
        """A label of the callee as labels of the caller; of one that was moved before, the very same."""
        origin = label.origin
        if type(origin) is not Input:
            if self.node is not None:
                return (label.through(self.at, f"returned by `{self.function.name}`", is_call=True),)
            return (label,)
        known = self.carried.get(id(label))
        if known is None:
            known = self.carried[id(label)] = self._carried(label, origin)
        return known

    def _carried(self, label: Label, origin: Input) -> Labels:
        ours = self._ours(origin)
        if not ours:
            return ()
        note = self._note(origin)
        return capped(label.after(each, hop(each.way, self.at, note, label.way, is_call=True)) for each in ours)

    def _ours(self, origin: Input) -> Labels:
        """The labels of what we gave the callee there."""
        known = self.resolved.get(origin)
        if known is None:
            known = self.resolved[origin] = self._resolve(origin)
        return known

    def _note(self, origin: Input) -> str:
        return f"passed to `{self.function.name}` as `{origin.name}`"

    @functools.cached_property
    def at(self) -> Place:
        """The place of the call."""
        return self.frame.place(self.node) if self.node is not None else self.frame.module.first_line()

    def _resolve(self, origin: Input) -> Labels:
        value = self.given.get(origin.name)
        if value is None:
            return ()
        for part in origin.path:
            value = step(self.frame, value, part)
        if value.texts and not value.references:
            return union(value.labels, placed(value.texts))
        return self.frame.labels(value)


def step(frame: Frame, value: Value, part: str) -> Value:
    """What lies one step of a path below a value."""
    if part.startswith("."):
        return frame.engine.members.peek(frame, value, part[1:])
    if part.startswith("#"):
        number, _, index = part[1:].partition(".")
        try:
            piece = value.texts[int(number)][int(index)]
        except IndexError:
            return labelled(value.all_labels())
        return piece if type(piece) is Value else NOTHING
    if part == "$":
        found = NOTHING
        for each in value.callables:
            if type(each) in (FunctionValue, Symbol) and each.receiver is not None:  # type: ignore[union-attr]
                found = join(found, each.receiver)  # type: ignore[union-attr]
        return found
    if part.startswith("$"):
        found = NOTHING
        for each in value.callables:
            if type(each) is FunctionValue and each.outer:
                found = join(found, each.outer.get(part[1:], NOTHING))
        return found
    if part in _PARTS:
        found = labelled(containers.into(value.labels, part)) if value.is_opaque and part != "[rest]" else NOTHING
        for _, obj in frame.objects(value):
            found = join(found, _PARTS[part](obj))
        return found
    if part == "[*]":
        return containers.element(frame, value)
    key = _parsed(part[1:-1])
    found = NOTHING
    for _, obj in frame.objects(value):
        if obj.items is not None and isinstance(key, int) and -len(obj.items) <= key < len(obj.items):
            found = join(found, obj.items[key])
        elif entry_key(key) in obj.entries:
            found = join(found, obj.entries[entry_key(key)])
        else:
            found = join(found, obj.rest)
    if value.is_opaque or value.texts:
        found = join(found, labelled(containers.into(value.all_labels(), part)))
    return found


_PARTS: dict[str, Callable[[Object], Value]] = {
    "[rest]": lambda obj: obj.rest,
    "[keys]": lambda obj: obj.keys,
    "[values]": lambda obj: obj.elements(),
}


@functools.lru_cache(maxsize=4096)
def _parsed(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def _depth(where: Any) -> int:
    return 1 + max((_depth(each) for each in where if type(each) is tuple), default=0) if type(where) is tuple else 0
