"""How hard a function is to read, from its IR."""

from __future__ import annotations

from backend_lint.facts.ir import (
    Assert,
    Bool,
    Comprehension,
    Conditional,
    For,
    If,
    Jump,
    Match,
    Stmt,
    Try,
    While,
    With,
    blocks,
    children,
    walk_expression,
    walk_statements,
)
from backend_lint.facts.types import Metrics


def metrics(body: list[Stmt], lines: int) -> Metrics:
    statements = list(walk_statements(body))
    return Metrics(
        cognitive=_cognitive(body, 0),
        cyclomatic=1 + sum(map(_branches, statements)),
        statements=len(statements),
        depth=_depth(body),
        lines=lines,
    )


def _cognitive(body: list[Stmt], nesting: int) -> int:
    total = 0
    for stmt in body:
        total += sum(map(_expression_cost, children(stmt)))
        match stmt:
            case If():
                total += 1 + nesting + _cognitive(stmt.body, nesting + 1) + _orelse(stmt.orelse, nesting)
            case While() | For():
                total += 1 + nesting + _cognitive(stmt.body, nesting + 1) + _cognitive(stmt.orelse, nesting + 1)
            case Try():
                total += _cognitive(stmt.body, nesting) + _cognitive(stmt.orelse + stmt.final, nesting)
                for handler in stmt.handlers:
                    total += 1 + nesting + _cognitive(handler.body, nesting + 1)
            case Match():
                total += 1 + nesting + sum(_cognitive(case.body, nesting + 1) for case in stmt.cases)
            case With():
                total += _cognitive(stmt.body, nesting)
    return total


def _orelse(orelse: list[Stmt], nesting: int) -> int:
    match orelse:
        case []:
            return 0
        case [If() as chained]:  # an `elif` costs one, however deep it stands
            cost = sum(map(_expression_cost, children(chained)))
            return 1 + cost + _cognitive(chained.body, nesting + 1) + _orelse(chained.orelse, nesting)
        case _:
            return 1 + _cognitive(orelse, nesting + 1)


def _expression_cost(expr: object) -> int:
    return sum(type(node) in (Bool, Conditional) for node in walk_expression(expr))  # type: ignore[arg-type]


def _branches(stmt: Stmt) -> int:
    own = 0
    match stmt:
        case If() | While() | For() | Assert():
            own = 1
        case Try():
            own = len(stmt.handlers)
        case Match():
            own = len(stmt.cases)
    for child in children(stmt):
        for node in walk_expression(child):
            match node:
                case Conditional():
                    own += 1
                case Bool():
                    own += len(node.values) - 1
                case Comprehension():
                    own += sum(1 + len(clause.conditions) for clause in node.clauses)
    return own


def _depth(body: list[Stmt]) -> int:
    deepest = 0
    for stmt in body:
        below = max((_depth(block) for block in blocks(stmt)), default=0)
        deepest = max(deepest, below + (0 if isinstance(stmt, Jump) or not any(blocks(stmt)) else 1))
    return deepest
