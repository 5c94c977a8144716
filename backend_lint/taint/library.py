"""Calls of libraries: the models' answer where there is one, the builtins' own meaning, else labels passed on."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from backend_lint.facts import ir
from backend_lint.project.external import returns
from backend_lint.project.modules import Class
from backend_lint.taint import containers, guards, models, outbound, regexes, responses, strings
from backend_lint.taint.domain import (
    ADDRESS,
    BOOLEAN,
    NONE,
    NOTHING,
    NUMBER,
    STRING,
    UNKNOWN,
    ClassValue,
    Derived,
    FunctionValue,
    Partial,
    Piece,
    Symbol,
    Value,
    callable_value,
    constant,
    constants,
    join,
    join_all,
    labelled,
    placed,
)
from backend_lint.taint.evaluate import flat
from backend_lint.taint.evidence import CLEAN
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import META, NAME, NORMALISED, ORIGIN, READ, RELATIVE, WORD, Label, Labels, Source, union
from backend_lint.taint.members import _only
from backend_lint.taint.state import Object, entry_key

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

Args = Sequence[Value]
Keywords = dict[str, Value]
PATH = "pathlib.Path"
MOST_PUBLIC = 16
_COLUMN = models.SinkModel(kind="field-name", calls=(), arguments=(), fits="a table of the names that are allowed")
_RUNNERS = frozenset({"run_in_executor", "to_thread", "run_sync", "run_in_threadpool"})  # they give what is run gives
_BELOW_HOST = re.compile(r"/\w")
_NO_ESCAPE = frozenset({"..", "../", "..\\", NORMALISED})
_URL_SAFE = frozenset(META - {"/", "-", ".", "_", "~", "+", "%", "..", "../", "//"})


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
                return self._loaded(frame, receiver, args, keywords)
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

    def _loaded(self, frame: Frame, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
        """What a schema gives: its fields by name."""
        found = labelled(self.all_labels(frame, receiver, args, keywords))
        kinds = {receiver.type, *(obj.cls for _, obj in frame.objects(receiver))} if receiver is not None else set()
        classes = [cls for cls in map(self.engine.project.cls, sorted(filter(None, kinds))) if cls is not None]
        return self.engine.fields.held(found, classes[0]) if len(classes) == 1 else found

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
                        return obj.replaced(rest=join(obj.rest, args[value]), is_exact=False)
                    return obj.with_entry(key, args[value])

                frame.update(one, change)
            return NONE
        if name in model.gets:
            where = list(model.gets[name])
            if all(index < len(args) for index in where):
                key = _key([args[index] for index in where])
                known = obj.entries.get(entry_key(key)) if key is not None else None
                if known is not None:
                    return known if not obj.rest.labels else join(known, obj.rest)
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
            labels = tuple(label.scattered().assuming(int(name is None)) for label in labels)
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
                return spec.partition("[")[0]
            if name.rpartition(".")[2][:1].isupper():
                return name
        found = self.engine.type_name(node, frame.scope) if node is not None else None
        if found is None and node is not None and type(node.func) is ir.Attribute:
            return self.engine.models.methods.get(node.func.name)
        return found

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
            facts = _NO_ESCAPE if name == "resolve" else frozenset()
            labels = tuple(label.without(facts) for label in value.all_labels())
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


def as_string(value: Value) -> Value:
    """A path as text."""
    text = Value(value.consts, value.texts, (), (), value.labels, value.is_opaque, None)
    return text.derived_from("path", value)


def _looks_up(node: ir.Call) -> bool:
    """Whether a call reads as `project.members.get(slug=…)`: no mapping's `get` takes keywords."""
    method = node.func.name if type(node.func) is ir.Attribute else ""
    names = {arg.keyword for arg in node.args if not arg.stars}
    return method in ("get", "aget") and bool(names) and names.isdisjoint({None, "url"})


