"""The IR: Python as data flow sees it.

What makes no difference to the flow of data is told apart no more: every way to build a string is a `Text`, every
chained comparison an `and` of plain ones, parentheses and layout are gone. What the lowering does not know becomes an
`Opaque` with its children, so nothing is silently dropped.

Every node keeps its span, `at` to `end`. Units: code points from the start of the file, `end` exclusive.
Nodes compare by identity: two calls with the same text are two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from collections.abc import Sequence as Sequence_
from typing import TYPE_CHECKING, Any, overload

import msgspec

if TYPE_CHECKING:
    Constant = bool | int | float | str | bytes | None
else:
    Constant = Any  # msgspec takes no union of str and bytes, though MessagePack tells them apart


class Node(msgspec.Struct, array_like=True, eq=False, gc=False):
    at: int
    end: int


class Const(Node, tag=1):
    """A literal. Integers too large for 64 bits are `Opaque`; a complex number is too."""

    value: Constant


class Name(Node, tag=2):
    id: str


class Attribute(Node, tag=3):
    value: Expr
    name: str


class Subscript(Node, tag=4):
    value: Expr
    index: Expr


class Slice(Node, tag=5):
    lower: Expr | None
    upper: Expr | None
    step: Expr | None


class Argument(msgspec.Struct, array_like=True, eq=False, gc=False):
    """One argument of a call. `stars` is 1 for `*value`, 2 for `**value`, else 0."""

    value: Expr
    keyword: str | None = None
    stars: int = 0


class Call(Node, tag=6):
    func: Expr
    args: list[Argument]

    def argument(self, position: int | None, keyword: str | None = None) -> Expr | None:
        """The value passed at a position (from 0) or under a keyword; None when neither is written out.

        A `*args` before the position hides it, as nothing is known of its length.
        """
        index = 0
        for arg in self.args:
            if arg.keyword is not None:
                if arg.keyword == keyword:
                    return arg.value
            elif arg.stars == 1:
                position = None
            elif arg.stars == 0:
                if index == position:
                    return arg.value
                index += 1
        return None

    @property
    def positional(self) -> list[Expr]:
        """The plain positional values, up to the first `*args`."""
        values = []
        for arg in self.args:
            if arg.stars == 1:
                break
            if arg.keyword is None and arg.stars == 0:
                values.append(arg.value)
        return values

    @property
    def keywords(self) -> dict[str, Expr]:
        return {arg.keyword: arg.value for arg in self.args if arg.keyword is not None}

    @property
    def has_unpacking(self) -> bool:
        return any(arg.stars for arg in self.args)


class Text(Node, tag=7):
    """A string put together from pieces: literals are `Const` of str, the rest are holes.

    `how` is `fstring`, `percent`, `format`, `concat` or `join`. A conversion that changes what a hole can hold is a
    call: `{x!r}` and `%r` are `repr(x)`, `{x:d}` and `%d` are `int(x)`.
    """

    pieces: list[Expr]
    how: str


class Binary(Node, tag=8):
    op: str
    left: Expr
    right: Expr


class Unary(Node, tag=9):
    """`op` is `not`, `-`, `+` or `~`."""

    op: str
    value: Expr


class Bool(Node, tag=10):
    """`op` is `and` or `or`."""

    op: str
    values: list[Expr]


class Compare(Node, tag=11):
    """`op` as written, with `not in` and `is not` in one word and one space."""

    op: str
    left: Expr
    right: Expr


class Conditional(Node, tag=12):
    test: Expr
    body: Expr
    orelse: Expr


class Sequence(Node, tag=13):
    """`kind` is `list`, `tuple` or `set`."""

    kind: str
    items: list[Expr]


class Star(Node, tag=14):
    """`*value` in a display, a target or a subscript."""

    value: Expr


class Dict(Node, tag=15):
    """A key of None is `**value`."""

    keys: list[Expr | None]
    values: list[Expr]

    def under(self, name: str | int) -> Expr | None:
        """What it holds under a constant, as it is written."""
        pairs = zip(self.keys, self.values, strict=True)
        return next((value for key, value in pairs if type(key) is Const and key.value == name), None)


class Lambda(Node, tag=16):
    """`function` is an index into `Facts.functions`."""

    function: int


class Clause(msgspec.Struct, array_like=True, eq=False, gc=False):
    target: Expr
    iter: Expr
    conditions: list[Expr]
    is_async: bool = False


class Comprehension(Node, tag=17):
    """`kind` is `list`, `set`, `dict` or `generator`; `value` is the dict's value, `element` its key."""

    kind: str
    element: Expr
    value: Expr | None
    clauses: list[Clause]


class Await(Node, tag=18):
    value: Expr


