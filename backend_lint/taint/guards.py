"""Guards: what a condition that held, or did not, says of the values it asked about."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeGuard

from backend_lint.facts import ir
from backend_lint.project.external import ancestors
from backend_lint.taint import containers, regexes, strings
from backend_lint.taint.domain import (
    ADDRESS,
    NONE,
    NOTHING,
    SAME_TEXT,
    Constant,
    Derived,
    Symbol,
    Text,
    Value,
    constants,
)
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import (
    ANY,
    BELOW,
    FILLED,
    NAME,
    NO_PARENT,
    NORMALISED,
    ORIGIN,
    PLAIN,
    RELATIVE,
    TEXT,
    WORD,
    Label,
)
from backend_lint.taint.models import ALL, INJECTION, expanded
from backend_lint.taint.paths import path_key
from backend_lint.taint.state import State, entry_key, merge

Change = Callable[[Label], Label]
_WORD_TESTS = frozenset(["isdigit", "isalnum", "isdecimal", "isnumeric", "isidentifier", "isalpha"])


def truth(frame: Frame, value: Value) -> tuple[bool, bool]:
    """Whether a value can be true, and whether it can be false."""
    if value.is_opaque or value.is_nothing:
        return True, True
    true = bool(value.callables)
    false = any(type(each) is Symbol for each in value.callables)  # it may be a library's setting
    for each in value.consts:
        if each:
            true = True
        else:
            false = True
    for text in value.texts:
        true = True
        if not any(type(piece) is str for piece in text):
            false = True
    for _, obj in frame.objects(value):
        if obj.kind in ("list", "tuple", "set", "dict"):
            size = len(obj.items) if obj.items is not None else len(obj.entries)
            true = true or size > 0 or not obj.is_exact
            false = false or size == 0 or not obj.is_exact
        else:
            true = True
    if not (true or false):
        return True, True
    return true, false


def only(value: Value, is_true: bool) -> Value:
    """What of a value is true, or false."""
    consts = tuple(each for each in value.consts if bool(each) == is_true)
    if is_true:
        return value if consts == value.consts else _with_consts(value, consts)
    if value.is_opaque or value.references:
        return Value(consts, is_opaque=True, type=value.type)
    return Value(consts) if consts else NOTHING


def _with_consts(value: Value, consts: tuple[Constant, ...]) -> Value:
    return Value(
        consts,
        value.texts,
        value.references,
        value.callables,
        value.labels,
        value.is_opaque,
        value.type,
        value.derived,
    )


def assume(frame: Frame, test: ir.Expr, is_true: bool) -> State | None:
    """The state in which the test came out so; None where it cannot. The same object where nothing is learned."""
    start = frame.state
    if start is None:
        return None
    match test:
        case ir.Unary(op="not", value=inner):
            return assume(frame, inner, not is_true)
        case ir.Bool(op=op, values=parts):
            found = _sequence(frame, parts, is_true) if (op == "and") == is_true else _either(frame, parts, is_true)
        case ir.Compare():
            found = _compared(frame, test, is_true)
        case ir.Call():
            found = _called(frame, test, is_true)
        case ir.Walrus(target=ir.Name() as target):
            found = assume(frame, target, is_true)
        case ir.Name() | ir.Attribute() | ir.Subscript():
            found = _truthy(frame, test, is_true)
        case _:
            found = start
    frame.state = start
    return found


def _sequence(frame: Frame, parts: list[ir.Expr], is_true: bool) -> State | None:
    """All parts came out so."""
    for part in parts:
        frame.state = assume(frame, part, is_true)
        if frame.state is None:
            return None
    return frame.state


def _either(frame: Frame, parts: list[ir.Expr], is_true: bool) -> State | None:
    """One part came out so, and those before it did not."""
    found: State | None = None
    for part in parts:
        ends = assume(frame, part, is_true)
        found = merge(found, ends)
        frame.state = assume(frame, part, not is_true)
        if frame.state is None:
            break
    return found


def _compared(frame: Frame, test: ir.Compare, is_true: bool) -> State | None:
    if test.op in ("<=", "<", ">=", ">"):
        return _ordered(frame, test, is_true)
    if test.op not in ("in", "not in", "==", "!=", "is", "is not"):
        return frame.state
    holds = (test.op in ("in", "==", "is")) == is_true
    if test.op in ("==", "!=") and _is_head(test.left):
        return _affixed(frame, ir.Attribute(test.at, test.end, test.left.value, "startswith"), test.right, holds)
    left, right = frame.evaluate(test.left), frame.evaluate(test.right)
    if test.op in ("in", "not in"):
        if holds:
            return _member(frame, test, left, right)
        if left.type == ADDRESS and left.derived is not None and not frame.foreign(right):  # a network that is refused
            return narrow_source(frame, left.derived, lambda label: label.without(frozenset(), frozenset({"ssrf"})))
        literals = [each for each in left.consts if isinstance(each, str) and each]
        if literals and left.is_constant:
            if right.derived is not None and right.derived.how == "parts":
                if ".." in literals:
                    frame.state = narrow_value(frame, right.derived.source, _without_parents)
                return _unlike(frame, test.right, right, [left]) if right.references else frame.state
            return narrow(frame, test.right, right, lambda label: label.without(frozenset(literals)))
        return _unlike(frame, test.left, left, containers.exact_items(frame, right) or [])
    is_ours = left.is_constant and not right.is_constant
    if left is NONE or is_ours or (frame.labels(right) and not frame.labels(left) and not right.is_constant):
        return _equal(frame, test.right, right, left, holds, test.op)
    return _equal(frame, test.left, left, right, holds, test.op)


def _is_head(expr: ir.Expr) -> TypeGuard[ir.Subscript]:
    """Whether an expression is the first character of a text, `path[0]`, or its first ones, `path[:2]`."""
    match expr:
        case ir.Subscript(index=ir.Const(value=0) | ir.Slice(lower=None, upper=ir.Const(value=int()), step=None)):
            return True
        case _:
            return False


def _ordered(frame: Frame, test: ir.Compare, is_true: bool) -> State | None:
    """An upper bound of ours, of a number: or of a set, that it has no elements but those."""
    small, large = (test.left, test.right) if (test.op in ("<=", "<")) == is_true else (test.right, test.left)
    value, bound = frame.evaluate(small), frame.evaluate(large)
    if frame.foreign(bound) or not frame.labels(value):
        return frame.state
    made = [obj for _, obj in frame.objects(value)]
    if any(obj.kind == "set" for obj in made):
        if not is_true or value.derived is None or value.derived.how != "elements":
            return frame.state
        items = containers.exact_items(frame, bound) or []
        if not items or not all(isinstance(each.the_constant, str) for each in items):
            return frame.state
        possible = re.escape("".join(str(each.the_constant) for each in items))
        absent = regexes.absent(f"[{possible}]*", "fullmatch")
        return narrow_value(frame, value.derived.source, lambda label: label.without(absent))
    return narrow(frame, small, value, lambda label: label.without(frozenset(), frozenset({"resource"})))


def _member(frame: Frame, test: ir.Compare, left: Value, right: Value) -> State | None:
    """`left in right` held."""
    if right.derived is not None and right.derived.how == "parents":
        return _below(frame, right.derived.source)
    if right.derived is not None and right.derived.how == "parts":
        return frame.state
    if frame.foreign(right) and not _keys_are_ours(frame, right):
        return frame.state
    if left.is_constant:
        return frame.state
    items = containers.exact_items(frame, right) if not right.is_constant or _holds_tuple(right) else None
    if items is not None and items and all(each.is_constant for each in items):
        held = constants(each for item in items for each in item.consts)
        return replace(frame, test.left, left, held)
    return replace(frame, test.left, left, Value(is_opaque=True, type="builtins.str"))


def _holds_tuple(value: Value) -> bool:
    return all(isinstance(each, (tuple, frozenset)) for each in value.consts)


def _keys_are_ours(frame: Frame, value: Value) -> bool:
    """Whether membership asks for keys, and those are constants: a dict whose values alone come from outside."""
    objects = frame.objects(value)
    return (
        bool(objects)
        and not value.is_opaque
        and all(obj.kind == "dict" and not frame.foreign(obj.keys) and obj.rest is NOTHING for _, obj in objects)
    )


def _equal(frame: Frame, node: ir.Expr, value: Value, other: Value, holds: bool, op: str) -> State | None:
    if value.is_constant and other.is_constant and len(other.consts) == 1:
        same = [
            each
            for each in value.consts
            if (each == other.consts[0]) == holds or (not holds and len(value.consts) > 1 and each != other.consts[0])
        ]
        if not same:
            return None
        if len(same) < len(value.consts):
            return replace(frame, node, value, constants(same))
        return frame.state
    if not holds:
        if other is NONE and value.derived is not None and value.derived.how == "match":
            detail = value.derived.detail
            return narrow_source(frame, value.derived, lambda label: label.without(detail))
        if other is NONE and value.derived is not None and value.derived.how == "verdict" and not value.is_constant:
            frame.state = _verdict(frame, value.derived, True)
        if other is NONE and None in value.consts:
            rest = tuple(each for each in value.consts if each is not None)
            return replace(frame, node, value, _with_consts(value, rest))
        return _unlike(frame, node, value, [other])
    if value.derived is not None and value.derived.how == "commonpath":
        for path in value.derived.detail:
            if path is not other:
                frame.state = _below(frame, path)
        return frame.state
    if value.derived is not None and value.derived.how == "parents" and not frame.foreign(other):
        return _below(frame, value.derived.source)
    if other.is_constant:
        return replace(frame, node, value, other)
    for name, path in ((value, other), (other, value)):
        if _is_last_part(name, path):
            return narrow_value(frame, path, lambda label: label.without(NAME))
    theirs = {label.origin for label in frame.foreign(other)}
    if value.derived is not None and value.derived.how in ("netloc", "parents"):
        ours = {label.origin for label in frame.labels(value)}
        return frame.state if ours & theirs else replace(frame, node, value, Value(is_opaque=True))
    if not theirs and op in ("==", "!=") and not other.references:
        return replace(frame, node, value, Value(is_opaque=True, type=other.type))
    return frame.state


def _unlike(frame: Frame, node: ir.Expr, value: Value, others: list[Value]) -> State | None:
    """A value is none of these constants: as one part of a path that it is neither empty nor the directory above."""
    known = {each.the_constant for each in others}
    facts = frozenset({NO_PARENT} if ".." in known else ()) | frozenset({FILLED} if "" in known else ())
    if not facts or value.is_constant:
        return frame.state
    return narrow(frame, node, value, lambda label: label.without(facts) if "/" in label.absent else label)


_NO_PARENTS = frozenset({NO_PARENT, ".."})


def _without_parents(label: Label) -> Label:
    return label.without(frozenset({NO_PARENT}))


def _is_last_part(name: Value, path: Value) -> bool:
    """Whether one is the last part of the other, which has no more to it where the two are equal."""
    return name.derived is not None and name.derived.how == "basename" and _same_text(name.derived.source, path)


def _same_text(one: Value, other: Value) -> bool:
    while one is not other and one.derived is not None and one.derived.how in SAME_TEXT:
        one = one.derived.source
    return one is other


def _truthy(frame: Frame, node: ir.Expr, is_true: bool) -> State | None:
    value = frame.evaluate(node)
    true, false = truth(frame, value)
    if not (true if is_true else false):
        return None
    derived = value.derived
    if derived is not None:
        if derived.how == "match" and is_true:
            return narrow_source(frame, derived, lambda label: label.without(derived.detail))
        if derived.how == ("address is inside" if not is_true else "address is outside"):
            return narrow_source(frame, derived, lambda label: label.without(frozenset(), frozenset({"ssrf"})))
        if derived.how == "netloc" and not is_true:
            return narrow_source(frame, derived, lambda label: label.without(frozenset({ORIGIN})))
        if derived.how == "verdict":
            return _verdict(frame, derived, is_true)
    if is_true and any(_begins_something(label) for label in value.labels):
        return narrow(frame, node, value, lambda label: label.without(frozenset({FILLED})))
    if is_true and not (value.consts and false):
        return frame.state
    if not is_true and value.references and not value.is_opaque:
        return frame.state
    return replace(frame, node, value, only(value, is_true))


def _begins_something(label: Label) -> bool:
    """Whether it matters to what a text is joined with that it is not empty."""
    return FILLED not in label.absent and not label.absent.isdisjoint({"/", RELATIVE})


def _called(frame: Frame, test: ir.Call, is_true: bool) -> State | None:
    func = test.func
    first = test.args[0].value if test.args and not test.args[0].stars else None
    if type(func) is ir.Attribute:
        if func.name in _WORD_TESTS and not test.args:
            if is_true:
                return narrow(frame, func.value, frame.evaluate(func.value), lambda label: label.without(WORD))
            return frame.state
        if func.name in ("startswith", "endswith") and first is not None:
            return _affixed(frame, func, first, is_true)
        if func.name == "is_relative_to" and is_true:
            return _below(frame, frame.evaluate(func.value))
    if type(func) is ir.Name and first is not None:
        if func.id == "isinstance" and len(test.args) == 2:
            return _instance(frame, first, test.args[1].value, is_true)
        if func.id in ("any", "all") and type(first) is ir.Comprehension:
            if (func.id == "all") == is_true:
                return _quantified(frame, first, is_true)
            return _instanced(frame, first, is_true)
        if func.id == "bool":
            return assume(frame, first, is_true)
    for arg in test.args:
        held(frame, arg.value)
    value = frame.evaluate(test)
    true, false = truth(frame, value)
    if not (true if is_true else false):
        return None
    if value.derived is not None and value.derived.how == "match" and is_true:
        detail = value.derived.detail
        return narrow_source(frame, value.derived, lambda label: label.without(detail))
    if value.derived is not None and value.derived.how == "verdict":
        return _verdict(frame, value.derived, is_true)
    if is_true and value.is_opaque and value.derived is None and _ALLOWS_ADDRESS.match(_method(func)):
        for arg in test.args:
            frame.state = narrow_value(frame, frame.evaluate(arg.value), _may_be_led_to)
        return frame.state
    if path_key(test) is not None and (value.labels or value.texts):
        return replace(frame, test, value, only(value, is_true), keeps=True)
    return frame.state


def _method(func: ir.Expr) -> str:
    match func:
        case ir.Name(id=name) | ir.Attribute(name=name):
            return name
        case _:
            return ""


_ALLOWS_ADDRESS = re.compile(
    r"(?i)(?=.*(?:redirect|url|uri|host))(?!.*not_)(?:.*_)?(?:allow|valid|safe|permit|trust|accept)"
)
"""A question that cannot be read, by a name that says what its answer means: `client.allows_redirect_uri(uri)`."""


def _may_be_led_to(label: Label) -> Label:
    return label.without(frozenset(), frozenset({"redirect"}))


def held(frame: Frame, node: ir.Expr) -> None:
    """Keep what a plain path reads, so that what is proved of it holds where it is read again."""
    key = path_key(node) if type(node) is not ir.Name else None
    state = frame.state
    if key is None or state is None or key in state.paths:
        return
    value = frame.evaluate(node)
    if value.labels and frame.state is not None:
        frame.state = state = frame.state.copy()
        state.paths[key] = (value, None)


def _verdict(frame: Frame, derived: Derived, is_true: bool) -> State | None:
    """A function answered: what its summary says of the arguments when it answers so."""
    state: State | None = frame.state
    for source, when_true, when_false in derived.detail:
        cleaned, absent = when_true if is_true else when_false
        if (cleaned or absent) and frame.state is not None:
            state = frame.state = narrow_value(frame, source, lambda label: label.without(absent, cleaned))  # noqa: B023
    return state


def _affixed(frame: Frame, func: ir.Attribute, first: ir.Expr, is_true: bool) -> State | None:
    value, affix = frame.evaluate(func.value), frame.evaluate(first)
    if value.is_constant:
        return frame.state
    if not is_true:
        return _unaffixed(frame, func, value, _flattened(frame, affix))
    if frame.foreign(affix):
        return frame.state
    if func.name == "startswith" and value.derived is not None and value.derived.how in SAME_TEXT:
        source = value.derived.source
        if any(NORMALISED in label.absent for label in frame.labels(source)):
            return _below(frame, source)
    if any(NORMALISED in label.absent for label in frame.labels(value)) and func.name == "startswith":
        return _below(frame, value, func.value)
    if func.name == "endswith" and value.derived is not None and value.derived.how == "netloc":
        if affix.is_constant and all(isinstance(each, str) and _DOMAIN.fullmatch(each) for each in affix.consts):
            return narrow_source(frame, value.derived, lambda label: label.without(frozenset({ORIGIN})))
    if value.references or value.callables:
        return frame.state
    piece = affix.the_constant
    if affix.is_constant and (not isinstance(piece, str) or not piece):
        return frame.state
    known: Value | str = piece if isinstance(piece, str) else Value(is_opaque=True, type="builtins.str")
    texts = [_with_affix(text, known, func.name == "startswith") for text in strings.alternatives(value)]
    new = strings.from_texts(text for text in texts if text is not None)
    if new.is_nothing:
        return None
    new = new.typed(value.type)
    if value.derived is not None:
        new = new.derived_from(value.derived.how, value.derived.source, value.derived.detail)
    return replace(frame, func.value, value, new, keeps=True)


_DOMAIN = re.compile(r"(?:\.[\w-]+){2,}(?::\d+)?")  # what a host below a domain of ours ends with, `.example.com`


def _unaffixed(frame: Frame, func: ir.Attribute, value: Value, affixes: list[Constant]) -> State | None:
    """A text does not begin, or end, with any of these."""
    if func.name != "startswith":
        return frame.state
    if "//" in affixes and not value.is_opaque and value.texts:
        return _single_slash(frame, func.value, value)
    absent = {fact for affix, fact in (("/", RELATIVE), ("-", PLAIN)) if affix in affixes}
    return narrow(frame, func.value, value, lambda label: label.without(frozenset(absent))) if absent else frame.state


def _flattened(frame: Frame, affix: Value) -> list[Constant]:
    """The constants that `startswith` was asked for, by themselves or in a tuple."""
    items = containers.exact_items(frame, affix) if affix.references or isinstance(affix.the_constant, tuple) else None
    return [each for item in ([affix] if items is None else items) for each in item.consts]


def _single_slash(frame: Frame, node: ir.Expr, value: Value) -> State | None:
    """A text does not begin with two slashes: of one that begins with one, the rest does not begin with another."""
    texts = [
        (text[0], text[1].mapped(_relative), *text[2:]) if text[0] == "/" and type(text[1]) is Value else text
        for text in value.texts
    ]
    new = Value(value.consts, tuple(texts), labels=value.labels, type=value.type, derived=value.derived)
    return replace(frame, node, value, new, keeps=True)


def _with_affix(text: Text, known: Value | str, is_prefix: bool) -> Text | None:
    """A text that is known to begin, or to end, so; None where it cannot."""
    end = text[0] if is_prefix else text[-1]
    if type(end) is not str:
        if is_prefix and known == "/" and _stays(text[:1]):  # one that leads to this host has no second slash
            return ("/", end.mapped(_relative), *text[1:])  # type: ignore[union-attr]
        return (known, *text) if is_prefix else (*text, known)
    if type(known) is str and len(text) > 1:
        size = min(len(end), len(known))
        fits = end[:size] == known[:size] if is_prefix else end[len(end) - size :] == known[len(known) - size :]
        return text if fits else None
    if type(known) is str:
        return text if (end.startswith(known) if is_prefix else end.endswith(known)) else None
    return text


def below(frame: Frame, value: Value) -> None:
    """As `path.relative_to(directory)`, which raises where the path is not below."""
    frame.state = _below(frame, value)


def _below(frame: Frame, value: Value, node: ir.Expr | None = None) -> State | None:
    """A normalised path was found below a directory of ours."""

    def change(label: Label) -> Label:
        if NORMALISED in label.absent:
            return label.without(frozenset(), frozenset({"path"}))
        return label.without(frozenset({BELOW}))

    frame.state = narrow(frame, node, value, change) if node is not None else narrow_value(frame, value, change)
    if value.derived is not None and value.derived.how == "resolve":  # who asked of what it leads to asked of the path
        return narrow_value(frame, value.derived.source, lambda label: label.without(frozenset(), frozenset({"path"})))
    return frame.state


def _instance(frame: Frame, node: ir.Expr, kind: ir.Expr, is_true: bool) -> State | None:
    if not is_true:
        return None if _is_surely(frame, frame.evaluate(node), kind) else _no_instance(frame, node, kind)
    change = as_instance(frame, kind)
    return frame.state if change is None else narrow(frame, node, frame.evaluate(node), change)


def _is_surely(frame: Frame, value: Value, kind: ir.Expr) -> bool:
    """Whether nothing but instances of a class, made by ourselves, can arrive."""
    made = [obj.cls for _, obj in frame.objects(value)]
    name = frame.engine.project.qualified(kind, frame.scope) if type(kind) is not ir.Sequence else None
    if name is None or not made or value.is_opaque or value.consts or value.texts or value.callables:
        return False
    is_subclass = frame.engine.project.classes.is_subclass
    return all(cls is not None and is_subclass(cls, name) for cls in made)


def _no_instance(frame: Frame, node: ir.Expr, kind: ir.Expr) -> State | None:
    """It is no text: what is known to be one does not come this way."""
    value = frame.evaluate(node)
    if frame.engine.project.qualified(kind, frame.scope) != "builtins.str" or value.references or value.callables:
        return frame.state
    labels = tuple(label for label in value.labels if TEXT not in label.absent)
    if labels == value.labels:
        return frame.state
    consts = tuple(each for each in value.consts if not isinstance(each, str))
    return replace(frame, node, value, Value(consts, labels=labels, is_opaque=True), keeps=True)


def as_instance(frame: Frame, kind: ir.Expr) -> Change | None:
    """What is known of an instance of a class, or of one of several."""
    kinds = kind.items if type(kind) is ir.Sequence else [kind]
    names = {frame.engine.project.qualified(each, frame.scope) for each in kinds}
    if all(name is not None and not _NUMBERS.isdisjoint(ancestors(name)) for name in names):
        return lambda label: label.without(WORD, INJECTION)
    if names <= {"builtins.str", "builtins.bytes"}:
        return lambda label: label.without(frozenset({TEXT}))
    return None


_NUMBERS = {"builtins.int", "builtins.float", "builtins.bool", "uuid.UUID", "datetime.datetime", "datetime.date"}


def _quantified(frame: Frame, node: ir.Comprehension, is_true: bool) -> State | None:
    """`any(bad in x for bad in BAD)` was false, or `all(c.isalnum() for c in x)` true."""
    if len(node.clauses) != 1 or node.clauses[0].conditions:
        return frame.state
    clause = node.clauses[0]
    iterated = frame.evaluate(clause.iter)
    start = frame.state
    assert start is not None
    if not frame.foreign(iterated):
        items = containers.exact_items(frame, iterated)
        if items is None and iterated.derived is not None and iterated.derived.how == "resolved":
            items = [containers.element(frame, iterated)]
        if items is None or type(clause.target) is not ir.Name:
            return frame.state
        state: State | None = start
        for item in items:
            if state is None:
                break
            frame.state = state.copy()
            saved = frame.state.env.get(clause.target.id)
            frame.state.env[clause.target.id] = item
            state = assume(frame, node.element, is_true)
            if state is not None:
                state = state.copy()
                if saved is None:
                    state.env.pop(clause.target.id, None)
                else:
                    state.env[clause.target.id] = saved
        return state
    frame.state = start.copy()
    element = containers.element(frame, iterated)
    frame.engine.assign(frame, clause.target, element)
    after = assume(frame, node.element, is_true)
    if after is None or type(clause.target) is not ir.Name:
        return start
    frame.state = start
    return narrow_each(frame, clause.iter, iterated, element, after.env[clause.target.id])


def narrow_each(frame: Frame, node: ir.Expr, iterated: Value, element: Value, proved: Value) -> State | None:
    """What is `proved` of an element, whichever it is, holds of all of them, and of the path whose parts they are."""
    if iterated.derived is not None and iterated.derived.how == "parts":
        if all(label.absent & _NO_PARENTS for label in proved.all_labels()):
            frame.state = narrow_value(frame, iterated.derived.source, _without_parents)
            return narrow(frame, node, iterated, _without_parents)
    return narrow(frame, node, iterated, _as_each(element, proved))


def accepted(frame: Frame, value: Value, answer: Value) -> Value:
    """A value of which a function answered yes."""
    if answer.derived is None or answer.derived.how != "verdict":
        return value
    for source, (cleaned, absent), _ in answer.derived.detail:
        if source is value:
            return _changed(frame, value, lambda label: label.without(absent, cleaned))  # noqa: B023
    return value


def _as_each(element: Value, proved: Value) -> Change:
    """What is known of things of whose elements all that is known that `proved` says of one."""
    asked = {label.origin for label in element.all_labels()}
    learned = {label.origin: label for label in proved.all_labels()}

    def change(label: Label) -> Label:
        origin = label.origin if label.origin in asked else containers.into((label,), "[*]")[0].origin
        if origin not in asked:
            return label
        known = learned.get(origin)
        if known is None:
            return label.without(WORD)
        return label.without(known.scattered().absent, known.cleaned)

    return change


def _instanced(frame: Frame, node: ir.Comprehension, is_true: bool) -> State | None:
    """`any(x == known for known in KNOWN)` was true, or the like with `all` false: for one element it came out so."""
    start = frame.state
    assert start is not None
    clause = node.clauses[0]
    items = containers.exact_items(frame, frame.evaluate(clause.iter))
    if len(node.clauses) != 1 or clause.conditions or type(clause.target) is not ir.Name or not items:
        return start
    found: State | None = None
    for item in items:
        frame.state = start.copy()
        frame.state.env[clause.target.id] = item
        found = merge(found, assume(frame, node.element, is_true))
    frame.state = start
    if found is None:
        return None
    if clause.target.id in start.env:
        found.env[clause.target.id] = start.env[clause.target.id]
    else:
        found.env.pop(clause.target.id, None)
    return found


# Putting what was learned into the state


def narrow(frame: Frame, node: ir.Expr, value: Value, change: Change) -> State | None:
    """The labels of what an expression reads are changed, there and where it was computed from."""
    new = _changed(frame, value, change)
    state = frame.state
    if new is not value:
        state = _written(frame, node, value, new)
    frame.state = state
    return narrow_source(frame, value.derived, change) if value.derived is not None else state


def _changed(frame: Frame, value: Value, change: Change) -> Value:
    new = value.mapped(change)
    if value.references:
        labels = tuple(map(change, frame.labels(value)))
        if labels and labels != frame.labels(value):
            return Value(value.consts, labels=labels, is_opaque=True, type=value.type, derived=value.derived)
    if new is not value and any(text[0] == "/" for text in new.texts):
        texts = tuple(map(_behind_slash, value.texts, new.texts))
        return Value(new.consts, texts, new.references, new.callables, new.labels, new.is_opaque, new.type, new.derived)
    return new


def _behind_slash(old: Text, new: Text) -> Text:
    """A text that stays on this host, and begins with a slash, has no second one."""
    before, after = old[1:2], new[1:2]
    if new[0] != "/" or not _stays(after) or _stays(before):
        return new
    hole = after[0]
    assert type(hole) is Value
    return (new[0], hole.mapped(_relative), *new[2:])


def _relative(label: Label) -> Label:
    return label.without(frozenset({RELATIVE}))


def _stays(pieces: Text) -> bool:
    return all(type(each) is Value and all(ORIGIN in label.absent for label in each.labels) for each in pieces)


def narrow_source(frame: Frame, derived: Derived, change: Change) -> State | None:
    """What a value was computed from is narrowed with it, where the way between them keeps the fact."""
    source = derived.source
    if derived.how == "slice":
        lower, upper = derived.detail
        if not _is_literal_cut(source, lower, upper):
            return frame.state
    elif derived.how not in _PASSES:
        return frame.state
    elif derived.how == "resolved":
        change = _of_what_resolves(change)
    return narrow_value(frame, source, _of_host(change) if derived.how == "netloc" else change)


_PASSES = SAME_TEXT | {
    "match", "netloc", "urlparse", "urljoin", "verdict", "parents", "commonpath", "resolved", "address is inside",
    "address is outside",
}  # fmt: skip


def _of_what_resolves(change: Change) -> Change:
    """Of what is said of an address that a host resolves to, what holds for the host: that the server may ask it."""
    return lambda label: label.without(frozenset(), change(label).cleaned & {"ssrf"})


def _of_host(change: Change) -> Change:
    """Of what is said of an address's host, what holds for the address: that it is one of ours."""

    def changed(label: Label) -> Label:
        new = change(label)
        fixed = frozenset[str]() if ANY in new.absent else new.absent & {ORIGIN}
        return label.without(fixed, new.cleaned & {"ssrf", "redirect"} if ANY not in new.absent else frozenset())

    return changed


