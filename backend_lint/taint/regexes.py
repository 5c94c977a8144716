"""What a regular expression says of the text that it matches as a whole."""

from __future__ import annotations

import functools
import re
import sys
from typing import Any

from backend_lint.taint.labels import ANY, META, ORIGIN, RELATIVE, WORD

if sys.version_info >= (3, 11):
    from re import _constants as sre
    from re import _parser as parser
else:
    import sre_constants as sre
    import sre_parse as parser

_SINGLE = frozenset(each for each in META if len(each) == 1)
_HARMLESS = frozenset("-.@:,+~ ")  # with these alone beside word characters, nothing is said in any language
_LONGEST = 500


@functools.lru_cache(maxsize=512)
def absent(pattern: str, how: str, flags: int = 0) -> frozenset[str]:
    """What cannot be in a text that the pattern matches, by `match`, `fullmatch` or `search`."""
    if len(pattern) > _LONGEST:
        return frozenset()
    try:
        parsed = parser.parse(pattern, flags)
    except (re.error, RecursionError, OverflowError):
        return frozenset()
    items: list[Any] = list(parsed)  # type: ignore[call-overload]
    begins = how in ("match", "fullmatch") or _is_at(items[:1], sre.AT_BEGINNING, sre.AT_BEGINNING_STRING)
    ends = how == "fullmatch" or _is_at(items[-1:], sre.AT_END, sre.AT_END_STRING)
    if parsed.state.flags & re.MULTILINE:
        return frozenset()
    if not (begins and ends):
        return frozenset({ORIGIN}) if begins and _fixes_host(items) else frozenset()
    possible = _characters(items)
    if possible is None:
        return frozenset()
    if not possible:
        return WORD
    found = {each for each in META if len(each) == 1 and each not in possible}
    found |= {each for each in META if len(each) > 1 and not _can_hold(items, each)}
    if possible <= _HARMLESS:
        found.add(ANY)
    if not _may_begin(items, "/")[0]:
        found.add(RELATIVE)
    return frozenset(found)


_HOST = re.compile(r"[a-z]+://[^/?#]+[/?#]|/[^/\\\\]")


def _fixes_host(items: list[Any]) -> bool:
    """Whether what a pattern begins with is a path of the site's own, or an address with its host."""
    begun = ""
    for op, value in items:
        if op is sre.AT:
            continue
        if op is not sre.LITERAL:
            possible = _of(op, value)
            is_there = op not in (sre.MAX_REPEAT, sre.MIN_REPEAT) or value[0] > 0
            return begun == "/" and is_there and possible is not None and not possible & {"/", "\\"}
        begun += chr(value)
        if _HOST.match(begun):
            return True
    return False


def _may_begin(items: Any, char: str) -> tuple[bool, bool]:
    """Whether what items match can begin with a character, and whether it can be empty."""
    for op, value in items:
        begins, is_empty = _may_item_begin(op, value, char)
        if begins or not is_empty:
            return begins, False
    return False, True


def _may_item_begin(op: Any, value: Any, char: str) -> tuple[bool, bool]:
    if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return False, True
    if op is sre.SUBPATTERN:
        return _may_begin(value[3], char)
    if op is sre.BRANCH:
        branches = [_may_begin(branch, char) for branch in value[1]]
        return any(begins for begins, _ in branches), any(is_empty for _, is_empty in branches)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) or str(op) == "POSSESSIVE_REPEAT":
        begins, is_empty = _may_begin(value[2], char)
        return begins, is_empty or value[0] == 0
    possible = _of(op, value)
    return possible is None or char in possible, False


Steps = dict[int, frozenset[int]]
"""How much of a text has been found after something was matched, by how much had been before it."""


def _can_hold(items: Any, text: str) -> bool:
    """Whether a text can stand in what a sequence of items matches as a whole."""
    if any(char not in _SINGLE for char in text):
        return True
    return len(text) in _all(items, text)[0]


def _all(items: Any, text: str) -> Steps:
    steps = {at: frozenset({at}) for at in range(len(text) + 1)}
    for op, value in items:
        steps = _then(steps, _steps(op, value, text))
    return steps


def _then(first: Steps, second: Steps) -> Steps:
    return {at: frozenset().union(*(second[each] for each in reached)) for at, reached in first.items()}


def _either(first: Steps, second: Steps) -> Steps:
    return {at: first[at] | second[at] for at in first}


