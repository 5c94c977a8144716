"""A scope, seen by those who look for queries in it: what stands around a call, what repeats it, what becomes of it."""

from __future__ import annotations

import functools

from backend_lint.adapters._loops import repeated
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import CallSite, Function, Project, Scope

_BUILDERS = frozenset(
    {"filter", "exclude", "all", "select", "query", "where", "order_by", "filter_by", "select_related", "values_list"}
    | {"prefetch_related", "annotate", "values", "only", "distinct", "options", "join", "limit", "get_queryset", "none"}
    | {"iterator", "defer", "using", "outerjoin", "group_by", "with_for_update", "select_for_update", "yield_per"}
)


class QueryScope:
    def __init__(self, project: Project, scope: Scope) -> None:
        self.project, self.scope = project, scope
        self.sites: list[CallSite] = project.sites(scope)

    @functools.cached_property
    def may_build(self) -> bool:
        """Whether anything here looks like a statement being built; most scopes are done with this question."""
        return any(site.method in _BUILDERS for site in self.sites)

    @functools.cached_property
    def statements(self) -> list[Stmt]:
        return list(ir.walk_statements(self.scope.body))

    @functools.cached_property
    def expressions(self) -> list[Expr]:
        return list(ir.walk(self.scope.body))

    @functools.cached_property
    def _repeated(self) -> frozenset[int]:
        return repeated(self.scope.body) if isinstance(self.scope, Function) else frozenset()

    def is_repeated(self, call: ir.Call | None) -> bool:
        return call is not None and id(call) in self._repeated

    def is_loop_of_loop(self, expr: Expr) -> bool:
        """Whether what is iterated over is itself iterated over once an iteration of another loop."""
        return any(
            expr is inner.iter
            for outer in self.statements
            if type(outer) is ir.For
            for inner in ir.walk_statements(outer.body)
            if type(inner) is ir.For
        )

    @functools.cached_property
    def _outer(self) -> dict[int, ir.Call]:
        found: dict[int, ir.Call] = {}
        for site in self.sites:
            func = site.call.func
            inner = func.value if type(func) is ir.Attribute else None
            while type(inner) in (ir.Await, ir.Attribute):
                inner = inner.value  # type: ignore[union-attr]
            if type(inner) is ir.Call:
                found[id(inner)] = site.call
        return found

    @functools.cached_property
    def _awaited(self) -> frozenset[int]:
        return frozenset(id(each.value) for each in self.expressions if type(each) is ir.Await)

    def is_awaited(self, call: ir.Call) -> bool:
        return id(call) in self._awaited

    def fetches(self, call: ir.Call) -> list[str]:
        """The methods called on a result, in order, on the spot or through the variable that holds it."""
        found = self._chained(call)
        if found or not isinstance(self.scope, Function):
            return found
        names = [
            target.id
            for stmt in self.statements
            if type(stmt) is ir.Assign and _unwrapped(stmt.value) is call
            for target in stmt.targets
            if type(target) is ir.Name
        ]
        for site in self.sites:
            func = site.call.func
            if type(func) is ir.Attribute and type(func.value) is ir.Name and func.value.id in names:
                if site.call.at > call.at:
                    return [func.name, *self._chained(site.call)]
        return []

    def _chained(self, call: ir.Call) -> list[str]:
        names = []
        outer = self._outer.get(id(call))
        while outer is not None:
            if type(outer.func) is ir.Attribute:
                names.append(outer.func.name)
            outer = self._outer.get(id(outer))
        return names

    def built_by(self, expr: Expr) -> ir.Call | None:
        """The call that builds what an expression is: itself, or the last that a variable was assigned."""
        while type(expr) in (ir.Await, ir.Subscript, ir.Walrus, ir.Star):
            expr = expr.value  # type: ignore[union-attr]
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


def _unwrapped(expr: Expr | None) -> Expr | None:
    while type(expr) is ir.Await:
        expr = expr.value
    return expr