class Yield(Node, tag=19):
    value: Expr | None
    is_from: bool


class Walrus(Node, tag=20):
    target: Expr
    value: Expr


class Opaque(Node, tag=21):
    kind: str
    children: list[Expr]


Expr = (
    Const
    | Name
    | Attribute
    | Subscript
    | Slice
    | Call
    | Text
    | Binary
    | Unary
    | Bool
    | Compare
    | Conditional
    | Sequence
    | Star
    | Dict
    | Lambda
    | Comprehension
    | Await
    | Yield
    | Walrus
    | Opaque
)


class Assign(Node, tag=40):
    """`a = b = value` has two targets. An annotated assignment has one, and its annotation."""

    targets: list[Expr]
    value: Expr | None
    annotation: Expr | None = None


class Augment(Node, tag=41):
    """`target op= value`; `op` without the equals sign."""

    op: str
    target: Expr
    value: Expr


class Evaluate(Node, tag=42):
    """An expression as a statement."""

    value: Expr


class Return(Node, tag=43):
    value: Expr | None


class Raise(Node, tag=44):
    exc: Expr | None
    cause: Expr | None


class Assert(Node, tag=45):
    test: Expr
    message: Expr | None


class Delete(Node, tag=46):
    targets: list[Expr]


class If(Node, tag=47):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]


class While(Node, tag=48):
    test: Expr
    body: list[Stmt]
    orelse: list[Stmt]


class For(Node, tag=49):
    target: Expr
    iter: Expr
    body: list[Stmt]
    orelse: list[Stmt]
    is_async: bool


class Handler(Node):
    """`type` is None for a bare `except:`."""

    type: Expr | None
    name: str | None
    body: list[Stmt]


class Try(Node, tag=50):
    body: list[Stmt]
    handlers: list[Handler]
    orelse: list[Stmt]
    final: list[Stmt]
    is_star: bool = False


class WithItem(msgspec.Struct, array_like=True, eq=False, gc=False):
    value: Expr
    target: Expr | None


class With(Node, tag=51):
    items: list[WithItem]
    body: list[Stmt]
    is_async: bool


class Pattern(Node):
    """A pattern of `match`.

    `kind`: `value` (compare with `value`), `capture` (bind `name`; the wildcard has none), `star` (bind the rest),
    `sequence` (children), `mapping` (`keys` and children, `name` the rest), `class` (`value` the class, children
    positional then by `names`), `or` (children), `as` (one child, bound to `name`).
    """

    kind: str
    value: Expr | None = None
    name: str | None = None
    children: list[Pattern] = []
    keys: list[Expr] = []
    names: list[str] = []


class Case(msgspec.Struct, array_like=True, eq=False, gc=False):
    pattern: Pattern
    guard: Expr | None
    body: list[Stmt]


class Match(Node, tag=52):
    subject: Expr
    cases: list[Case]


class Jump(Node, tag=53):
    """`kind` is `break`, `continue` or `pass`."""

    kind: str


class Declare(Node, tag=54):
    """`kind` is `global` or `nonlocal`."""

    kind: str
    names: list[str]


class DefineFunction(Node, tag=55):
    """`function` is an index into `Facts.functions`."""

    function: int


class DefineClass(Node, tag=56):
    """`cls` is an index into `Facts.classes`."""

    cls: int


class Load(Node, tag=57):
    """An import statement; `imports` are indexes into `Facts.imports`."""

    imports: list[int]


Stmt = (
    Assign
    | Augment
    | Evaluate
    | Return
    | Raise
    | Assert
    | Delete
    | If
    | While
    | For
    | Try
    | With
    | Match
    | Jump
    | Declare
    | DefineFunction
    | DefineClass
    | Load
)


def children(node: Expr | Stmt) -> Sequence_[Expr]:
    """The expressions directly below a node, in the order of evaluation as far as the source order tells it.

    To be read, not changed: it may be the node's own list.
    """
    return _CHILDREN[type(node)](node)


def _pattern_values(pattern: Pattern) -> Iterator[Expr]:
    if pattern.value is not None:
        yield pattern.value
    yield from pattern.keys
    for child in pattern.children:
        yield from _pattern_values(child)


def _call_children(node: Call) -> list[Expr]:
    return [node.func, *(arg.value for arg in node.args)]


def _dict_children(node: Dict) -> list[Expr]:
    pairs = zip(node.keys, node.values, strict=True)
    return [part for pair in pairs for part in pair if part is not None]


def _comprehension_children(node: Comprehension) -> list[Expr]:
    found: list[Expr] = []
    for clause in node.clauses:
        found += (clause.iter, clause.target, *clause.conditions)
    found.append(node.element)
    if node.value is not None:
        found.append(node.value)
    return found


