"""What runs once an iteration."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt


def repeated(body: list[Stmt]) -> frozenset[int]:
    """The identities of the calls of a scope that stand in a loop or a comprehension; not what is looped over."""
    return frozenset(id(call) for call in _in_statements(body, False))


def _in_statements(body: list[Stmt], inside: bool) -> Iterator[ir.Call]:
    for stmt in body:
        match stmt:
            case ir.For(iter=iter_, target=target):
                yield from _in_expression(iter_, inside)
                yield from _in_expression(target, True)
                yield from _in_statements(stmt.body, True)
                yield from _in_statements(stmt.orelse, inside)
            case ir.While(test=test):
                yield from _in_expression(test, True)
                yield from _in_statements(stmt.body, True)
                yield from _in_statements(stmt.orelse, inside)
            case _:
                for child in ir.children(stmt):
                    yield from _in_expression(child, inside)
                for block in ir.blocks(stmt):
                    yield from _in_statements(block, inside)


def _in_expression(expr: Expr, inside: bool) -> Iterator[ir.Call]:
    if type(expr) is ir.Comprehension:
        for index, clause in enumerate(expr.clauses):
            yield from _in_expression(clause.iter, inside or index > 0)
            for condition in clause.conditions:
                yield from _in_expression(condition, True)
        for part in (expr.element, expr.value):
            if part is not None:
                yield from _in_expression(part, True)
        return
    if type(expr) is ir.Call and inside:
        yield expr
    for child in ir.children(expr):
        yield from _in_expression(child, inside)
