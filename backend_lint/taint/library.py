"""Calls of libraries: the models' answer where there is one, the builtins' own meaning, else labels passed on."""

from __future__ import annotations

import functools
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from backend_lint.facts import ir
from backend_lint.project.external import returns
from backend_lint.project.modules import Class
from backend_lint.taint import (
    builtin_calls,
    containers,
    framework_calls,
    functional_calls,
    guards,
    models,
    strings,
    text_calls,
)
from backend_lint.taint.domain import (
    BOOLEAN,
    NONE,
    NOTHING,
    STRING,
    UNKNOWN,
    ClassValue,
    Derived,
    FunctionValue,
    Partial,
    Piece,
    Symbol,
    Value,
    join,
    join_all,
    labelled,
    placed,
)
from backend_lint.taint.evaluate import flat
from backend_lint.taint.file_paths import NO_ESCAPE, PATH, TEXTUAL, as_string, basename, joined_path
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import (
    READ,
    Label,
    Labels,
    Source,
    union,
)
from backend_lint.taint.members import _only
from backend_lint.taint.specials import MOST_PUBLIC, SPECIALS, Args, Keywords
from backend_lint.taint.state import Object, entry_key

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

_MEANINGS = (builtin_calls, framework_calls, functional_calls, text_calls)  # they fill `SPECIALS`

_RUNNERS = frozenset({"run_in_executor", "to_thread", "run_sync", "run_in_threadpool"})  # they give what is run gives


_PARTS = frozenset({
    "getlist", "get_list", "getall", "get_all", "getone", "get_one", "keys", "values", "items", "lists", "multi_items",
    "to_dict", "dict", "copy", "popitem", "read", "readline", "readlines", "getvalue", "json", "text",
})  # fmt: skip
"""Methods that give what the object holds that they are called on, whatever it is."""


