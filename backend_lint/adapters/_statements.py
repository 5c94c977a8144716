"""Following a statement through chains, variables, branches, helpers and attributes to where it began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from backend_lint.adapters._statement import Statement
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope

_DEPTH = 14
Known = Mapping[str, Statement | None]


class Dialect(Protocol):
    """What a library lets one say. `start` begins a statement, `step` is a method of one; None for what is neither."""

    def start(self, expr: Expr, scope: Scope, known: Known) -> Statement | None: ...

    def step(self, so_far: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement | None: ...


class Statements:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.dialects: list[Dialect] = []
        self._of: dict[tuple[int, int, frozenset[tuple[str, Statement | None]]], Statement | None] = {}
        self._returned: dict[str, Statement | None] = {}
        self._active: set[str] = set()
        self._depth = 0

    def of(self, expr: Expr | None, scope: Scope, known: Known | None = None) -> Statement | None:
        """The statement that an expression is. `known` are those of local names, for the body of a function called."""
        if expr is None or self._depth > _DEPTH or type(expr) in _PLAIN:
            return None
        key = (id(expr), id(scope), frozenset((known or {}).items()))
        if key not in self._of:
            self._of[key] = None  # what is made of itself is not known
            self._depth += 1
            self._of[key] = self._follow(expr, scope, known or {})
            self._depth -= 1
        return self._of[key]

    def _follow(self, expr: Expr, scope: Scope, known: Known) -> Statement | None:
        match expr:
            case ir.Await(value=value) | ir.Walrus(value=value):
                return self.of(value, scope, known)
            case ir.Call():
                return self._call(expr, scope, known)
            case ir.Name(id=name):
                return self._name(name, expr, scope, known)
            case ir.Attribute():
                return self._start(expr, scope, known) or self._held(expr, scope, known)
            case ir.Conditional(body=body, orelse=orelse):
                return self.of(body, scope, known) or self.of(orelse, scope, known)
            case ir.Bool(values=values):
                return next((each for each in (self.of(value, scope, known) for value in values) if each), None)
            case ir.Subscript(value=value, index=index):
                inner = self.of(value, scope, known)
                if inner is None or inner.form not in ("queryset", "query"):
                    return None
                if type(index) is ir.Slice:
                    return inner.with_(limit=index.upper or inner.limit, is_bounded=index.upper is not None)
                return inner.with_(is_single=True, raises=True, is_bounded=True)
            case ir.Binary(op="|" | "&", left=left):
                inner = self.of(left, scope, known)
                return None if inner is None else inner.with_(has_unknown_filters=True)
            case _:
                return None

    def _start(self, expr: Expr, scope: Scope, known: Known) -> Statement | None:
        for dialect in self.dialects:
            found = dialect.start(expr, scope, known)
            if found is not None:
                return found
        return None

    def _call(self, call: ir.Call, scope: Scope, known: Known) -> Statement | None:
        if type(call.func) is ir.Attribute:
            inner = self.of(call.func.value, scope, known)
            if inner is not None:
                return self._step(inner, call, call.func.name, scope, known)
        return self._start(call, scope, known) or self._called(call, scope, known)

    def _step(self, inner: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement | None:
        for kind in inner.kinds:
            method = self.project.classes.method(kind, name)
            if method is not None and f"{method.qualified}:self" not in self._active:
                found = self.returned(method, call, scope, known, inner)
                return found or inner.with_(has_unknown_filters=True)
        for dialect in self.dialects:
            found = dialect.step(inner, call, name, scope, known)
            if found is not None:
                return found
        return None

    # Functions

    def _called(self, call: ir.Call, scope: Scope, known: Known) -> Statement | None:
        """What a function of the project returns, where that is a statement."""
        if type(call.func) not in (ir.Name, ir.Attribute):
            return None
        for target in self.project.site(call, scope).targets[:3]:
            if not target.facts.is_generator:
                found = self.returned(target, call, scope, known)
                if found is not None:
                    return found
        return None

    def returned(
        self, function: Function, call: ir.Call | None, scope: Scope, known: Known, own: Statement | None = None
    ) -> Statement | None:
        """The statement that a call of a function gives; `own` is what its first parameter is."""
        mark = f"{function.qualified}:self" if own is not None else function.qualified
        if mark in self._active or self._depth > _DEPTH:
            return None
        given = self._arguments(function, call, scope, known, own)
        if not given and mark in self._returned:
            return self._returned[mark]
        self._active.add(mark)
        found = None
        for stmt in reversed(function.statements):
            if type(stmt) is ir.Return and stmt.value is not None:
                found = self.of(stmt.value, function, given)
                if found is not None:
                    break
        self._active.discard(mark)
        if not given:
            self._returned[mark] = found
        return found

    def _arguments(
        self, function: Function, call: ir.Call | None, scope: Scope, known: Known, own: Statement | None
    ) -> dict[str, Statement | None]:
        names = [each.name for each in function.parameters if each.kind in ("positional", "plain")]
        given: dict[str, Statement | None] = {}
        if function.takes_receiver and names:
            if own is not None:
                given[names[0]] = own
            names = names[1:]
        if call is not None:
            for name, value in (*zip(names, call.positional, strict=False), *call.keywords.items()):
                held = self.of(value, scope, known)
                if held is not None:
                    given[name] = held
        return given

    # Names

    def _name(self, name: str, expr: ir.Name, scope: Scope, known: Known) -> Statement | None:
        if name in known:
            return known[name]
        if isinstance(scope, Function):
            owner: Function | None = scope
            while owner is not None and not _is_local(name, owner):
                owner = owner.parent
            if owner is not None:
                return self._variable(name, expr, owner, known if owner is scope else {}) or self._start(
                    expr, scope, known
                )
        if isinstance(scope, Class) and name in scope.attributes:
            return self.of(scope.attributes[name].value, scope)
        started = self._start(expr, scope, known)
        return started or self._global(expr, scope)

    def _variable(self, name: str, expr: ir.Name, scope: Function, known: Known) -> Statement | None:
        """A local variable: its assignments before the use in order, each seeing the one before it."""
        bindings = [
            each
            for each in self.project.types.bindings(scope).get(name, ())
            if each.kind == "value" and not each.path and type(each.expr) not in _PLAIN
        ]
        before = [each for each in bindings if each.expr.end <= expr.at] or bindings
        so_far: Statement | None = None
        for each in before:
            if each.expr.at <= expr.at < each.expr.end:
                continue
            found = self.of(each.expr, scope, {**known, name: so_far})
            if found is not None:
                so_far = found
            elif so_far is not None and _mentions(each.expr, name):
                so_far = so_far.with_(has_unknown_filters=True)
        return so_far

    def _global(self, expr: Expr, scope: Scope) -> Statement | None:
        qualified = self.project.qualified(expr, scope)
        module, rest = self.project.names.split(qualified) if qualified is not None else (None, "")
        if module is None or rest not in module.assignments:
            return None
        return self.of(module.assignments[rest][-1].value, module)

    def _held(self, expr: ir.Attribute, scope: Scope, known: Known) -> Statement | None:
        """An attribute of an object or a class: what the class body, a property or a method puts there."""
        if type(expr.value) is not ir.Name:
            return None
        found = self._global(expr, scope)
        if found is not None:
            return found
        owner = self.project.type_of(expr.value, scope)
        cls = None if owner is None else self.project.cls(owner.name)
        return None if cls is None else self.attribute(cls, expr.name)

    def attribute(self, cls: Class, name: str) -> Statement | None:
        """The statement that instances of a class have under a name."""
        for each in self.project.classes.mro(cls):
            if not isinstance(each, Class):
                continue
            if name in each.attributes:
                return self.of(each.attributes[name].value, each)
            method = each.methods.get(name)
            if method is not None:
                is_property = any((ir.dotted(it) or "").endswith("property") for it in method.decorators)
                return self.returned(method, None, each, {}) if is_property else None
            for owner, stmt in each.instance_attributes.get(name, ()):
                found = self.of(stmt.value, owner)
                if found is not None:
                    return found
        return None

    # Lists of conditions

    def parts(self, expr: Expr, scope: Scope, inside: frozenset[str] = frozenset()) -> Iterator[tuple[Expr, bool]]:
        """The elements of a list given as `*conditions`, those appended included; False with one that is not known.

        `inside` are the lists being collected: `conditions = [*conditions, one]` adds to itself.
        """
        match expr:
            case ir.Sequence(items=items):
                for item in items:
                    if type(item) is ir.Star:
                        yield from self.parts(item.value, scope, inside)
                    else:
                        yield item, True
            case ir.Binary(op="+", left=left, right=right):
                yield from self.parts(left, scope, inside)
                yield from self.parts(right, scope, inside)
            case ir.Name(id=name) if isinstance(scope, Function) and name in scope.locals:
                if name not in inside:
                    yield from self._collected(name, scope, inside | {name})
            case ir.Comprehension(element=element):
                yield element, True
            case _:
                yield expr, False

    def _collected(self, name: str, scope: Function, inside: frozenset[str]) -> Iterator[tuple[Expr, bool]]:
        is_known = False
        for binding in self.project.types.bindings(scope).get(name, ()):
            if binding.kind == "value" and type(binding.expr) is ir.Sequence:
                is_known = True
                yield from self.parts(binding.expr, scope, inside)
        for stmt in scope.statements:
            match stmt:
                case ir.Evaluate(value=ir.Call(func=ir.Attribute(value=ir.Name(id=owner), name=method)) as call):
                    if owner == name and method == "append" and call.args:
                        yield call.args[0].value, True
                    elif owner == name and method == "extend" and call.args:
                        yield from self.parts(call.args[0].value, scope, inside)
                case ir.Augment(op="+", target=ir.Name(id=owner), value=value) if owner == name:
                    yield from self.parts(value, scope, inside)
        if not is_known:
            yield ir.Name(0, 0, name), False


_PLAIN = (ir.Const, ir.Text, ir.Dict, ir.Lambda, ir.Compare, ir.Slice)


def _is_local(name: str, scope: Function) -> bool:
    return name in scope.locals and name not in scope.imports


def _mentions(expr: Expr, name: str) -> bool:
    return any(type(node) is ir.Name and node.id == name for node in ir.walk_expression(expr))
