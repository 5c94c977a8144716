"""The same block of statements stands in several functions.

## What it does
Reports blocks of eight statements or more, nested ones counted, that are the same in several functions but for the names
of local variables. Declarations of schemas and models, migrations, tests and generated files are left out.

## Why it matters
A mistake that is found in one copy stays in the others, and nobody knows how many there are.

## Example
```python
def invoice(order):
    total = 0
    for line in order.lines:
        price = line.price * line.quantity
        if line.discount:
            price -= line.discount.amount(price)
            line.discount.used += 1
        if line.taxed:
            price += price * order.country.rate
        total += price
    order.total = round(total, 2)
    order.state = "invoiced"
    return order


def offer(cart):
    amount = 0
    for line in cart.lines:
        cost = line.price * line.quantity
        if line.discount:
            cost -= line.discount.amount(cost)
            line.discount.used += 1
        if line.taxed:
            cost += cost * cart.country.rate
        amount += cost
    cart.total = round(amount, 2)
    return cart
```

## Use instead
```python
def total(order):
    amount = 0
    for line in order.lines:
        price = line.price * line.quantity
        if line.discount:
            price -= line.discount.amount(price)
            line.discount.used += 1
        if line.taxed:
            price += price * order.country.rate
        amount += price
    return round(amount, 2)


def invoice(order):
    order.total = total(order)
    order.state = "invoiced"
    return order


def offer(cart):
    cart.total = total(cart)
    return cart
```

## When not to
Two features that look alike today and will grow apart; leave them to their owners.

## Options
- `statements`: how many statements a block must have. 8 unless told otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import msgspec

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Severity, Step, Unit, ir

_FEWEST_NODES = 50


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    statements: int = 8


@dataclass(frozen=True, eq=False)
class _Window:
    """Consecutive statements of one block."""

    function: Function
    block: list[ir.Stmt]
    start: int
    end: int

    @property
    def place(self) -> Place:
        module = self.function.module
        return module.facts.place(module.path, self.block[self.start].at, self.block[self.end - 1].end)


class DuplicatedLogic(ProjectRule):
    code = "ARC106"
    severity = Severity.INFO
    cwe = (1041,)
    unit = Unit.FUNCTION
    Options = Options

    def check(self, project: Project) -> Iterable[Finding]:
        outlines: dict[int, list[_Window]] = defaultdict(list)
        for function in project.functions():
            if function.facts.metrics.statements >= self.options.statements and not function.facts.is_lambda:
                for outline, window in _windows(function, self.options.statements):
                    outlines[outline].append(window)
        seen: dict[tuple[object, ...], list[_Window]] = defaultdict(list)
        for windows in outlines.values():
            if len(windows) > 1 and any(each.function is not windows[0].function for each in windows):
                for window in windows:
                    shape = _shape(window)
                    if len(shape) >= _FEWEST_NODES:
                        seen[shape].append(window)
        told: dict[str, list[Place]] = defaultdict(list)
        several = [found for found in seen.values() if len({each.function.qualified for each in found}) > 1]
        for alike in sorted(several, key=lambda found: (-_lines(found[0].place), found[0].place)):
            if any(_is_mostly_in(each.place, place) for each in alike for place in told[each.place.path]):
                continue
            longest = _extended(alike)
            for each in longest:
                told[each.place.path].append(each.place)
            first, *others = sorted(longest, key=lambda each: each.place)
            lines = _lines(first.place)
            names = ", ".join(_name(each.function, first.function) for each in others[:3])
            yield self.finding(
                first.place,
                f"{lines} lines of `{first.function.facts.qualname}` stand in {names} as well"
                + (f" and {len(others) - 3} more" if len(others) > 3 else ""),
                help=f"Make one function of them{_home(longest)}, and call it from each.",
                related=[Step(each.place, f"the same in `{each.function.facts.qualname}`") for each in others[:10]],
            )


def _name(function: Function, beside: Function) -> str:
    """What a copy is called, and where it stands if that is the name of the first one, too."""
    name = f"`{function.facts.qualname}`"
    return name if function.facts.qualname != beside.facts.qualname else f"{name} of `{function.module.name}`"


def _is_mostly_in(place: Place, told: Place) -> bool:
    """Whether more than half of a block has been told of: blocks that begin a line later are no second finding."""
    shared = min(place.end_line, told.end_line) - max(place.line, told.line) + 1
    return 2 * shared > _lines(place)


def _lines(place: Place) -> int:
    return place.end_line - place.line + 1


def _windows(function: Function, least: int) -> Iterator[tuple[int, _Window]]:
    """The shortest runs of statements that are long enough, one for each start, with what they look like from afar."""
    stack = [(function.body, _outlines(function.body))]
    while stack:
        block, outlines = stack.pop()
        for start in range(len(block)):
            total, end = 0, start
            while end < len(block) and total < least:
                total += outlines[end].size
                end += 1
            if least <= total < 4 * least:
                yield hash(tuple(each.key for each in outlines[start:end])), _Window(function, block, start, end)
        for outline in outlines:
            stack.extend(outline.blocks)


class _Outline:
    """What a statement looks like from afar, how many there are in it, and its blocks."""

    __slots__ = ("blocks", "key", "size")

    def __init__(self, stmt: ir.Stmt) -> None:
        self.blocks = [(block, _outlines(block)) for block in ir.blocks(stmt)]
        below = [each for _, outlines in self.blocks for each in outlines]
        self.size = 1 + sum(each.size for each in below)
        self.key = hash((type(stmt), *map(_seen, ir.children(stmt)), *(each.key for each in below)))


def _seen(expr: ir.Expr) -> object:
    """What an expression looks like from afar: its kind, and the name of what is called or read last."""
    inner = expr.value if type(expr) is ir.Await else expr
    match inner:
        case ir.Call(func=ir.Attribute(name=name), args=args):
            return name, len(args)
        case ir.Attribute(name=name):
            return name
        case ir.Const(value=value):
            return value
        case ir.Compare(op=op) | ir.Bool(op=op) | ir.Binary(op=op):
            return op
        case ir.Call(args=args):
            return len(args)
        case _:
            return type(inner)


def _outlines(block: list[ir.Stmt]) -> list[_Outline]:
    return [_Outline(stmt) for stmt in block]


def _extended(alike: list[_Window]) -> list[_Window]:
    """The windows with the statements after them that are alike in all, too."""
    current = alike
    while True:
        longer = [_Window(each.function, each.block, each.start, each.end + 1) for each in current]
        if any(each.end > len(each.block) for each in longer) or len({_shape(each) for each in longer}) > 1:
            return current
        current = longer


def _shape(window: _Window) -> tuple[object, ...]:
    """The statements as a sequence of words, with local names numbered as they come."""
    names: dict[str, int] = {}
    found: list[object] = []
    known = window.function.locals

    def say(node: ir.Expr) -> None:
        found.append(type(node).__name__)
        match node:
            case ir.Name(id=name):
                found.append(names.setdefault(name, len(names)) if name in known else name)
            case ir.Attribute(name=name):
                found.append(name)
            case ir.Const(value=value):
                found.append((type(value).__name__, value))
            case ir.Binary(op=op) | ir.Compare(op=op) | ir.Bool(op=op) | ir.Unary(op=op):
                found.append(op)
            case ir.Call(args=args):
                found.extend(arg.keyword for arg in args)
        for child in ir.children(node):
            say(child)

    def tell(stmt: ir.Stmt) -> None:
        found.append(type(stmt).__name__)
        for child in ir.children(stmt):
            say(child)
        for block in ir.blocks(stmt):
            found.append("{")
            for inner in block:
                tell(inner)
            found.append("}")

    for stmt in window.block[window.start : window.end]:
        tell(stmt)
    return tuple(found)


def _home(alike: list[_Window]) -> str:
    """Where the common function may lie: the package around all places."""
    parts = [each.function.module.name.split(".")[:-1] for each in alike]
    common: list[str] = []
    for names in zip(*parts, strict=False):
        if len(set(names)) > 1:
            break
        common.append(names[0])
    modules = {each.function.module.name for each in alike}
    return "" if len(modules) == 1 or not common else f" in `{'.'.join(common)}`"
