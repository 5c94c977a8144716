"""Source text as HTML: a frame with its marks, and code spans in prose."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from markupsafe import Markup, escape

from backend_lint.report.frame import Frame, Row
from backend_lint.report.inert import inert

_CUT = 220  # characters of one source line
_SPAN = re.compile(r"`([^`]+)`")


def code_spans(text: str) -> Markup:
    """Prose with its `code` in code elements, line ends as line breaks."""
    lines = []
    for line in text.splitlines():
        parts = _SPAN.split(line)
        lines.append(
            Markup("").join(
                Markup("<code>{}</code>").format(inert(part)) if number % 2 else escape(inert(part))
                for number, part in enumerate(parts)
            )
        )
    return Markup("<br>").join(lines)


def snippet(frame: Frame) -> Markup:
    """The rows of a frame for a `pre` element; under each row what is said of its parts."""
    return Markup("").join(piece for row in frame.rows for piece in _row(row))


def numbered(number: int) -> str:
    """`①`, as far as there are such characters."""
    return chr(0x2460 + number - 1) if 0 < number <= 20 else f"({number})" if number else ""


def _row(row: Row | None) -> Iterator[Markup]:
    if row is None:
        yield Markup("<u>⋮</u>\n")
        return
    if row.text is not None:
        yield Markup("<u>{:>4}</u> {}\n").format(row.number, Markup("").join(_marked(row)))
    for mark in row.marks:
        label = numbered(mark.number)
        note = Markup("<b>{}</b> {}").format(label, code_spans(mark.note)) if label else code_spans(mark.note)
        yield Markup("<em>{}</em>").format(note)


def _marked(row: Row) -> Iterator[Markup]:
    """The row's text, cut around its first mark, with the marked parts in mark elements."""
    text = row.text or ""
    first = max(0, row.marks[0].start - _CUT // 3) if row.marks and len(text) > _CUT else 0
    last = min(len(text), first + _CUT)
    edges = {first, last}
    for mark in row.marks:
        edges |= {edge for edge in (mark.start, mark.end) if first < edge < last}
    ordered = sorted(edges)
    yield Markup("…" if first else "")
    for start, end in itertools.pairwise(ordered):
        labels = "".join(numbered(mark.number) for mark in row.marks if mark.start == start)
        if labels:
            yield Markup("<sup>{}</sup>").format(labels)
        shown = inert(text[start:end].expandtabs(4))
        is_marked = any(mark.start <= start and end <= mark.end for mark in row.marks)
        yield Markup("<mark>{}</mark>").format(shown) if is_marked else escape(shown)
    yield Markup("…" if last < len(text) else "")
