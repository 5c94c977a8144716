"""Expressions: what each can be in the state that a frame is in."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from backend_lint.facts import ir
from backend_lint.project.modules import Function
from backend_lint.taint import containers, guards, strings
from backend_lint.taint.domain import (
    BOOLEAN,
    LONGEST,
    NONE,
    NOTHING,
    NUMBER,
    UNKNOWN,
    Derived,
    FunctionValue,
    Value,
    callable_value,
    constant,
    constants,
    join,
    join_all,
    labelled,
)
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import union
from backend_lint.taint.paths import path_key
from backend_lint.taint.state import Object, merge

MOST_UNROLLED = 8


def _const(frame: Frame, node: ir.Const) -> Value:
    return constant(node.value)


def _name(frame: Frame, node: ir.Name) -> Value:
    assert frame.state is not None
    found = frame.state.env.get(node.id)
    if found is not None:
        return found
    return frame.engine.free(frame, node)


def _attribute(frame: Frame, node: ir.Attribute) -> Value:
    state = frame.state
    assert state is not None
    if state.paths:
        key = path_key(node)
        known = state.paths.get(key) if key is not None else None
        if known is not None:
            return known[0]
    return frame.engine.members.read(frame, frame.evaluate(node.value), node)


def _subscript(frame: Frame, node: ir.Subscript) -> Value:
    state = frame.state
    assert state is not None
    if state.paths:
        key = path_key(node)
        known = state.paths.get(key) if key is not None else None
        if known is not None:
            return known[0]
    value = frame.evaluate(node.value)
    if type(node.index) is ir.Slice:
        return containers.sliced(frame, node, value, node.index)
    index = frame.evaluate(node.index)
    if not value.is_opaque and value.callables:
        made = frame.engine.members.enumerated(value)
        return made if made is not None else value  # `list[int]`, `Repository[User]`
    return containers.item(frame, value, index)


def _slice(frame: Frame, node: ir.Slice) -> Value:
    for part in ir.children(node):
        frame.evaluate(part)
    return UNKNOWN


def _text(frame: Frame, node: ir.Text) -> Value:
    return strings.concatenated([flat(frame, frame.evaluate(piece)) for piece in node.pieces])


def flat(frame: Frame, value: Value) -> Value:
    """The value as text: objects become what can be read in them."""
    if not (value.references or value.callables):
        return strings.as_text(value) if value.labels else value
    texts = [_written(frame, obj) for _, obj in frame.objects(value)]
    if texts and all(text is not None for text in texts) and not value.callables and not value.is_opaque:
        return join_all([text for text in texts if text is not None])
    labels = frame.labels(value)
    return strings.as_text(Value(value.consts, value.texts, labels=labels, is_opaque=True, type=value.type))


def _written(frame: Frame, obj: Object) -> Value | None:
    """The text that an object stands for: what was written to a buffer, the path of a `Path`."""
    return obj.fields.get("\0text")


def _binary(frame: Frame, node: ir.Binary) -> Value:
    left, right = frame.evaluate(node.left), frame.evaluate(node.right)
    return binary(frame, node, node.op, left, right)


def binary(frame: Frame, node: ir.Node, op: str, left: Value, right: Value) -> Value:
    if left.is_constant and right.is_constant:
        found = _folded(op, left, right)
        if found is not None:
            return found
    match op:
        case "+":
            return _added(frame, node, left, right)
        case "-" if left.derived is not None and left.derived.how == "len" and isinstance(right.the_constant, int):
            derived = Derived("len", left.derived.source, left.derived.detail - right.the_constant)
            return Value(is_opaque=True, type="builtins.int", derived=derived)
        case "%" if strings.is_text(left) or left.texts:
            if any(obj.kind == "dict" for _, obj in frame.objects(right)):
                return strings.percent_of_mapping(left, lambda key: flat(frame, containers.item(frame, right, key)))
            items = containers.exact_items(frame, right) if right.references else [right]
            if items is None:
                items = [labelled(frame.labels(right))]
            return strings.percent(left, [flat(frame, each) for each in items])
        case "/":
            return frame.engine.library.divided(frame, node, left, right)
        case "&" if left.references or right.references:
            return containers.common(frame, node, left, right)
        case "-" if left.references:
            return containers.loose_list(frame, node, containers.element(frame, left))
        case "|" if left.references and any(obj.kind != "dict" for _, obj in frame.objects(left)):
            both = join(containers.element(frame, left), containers.element(frame, right))
            return frame.allocate(node, Object("set", rest=both, is_exact=False))
        case "|" if left.references:
            merged = frame.allocate(node, join_objects(frame, left))
            containers.merge_into(frame, merged, right)
            return merged
        case "*" if left.references and isinstance(right.the_constant, int):
            return containers.loose_list(frame, node, containers.element(frame, left))
    labels = union(frame.labels(left), frame.labels(right))
    if labels:
        return labelled(tuple(label.scattered() for label in labels), left.type if left.type == right.type else None)
    return NUMBER if left.type == "builtins.int" and right.type == "builtins.int" else UNKNOWN


def join_objects(frame: Frame, value: Value) -> Object:
    found: Object | None = None
    for _, obj in frame.objects(value):
        found = obj if found is None else found.joined(obj)
    return found if found is not None else Object("dict", is_exact=False)


def _added(frame: Frame, node: ir.Node, left: Value, right: Value) -> Value:
    if left.references and (right.references or right.is_opaque) and not left.is_opaque:
        sequences = all(obj.kind in ("list", "tuple") for _, obj in (*frame.objects(left), *frame.objects(right)))
        if sequences:
            first, second = containers.exact_items(frame, left), containers.exact_items(frame, right)
            kind = frame.objects(left)[0][1].kind if frame.objects(left) else "list"
            if first is not None and second is not None:
                return containers.new_list(frame, node, [*first, *second], kind)
            both = join(containers.element(frame, left), containers.element(frame, right))
            return containers.loose_list(frame, node, both)
    is_known = left.texts or right.texts or strings.is_text(left) or strings.is_text(right)
    if is_known or left.labels or right.labels:
        return strings.concatenated([flat(frame, left), flat(frame, right)])
    if left.references or right.references:
        return labelled(union(frame.labels(left), frame.labels(right)))
    return NUMBER if left.type == "builtins.int" and right.type == "builtins.int" else UNKNOWN


_SIGNS: dict[str, Callable[[Any], Any]] = {"-": operator.neg, "+": operator.pos, "~": operator.inv}
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
    "**": operator.pow,
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "is": lambda left, right: left is right if left is None or right is None else left == right,
    "is not": lambda left, right: left is not right if left is None or right is None else left != right,
}


def _folded(op: str, left: Value, right: Value) -> Value | None:
    """The operator, executed on constants; None where that is not possible, or could be large."""
    run = _OPERATORS.get(op)
    if run is None:
        return None
    results = []
    for first in left.consts:
        for second in right.consts:
            if not _is_small(op, first, second):
                return None
            try:
                results.append(run(first, second))
            except (ArithmeticError, TypeError, ValueError):
                continue
    return constants(results) if results else None


def _is_small(op: str, first: Any, second: Any) -> bool:
    match op:
        case "**" | "<<":
            return isinstance(first, int) and isinstance(second, int) and abs(first) < 2**64 and 0 <= second <= 64
        case "*":
            sizes = [len(each) for each in (first, second) if isinstance(each, (str, bytes, tuple))]
            numbers = [abs(each) for each in (first, second) if isinstance(each, (int, float))]
            if sizes:
                return bool(numbers) and sizes[0] * numbers[0] <= LONGEST
            return all(number < 2**256 for number in numbers)
        case _:
            return True


def _unary(frame: Frame, node: ir.Unary) -> Value:
    value = frame.evaluate(node.value)
    if node.op == "not":
        true, false = guards.truth(frame, value)
        return constants([*([False] if true else []), *([True] if false else [])])
    if value.is_constant:
        run = _SIGNS[node.op]
        try:
            return constants(run(each) for each in value.consts)
        except TypeError:
            return NUMBER
    return labelled(value.labels, "builtins.int")


def _bool(frame: Frame, node: ir.Bool) -> Value:
    """`and` and `or`: each value is reached only in the states that those before it leave."""
    wanted = node.op == "and"
    found = NOTHING
    ended = None
    for number, part in enumerate(node.values):
        value = frame.evaluate(part)
        if frame.state is None:
            break
        if number == len(node.values) - 1:
            found = join(found, value)
            break
        true, false = guards.truth(frame, value)
        goes_on, stops = (true, false) if wanted else (false, true)
        if stops:
            found = join(found, guards.only(value, not wanted))
        if not goes_on:
            break
        before = frame.state
        after = guards.assume(frame, part, wanted)
        if after is not before:
            ended = merge(ended, guards.assume(frame, part, not wanted) if stops else None)
            frame.state = after
    frame.state = merge(frame.state, ended)
    return found


def _compare(frame: Frame, node: ir.Compare) -> Value:
    left, right = frame.evaluate(node.left), frame.evaluate(node.right)
    if left.is_constant and right.is_constant:
        found = _folded(node.op, left, right)
        if found is not None:
            return found
    if node.op in ("in", "not in") and left.is_constant and right.references and not right.is_opaque:
        items = containers.exact_items(frame, right)
        if items is not None and all(each.is_constant and len(each.consts) == 1 for each in items):
            held = [each.consts[0] for each in items]
            return constants((each in held) == (node.op == "in") for each in left.consts)
    if node.op in ("in", "not in") and left.is_constant and right.texts and not right.is_opaque and not right.consts:
        if all(
            isinstance(each, str) and any(type(piece) is str and each in piece for piece in text)
            for each in left.consts
            for text in right.texts
        ):
            return constant(node.op == "in")
    if right is NONE and node.op in ("is", "is not") and not left.is_opaque and not left.consts:
        return constant(node.op == "is not") if not left.is_nothing else BOOLEAN
    return BOOLEAN


def _conditional(frame: Frame, node: ir.Conditional) -> Value:
    true, false = guards.truth(frame, frame.evaluate(node.test))
    if frame.state is None:
        return NOTHING
    if not (true and false):
        return frame.evaluate(node.body if true else node.orelse)
    start = frame.state
    other = guards.assume(frame, node.test, False)
    frame.state = guards.assume(frame, node.test, True)
    is_forked = frame.state is not start or other is not start
    if is_forked and frame.state is other:
        frame.state = other.copy() if other is not None else None
    body = frame.evaluate(node.body) if frame.state is not None else NOTHING
    after = frame.state
    if is_forked:
        frame.state = other
    orelse = frame.evaluate(node.orelse) if frame.state is not None else NOTHING
    if is_forked:
        frame.state = merge(after, frame.state)
    return join(body, orelse)


def _sequence(frame: Frame, node: ir.Sequence) -> Value:
    items: list[Value] = []
    rest = NOTHING
    for part in node.items:
        if type(part) is ir.Star:
            value = frame.evaluate(part.value)
            inner = containers.exact_items(frame, value)
            if inner is not None and rest is NOTHING:
                items.extend(inner)
            else:
                rest = join(rest, containers.element(frame, value))
        else:
            items.append(frame.evaluate(part))
    tag = node.kind if node.kind != "list" else ""  # a tuple without parentheses begins where its first item does
    if rest is not NOTHING or len(items) > 256:
        return frame.allocate(node, Object(node.kind, rest=join(rest, join_all(items)), is_exact=False), tag)
    return frame.allocate(node, Object(node.kind, items=tuple(items)), tag)


def _star(frame: Frame, node: ir.Star) -> Value:
    return frame.evaluate(node.value)


def _dict(frame: Frame, node: ir.Dict) -> Value:
    made = frame.allocate(node, Object("dict"))
    for key, part in zip(node.keys, node.values, strict=True):
        value = frame.evaluate(part)
        if key is None:
            containers.merge_into(frame, made, value)
        else:
            containers.store(frame, made, frame.evaluate(key), value)
    return made


def _lambda(frame: Frame, node: ir.Lambda) -> Value:
    return closure(frame, frame.module.functions[node.function])


def closure(frame: Frame, function: Function) -> Value:
    assert frame.state is not None
    outer = None
    if isinstance(frame.scope, Function):
        names = frame.engine.free_names(function)
        outer = {name: frame.state.env[name] for name in names if name in frame.state.env}
    return callable_value(FunctionValue(function, outer))


def _comprehension(frame: Frame, node: ir.Comprehension) -> Value:
    state = frame.state
    assert state is not None
    saved = dict(state.env)
    items: list[Value] | None = None
    if len(node.clauses) == 1 and not node.clauses[0].conditions:
        items = containers.exact_items(frame, frame.evaluate(node.clauses[0].iter))
    if frame.state is None:
        return NOTHING
    if items is not None and len(items) <= MOST_UNROLLED and node.kind != "dict":
        results = []
        for item in items:
            if frame.state is None:
                return NOTHING
            frame.engine.assign(frame, node.clauses[0].target, item)
            results.append(frame.evaluate(node.element))
        found = frame.allocate(node, Object("set" if node.kind == "set" else "list", items=tuple(results)))
    else:
        found = _loose_comprehension(frame, node)
    if frame.state is None:
        return found
    for target in (name for clause in node.clauses for name in _names(clause.target)):
        if target in saved:
            frame.state.env[target] = saved[target]
        else:
            frame.state.env.pop(target, None)
    return frame.engine.lookups.found(frame, node, found)


def _loose_comprehension(frame: Frame, node: ir.Comprehension) -> Value:
    before = frame.state
    assert before is not None
    frame.state = before.copy()
    key = value = NOTHING
    for clause in node.clauses:
        if frame.state is None:
            break
        iterated = containers.element(frame, frame.evaluate(clause.iter))
        frame.engine.assign(frame, clause.target, iterated)
        for condition in clause.conditions:
            if frame.state is None:
                break
            true, _ = guards.truth(frame, frame.evaluate(condition))
            frame.state = guards.assume(frame, condition, True) if true and frame.state is not None else None
    if frame.state is not None:
        key = frame.evaluate(node.element)
        if node.value is not None and frame.state is not None:
            value = frame.evaluate(node.value)
    frame.state = merge(before, frame.state)
    if node.kind == "dict":
        return frame.allocate(node, Object("dict", rest=value, keys=key, is_exact=False))
    kind = "set" if node.kind == "set" else "list"
    return frame.allocate(node, Object(kind, rest=key, is_exact=False))


def _names(target: ir.Expr) -> list[str]:
    match target:
        case ir.Name(id=name):
            return [name]
        case ir.Sequence(items=items):
            return [name for item in items for name in _names(item)]
        case ir.Star(value=value):
            return _names(value)
        case _:
            return []


def _await(frame: Frame, node: ir.Await) -> Value:
    return frame.evaluate(node.value)


def _yield(frame: Frame, node: ir.Yield) -> Value:
    if node.value is not None:
        value = frame.evaluate(node.value)
        if node.is_from:
            value = containers.element(frame, value)
        frame.yields = join(frame.yields, value)
    return UNKNOWN


def _walrus(frame: Frame, node: ir.Walrus) -> Value:
    value = frame.evaluate(node.value)
    frame.engine.assign(frame, node.target, value)
    return value


def _opaque(frame: Frame, node: ir.Opaque) -> Value:
    found = UNKNOWN
    for child in node.children:
        found = found.with_labels(frame.labels(frame.evaluate(child)))
    return found


def _call(frame: Frame, node: ir.Call) -> Value:
    return frame.engine.calls.call(frame, node)


EVALUATORS: dict[type, Callable[[Frame, Any], Value]] = {
    ir.Const: _const,
    ir.Name: _name,
    ir.Attribute: _attribute,
    ir.Subscript: _subscript,
    ir.Slice: _slice,
    ir.Call: _call,
    ir.Text: _text,
    ir.Binary: _binary,
    ir.Unary: _unary,
    ir.Bool: _bool,
    ir.Compare: _compare,
    ir.Conditional: _conditional,
    ir.Sequence: _sequence,
    ir.Star: _star,
    ir.Dict: _dict,
    ir.Lambda: _lambda,
    ir.Comprehension: _comprehension,
    ir.Await: _await,
    ir.Yield: _yield,
    ir.Walrus: _walrus,
    ir.Opaque: _opaque,
}
