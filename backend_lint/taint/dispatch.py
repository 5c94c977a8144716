"""Generic functions: `functools.singledispatch`, and the implementations that are registered for classes."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Function
from backend_lint.taint.domain import Value

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine
    from backend_lint.taint.frame import Frame

_GENERIC = frozenset({"functools.singledispatch", "functools.singledispatchmethod"})


class Implementation(NamedTuple):
    """`kinds` are the qualified names of the classes that it is for."""

    function: Function
    kinds: frozenset[str]


class Dispatch:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.project = engine.project

    @functools.cached_property
    def registered(self) -> dict[str, list[Implementation]]:
        """The implementations of each generic function, by its name."""
        found: dict[str, list[Implementation]] = {}
        for function in self.project.functions(Role.APP):
            for decorator in function.decorators:
                generic = self._generic(decorator, function)
                if generic is not None:
                    kinds = self._kinds(decorator, function)
                    found.setdefault(generic.qualified, []).append(Implementation(function, kinds))
        return found

    def targets(self, frame: Frame, function: Function, first: Value) -> list[Function]:
        """What a call with this first argument runs: the function itself, unless it is generic."""
        implementations = self.registered.get(function.qualified) if function.decorators else None
        if implementations is None:
            return [function]
        known = sorted(filter(None, {first.type, *(obj.cls for _, obj in frame.objects(first))}))
        if not known or (first.is_opaque and first.type is None):
            return [*(each.function for each in implementations), function]
        fitting = [each.function for each in implementations if self._fits(known, each)]
        return fitting or [function]

    def _fits(self, known: list[str], implementation: Implementation) -> bool:
        return any(self.project.classes.is_subclass(each, *implementation.kinds) for each in known)

    def _generic(self, decorator: Expr, function: Function) -> Function | None:
        """The generic function of `@generic.register` or `@generic.register(Class)`."""
        named = ir.callee(decorator)
        if type(named) is not ir.Attribute or named.name != "register":
            return None
        scope = function.cls or function.parent or function.module
        generic = self.project.types.function(self.project.qualified(named.value, scope) or "")
        if generic is None and function.cls is not None and type(named.value) is ir.Name:
            generic = function.cls.methods.get(named.value.id)
        if generic is None or not any(self.project.qualified(each, scope) in _GENERIC for each in generic.decorators):
            return None
        return generic

    def _kinds(self, decorator: Expr, function: Function) -> frozenset[str]:
        """The classes that it is registered for: those that the decorator names, or the first parameter."""
        if type(decorator) is ir.Call and decorator.args:
            annotation: Expr | None = decorator.args[0].value
        else:
            parameters = function.parameters[1:] if function.cls is not None else function.parameters
            annotation = parameters[0].annotation if parameters else None
        return frozenset(
            qualified
            for each in _alternatives(annotation)
            if (qualified := self.project.qualified(each, function)) is not None
        )


def _alternatives(annotation: Expr | None) -> list[Expr]:
    match annotation:
        case None:
            return []
        case ir.Binary(op="|", left=left, right=right):
            return [*_alternatives(left), *_alternatives(right)]
        case ir.Subscript(value=value, index=ir.Sequence(items=items)) if (ir.dotted(value) or "").endswith("Union"):
            return list(items)
        case _:
            return [annotation]
