"""Calls: what is called, and what comes back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backend_lint.facts import ir
from backend_lint.project.modules import Class, Function
from backend_lint.taint import containers, models, strings
from backend_lint.taint.buffers import buffer_method
from backend_lint.taint.domain import (
    NONE,
    NOTHING,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Partial,
    Reference,
    Symbol,
    Value,
    constant,
    join,
    join_all,
    labelled,
)
from backend_lint.taint.evaluate import flat
from backend_lint.taint.evidence import ENUMS
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import RELATIVE
from backend_lint.taint.paths import path_key
from backend_lint.taint.state import Object, State, entry_key

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

Keywords = dict[str, Value]
_MAPPINGS = ("typing.TypedDict", "typing_extensions.TypedDict")
_ENQUEUES = frozenset(
    {"delay", "apply_async", "s", "si", "send", "enqueue", "kiq", "defer", "remote", "submit", "apply"}
)
_KEEPS = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "casefold"})  # every letter, in one case or another
_READS_TEXT = frozenset({
    "encode", "decode", "strip", "lstrip", "rstrip", "lower", "upper", "title", "capitalize", "replace", "split",
    "rsplit", "splitlines", "startswith", "endswith", "isdigit", "isalnum", "isalpha", "isnumeric", "isidentifier",
    "find", "rfind", "partition", "rpartition", "removeprefix", "removesuffix", "zfill", "casefold", "swapcase",
    "isdecimal", "format", "format_map", "translate", "expandtabs", "ljust", "rjust", "center",
})  # fmt: skip


class Watched(NamedTuple):
    """A call of one of the project's functions by the one that is run on its own."""

    callee: FunctionValue
    bound: Keywords
    outer: Keywords
    heap: dict[Reference, Object]


