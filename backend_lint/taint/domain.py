"""The one domain: what a value can be.

A `Value` is a union of parts, any of which may be missing: constants, texts with holes, objects of the heap, things
that can be called, and an opaque rest of which only labels and perhaps a type are known. Values are never changed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeVar

from backend_lint.project.modules import Class, Function
from backend_lint.taint.labels import ORIGIN, PLAIN, RELATIVE, Label, Labels, union

MOST_CONSTANTS = 8
SAME_TEXT = frozenset({"str", "case", "strip", "path"})  # ways of computing a text that hide nothing of it
MOST_TEXTS = 4
MOST_PIECES = 64
MOST_REFERENCES = 8
MOST_CALLABLES = 16
LONGEST = 20_000

_Part = TypeVar("_Part")

Constant = Any
Reference = tuple[Any, ...]  # the name of a heap object: where it was made


class FunctionValue(NamedTuple):
    """A function of the project, with the variables around it and what it is bound to."""

    function: Function
    outer: dict[str, Value] | None = None
    receiver: Value | None = None

    def __hash__(self) -> int:
        return hash(self.function.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FunctionValue) and self.function is other.function and self.receiver is other.receiver


class ClassValue(NamedTuple):
    cls: Class


class Symbol(NamedTuple):
    """A thing of a library by its qualified name; with a receiver, a method of that object."""

    name: str
    receiver: Value | None = None

    def __hash__(self) -> int:
        return hash(self.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Symbol) and self.name == other.name and self.receiver is other.receiver


class Partial(NamedTuple):
    """A callable with some of its arguments given already."""

    target: Callables
    args: tuple[Value, ...]
    keywords: tuple[tuple[str, Value], ...]

    def __hash__(self) -> int:
        return hash(self.target)


Callables = tuple[FunctionValue | ClassValue | Symbol | Partial, ...]


class Derived(NamedTuple):
    """That a value was computed from another, and how: `urlparse`, `netloc`, `slice`, `str`, `lower`, …."""

    how: str
    source: Value
    detail: Any = None


class Value:
    """A union of parts; `Value()` is nothing at all, `UNKNOWN` anything.

    `texts` are strings with at least one hole; a hole is a `Value` that is opaque. `is_opaque` says that there is more
    than the other parts tell, `labels` and `type` speak of that rest. `derived` ties it to what it comes from.
    """

    __slots__ = ("callables", "consts", "derived", "is_opaque", "labels", "references", "texts", "type")

    def __init__(
        self,
        consts: tuple[Constant, ...] = (),
        texts: tuple[Text, ...] = (),
        references: tuple[Reference, ...] = (),
        callables: Callables = (),
        labels: Labels = (),
        is_opaque: bool = False,
        type: str | None = None,
        derived: Derived | None = None,
    ) -> None:
        self.consts = consts
        self.texts = texts
        self.references = references
        self.callables = callables
        self.labels = labels
        self.is_opaque = is_opaque
        self.type = type
        self.derived = derived

    def __repr__(self) -> str:
        parts = [f"{name}={getattr(self, name)!r}" for name in self.__slots__ if getattr(self, name)]
        return f"Value({', '.join(parts)})"

    @property
    def is_nothing(self) -> bool:
        return not (self.consts or self.texts or self.references or self.callables or self.is_opaque)

    @property
    def is_constant(self) -> bool:
        return bool(self.consts) and not (self.texts or self.references or self.callables or self.is_opaque)

    @property
    def is_textual(self) -> bool:
        """Whether nothing but strings, known at least in part, can arrive."""
        if self.is_opaque or self.references or self.callables or not (self.texts or self.consts):
            return False
        return all(isinstance(each, (str, bytes)) for each in self.consts)

    @property
    def the_constant(self) -> Constant:
        """The only constant that it can be; None otherwise (and for the constant None)."""
        return self.consts[0] if len(self.consts) == 1 and self.is_constant else None

    def all_labels(self) -> Labels:
        """The labels of the opaque rest and of all holes; those inside heap objects are the state's to tell."""
        found = self.labels
        if self.texts:
            for text in self.texts:
                for piece in text:
                    if type(piece) is Value and piece.labels:
                        found = union(found, piece.labels)
        if self.callables:
            for each in self.callables:
                if type(each) is Symbol and each.receiver is not None:
                    found = union(found, each.receiver.all_labels())
        return found

    def mapped(self, change: Callable[[Label], Label]) -> Value:
        """The value with each of its labels changed."""
        labels = tuple(map(change, self.labels)) if self.labels else ()
        texts = self.texts
        if texts:
            texts = tuple(
                tuple(piece.mapped(change) if type(piece) is Value else piece for piece in text) for text in texts
            )
        elif labels == self.labels:
            return self
        return Value(
            self.consts, texts, self.references, self.callables, labels, self.is_opaque, self.type, self.derived
        )

    def with_labels(self, labels: Labels) -> Value:
        if not labels:
            return self
        merged = union(self.labels, labels)
        if merged is self.labels and self.is_opaque:
            return self
        return Value(self.consts, self.texts, self.references, self.callables, merged, True, self.type, self.derived)

    def typed(self, name: str | None) -> Value:
        if name is None or self.type == name:
            return self
        return Value(
            self.consts, self.texts, self.references, self.callables, self.labels, self.is_opaque, name, self.derived
        )

    def derived_from(self, how: str, source: Value, detail: Any = None) -> Value:
        return Value(
            self.consts,
            self.texts,
            self.references,
            self.callables,
            self.labels,
            self.is_opaque,
            self.type,
            Derived(how, source, detail),
        )


