"""A fix as people and tools read it: a diff, or ranges of lines and columns."""

from __future__ import annotations

import bisect
import difflib
import itertools
from collections.abc import Iterable, Sequence

from backend_lint.core import Edit, Fix, Place
from backend_lint.report.view import Lines, split_lines


def diff(fix: Fix, lines: Lines, context: int = 2) -> list[str]:
    """The unified diff of a fix to read, without line ends and tabs; empty where a file is gone."""
    shown: list[str] = []
    for path, edits in _by_path(fix):
        before = lines(path)
        if before is None:
            return []
        after = split_lines(_applied("".join(before), edits))
        old, new = [[line.rstrip("\r\n").expandtabs(4) for line in text] for text in (before, after)]
        shown += difflib.unified_diff(old, new, f"a/{path}", f"b/{path}", n=context, lineterm="")
    return shown


def replacements(fix: Fix, lines: Lines) -> list[tuple[Place, str]]:
    """Each edit's range as a place, with its new text; empty where a file is gone."""
    found = []
    for path, edits in _by_path(fix):
        before = lines(path)
        if before is None:
            return []
        starts = [0, *itertools.accumulate(map(len, before))]
        found += [
            (Place(path, *_position(starts, edit.start), *_position(starts, edit.end)), edit.text) for edit in edits
        ]
    return found


def _by_path(fix: Fix) -> Iterable[tuple[str, list[Edit]]]:
    for path, edits in itertools.groupby(sorted(fix.edits), key=lambda edit: edit.path):
        yield path, list(edits)


def _applied(text: str, edits: Sequence[Edit]) -> str:
    for edit in reversed(edits):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def _position(starts: Sequence[int], offset: int) -> tuple[int, int]:
    """Line and column, both from 1, of an offset."""
    line = max(bisect.bisect_right(starts[:-1], offset), 1)
    return line, offset - starts[line - 1] + 1