def narrow_value(frame: Frame, source: Value, change: Change) -> State | None:
    """All variables that hold this very value are narrowed."""
    return _narrowed_to(frame, source, _changed(frame, source, change), change)


def proved(frame: Frame, source: Value, change: Change) -> Value:
    """A value after something of it is proved, as all variables that held it hold it from here on."""
    new = _changed(frame, source, change)
    frame.state = _narrowed_to(frame, source, new, change) or frame.state
    return new


def _narrowed_to(frame: Frame, source: Value, new: Value, change: Change) -> State | None:
    state = frame.state
    if state is None:
        return None
    if new is not source:
        names = [name for name, value in state.env.items() if value is source]
        keys = [key for key, (value, _) in state.paths.items() if value is source]
        if names or keys:
            state = state.copy()
            for name in names:
                state.env[name] = new
            for key in keys:
                state.paths[key] = (new, state.paths[key][1])
            _tie(state, source, new)
            frame.state = state
    if source.derived is not None:
        return narrow_source(frame, source.derived, change)
    return state


def replace(frame: Frame, node: ir.Expr, value: Value, new: Value, *, keeps: bool = False) -> State | None:
    """What an expression reads is this now; what it was computed from does no harm either, unless it `keeps` labels."""
    state = _written(frame, node, value, new)
    frame.state = state
    if value.derived is not None and not keeps:
        how = value.derived.how
        if how == "netloc":
            return narrow_source(frame, value.derived, lambda label: label.without(frozenset({ORIGIN})))
        if how in SAME_TEXT:
            return narrow_source(frame, value.derived, lambda label: label.without(WORD, ALL))
    return state


