"""Where each node of a LibCST module stands, in one pass of its code generator.

The spans are those of `libcst.metadata.PositionProvider` (surrounding white space and parentheses left out), as
offsets rather than lines and columns, which is what makes it several times as fast.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any

import libcst as cst
from libcst._nodes.expression import _BaseParenthesizedNode
from libcst._nodes.internal import CodegenState


class Offsets(CodegenState):
    """A code generator's state that counts instead of writing. `spans` is keyed by `id(node)`.

    Source: libcst/metadata/position_provider.py, whose rules it follows: a syntactic position, once recorded, stays.
    """

    def __init__(self, module: cst.Module) -> None:
        super().__init__(default_indent=module.default_indent, default_newline=module.default_newline)
        self.offset = 0
        self.last = 0
        self.spans: dict[int, tuple[int, int]] = {}
        self.comments: list[tuple[int, str]] = []
        self._starts: list[int] = []
        self.tokens.append("")  # or the module takes itself for empty and adds a line break
        module._codegen(self)

    def add_indent_tokens(self) -> None:
        for token in self.indent_tokens:
            self.offset += len(token)

    def add_token(self, value: str) -> None:
        self.last = len(value)
        self.offset += self.last

    def pop_trailing_newline(self) -> None:
        self.offset -= self.last

    def before_codegen(self, node: cst.CSTNode) -> None:
        self._starts.append(self.offset)

    def after_codegen(self, node: cst.CSTNode) -> None:
        start = self._starts.pop()
        key = id(node)
        if key not in self.spans:
            self.spans[key] = (start, self.offset)
        if type(node) is cst.Comment:
            self.comments.append((start, node.value))

    def record_syntactic_position(  # type: ignore[override]
        self, node: cst.CSTNode, *, start_node: cst.CSTNode | None = None, end_node: cst.CSTNode | None = None
    ) -> _Recording:
        return _Recording(self, node, start_node, end_node)


class _Recording:
    __slots__ = ("end_node", "node", "start", "start_node", "state")

    def __init__(
        self, state: Offsets, node: cst.CSTNode, start_node: cst.CSTNode | None, end_node: cst.CSTNode | None
    ) -> None:
        self.state, self.node, self.start_node, self.end_node = state, node, start_node, end_node

    def __enter__(self) -> None:
        self.start = self.state.offset

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        state = self.state
        start = self.start if self.start_node is None else state.spans[id(self.start_node)][0]
        end = state.offset if self.end_node is None else state.spans[id(self.end_node)][1]
        state.spans[id(self.node)] = (start, end)


def _white_space(node: cst.SimpleWhitespace, state: CodegenState, **options: Any) -> None:
    if type(state) is not Offsets:
        _usual_white_space(node, state, **options)
        return
    start, size = state.offset, len(node.value)
    state.last = size
    state.offset = end = start + size
    state.spans.setdefault(id(node), (start, end))


def _name(node: cst.Name, state: CodegenState, **options: Any) -> None:
    if type(state) is not Offsets or node.lpar:
        _usual_name(node, state, **options)
        return
    start, size = state.offset, len(node.value)
    state.last = size
    state.offset = end = start + size
    state.spans[id(node)] = (start, end)


def _parenthesize(node: _BaseParenthesizedNode, state: CodegenState) -> AbstractContextManager[None]:
    if type(state) is not Offsets or node.lpar or node.rpar:
        return _usual_parenthesize(node, state)
    return _Recording(state, node, None, None)


# Two nodes of three are names and white space, and a generator's context manager stands around every expression: for
# our state they are shorter, and with any other LibCST does what it always does.
_usual_white_space, _usual_name = cst.SimpleWhitespace._codegen, cst.Name._codegen
_usual_parenthesize = _BaseParenthesizedNode._parenthesize
cst.SimpleWhitespace._codegen = _white_space  # type: ignore[method-assign,assignment]
cst.Name._codegen = _name  # type: ignore[method-assign,assignment]
_BaseParenthesizedNode._parenthesize = _parenthesize  # type: ignore[method-assign,assignment]
