"""Switches: tests that ask what those who run the application have set, and nothing that a client sends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.taint.domain import Value
from backend_lint.taint.labels import Input, Label, Labels, Source
from backend_lint.taint.state import State, merge

if TYPE_CHECKING:
    from backend_lint.taint.frame import Frame

_CONFIGURATION = frozenset({
    "settings", "config", "conf", "configuration", "app_config", "app_settings", "environ", "getenv", "get_settings",
    "get_config", "get_app_settings", "CONFIG", "SETTINGS",
})  # fmt: skip


def is_switch(frame: Frame, test: ir.Expr) -> bool:
    """Whether a test asks for nothing but configuration: `settings.CHECK_HOSTS`, a parameter that is a bool."""
    match test:
        case ir.Unary(op="not", value=inner):
            return is_switch(frame, inner)
        case ir.Bool(values=values):
            return all(is_switch(frame, each) for each in values)
        case ir.Compare(left=left, right=right):
            return is_switch(frame, left) and type(right) is ir.Const
        case ir.Name(id=name):
            return _is_bool_parameter(frame, name) or _is_kept(frame, test)
        case ir.Attribute() | ir.Subscript() | ir.Call():
            return bool(_CONFIGURATION & set(_names(test))) and not _from_clients(frame, test)
        case _:
            return False


def is_list_of_ours(frame: Frame, iterated: Value) -> bool:
    """Whether a loop is over a list that the code writes out: that it is empty is no client's choice."""
    made = [obj for _, obj in frame.objects(iterated)]
    return (
        bool(made)
        and not iterated.is_opaque
        and not frame.foreign(iterated)
        and all(obj.kind in ("list", "tuple", "set") for obj in made)
    )


def merged(kept: State | None, other: State | None) -> State | None:
    """Join of what a switch leads to, where what was proved with it on counts: to set it off is no client's choice."""
    found = merge(kept, other)
    if kept is None or other is None or found is None:
        return found
    for name, value in found.env.items():
        first, second = kept.env.get(name), other.env.get(name)
        if first is not None and second is not None and first is not second:
            proved = _proved(first, second)
            if proved is not None and proved is not value:
                found = found.copy() if found in (kept, other) else found
                found.env[name] = proved
    return found


def _proved(first: Value, second: Value) -> Value | None:
    """Of two values that differ in nothing but what is proved of them, the one of which more is."""
    one, two = first.all_labels(), second.all_labels()
    if len(one) != len(two) or not one:
        return None
    if all(map(_is_stronger, one, two)):
        return first
    return second if all(map(_is_stronger, two, one)) else None


def _is_stronger(one: Label, two: Label) -> bool:
    return one.origin == two.origin and one.cleaned >= two.cleaned and one.absent >= two.absent


def _is_bool_parameter(frame: Frame, name: str) -> bool:
    function = frame.function
    parameter = function.parameter(name) if function is not None else None
    if parameter is None:
        return False
    is_default = type(parameter.default) is ir.Const and isinstance(parameter.default.value, bool)
    return is_default or ir.dotted(parameter.annotation) == "bool"


def _is_kept(frame: Frame, node: ir.Name) -> bool:
    """Whether a variable was assigned from configuration in this function, once."""
    function = frame.function
    found = frame.engine.project.types.bindings(function).get(node.id, []) if function is not None else []
    return len(found) == 1 and found[0].kind == "value" and bool(_CONFIGURATION & set(_names(found[0].expr)))


def _names(expr: ir.Expr) -> list[str]:
    """The names along `settings.A["B"].get("C")`."""
    found: list[str] = []
    while True:
        match expr:
            case ir.Attribute(name=name, value=inner):
                found.append(name)
                expr = inner
            case ir.Subscript(value=inner) | ir.Call(func=inner):
                expr = inner
            case ir.Name(id=name):
                return [*found, name]
            case _:
                return found


def _from_clients(frame: Frame, test: ir.Expr) -> bool:
    labels: Labels = frame.labels(frame.evaluate(test))
    return any(type(label.origin) in (Source, Input) for label in labels)