class Library:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def call(
        self, frame: Frame, node: ir.Call, names: Sequence[str], receiver: Value | None, args: Args, keywords: Keywords
    ) -> Value:
        """A call of a library's function, known under these names, the nearest first."""
        known = self.engine.models
        for name in names:
            if name in known.harmless:
                break
            if name in known.sinks:
                self.engine.sinks.called(frame, node, name, receiver, args, keywords)
        for name in names:
            if name in known.ends:
                frame.state = None
                return NOTHING
            sanitizer = known.sanitizers.get(name)
            if sanitizer is not None:
                return self._sanitized(frame, sanitizer, receiver, args, keywords)
            guard = known.guards.get(name)
            if guard is not None:
                return self._guarded(guard, receiver, args, keywords)
            special = SPECIALS.get(name)
            if special is not None:
                found = special(self, frame, node, receiver, args, keywords)
                if found is not None:
                    return found
            source = known.calls.get(name)
            if source is not None:
                at = frame.place(node)
                label = Label(
                    Source(source.what, source.note, at), absent=frozenset(source.absent) | _only(source.only)
                )
                return Value(labels=(label.through(at, f"read from {source.note}"),), is_opaque=True, type=source.type)
            clean = known.clean.get(name) or known.clean.get(f"{name.rpartition('.')[0]}.*")
            if clean is not None:
                self._callbacks(frame, node, args, keywords)
                return Value(is_opaque=True, type=clean.type or self.result_type(frame, node, name, receiver))
            keyed = known.keyed.get(name)
            if keyed is not None:
                made = Object("instance", name, rest=labelled(self.all_labels(frame, None, args, {})), is_exact=False)
                if keyed.stores:
                    made = made.replaced(fields=dict(keywords))
                if not frame.labels(made.rest):
                    made = made.replaced(rest=NOTHING)
                return frame.allocate(node, made)
            if name in known.loaders:
                return self._loaded(frame, node, receiver, args, keywords)
            if name in known.readers:
                labels = tuple(
                    label.renewed().without(frozenset({READ}))
                    for label in self.all_labels(frame, receiver, args, keywords)
                )
                return labelled(labels, self.result_type(frame, node, name, receiver))
            if name in known.decoders:
                labels = tuple(label.renewed() for label in self.all_labels(frame, receiver, args, keywords))
                return labelled(labels, self.result_type(frame, node, name, receiver))
        if receiver is not None and type(node.func) is ir.Attribute:
            if node.func.name in known.clean_results:
                return Value(is_opaque=True, type=self.result_type(frame, node, None, None))
            self.engine.sinks.elsewhere(frame, node, node.func.name, receiver, args, keywords)
        return self.unknown(frame, node, names[0] if names else None, receiver, args, keywords)

    def _loaded(self, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
        """What a schema gives: its fields by name."""
        if receiver is not None and not args:
            dumped = self._dumped(frame, node, receiver, 3)
            if dumped is not None:
                return dumped
        found = labelled(self.all_labels(frame, receiver, args, keywords))
        kinds = {receiver.type, *(obj.cls for _, obj in frame.objects(receiver))} if receiver is not None else set()
        classes = [cls for cls in map(self.engine.project.cls, sorted(filter(None, kinds))) if cls is not None]
        return self.engine.fields.held(found, classes[0]) if len(classes) == 1 else found

    def _dumped(self, frame: Frame, node: ir.Call, value: Value, depth: int, tag: str = "") -> Value | None:
        """The fields of an instance of a validated class as a dict, and so those of what they hold; None of others."""
        cls = self.engine.project.cls(value.type) if value.type is not None else None
        if cls is None or not depth or not self.engine.fields.is_validated(cls):
            return None
        owners = [each for each in self.engine.project.classes.mro(cls) if isinstance(each, Class)]
        names = {name for each in owners for name, stmt in each.attributes.items() if stmt.annotation is not None}
        entries = {}
        for name in sorted(names):
            held = self.engine.members.peek(frame, value, name)
            inner = self._dumped(frame, node, held, depth - 1, f"{tag}.{name}")
            entries[entry_key(name)] = held if inner is None else inner
        return frame.allocate(node, Object("dict", entries=entries, is_exact=False), f"dump{tag}")

    def keyed(self, frame: Frame, node: ir.Call | None, one: Value, obj: Object, name: str, args: Args) -> Value | None:
        """A method of an object that holds values under keys; None where it is no such object."""
        model = self.engine.models.keyed.get(obj.cls or "")
        if model is None:
            return None
        if name in model.sets:
            *where, value = model.sets[name]
            if value < len(args):
                key = _key([args[index] for index in where])

                def change(obj: Object) -> Object:
                    if key is None:
                        return obj.with_unknown(args[value])
                    return obj.with_entry(key, args[value])

                frame.update(one, change)
            return NONE
        if name in model.gets:
            where = list(model.gets[name])
            if all(index < len(args) for index in where):
                key = _key([args[index] for index in where])
                known = obj.entries.get(entry_key(key)) if key is not None else None
                if known is not None:
                    return known
                if key is not None:
                    return join(STRING, obj.rest)
            return join(UNKNOWN, obj.elements())
        return None

    def of_section(self, frame: Frame, section: Derived, key: Value) -> Value:
        """`parser[section][key]`."""
        found = NOTHING
        for where, obj in frame.objects(section.source):
            read = self.keyed(frame, None, Value(references=(where,)), obj, "get", [section.detail, key])
            found = join(found, read if read is not None else UNKNOWN)
        return found

    def unknown(
        self, frame: Frame, node: ir.Call, name: str | None, receiver: Value | None, args: Args, keywords: Keywords
    ) -> Value:
        """A call that nothing is known of: labels pass from arguments and receiver to the result, facts do not."""
        found = self._callbacks(frame, node, args, keywords)
        if found is not NOTHING and type(node.func) is ir.Attribute and node.func.name in _RUNNERS:
            return found
        if not self.engine.options.unknown_calls_pass:
            return Value(is_opaque=True, type=self.result_type(frame, node, name, receiver))
        if (ir.dotted(node.func) or "").rpartition(".")[2] in self.engine.models.clean_results:
            return UNKNOWN
        if type(node.func) is ir.Attribute and self._reads_rows(frame, node.func):
            return Value(is_opaque=True, type=self.result_type(frame, node, name, receiver))
        passed = args[1:] if type(node.func) is ir.Attribute and node.func.name == "get" else args  # but for the key
        labels = self.all_labels(frame, receiver, passed, {} if _looks_up(node) else keywords)
        if labels:
            if name is None:
                is_guess = not _gives_a_part(node, receiver)
                labels = tuple(label.scattered().assuming(int(is_guess)) for label in labels)
            else:
                answered = frame.labels(receiver) if receiver is not None and _is_foreign(name) else ()
                given = {label.origin for label in self.all_labels(frame, None, passed, keywords)}
                answered_alone = {label.origin for label in answered} - given
                labels = tuple(label.scattered().assuming(int(label.origin in answered_alone)) for label in labels)
            if any(arg.stars == 2 for arg in node.args):  # what is made of fields by their names is no address
                labels = tuple(label.without(frozenset(), frozenset({"redirect"})) for label in labels)
            for arg in (*args, *keywords.values()):
                if arg.references:
                    frame.update(
                        arg,
                        lambda obj: obj.replaced(rest=join(obj.rest, labelled(labels))) if obj.kind != "tuple" else obj,
                    )
        kind = self.result_type(frame, node, name, receiver)
        return join(labelled(labels, kind), found) if found is not NOTHING else labelled(labels, kind)

    def _reads_rows(self, frame: Frame, func: ir.Attribute) -> bool:
        """Whether a chain of calls, `Order.query.filter(…).first`, starts at an entity: rows hold what is theirs."""
        expr: ir.Expr = func
        while True:
            match expr:
                case ir.Attribute(value=inner) | ir.Call(func=inner) | ir.Subscript(value=inner):
                    expr = inner
                case ir.Name():
                    entities = self.engine.project.models
                    found = frame.evaluate(expr).callables
                    return bool(found) and all(
                        type(each) is ClassValue and each.cls.qualified in entities for each in found
                    )
                case _:
                    return False

    def _is_entity(self, each: object) -> bool:
        return type(each) is ClassValue and each.cls.qualified in self.engine.project.models

    def _callbacks(self, frame: Frame, node: ir.Call, args: Args, keywords: Keywords) -> Value:
        """Functions of ours that are handed to a library are called, with what is handed over beside them."""
        given = [*args, *keywords.values()]
        if not any(value.callables for value in given):
            return NOTHING
        found = NOTHING
        for index, value in enumerate(given):
            for each in value.callables:
                if type(each) is Symbol and (each.receiver is not None or each.name not in self.engine.models.sinks):
                    continue
                if type(each) in (FunctionValue, Partial, Symbol):
                    beside = list(args[index + 1 :]) if index < len(args) else []
                    extra = keywords.get("args")
                    if extra is not None:
                        beside = containers.exact_items(frame, extra) or [labelled(frame.labels(extra))]
                    elif not beside:
                        labels = self.all_labels(frame, None, [each for each in given if each is not value], {})
                        count = len(each.function.parameters) if type(each) is FunctionValue else 0
                        beside = [labelled(labels)] * count if labels else []
                    rest = (
                        {}
                        if extra is not None
                        else {name: value for name, value in keywords.items() if not value.callables}
                    )
                    found = join(found, self.engine.calls.invoke(frame, node, each, beside, rest))
        return found

    def all_labels(self, frame: Frame, receiver: Value | None, args: Args, keywords: Keywords) -> Labels:
        found: Labels = () if receiver is None else frame.labels(receiver)
        for arg in args:
            if arg is not UNKNOWN:
                found = union(found, frame.labels(arg))
        for arg in keywords.values():
            if arg is not UNKNOWN:
                found = union(found, frame.labels(arg))
        return found

    def result_type(self, frame: Frame, node: ir.Call | None, name: str | None, receiver: Value | None) -> str | None:
        """The class of what a call gives."""
        if name is not None:
            known = self.engine.models.types.get(name)
            if known is not None:
                return known
            spec = returns().get(name)
            if spec == "self" and receiver is not None:
                return receiver.type
            if spec is not None and spec[0] not in ".$" and spec not in ("class", "self"):
                kind = spec.partition("[")[0]
                return receiver.type if receiver is not None and self._is_own_kind(receiver.type, kind) else kind
            if name.rpartition(".")[2][:1].isupper():
                return name
        found = self.engine.type_name(node, frame.scope) if node is not None else None
        if found is None and node is not None and type(node.func) is ir.Attribute:
            return self.engine.models.methods.get(node.func.name)
        return found

    def _is_own_kind(self, name: str | None, kind: str) -> bool:
        """Whether a class of ours is one of a library's: what a `QuerySet` of ours gives is one of ours."""
        cls = self.engine.project.cls(name) if name is not None else None
        return cls is not None and self.engine.project.classes.is_subclass(cls, kind)

    def _sanitized(
        self, frame: Frame, model: models.SanitizerModel, receiver: Value | None, args: Args, keywords: Keywords
    ) -> Value:
        cleaned, absent = models.expanded(model.cleans), frozenset(model.absent)
        value = NOTHING
        for where in model.arguments:
            given = _given(where, receiver, args, keywords)
            value = value if given is None else join(value, given)
        value = flat(frame, value) if value.references or value.callables else value
        if absent and not cleaned and (value.texts or value.consts):
            return self._escaped(value, absent).typed(model.type)
        labels = tuple(label.without(absent, cleaned) for label in value.all_labels())
        return labelled(labels, model.type or "builtins.str")

    def _escaped(self, value: Value, absent: frozenset[str]) -> Value:
        characters = {each for each in absent if len(each) == 1}

        def escaped(piece: Piece) -> Piece:
            if isinstance(piece, str):
                return STRING if characters & set(piece) else piece
            return piece.mapped(lambda label: label.without(absent))

        return strings.from_texts(tuple(map(escaped, text)) for text in strings.alternatives(value))

    def _guarded(self, model: models.GuardModel, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
        value = next(filter(None, (_given(where, receiver, args, keywords) for where in model.arguments)), None)
        if value is None:
            return BOOLEAN
        facts = (models.expanded(model.cleans), frozenset[str]())
        nothing = (frozenset[str](), frozenset[str]())
        detail = [(value, facts if model.on == "true" else nothing, facts if model.on == "false" else nothing)]
        return BOOLEAN.derived_from("verdict", value, detail)

    def _methods_called(self, frame: Frame, owner: Value, name: Value) -> Value:
        """The methods that a name with a literal beginning, `f"on_{event}"`, can stand for."""
        prefixes = tuple(text[0] for text in name.texts if type(text[0]) is str)
        kinds = {owner.type, *(obj.cls for _, obj in frame.objects(owner))}
        found = NOTHING
        for cls in filter(None, map(self.engine.project.cls, sorted(filter(None, kinds)))):
            lineage = [each for each in self.engine.project.classes.mro(cls) if isinstance(each, Class)]
            names = sorted({method for each in lineage for method in each.methods if method.startswith(prefixes)})
            if prefixes and len(names) <= MOST_PUBLIC:
                found = join(found, join_all(self.engine.members.peek(frame, owner, each) for each in names))
        return found

    # Paths

    def divided(self, frame: Frame, node: ir.Node, left: Value, right: Value) -> Value:
        """`left / right`."""
        if (left.type or "").startswith("pathlib.") or (right.type or "").startswith("pathlib."):
            return joined_path([flat(frame, left), flat(frame, right)]).typed(PATH)
        labels = union(frame.labels(left), frame.labels(right))
        return labelled(labels) if labels else UNKNOWN

    def path_member(self, frame: Frame, value: Value, name: str) -> Value:
        match name:
            case "name":
                return basename(value).derived_from("basename", value)
            case "stem" | "suffix":
                return basename(value)
            case "parent":
                return labelled(union(value.labels, placed(value.texts)), PATH).derived_from("parents", value)
            case "parents":
                return labelled(value.all_labels()).derived_from("parents", value)
            case "parts":
                return labelled(value.all_labels()).derived_from("parts", value)
            case _:
                return UNKNOWN

    def path_method(
        self, frame: Frame, node: ir.Call, value: Value, name: str, args: Args, keywords: Keywords
    ) -> Value:
        """A method of `pathlib.Path`; what touches the file is a sink of its models."""
        names = [f"{PATH}.{name}"]
        if name in ("resolve", "absolute"):
            facts = NO_ESCAPE if name == "resolve" else frozenset()
            labels = tuple(label.losing(TEXTUAL).without(facts) for label in value.all_labels())
            resolved = Value(value.consts, labels=labels, is_opaque=True, type=PATH)
            return resolved.derived_from("resolve", value) if name == "resolve" else resolved
        if name in ("joinpath", "with_name", "with_suffix", "with_stem"):
            given = [flat(frame, arg) for arg in args]
            return joined_path([value, *given] if name == "joinpath" else [labelled(value.all_labels()), *given]).typed(
                PATH
            )
        if name in ("as_posix", "__str__", "__fspath__"):
            return as_string(value)
        if name == "relative_to":
            guards.below(frame, value)
        if name in ("expanduser", "relative_to"):
            return value
        if name in ("exists", "is_file", "is_dir", "is_symlink", "is_relative_to", "is_absolute"):
            self.call(frame, node, names, value, args, keywords)
            return BOOLEAN
        if name in ("iterdir", "glob", "rglob"):
            self.call(frame, node, names, value, args, keywords)
            return containers.loose_list(frame, node, Value(is_opaque=True, type=PATH))
        return self.call(frame, node, names, value, args, keywords)


def _given(where: int | str, receiver: Value | None, args: Args, keywords: Keywords) -> Value | None:
    """The argument that a model's `arguments` name."""
    if isinstance(where, int):
        return args[where] if where < len(args) else None
    return receiver if where == "self" else keywords.get(where)


def _looks_up(node: ir.Call) -> bool:
    """Whether a call reads as `project.members.get(slug=…)`: no mapping's `get` takes keywords."""
    method = node.func.name if type(node.func) is ir.Attribute else ""
    names = {arg.keyword for arg in node.args if not arg.stars}
    return method in ("get", "aget") and bool(names) and names.isdisjoint({None, "url"})


def _gives_a_part(node: ir.Call, receiver: Value | None) -> bool:
    """Whether a method gives what lies in the object that it is called on, or in a part of the request itself."""
    if type(node.func) is not ir.Attribute:
        return False
    is_request = receiver is not None and bool(receiver.labels) and all(map(_is_just_read, receiver.labels))
    return node.func.name in _PARTS or (is_request and node.func.name in ("get", "pop"))


def _is_just_read(label: Label) -> bool:
    return type(label.origin) is Source and (label.way is None or label.way.length == 1)


@functools.lru_cache(maxsize=4096)
def _is_foreign(name: str) -> bool:
    """Whether a method is of a library that no model knows: what its object answers is the object's own."""
    package = name.partition(".")[0]
    return package not in sys.stdlib_module_names and package not in _known_packages()


@functools.cache
def _known_packages() -> frozenset[str]:
    return frozenset(models.packages())


def _key(parts: Sequence[Value]) -> tuple[Any, ...] | None:
    if all(len(part.consts) == 1 and part.is_constant for part in parts):
        return tuple(part.consts[0] for part in parts)
    names = [part.callables[0].name for part in parts if len(part.callables) == 1 and type(part.callables[0]) is Symbol]
    return tuple(names) if len(names) == len(parts) else None
