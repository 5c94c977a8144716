"""Which model an expression names: a class, a table, an alias, `self.model` of a base class that serves several."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope

_ALIASES = frozenset({"aliased", "with_polymorphic", "alias"})


class Entities:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.handles = {model.handle: name for name, model in project.models.items() if model.handle is not None}
        self._candidates: dict[tuple[str, str], tuple[str, ...]] = {}

    def of(self, expr: Expr | None, scope: Scope, depth: int = 0) -> tuple[str, ...]:
        """The qualified names of the models that an expression may stand for; none if it is no entity."""
        if depth > 6 or not isinstance(expr, ir.Name | ir.Attribute | ir.Call | ir.Subscript):
            return ()
        if type(expr) is ir.Call:
            name = (ir.dotted(expr.func) or "").rpartition(".")[2]
            if name in _ALIASES:
                inner = expr.args[0].value if expr.args else getattr(expr.func, "value", None)
                return self.of(inner, scope, depth + 1)
            return self._made(expr, scope)
        if type(expr) is ir.Attribute and expr.name in ("__table__", "__mapper__"):
            return self.of(expr.value, scope, depth + 1)
        found = self.project.type_of(expr, scope)
        if found is not None and found.itself and self.is_model(found.name):
            return (found.name,)
        qualified = self.project.qualified(expr, scope)
        if qualified in self.handles:
            return (self.handles[qualified],)
        if qualified is not None and qualified in self.project.models:
            return (qualified,)
        if type(expr) is ir.Name:
            return self._named(expr, scope, depth)
        if type(expr) is ir.Attribute and type(expr.value) is ir.Name:
            return self._attribute(expr.value, expr.name, scope)
        return ()

    def is_model(self, name: str) -> bool:
        if name in self.project.models:
            return True
        return self.project.cls(name) is None and self.project.classes.is_subclass(name, "django.db.models.Model")

    def _made(self, call: ir.Call, scope: Scope) -> tuple[str, ...]:
        """`get_user_model()`, `apps.get_model("shop", "Order")`."""
        found = self.project.type_of(call, scope)
        return (found.name,) if found is not None and found.itself and self.is_model(found.name) else ()

    def _named(self, expr: ir.Name, scope: Scope, depth: int) -> tuple[str, ...]:
        if not isinstance(scope, Function):
            return ()
        if expr.id in ("self", "cls"):
            owner = scope.owner
            return () if owner is None or expr.id == "self" else self._below(owner)
        for binding in self.project.types.bindings(scope).get(expr.id, ()):
            if binding.kind == "value" and not binding.path:
                found = self.of(binding.expr, scope, depth + 1)
                if found:
                    return found
        return ()

    def _below(self, cls: Class) -> tuple[str, ...]:
        """The models among a class and those that inherit from it."""
        models = self.project.models
        return tuple(
            each.qualified for each in (cls, *self.project.classes.subclasses(cls)) if each.qualified in models
        )

    def _attribute(self, owner: ir.Name, name: str, scope: Scope) -> tuple[str, ...]:
        """`self.model`: what the class, or those that inherit from it, put there."""
        held = self.project.type_of(owner, scope)
        cls = None if held is None else self.project.cls(held.name)
        if cls is None:
            return ()
        key = (cls.qualified, name)
        if key not in self._candidates:
            self._candidates[key] = ()
            self._candidates[key] = tuple(dict.fromkeys(self._held(cls, name)))
        return self._candidates[key]

    def _held(self, cls: Class, name: str) -> Iterator[str]:
        own = [each for each in self.project.classes.mro(cls) if isinstance(each, Class)]
        for each in own:
            found = list(self._declared(each, name))
            if found:
                yield from found
                return
        for each in self.project.classes.subclasses(cls):
            yield from self._declared(each, name)
            yield from self._arguments(each)
        for each in own:
            yield from self._arguments(each)
        yield from self._passed(cls, name)

    def _declared(self, cls: Class, name: str) -> Iterator[str]:
        stmt = cls.attributes.get(name)
        if stmt is not None and stmt.value is not None:
            yield from self.of(stmt.value, cls)
        for method, assign in cls.instance_attributes.get(name, ()):
            yield from self.of(assign.value, method)
        called = cls.methods.get(name)
        if called is None:
            return
        for each in called.statements:
            if type(each) is ir.Return:
                yield from self.of(each.value, called)

    def _arguments(self, cls: Class) -> Iterator[str]:
        """`class Orders(Repository[Order])`."""
        for base in cls.facts.bases:
            if type(base) is ir.Subscript:
                parts = base.index.items if type(base.index) is ir.Sequence else [base.index]
                for part in parts:
                    yield from self.of(part, cls.module)

    def _passed(self, cls: Class, name: str) -> Iterator[str]:
        """`Repository(Order)`, where `__init__` keeps its argument under the name."""
        for method, assign in cls.instance_attributes.get(name, ()):
            if type(assign.value) is ir.Name and method.parameter(assign.value.id) is not None:
                yield from self._arguments_for(method, assign.value.id, 3)

    def _arguments_for(self, function: Function, name: str, depth: int) -> Iterator[str]:
        """The models that callers pass for a parameter, through their own parameters where they pass those on."""
        names = [each.name for each in function.parameters]
        position = names.index(name) - (function.cls is not None)
        for site in self.project.callers(function):
            value = site.call.argument(position, name)
            if (
                type(value) is ir.Name
                and isinstance(site.scope, Function)
                and site.scope.parameter(value.id) is not None
            ):
                if depth:
                    yield from self._arguments_for(site.scope, value.id, depth - 1)
            else:
                yield from self.of(value, site.scope)
