"""The same ladder over a kind stands in several functions.

## What it does
Reports `if` ladders and `match` statements that tell the same kinds apart, three or more of them by literals or types, in
three or more functions.

## Why it matters
Each new kind must be added to every ladder, and nothing says where they are: the one that is forgotten falls through to
its last branch, or to none.

## Example
```python
def label(payment):
    if payment.kind == "card":
        return "Card"
    elif payment.kind == "bank":
        return "Bank transfer"
    elif payment.kind == "cash":
        return "Cash"


def fee(payment):
    if payment.kind == "card":
        return 30
    elif payment.kind == "bank":
        return 10
    elif payment.kind == "cash":
        return 0


def refund(payment):
    if payment.kind == "card":
        payment.gateway.refund()
    elif payment.kind == "bank":
        payment.bank.transfer()
    elif payment.kind == "cash":
        payment.till.pay()
```

## Use instead
```python
class Card:
    label, fee = "Card", 30

    def refund(self, payment):
        payment.gateway.refund()


class Bank:
    label, fee = "Bank transfer", 10

    def refund(self, payment):
        payment.bank.transfer()


KINDS = {"card": Card(), "bank": Bank()}


def refund(payment):
    KINDS[payment.kind].refund(payment)
```

## When not to
A parser and its writer are a pair and are not reported; nor are ladders of two arms.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir

_FEWEST = 3


@dataclass(frozen=True)
class _Ladder:
    """`subject` is what is compared, by its last name; `arms` what it is compared with."""

    function: Function
    stmt: ir.Stmt
    subject: str
    arms: frozenset[str]


class RepeatedTypeDispatch(ProjectRule):
    code = "ARC308"
    severity = Severity.INFO
    unit = Unit.FUNCTION
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        own = frozenset(cls.name for module in project.modules.values() for cls in module.classes)
        by_subject: dict[str, list[_Ladder]] = defaultdict(list)
        for function in project.functions():
            for ladder in _ladders(function, own):
                by_subject[ladder.subject].append(ladder)
        for subject, found in sorted(by_subject.items()):
            ladders = found
            while len(alike := _alike(ladders)) >= _FEWEST:
                first, *others = alike
                common = frozenset.intersection(*(each.arms for each in alike))
                shown = ", ".join(f"`{arm}`" for arm in sorted(common)[:4])
                yield self.finding(
                    first.function.place(first.stmt),
                    f"{len(alike)} functions tell {shown} apart by `{subject}`, `{first.function.facts.qualname}` first",
                    help="Give each kind an object with what differs, and look it up by the kind in one place.",
                    related=[
                        Step(each.function.place(each.stmt), f"`{each.function.facts.qualname}`") for each in others
                    ],
                    discriminator=subject,
                )
                ladders = [each for each in ladders if each not in alike]


def _alike(ladders: list[_Ladder]) -> list[_Ladder]:
    """The first ladder and those of other functions that tell at least three of the same kinds apart."""
    for first in ladders:
        found, common, functions = [first], first.arms, {first.function.qualified}
        for other in ladders:
            if other.function.qualified not in functions and len(common & other.arms) >= _FEWEST:
                found.append(other)
                common &= other.arms
                functions.add(other.function.qualified)
        if len(found) >= _FEWEST:
            return found
    return []


def _ladders(function: Function, own: frozenset[str]) -> Iterator[_Ladder]:
    inner: set[int] = set()
    for stmt in function.statements:
        if type(stmt) is ir.Match:
            subject, arms = ir.dotted(stmt.subject), {_literal(each.pattern.value) for each in stmt.cases}
        elif type(stmt) is ir.If and id(stmt) not in inner:
            subject, arms = _rungs(stmt, inner, own)
        else:
            continue
        known = frozenset(each for each in arms if each is not None)
        if subject is not None and len(known) >= _FEWEST:
            yield _Ladder(function, stmt, subject.rpartition(".")[2], known)


def _rungs(stmt: ir.If, inner: set[int], own: frozenset[str]) -> tuple[str | None, set[str | None]]:
    """What an `if` ladder compares, and with what."""
    subject, arms = None, set[str | None]()
    current: ir.Stmt | None = stmt
    while type(current) is ir.If:
        match current.test:
            case ir.Compare(op="==" | "is", left=left, right=right):
                found, arm = ir.dotted(left), _literal(right)
            case ir.Call(func=ir.Name(id="isinstance"), args=[first, second]):
                found, arm = ir.dotted(first.value), ir.dotted(second.value)
                arm = arm if arm in own else None
            case _:
                break
        if found is None or (subject is not None and found != subject):
            break
        subject = found
        arms.add(arm)
        inner.add(id(current))
        current = current.orelse[0] if len(current.orelse) == 1 else None
    return subject, arms


def _literal(expr: ir.Expr | None) -> str | None:
    """A text, or a member of an enumeration: `"card"`, `Kind.CARD`."""
    match expr:
        case ir.Const(value=str(text)) if text:
            return text
        case ir.Attribute(name=name) if name.isupper():
            return ir.dotted(expr)
    return None
