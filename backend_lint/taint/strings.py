"""Strings as pieces: building, cutting and searching them without knowing them whole."""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from backend_lint.taint.domain import (
    BOOLEAN,
    LONGEST,
    MOST_PIECES,
    MOST_TEXTS,
    NOTHING,
    NUMBER,
    STRING,
    Constant,
    Piece,
    Text,
    Value,
    constants,
    join,
    labelled,
    placed,
    scattered,
)
from backend_lint.taint.labels import FILLED, META, NO_PARENT, NORMALISED, ORIGIN, PLAIN, RELATIVE, TEXT, Label, union

_TESTS = frozenset({
    "startswith", "endswith", "isalnum", "isalpha", "isascii", "isdecimal", "isdigit", "isidentifier", "islower",
    "isnumeric", "isprintable", "isspace", "istitle", "isupper",
})  # fmt: skip
_NUMBERS = frozenset(["find", "rfind", "index", "rindex", "count", "__len__", "bit_length"])
_CASES = frozenset(["lower", "upper", "casefold", "title", "capitalize", "swapcase"])
_SAME = frozenset({
    "encode", "decode", "strip", "lstrip", "rstrip", "removeprefix", "removesuffix", "expandtabs", "zfill", "ljust",
    "rjust", "center", "hex", "format_map", "translate", "tobytes", "isoformat",
})  # fmt: skip
_PURE = frozenset(
    {*_TESTS, *_NUMBERS, *_CASES, *_SAME, "replace", "split", "rsplit", "splitlines", "join", "format"}
    | {"partition", "rpartition"}
) - {
    "format_map",
    "tobytes",
    "isoformat",
}


def alternatives(value: Value) -> list[Text]:
    """All texts that a value can be; the opaque rest is one hole."""
    found: list[Text] = [(_shown(each),) for each in value.consts]
    found.extend(value.texts)
    if value.is_opaque or value.references or value.callables:
        found.append((hole(value),))
    return found


def hole(value: Value) -> Value:
    """The opaque rest of a value, as a piece of a text."""
    if not (value.consts or value.texts or value.references or value.callables) and value.derived is None:
        return value
    return Value(labels=value.labels, is_opaque=True, type=value.type)


def from_texts(texts: Iterable[Text]) -> Value:
    consts: list[Constant] = []
    open_texts: list[Text] = []
    rest = NOTHING
    for text in texts:
        joined = _normal(text)
        if not joined:
            consts.append("")
        elif len(joined) == 1:
            piece = joined[0]
            if type(piece) is str:
                consts.append(piece)
            else:
                rest = join(rest, piece)  # type: ignore[arg-type]
        elif joined not in open_texts:
            open_texts.append(joined)
    found = constants(consts) if consts else NOTHING
    if len(open_texts) > MOST_TEXTS or any(len(text) > MOST_PIECES for text in open_texts):
        found = join(found, Value(labels=scattered(tuple(open_texts)), is_opaque=True, type="builtins.str"))
    elif open_texts:
        found = join(found, Value(texts=tuple(open_texts)))
    return join(found, rest) if rest is not NOTHING else found


def concatenated(values: Sequence[Value]) -> Value:
    """All of them, one after the other."""
    parts = [alternatives(value) for value in values]
    size = 1
    for part in parts:
        size *= max(1, len(part))
    if size > MOST_TEXTS * 2:
        parts = [part if len(part) == 1 else [_collapsed(part)] for part in parts]
    return from_texts(tuple(itertools.chain.from_iterable(each)) for each in itertools.product(*parts))


def sliced(value: Value, lower: Any, upper: Any) -> Value:
    """`value[lower:upper]`; a bound of None is open. Holes have no known length."""
    return from_texts(_slice(text, lower, upper) for text in alternatives(value))


def _slice(text: Text, lower: int | None, upper: int | None) -> Text:
    if all(type(piece) is str for piece in text):
        return ("".join(text)[lower:upper],)  # type: ignore[arg-type]
    first = text[0] if type(text[0]) is str else ""
    last = text[-1] if type(text[-1]) is str else ""
    start, end = lower or 0, upper
    if start >= 0 and end is not None and 0 <= end <= len(first):
        return (first[start:end],)
    if start < 0 and -start <= len(last) and (end is None or end < 0):
        return (last[start:end],)
    pieces = list(text)
    if 0 < start <= len(first):
        pieces[0] = first[start:]
    elif start != 0:
        return _collapsed([text])
    if end is not None:
        if end < 0 and -end <= len(last):
            pieces[-1] = last[:end]
        else:
            return (first[start:], *_collapsed([tuple(pieces[1:] if first else pieces)]))
    return tuple(pieces)


