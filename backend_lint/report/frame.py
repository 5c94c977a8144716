"""The lines of source that a finding speaks of, and what is said of each part of them."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from backend_lint.core import Finding, Step
from backend_lint.report.view import Lines


class Mark(msgspec.Struct, frozen=True, order=True):
    """A part of one line. Units: code points from 0, `end` exclusive; `number` is 0 where there is nothing to count."""

    start: int
    end: int
    number: int
    note: str


class Row(msgspec.Struct, frozen=True):
    """A line without its ending; `text` is None where the file or the line is gone."""

    number: int
    text: str | None
    marks: tuple[Mark, ...] = ()


class Frame(msgspec.Struct, frozen=True):
    """Rows of one file, in order; None stands where lines are left out."""

    path: str
    rows: tuple[Row | None, ...]


def frames(finding: Finding, lines: Lines, context: int = 0, most: int | None = None) -> list[Frame]:
    """One frame for each file on the finding's way, the finding's steps numbered when there is more than one.

    A finding without a trace is one mark, which carries its message. Of more than `most` steps those in the middle
    are left out.
    """
    steps = finding.trace or (Step(finding.at, finding.message),)
    numbered = [(number if len(steps) > 1 else 0, step) for number, step in enumerate(steps, start=1)]
    if most is not None and len(numbered) > most:
        numbered[most // 2 : len(numbered) - (most - most // 2)] = []
    by_path: defaultdict[str, list[tuple[int, Step]]] = defaultdict(list)
    for number, step in numbered:
        by_path[step.at.path].append((number, step))
    return [Frame(path, tuple(_rows(numbered, lines(path), context))) for path, numbered in by_path.items()]


def _rows(numbered: Sequence[tuple[int, Step]], text: Sequence[str] | None, context: int) -> Iterable[Row | None]:
    known = text or ()
    marks: defaultdict[int, list[Mark]] = defaultdict(list)
    for number, step in numbered:
        marks[step.at.line].append(_mark(step, number, known))
    previous = 0
    for line in _shown_lines(sorted(marks), len(known), context):
        if previous and line > previous + 1:
            yield None
        previous = line
        shown = known[line - 1].rstrip("\r\n") if line <= len(known) else None
        yield Row(line, shown, tuple(sorted(marks[line])))


def _shown_lines(marked: Sequence[int], count: int, context: int) -> list[int]:
    """The marked lines, `context` lines around each, and gaps of one or two lines, which cost less than their sign."""
    shown = {near for line in marked for near in range(max(1, line - context), line + context + 1) if near <= count}
    shown.update(marked)
    ordered = sorted(shown)
    for line, following in itertools.pairwise(ordered):
        if following - line <= 3:
            shown.update(range(line, following))
    return sorted(shown)


def _mark(step: Step, number: int, known: Sequence[str]) -> Mark:
    """The part of the step's first line that it covers; at least one character, so that there is something to see."""
    at = step.at
    start = at.column - 1
    if at.line > len(known):
        return Mark(start, start + 1, number, step.note)
    length = len(known[at.line - 1].rstrip())
    end = at.end_column - 1 if at.end_line == at.line else length
    return Mark(min(start, length), max(min(end, length), start + 1), number, step.note)
