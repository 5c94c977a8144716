"""One file, parsed: its text, its LibCST module, where its nodes stand."""

from __future__ import annotations

import functools
from bisect import bisect_right
from collections.abc import Iterator
from typing import TypeVar

import libcst as cst

from backend_lint.core import Diagnostic, DiagnosticKind, Edit, Fix, Place, Safety
from backend_lint.source.offsets import Offsets
from backend_lint.source.text import decode, line_starts
from backend_lint.source.tree import children, walk

_Node = TypeVar("_Node", bound=cst.CSTNode)

_MOST_EXPECTED = 8


class Source:
    """A parsed file. Spans are offsets in code points; `parents` and what builds on it ask the tree once."""

    def __init__(self, path: str, text: str, module: cst.Module) -> None:
        self.path, self.text, self.module = path, text, module
        self.line_starts = line_starts(text)
        offsets = Offsets(module)
        self.spans = offsets.spans
        self.comments = offsets.comments

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        return self.spans[id(node)]

    def line_column(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.line_starts, offset)
        return line, offset - self.line_starts[line - 1] + 1

    def place(self, node: cst.CSTNode) -> Place:
        start, end = self.span(node)
        return Place(self.path, *self.line_column(start), *self.line_column(end))

    def text_of(self, node: cst.CSTNode) -> str:
        start, end = self.span(node)
        return self.text[start:end]

    @functools.cached_property
    def parents(self) -> dict[int, cst.CSTNode]:
        """The parent of each node, keyed by the `id` of the child."""
        return {id(child): node for node in walk(self.module) for child in children(node)}

    def enclosing(self, node: cst.CSTNode, *kinds: type[cst.CSTNode]) -> cst.CSTNode | None:
        """The nearest node above of one of the kinds, not looking out of the function, lambda or class it stands in."""
        current = self.parents.get(id(node))
        while current is not None:
            if isinstance(current, kinds):
                return current
            if isinstance(current, (cst.FunctionDef, cst.Lambda, cst.ClassDef)):
                return None
            current = self.parents.get(id(current))
        return None

    def contains(self, node: cst.CSTNode, *kinds: type[cst.CSTNode]) -> bool:
        """Whether a node of one of the kinds stands below, nested definitions included."""
        return any(isinstance(below, kinds) for below in walk(node) if below is not node)

    def below(self, node: cst.CSTNode, kind: type[_Node]) -> Iterator[_Node]:
        """The nodes of a kind below a node, nested definitions included, in source order."""
        return (each for each in walk(node) if isinstance(each, kind) and each is not node)

    def comments_on(self, first: int, last: int) -> list[str]:
        """The comments that stand on lines from the first to the last, both from 1."""
        return [text for at, text in self.comments if first <= self.line_column(at)[0] <= last]

    def replace(self, node: cst.CSTNode, text: str, *, why: str, safety: Safety = Safety.SAFE) -> Fix:
        start, end = self.span(node)
        return Fix((Edit(self.path, start, end, text),), safety, why)


def parse(path: str, content: bytes) -> Source | Diagnostic:
    """The file, or the one diagnostic that says why it cannot be checked."""
    try:
        text = decode(content)
    except LookupError as error:
        return Diagnostic(path, 1, DiagnosticKind.UNREADABLE, f"{error}; fix or drop the coding cookie")
    except (UnicodeDecodeError, SyntaxError) as error:
        return Diagnostic(path, 1, DiagnosticKind.UNREADABLE, f"cannot be decoded: {error}")
    if "\0" in text:
        line = bisect_right(line_starts(text), text.index("\0"))
        return Diagnostic(path, line, DiagnosticKind.UNREADABLE, "contains a NUL byte, which Python does not accept")
    try:
        return Source(path, text, _parsed(text))
    except cst.ParserSyntaxError as error:
        return Diagnostic(path, error.raw_line, DiagnosticKind.SYNTAX, f"cannot be parsed: {_said(error)}")
    except RecursionError:
        return Diagnostic(path, None, DiagnosticKind.LIMIT, "is nested too deeply to be parsed")


def _said(error: cst.ParserSyntaxError) -> str:
    """The parser's words, less what it would have taken where that is half of the grammar."""
    what, _, tokens = error.message.partition(": expected one of ")
    return error.message if tokens.count(", ") < _MOST_EXPECTED else what


def _parsed(text: str) -> cst.Module:
    """The module. What the parser makes is valid, so its nodes are not asked one by one whether they are."""
    cst.CSTNode.__post_init__ = _taken_as_valid  # type: ignore[method-assign,assignment]
    try:
        return cst.parse_module(text)
    finally:
        cst.CSTNode.__post_init__ = _validated  # type: ignore[method-assign]


def _taken_as_valid(node: cst.CSTNode) -> None:
    """Instead of `_validated`, while the parser runs."""


_validated = cst.CSTNode.__post_init__
