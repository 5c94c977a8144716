"""A scope, seen by those who look for queries in it: what stands around a call, what repeats it, what becomes of it."""

from __future__ import annotations

import functools

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import CallSite, Class, Function, Project, Scope

BUILDERS = frozenset(
    {
        "filter",
        "exclude",
        "all",
        "select",
        "objects",
        "find",
        "find_all",
        "query",
        "where",
        "order_by",
        "filter_by",
        "select_related",
        "values_list",
    }
    | {"prefetch_related", "annotate", "values", "only", "distinct", "options", "join", "limit", "get_queryset", "none"}
    | {"iterator", "defer", "using", "outerjoin", "group_by", "with_for_update", "select_for_update", "yield_per"}
)
_MATERIALISERS = frozenset(
    {"list", "tuple", "set", "frozenset", "sorted", "dict", "len", "bool", "any", "all", "sum", "min", "max", "next"}
    | {"enumerate", "iter", "reversed", "map", "filter", "zip", "islice", "chain"}
)


class QueryScope:
    def __init__(self, project: Project, scope: Scope) -> None:
        self.project, self.scope = project, scope
        self.sites: list[CallSite] = project.sites(scope)

    @functools.cached_property
    def builders(self) -> list[ir.Call]:
        """The calls that may be a step of a statement; most scopes have none, and are done with this question."""
        return [site.call for site in self.sites if site.method in BUILDERS]

    @functools.cached_property
    def _seen(self) -> _Seen:
        seen = _Seen(isinstance(self.scope, Class))
        seen.statements(self.scope.body, False)
        return seen

    @property
    def iterated(self) -> list[Expr]:
        """What is iterated over, tested, counted or indexed: a statement that is asked for its rows here."""
        return self._seen.iterated

    @property
    def kept(self) -> list[Expr]:
        """What is returned, yielded, kept in an attribute or a dictionary."""
        return self._seen.kept

    @property
    def given(self) -> list[tuple[ir.Call, Expr]]:
        """Arguments, with the calls that they are given to."""
        return self._seen.given

    def is_repeated(self, expr: Expr | None) -> bool:
        """Whether a call, or what is iterated over, is evaluated once an iteration."""
        return expr is not None and isinstance(self.scope, Function) and id(expr) in self._seen.repeated

    def is_awaited(self, call: ir.Call) -> bool:
        return id(call) in self._seen.awaited

    @functools.cached_property
    def _outer(self) -> dict[int, ir.Call]:
        found: dict[int, ir.Call] = {}
        for site in self.sites:
            func = site.call.func
            inner = func.value if type(func) is ir.Attribute else None
            while type(inner) is ir.Await or type(inner) is ir.Attribute:
                inner = inner.value
            if type(inner) is ir.Call:
                found[id(inner)] = site.call
        return found

    def fetches(self, call: ir.Call) -> list[str]:
        """The methods called on a result, in order, on the spot or through the variable that holds it."""
        found = self.chained(call)
        if found or not isinstance(self.scope, Function):
            return found
        names = self._seen.assigned.get(id(call), ())
        for site in self.sites:
            func = site.call.func
            if type(func) is not ir.Attribute or site.call.at < call.at:
                continue
            if type(func.value) is ir.Name and func.value.id in names:
                return [func.name, *self.chained(site.call)]
        return []

    def chained(self, call: ir.Call) -> list[str]:
        """The methods called on what a call gives, on the spot, in order."""
        names = []
        outer = self._outer.get(id(call))
        while outer is not None:
            if type(outer.func) is ir.Attribute:
                names.append(outer.func.name)
            outer = self._outer.get(id(outer))
        return names

    def built_by(self, expr: Expr) -> ir.Call | None:
        """The call that builds what an expression is: itself, or the last that a variable was assigned."""
        while isinstance(expr, (ir.Await, ir.Subscript, ir.Walrus, ir.Star)):
            expr = expr.value
        if type(expr) is ir.Call:
            return expr
        if type(expr) is ir.Name and isinstance(self.scope, Function):
            bound = [
                each.expr
                for each in self.project.types.bindings(self.scope).get(expr.id, ())
                if each.kind == "value" and each.expr.end <= expr.at
            ]
            return self.built_by(bound[-1]) if bound else None
        if type(expr) is ir.Conditional:
            return self.built_by(expr.body) or self.built_by(expr.orelse)
        return None


class _Seen:
    """One walk over a scope, and what it met."""

    def __init__(self, is_class: bool) -> None:
        self.is_class = is_class
        self.iterated: list[Expr] = []
        self.kept: list[Expr] = []
        self.given: list[tuple[ir.Call, Expr]] = []
        self.repeated: set[int] = set()
        self.awaited: set[int] = set()
        self.assigned: dict[int, list[str]] = {}

    def statements(self, body: list[Stmt], inside: bool) -> None:
        for stmt in body:
            self._statement(stmt, inside)

    def _statement(self, stmt: Stmt, inside: bool) -> None:
        match stmt:
            case ir.For(iter=iter_):
                self._iterate(iter_, inside)
                self.statements(stmt.body, True)
                self.statements(stmt.orelse, inside)
                return
            case ir.While(test=test):
                self._test(test)
                self.expression(test, True)
                self.statements(stmt.body, True)
                self.statements(stmt.orelse, inside)
                return
            case ir.If(test=test):
                self._test(test)
            case ir.Return(value=value) if value is not None:
                self.kept.append(value)
            case ir.Assign(targets=targets, value=value) if value is not None:
                if self.is_class or any(type(each) is ir.Attribute for each in targets):
                    self.kept.append(value)
                held = value.value if type(value) is ir.Await else value
                self.assigned[id(held)] = [each.id for each in targets if type(each) is ir.Name]
        for child in ir.children(stmt):
            self.expression(child, inside)
        for block in ir.blocks(stmt):
            self.statements(block, inside)

    def _test(self, test: Expr) -> None:
        self.iterated.append(test.value if type(test) is ir.Unary else test)

    def _iterate(self, expr: Expr, inside: bool) -> None:
        self.iterated.append(expr)
        if inside:
            self.repeated.add(id(expr))
        self.expression(expr, inside)

    def expression(self, expr: Expr, inside: bool) -> None:
        match expr:
            case ir.Call():
                if inside:
                    self.repeated.add(id(expr))
                is_builtin = type(expr.func) is ir.Name and expr.func.id in _MATERIALISERS
                for arg in expr.args:
                    if is_builtin:
                        self.iterated.append(arg.value)
                    elif type(arg.value) in _HOLDERS:
                        self.given.append((expr, arg.value))
            case ir.Comprehension(clauses=clauses):
                self._comprehension(expr, clauses, inside)
                return
            case ir.Await(value=value):
                self.awaited.add(id(value))
            case ir.Star(value=value):
                self.iterated.append(value)
            case ir.Subscript(index=index) if type(index) is not ir.Slice:
                self.iterated.append(expr)
            case ir.Dict(values=values):
                self.kept.extend(value for value in values if type(value) in _HOLDERS)
            case ir.Yield(value=value) if value is not None:
                self.kept.append(value)
            case ir.Const() | ir.Name():
                return
        for child in ir.children(expr):
            self.expression(child, inside)

    def _comprehension(self, expr: ir.Comprehension, clauses: list[ir.Clause], inside: bool) -> None:
        for index, clause in enumerate(clauses):
            self._iterate(clause.iter, inside or index > 0)
            for condition in clause.conditions:
                self.expression(condition, True)
        for part in (expr.element, expr.value):
            if part is not None:
                self.expression(part, True)


_HOLDERS = (ir.Call, ir.Name, ir.Subscript)
