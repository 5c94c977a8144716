"""What expressions are, as far as it is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend_lint.adapters._evaluation.operations import asks, is_plain, negated
from backend_lint.adapters._evaluation.values import (
    ASKED,
    OPEN,
    UNROLLED,
    Kind,
    Named,
    Operation,
    Routine,
    State,
    Thing,
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr

if TYPE_CHECKING:
    from backend_lint.adapters._evaluation.evaluation import Evaluation


class Expressions:
    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.project = evaluation.project
        self._resolved: dict[tuple[str, int], str | None] = {}

    def evaluate(self, expr: Expr, state: State) -> Any:
        match expr:
            case ir.Const(value=value):
                return value
            case ir.Name(id=name):
                return self._name(name, state)
            case ir.Attribute(value=owner, name=name):
                return self.evaluation.names.of_expression(expr, self.evaluate(owner, state), name, state)
            case ir.Call():
                return self.evaluation.calls.value(expr, state)
            case ir.Compare(op=op, left=left, right=right):
                return self._compared(op, self.evaluate(left, state), self.evaluate(right, state))
            case ir.Bool(op=op, values=values):
                return self._bool(op, values, state)
            case ir.Unary(op=op, value=value):
                return self._unary(op, self.evaluate(value, state))
            case ir.Conditional(test=test, body=body, orelse=orelse):
                return self._conditional(self.evaluate(test, state), body, orelse, state)
            case ir.Sequence(items=items):
                return self._sequence(items, state)
            case ir.Dict(keys=keys, values=values):
                return self._dict(keys, values, state)
            case ir.Binary(op=op, left=left, right=right):
                return self.combined(op, self.evaluate(left, state), self.evaluate(right, state))
            case ir.Subscript(value=owner, index=index):
                return self.evaluation.statements.element(
                    self.evaluate(owner, state), self.evaluate(index, state), state
                )
            case ir.Text(pieces=pieces):
                parts = [self.evaluate(piece, state) for piece in pieces]
                if all(isinstance(part, str | int) for part in parts):
                    return "".join(map(str, parts))
                return ASKED if asks(parts) else OPEN
            case ir.Comprehension(kind="list" | "set" | "generator", element=element, clauses=[clause]):
                return self._comprehension(element, clause, state)
            case ir.Await(value=value) | ir.Star(value=value):
                return self.evaluate(value, state)
            case ir.Walrus(target=target, value=value):
                found = self.evaluate(value, state)
                self.evaluation.statements.bind(target, found, state)
                return found
            case ir.Lambda(function=index):
                return Routine(state.scope.module.functions[index], state)
        return OPEN

    def _name(self, name: str, state: State) -> Any:
        current: State | None = state
        while current is not None:
            if name in current.env:
                return current.env[name]
            current = current.outer
        key = name, id(state.scope)
        if key not in self._resolved:
            self._resolved[key] = self.project.names.resolve(name, state.scope)
        qualified = self._resolved[key]
        return OPEN if qualified is None else self.evaluation.names.named(qualified)

    def _compared(self, op: str, left: Any, right: Any) -> Any:
        if op in ("is", "is not", "==", "!=") and hasattr(left, "equals"):
            return negated(left.equals(right), op in ("is not", "!="))
        if op in ("is", "is not", "==", "!=") and hasattr(right, "equals"):
            return negated(right.equals(left), op in ("is not", "!="))
        if op in ("in", "not in") and hasattr(right, "contains"):
            return negated(right.contains(left), op == "not in")
        if op in ("in", "not in") and hasattr(left, "equals") and not isinstance(right, list | tuple):
            return negated(left.equals(right), op == "not in")
        if not (is_plain(left) and is_plain(right)):
            is_object = isinstance(left, Thing | Kind | Routine) and right is None
            return (op in ("is not", "!=")) if is_object else ASKED if asks([left, right]) else OPEN
        match op:
            case "==" | "is":
                return left == right
            case "!=" | "is not":
                return left != right
            case "in" | "not in" if isinstance(right, list | tuple | str | dict):
                if isinstance(right, str) and not isinstance(left, str):
                    return OPEN
                if isinstance(right, list | tuple) and not all(map(is_plain, right)):
                    return (ASKED if asks(right) else OPEN) if left not in right else op == "in"
                return (left in right) is (op == "in")
        return OPEN

    def _bool(self, op: str, values: list[Expr], state: State) -> Any:
        kept: list[Any] = []
        for each in values:
            value = self.evaluate(each, state)
            decided = self.evaluation.truth(value)
            if decided is (op == "or"):
                return decided if kept else value
            if decided is None:
                kept.append(value)
        if not kept:
            return value
        return ASKED if asks(kept) else OPEN

    def _unary(self, op: str, value: Any) -> Any:
        if op == "not":
            decided = self.evaluation.truth(value)
            return (ASKED if asks([value]) else OPEN) if decided is None else not decided
        return self.combined(op, value, None)

    def _conditional(self, test: Any, body: Expr, orelse: Expr, state: State) -> Any:
        decided = self.evaluation.truth(test)
        if decided is not None:
            return self.evaluate(body if decided else orelse, state)
        return self.evaluation.joined([self.evaluate(body, state), self.evaluate(orelse, state)])

    def _sequence(self, items: list[Expr], state: State) -> list[Any]:
        found: list[Any] = []
        for item in items:
            value = self.evaluate(item, state)
            if type(item) is ir.Star:
                found.extend(value if isinstance(value, list | tuple) else [value])
            else:
                found.append(value)
        return found

    def _dict(self, keys: list[Expr | None], values: list[Expr], state: State) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            held = self.evaluate(value, state)
            name = None if key is None else self.evaluate(key, state)
            if key is None:
                found.update(held if isinstance(held, dict) else {})
            elif isinstance(name, str | int | bool | None):
                found[name] = held
        return found

    def combined(self, op: str, left: Any, right: Any) -> Any:
        if op == "+" and isinstance(left, list | tuple) and isinstance(right, list | tuple):
            return [*left, *right]
        if op == "+" and isinstance(left, list):
            return [*left, right]
        if op == "+" and isinstance(left, str) and isinstance(right, str):
            return left + right
        if op in "&|~" and isinstance(left, Kind | Named | Operation):
            return Operation(op, left, right)
        return ASKED if asks([left, right]) else OPEN

    def _comprehension(self, element: Expr, clause: ir.Clause, state: State) -> Any:
        items = self.evaluate(clause.iter, state)
        inner = State(state.scope, {}, state, state.me, state.owner, state.returned, state.is_open, state.is_asked)
        if not isinstance(items, list | tuple):
            return ASKED if asks([items]) else OPEN
        found = []
        for item in items[:UNROLLED]:
            self.evaluation.statements.bind(clause.target, item, inner)
            tests = [self.evaluation.truth(self.evaluate(test, inner)) for test in clause.conditions]
            if False not in tests:
                found.append(self.evaluate(element, inner))
        return found