Piece = str | Value
Text = tuple[Piece, ...]

NOTHING = Value()
UNKNOWN = Value(is_opaque=True)
NUMBER = Value(is_opaque=True, type="builtins.int")
ADDRESS = "ipaddress.IPv4Address"  # the type of an address of either version
BOOLEAN = Value(consts=(True, False))
NONE = Value(consts=(None,))
TRUE = Value(consts=(True,))
FALSE = Value(consts=(False,))
STRING = Value(is_opaque=True, type="builtins.str")


def constant(value: Constant) -> Value:
    if value is None:
        return NONE
    if value is True:
        return TRUE
    if value is False:
        return FALSE
    return Value(consts=(value,))


def constants(values: Iterable[Constant]) -> Value:
    """One of these; unknown where they are too many or too long."""
    found: list[Constant] = []
    for value in values:
        if isinstance(value, (str, bytes)) and len(value) > LONGEST:
            return STRING
        if not any(_same(value, each) for each in found):
            found.append(value)
    return Value(consts=tuple(found)) if len(found) <= MOST_CONSTANTS else Value(is_opaque=True, type=_kind(found))


def labelled(labels: Labels, kind: str | None = None) -> Value:
    return Value(labels=labels, is_opaque=True, type=kind) if labels or kind else UNKNOWN


def reference(where: Reference) -> Value:
    return Value(references=(where,))


def callable_value(each: FunctionValue | ClassValue | Symbol | Partial) -> Value:
    return Value(callables=(each,))


def join(first: Value, second: Value) -> Value:
    """What can be either; `first` itself where the second adds nothing."""
    if first is second or second is NOTHING:
        return first
    if first is NOTHING or first.is_nothing:
        return second
    consts, texts = first.consts, first.texts
    opaque, labels = first.is_opaque, union(first.labels, second.labels)
    kind = _joined_type(first, second)
    if second.consts and second.consts is not consts:
        new = [each for each in second.consts if not any(_same(each, known) for known in consts)]
        if new:
            consts = (*consts, *new)
        if len(consts) > MOST_CONSTANTS:
            if not opaque:
                kind = _kind(consts)
            consts, opaque = (), True
    if second.texts and second.texts != texts:
        texts = _joined_texts(texts, second.texts)
        if len(texts) > MOST_TEXTS:
            labels = union(labels, scattered(texts))
            kind = kind if opaque else "builtins.str"
            texts, opaque = (), True
    references = _with(first.references, second.references)
    if len(references) > MOST_REFERENCES:
        opaque = True
        references = references[:MOST_REFERENCES]
        references = first.references if references == first.references else references
    callables = _with(first.callables, second.callables)
    if len(callables) > MOST_CALLABLES:
        callables = callables[:MOST_CALLABLES]
        callables = first.callables if callables == first.callables else callables
    opaque = opaque or second.is_opaque
    is_same_way = first.derived is second.derived or _is_of(second, first)
    derived = first.derived if is_same_way else _of_each_other(first, second)
    if (
        consts is first.consts
        and texts is first.texts
        and labels is first.labels
        and references is first.references
        and callables is first.callables
        and opaque == first.is_opaque
        and kind == first.type
        and derived is first.derived
    ):
        return first
    if (
        labels is second.labels
        and len(consts) == len(second.consts)
        and texts == second.texts
        and references == second.references
        and callables == second.callables
        and opaque == second.is_opaque
        and kind == second.type
        and (is_same_way or second.derived is None)
    ):
        return second
    return Value(consts, texts, references, callables, labels, opaque, kind, derived)


