"""Look-ups that can miss: what is found by its being equal to a client's value makes the value one of ours.

What a catalogue, a table or a list of the project's own holds was put there before; whoever asks for an entry by its
name, and goes on only where there is one, goes on with a name that is in there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Function, Scope
from backend_lint.taint import guards
from backend_lint.taint.domain import Value
from backend_lint.taint.evidence import CLEAN, NOTHING, Cleaning
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import Label
from backend_lint.taint.paths import path_key

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

Verdict = tuple[Value, Cleaning, Cleaning]
_BY_KEYWORDS = frozenset({"filter_by", "get", "aget", "get_or_none", "first", "afirst", "filter", "find_one_by"})
_OR_RAISES = frozenset({
    "get_object_or_404", "aget_object_or_404", "get_list_or_404", "first_or_404", "get_or_404", "one", "one_or_404",
    "scalar_one",
})  # fmt: skip
_OPTIONS = frozenset({"default", "timeout", "using", "session", "conn", "connection", "db", "url", "params", "headers"})
_PLACEHOLDER = re.compile(r"=\s*(?::(\w+)|%\((\w+)\)s|(\?|%s|\$\d+))")
_SELECT = re.compile(r"\s*select\b", re.IGNORECASE)
_MOST_ASKED = 6


class Lookups:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._keys: dict[int, tuple[Expr, ...]] = {}
        self._asked: dict[str, frozenset[str]] = {}

    def keys(self, node: ir.Call | ir.Comprehension) -> tuple[Expr, ...]:
        """The variables and attributes that what a call or a comprehension gives is found by."""
        known = self._keys.get(id(node))
        if known is None:
            found = [each for each in _keys(node) if type(each) is ir.Name or path_key(each) is not None]
            known = self._keys[id(node)] = tuple(found[:_MOST_ASKED])
        return known

    def hold(self, frame: Frame, node: ir.Call) -> None:
        """Keep what a look-up is given as it is now, so that what is proved of it holds where it is read again."""
        given = list(self.keys(node))
        if any(self.asked(target) for target in frame.engine.project.site(node, frame.scope).targets[:2]):
            given += [arg.value for arg in node.args]
        for each in given:
            guards.held(frame, each)

    def found(self, frame: Frame, node: ir.Call | ir.Comprehension, value: Value) -> Value:
        """What a look-up gives, tied to what it was found by."""
        keys = self.keys(node)
        if not keys or frame.state is None or value.derived is not None or not self._is_ours(frame, value):
            return value
        asked = [each for each in map(frame.evaluate, keys) if each.all_labels()]
        if not asked:
            return value
        if type(node) is ir.Call and _raises(node):
            for each in asked:
                frame.state = guards.narrow_value(frame, each, _known)
            return value
        return tied(value, [(each, CLEAN, NOTHING) for each in asked])

    def answers(self, frame: Frame, function: Function, given: dict[str, Value], result: Value) -> list[Verdict]:
        """What it says of what a function of ours was given that it found something of ours."""
        asked = self.asked(function)
        if not asked or not self._is_ours(frame, result):
            return []
        return [(given[name], CLEAN, NOTHING) for name in sorted(asked) if name in given and given[name].all_labels()]

    def asked(self, function: Function) -> frozenset[str]:
        """The parameters that what a function gives is found by, in it or in what it hands them on to."""
        name = function.qualified
        known = self._asked.get(name)
        if known is None:
            self._asked[name] = frozenset()
            own = {each.name for each in function.parameters} - self.engine.assigned_names(function)
            found = {key.id for key in self._compared(function) if type(key) is ir.Name and key.id in own}
            for call in ir.calls(function.body) if own - found else ():
                found |= {each for each in self._handed_on(call, function) if each in own}
            known = self._asked[name] = frozenset(found)
        return known

    def _compared(self, function: Function) -> Iterator[Expr]:
        for node in ir.walk(function.body):
            if type(node) in (ir.Call, ir.Comprehension):
                yield from self.keys(node)  # type: ignore[arg-type]
        for stmt in ir.walk_statements(function.body):
            if type(stmt) is ir.For and type(stmt.target) is ir.Name:
                tests = (each.test for each in ir.walk_statements(stmt.body) if type(each) is ir.If)
                for test in tests:
                    yield from _equal_to(test, stmt.target.id)

    def _handed_on(self, call: ir.Call, scope: Scope) -> Iterator[str]:
        for target in self.engine.project.site(call, scope).targets[:1]:
            asked = self.asked(target)
            names = [each.name for each in target.parameters]
            if target.takes_receiver and type(call.func) is ir.Attribute:
                names = names[1:]
            for index, arg in enumerate(call.args):
                name = arg.keyword or (names[index] if index < len(names) else None)
                if name in asked and type(arg.value) is ir.Name and not arg.stars:
                    yield arg.value.id

    def _is_ours(self, frame: Frame, value: Value) -> bool:
        """Whether nothing of what was found is a client's or a caller's, and there is something to find."""
        return (value.is_opaque or bool(value.references)) and not frame.foreign(value)


def tied(value: Value, verdicts: list[Verdict]) -> Value:
    """A value of which there being one says something of others."""
    return value.derived_from("verdict", verdicts[0][0], verdicts) if verdicts else value


def _known(label: Label) -> Label:
    return label.without(CLEAN[1], CLEAN[0])


def _keys(node: ir.Call | ir.Comprehension) -> Iterator[Expr]:
    if type(node) is ir.Comprehension:
        yield from _chosen_by(node)
        return
    expr: Expr = node
    while True:
        match expr:
            case ir.Call(func=func):
                yield from _asked_by(expr)
                expr = func
            case ir.Attribute(value=inner):
                expr = inner
            case ir.Subscript(value=inner):
                expr = inner
            case ir.Await(value=inner):
                expr = inner
            case _:
                return


def _chosen_by(node: ir.Comprehension) -> Iterator[Expr]:
    """What the elements that a comprehension takes are equal to."""
    for clause in node.clauses:
        if type(clause.target) is ir.Name:
            for condition in clause.conditions:
                yield from _equal_to(condition, clause.target.id)


def _equal_to(test: Expr, element: str) -> Iterator[Expr]:
    """What a part of an element is compared with."""
    match test:
        case ir.Bool(values=parts):
            for part in parts:
                yield from _equal_to(part, element)
        case ir.Compare(op="==" | "!=", left=left, right=right):
            for part, other in ((left, right), (right, left)):
                if type(part) in (ir.Attribute, ir.Subscript) and _root(part) == element and _root(other) != element:
                    yield other


def _asked_by(call: ir.Call) -> Iterator[Expr]:
    """What one call asks for."""
    method = call.func.name if type(call.func) is ir.Attribute else call.func.id if type(call.func) is ir.Name else ""
    if method == "next" and call.args and type(call.args[0].value) is ir.Comprehension:
        yield from _chosen_by(call.args[0].value)
    for arg in call.args:
        match arg.value:
            case ir.Compare(op="==", left=ir.Attribute(value=ir.Name()), right=right):
                yield right
        if arg.keyword is not None and (method in _BY_KEYWORDS or method in _OR_RAISES) and _is_column(arg.keyword):
            yield arg.value
    if method in ("get", "get_or_404") and type(call.func) is ir.Attribute:
        yield from _by_key(call, call.func.value)
    yield from _bound(call)


def _is_column(keyword: str) -> bool:
    head, _, how = keyword.rpartition("__")
    return keyword not in _OPTIONS and (not head or how in ("exact", "iexact", "id", "pk", "slug", "name"))


def _by_key(call: ir.Call, receiver: Expr) -> Iterator[Expr]:
    """`session.get(Order, id)`, `Order.query.get(id)`, `FORMATS.get(name)`."""
    args = [arg.value for arg in call.args if arg.keyword is None]
    match receiver, args:
        case _, [ir.Name(id=entity), key] if entity[:1].isupper() and not entity.isupper():
            yield key
        case ir.Attribute(name="query"), [key, *_]:
            yield key
        case ((ir.Name(id=name) | ir.Attribute(name=name)), [key]) if name.isupper():
            yield key


def _bound(call: ir.Call) -> Iterator[Expr]:
    """What a `SELECT` that is a literal is given for the columns that it asks to be equal."""
    texts = [arg.value for arg in call.args if type(arg.value) is ir.Const and isinstance(arg.value.value, str)]
    if not texts or not _SELECT.match(str(texts[0].value)):
        return
    asked = _PLACEHOLDER.findall(str(texts[0].value))
    names = {named or formatted for named, formatted, _ in asked}
    for arg in call.args:
        match arg.value:
            case ir.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if type(key) is ir.Const and key.value in names:
                        yield value
            case ir.Sequence(items=items) if any(placed for _, _, placed in asked) and len(items) == len(asked):
                yield from items


def _raises(node: ir.Call) -> bool:
    """Whether a look-up raises where it finds nothing."""
    match node.func:
        case ir.Name(id=name):
            return name in _OR_RAISES
        case ir.Attribute(name="get" | "aget", value=ir.Attribute(name="objects")):
            return bool(node.args) and all(arg.keyword is not None for arg in node.args)
        case ir.Attribute(name=name):
            return name in _OR_RAISES
        case _:
            return False


def _root(expr: Expr) -> str | None:
    while True:
        match expr:
            case ir.Attribute(value=inner) | ir.Subscript(value=inner) | ir.Call(func=inner):
                expr = inner
            case ir.Name(id=name):
                return name
            case _:
                return None
