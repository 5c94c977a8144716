"""Statements: how each changes the state that a frame is in."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from backend_lint.facts import ir
from backend_lint.taint import containers, guards, raising, switches
from backend_lint.taint.domain import (
    NONE,
    UNKNOWN,
    ClassValue,
    Symbol,
    Value,
    callable_value,
    constant,
    join,
    labelled,
)
from backend_lint.taint.evaluate import binary, closure
from backend_lint.taint.frame import Frame, Loop, Seen
from backend_lint.taint.paths import path_key
from backend_lint.taint.state import State, merge

MOST_UNROLLED = 6
MOST_ROUNDS = 12
WIDENED_AFTER = 2


def block(frame: Frame, body: list[ir.Stmt]) -> None:
    """Run statements in order, until the end or until nothing can be reached."""
    handlers = frame.handlers
    for stmt in body:
        if frame.state is None:
            return
        frame.tick()
        _STATEMENTS[type(stmt)](frame, stmt)
        if handlers and frame.state is not None:
            _may_raise(frame)


def _may_raise(frame: Frame) -> None:
    """The handlers around see the state as it is now."""
    state = frame.state
    assert state is not None
    frame.handlers[-1].see(state)


# Assignment


def assign(frame: Frame, target: ir.Expr, value: Value) -> None:
    """Bind a target to a value."""
    state = frame.state
    if state is None:
        return
    match target:
        case ir.Name(id=name):
            if name in frame.globals:
                frame.keep(f"{frame.module.name}.{name}", (), value)
            state.bind(name, value)
        case ir.Attribute():
            _assign_attribute(frame, target, value)
        case ir.Subscript():
            owner = frame.evaluate(target.value)
            if type(target.index) is ir.Slice:
                rest = containers.element(frame, value)
                frame.update(owner, lambda obj: obj.loosened().replaced(rest=join(obj.loosened().rest, rest)))
                return
            index = frame.evaluate(target.index)
            frame.engine.sinks.stored(frame, target, owner, index, value)
            if index.the_constant is not None:
                frame.engine.kept.hand_on(frame, owner, f"[{index.the_constant!r}]", value)
            containers.store(frame, owner, index, value)
            if owner.is_opaque:
                _taint_root(frame, target, value)
                _remember(frame, target, value)
        case ir.Sequence(items=items):
            _unpack(frame, items, value)
        case ir.Star(value=inner):
            assign(frame, inner, value)


def _assign_attribute(frame: Frame, target: ir.Attribute, value: Value) -> None:
    owner = frame.evaluate(target.value)
    frame.engine.sinks.stored(frame, target, owner, constant(target.name), value)
    if frame.engine.calls.set_property(frame, owner, target.name, value):
        return
    cls = frame.engine.project.cls(owner.type) if owner.type is not None else None
    if cls is not None:
        frame.engine.stored.written(frame, cls, target.name, value)
    for each in owner.callables:
        if type(each) is ClassValue:
            frame.keep(f"{each.cls.qualified}.{target.name}", (), value)
        elif type(each) is Symbol and each.receiver is None:
            frame.keep(f"{each.name}.{target.name}", (), value)
    frame.engine.kept.hand_on(frame, owner, f".{target.name}", value)
    if owner.references:
        frame.update(owner, lambda obj: obj.with_field(target.name, value))
    if owner.is_opaque or not owner.references:
        _remember(frame, target, value)
        if not frame.engine.is_ours(owner):
            _taint_root(frame, target, value)


def _remember(frame: Frame, target: ir.Expr, value: Value) -> None:
    state = frame.state
    key = path_key(target)
    if key is None or state is None:
        return
    known = state.paths.get(key)
    base = known[1] if known is not None else None
    if base is None:
        state.paths.pop(key, None)
        base = frame.evaluate(target)
    for other in [other for other in state.paths if len(other) > len(key) and other[: len(key)] == key]:
        del state.paths[other]
    state.paths[key] = (value, base)
    frame.written.setdefault(key, None)


def _taint_root(frame: Frame, target: ir.Attribute | ir.Subscript, value: Value) -> None:
    """An object that we know nothing of holds what was put into it."""
    labels = frame.labels(value)
    if not labels or type(target.value) is not ir.Name or frame.state is None:
        return
    name = target.value.id
    known = frame.state.env.get(name)
    if known is not None:
        frame.state.env[name] = known.with_labels(labels)


def _unpack(frame: Frame, items: list[ir.Expr], value: Value) -> None:
    exact = containers.exact_items(frame, value)
    stars = [index for index, item in enumerate(items) if type(item) is ir.Star]
    if exact is not None and not stars and len(exact) == len(items):
        for item, part in zip(items, exact, strict=True):
            assign(frame, item, part)
        return
    if exact is not None and len(stars) == 1 and len(exact) >= len(items) - 1:
        star, after = stars[0], len(items) - stars[0] - 1
        middle = exact[star : len(exact) - after]
        for item, part in zip(items[:star], exact[:star], strict=True):
            assign(frame, item, part)
        assign(frame, items[star], containers.new_list(frame, items[star], middle))
        for item, part in zip(items[star + 1 :], exact[len(exact) - after :], strict=True):
            assign(frame, item, part)
        return
    has_places = (value.is_opaque and not value.references) or containers.are_tuples(frame, value)
    rest = None if has_places else containers.element(frame, value)
    for index, item in enumerate(items):
        part = rest if rest is not None else containers.item(frame, value, constant(index))
        if type(item) is ir.Star:
            assign(frame, item, containers.loose_list(frame, item, part))
        else:
            assign(frame, item, part)


def _assign(frame: Frame, stmt: ir.Assign) -> None:
    if stmt.value is None:
        return
    value = frame.evaluate(stmt.value)
    if frame.state is None:
        return
    for target in stmt.targets:
        assign(frame, target, _noted(frame, target, value, stmt.value))


def _noted(frame: Frame, target: ir.Expr, value: Value, source: ir.Expr) -> Value:
    """A step of the way for each label that goes into a named variable."""
    if type(target) is not ir.Name or type(source) is ir.Name or value.derived is not None:
        return value
    if not value.labels and not value.texts:
        return value
    at = None

    def step(label: Any) -> Any:
        nonlocal at
        if at is None:
            at = frame.place(target)
        return label.through(at, f"assigned to `{target.id}`")

    return value.mapped(step)


def _augment(frame: Frame, stmt: ir.Augment) -> None:
    left = frame.evaluate(stmt.target)
    right = frame.evaluate(stmt.value)
    if frame.state is None:
        return
    if stmt.op == "+" and left.references and not left.is_opaque:
        kinds = {obj.kind for _, obj in frame.objects(left)}
        if kinds <= {"list"}:
            call = ir.Call(stmt.at, stmt.end, stmt.target, [])
            containers.method(frame, call, left, "extend", [right], {})
            return
    value = binary(frame, stmt, stmt.op, left, right)
    assign(frame, stmt.target, _noted(frame, stmt.target, value, stmt.value) if right.labels or right.texts else value)


# Simple statements


def _evaluate(frame: Frame, stmt: ir.Evaluate) -> None:
    frame.evaluate(stmt.value)


def _return(frame: Frame, stmt: ir.Return) -> None:
    value = frame.evaluate(stmt.value) if stmt.value is not None else NONE
    if frame.state is not None:
        if frame.handlers:
            _may_raise(frame)
        frame.returns.append((frame.state, value, stmt.value))
    frame.state = None


def _raise(frame: Frame, stmt: ir.Raise) -> None:
    if stmt.exc is not None:
        value = frame.evaluate(stmt.exc)
        if frame.state is not None:
            frame.throw(raising.kind(frame, value), frame.labels(value))
    if frame.state is not None and frame.handlers:
        _may_raise(frame)
    frame.state = None


def _assert(frame: Frame, stmt: ir.Assert) -> None:
    true, _ = guards.truth(frame, frame.evaluate(stmt.test))
    if frame.state is not None:
        frame.state = guards.assume(frame, stmt.test, True) if true else None


def _delete(frame: Frame, stmt: ir.Delete) -> None:
    assert frame.state is not None
    for target in stmt.targets:
        match target:
            case ir.Name(id=name):
                frame.state.bind(name, UNKNOWN)
            case ir.Subscript(value=owner, index=index):
                value = frame.evaluate(owner)
                call = ir.Call(target.at, target.end, target, [])
                if type(index) is not ir.Slice:
                    containers.method(frame, call, value, "pop", [frame.evaluate(index)], {})


def _jump(frame: Frame, stmt: ir.Jump) -> None:
    if stmt.kind == "pass" or not frame.loops or frame.state is None:
        return
    loop = frame.loops[-1]
    (loop.breaks if stmt.kind == "break" else loop.continues).append(frame.state)
    frame.state = None


def _declare(frame: Frame, stmt: ir.Declare) -> None:
    (frame.globals if stmt.kind == "global" else frame.nonlocals).update(stmt.names)


def _define_function(frame: Frame, stmt: ir.DefineFunction) -> None:
    assert frame.state is not None
    function = frame.module.functions[stmt.function]
    for parameter in function.parameters:
        if parameter.default is not None and type(parameter.default) is not ir.Const:
            frame.evaluate(parameter.default)
    frame.state.bind(function.name, closure(frame, function))


def _define_class(frame: Frame, stmt: ir.DefineClass) -> None:
    assert frame.state is not None
    cls = frame.module.classes[stmt.cls]
    frame.state.bind(cls.name, callable_value(ClassValue(cls)))


def _load(frame: Frame, stmt: ir.Load) -> None:
    return


# Branches and loops


def _if(frame: Frame, stmt: ir.If) -> None:
    true, false = guards.truth(frame, frame.evaluate(stmt.test))
    start = frame.state
    if start is None:
        return
    taken = guards.assume(frame, stmt.test, True) if true else None
    other = guards.assume(frame, stmt.test, False) if false else None
    if taken is None and other is None:
        taken = other = start
    if taken is other and taken is not None:
        taken = taken.copy()
    is_switch = taken is not None and other is not None and switches.is_switch(frame, stmt.test)
    returned = len(frame.returns)
    frame.state = taken
    if taken is not None:
        block(frame, stmt.body)
    after = frame.state
    frame.state = other
    if other is not None:
        block(frame, stmt.orelse)
    if is_switch:
        frame.switched.update(id(state) for state, _, _ in frame.returns[returned:])
        frame.state = switches.merged(after, frame.state)
    else:
        frame.state = merge(after, frame.state)


def _while(frame: Frame, stmt: ir.While) -> None:
    def enter() -> bool:
        true, _ = guards.truth(frame, frame.evaluate(stmt.test))
        if frame.state is not None:
            frame.state = guards.assume(frame, stmt.test, True) if true else None
        return frame.state is not None

    def leave(back: State | None) -> None:
        if frame.state is None:
            return
        _, false = guards.truth(frame, frame.evaluate(stmt.test))
        if frame.state is not None:
            frame.state = guards.assume(frame, stmt.test, False) if false else None

    _repeat(frame, stmt.body, stmt.orelse, enter, leave)


def _for(frame: Frame, stmt: ir.For) -> None:
    iterated = frame.evaluate(stmt.iter)
    if frame.state is None:
        return
    items = containers.exact_items(frame, iterated)
    if iterated.derived is not None and iterated.derived.how == "resolved":
        items = [containers.element(frame, iterated)]  # a resolver that answers names one address at least
    if items is not None and len(items) <= MOST_UNROLLED:
        _unrolled(frame, stmt, items)
        return

    def enter() -> bool:
        element = containers.element(frame, iterated)
        assign(frame, stmt.target, _noted(frame, stmt.target, element, stmt.iter))
        return frame.state is not None

    def leave(back: State | None) -> None:
        name = _name_of(stmt.target)
        if back is None or frame.state is None or name is None or not _asks_each(frame, stmt, name):
            return
        element = containers.element(frame, iterated)
        frame.state = guards.narrow_each(frame, stmt.iter, iterated, element, back.env[name])

    _repeat(frame, stmt.body, stmt.orelse, enter, leave, counts=switches.is_list_of_ours(frame, iterated))


def _asks_each(frame: Frame, stmt: ir.For, name: str) -> bool:
    """Whether what holds of a loop's variable where a round ends holds of all that the loop was over.

    The variable must be the element still, and the elements all that there is: of a mapping they are the keys.
    """
    if not frame.foreign(frame.evaluate(stmt.iter)):
        return False
    source = ir.dotted(stmt.iter)
    inside = itertools.chain(ir.walk_statements(stmt.body), ir.walk(stmt.body))
    if any(name in map(_name_of, _targets(node)) for node in inside):
        return False
    around = frame.function.body if frame.function is not None else stmt.body
    return not any(_is_of_mapping(node, source, name) for node in ir.walk(around)) if source is not None else True


def _targets(node: ir.Node) -> list[ir.Expr]:
    match node:
        case ir.Assign(targets=targets):
            return targets
        case ir.Augment(target=target) | ir.For(target=target) | ir.Walrus(target=target):
            return [target]
        case _:
            return []


def _name_of(expr: ir.Expr) -> str | None:
    return expr.id if type(expr) is ir.Name else None


def _is_of_mapping(node: ir.Node, owner: str, key: str) -> bool:
    """Whether a node asks `owner` for what lies under its keys."""
    match node:
        case ir.Attribute(value=value, name="items" | "values" | "keys" | "get"):
            return ir.dotted(value) == owner
        case ir.Subscript(value=value, index=ir.Const(value=str())):
            return ir.dotted(value) == owner
        case ir.Subscript(value=value, index=ir.Name(id=name)):
            return name == key and ir.dotted(value) == owner
        case _:
            return False


def _unrolled(frame: Frame, stmt: ir.For, items: list[Value]) -> None:
    loop = Loop()
    frame.loops.append(loop)
    for item in items:
        if frame.state is None:
            break
        assign(frame, stmt.target, _noted(frame, stmt.target, item, stmt.iter))
        block(frame, stmt.body)
        for state in loop.continues:
            frame.state = merge(frame.state, state)
        loop.continues.clear()
    frame.loops.pop()
    if frame.state is not None:
        block(frame, stmt.orelse)
    for state in loop.breaks:
        frame.state = merge(frame.state, state)


def _repeat(
    frame: Frame,
    body: list[ir.Stmt],
    orelse: list[ir.Stmt],
    enter: Callable[[], bool],
    leave: Callable[[State | None], None],
    *,
    counts: bool = False,
) -> None:
    """Run a loop's body until its state changes no more. What a round that `counts` has proved holds after it.

    `leave` is called in the state after the last round, with the one in which rounds end, if they do.
    """
    head = frame.state
    assert head is not None
    head = head.copy()
    outside: State | None = None
    back: State | None = None
    for number in range(MOST_ROUNDS):
        loop = Loop()
        frame.loops.append(loop)
        frame.state = head.copy()
        if enter():
            block(frame, body)
        frame.loops.pop()
        back = frame.state
        for ended in loop.continues:
            back = merge(back, ended)
        for ended in loop.breaks:
            outside = merge(outside, ended)
        if back is None:
            break
        joined = head.joined(back)
        if joined is head:
            break
        if number >= WIDENED_AFTER:
            joined = joined.widened(head)
            if joined is head:
                break
        head = joined
    frame.state = switches.merged(back, head) if counts else head
    leave(back)
    if frame.state is not None:
        block(frame, orelse)
    frame.state = merge(frame.state, outside)


def _try(frame: Frame, stmt: ir.Try) -> None:
    assert frame.state is not None
    seen = Seen(frame.state)
    frame.handlers.append(seen)
    outside, frame.raised = frame.raised, {}
    block(frame, stmt.body)
    frame.handlers.pop()
    inside, frame.raised = frame.raised, outside
    if frame.state is not None:
        block(frame, stmt.orelse)
    after: State | None = frame.state
    for handler in stmt.handlers:
        frame.state = seen.state.copy()
        if handler.name is not None:
            caught = raising.caught(frame, handler.type, inside)
            frame.state.bind(handler.name, labelled(frame.through(caught, handler, "raised and caught")))
        block(frame, handler.body)
        after = merge(after, frame.state)
    for kind, labels in raising.escaping(frame, [each.type for each in stmt.handlers], inside).items():
        frame.throw(kind, labels)
    frame.state = after
    if not stmt.final:
        if not stmt.handlers and frame.handlers and frame.state is not None:
            _may_raise(frame)
        return
    if after is None:
        frame.state = seen.state.copy()
        block(frame, stmt.final)
        frame.state = None
        return
    block(frame, stmt.final)


def _with(frame: Frame, stmt: ir.With) -> None:
    for item in stmt.items:
        value = frame.evaluate(item.value)
        if frame.state is None:
            return
        entered = frame.engine.calls.entered(frame, item.value, value)
        if item.target is not None:
            assign(frame, item.target, _noted(frame, item.target, entered, item.value))
    block(frame, stmt.body)


# Match


def _match(frame: Frame, stmt: ir.Match) -> None:
    subject = frame.evaluate(stmt.subject)
    ended: State | None = None
    rest = frame.state
    for case in stmt.cases:
        if rest is None:
            break
        frame.state = rest
        can, cannot = _matches(frame, case.pattern, subject)
        if not can:
            continue
        frame.state = rest.copy()
        held = subject
        values = _pattern_constants(frame, case.pattern)
        if values is not None:
            known = tuple(each for each in values if not subject.is_constant or each in subject.consts)
            held = Value(consts=known) if known else subject
            frame.state = guards.replace(frame, stmt.subject, subject, held)
        if frame.state is None:
            break
        _capture(frame, case.pattern, held)
        if case.guard is not None and frame.state is not None:
            true, false = guards.truth(frame, frame.evaluate(case.guard))
            cannot = cannot or false
            frame.state = guards.assume(frame, case.guard, True) if true and frame.state is not None else None
        if frame.state is not None:
            block(frame, case.body)
        ended = merge(ended, frame.state)
        if not cannot:
            rest = None
    frame.state = merge(ended, rest)


def _matches(frame: Frame, pattern: ir.Pattern, subject: Value) -> tuple[bool, bool]:
    """Whether the pattern can match, and whether it can fail to."""
    match pattern.kind:
        case "capture":
            return True, False
        case "as":
            return _matches(frame, pattern.children[0], subject)
        case "or":
            parts = [_matches(frame, child, subject) for child in pattern.children]
            values = _pattern_constants(frame, pattern)
            if values is not None and subject.is_constant:
                return any(each in values for each in subject.consts), any(
                    each not in values for each in subject.consts
                )
            return any(can for can, _ in parts), all(cannot for _, cannot in parts)
        case "value" if pattern.value is not None:
            value = frame.evaluate(pattern.value)
            if subject.is_constant and value.is_constant:
                same = [each == value.consts[0] for each in subject.consts]
                return any(same), not all(same)
            return True, True
        case _:
            return not subject.is_constant or pattern.kind == "class", True


def _pattern_constants(frame: Frame, pattern: ir.Pattern) -> list[Any] | None:
    if pattern.kind == "value" and pattern.value is not None:
        value = frame.evaluate(pattern.value)
        return list(value.consts) if value.is_constant else None
    if pattern.kind == "as":
        return _pattern_constants(frame, pattern.children[0])
    if pattern.kind == "or":
        parts = [_pattern_constants(frame, child) for child in pattern.children]
        if all(part is not None for part in parts):
            return [each for part in parts if part is not None for each in part]
    return None


def _capture(frame: Frame, pattern: ir.Pattern, value: Value) -> None:
    state = frame.state
    if state is None:
        return
    match pattern.kind:
        case "capture" if pattern.name is not None:
            state.bind(pattern.name, value)
        case "as":
            values = _pattern_constants(frame, pattern)
            held = value if values is None else Value(consts=tuple(values))
            _capture(frame, pattern.children[0], held)
            if pattern.name is not None:
                state.bind(pattern.name, held)
        case "sequence":
            exact = containers.exact_items(frame, value)
            fits = exact is not None and len(exact) == len(pattern.children)
            for index, child in enumerate(pattern.children):
                part = exact[index] if fits and exact is not None else containers.item(frame, value, constant(index))
                if child.kind == "star":
                    part = containers.loose_list(frame, child, containers.element(frame, value))
                    if child.name is not None:
                        state.bind(child.name, part)
                else:
                    _capture(frame, child, part)
        case "mapping":
            for key, child in zip(pattern.keys, pattern.children, strict=False):
                _capture(frame, child, containers.item(frame, value, frame.evaluate(key)))
            if pattern.name is not None:
                state.bind(pattern.name, value)
        case "class":
            change = guards.as_instance(frame, pattern.value) if pattern.value is not None else None
            value = value if change is None else value.mapped(change)
            positional = len(pattern.children) - len(pattern.names)
            for child in pattern.children[:positional]:
                _capture(frame, child, value)
            for name, child in zip(pattern.names, pattern.children[positional:], strict=True):
                _capture(frame, child, frame.engine.members.peek(frame, value, name))
        case "or":
            for child in pattern.children:
                _capture(frame, child, value)


_STATEMENTS: dict[type, Callable[[Frame, Any], None]] = {
    ir.Assign: _assign,
    ir.Augment: _augment,
    ir.Evaluate: _evaluate,
    ir.Return: _return,
    ir.Raise: _raise,
    ir.Assert: _assert,
    ir.Delete: _delete,
    ir.If: _if,
    ir.While: _while,
    ir.For: _for,
    ir.Try: _try,
    ir.With: _with,
    ir.Match: _match,
    ir.Jump: _jump,
    ir.Declare: _declare,
    ir.DefineFunction: _define_function,
    ir.DefineClass: _define_class,
    ir.Load: _load,
}
