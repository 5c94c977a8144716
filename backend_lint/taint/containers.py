"""Lists, tuples, sets and dicts: elements apart as long as their places are known."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from typing import Any

from backend_lint.facts import ir
from backend_lint.taint import strings
from backend_lint.taint.domain import (
    BOOLEAN,
    MOST_REFERENCES,
    NONE,
    NOTHING,
    NUMBER,
    STRING,
    UNKNOWN,
    Value,
    constant,
    join,
    join_all,
    labelled,
)
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import Input, Kept, Label, Labels, union
from backend_lint.taint.state import Object, entry_key

DEEPEST = 3
DEEPEST_KEPT = 2
_SEQUENCES = frozenset({"list", "tuple", "set"})


def into(labels: Labels, part: str) -> Labels:
    """The labels of what lies one step below: of something that we were given, the path grows."""
    if not labels:
        return labels
    return tuple(_into(label, part) for label in labels)


def _into(label: Label, part: str) -> Label:
    origin = label.origin
    if type(origin) is Input and len(origin.path) < DEEPEST:
        return label.of(Input(origin.name, (*origin.path, part)))
    if type(origin) is Kept and len(origin.path) < DEEPEST_KEPT:
        return label.of(Kept(origin.name, (*origin.path, part)))
    return label


def new_list(frame: Frame, node: ir.Node, items: Sequence[Value], kind: str = "list", tag: str = "") -> Value:
    return frame.allocate(node, Object(kind, items=tuple(items)), tag)


def loose_list(frame: Frame, node: ir.Node, element: Value, tag: str = "") -> Value:
    return frame.allocate(node, Object("list", rest=element, is_exact=False), tag)


def exact_items(frame: Frame, value: Value) -> list[Value] | None:
    """The elements in order, where they are all known."""
    if value.is_opaque or value.callables or value.texts:
        return None
    if value.consts:
        only = value.consts[0]
        if len(value.consts) == 1 and not value.references and isinstance(only, (tuple, str)) and len(only) <= 64:
            return [constant(each) for each in only]
        return None
    if len(value.references) != 1:
        return None
    obj = frame.object(value.references[0])
    if obj is None or not obj.is_exact:
        return None
    if obj.kind in _SEQUENCES and obj.items is not None:
        return list(obj.items)
    if obj.kind == "dict" and obj.rest is NOTHING and obj.keys is NOTHING:
        return [constant(key) for _, key in obj.entries]
    return None


def element(frame: Frame, value: Value) -> Value:
    """What iterating over a value can give."""
    found = NOTHING
    for each in value.consts:
        if isinstance(each, (tuple, frozenset)):
            found = join(found, join_all(map(constant, each)))
        elif isinstance(each, str) and each:
            found = join(found, join_all(map(constant, sorted(set(each)))))
    for text in value.texts:
        found = join(found, strings.repeated(Value(texts=(text,))))
    for _, obj in frame.objects(value):
        found = join(found, _keys(obj) if obj.kind == "dict" else obj.elements())
        if obj.kind in ("instance", "buffer"):
            found = join(found, labelled(into(_fields(frame, obj), "[*]")))
    if value.is_opaque or value.callables:
        kind = "builtins.str" if value.type == "builtins.str" else frame.engine.element_type(value.type)
        found = join(found, labelled(into(value.labels, "[*]"), kind))
    return _also_resolved(value, found if found is not NOTHING else UNKNOWN)


def _also_resolved(value: Value, part: Value) -> Value:
    """What is found in the answer of a resolver belongs to the name that it was asked for."""
    derived = value.derived
    if derived is None or derived.how != "resolved":
        return part
    return part.derived_from("resolved", derived.source)


def _fields(frame: Frame, obj: Object) -> Labels:
    found: Labels = ()
    for value in obj.values():
        found = union(found, frame.labels(value))
    return found


def _keys(obj: Object) -> Value:
    return join(obj.keys, join_all(constant(key) for _, key in obj.entries))


def keys(frame: Frame, value: Value) -> Value:
    """The keys of a mapping that are not written out."""
    found = labelled(into(value.labels, "[*]")) if value.labels else NOTHING
    for _, obj in frame.objects(value):
        found = join(found, obj.keys)
    return found


def item(frame: Frame, value: Value, index: Value) -> Value:
    """`value[index]`."""
    found = NOTHING
    for each in value.consts:
        if isinstance(each, (str, bytes, tuple)):
            found = join(found, _constant_item(each, index))
    only = index.the_constant
    for text in value.texts:
        alone = Value(texts=(text,))
        found = join(found, strings.at(alone, only) if isinstance(only, int) else strings.repeated(alone))
    for where, obj in frame.objects(value):
        found = join(found, _object_item(frame, where, obj, index))
    if value.is_opaque or value.callables:
        part = f"[{only!r}]" if only is not None else "[*]"
        found = found.with_labels(frame.engine.kept.handed_on(value, part))
        kind = "builtins.str" if value.type == "builtins.str" else frame.engine.item_type(value.type)
        found = join(found, labelled(into(value.labels, part), kind))
        found = frame.engine.fields.read(value.derived, only, found)
    if value.derived is not None and value.derived.how == "section":
        found = join(found, frame.engine.library.of_section(frame, value.derived, index))
    if value.derived is not None and value.derived.how == "verdicts" and only == 0:
        return found.derived_from("verdict", value.derived.source, value.derived.detail)
    return _also_resolved(value, found)


def are_tuples(frame: Frame, value: Value) -> bool:
    """Whether nothing but tuples can arrive."""
    if value.is_opaque or value.texts or value.callables or value.is_nothing:
        return False
    objects = frame.objects(value)
    return (
        len(objects) == len(value.references)
        and all(obj.kind == "tuple" and obj.items is not None for _, obj in objects)
        and all(isinstance(each, tuple) for each in value.consts)
    )


def _constant_item(value: Any, index: Value) -> Value:
    if not index.is_constant:
        return join_all(map(constant, value)) if isinstance(value, tuple) else UNKNOWN
    found = NOTHING
    for each in index.consts:
        with contextlib.suppress(LookupError, TypeError):
            found = join(found, constant(value[each]))
    return found


def _object_item(frame: Frame, where: Any, obj: Object, index: Value) -> Value:
    found = NOTHING
    if obj.kind in _SEQUENCES and obj.items is not None:
        if index.is_constant and all(isinstance(each, int) for each in index.consts):
            for each in index.consts:
                if -len(obj.items) <= each < len(obj.items):
                    found = join(found, obj.items[each])
            return found
        return obj.elements()
    if obj.kind == "dict" or (obj.entries and obj.cls not in frame.engine.models.keyed):
        if index.is_constant:
            for each in index.consts:
                known = obj.entries.get(entry_key(each))
                found = join(found, known if known is not None else _missing(frame, where, obj, each))
            return found
        return obj.elements()
    if obj.cls in frame.engine.models.keyed and where is not None:
        return STRING.derived_from("section", Value(references=(where,)), index)
    if obj.kind == "instance" and obj.cls is not None:
        return frame.engine.calls.method(frame, Value(references=(where,)), "__getitem__", [index]) or obj.elements()
    return obj.elements()


def _missing(frame: Frame, where: Any, obj: Object, key: Any) -> Value:
    """What is found under a key that nothing was stored under: a `defaultdict` makes a container of its own for it."""
    made = [each for _, each in frame.objects(obj.rest)]
    if where is None or "\0default" not in obj.fields or len(made) != 1 or frame.state is None:
        return obj.rest
    own = (*where, key)
    frame.state.heap[own] = made[0]
    found = Value(references=(own,))
    frame.state.heap[where] = obj.with_entry(key, found)
    return found


def sliced(frame: Frame, node: ir.Subscript, value: Value, index: ir.Slice) -> Value:
    """`value[lower:upper:step]`."""
    lower = frame.evaluate(index.lower) if index.lower is not None else NONE
    upper = frame.evaluate(index.upper) if index.upper is not None else NONE
    step = frame.evaluate(index.step).the_constant if index.step is not None else None
    bounds = (_bound(lower, value), _bound(upper, value))
    found = NOTHING
    for _, obj in frame.objects(value):
        if obj.items is not None and not obj.is_exact and _drops_a_head(bounds) and step is None:
            kept = Object(obj.kind, items=obj.items[bounds[0] :], rest=obj.rest, is_exact=False)
            found = join(found, frame.allocate(node, kept, "slice"))
        elif obj.items is not None and obj.is_exact and _UNKNOWN_BOUND not in bounds:
            found = join(found, new_list(frame, node, obj.items[slice(*bounds, step)], obj.kind, "slice"))
        else:
            found = join(found, loose_list(frame, node, obj.elements(), "slice"))
    if value.is_constant and all(isinstance(each, (str, bytes, tuple)) for each in value.consts):
        if _UNKNOWN_BOUND in bounds:
            return Value(is_opaque=True, type=f"builtins.{type(value.consts[0]).__name__}")
        return join_all(constant(each[slice(*bounds, step)]) for each in value.consts)
    if value.consts or value.texts or value.is_opaque:
        text = Value(value.consts, value.texts, (), (), value.labels, value.is_opaque, value.type)
        if _UNKNOWN_BOUND in bounds or step not in (None, 1):
            cut = Value(labels=text.all_labels(), is_opaque=True, type=value.type)
        elif text.texts or text.consts:
            cut = strings.sliced(text, *bounds)
        else:
            cut = text
        is_known = _UNKNOWN_BOUND not in bounds and not value.references
        found = join(found, cut.derived_from("slice", value, bounds) if is_known else cut)
    return found if found is not NOTHING else UNKNOWN


_UNKNOWN_BOUND: Any = object()


def _drops_a_head(bounds: tuple[Any, Any]) -> bool:
    """Whether a slice leaves out nothing but a known number of elements at the beginning."""
    first, last = bounds
    return last is None and (first is None or (first is not _UNKNOWN_BOUND and first >= 0))


def _bound(bound: Value, of: Value) -> Any:
    """A bound as a constant; `len(x) - 5` of the same `x` is `-5`."""
    derived = bound.derived
    if derived is not None and derived.how == "len" and derived.source is of:
        return derived.detail if derived.detail < 0 else None
    if bound is NONE:
        return None
    only = bound.the_constant
    return only if isinstance(only, int) else _UNKNOWN_BOUND


def store(frame: Frame, target: Value, index: Value, value: Value) -> None:
    """`target[index] = value`."""

    def change(obj: Object) -> Object:
        only = index.the_constant
        if obj.items is not None:
            if isinstance(only, int) and -len(obj.items) <= only < len(obj.items):
                items = list(obj.items)
                items[only] = value
                return obj.replaced(items=tuple(items))
            obj = obj.loosened()
            return obj.replaced(rest=join(obj.rest, value))
        if index.is_constant and len(index.consts) == 1:
            return obj.with_entry(index.consts[0], value)
        return obj.with_unknown(value, index)

    frame.update(target, change)


def method(
    frame: Frame, node: ir.Call, receiver: Value, name: str, args: Sequence[Value], keywords: dict[str, Value]
) -> Value | None:
    """The result of a method of the containers that a value stands for; None where it has no such method."""
    objects = frame.objects(receiver)
    found = NOTHING
    for where, obj in objects:
        one = Value(references=(where,)) if len(objects) > 1 or receiver.is_opaque else receiver
        handler = _METHODS.get((obj.kind if obj.kind not in ("tuple", "set") else "list", name))
        if handler is None:
            return None
        found = join(found, handler(frame, node, one, obj, args, keywords))
    return found


def _append(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    if args:
        frame.update(one, lambda obj: _appended(obj, args[0]))
    return NONE


def _appended(obj: Object, value: Value) -> Object:
    if obj.items is not None and len(obj.items) < 64:
        return obj.replaced(items=(*obj.items, value))
    obj = obj.loosened()
    return obj.replaced(rest=join(obj.rest, value))


def _extend(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    if args:
        items = exact_items(frame, args[0])
        rest = element(frame, args[0])

        def change(obj: Object) -> Object:
            if items is not None and obj.items is not None and len(items) + len(obj.items) < 64:
                return obj.replaced(items=(*obj.items, *items))
            obj = obj.loosened()
            return obj.replaced(rest=join(obj.rest, rest))

        frame.update(one, change)
    return NONE


def _insert(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    if len(args) > 1:
        where = args[0].the_constant

        def change(obj: Object) -> Object:
            if isinstance(where, int) and obj.items is not None:
                items = list(obj.items)
                items.insert(where, args[1])
                return obj.replaced(items=tuple(items))
            return _appended(obj.loosened(), args[1])

        frame.update(one, change)
    return NONE


def _pop(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    where = args[0].the_constant if args else -1
    if obj.items is not None and isinstance(where, int) and -len(obj.items) <= where < len(obj.items):
        found = obj.items[where]
        items = list(obj.items)
        del items[where]
        frame.update(one, lambda obj: obj.replaced(items=tuple(items)))
        return found
    found = obj.elements()
    frame.update(one, lambda obj: obj.loosened())
    return found


def _pop_first(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    return _pop(frame, node, one, obj, [constant(0)], keywords)


def _shuffle(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    frame.update(one, lambda obj: obj.loosened())
    return NONE


def _reverse(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    frame.update(one, lambda obj: obj.replaced(items=None if obj.items is None else tuple(reversed(obj.items))))
    return NONE


def _clear(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    frame.update(one, lambda obj: Object(obj.kind, obj.cls, None if obj.kind == "dict" else ()))
    return NONE


def _copy(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    return frame.allocate(node, obj, "copy")


def _number(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    return NUMBER


def _index(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    """What has a place among elements of ours is one of them; `index` raises for all others."""
    if args and frame.state is not None and not frame.foreign(obj.elements()):
        known = frame.engine.narrowed(frame, args[0])
        frame.state = known if known is not None else frame.state
    return NUMBER


def _boolean(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    return BOOLEAN


def _union(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    found = obj.elements()
    for arg in args:
        found = join(found, element(frame, arg))
    return frame.allocate(node, Object("set", rest=found, is_exact=False), "set")


def _intersection(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    found = one
    for arg in args:
        found = common(frame, node, found, arg)
    return found


def common(frame: Frame, node: ir.Node, left: Value, right: Value) -> Value:
    """What two sets have in common: of elements of ours and a client's, some of ours."""
    first, second = element(frame, left), element(frame, right)
    found = second if frame.foreign(first) and not frame.foreign(second) else first
    return frame.allocate(node, Object("set", rest=found, is_exact=False), "set")