def at(value: Value, index: int) -> Value:
    """The character at a constant place."""
    return from_texts(
        _slice(text, index, index + 1 if index != -1 else None) for text in alternatives(value) if text != ("",)
    )


def method(value: Value, name: str, args: Sequence[Value], keywords: dict[str, Value]) -> Value | None:
    """The result of a method of a string, a bytes or a number; None where it has no such method or it is not of one."""
    if name in _PURE and value.is_constant and not keywords and all(arg.is_constant for arg in args):
        found = _executed(value, name, args)
        if found is not None:
            return found
    if name in _TESTS:
        return BOOLEAN
    if name in _NUMBERS:
        return NUMBER
    if name == "replace" and len(args) >= 2:
        return replaced(value, args[0], args[1])
    if name in _CASES:
        return _cased(value, name)
    if name in ("strip", "lstrip", "rstrip") and len(args) == 1 and not args[0].all_labels():
        return _without_ends(value, name, args[0].the_constant)
    if name in ("strip", "lstrip", "rstrip") and not args:
        return _stripped(value, name)
    if name in ("encode", "decode"):
        return value
    if name == "format" and value.is_textual and not value.texts:
        return _formatted(value, args, keywords)
    if name in _SAME:
        extra = value
        for arg in args if name in ("translate", "format_map") else ():
            extra = extra.with_labels(arg.all_labels())
        return Value(labels=extra.all_labels(), is_opaque=True, type="builtins.str")
    return None


def pieces_of_split(value: Value, separator: str, limit: int | None) -> tuple[list[Value], Value | None] | None:
    """The leading parts that `split` gives, and what all others are; None for the latter where there are no others."""
    texts = alternatives(value)
    if len(texts) != 1 or limit is not None:
        return None
    leading: list[Value] = []
    current: list[Any] = []
    for number, piece in enumerate(texts[0]):
        if type(piece) is str:
            first, *others = piece.split(separator)
            current.append(first)
            for other in others:
                leading.append(from_texts([tuple(current)]))
                current = [other]
        elif piece.labels and all(separator in label.absent for label in piece.labels):  # type: ignore[union-attr]
            current.append(piece)
        else:
            return leading, from_texts([_part((*current, *texts[0][number:]))])
    leading.append(from_texts([tuple(current)]))
    return leading, None


def replaced(value: Value, old: Value, new: Value) -> Value:
    """`value.replace(old, new)`."""
    old_text, new_text = old.the_constant, new.the_constant
    if isinstance(old_text, bytes):
        old_text = old_text.decode("latin-1")
    if isinstance(new_text, bytes):
        new_text = new_text.decode("latin-1")
    stays = frozenset({ORIGIN} if is_inner(new) else ())
    if not isinstance(old_text, str) or not old_text:
        known = union(value.labels, placed(value.texts))
        kept = tuple(label.scattered().without(stays & label.absent) for label in known)
        return Value(labels=union(kept, new.all_labels()), is_opaque=True, type="builtins.str")
    gone = isinstance(new_text, str) and (old_text not in new_text)
    doubled = isinstance(new_text, str) and old_text in "'\"`" and new_text == old_text * 2
    escaped = new_text == "\\" + old_text and old_text in "\"'"
    # Taking `../` out once leaves one where there were two; a single character, or one put for another, is gone.
    gone = gone and (len(old_text) == 1 or bool(new_text))
    absent = frozenset({old_text}) if gone or doubled or escaped else frozenset()

    def change(label: Label) -> Label:
        return label.without(absent) if absent else label.scattered().without(stays & label.absent)

    changed = []
    for text in alternatives(value):
        pieces: list[Any] = []
        for piece in text:
            if type(piece) is not str:
                pieces.append(piece.mapped(change).with_labels(new.all_labels()))  # type: ignore[union-attr]
            elif isinstance(new_text, str):
                pieces.append(piece.replace(old_text, new_text))
            else:
                for number, part in enumerate(piece.split(old_text)):
                    pieces.extend([hole(new) if not new.texts else labelled(new.all_labels())] if number else [])
                    pieces.append(part)
        changed.append(tuple(pieces))
    return from_texts(changed)


def is_inner(text: Value) -> bool:
    """Whether a text of ours, put anywhere into a path of ours, leads to no other host."""
    if not text.is_constant:
        return not text.all_labels() and not text.texts
    return all(isinstance(each, str) and each[:1] not in ("", "/", "\\") and ":" not in each for each in text.consts)


