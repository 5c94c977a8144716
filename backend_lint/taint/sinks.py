"""Sinks: whether what arrives can do harm where it arrives."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.project.modules import Class, Function
from backend_lint.taint import containers, contexts, outbound, responses, strings
from backend_lint.taint.domain import NOTHING, Symbol, Value, constant, labelled
from backend_lint.taint.evaluate import flat
from backend_lint.taint.frame import Exposure, Frame, Sink
from backend_lint.taint.labels import ANY, PLAIN, RELATIVE, Input, Label
from backend_lint.taint.models import Condition, SinkModel, StoreModel
from backend_lint.taint.state import entry_key

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

_NONE: frozenset[str] = frozenset()
_XPATH = frozenset({"xpath"})
_STRUCTURED = frozenset({"nosql", "trust-boundary", "resource"})


class Sinks:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.followed: dict[int, str] = {}  # the method that is called at once on what a call gives, by the call's id
        self._spots: dict[tuple[str, Place, contexts.Kills], int] = {}

    def called(
        self,
        frame: Frame,
        node: ir.Call,
        symbol: str,
        receiver: Value | None,
        args: Sequence[Value],
        keywords: dict[str, Value],
    ) -> None:
        """A call of a library's function or method."""
        for sink in self.engine.models.sinks.get(symbol, ()):
            if self._is_taken_back(frame, node, sink, receiver):
                continue
            if all(self._holds(frame, condition, args, keywords) for condition in sink.when):
                self._judge(frame, node, symbol, sink, receiver, args, keywords)

    def _is_taken_back(self, frame: Frame, node: ir.Call, sink: SinkModel, receiver: Value | None) -> bool:
        """Whether a class of ours, or what follows the call, takes the danger out."""
        if sink.undone and self.followed.get(id(node)) in sink.undone:
            return True
        if sink.typed_by and frame.function is not None:
            handler = self._class_of(receiver) or frame.function.cls
            if responses.is_typed(self.engine.project, frame.function, handler, sink.typed_by):
                return True
        if receiver is None:
            return False
        if sink.overridden:
            kinds = {receiver.type, *(obj.cls for _, obj in frame.objects(receiver))}
            method = self.engine.project.classes.method
            own = (kind for kind in kinds if kind is not None and self.engine.project.cls(kind) is not None)
            if any(method(kind, name) is not None for kind in own for name in sink.overridden):
                return True
        return sink.kind == "ssrf" and outbound.is_guarded(frame, receiver)

    def _class_of(self, receiver: Value | None) -> Class | None:
        return self.engine.project.cls(receiver.type) if receiver is not None and receiver.type is not None else None

    def elsewhere(
        self, frame: Frame, node: ir.Call, name: str, receiver: Value, args: Sequence[Value], keywords: dict[str, Value]
    ) -> None:
        """A method of an object that nothing is known of, when its text says what it is."""
        for sink, pattern in self.engine.models.elsewhere.get(name, ()):
            text = _literals(frame, self._arguments(frame, sink, receiver, args, keywords))
            if pattern.search(text):
                self._judge(frame, node, name, sink, receiver, args, keywords)

    def stored(self, frame: Frame, target: ir.Expr, owner: Value, index: Value, value: Value) -> None:
        """`owner[index] = value` or `owner.index = value`."""
        stores = self.engine.models.stores
        kinds = {owner.type} if owner.type else set()
        kinds |= {obj.cls for _, obj in frame.objects(owner) if obj.cls}
        for kind in sorted(kinds):
            for name in self.engine.lineage(kind):
                for store in stores.get(name, ()):
                    if store.names and index.the_constant not in store.names:
                        continue
                    parts = [index] if "key" in store.parts and not _has_name_of_ours(index) else []
                    parts += [value] if "value" in store.parts and _is_trusted(store, index) else []
                    sink = SinkModel(kind=store.kind, calls=(), arguments=(), fits=store.fits)
                    self.judge(frame, target, name, sink, parts)

    def answered(self, frame: Frame, function: Function) -> None:
        """What a method returns that a library calls and makes use of."""
        if function.cls is None or function.name not in self.engine.models.answering:
            return
        owners = (each for each in self.engine.project.classes.mro(function.cls) if isinstance(each, str))
        names = (f"{owner}.{function.name}" for owner in owners)
        model = next((self.engine.models.answers[name] for name in names if name in self.engine.models.answers), None)
        if model is None:
            return
        sink = SinkModel(kind=model.kind, calls=(), arguments=(), fits=model.fits)
        last = frame.state
        for state, value, node in frame.returns:
            frame.state = state
            if node is not None:
                self.judge(frame, node, function.name, sink, [value])
        frame.state = last

    def _judge(
        self,
        frame: Frame,
        node: ir.Call,
        symbol: str,
        sink: SinkModel,
        receiver: Value | None,
        args: Sequence[Value],
        keywords: dict[str, Value],
    ) -> None:
        values = self._arguments(frame, sink, receiver, args, keywords)
        if sink.kind == "xpath" and receiver is not None:  # who sent the document may ask for any part of it
            own = {_document(label) for label in frame.labels(receiver)}
            values = [
                each.mapped(lambda label: label.without(_NONE, _XPATH) if _document(label) in own else label)
                for each in values
            ]
        if "names" in sink.arguments:
            mappings = [frame.evaluate(arg.value) for arg in node.args if arg.stars == 2]
            values += [obj.keys for mapping in mappings for _, obj in frame.objects(mapping)]
            values += [labelled(mapping.labels) for mapping in mappings if mapping.labels]
        self.judge(frame, node, symbol, sink, values)

    def judge(self, frame: Frame, node: ir.Node, symbol: str, sink: SinkModel, values: Sequence[Value]) -> None:
        context = sink.context or sink.kind
        at = frame.place(node)
        self.engine.examine(at, sink.kind)
        if context == "words":
            self._program(frame, at, symbol, sink, values)
            return
        apart = _NO_TEXT.get(sink.kind)
        for value in [_without(frame, each, apart) for each in values] if apart is not None else values:
            if value is NOTHING:
                continue
            if context == "shell-or-arguments":
                self._command(frame, at, symbol, sink, value)
            else:
                self._text(frame, at, symbol, sink, context, value)

    def _command(self, frame: Frame, at: Place, symbol: str, sink: SinkModel, value: Value) -> None:
        """What `subprocess` takes without a shell: a program and its arguments, or a shell and what it is to run."""
        items = containers.exact_items(frame, value) if value.references else None
        if items is None:
            for _, obj in frame.objects(value):
                if obj.items is None:
                    self._text(frame, at, symbol, sink, "argument", obj.elements(), kind="argument")
            if not value.references:
                self._text(frame, at, symbol, sink, "bare", value)
            return
        self._program(frame, at, symbol, sink, items)

    def _program(self, frame: Frame, at: Place, symbol: str, sink: SinkModel, words: Sequence[Value]) -> None:
        """A program and its arguments; where it is a shell, one of them is what it is to run."""
        if not words:
            return
        switch = next((index for index, word in enumerate(words[:_MOST_SWITCHES]) if _can_be(word, _RUNS)), 0)
        if any(_can_be(word, _SHELLS) for word in words[:switch]):
            for word in words[switch + 1 : switch + 2]:
                self._text(frame, at, symbol, sink, "shell", word)
            return
        self._text(frame, at, symbol, sink, "bare", words[0])
        for word in words[1:]:
            if word.the_constant == "--":
                break
            self._text(frame, at, symbol, sink, "argument", word, kind="argument")

    def _text(
        self, frame: Frame, at: Any, symbol: str, sink: SinkModel, context: str, value: Value, kind: str | None = None
    ) -> None:
        kind = kind or sink.kind
        if kind in _STRUCTURED:
            self._expose(frame, at, symbol, sink, kind, context, (), (), frame.labels(value))
            return
        if context == "sql-text":  # an expression of the library's own is no text
            labels = value.labels if value.type == "builtins.str" else ()
            value = Value(texts=value.texts, labels=labels, is_opaque=bool(labels))
        for text in strings.alternatives(flat_deep(frame, value)):
            for index, piece in enumerate(text):
                if type(piece) is not Value:
                    continue
                if not piece.labels:
                    if not piece.type:
                        self.engine.unproved(at, sink.kind)
                    continue
                self._expose(frame, at, symbol, sink, kind, context, text[:index], text[index + 1 :], piece.labels)

    def _expose(
        self,
        frame: Frame,
        at: Any,
        symbol: str,
        sink: SinkModel,
        kind: str,
        context: str,
        before: Any,
        after: Any,
        labels: Any,
    ) -> None:
        kills = contexts.kills(context, before, after)
        if kills is None:
            return
        met = [each for each in labels if kind not in each.cleaned and not contexts.is_killed(kills, each.absent)]
        if not met:
            return
        reached = Sink(kind, at, symbol, sink.fits, contexts.described(context, before))
        spot = self._spots.setdefault((kind, at, kills), len(self._spots))
        for label in met:
            frame.expose(Exposure(reached, label, kills, spot))

    def _arguments(
        self, frame: Frame, sink: SinkModel, receiver: Value | None, args: Sequence[Value], keywords: dict[str, Value]
    ) -> list[Value]:
        found: list[Value] = []
        for where in sink.arguments:
            match where:
                case int() if where < len(args):
                    found.append(args[where])
                case "self" if receiver is not None:
                    found.append(receiver)
                case "*":
                    found.extend(args)
                case "%":
                    found.extend(_shown_as_text(args))
                case "**":
                    found.extend(keywords.values())
                case str() if where[0].isdigit() and int(where[0]) < len(args):  # an entry: `0/$where`
                    found.append(_entry(frame, args[int(where[0])], where[2:]) or NOTHING)
                case str() if where.partition("/")[0] in keywords and "/" in where:
                    keyword, _, entry = where.partition("/")
                    found.append(_entry(frame, keywords[keyword], entry) or NOTHING)
                case str() if where in keywords:
                    found.append(keywords[where])
        return found

    def _holds(self, frame: Frame, condition: Condition, args: Sequence[Value], keywords: dict[str, Value]) -> bool:
        value: Value | None = None
        if condition.keyword is not None:
            value = keywords.get(condition.keyword)
        if value is None and condition.at is not None and condition.at < len(args):
            value = args[condition.at]
        if value is not None and condition.entry is not None:
            value = _entry(frame, value, condition.entry)
        if value is None:
            if condition.default is None and condition.is_ is not None:
                return None in condition.is_
            value = constant(condition.default)
        found = _comparable(value)
        if not found:
            return condition.unknown
        if condition.is_ is not None:
            return any(each in condition.is_ for each in found) or (value.is_opaque and condition.unknown)
        return not all(each in (condition.isnt or ()) for each in found)