def _steps(op: Any, value: Any, text: str) -> Steps:
    """How one item can lead on in the search for a text; what is not known of it may lead anywhere."""
    nowhere = {at: frozenset({at}) for at in range(len(text) + 1)}
    if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return nowhere
    if op is sre.SUBPATTERN:
        return _all(value[3], text)
    if op is sre.BRANCH:
        found = _all(value[1][0], text)
        for branch in value[1][1:]:
            found = _either(found, _all(branch, text))
        return found
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) or str(op) == "POSSESSIVE_REPEAT":
        least, most, inner = value
        once, found = _all(inner, text), nowhere
        for _ in range(min(least, len(text) + 1)):
            found = _then(found, once)
        for _ in range(min(most - least, len(text) + 1) if isinstance(most, int) else len(text) + 1):
            found = _either(found, _then(found, once))
        return found
    possible = _of(op, value)
    if possible is None:
        return {at: frozenset(range(len(text) + 1)) for at in nowhere}
    others = {0} if op is not sre.LITERAL or not possible else set()
    return {
        at: frozenset({len(text)} if at == len(text) else {_led_to(text, at, char) for char in possible} | others)
        for at in nowhere
    }


def _led_to(text: str, at: int, char: str) -> int:
    """How much of a text ends where one more character was read."""
    read = text[:at] + char
    return next(size for size in range(len(read), -1, -1) if read.endswith(text[:size]))


def _is_at(items: list[Any], *codes: Any) -> bool:
    return bool(items) and items[0][0] is sre.AT and items[0][1] in codes


def _characters(items: Any) -> frozenset[str] | None:
    """The metacharacters that a pattern can match; None for any."""
    found: set[str] = set()
    for op, value in items:
        part = _of(op, value)
        if part is None:
            return None
        found |= part
    return frozenset(found)


def _of(op: Any, value: Any) -> frozenset[str] | None:
    if op is sre.LITERAL:
        return frozenset({chr(value)} & _SINGLE)
    if op is sre.IN:
        return _set(value)
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) or str(op) == "POSSESSIVE_REPEAT":
        return _characters(value[2])
    if op is sre.SUBPATTERN:
        return _characters(value[3])
    if op is sre.BRANCH:
        parts = [_characters(branch) for branch in value[1]]
        return None if any(part is None for part in parts) else frozenset().union(*parts)  # type: ignore[arg-type]
    if op is sre.CATEGORY:
        return _category(value)
    if op is sre.ANY:
        return _SINGLE - {"\n"}
    if op is sre.NOT_LITERAL:
        return _SINGLE - {chr(value)}
    if op in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
        return frozenset()
    return None


def _set(items: Any) -> frozenset[str] | None:
    if items and items[0][0] is sre.NEGATE:
        taken = _set(items[1:])
        return None if taken is None else _SINGLE - taken
    found: set[str] = set()
    for op, value in items:
        if op is sre.LITERAL:
            found |= {chr(value)} & _SINGLE
        elif op is sre.RANGE:
            found |= {each for each in _SINGLE if value[0] <= ord(each) <= value[1]}
        elif op is sre.CATEGORY:
            part = _category(value)
            if part is None:
                return None
            found |= part
        else:
            return None
    return frozenset(found)


def _category(value: Any) -> frozenset[str] | None:
    if value in (sre.CATEGORY_DIGIT, sre.CATEGORY_WORD):
        return frozenset()
    if value is sre.CATEGORY_SPACE:
        return frozenset(" \t\n\r")
    if value in (sre.CATEGORY_NOT_WORD, sre.CATEGORY_NOT_DIGIT):
        return _SINGLE
    if value is sre.CATEGORY_NOT_SPACE:
        return _SINGLE - frozenset(" \t\n\r")
    return None


@functools.lru_cache(maxsize=512)
def removed(pattern: str, new: str) -> frozenset[str]:
    """What is not in a text any more after `re.sub(pattern, new, text)`: characters of a class that is replaced."""
    if len(pattern) > _LONGEST:
        return frozenset()
    try:
        items: list[Any] = list(parser.parse(pattern))  # type: ignore[call-overload]
    except (re.error, RecursionError, OverflowError):
        return frozenset()
    if len(items) != 1:
        return frozenset()
    op, value = items[0]
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and value[0] <= 1 and len(value[2]) == 1:
        op, value = value[2][0]
    taken = _set(value) if op is sre.IN else _of(op, value) if op in (sre.LITERAL, sre.CATEGORY) else None
    if taken is None:
        return frozenset()
    taken = taken - set(new)
    left = _SINGLE - taken
    if not left:
        return WORD
    found = set(taken) | {each for each in META if len(each) > 1 and any(char in taken for char in each)}
    if left <= _HARMLESS:
        found.add(ANY)
    if "/" in taken:
        found.add(RELATIVE)
    return frozenset(found)
