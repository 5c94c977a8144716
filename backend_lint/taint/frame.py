"""One run through one scope: where it stands, what it has met, and what it hands back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.project.modules import Function, Scope
from backend_lint.taint.contexts import Kills, is_killed
from backend_lint.taint.domain import NOTHING, UNKNOWN, Reference, Value, join
from backend_lint.taint.labels import READ, Hop, Input, Kept, Label, Labels, Origin, Source, hop, union
from backend_lint.taint.state import Object, PathKey, State

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine


OBJECTS_A_STEP = 24


class Exhausted(Exception):
    """The run has used up its budget."""


class Sink(NamedTuple):
    """A place where data can do harm. `context` is how the text around the data stands, in words."""

    kind: str
    at: Place
    symbol: str
    fits: str
    context: str = ""


class Exposure(NamedTuple):
    """That a label reaches a sink, unless one of `kills` is among what is proved absent.

    `spot` numbers the sink's kind and place together with the kills.
    """

    sink: Sink
    label: Label
    kills: Kills
    spot: int


Exposures = dict[tuple[int, Origin], Exposure]


def gather(found: Exposures, exposure: Exposure) -> None:
    """Add one, unless the same origin is known to reach the same spot with no more cleaned."""
    key = (exposure.spot, exposure.label.origin)
    known = found.get(key)
    if known is None or not (known.label.cleaned <= exposure.label.cleaned):
        found[key] = exposure


@dataclass
class Loop:
    breaks: list[State] = field(default_factory=list)
    continues: list[State] = field(default_factory=list)


class Seen:
    """What the handlers of a `try` may find: all states that its body was in, joined in `state`."""

    def __init__(self, state: State) -> None:
        self.state = state.copy()
        self._last = self.state

    def see(self, state: State) -> None:
        """One more. What is as it was the last time is in it already."""
        self.state = self.state.joined(state.since(self._last))
        self._last = state.copy()


class Frame:
    """`state` is None where the code cannot be reached. `names` are the parameters and free variables given to it."""

    def __init__(self, engine: Engine, scope: Scope, state: State, depth: int = 0, key: Any = None) -> None:
        self.engine = engine
        self.scope = scope
        self.module = scope.module
        self.state: State | None = state
        self.depth = depth
        self.key = key
        self.returns: list[tuple[State, Value, ir.Expr | None]] = []
        self.switched: set[int] = set()  # the states of those that a switch led to, by id
        self.yields: Value = NOTHING
        self.exposures: Exposures = {}
        self.loops: list[Loop] = []
        self.handlers: list[Seen] = []
        self.steps = 0
        self.is_entry = False
        self.globals: set[str] = set()
        self.nonlocals: set[str] = set()
        self.outer: dict[tuple[str, str], Value] = {}  # what calls bound in a function around: its name, the variable's
        self.raised: dict[str, Labels] = {}  # by class: what exceptions carry that nothing here has caught
        self.written: dict[PathKey, None] = {}
        self.kept: dict[tuple[str, PathKey], Value] = {}  # what was given to us and outlives the call

    # Asking

    def evaluate(self, node: ir.Expr) -> Value:
        if self.state is None:
            return NOTHING
        return self.engine.evaluators[type(node)](self, node)

    def place(self, node: ir.Node) -> Place:
        return self.module.facts.place(self.module.path, node.at, node.end)

    def resolve(self, name: str) -> str | None:
        return self.engine.resolve(name, self.scope)

    @property
    def function(self) -> Function | None:
        return self.scope if isinstance(self.scope, Function) else None

    def object(self, where: Reference) -> Object | None:
        state = self.state
        found = state.heap.get(where) if state is not None else None
        return found if found is not None else self.engine.heap.get(where)

    def objects(self, value: Value) -> list[tuple[Reference, Object]]:
        found = []
        for where in value.references:
            obj = self.object(where)
            if obj is not None:
                found.append((where, obj))
        return found

    def labels(self, value: Value) -> Labels:
        """All labels that can be reached from a value."""
        if value is UNKNOWN or value is NOTHING:
            return ()
        if self.state is None or not value.references:
            return value.all_labels()
        return self.state.deep_labels(value, self.engine.heap)

    # Changing

    def allocate(self, node: ir.Node, obj: Object, tag: str = "") -> Value:
        """A new object that is made at a node."""
        state = self.state
        where: Reference = (self.module.path, node.at, tag)
        if state is None:
            return NOTHING
        old = state.heap.get(where)
        if old is not None and self.is_referenced(where):
            obj = old.joined(obj)
        state.heap[where] = obj
        return Value(references=(where,))

    def is_referenced(self, where: Reference) -> bool:
        assert self.state is not None
        for value in self.state.env.values():
            if value.references and where in value.references:
                return True
        return any(where in obj.held[1] for obj in self.state.heap.values())

    def update(self, value: Value, change: Callable[[Object], Object]) -> None:
        """Change the objects that a value stands for: for good where it is one, perhaps where it is one of several."""
        state = self.state
        if state is None:
            return
        found = self.objects(value)
        is_certain = len(found) == 1 and not value.is_opaque and not value.consts
        for where, obj in found:
            new = change(obj)
            state.heap[where] = new if is_certain else obj.joined(new)
            self.outlives(where, obj, new)

    def outlives(self, where: Reference, old: Object, new: Object) -> None:
        """An object was changed: one that a variable of a module stands for keeps what was put into it."""
        name = self.engine.kept.names.get(where)
        if name is None:
            return
        for key, value in new.entries.items():
            if old.entries.get(key) is not value:
                self.keep(name, (f"[{key[1]!r}]",), value)
        for attribute, value in new.fields.items():
            if old.fields.get(attribute) is not value:
                self.keep(name, (f".{attribute}",), value)
        if new.rest is not old.rest and new.kind != "instance":  # of settings set by a name that nobody knows
            self.keep(name, ("[*]",), new.rest)
        if new.items is not None and new.items is not old.items:
            for value in new.items:
                self.keep(name, ("[*]",), value)

    def keep(self, name: str, path: PathKey, value: Value) -> None:
        """A variable that outlives the call now holds a value; what a dict holds it holds under the dict's keys."""
        made = [obj for _, obj in self.objects(value)] if len(path) == 1 else []
        if made and all(obj.kind == "dict" for obj in made):
            for obj in made:
                for (_, key), each in obj.entries.items():
                    self.keep(name, (*path, f"[{key!r}]"), each)
                self.keep(name, (*path, "[*]"), join(obj.rest, obj.keys))
            value = Value(labels=value.all_labels(), is_opaque=True)
        labels = self.labels(value)
        ours = tuple(label for label in labels if type(label.origin) is Input)
        if ours:
            known = self.kept.get((name, path))
            given = Value(labels=ours, is_opaque=True)
            self.kept[name, path] = given if known is None else join(known, given)
        self.engine.kept.put(name, path, tuple(label for label in labels if type(label.origin) is not Input))

    def foreign(self, value: Value) -> Labels:
        """The labels of what a client or a caller can choose, without what variables of ours keep."""
        return tuple(label for label in self.labels(value) if type(label.origin) is not Kept)

    def expose(self, exposure: Exposure) -> None:
        """Data reaches a sink: a flow where a client sent it, a matter for the callers where it was given to us."""
        if exposure.sink.kind == "path" and _is_open_file(exposure.label):
            return
        self.engine.examined(exposure)
        gather(self.exposures, exposure)

    def forward(self, exposure: Exposure, given: Label, at: Place, note: str) -> None:
        """What was given to a callee reaches a sink there, and so does what we gave it."""
        inner = exposure.label
        known = self.exposures.get((exposure.spot, given.origin))
        if known is not None and _is_in(known.label, inner, given):
            return
        label = inner.after(given, hop(given.way, at, note, inner.way, is_call=True))
        if exposure.sink.kind not in label.cleaned and not is_killed(exposure.kills, label.absent):
            self.expose(exposure._replace(label=label))

    def throw(self, kind: str, labels: Labels) -> None:
        """An exception of a class leaves, with what it carries."""
        if labels:
            self.raised[kind] = union(self.raised.get(kind, ()), labels)

    def through(self, labels: Labels, node: ir.Node, note: str) -> Labels:
        if not labels:
            return labels
        at = self.place(node)
        return tuple(label.through(at, note) for label in labels)

    def tick(self) -> None:
        """Count a statement, for more where much is known before it: states are copied and joined as a whole."""
        self.steps += 1 if self.state is None else 1 + len(self.state.heap) // OBJECTS_A_STEP
        if self.steps > self.engine.options.steps:
            raise Exhausted


def _is_open_file(label: Label) -> bool:
    """Whether an upload itself, or its bytes, may stand where a path could; its name is another source."""
    return type(label.origin) is Source and label.origin.what == "file" and READ not in label.absent


def _is_in(known: Label, inner: Label, given: Label) -> bool:
    """Whether a label that has reached a sink says all that `given` would, after what `inner` did to it."""
    if known.assumed > given.assumed + inner.assumed or not (
        known.cleaned <= given.cleaned or known.cleaned <= (given.cleaned | inner.cleaned)
    ):
        return False
    return type(known.origin) is not Source or _length(known.way) <= _length(given.way) + _length(inner.way) + 1


def _length(way: Hop | None) -> int:
    return 0 if way is None else way.length