_SHELLS = frozenset(
    {"sh", "bash", "zsh", "dash", "ash", "ksh", "cmd", "cmd.exe", "powershell", "powershell.exe", "pwsh"}
)
_RUNS = frozenset({"-c", "/c", "/C", "-Command", "-lc"})
_MOST_SWITCHES = 5  # words among which a shell is looked for: `/usr/bin/env`, `bash`, `-e`, `-l`, `-c`


def _can_be(word: Value, names: frozenset[str]) -> bool:
    """Whether a word of a command is, or may be, one of the names, wherever the program lies."""
    return word.is_constant and any(str(each).rpartition("/")[2] in names or str(each) in names for each in word.consts)


_CONVERSION = re.compile(r"%(?:\(\w+\))?[-#0 +]*[\d*]*(?:\.[\d*]+)?([a-zA-Z%])")


def _shown_as_text(args: Sequence[Value]) -> list[Value]:
    """A message and the values that it shows as they are: `%r` escapes line breaks, and a number has none."""
    start = next((index for index, each in enumerate(args) if isinstance(each.the_constant, str)), None)
    if start is None:
        return list(args)
    conversions = [each for each in _CONVERSION.findall(str(args[start].the_constant)) if each != "%"]
    values = args[start + 1 :]
    if len(conversions) != len(values):
        return list(args)
    return [*args[: start + 1], *(value for value, how in zip(values, conversions, strict=True) if how == "s")]