def joined_path(parts: Sequence[Value]) -> Value:
    """`os.path.join(…)`: each part below the one before it, unless it is absolute."""
    found = parts[0] if parts else NOTHING
    for part in parts[1:]:
        if part.is_constant and all(isinstance(each, str) for each in part.consts):
            below = strings.concatenated([found, constant("/"), part])
            if any(each.startswith("/") for each in part.consts):
                below = join(below, part)
            found = below
            continue
        pieces = NOTHING
        for text in strings.alternatives(part):
            alone = strings.from_texts([text])
            below = strings.concatenated([found, constant("/"), alone])
            first = text[0] if text else ""
            absolute = type(first) is not str and any(
                "/" not in label.absent and RELATIVE not in label.absent
                for label in first.labels  # type: ignore[union-attr]
            )
            pieces = join(pieces, below)
            if absolute:
                pieces = join(pieces, alone)
        found = pieces
    return Value(found.consts, found.texts, (), (), found.labels, found.is_opaque, None)


def basename(value: Value) -> Value:
    labels = tuple(label.without(NAME) for label in value.all_labels())
    if value.is_constant and all(isinstance(each, str) for each in value.consts):
        return constants(each.rpartition("/")[2] for each in value.consts)
    return labelled(labels, "builtins.str")


def _key(parts: Sequence[Value]) -> tuple[Any, ...] | None:
    if all(len(part.consts) == 1 and part.is_constant for part in parts):
        return tuple(part.consts[0] for part in parts)
    names = [part.callables[0].name for part in parts if len(part.callables) == 1 and type(part.callables[0]) is Symbol]
    return tuple(names) if len(names) == len(parts) else None


# What builtins and the most common functions mean: (library, frame, node, receiver, args, keywords) -> value or None

Special = Callable[[Library, Frame, ir.Call, "Value | None", Args, Keywords], "Value | None"]
SPECIALS: dict[str, Special] = {}


def _special(*names: str) -> Callable[[Special], Special]:
    def register(function: Special) -> Special:
        for name in names:
            SPECIALS[name] = function
        return function

    return register