def _assign_children(node: Assign) -> list[Expr]:
    before = [] if node.value is None else [node.value]
    return [*before, *node.targets, *([] if node.annotation is None else [node.annotation])]


def _with_children(node: With) -> list[Expr]:
    return [part for item in node.items for part in (item.value, item.target) if part is not None]


def _match_children(node: Match) -> list[Expr]:
    found = [node.subject]
    for part in node.cases:
        found.extend(_pattern_values(part.pattern))
        if part.guard is not None:
            found.append(part.guard)
    return found


def _given(*parts: Expr | None) -> list[Expr]:
    return [part for part in parts if part is not None]


# By type, as every walk asks this of every node.
_CHILDREN: dict[type, Callable[[Any], Sequence_[Expr]]] = {
    **dict.fromkeys((Const, Name, Lambda, Jump, Declare, DefineFunction, DefineClass, Load), lambda node: ()),
    **dict.fromkeys((Attribute, Star, Await, Unary, Evaluate), lambda node: (node.value,)),
    **dict.fromkeys((Binary, Compare), lambda node: (node.left, node.right)),
    **dict.fromkeys((Yield, Return), lambda node: () if node.value is None else (node.value,)),
    **dict.fromkeys((Walrus, Augment), lambda node: (node.value, node.target)),
    **dict.fromkeys((If, While), lambda node: (node.test,)),
    Call: _call_children,
    Subscript: lambda node: (node.value, node.index),
    Slice: lambda node: _given(node.lower, node.upper, node.step),
    Text: lambda node: node.pieces,
    Bool: lambda node: node.values,
    Conditional: lambda node: (node.test, node.body, node.orelse),
    Sequence: lambda node: node.items,
    Dict: _dict_children,
    Comprehension: _comprehension_children,
    Opaque: lambda node: node.children,
    Assign: _assign_children,
    Raise: lambda node: _given(node.exc, node.cause),
    Assert: lambda node: _given(node.test, node.message),
    Delete: lambda node: node.targets,
    For: lambda node: (node.iter, node.target),
    Try: lambda node: _given(*(handler.type for handler in node.handlers)),
    With: _with_children,
    Match: _match_children,
}
_LEAVES = frozenset({Const, Name, Lambda})
_COMPOUND = frozenset({If, While, For, Try, With, Match})


def blocks(node: Stmt) -> Iterator[list[Stmt]]:
    """The lists of statements directly below a statement, in source order. A definition has none: it is a scope."""
    match node:
        case If() | While() | For():
            yield node.body
            yield node.orelse
        case Try():
            yield node.body
            for handler in node.handlers:
                yield handler.body
            yield node.orelse
            yield node.final
        case With():
            yield node.body
        case Match():
            for part in node.cases:
                yield part.body


def walk_expression(node: Expr) -> Iterator[Expr]:
    """The expression and all below it, parents first. Bodies of lambdas are other scopes and not entered."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        kind = type(current)
        if kind not in _LEAVES:
            stack += _CHILDREN[kind](current)[::-1]


def walk_statements(body: list[Stmt]) -> Iterator[Stmt]:
    """All statements of a scope, in source order, nested blocks included, nested definitions not entered."""
    stack = body[::-1]
    while stack:
        stmt = stack.pop()
        yield stmt
        if type(stmt) in _COMPOUND:
            for block in [*blocks(stmt)][::-1]:
                stack += block[::-1]


def walk(body: list[Stmt]) -> Iterator[Expr]:
    """All expressions of a scope, in source order."""
    for stmt in walk_statements(body):
        stack = [*_CHILDREN[type(stmt)](stmt)][::-1]
        while stack:
            current = stack.pop()
            yield current
            kind = type(current)
            if kind not in _LEAVES:
                stack += _CHILDREN[kind](current)[::-1]


def calls(body: list[Stmt]) -> Iterator[Call]:
    """All calls of a scope, outer before inner."""
    for node in walk(body):
        if type(node) is Call:
            yield node


@overload
def callee(node: Expr) -> Expr: ...
@overload
def callee(node: Expr | None) -> Expr | None: ...
def callee(node: Expr | None) -> Expr | None:
    """What an expression names: what it calls where it is a call, as decorators are written with and without one."""
    return node.func if type(node) is Call else node


def dotted(node: Expr | None) -> str | None:
    """`a.b.c` for a chain of attributes on a name, else None."""
    names: list[str] = []
    while type(node) is Attribute:
        names.append(node.name)
        node = node.value
    if type(node) is not Name:
        return None
    names.append(node.id)
    names.reverse()
    return ".".join(names)