_NO_TEXT = {"path": "buffer", "xss": "dict"}  # buffers in memory stand for an open file, a dict is sent as JSON


def _without(frame: Frame, value: Value, kind: str) -> Value:
    """What can arrive besides objects of a kind."""
    kept = tuple(where for where in value.references if (obj := frame.object(where)) is None or obj.kind != kind)
    if kept == value.references:
        return value
    if not kept and not (value.consts or value.texts or value.callables or value.is_opaque):
        return NOTHING
    return Value(value.consts, value.texts, kept, value.callables, value.labels, value.is_opaque, value.type)


def flat_deep(frame: Frame, value: Value) -> Value:
    """As text; of a list each element may arrive."""
    return flat(frame, value) if value.references or value.callables else value


def _document(label: Label) -> object:
    """What a label's data is a part of: the client's document, or what a parameter holds as a whole."""
    return label.origin.name if type(label.origin) is Input else label.origin


def _has_name_of_ours(key: Value) -> bool:
    """Whether a key begins with a literal, as in `f"cart_{event}"`: what is kept below it is no other code's."""
    heads = [text[0] for text in key.texts]
    labels = [*key.labels, *(label for head in heads if type(head) is Value for label in head.labels)]
    return bool(heads or labels) and all(label.absent >= _BEHIND and ANY not in label.absent for label in labels)


_BEHIND = frozenset({RELATIVE, PLAIN})  # what is known of a hole that has a literal before it


def _is_trusted(store: StoreModel, name: Value) -> bool:
    """Whether what is stored under a name is taken for the application's own decision."""
    key = name.the_constant
    return not store.trusted or (isinstance(key, str) and re.fullmatch(store.trusted, key) is not None)


def _entry(frame: Frame, value: Value, name: str) -> Value | None:
    found: Value | None = None
    for _, obj in frame.objects(value):
        found = obj.fields.get(name) or obj.entries.get(entry_key((name,))) or obj.entries.get(entry_key(name))
    return found


def _comparable(value: Value) -> list[Any]:
    return [*value.consts, *(each.name for each in value.callables if type(each) is Symbol)]


def _literals(frame: Frame, values: Sequence[Value]) -> str:
    found: list[str] = []
    for value in values:
        for text in strings.alternatives(flat_deep(frame, value)):
            found.extend(piece for piece in text if type(piece) is str)
    return " ".join(found)