def _written(frame: Frame, node: ir.Expr, old: Value, new: Value) -> State | None:
    state = frame.state
    if state is None:
        return None
    if type(node) is ir.Walrus:
        node = node.target
    if type(node) is ir.Name:
        if node.id not in state.env:
            return state
        state = state.copy()
        for name in [name for name, value in state.env.items() if value is old]:
            if new is not NONE or not name.startswith("\0"):  # where nothing was given, nothing is proved
                state.env[name] = new
        state.env[node.id] = new
        _tie(state, old, new)
        if node.id in state.flags:
            state.learned(node.id, old, new)
        return state
    inside = _written_inside(frame, node, old, new)
    if inside is not None:
        return inside
    key = path_key(node)
    if key is None:
        return state
    state = state.copy()
    known = state.paths.get(key)
    state.paths[key] = (new, known[1] if known is not None else None)
    return state


def _tie(state: State, old: Value, new: Value) -> None:
    """What was computed from a value was computed from what is known of it now, too."""
    for name, value in state.env.items():
        derived = value.derived
        if derived is not None and derived.source is old and derived.how in _COMPUTED:
            state.env[name] = value.derived_from(derived.how, new, derived.detail)


_COMPUTED = SAME_TEXT | {"urlparse", "urljoin", "netloc", "match", "slice", "basename", "resolve"}


