"""Where a value comes from: through locals that are bound once, and parameters to what calls pass."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.calls import Calls
from backend_lint.project.modules import Function, Scope

_DEPTH = 4


def origins(calls: Calls, expr: Expr, scope: Scope, depth: int = _DEPTH) -> Iterator[tuple[Expr, Scope]]:
    """The expressions that a value may be, each with its scope; itself where it is neither a local nor passed."""
    if isinstance(expr, ir.Await | ir.Walrus):
        yield from origins(calls, expr.value, scope, depth)
        return
    followed = False
    if type(expr) is ir.Name and isinstance(scope, Function) and expr.id in scope.locals and depth:
        bound = calls.types.bindings(scope).get(expr.id, [])
        if scope.parameter(expr.id) is not None and not bound:
            for site in calls.callers(scope):
                value = site.passed(scope, expr.id) if site.scope.module.role is Role.APP else None
                if value is not None:
                    followed = True
                    yield from origins(calls, value, site.scope, depth - 1)
        elif len(bound) == 1 and bound[0].kind == "value" and not bound[0].path:
            followed = True
            yield from origins(calls, bound[0].expr, scope, depth - 1)
    if not followed:
        yield expr, scope