@_special("builtins.str", "builtins.bytes", "django.utils.encoding.force_str", "django.utils.encoding.smart_str")
def _str(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if not args:
        return constant("")
    value = args[0]
    if (value.type or "").startswith("pathlib."):
        return as_string(value)
    if value.is_constant and not keywords and not any(isinstance(each, bytes) for each in value.consts):
        return constants(str(each) for each in value.consts)
    found = flat(frame, value)
    if found.is_opaque and not found.texts and found.type != "builtins.str":
        return found.typed("builtins.str").derived_from("str", value)
    return found


_NUMBERS: dict[str, Callable[[Any], Any]] = {"int": int, "ord": ord, "float": float}


@_special("builtins.repr", "builtins.ascii", "builtins.format")
def _repr(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    return labelled(self.all_labels(frame, None, args, {}), "builtins.str")


@_special("builtins.int", "builtins.float", "uuid.UUID", "decimal.Decimal", "ipaddress.ip_address", "builtins.ord",
          "ipaddress.ip_network", "datetime.datetime.fromisoformat", "datetime.date.fromisoformat",
          "datetime.datetime.strptime", "bson.ObjectId", "bson.objectid.ObjectId", "ipaddress.IPv4Address")  # fmt: skip
def _number(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """Text that passes has nothing else in it: the result is clean, and the text is from here on."""
    name = ir.dotted(node.func) or ""
    if not args:
        return NUMBER
    value = args[0]
    if value.is_constant and name in ("int", "ord", "float") and len(args) == 1:
        run = _NUMBERS[name]
        results = []
        for each in value.consts:
            if isinstance(each, (str, int, float, bytes)) and len(str(each)) < 64:
                try:
                    results.append(run(each))
                except (TypeError, ValueError, OverflowError):
                    continue
        if results:
            return constants(results)
    if value.derived is not None and value.derived.how == "resolved":
        return Value(is_opaque=True, type=ADDRESS, derived=value.derived)
    labels = frame.labels(value)
    if not labels:
        return NUMBER
    is_address = name.rpartition(".")[2].startswith(("ip_", "IP"))
    kinds = CLEAN[0] - {"ssrf", "redirect"} if is_address else CLEAN[0]
    if name != "ord":
        value = guards.proved(frame, value, lambda label: label.without(WORD, kinds))
    cleaned = tuple(label.without(WORD, kinds) for label in labels)
    if is_address:
        return Value(labels=cleaned, is_opaque=True, type=ADDRESS, derived=Derived("resolved", value))
    return Value(labels=cleaned, is_opaque=True, type="builtins.int")


@_special("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyname_ex", "dns.resolver.resolve",
          "dns.resolver.query", "asyncio.AbstractEventLoop.getaddrinfo", "anyio.getaddrinfo")  # fmt: skip
def _resolved(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """The addresses of a host: who refuses some of them has judged the host."""
    host = args[0] if args else keywords.get("host", UNKNOWN)
    return Value(is_opaque=True, derived=Derived("resolved", host))


@_special("builtins.bool", "builtins.isinstance", "builtins.issubclass", "builtins.hasattr", "builtins.callable",
          "builtins.any", "builtins.all")  # fmt: skip
def _boolean(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if len(args) == 1 and node.func and ir.dotted(node.func) == "bool":
        true, false = guards.truth(frame, args[0])
        return constants([*([True] if true else []), *([False] if false else [])])
    return BOOLEAN


@_special("builtins.len")
def _len(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if len(args) != 1:
        return NUMBER
    value = args[0]
    if value.is_constant and all(isinstance(each, (str, bytes, tuple)) for each in value.consts):
        return constants(len(each) for each in value.consts)
    items = containers.exact_items(frame, value) if value.references else None
    if items is not None:
        return constant(len(items))
    return Value(is_opaque=True, type="builtins.int", derived=Derived("len", value, 0))


@_special("builtins.list", "builtins.tuple", "builtins.sorted", "builtins.reversed", "builtins.set",
          "builtins.frozenset", "builtins.iter", "collections.deque", "builtins.filter")  # fmt: skip
def _list(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    name = (ir.dotted(node.func) or "").rpartition(".")[2]
    kind = {"tuple": "tuple", "set": "set", "frozenset": "set"}.get(name, "list")
    if not args:
        return containers.new_list(frame, node, [], kind)
    source = args[-1] if name == "filter" else args[0]
    if source.type == "urllib.parse.ParseResult":
        return containers.new_list(frame, node, [labelled(source.labels, "builtins.str")] * 6, kind)
    items = containers.exact_items(frame, source)
    if items is not None and name in ("list", "tuple", "iter", "set", "frozenset", "deque", "reversed"):
        return containers.new_list(frame, node, items[::-1] if name == "reversed" else items, kind)
    element = containers.element(frame, source)
    if name == "filter" and len(args) == 2:
        _called_with(self, frame, node, args[0], [element])
    made = frame.allocate(node, Object(kind, rest=element, is_exact=False))
    return made.derived_from("elements", source) if kind == "set" else made


@_special("builtins.map")
def _map(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if len(args) < 2:
        return UNKNOWN
    items = containers.exact_items(frame, args[1]) if len(args) == 2 else None
    if items is not None and len(items) <= 8:
        return containers.new_list(frame, node, [_called_with(self, frame, node, args[0], [item]) for item in items])
    elements = [containers.element(frame, arg) for arg in args[1:]]
    return containers.loose_list(frame, node, _called_with(self, frame, node, args[0], elements))


def _called_with(self: Library, frame: Frame, node: ir.Call, target: Value, args: Args) -> Value:
    return self.engine.calls.value(frame, node, target, list(args), {})


@_special("builtins.enumerate")
def _enumerate(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    pair = containers.new_list(frame, node, [NUMBER, containers.element(frame, args[0])], "tuple", "pair")
    return containers.loose_list(frame, node, pair)


@_special("builtins.zip", "itertools.zip_longest", "itertools.product")
def _zip(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    elements = [containers.element(frame, arg) for arg in args]
    return containers.loose_list(frame, node, containers.new_list(frame, node, elements, "tuple", "pair"))


@_special("itertools.chain", "itertools.chain.from_iterable")
def _chain(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    element = join_all(containers.element(frame, arg) for arg in args)
    if (ir.dotted(node.func) or "").endswith("from_iterable"):
        element = containers.element(frame, element)
    return containers.loose_list(frame, node, element)


@_special("builtins.next", "builtins.min", "builtins.max", "random.choice", "secrets.choice")
def _next(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if not args:
        return UNKNOWN
    if len(args) > 1 and ir.dotted(node.func) in ("min", "max"):
        found = join_all(args)
        if ir.dotted(node.func) == "min" and not all(frame.labels(arg) for arg in args):
            return found.mapped(lambda label: label.without(frozenset(), frozenset({"resource"})))
        return found
    found = containers.element(frame, args[0])
    return join(found, args[1]) if len(args) > 1 else found


@_special("builtins.dict", "collections.OrderedDict", "collections.defaultdict", "collections.Counter",
          "werkzeug.datastructures.MultiDict", "werkzeug.datastructures.ImmutableMultiDict")  # fmt: skip
def _dict(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    made = frame.allocate(node, Object("dict"))
    if args and (ir.dotted(node.func) or "").endswith("defaultdict"):
        default = _called_with(self, frame, node, args[0], []) if args[0].callables else NONE
        frame.update(made, lambda obj: obj.replaced(rest=default, is_exact=False))
        args = args[1:]
    for arg in args:
        if any(obj.kind in ("list", "tuple", "set") for _, obj in frame.objects(arg)):
            pair = containers.element(frame, arg)
            key, value = (containers.item(frame, pair, constant(index)) for index in (0, 1))
            frame.update(made, lambda obj: obj.replaced(rest=value, keys=key, is_exact=False))  # noqa: B023
        elif not arg.callables and not arg.is_constant:
            containers.merge_into(frame, made, arg)
    for name, value in keywords.items():
        containers.store(frame, made, constant(name), value)
    return made


@_special("builtins.getattr")
def _getattr(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    if len(args) < 2:
        return None
    default = args[2] if len(args) > 2 else NOTHING
    if any(type(each) is ClassValue and each.cls.qualified in self.engine.project.models for each in args[0].callables):
        self.engine.sinks.judge(frame, node, "builtins.getattr", _COLUMN, args[1:2])
    names = [each for each in args[1].consts if isinstance(each, str)] if args[1].is_constant else None
    if names:
        return join(join_all(self.engine.members.peek(frame, args[0], name, node) for name in names), default)
    found = join(default, self._methods_called(frame, args[0], args[1]))
    for each in args[0].callables:
        if type(each) is Symbol and each.receiver is None:
            found = join(found, self.engine.public(each.name, MOST_PUBLIC))
    labels = union(frame.labels(args[0]), frame.labels(args[1]))
    return join(found, labelled(labels)) if labels or found is NOTHING else found


@_special("rest_framework.generics.GenericAPIView.get_serializer", "django.views.generic.FormMixin.get_form")
def _of_the_view(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """An instance of the class of serializers, or of forms, that the view names."""
    if receiver is None or type(node.func) is not ir.Attribute:
        return None
    kind = node.func.name.removeprefix("get_")
    named = self.engine.calls.method(frame, receiver, f"get_{kind}_class", [])
    if named is None:
        named = self.engine.members.peek(frame, receiver, f"{kind}_class")
    return self.engine.calls.value(frame, node, named, list(args), keywords) if named.callables else None


@_special("django.db.models.Manager.create", "django.db.models.Manager.get_or_create")
def _created(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """`Order.objects.create(…)`: what it stores."""
    match node.func:
        case ir.Attribute(value=ir.Attribute(value=entity)):
            for each in frame.evaluate(entity).callables:
                if type(each) is ClassValue:
                    for name, value in keywords.items():
                        self.engine.stored.written(frame, each.cls, name, value)
    return None


@_special("httpx.Client", "httpx.AsyncClient")
def _client(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    transport = keywords.get("transport")
    is_guarded = transport is not None and outbound.is_refusing(frame, transport)
    return Value(is_opaque=True, type=outbound.GUARDED) if is_guarded else None


@_special("requests.Session.mount")
def _mount(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    match node.func:
        case ir.Attribute(value=ir.Name(id=name)) if frame.state is not None and len(args) > 1:
            if name in frame.state.env and outbound.is_refusing(frame, args[1]):
                frame.state.bind(name, Value(is_opaque=True, type=outbound.GUARDED))
    return NONE


@_special("dataclasses.asdict", "attrs.asdict", "attr.asdict", "builtins.vars")
def _as_dict(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    made = [obj for _, obj in frame.objects(args[0])] if args and not args[0].is_opaque else []
    if len(made) != 1 or made[0].kind != "instance":
        return None
    entries = {entry_key(name): value for name, value in made[0].fields.items()}
    return frame.allocate(node, Object("dict", entries=entries, rest=made[0].rest, is_exact=False))


@_special("builtins.setattr")
def _setattr(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if len(args) == 3:
        name = args[1].the_constant
        if isinstance(name, str):
            frame.update(args[0], lambda obj: obj.with_field(name, args[2]))
        else:
            frame.update(args[0], lambda obj: obj.replaced(rest=join(obj.rest, args[2])))
    return NONE


@_special("builtins.chr")
def _chr(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if args and args[0].is_constant:
        return constants(chr(each) for each in args[0].consts if isinstance(each, int) and 0 <= each < 0x110000)
    labels = tuple(label.renewed()._replace(cleaned=frozenset()) for label in self.all_labels(frame, None, args, {}))
    return labelled(labels, "builtins.str")


@_special("builtins.print", "builtins.id", "builtins.hash", "builtins.type", "builtins.round", "builtins.hex")
def _nothing(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return UNKNOWN


@_special("builtins.abs", "builtins.sum", "builtins.pow", "builtins.divmod")
def _arithmetic(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return labelled(tuple(label.scattered() for label in self.all_labels(frame, None, args, {})))


@_special("builtins.range")
def _range(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    bounds = [arg.the_constant for arg in args]
    if bounds and all(isinstance(bound, int) for bound in bounds):
        try:
            numbers = range(*bounds)
        except (TypeError, ValueError):
            numbers = range(0)
        if len(numbers) <= 16:
            return containers.new_list(frame, node, [constant(each) for each in numbers])
    return containers.loose_list(frame, node, NUMBER)


@_special("typing.cast")
def _cast(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    return args[1] if len(args) > 1 else UNKNOWN


@_special("copy.copy", "copy.deepcopy", "asyncio.run", "asyncio.wait_for", "asyncio.create_task", "asyncio.shield",
          "asyncio.ensure_future", "contextlib.closing", "asgiref.sync.sync_to_async", "asgiref.sync.async_to_sync",
          "functools.wraps", "os.fspath", "django.utils.decorators.method_decorator", "sys.intern",
          "asyncio.get_event_loop().run_until_complete")  # fmt: skip
def _same(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    return args[0] if args else UNKNOWN


@_special("functools.partial", "functools.partialmethod")
def _partial(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args or not args[0].callables:
        return labelled(self.all_labels(frame, None, args, keywords))
    return callable_value(Partial(args[0].callables, tuple(args[1:]), tuple(keywords.items())))


@_special("os.path.join", "posixpath.join", "ntpath.join", "urllib.request.url2pathname")
def _path_join(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return joined_path([flat(frame, arg) for arg in args]) if args else UNKNOWN


@_special(
    "pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath", "pathlib.PurePosixPath", "anyio.Path", "aiopath.AsyncPath"
)
def _path(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    if not args:
        return Value(consts=(".",), type=PATH)
    found = joined_path([flat(frame, arg) for arg in args])
    return found.typed(PATH).derived_from("path", args[0]) if len(args) == 1 else found.typed(PATH)


@_special("django.http.HttpRequest.build_absolute_uri", "rest_framework.request.Request.build_absolute_uri")
def _absolute(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """With a location, that behind the server's own address; without, the address that was asked for."""
    if not args and not keywords:
        return None
    return labelled(self.all_labels(frame, None, args, keywords), "builtins.str")


@_special("os.path.basename", "posixpath.basename", "ntpath.basename")
def _basename(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return basename(flat(frame, args[0])).derived_from("basename", args[0]) if args else UNKNOWN


@_special("os.path.abspath", "os.path.realpath", "os.path.normpath")
def _normalised(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    value = flat(frame, args[0])
    if value.is_constant:
        return value
    is_absolute = ir.dotted(node.func) is not None and not (ir.dotted(node.func) or "").endswith("normpath")
    facts = _NO_ESCAPE if is_absolute else frozenset({NORMALISED})
    found = labelled(tuple(label.without(facts) for label in value.all_labels()), "builtins.str")
    return found.derived_from("resolve", args[0]) if is_absolute else found


@_special("os.path.commonpath", "os.path.commonprefix")
def _common(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    items = containers.exact_items(frame, args[0]) if args else None
    for item in items or ():
        if frame.labels(item):
            return STRING.derived_from("commonpath", item)
    return STRING


@_special("os.path.splitext", "os.path.split", "posixpath.split")
def _split_path(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    value = flat(frame, args[0])
    if (ir.dotted(node.func) or "").endswith("splitext"):
        rest = tuple(label.without(frozenset({"/", "\\", "..", "../", RELATIVE})) for label in value.all_labels())
        return containers.new_list(frame, node, [value, labelled(rest, "builtins.str")], "tuple")
    parts = [labelled(value.all_labels(), "builtins.str"), basename(value)]
    return containers.new_list(frame, node, parts, "tuple")


@_special("urllib.parse.urlparse", "urllib.parse.urlsplit", "furl.furl", "yarl.URL", "urllib3.util.parse_url",
          "urllib3.util.url.parse_url")  # fmt: skip
def _urlparse(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    labels = placed(args[0].texts) if args[0].texts and not args[0].is_opaque else frame.labels(args[0])
    found = Value(labels=labels, is_opaque=True, type="urllib.parse.ParseResult")
    return found.derived_from("urlparse", args[0])


@_special("urllib.parse.urlunsplit", "urllib.parse.urlunparse")
def _urlunparse(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """The parts of an address, put together: whose host is fixed stays there."""
    items = containers.exact_items(frame, args[0]) if args else None
    if items is None or len(items) < 3:
        return labelled(self.all_labels(frame, None, args, {}), "builtins.str")
    place, rest = self.all_labels(frame, None, items[:3], {}), self.all_labels(frame, None, items[3:], {})
    if not frame.labels(items[1]):
        place = _behind_host(place)
    return labelled(union(place, _behind_host(rest)), "builtins.str")


def _behind_host(labels: Labels) -> Labels:
    """Of what stands in an address where it has no say in its host."""
    return tuple(label.without(frozenset({ORIGIN})) for label in labels)


@_special("tornado.httputil.url_concat", "oauthlib.common.add_params_to_uri",
          "starlette.datastructures.URL.include_query_params", "starlette.datastructures.URL.replace_query_params",
          "oauthlib.oauth2.WebApplicationClient.prepare_request_uri", "oauthlib.oauth2.Client.prepare_request_uri",
          "oauthlib.oauth2.Client.prepare_token_request", "oauthlib.oauth2.WebApplicationClient.prepare_token_request",
          "oauthlib.oauth2.WebApplicationClient.prepare_authorization_request",
          "oauthlib.oauth2.Client.prepare_authorization_request",
          "requests_oauthlib.OAuth2Session.authorization_url")  # fmt: skip
def _with_query(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """An address, and what is put into its query."""
    base = self.all_labels(frame, receiver, args[:1], {})
    return labelled(union(base, _behind_host(self.all_labels(frame, None, args[1:], keywords))))


@_special("urllib.parse.ParseResult._replace")
def _parts_replaced(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    place = {name: value for name, value in keywords.items() if name not in ("query", "fragment", "params")}
    rest = {name: value for name, value in keywords.items() if name not in place}
    labels = self.all_labels(frame, receiver, args, place)
    host = keywords.get("netloc")
    if host is not None and not frame.labels(host):
        labels = _behind_host(labels)
    labels = union(labels, _behind_host(self.all_labels(frame, None, [], rest)))
    return Value(labels=labels, is_opaque=True, type="urllib.parse.ParseResult")


@_special("urllib.parse.ParseResult.geturl")
def _geturl(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return labelled(receiver.labels if receiver is not None else (), "builtins.str")


@_special("urllib.parse.urljoin")
def _urljoin(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if len(args) < 2:
        return UNKNOWN
    base, other = flat(frame, args[0]), flat(frame, args[1])
    if not base.all_labels() and other.texts and not other.is_opaque:
        found = NOTHING
        for text in other.texts:
            first = text[0]
            is_below = type(first) is str and not first.startswith("//") and (first.strip("/") != "")
            part = strings.from_texts([text])
            found = join(found, strings.concatenated([STRING, constant("/"), part]) if is_below else part)
        return found
    joined = labelled(union(base.all_labels(), other.all_labels()), "builtins.str")
    return joined if base.all_labels() else joined.derived_from("urljoin", args[1])


@_special("urllib.parse.quote", "urllib.parse.quote_plus", "urllib.parse.urlencode", "urllib.parse.quote_from_bytes",
          "django.utils.http.urlencode", "django.utils.http.urlquote", "werkzeug.urls.url_quote",
          "werkzeug.urls.url_encode", "requests.utils.quote")  # fmt: skip
def _quoted(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    safe = keywords.get("safe", args[1] if len(args) > 1 else None)
    has_slash = safe is None and (ir.dotted(node.func) or "").endswith("quote")
    absent = _URL_SAFE if has_slash else _URL_SAFE | {"/", "../", "//", "://", RELATIVE}
    if safe is not None and not (
        isinstance(safe.the_constant, str) and not set(safe.the_constant) - {"-", "_", ".", "~"}
    ):
        absent = _URL_SAFE
    labels = tuple(label.renewed().without(absent) for label in self.all_labels(frame, None, args, {}))
    return labelled(labels, "builtins.str")


@_special("re.match", "re.fullmatch", "re.search", "regex.match", "regex.fullmatch", "regex.search")
def _match(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    if len(args) < 2:
        return None
    how = (ir.dotted(node.func) or "").rpartition(".")[2]
    pattern = args[0]
    if pattern.type == "re.Pattern" and pattern.derived is not None:
        pattern = pattern.derived.source
    return guards.matched(pattern, how, args[1])


@_special("django.template.Template", "django.template.base.Template")
def _template(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    """A template for an engine of ours, which says what such templates may do."""
    engine = keywords.get("engine")
    kinds = {engine.type, *(obj.cls for _, obj in frame.objects(engine))} if engine is not None else set()
    return UNKNOWN if any(kind is not None and self.engine.project.cls(kind) is not None for kind in kinds) else None


@_special("lxml.etree._Element.xpath", "lxml.etree._ElementTree.xpath", "lxml.etree._Element.find",
          "lxml.etree._Element.findall", "lxml.etree._ElementTree.find", "lxml.etree._ElementTree.findall")  # fmt: skip
def _chosen(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    """Parts of a document: what asks for them is not in them."""
    return labelled(self.all_labels(frame, receiver, [], {}), self.result_type(frame, node, None, receiver))


@_special("re.compile", "regex.compile")
def _compile(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    if not args:
        return UNKNOWN
    return Value(labels=frame.labels(args[0]), is_opaque=True, type="re.Pattern").derived_from("pattern", args[0])


@_special("re.Pattern.match", "re.Pattern.fullmatch", "re.Pattern.search")
def _pattern_match(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    if not args or receiver is None or receiver.derived is None or type(node.func) is not ir.Attribute:
        return None
    return guards.matched(receiver.derived.source, node.func.name, args[0])


@_special("re.sub", "regex.sub", "re.Pattern.sub")
def _sub(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value | None:
    pattern: Value | None = args[0] if args else None
    rest = list(args[1:])
    if receiver is not None and receiver.type == "re.Pattern":
        pattern = receiver.derived.source if receiver.derived is not None else None
        rest = list(args)
    if pattern is None or len(rest) < 2:
        return None
    if pattern.type == "re.Pattern" and pattern.derived is not None:
        pattern = pattern.derived.source
    text, new = pattern.the_constant, rest[0].the_constant
    labels = union(frame.labels(rest[1]), frame.labels(rest[0]))
    if isinstance(text, str) and isinstance(new, str):
        removed = regexes.removed(text, new)
        if _BELOW_HOST.match(text):  # what it replaces lies behind the host
            removed |= frozenset.intersection(*(label.absent & {ORIGIN} for label in labels)) if labels else frozenset()
        return labelled(tuple(label.scattered().without(removed) for label in labels), "builtins.str")
    return labelled(tuple(label.scattered() for label in labels), "builtins.str")


@_special("io.StringIO", "io.BytesIO")
def _buffer(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    text = flat(frame, args[0]) if args else constant("")
    return frame.allocate(node, Object("buffer", "io.StringIO", fields={"\0text": text}))


@_special("flask.make_response", "flask.Response", "werkzeug.Response", "werkzeug.wrappers.Response", "quart.Response",
          "quart.make_response", "bottle.HTTPResponse", "flask.Flask.make_response")  # fmt: skip
def _response(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    given = list(args)
    if len(given) == 1 and given[0].references and not given[0].is_opaque:
        items = containers.exact_items(frame, given[0])
        if items is not None and any(obj.kind == "tuple" for _, obj in frame.objects(given[0])):
            given = items
    body = given[0] if given else keywords.get("response", constant(""))
    if any(obj.cls == "flask.Response" for _, obj in frame.objects(body)):
        return body
    kind = responses.content_type(frame, keywords, given)
    headers = frame.allocate(node, Object("dict", is_exact=False), "headers")
    fields = {"\0body": body, "headers": headers} | ({"\0type": kind} if kind is not None else {})
    return frame.allocate(node, Object("instance", "flask.Response", fields=fields))


@_special("shlex.split")
def _words(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    return containers.loose_list(frame, node, strings.repeated(flat(frame, args[0])) if args else UNKNOWN)


@_special("asyncio.gather")
def _gather(
    self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords
) -> Value:
    return containers.new_list(frame, node, list(args))


@_special("builtins.super")
def _super(self: Library, frame: Frame, node: ir.Call, receiver: Value | None, args: Args, keywords: Keywords) -> Value:
    return UNKNOWN


def buffer_method(frame: Frame, one: Value, obj: Object, name: str, args: Args) -> Value | None:
    """A method of `io.StringIO`."""
    text = obj.fields.get("\0text", constant(""))
    match name:
        case "write" if args:
            new = strings.concatenated([text, flat(frame, args[0])])
            frame.update(one, lambda obj: obj.with_field("\0text", new))
            return NUMBER
        case "getvalue" | "read" | "readline" | "getbuffer":
            return text
        case "truncate" | "seek" | "close" | "flush" | "tell":
            return NUMBER
        case _:
            return None