class Calls:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.project = engine.project
        self.watched: list[Watched] | None = None

    def call(self, frame: Frame, node: ir.Call) -> Value:
        lookups = self.engine.lookups
        lookups.hold(frame, node)
        return lookups.found(frame, node, self._called(frame, node))

    def _called(self, frame: Frame, node: ir.Call) -> Value:
        state = frame.state
        assert state is not None
        if state.paths:
            key = path_key(node)
            known = state.paths.get(key) if key is not None else None
            if known is not None:
                return known[0]
        func = node.func
        if type(func) is ir.Attribute:
            if type(func.value) is ir.Call and type(func.value.func) is ir.Name and func.value.func.id == "super":
                args, keywords = self.arguments(frame, node)
                return self._super(frame, node, args, keywords)
            if type(func.value) is ir.Call:
                self.engine.sinks.followed[id(func.value)] = func.name
            receiver = frame.evaluate(func.value)
            args, keywords = self.arguments(frame, node)
            if frame.state is None:
                return NOTHING
            return self.method_call(frame, node, receiver, func, args, keywords)
        callee = frame.evaluate(func)
        args, keywords = self.arguments(frame, node)
        if frame.state is None:
            return NOTHING
        if callee.callables or callee.references:
            return self.value(frame, node, callee, args, keywords)
        if callee.type is not None and self.project.cls(callee.type) is not None:
            found = self.method(frame, callee, "__call__", args, keywords, node)
            if found is not None:
                return found
        if callee.type is not None and self.project.cls(callee.type) is None:
            return self.engine.library.call(
                frame, node, models.members(callee.type, "__call__"), callee, args, keywords
            )
        return self._by_site(frame, node, callee, args, keywords)

    def arguments(self, frame: Frame, node: ir.Call) -> tuple[list[Value], Keywords]:
        """The values given: unpacked where their number or names are known; a rest of unknown number comes last."""
        args: list[Value] = []
        keywords: Keywords = {}
        for arg in node.args:
            value = frame.evaluate(arg.value)
            if arg.stars == 1:
                items = containers.exact_items(frame, value)
                args.extend(items if items is not None else [containers.element(frame, value)] * 3)
            elif arg.stars == 2:
                for _, obj in frame.objects(value):
                    if obj.kind == "dict":
                        for (_, name), inner in obj.entries.items():
                            keywords[str(name)] = inner
                for name in self.engine.fields.names(value.derived):
                    keywords[name] = containers.item(frame, value, constant(name))
                labels = value.labels
                for _, obj in frame.objects(value):
                    labels = (*labels, *frame.labels(obj.rest)) if obj.rest is not NOTHING else labels
                if labels or value.is_opaque:
                    keys = containers.keys(frame, value)
                    rest = labelled(containers.into(labels, "[*]")).derived_from("keyed", keys)
                    keywords["**"] = join(keywords["**"], rest) if "**" in keywords else rest
            elif arg.keyword is not None:
                keywords[arg.keyword] = value
            else:
                args.append(value)
        return args, keywords

    # Methods

    def method_call(
        self, frame: Frame, node: ir.Call, receiver: Value, func: ir.Attribute, args: list[Value], keywords: Keywords
    ) -> Value:
        name = func.name
        found = NOTHING
        if (receiver.type or "").startswith("pathlib."):
            return self.engine.library.path_method(frame, node, receiver, name, args, keywords)
        for where, obj in frame.objects(receiver):
            one = Value(references=(where,))
            found = join(found, self._object_method(frame, node, one, obj, name, args, keywords))
        if receiver.consts or receiver.texts:
            text = Value(receiver.consts, receiver.texts, type=receiver.type)
            if text.consts != (None,):
                found = join(found, self._text_method(frame, node, text, name, args, keywords))
        for each in receiver.callables:
            found = join(found, self._callable_method(frame, node, each, name, args, keywords))
        if receiver.is_opaque and not (receiver.callables and type(receiver.callables[0]) is not Symbol):
            found = join(found, self._opaque_method(frame, node, receiver, func, args, keywords))
        if name in _KEEPS and receiver.consts and receiver.is_opaque and not receiver.references:
            return found.derived_from("strip", receiver)
        if receiver.derived is not None and receiver.derived.how in ("case", "strip") and found.is_opaque:
            return found
        return found if found is not NOTHING or frame.state is None else UNKNOWN

    def _object_method(
        self, frame: Frame, node: ir.Call, one: Value, obj: Object, name: str, args: list[Value], keywords: Keywords
    ) -> Value:
        if obj.kind == "buffer":
            found = buffer_method(frame, one, obj, name, args)
            if found is not None:
                return found
        elif obj.kind in ("list", "dict", "tuple", "set"):
            found = containers.method(frame, node, one, name, args, keywords)
            if found is not None:
                return found
        elif obj.cls is not None:
            held = obj.fields.get(name)
            if held is not None and held.callables:
                return self.value(frame, node, held, args, keywords)
            found = self.method(frame, one, name, args, keywords, node)
            if found is not None:
                return found
            found = self.engine.library.keyed(frame, node, one, obj, name, args)
            if found is not None:
                return found
            names = [member for each in self.engine.lineage(obj.cls) for member in models.members(each, name)]
            return self.engine.library.call(frame, node, names, one, args, keywords)
        self.engine.sinks.elsewhere(frame, node, name, one, args, keywords)
        return self.engine.library.unknown(frame, node, None, one, args, keywords)

    def _text_method(
        self, frame: Frame, node: ir.Call, text: Value, name: str, args: list[Value], keywords: Keywords
    ) -> Value:
        if name in ("split", "rsplit", "splitlines", "partition", "rpartition"):
            found = self._split(frame, node, text, name, args, keywords)
            is_of_path = name in ("split", "rsplit") and len(args) == 1 and args[0].the_constant == "/" and not keywords
            return found.derived_from("parts", text) if is_of_path and text.all_labels() else found
        if name == "join" and args:
            items = containers.exact_items(frame, args[0])
            if items is not None:
                return strings.joined_by(text, [flat(frame, item) for item in items])
            element = flat(frame, containers.element(frame, args[0]))
            return strings.joined_many(element, text) if element.all_labels() else UNKNOWN
        if name == "translate" and args and _takes_blanks(frame, args[0]):
            kept = Value(labels=text.all_labels(), is_opaque=True, type="builtins.str")
            return kept.derived_from("strip", text)
        given = [flat(frame, arg) if arg.references else arg for arg in args]
        if name in ("format", "format_map"):
            self._format_sink(frame, node, text)
        result = strings.method(text, name, given, {key: flat(frame, value) for key, value in keywords.items()})
        if result is not None:
            return result
        labels = self.engine.library.all_labels(frame, text, args, keywords)
        return labelled(labels, None)

    def _format_sink(self, frame: Frame, node: ir.Call, text: Value) -> None:
        if text.all_labels() or text.labels:
            self.engine.sinks.called(frame, node, "builtins.str.format", text, [], {})

    def _split(
        self, frame: Frame, node: ir.Call, text: Value, name: str, args: list[Value], keywords: Keywords
    ) -> Value:
        found = strings.method(text, name, args, keywords) if text.is_constant else None
        if found is not None and found.is_constant and len(found.consts) == 1:
            return containers.new_list(frame, node, [constant(each) for each in found.consts[0]])
        separator = args[0].the_constant if args else None
        gone: frozenset[str] = frozenset()
        if name in ("split", "rsplit") and isinstance(separator, str) and separator and len(args) == 1 and not keywords:
            gone = frozenset({separator, *({"../", "//", RELATIVE} if separator == "/" else ())})
        elif name == "splitlines" and not args and not keywords:
            gone = frozenset("\n\r")
        elif name in ("split", "rsplit") and not args and not keywords:
            gone = frozenset(" \t\n\r")
        if name == "split" and isinstance(separator, str) and separator:
            parts = strings.pieces_of_split(text, separator, None if len(args) < 2 else -1)
            if parts is not None:
                leading, rest = parts
                rest = rest.mapped(lambda label: label.without(gone)) if rest is not None and gone else rest
                if rest is None:
                    return containers.new_list(frame, node, leading)
                padded = [*leading, *([join(rest, Value(consts=("",)))] * 4)]
                return frame.allocate(node, Object("list", items=tuple(padded), rest=rest, is_exact=False))
        element = labelled(text.all_labels(), "builtins.str")
        if (
            name == "rsplit"
            and isinstance(separator, str)
            and separator
            and len(args) == 2
            and args[1].the_constant == 1
        ):
            last = element.mapped(lambda label: label.without(frozenset({separator})))
            return containers.new_list(frame, node, [element, last])
        element = element.mapped(lambda label: label.without(gone)) if gone else element
        if name in ("partition", "rpartition"):
            return containers.new_list(frame, node, [element, element, element], "tuple")
        return containers.loose_list(frame, node, element)

    def _callable_method(
        self, frame: Frame, node: ir.Call, each: Any, name: str, args: list[Value], keywords: Keywords
    ) -> Value:
        match each:
            case Symbol(name=symbol, receiver=None):
                return self.value(frame, node, self.engine.global_value(f"{symbol}.{name}"), args, keywords)
            case Symbol(name=symbol):
                return self.engine.library.call(frame, node, [f"{symbol}.{name}"], each.receiver, args, keywords)
            case ClassValue(cls=cls):
                return self._class_method(frame, node, cls, name, args, keywords)
            case FunctionValue() | Partial() if name in _ENQUEUES:
                if name == "apply_async":
                    given = keywords.get("args", args[0] if args else NONE)
                    args = containers.exact_items(frame, given) or []
                    extra = keywords.get("kwargs", NOTHING)
                    keywords = {
                        str(key): value for _, obj in frame.objects(extra) for (_, key), value in obj.entries.items()
                    }
                self.invoke(frame, node, each, args, keywords)
                return UNKNOWN
            case FunctionValue(function=function) if function.cls is None:
                found = self.project.site(node, frame.scope)
                if found.targets:
                    return self._targets(frame, node, found.targets, None, args, keywords)
                return UNKNOWN
            case _:
                return self.engine.library.unknown(frame, node, None, None, args, keywords)

    def _class_method(
        self, frame: Frame, node: ir.Call, cls: Class, name: str, args: list[Value], keywords: Keywords
    ) -> Value:
        method = self.project.classes.method(cls.qualified, name)
        if method is None:
            outside = [each for each in self.project.classes.mro(cls) if isinstance(each, str)]
            names = [member for each in outside[:4] for member in models.members(each, name)]
            return self.engine.library.call(frame, node, names, None, args, keywords)
        callee = self.engine.decorated(method)
        if method.is_classmethod:
            callee = callee._replace(receiver=Value(callables=(ClassValue(cls),)))
        return self.invoke(frame, node, callee, args, keywords)

    def _opaque_method(
        self, frame: Frame, node: ir.Call, receiver: Value, func: ir.Attribute, args: list[Value], keywords: Keywords
    ) -> Value:
        name = func.name
        kind = receiver.type or self.engine.type_name(func.value, frame.scope)
        opaque = Value(labels=receiver.labels, is_opaque=True, type=kind, derived=receiver.derived)
        if kind is not None and self.project.cls(kind) is not None:
            found = self.method(frame, receiver if receiver.type else opaque, name, args, keywords, node)
            if found is not None:
                return found
            names = [member for each in self.engine.lineage(kind) for member in models.members(each, name)]
            return self.engine.library.call(frame, node, names, receiver, args, keywords)
        if kind is not None and kind.startswith("pathlib."):
            return self.engine.library.path_method(frame, node, receiver, name, args, keywords)
        if kind is not None and not kind.startswith("builtins."):
            found = self.engine.library.call(frame, node, models.members(kind, name), opaque, args, keywords)
            if name in ("get", "pop", "setdefault") and args and args[0].the_constant is not None:
                found = found.with_labels(self.engine.kept.handed_on(opaque, f"[{args[0].the_constant!r}]"))
            return found
        if kind in ("builtins.str", "builtins.bytes") or (kind is None and name in _READS_TEXT):
            return self._text_method(frame, node, _as_text(receiver), name, args, keywords)
        if kind is None:
            return self._by_site(frame, node, receiver, args, keywords)
        if name in ("append", "add", "extend", "insert", "update", "setdefault", "appendleft"):
            return NONE
        return self._unknown_method(frame, node, receiver, name, args, keywords)

    def _by_site(self, frame: Frame, node: ir.Call, receiver: Value, args: list[Value], keywords: Keywords) -> Value:
        """What the project's call graph says, where the value says nothing."""
        site = self.project.site(node, frame.scope)
        method = node.func.name if type(node.func) is ir.Attribute else None
        if site.targets:
            bound = receiver if method is not None else None
            if site.symbol is not None and self.project.cls(site.symbol) is not None:
                return self.construct(frame, node, self.project.classes.by_name[site.symbol], args, keywords)
            return self._targets(frame, node, site.targets, bound, args, keywords)
        if site.symbol is not None and (site.receiver is not None or method is None):
            return self.engine.library.call(frame, node, [site.symbol], receiver, args, keywords)
        if method is None:
            return self.engine.library.unknown(frame, node, None, receiver, args, keywords)
        return self._unknown_method(frame, node, receiver, method, args, keywords)

    def _unknown_method(
        self, frame: Frame, node: ir.Call, receiver: Value, name: str, args: list[Value], keywords: Keywords
    ) -> Value:
        self.engine.sinks.elsewhere(frame, node, name, receiver, args, keywords)
        if name in self.engine.models.clean_results:
            return UNKNOWN
        if name in self.engine.models.clean_methods:
            return labelled(receiver.labels) if receiver.labels else UNKNOWN
        if name in ("get", "pop", "setdefault") and args and args[0].the_constant is not None:
            found = labelled(containers.into(receiver.labels, f"[{args[0].the_constant!r}]"))
            found = self.engine.fields.read(receiver.derived, args[0].the_constant, found)
            made_by = keywords.get("type") or (args[2] if len(args) > 2 else None)
            if made_by is not None and made_by.callables:  # as werkzeug's `MultiDict.get`
                found = self.value(frame, node, made_by, [found], {})
            return join(found, args[1]) if len(args) > 1 else found
        if name in ("items",) and receiver.labels:
            part = labelled(containers.into(receiver.labels, "[*]"))
            return containers.loose_list(frame, node, containers.new_list(frame, node, [part, part], "tuple", "pair"))
        if name in ("dict", "model_dump") and receiver.labels and not args:  # the names are those of a schema's fields
            values = labelled(containers.into(receiver.labels, "[*]"))
            return frame.allocate(node, Object("dict", rest=values, is_exact=False), "dump")
        if name == "render" or name.startswith(
            "render_"
        ):  # as template engines do, which escape; that a template is a client's is another matter
            found = self.engine.library.unknown(frame, node, None, receiver, args, keywords)
            return found.mapped(lambda label: label.without(frozenset(), frozenset({"xss"})))
        if name in ("append", "add", "extend", "insert", "update", "write") and type(node.func) is ir.Attribute:
            labels = self.engine.library.all_labels(frame, None, args, keywords)
            target = node.func.value
            if labels and type(target) is ir.Name and frame.state is not None and target.id in frame.state.env:
                frame.state.env[target.id] = frame.state.env[target.id].with_labels(labels)
            return NONE
        return self.engine.library.unknown(frame, node, None, receiver, args, keywords)

    def method(
        self,
        frame: Frame,
        receiver: Value,
        name: str,
        args: Sequence[Value],
        keywords: Keywords | None = None,
        node: ir.Call | None = None,
    ) -> Value | None:
        """A method of the project's own classes; None where there is none of that name."""
        kinds = [receiver.type] if receiver.type else []
        kinds += [obj.cls for _, obj in frame.objects(receiver) if obj.cls]
        found = NOTHING
        for kind in kinds:
            cls = self.project.cls(kind)
            method = self.project.classes.method(kind, name) if cls is not None else None
            if method is None or cls is None:
                continue
            targets = [method]
            if receiver.is_opaque:
                targets += [each.methods[name] for each in self.project.classes.subclasses(cls) if name in each.methods]
            before = frame.state
            for target in targets[:6]:
                frame.state = frame.state or before  # one of several that never returns says nothing of the others
                is_below = target is not method and target.cls is not None and not receiver.references
                own = receiver.typed(target.cls.qualified) if is_below else receiver  # type: ignore[union-attr]
                bound = None if target.is_static else own
                if target.is_classmethod:
                    bound = Value(callables=(ClassValue(cls),))
                callee = self.engine.decorated(target)._replace(receiver=bound)
                found = join(found, self.invoke(frame, node, callee, args, keywords or {}))
        return found if found is not NOTHING or frame.state is None else None

    def _super(self, frame: Frame, node: ir.Call, args: list[Value], keywords: Keywords) -> Value:
        site = self.project.site(node, frame.scope)
        function = frame.function
        own = function.parameters[0].name if function is not None and function.parameters else None
        receiver = frame.state.env.get(own, UNKNOWN) if own is not None and frame.state is not None else UNKNOWN
        targets, symbol = site.targets, site.symbol
        if not targets and symbol is None and function is not None and type(node.func) is ir.Attribute:
            targets, symbol = self._beside(function, receiver, node.func.name)
        if targets:
            return self._targets(frame, node, targets, receiver, args, keywords)
        if symbol is not None:
            if symbol.endswith(".__init__") and keywords and receiver.references:
                for name, value in keywords.items():
                    frame.update(receiver, lambda obj, name=name, value=value: obj.with_field(name, value))  # type: ignore[misc]
            return self.engine.library.call(frame, node, _member_names(symbol), receiver, args, keywords)
        return UNKNOWN

    def _beside(self, function: Function, receiver: Value, name: str) -> tuple[tuple[Function, ...], str | None]:
        """What `super()` finds in a mixin: the next class of the object that the mixin is part of."""
        whole = self.project.cls(receiver.type) if receiver.type is not None else None
        line = self.project.classes.mro(whole) if whole is not None else []
        for each in line[line.index(function.cls) + 1 :] if function.cls in line else ():
            if isinstance(each, str):
                return (), f"{each}.{name}"
            if name in each.methods:
                return (each.methods[name],), None
        return (), None

    # Values that can be called

    def value(self, frame: Frame, node: ir.Call, callee: Value, args: list[Value], keywords: Keywords) -> Value:
        """Call whatever a value stands for."""
        found = NOTHING
        state = frame.state
        for each in callee.callables:
            if len(callee.callables) > 1:
                frame.state = state
            if frame.state is None:
                break
            found = join(found, self.invoke(frame, node, each, args, keywords))
        for where, obj in frame.objects(callee):
            if obj.cls is not None:
                result = self.method(frame, Value(references=(where,)), "__call__", args, keywords, node)
                found = join(found, result if result is not None else UNKNOWN)
        if not callee.callables and not callee.references:
            return self.engine.library.unknown(frame, node, None, callee, args, keywords)
        return found

    def _targets(
        self,
        frame: Frame,
        node: ir.Call,
        targets: Sequence[Function],
        receiver: Value | None,
        args: list[Value],
        keywords: Keywords,
    ) -> Value:
        found, before = NOTHING, frame.state
        for target in targets[:6]:
            frame.state = frame.state or before
            callee = self.engine.decorated(target)._replace(receiver=receiver if target.takes_receiver else None)
            found = join(found, self.invoke(frame, node, callee, args, keywords))
        return found

    def invoke(self, frame: Frame, node: ir.Call | None, each: Any, args: Sequence[Value], keywords: Keywords) -> Value:
        """Call one thing."""
        match each:
            case FunctionValue():
                return self._function(frame, node, each, args, keywords)
            case Partial(target=target, args=first, keywords=given):
                found = NOTHING
                for inner in target:
                    found = join(found, self.invoke(frame, node, inner, [*first, *args], {**dict(given), **keywords}))
                return found
            case ClassValue(cls=cls) if node is not None:
                return self.construct(frame, node, cls, args, keywords)
            case Symbol(name=name, receiver=receiver) if node is not None:
                names = [name] if receiver is None else _member_names(name)
                return self.engine.library.call(frame, node, names, receiver, args, keywords)
            case _:
                return UNKNOWN

    def _function(
        self, frame: Frame, node: ir.Call | None, each: FunctionValue, args: Sequence[Value], keywords: Keywords
    ) -> Value:
        targets = self.engine.dispatch.targets(frame, each.function, args[0] if args else UNKNOWN)
        if targets == [each.function]:
            return self._one(frame, node, each, args, keywords)
        state, found = frame.state, NOTHING
        for target in targets:
            frame.state = state
            found = join(found, self._one(frame, node, each._replace(function=target), args, keywords))
        return found

    def _one(
        self, frame: Frame, node: ir.Call | None, each: FunctionValue, args: Sequence[Value], keywords: Keywords
    ) -> Value:
        function = each.function
        if self.engine.models.own and node is not None:
            found = self._modelled(frame, node, each, args, keywords)
            if found is not None:
                return found
        given = [each.receiver, *args] if each.receiver is not None else list(args)
        bound = bind(frame, node, function, given, keywords)
        outer = each.outer
        if function.parent is not None and function.parent is frame.scope and frame.state is not None:
            names = self.engine.free_names(function)
            outer = {name: frame.state.env[name] for name in names if name in frame.state.env}
        if self.watched is not None and frame.depth == 1 and frame.state is not None:
            self.watched.append(Watched(each, bound, outer or {}, frame.state.heap))
        return self.engine.summaries.apply(frame, node, function, bound, outer or {})

    def _modelled(
        self, frame: Frame, node: ir.Call, each: FunctionValue, args: Sequence[Value], keywords: Keywords
    ) -> Value | None:
        """A call of a function of ours that the project's own models speak of; of a sink the body is followed too."""
        function = each.function
        names = [function.qualified]
        if function.cls is not None:
            lineage = self.project.classes.mro(function.cls)
            names = [f"{owner if isinstance(owner, str) else owner.qualified}.{function.name}" for owner in lineage]
        known = self.engine.models
        names = [name for name in names if name in known.own]
        if not names:
            return None
        if all(name in known.sinks for name in names):
            for name in names:
                self.engine.sinks.called(frame, node, name, each.receiver, args, keywords)
            return None
        return self.engine.library.call(frame, node, names, each.receiver, args, keywords)

    def set_property(self, frame: Frame, owner: Value, name: str, value: Value) -> bool:
        """Run what assigning to a property runs; whether there was one."""
        kinds = {owner.type, *(obj.cls for _, obj in frame.objects(owner))}
        for cls in filter(None, map(self.project.cls, sorted(filter(None, kinds)))):
            for each in self.project.classes.mro(cls):
                if isinstance(each, Class) and name in each.setters:
                    self.invoke(frame, None, FunctionValue(each.setters[name], None, owner), [value], {})
                    return True
        return False

    def made_by(self, callee: FunctionValue, bound: Keywords, heap: dict[Reference, Object]) -> list[Watched]:
        """The calls of the project's functions that one of them makes itself."""
        found: list[Watched] = []
        self.watched = found
        try:
            self.engine.run(callee.function, {**(callee.outer or {}), **bound}, heap)
        finally:
            self.watched = None
        return found

    def construct(self, frame: Frame, node: ir.Call, cls: Class, args: Sequence[Value], keywords: Keywords) -> Value:
        """An instance of a class of the project."""
        if self.project.classes.is_subclass(cls, *ENUMS):
            return Value(is_opaque=True, type=cls.qualified)
        classes = self.project.classes
        if classes.is_subclass(cls, *_MAPPINGS):
            entries = {entry_key(name): value for name, value in keywords.items() if name != "**"}
            rest = join_all([*args, keywords.get("**", NOTHING)])
            return frame.allocate(node, Object("dict", entries=entries, rest=rest, is_exact=rest is NOTHING), cls.name)
        made = frame.allocate(node, Object("instance", cls.qualified), cls.name)
        initial = classes.method(cls.qualified, "__init__")
        if initial is not None:
            self.invoke(frame, node, FunctionValue(initial, None, made), args, keywords)
            return made
        outside = [each for each in classes.mro(cls) if isinstance(each, str) and each != "builtins.object"]
        names = self._field_names(cls)
        values = dict(zip(names, args, strict=False)) | {
            name: value for name, value in keywords.items() if name != "**"
        }
        if self.engine.fields.is_validated(cls):
            values = {name: self.engine.fields.validated(cls, name, value) for name, value in values.items()}
        values |= {name: self._made(frame, node, cls, name) for name in names if name not in values}
        values = {name: value for name, value in values.items() if value is not NOTHING}
        for name, value in values.items():
            self.engine.stored.written(frame, cls, name, value)
        values |= {name: self._converted(frame, node, cls, name, value) for name, value in values.items()}
        rest = keywords.get("**", NOTHING)
        if rest is not NOTHING:
            values = dict.fromkeys(names, rest) | values
        if outside and len(args) > len(names):
            labels = self.engine.library.all_labels(frame, None, args, {})
            rest = join(rest, labelled(labels)) if labels else rest
        frame.update(made, lambda obj: obj.replaced(fields={**obj.fields, **values}, rest=rest))
        after = classes.method(cls.qualified, "__post_init__")
        if after is not None:
            self.invoke(frame, node, FunctionValue(after, None, made), [], {})
        return made

    def _converted(self, frame: Frame, node: ir.Call, cls: Class, name: str, value: Value) -> Value:
        """A value as the converter of its field leaves it: `attr.ib(converter=int)`."""
        owners = (each for each in self.project.classes.mro(cls) if isinstance(each, Class))
        owner = next((each for each in owners if name in each.attributes), None)
        declared = owner.attributes[name].value if owner is not None else None
        converter = declared.keywords.get("converter") if type(declared) is ir.Call else None
        if owner is None or converter is None:
            return value
        around = Frame(self.engine, owner, State({}, self.engine.heap), 2)
        return self.value(frame, node, around.evaluate(converter), [value], {})

    def _made(self, frame: Frame, node: ir.Call, cls: Class, name: str) -> Value:
        """What `field(default_factory=list)` makes where no value is given."""
        owners = (each for each in self.project.classes.mro(cls) if isinstance(each, Class))
        declared = next((each.attributes[name].value for each in owners if name in each.attributes), None)
        factory = declared.keywords.get("default_factory") if type(declared) is ir.Call else None
        kind = ir.dotted(factory) if factory is not None else None
        if kind not in ("list", "dict", "set"):
            return NOTHING
        items = () if kind == "list" else None
        return frame.allocate(node, Object(kind, items=items), f"{cls.name}.{name}")

    def _field_names(self, cls: Class) -> list[str]:
        """The fields of a dataclass and its like, in the order in which its constructor takes them."""
        names: dict[str, None] = {}
        for each in reversed(self.project.classes.mro(cls)):
            if isinstance(each, Class):
                names.update((name, None) for name, stmt in each.attributes.items() if stmt.annotation is not None)
        return list(names)

    def entered(self, frame: Frame, node: ir.Expr, value: Value) -> Value:
        """What `with value as name` binds."""
        if type(node) is ir.Call and self._is_context_manager(frame, node):
            return containers.element(frame, value)
        for name in ("__enter__", "__aenter__"):
            found = self.method(frame, value, name, [])
            if found is not None:
                return found
        return value

    def _is_context_manager(self, frame: Frame, node: ir.Call) -> bool:
        for target in self.project.site(node, frame.scope).targets:
            names = {(ir.dotted(each) or "").rpartition(".")[2] for each in target.decorators}
            if names & {"contextmanager", "asynccontextmanager"}:
                return True
        return False


