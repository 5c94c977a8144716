"""One shape for every way to put a string together."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Callable

from backend_lint.facts.ir import Argument, Attribute, Call, Const, Dict, Expr, Name, Sequence, Star, Subscript, Text

_PERCENT = re.compile(r"%(?:\((?P<key>[^)]*)\))?[#0\- +]*(?:\*|\d+)?(?:\.(?:\*|\d+))?[hlL]?(?P<type>[a-zA-Z%])")
_NUMERIC = frozenset("diouxXeEfFgGn")


def concatenation(at: int, end: int, left: Expr, right: Expr) -> Expr | None:
    """`left + right`, when one of them is known to be a string."""
    if not (_is_text(left) or _is_text(right)):
        return None
    return text(at, end, [*_pieces(left), *_pieces(right)], "concat")


def text(at: int, end: int, pieces: list[Expr], how: str) -> Expr:
    """A string of pieces, neighbouring literals joined; a plain literal when there is no hole."""
    joined: list[Expr] = []
    for piece in pieces:
        last = joined[-1] if joined else None
        if (
            type(piece) is Const
            and type(last) is Const
            and isinstance(piece.value, str)
            and isinstance(last.value, str)
        ):
            joined[-1] = Const(last.at, piece.end, last.value + piece.value)
        elif not (type(piece) is Const and piece.value == ""):
            joined.append(piece)
    if not joined:
        return Const(at, end, "")
    if len(joined) == 1 and type(joined[0]) is Const:
        return Const(at, end, joined[0].value)
    return Text(at, end, joined, how)


def percent(at: int, end: int, template: Const, value: Expr) -> Expr | None:
    """`template % value`; None where the template cannot be read, or does not fit what it is given."""
    assert isinstance(template.value, str)
    specs = [match for match in _PERCENT.finditer(template.value) if match["type"] != "%"]
    pick = _percent_picker(value, len(specs))
    pieces: list[Expr] = []
    position = count = 0
    for match in _PERCENT.finditer(template.value):
        pieces.append(_literal(template, template.value[position : match.start()]))
        position = match.end()
        if match["type"] == "%":
            pieces.append(_literal(template, "%"))
            continue
        hole = pick(match["key"] if match["key"] is not None else count)
        if hole is None:
            return None
        count += 1
        pieces.append(converted(hole, "r" if match["type"] in "ra" else "d" if match["type"] in _NUMERIC else ""))
    pieces.append(_literal(template, template.value[position:]))
    return text(at, end, pieces, "percent")


def _percent_picker(value: Expr, count: int) -> Callable[[str | int], Expr | None]:
    def pick(key: str | int) -> Expr | None:
        match value:
            case Sequence(kind="tuple", items=items) if isinstance(key, int):
                if any(type(item) is Star for item in items):
                    return Subscript(value.at, value.end, value, Const(value.at, value.end, key))
                return items[key] if key < len(items) else None
            case Dict():
                return _entry(value, key)
            case _ if isinstance(key, str) or count > 1:
                return Subscript(value.at, value.end, value, Const(value.at, value.end, key))
            case _:
                return value

    return pick


def _entry(value: Dict, key: str | int) -> Expr | None:
    return value.under(key) or Subscript(value.at, value.end, value, Const(value.at, value.end, key))


def formatted(call: Call, template: Const) -> Expr | None:
    """`template.format(…)`; None where the template is not one that `str.format` takes."""
    assert isinstance(template.value, str)
    pieces: list[Expr] = []
    count = 0
    try:
        for literal, field, spec, conversion in string.Formatter().parse(template.value):
            pieces.append(_literal(template, literal))
            if field is None:
                continue
            head, rest = re.match(r"([^.\[]*)(.*)", field, re.DOTALL).groups()  # type: ignore[union-attr]
            key: str | int = int(head) if head.isdigit() else head or count
            count += head == ""
            hole = _format_argument(call, key)
            if hole is None:
                return None
            pieces.append(converted(_access(hole, rest), conversion or _kind_of(spec or "")))
    except ValueError:
        return None
    return text(call.at, call.end, pieces, "format")


def _format_argument(call: Call, key: str | int) -> Expr | None:
    if isinstance(key, int):
        value = call.argument(key)
    else:
        value = call.keywords.get(key)
    if value is not None:
        return value
    for arg in call.args:
        if arg.stars == (1 if isinstance(key, int) else 2):
            index = Const(arg.value.at, arg.value.end, key)
            return Subscript(arg.value.at, arg.value.end, arg.value, index)
    return None


def _access(value: Expr, path: str) -> Expr:
    for name, index in re.findall(r"\.([^.\[]+)|\[([^\]]*)\]", path):
        if name:
            value = Attribute(value.at, value.end, value, name)
        else:
            key = Const(value.at, value.end, int(index) if index.isdigit() else index)
            value = Subscript(value.at, value.end, value, key)
    return value


def joined(call: Call, separator: Const, items: Sequence) -> Expr:
    """`separator.join([…])` over a display without stars."""
    pieces: list[Expr] = []
    for number, item in enumerate(items.items):
        if number:
            pieces.append(separator)
        pieces.append(item)
    return text(call.at, call.end, pieces, "join")


def converted(hole: Expr, conversion: str) -> Expr:
    """The hole as its conversion leaves it: `r` and `a` are `repr`, `d` is a number, `s` and none change nothing."""
    name = {"r": "repr", "a": "ascii", "d": "int"}.get(conversion)
    if name is None:
        return hole
    return Call(hole.at, hole.end, Name(hole.at, hole.end, name), [Argument(hole)])


def _kind_of(spec: str) -> str:
    return "d" if spec and spec[-1] in _NUMERIC else ""


def format_kind(spec: str) -> str:
    """The conversion that a literal format specification amounts to."""
    return _kind_of(spec)


def fragment(raw: str, prefix: str) -> str:
    """The text of a literal part of an f-string, as written in the source."""
    unbraced = raw.replace("{{", "{").replace("}}", "}")
    if "\\" not in raw or "r" in prefix.lower():
        return unbraced
    try:
        value = ast.literal_eval('"""' + unbraced.replace('"', '\\"') + '"""')
    except (SyntaxError, ValueError):
        return unbraced
    return value if isinstance(value, str) else unbraced


def _is_text(value: Expr) -> bool:
    return type(value) is Text or (type(value) is Const and isinstance(value.value, str))


def _pieces(value: Expr) -> list[Expr]:
    return value.pieces if type(value) is Text else [value]


def _literal(template: Const, value: str) -> Const:
    return Const(template.at, template.end, value)