def _with(first: tuple[_Part, ...], second: tuple[_Part, ...]) -> tuple[_Part, ...]:
    """All of both; `first` itself where the second adds nothing."""
    if not second or first == second:
        return first
    if not first:
        return second
    merged = tuple(dict.fromkeys((*first, *second)))
    return first if len(merged) == len(first) else merged


def _of_each_other(first: Value, second: Value) -> Derived | None:
    """That one is the other one stripped or the like: what a test says of either holds of both."""
    if second.derived is not None and second.derived.source is first and second.derived.how in SAME_TEXT:
        return second.derived
    if first.derived is not None and first.derived.source is second and first.derived.how in SAME_TEXT:
        return first.derived
    return None


def _is_of(second: Value, first: Value) -> bool:
    """Whether both were computed in the same way from the same."""
    one, other = first.derived, second.derived
    return one is not None and other is not None and one.how == other.how and one.source is other.source


def join_all(values: Iterable[Value]) -> Value:
    found = NOTHING
    for value in values:
        found = join(found, value)
    return found


def joined_maps(first: dict[Any, Value], second: dict[Any, Value]) -> dict[Any, Value]:
    """What either may hold under each key; `first` itself where the second adds nothing."""
    if first is second or not second or first == second:
        return first
    merged: dict[Any, Value] | None = None
    for key, value in second.items():
        known = first.get(key, NOTHING)
        if known is value:
            continue
        both = join(known, value)
        if both is not known:
            merged = dict(first) if merged is None else merged
            merged[key] = both
    return first if merged is None else merged


_HOST = re.compile(r"\w+://[^/?#]+[/?#]|/[^/\\]")


def placed(texts: tuple[Text, ...]) -> Labels:
    """The labels of texts that are to be seen as a whole: who fills a hole further on chooses no beginning."""
    found: Labels = ()
    for text in texts:
        head = text[0]
        begun: frozenset[str] = frozenset()
        if type(head) is str:
            begun = frozenset({RELATIVE, ORIGIN} if _is_ours(text) else {RELATIVE})
            begun |= frozenset() if head.startswith("-") else {PLAIN}
        elif type(head) is Value:
            begun = frozenset({RELATIVE, ORIGIN, PLAIN})
        for index, piece in enumerate(text):
            if type(piece) is Value and piece.labels:
                labels = tuple(label.scattered() for label in piece.labels)
                found = union(found, tuple(label.without(begun) for label in labels) if index else labels)
    return found


def begun(text: Text, absent: frozenset[str]) -> frozenset[str]:
    """What is known of a whole text whose holes are known to lack this: its beginning decides on where it leads."""
    head = text[0]
    if type(head) is not str:
        return absent
    return absent - {RELATIVE} | ({ORIGIN} if _is_ours(text) else frozenset())


def _is_ours(text: Text) -> bool:
    """Whether the beginning of a text fixes the host that it leads to."""
    head = text[0]
    return type(head) is str and (
        _HOST.match(head) is not None or (head == "/" and len(text) > 1 and RELATIVE in _known(text[1]))
    )