def _cased(value: Value, name: str) -> Value:
    def change(label: Label) -> Label:
        kept = frozenset(each for each in label.absent if each in META or each.startswith("\0"))
        return label if kept == label.absent else label._replace(absent=kept)

    def cased(piece: Piece) -> Piece:
        return getattr(piece, name)() if isinstance(piece, str) else piece.mapped(change)

    return from_texts(tuple(map(cased, text)) for text in alternatives(value)).derived_from("case", value)


def _stripped(value: Value, name: str) -> Value:
    texts = []
    for text in alternatives(value):
        pieces = list(text)
        if type(pieces[0]) is str and name != "rstrip":
            pieces[0] = pieces[0].lstrip()
        if type(pieces[-1]) is str and name != "lstrip":
            pieces[-1] = pieces[-1].rstrip()
        texts.append(tuple(pieces))
    return from_texts(texts).derived_from("strip", value)


def _without_ends(value: Value, name: str, characters: Constant) -> Value:
    """`value.lstrip(characters)` and its like: what a text began with is gone, and whatever followed begins it."""
    is_headless = name != "rstrip" and not (isinstance(characters, str) and "/" not in characters)
    begins = frozenset({RELATIVE} if isinstance(characters, str) and "/" in characters else ())

    def change(label: Label) -> Label:
        return label.losing(_OF_BEGINNINGS).without(begins) if is_headless else label

    if not value.texts:
        kept = Value(labels=tuple(map(change, value.labels)), is_opaque=True, type="builtins.str")
        return kept.derived_from("strip", value)
    if not isinstance(characters, str):
        return Value(labels=scattered(value.texts), is_opaque=True, type="builtins.str")
    texts = []
    for text in alternatives(value):
        pieces = list(text)
        if type(pieces[0]) is str and name != "rstrip":
            pieces[0] = pieces[0].lstrip(characters)
            pieces = pieces if pieces[0] else pieces[1:]
        if pieces and type(pieces[0]) is Value and is_headless:
            pieces[0] = pieces[0].mapped(change)
        if pieces and type(pieces[-1]) is str and name != "lstrip":
            pieces[-1] = pieces[-1].rstrip(characters)
        texts.append(tuple(pieces))
    return from_texts(texts).derived_from("strip", value)


_OF_BEGINNINGS = frozenset({ORIGIN, NORMALISED, PLAIN})  # what is known of a text by how it begins


def _formatted(value: Value, args: Sequence[Value], keywords: dict[str, Value]) -> Value:
    """`template.format(…)` of a constant template that is no literal."""
    texts: list[Value] = []
    for template in value.consts:
        pieces: list[Value] = []
        count = 0
        try:
            for literal, field, _, _ in string.Formatter().parse(template):
                pieces.append(Value(consts=(literal,)))
                if field is None:
                    continue
                head = field.partition(".")[0].partition("[")[0]
                index = int(head) if head.isdigit() else count if not head else None
                count += not head
                found = keywords.get(head) if index is None else args[index] if index < len(args) else None
                pieces.append(STRING if found is None else labelled(found.all_labels()) if "[" in field else found)
        except (ValueError, TypeError):
            return labelled(_labels_of([*args, *keywords.values()]), "builtins.str")
        texts.append(concatenated(pieces))
    found = NOTHING
    for text in texts:
        found = join(found, text)
    return found


def percent(template: Value, values: Sequence[Value]) -> Value:
    """`template % values`, for a constant template that is no literal and plain `%s`."""
    text = template.the_constant
    if isinstance(text, str) and text.replace("%%", "").count("%") == text.count("%s") == len(values):
        parts = text.replace("%%", "%").split("%s")
        pieces: list[Value] = [Value(consts=(parts[0],))]
        for value, part in zip(values, parts[1:], strict=True):
            pieces += [value, Value(consts=(part,))]
        return concatenated(pieces)
    return labelled(union(template.all_labels(), _labels_of(values)), "builtins.str")


_NAMED = re.compile(r"%\((\w+)\)([a-z])|%%")


def percent_of_mapping(template: Value, item: Callable[[Value], Value]) -> Value:
    """`template % mapping`, for a constant template with plain `%(name)s`."""
    text = template.the_constant
    names = {match[1] for match in _NAMED.finditer(text) if match[1]} if isinstance(text, str) else set()
    if not isinstance(text, str) or not names:
        return labelled(template.all_labels(), "builtins.str")
    pieces: list[Value] = []
    end = 0
    for match in _NAMED.finditer(text):
        pieces.append(Value(consts=(text[end : match.start()],)))
        shown = item(Value(consts=(match[1],))) if match[1] else Value(consts=("%",))
        pieces.append(shown if match[2] in (None, "s", "r") else NUMBER)
        end = match.end()
    return concatenated([*pieces, Value(consts=(text[end:],))])


