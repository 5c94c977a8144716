"""The comments that speak to a linter, each with the statement it governs."""

from __future__ import annotations

import re

import libcst as cst

from backend_lint.core.comment import Comment
from backend_lint.source import Source
from backend_lint.source.tree import walk

_SPEAKS = re.compile(r"backend-lint|nosec|noqa", re.IGNORECASE)


def governed(source: Source) -> list[Comment]:
    """Comments that may be suppressions.

    One at the end of a line governs the statement that stands on the line (of a compound statement, its header); one
    on a line of its own governs the next statement, decorators included.
    """
    spoken = [(at, text) for at, text in source.comments if _SPEAKS.search(text)]
    if not spoken:
        return []
    ranges = sorted(_statement_lines(source))
    comments = []
    for at, text in spoken:
        line, column = source.line_column(at)
        own_line = not source.text[source.line_starts[line - 1] : at].strip()
        if own_line:
            governing = min((each for each in ranges if each[0] > line), default=None)
        else:
            around = [each for each in ranges if each[0] <= line <= each[1]]
            governing = min(around, key=lambda each: each[1] - each[0], default=None)
        comments.append(Comment(line, column, text, own_line, governing))
    return comments


def _statement_lines(source: Source) -> list[tuple[int, int]]:
    ranges = []
    for node in walk(source.module):
        match node:
            case cst.SimpleStatementLine():
                first, last = source.span(node)
            case cst.FunctionDef() | cst.ClassDef():
                first = min(source.span(each)[0] for each in (node, *node.decorators))
                last = _header_end(source, node)
            case cst.If() | cst.For() | cst.While() | cst.With() | cst.Try() | cst.TryStar() | cst.Match():
                first, last = source.span(node)[0], _header_end(source, node)
            case cst.ExceptHandler() | cst.ExceptStarHandler() | cst.Else() | cst.Finally() | cst.MatchCase():
                first, last = source.span(node)[0], _header_end(source, node)
            case _:
                continue
        ranges.append((source.line_column(first)[0], source.line_column(max(first, last - 1))[0]))
    return ranges


def _header_end(source: Source, node: cst.CSTNode) -> int:
    """The offset at which the line of the header's colon ends."""
    start = source.span(node)[0]
    body = node.cases if isinstance(node, cst.Match) else node.body.body  # type: ignore[attr-defined]
    below = source.span(body[0])[0] if body else source.span(node)[1]
    header = source.text[start:below]
    colon = header.rfind(":")
    return start + (colon + 1 if colon >= 0 else len(header))
