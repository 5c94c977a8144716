"""Places and offsets of one text."""

from __future__ import annotations

import re

from backend_lint.core import Place

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Lines:
    """A text that can be asked by line and column. A place outside it is drawn to its nearest edge."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_BREAK.finditer(text))]

    def offset(self, line: int, column: int) -> int:
        if line > len(self._starts):
            return len(self.text)
        return min(self._starts[max(line, 1) - 1] + max(column, 1) - 1, len(self.text))

    def slice(self, place: Place) -> str:
        return self.text[self.offset(place.line, place.column) : self.offset(place.end_line, place.end_column)]