def joined_by(separator: Value, items: Sequence[Value]) -> Value:
    pieces: list[Value] = []
    change = rejoined(items, separator.the_constant)
    for number, item in enumerate(items):
        if number:
            pieces.append(separator)
        pieces.append(item.mapped(change))
    return concatenated(pieces) if pieces else Value(consts=("",))


def rejoined(parts: Sequence[Value], separator: Any) -> Callable[[Label], Label]:
    """What putting a separator between parts does to them: where they were cut from one text, it is back in there."""
    origins = [{label.origin for label in part.all_labels()} for part in parts]
    twice = {
        each for number, own in enumerate(origins) for each in own if any(each in more for more in origins[:number])
    }
    lost = _put_back(separator)
    return lambda label: label.losing(lost) if label.origin in twice else label


def _put_back(separator: Any) -> frozenset[str]:
    """What a text that a separator joins has again, though its parts have it not."""
    if not isinstance(separator, str) or len(separator) != 1:
        return frozenset()
    return frozenset(each for each in META if separator in each) | ({RELATIVE} if separator == "/" else set())


def repeated(value: Value) -> Value:
    """Any number of it, in any order: what is known of single characters stays."""
    labels = union(tuple(label.scattered() for label in value.labels), scattered(value.texts))
    return Value(labels=labels, is_opaque=True, type="builtins.str")


def joined_many(element: Value, separator: Value) -> Value:
    """Any number of an element, with the separator between them: what that is made of is not absent any more."""
    found = repeated(concatenated([element, separator]))
    between = separator.the_constant
    lost = _put_back(between)
    found = found.mapped(lambda label: label.losing(lost))
    if between != "/":
        return found
    kept = [label.absent for label in element.all_labels()]
    facts = {fact for fact in (NO_PARENT, "..") if kept and all(fact in each for each in kept)}
    if kept and all(FILLED in each and (RELATIVE in each or "/" in each) for each in kept):
        facts.add(RELATIVE)
    return found.mapped(lambda label: label.without(frozenset(facts))) if facts else found


def is_text(value: Value) -> bool:
    return value.type in ("builtins.str", "builtins.bytes") or any(type(each) is str for each in value.consts)


def _executed(value: Value, name: str, args: Sequence[Value]) -> Value | None:
    results: list[Constant] = []
    for receiver in value.consts:
        if type(receiver) not in (str, bytes, int):
            return None
        for combination in itertools.product(*(arg.consts for arg in args)):
            if name in ("zfill", "ljust", "rjust", "center", "expandtabs") and any(
                isinstance(each, int) and each > LONGEST for each in combination
            ):
                return None
            try:
                found = getattr(receiver, name)(*combination)
            except (AttributeError, TypeError, ValueError, LookupError, UnicodeError):
                continue
            if isinstance(found, list):
                found = tuple(found)
            results.append(found)
            if len(results) > 64:
                return None
    return constants(results) if results else None


def _part(text: Text) -> Text:
    """A hole for a part of a text: what is not in a text that is one hole is in no part of it."""
    (hole,) = _collapsed([text])
    if len(text) > 1 or type(text[0]) is str or not text[0].labels:  # type: ignore[union-attr]
        return (hole,)
    absent = frozenset.intersection(*(label.absent for label in text[0].labels)) & META  # type: ignore[union-attr]
    return (hole.mapped(lambda label: label.without(absent)),)  # type: ignore[union-attr]


def _collapsed(texts: Sequence[Text]) -> Text:
    """One hole for all of them."""
    labels = scattered(tuple(texts))
    return (Value(labels=labels, is_opaque=True, type="builtins.str"),)


def _normal(text: Text) -> Text:
    pieces: list[Any] = []
    for piece in text:
        if type(piece) is str:
            if not piece:
                continue
            if pieces and type(pieces[-1]) is str:
                pieces[-1] += piece
                continue
        pieces.append(piece)
    return tuple(pieces)


def _shown(value: Constant) -> str:
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return str(value)


def _labels_of(values: Iterable[Value]) -> tuple[Label, ...]:
    found: tuple[Label, ...] = ()
    for value in values:
        found = union(found, value.all_labels())
    return found


def as_text(value: Value) -> Value:
    """The value as `str()` leaves it: no dict or list any more."""
    return value.mapped(lambda label: label.without(frozenset({TEXT})))
