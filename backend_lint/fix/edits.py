"""Edits of one text."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable

from backend_lint.core import Edit

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits that do not collide, equal ones made once.

    A line break in an edit becomes the one that the text uses, so that a rule need not know it.
    """
    first = _LINE_BREAK.search(text)
    line_break = first.group() if first else "\n"
    pieces, position = [], 0
    for edit in sorted(set(edits)):
        pieces += [text[position : edit.start], _LINE_BREAK.sub(line_break, edit.text)]
        position = edit.end
    return "".join([*pieces, text[position:]])


def is_sound(edits: Iterable[Edit], length: int) -> bool:
    """Whether the edits lie in a text of this length and can be made together."""
    ordered = sorted(set(edits))
    return all(0 <= edit.start <= edit.end <= length for edit in ordered) and not any(
        collide(one, other) for one, other in itertools.pairwise(ordered)
    )


def collide(one: Edit, other: Edit) -> bool:
    """Whether two edits of a file overlap, or insert different texts at one place; equal edits agree.

    An insertion stands before the text that another edit replaces from there on.
    """
    if one == other or one.path != other.path:
        return False
    first, second = sorted((one, other))
    if first.start == second.start:
        return first.start < first.end or second.start == second.end
    return second.start < first.end