def bind(
    frame: Frame, node: ir.Call | None, function: Function, args: Sequence[Value], keywords: Keywords
) -> dict[str, Value]:
    """The values of a function's parameters, as far as a call gives them."""
    bound: dict[str, Value] = {}
    rest = list(args)
    used: set[str] = set()
    anything = keywords.get("**")
    for parameter in function.parameters:
        name, kind = parameter.name, parameter.kind
        if kind == "star":
            at = node if node is not None else ir.Const(function.facts.at, function.facts.at, None)
            bound[name] = containers.new_list(frame, at, rest, "tuple", f"*{name}")
            rest = []
        elif kind == "stars":
            at = node if node is not None else ir.Const(function.facts.at, function.facts.at, None)
            rest_of = Object("dict", rest=anything or NOTHING, keys=_names_in(anything), is_exact=anything is None)
            made = frame.allocate(at, rest_of, f"**{name}")
            for key, value in keywords.items():
                if key not in used and key != "**":
                    containers.store(frame, made, constant(key), value)
            bound[name] = made
        elif kind in ("positional", "plain") and rest:
            bound[name] = rest.pop(0)
            used.add(name)
        elif name in keywords:
            bound[name] = keywords[name]
            used.add(name)
        elif anything is not None and (parameter.default is None or frame.labels(anything)):
            default = parameter.default
            bound[name] = join(constant(default.value), anything) if type(default) is ir.Const else anything
    return bound


def _names_in(rest: Value | None) -> Value:
    """The names that a call takes from mappings which it unpacks."""
    if rest is None:
        return NOTHING
    return rest.derived.source if rest.derived is not None and rest.derived.how == "keyed" else labelled(rest.labels)


def _takes_blanks(frame: Frame, table: Value) -> bool:
    """Whether a table for `translate` does nothing but take white space and control characters out."""
    objects = frame.objects(table)
    return bool(objects) and all(
        obj.kind == "dict"
        and obj.rest is NONE
        and obj.keys.is_constant
        and all(isinstance(each, int) and each <= 32 for each in obj.keys.consts)
        for _, obj in objects
    )


def _as_text(value: Value) -> Value:
    return value if not value.references else Value(value.consts, value.texts, labels=value.labels, is_opaque=True)


def _member_names(name: str) -> list[str]:
    owner, _, member = name.rpartition(".")
    return models.members(owner, member)
