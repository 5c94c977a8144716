"""Values that must be tested before they are used, and where they are not."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from backend_lint.api import Function, Project, ir
from backend_lint.rules.api._errors import ABORTS

Test = Callable[[ir.Expr], tuple[bool, bool]]
"""Of a condition: whether it says that the value is good where it holds, and where it does not."""


def both_ways(test: Test) -> Test:
    """A test of a value, through `not`, `and`, `or` and `:=`."""

    def outcome(expr: ir.Expr) -> tuple[bool, bool]:
        match expr:
            case ir.Unary(op="not", value=value):
                held, failed = outcome(value)
                return failed, held
            case ir.Bool(op="and", values=values):
                parts = [outcome(value) for value in values]
                return any(held for held, _ in parts), all(failed for _, failed in parts)
            case ir.Bool(values=values):
                parts = [outcome(value) for value in values]
                return all(held for held, _ in parts), any(failed for _, failed in parts)
            case ir.Walrus(target=target):
                return outcome(target)
        return test(expr)

    return outcome


class Untested:
    """Walks a function after a value came in, and finds where it is used although nothing has tested it.

    `test` judges conditions, `is_use` says of an expression whether it needs a good value, `starts` of a statement
    whether the value comes in there (True), or another takes its place (False). `ends` says of a call that it does not
    return.
    """

    def __init__(
        self,
        test: Test,
        is_use: Callable[[ir.Expr], bool],
        starts: Callable[[ir.Stmt], bool | None],
        ends: Callable[[ir.Call], bool],
    ) -> None:
        self.test, self.is_use, self.starts, self.ends = both_ways(test), is_use, starts, ends
        self.found: list[ir.Expr] = []

    def block(self, body: list[ir.Stmt], open: bool | None) -> bool | None:
        """The state behind a block: whether a value is open there, None where the end is not reached."""
        for stmt in body:
            if open is None:
                return None
            open = self._statement(stmt, open)
        return open

    def _statement(self, stmt: ir.Stmt, open: bool) -> bool | None:
        match stmt:
            case ir.If(test=test, body=body, orelse=orelse):
                self._expression(test, open)
                held, failed = self.test(test)
                return _joined(self.block(body, open and not held), self.block(orelse, open and not failed))
            case ir.While(test=test, body=body):
                self._expression(test, open)
                held, failed = self.test(test)
                self.block(body, open and not held)
                return open and not failed
            case ir.Try(body=body, handlers=handlers, orelse=orelse, final=final):
                after = self.block(body, open)
                after = self.block(orelse, after) if after is not None else None
                for handler in handlers:
                    after = _joined(after, self.block(handler.body, open))
                return self.block(final, after) if after is not None else None
            case ir.Assert(test=test):
                return open and not self.test(test)[0]
            case ir.Return() | ir.Raise():
                self._children(stmt, open)
                return None
            case ir.Jump(kind="break" | "continue"):
                return None
        self._children(stmt, open)
        if isinstance(stmt, ir.Evaluate) and isinstance(stmt.value, ir.Call) and self.ends(stmt.value):
            return None
        for block in ir.blocks(stmt):
            open = self.block(block, open) or False
        started = self.starts(stmt)
        return open if started is None else started

    def _children(self, stmt: ir.Stmt, open: bool) -> None:
        for expr in ir.children(stmt):
            self._expression(expr, open)

    def _expression(self, expr: ir.Expr, open: bool) -> None:
        """Uses within an expression, in the order of evaluation."""
        if not open:
            return
        match expr:
            case ir.Bool(op=op, values=values):
                for value in values:
                    self._expression(value, open)
                    held, failed = self.test(value)
                    open = open and not (held if op == "and" else failed)
                return
            case ir.Conditional(test=test, body=body, orelse=orelse):
                self._expression(test, open)
                held, failed = self.test(test)
                self._expression(body, open and not held)
                self._expression(orelse, open and not failed)
                return
            case ir.Comprehension(clauses=clauses) if any(self.test(each)[0] for c in clauses for each in c.conditions):
                return
        if self.is_use(expr):
            self.found.append(expr)
            return
        for child in ir.children(expr):
            self._expression(child, open)


def _joined(first: bool | None, second: bool | None) -> bool | None:
    if first is None or second is None:
        return second if first is None else first
    return first or second


def never_returns(project: Project, scope: Function) -> Callable[[ir.Call], bool]:
    """Whether a call surely raises: `abort(404)`, or a function of the project that ends with a raise."""

    def ends(call: ir.Call) -> bool:
        site = project.site(call, scope)
        if site.symbol in ABORTS or (site.symbol or "") in ("sys.exit", "builtins.exit"):
            return True
        return any(_raises_always(target.body) for target in site.targets[:1])

    return ends


def _raises_always(body: list[ir.Stmt]) -> bool:
    match body[-1] if body else None:
        case ir.Raise():
            return True
        case ir.If(body=held, orelse=orelse):
            return _raises_always(held) and _raises_always(orelse)
        case ir.With(body=inner):
            return _raises_always(inner)
        case ir.Match(cases=cases):
            return all(_raises_always(case.body) for case in cases) and cases[-1].pattern.kind == "capture"
    return False


def unreachable(function: Function, ends: Callable[[ir.Call], bool]) -> set[int]:
    """The ids of statements that stand directly behind one that always raises."""
    found: set[int] = set()
    stack = [function.body]
    while stack:
        block = stack.pop()
        for first, second in pairwise(block):
            call = first.value if isinstance(first, ir.Evaluate) else None
            call = call.value if isinstance(call, ir.Await) else call
            if _raises_always([first]) or (isinstance(call, ir.Call) and ends(call)):
                found.add(id(second))
        stack += [inner for stmt in block for inner in ir.blocks(stmt)]
    return found