def _written_inside(frame: Frame, node: ir.Expr, old: Value, new: Value) -> State | None:
    """The state in which an object holds the new value where the expression reads the old one; None where none does."""
    state = frame.state
    if state is None or not isinstance(node, (ir.Attribute, ir.Subscript)):
        return None
    owner = frame.evaluate(node.value)
    where = owner.references[0] if len(owner.references) == 1 and not owner.is_opaque else None
    obj = state.heap.get(where) if where is not None else None
    if where is None or obj is None:
        return None
    match node:
        case ir.Attribute(name=name) if obj.fields.get(name) is old:
            changed = obj.with_field(name, new)
        case ir.Subscript(index=ir.Const(value=index)) if obj.entries.get(entry_key(index)) is old:
            changed = obj.with_entry(index, new)
        case _:
            return None
    state = state.copy()
    state.heap[where] = changed
    return state


def _is_literal_cut(source: Value, lower: Any, upper: Any) -> bool:
    """Whether a slice takes nothing but literal text from both ends of a value."""
    if source.is_opaque or not source.texts:
        return False
    for text in source.texts:
        first = text[0] if type(text[0]) is str else ""
        last = text[-1] if type(text[-1]) is str else ""
        if (lower or 0) < 0 or (lower or 0) > len(first) or (upper is not None and not 0 < -upper <= len(last)):
            return False
    return True


def matched(pattern: Value, how: str, subject: Value) -> Value:
    """The result of `re.match` and its like: true only of texts that have what the pattern leaves."""
    text = pattern.the_constant
    found = Value(labels=subject.all_labels(), is_opaque=True, consts=(None,), type="re.Match")
    if isinstance(text, str):
        return found.derived_from("match", subject, regexes.absent(text, how))
    return found


def cleaned(kinds: tuple[str, ...]) -> Change:
    removed = expanded(kinds)
    return lambda label: label.without(frozenset(), removed)