def _difference(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    return frame.allocate(node, Object("set", rest=obj.elements(), is_exact=False), "set")


def _get(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    default = args[1] if len(args) > 1 else keywords.get("default", NONE)
    if not args:
        return obj.elements()
    index = args[0]
    found = _object_item(frame, None, obj, index)
    has_all = obj.is_exact and index.is_constant and all(entry_key(each) in obj.entries for each in index.consts)
    return found if has_all else join(found, default)


def _pop_entry(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    found = _get(frame, node, one, obj, args, keywords)
    if args and args[0].is_constant:
        gone = {entry_key(each) for each in args[0].consts}
        frame.update(
            one,
            lambda obj: obj.replaced(entries={key: value for key, value in obj.entries.items() if key not in gone}),
        )
    return found


def _setdefault(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    if not args:
        return UNKNOWN
    value = args[1] if len(args) > 1 else NONE
    found = join(_object_item(frame, None, obj, args[0]), value)
    store(frame, one, args[0], found)
    return found


def _update(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    for arg in args:
        merge_into(frame, one, arg)
    for name, value in keywords.items():
        store(frame, one, constant(name), value)
    return NONE


def merge_into(frame: Frame, target: Value, source: Value) -> None:
    """`target.update(source)`."""
    others = frame.objects(source)
    for _, other in others:
        if other.kind != "dict":
            rest = element(frame, source)
            frame.update(target, lambda obj, rest=rest: obj.with_unknown(rest))  # type: ignore[misc]
            continue

        frame.update(target, lambda obj, other=other: _overlaid(obj, other))  # type: ignore[misc]
    if source.is_opaque or not others:
        rest = labelled(into(source.labels, "[*]"))
        frame.update(target, lambda obj: obj.with_unknown(rest, rest))


def _overlaid(obj: Object, other: Object) -> Object:
    """What holds the entries of both, the other's where both have one."""
    loose = obj if other.rest is NOTHING else obj.with_unknown(other.rest)
    return loose.replaced(
        entries={**loose.entries, **other.entries},
        keys=join(obj.keys, other.keys),
        is_exact=obj.is_exact and other.is_exact,
    )


def _all_keys(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    if obj.is_exact and obj.keys is NOTHING:
        return new_list(frame, node, [constant(key) for _, key in obj.entries], "list", "keys")
    return loose_list(frame, node, _keys(obj), "keys")


def _all_values(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    if obj.is_exact and obj.keys is NOTHING:
        return new_list(frame, node, list(obj.entries.values()), "list", "values")
    return loose_list(frame, node, obj.elements(), "values")


def _all_items(frame: Frame, node: ir.Call, one: Value, obj: Object, args: Any, keywords: Any) -> Value:
    pairs = []
    if len(obj.entries) > MOST_REFERENCES:
        pair = new_list(frame, node, [_keys(obj), obj.elements()], "tuple", "pair")
        return loose_list(frame, node, pair, "items")
    for index, ((_, key), value) in enumerate(obj.entries.items()):
        pairs.append(new_list(frame, node, [constant(key), value], "tuple", f"pair{index}"))
    if obj.is_exact and obj.keys is NOTHING:
        return new_list(frame, node, pairs, "list", "items")
    pairs.append(new_list(frame, node, [obj.keys, obj.rest], "tuple", "pair"))
    return loose_list(frame, node, join_all(pairs), "items")


_METHODS: dict[tuple[str, str], Any] = {
    ("list", "append"): _append,
    ("list", "add"): _append,
    ("list", "put"): _append,
    ("list", "put_nowait"): _append,
    ("list", "appendleft"): lambda frame, node, one, obj, args, keywords: _insert(
        frame, node, one, obj, [constant(0), *args], keywords
    ),
    ("list", "extend"): _extend,
    ("list", "insert"): _insert,
    ("list", "pop"): _pop,
    ("list", "popleft"): _pop_first,
    ("list", "get"): _pop_first,
    ("list", "get_nowait"): _pop_first,
    ("list", "remove"): _shuffle,
    ("list", "discard"): _shuffle,
    ("list", "sort"): _shuffle,
    ("list", "reverse"): _reverse,
    ("list", "clear"): _clear,
    ("list", "copy"): _copy,
    ("list", "index"): _index,
    ("list", "count"): _number,
    ("list", "union"): _union,
    ("list", "intersection"): _intersection,
    ("list", "difference"): _difference,
    ("list", "issubset"): _boolean,
    ("list", "update"): _extend,
    ("dict", "get"): _get,
    ("dict", "pop"): _pop_entry,
    ("dict", "setdefault"): _setdefault,
    ("dict", "update"): _update,
    ("dict", "keys"): _all_keys,
    ("dict", "values"): _all_values,
    ("dict", "items"): _all_items,
    ("dict", "copy"): _copy,
    ("dict", "clear"): _clear,
}
