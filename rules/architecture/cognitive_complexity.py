"""A function is too entangled to review safely.

## What it does
Reports functions whose cognitive complexity is above the limit: each branch and loop counts one, and one more for each
that it stands in. A ladder that compares one thing with literals counts once, however long it is.

## Why it matters
Whoever changes such a function has to hold more conditions in mind than people can. Where it holds a transaction or
decides who may do something, what is overlooked is lost data or an open door.

## Example
```python
def price(order, customer, codes, today):
    total = 0
    for line in order.lines:
        if line.active:
            if line.kind == "gift":
                if customer.known:
                    for code in codes:
                        if code.fits(line) and not code.used:
                            if code.until is None or code.until > today:
                                total -= code.value
                            elif customer.loyal:
                                total -= code.value / 2
            elif line.discount:
                if line.discount.percent:
                    total += line.price * (100 - line.discount.percent) / 100
                else:
                    total += line.price - line.discount.value
            else:
                total += line.price
    return total
```

## Use instead
```python
def price(order, customer, codes, today):
    return sum(_price_of(line, customer, codes, today) for line in order.lines if line.active)


def _price_of(line, customer, codes, today):
    if line.kind == "gift":
        return -sum(code.worth(line, customer, today) for code in codes)
    return line.discount.applied(line.price) if line.discount else line.price
```

## When not to
Parsers and interpreters are entangled by nature; leave their paths out with `overrides`.

## Options
- `most`: the cognitive complexity that is still accepted. 25 unless told otherwise.

## References
- https://www.sonarsource.com/docs/CognitiveComplexity.pdf
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir

_FEWEST_ARMS = 3


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    most: int = 25


class CognitiveComplexity(ProjectRule):
    code = "ARC107"
    severity = Severity.INFO
    cwe = (1121,)
    waived_by = ("C901",)
    unit = Unit.FUNCTION
    Options = Options

    def check(self, project: Project) -> Iterable[Finding]:
        guards = {
            guard.function.qualified for route in project.routes for guard in route.guards if guard.function is not None
        } - project.handlers.keys()
        transactions = {each.scope.qualified for each in project.transactions if isinstance(each.scope, Function)}
        for function in project.functions():
            tangle = function.facts.metrics.cognitive
            if tangle <= self.options.most or function.facts.is_lambda:
                continue
            tangle -= _flat(function)
            if tangle <= self.options.most:
                continue
            delicate = function.qualified in guards or function.qualified in transactions
            why = "decides who may pass" if function.qualified in guards else "holds a transaction"
            deepest = _deepest(function)
            yield self.finding(
                function.at,
                f"`{function.facts.qualname}` has a cognitive complexity of {tangle}"
                + (f", and it {why}" if delicate else ""),
                help="Take the deepest block out into a function of its own, and return early instead of nesting.",
                related=[] if deepest is None else [Step(function.place(deepest), "the most deeply nested block")],
                severity=Severity.LOW if delicate else None,
            )


def _flat(function: Function) -> int:
    """What ladders that compare one thing with literals cost beyond their first branch."""
    saved = 0
    arms: set[int] = set()
    for stmt in function.statements:
        if type(stmt) is not ir.If or id(stmt) in arms or (subject := _subject(stmt.test)) is None:
            continue
        length, current = 1, stmt
        while (
            len(current.orelse) == 1 and type(inner := current.orelse[0]) is ir.If and _subject(inner.test) == subject
        ):
            arms.add(id(inner))
            length, current = length + 1, inner
        if length >= _FEWEST_ARMS:
            saved += length - 1
    return saved


def _subject(test: ir.Expr) -> str | None:
    """What a test compares with a literal."""
    match test:
        case ir.Compare(op="==" | "in" | "is", left=left, right=ir.Const() | ir.Sequence()):
            return ir.dotted(left)
        case ir.Call(func=ir.Name(id="isinstance"), args=[first, _]):
            return ir.dotted(first.value)
    return None


def _deepest(function: Function) -> ir.Stmt | None:
    """The innermost block that stands in most others."""
    found: tuple[int, ir.Stmt | None] = (0, None)
    stack: list[tuple[ir.Stmt, int]] = [(stmt, 1) for stmt in function.body]
    while stack:
        stmt, depth = stack.pop()
        if type(stmt) in (ir.If, ir.For, ir.While, ir.Try, ir.Match) and depth > found[0]:
            found = (depth, stmt)
        deeper = depth + (type(stmt) in (ir.If, ir.For, ir.While, ir.Try, ir.Match))
        stack.extend((inner, deeper) for block in ir.blocks(stmt) for inner in block)
    return found[1]