def _known(piece: Piece) -> frozenset[str]:
    """What all that a hole holds lacks."""
    labels = piece.all_labels() if type(piece) is Value else ()
    return frozenset.intersection(*(label.absent for label in labels)) if labels else frozenset()


def forget(value: Value) -> Value:
    """The value as a loop leaves it after many rounds: no constants, no texts, all labels, each callable once."""
    callables = _once(value.callables) if len(value.callables) > 1 else value.callables
    if not (value.consts or value.texts):
        if callables is value.callables:
            return value
        return Value((), (), value.references, callables, value.labels, value.is_opaque, value.type, value.derived)
    labels = value.labels
    if value.texts:
        labels = union(labels, placed(value.texts))
    kind = value.type if value.is_opaque else _kind(value.consts) if not value.texts else "builtins.str"
    return Value((), (), value.references, callables, labels, True, kind)


def _once(callables: Callables) -> Callables:
    """Functions and methods by name, each bound to whatever it may be bound to."""
    found: dict[Any, FunctionValue | ClassValue | Symbol | Partial] = {}
    for each in callables:
        key = _name(each)
        known = found.get(key)
        found[key] = each if known is None else _bound_to_either(known, each)
    return callables if len(found) == len(callables) else tuple(found.values())


def _name(each: FunctionValue | ClassValue | Symbol | Partial) -> Any:
    match each:
        case FunctionValue(function=function, receiver=receiver):
            return (id(function), receiver is None)
        case Symbol(name=name, receiver=receiver):
            return (name, receiver is None)
        case Partial(target=target, args=args, keywords=keywords):
            return (*map(_name, target), len(args), *(name for name, _ in keywords))
        case _:
            return each


def _bound_to_either(known: Any, each: Any) -> Any:
    match known, each:
        case FunctionValue(function, outer, receiver), FunctionValue():
            around = joined_maps(outer or {}, each.outer or {})
            both = receiver if receiver is None or each.receiver is None else join(receiver, each.receiver)
            return known if around == (outer or {}) and both is receiver else FunctionValue(function, around, both)
        case Symbol(receiver=Value() as first), Symbol(receiver=Value() as second):
            both = join(first, second)
            return known if both is first else known._replace(receiver=both)
        case Partial(), Partial():
            args = tuple(map(join, known.args, each.args))
            keywords = tuple(
                (name, join(first, second))
                for (name, first), (_, second) in zip(known.keywords, each.keywords, strict=True)
            )
            return Partial(known.target, args, keywords)
        case _:
            return known


def scattered(texts: tuple[Text, ...]) -> Labels:
    """The labels of the holes of texts whose literals are forgotten."""
    found: Labels = ()
    for text in texts:
        for piece in text:
            if type(piece) is Value and piece.labels:
                found = union(found, tuple(label.scattered() for label in piece.labels))
    return found


def _joined_texts(first: tuple[Text, ...], second: tuple[Text, ...]) -> tuple[Text, ...]:
    """Texts with the same literals become one, hole by hole."""
    found = list(first)
    changed = False
    for text in second:
        for index, known in enumerate(found):
            if len(known) == len(text) and all(
                piece == other if type(piece) is str or type(other) is str else True
                for piece, other in zip(known, text, strict=True)
            ):
                merged = tuple(
                    join(piece, other) if type(piece) is Value and type(other) is Value else piece
                    for piece, other in zip(known, text, strict=True)
                )
                if any(piece is not other for piece, other in zip(merged, known, strict=True)):
                    found[index] = merged
                    changed = True
                break
        else:
            found.append(text)
            changed = True
    return tuple(found) if changed else first


def _joined_type(first: Value, second: Value) -> str | None:
    if first.type == second.type:
        return first.type
    if not (second.is_opaque or second.texts or second.type):
        return first.type
    if not (first.is_opaque or first.texts or first.type):
        return second.type
    return None


def _same(first: Constant, second: Constant) -> bool:
    return type(first) is type(second) and bool(first == second)


def _kind(values: Iterable[Constant]) -> str | None:
    kinds = {type(value) for value in values}
    return f"builtins.{kinds.pop().__name__}" if len(kinds) == 1 and type(None) not in kinds else None
