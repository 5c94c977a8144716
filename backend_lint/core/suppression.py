"""A comment that asks for silence."""

from __future__ import annotations

from datetime import date

import msgspec

from backend_lint.core.finding import Finding
from backend_lint.core.place import Place


class Suppression(msgspec.Struct, frozen=True):
    """A comment of ours that asks for silence about the rules that its `words` (codes or names) stand for.

    `at` is the place of the directive, which may share its comment with others. `lines`, the first and the last, are
    those of the statement it governs; `whole_file` says that it governs every line.
    """

    at: Place
    words: tuple[str, ...]
    reason: str
    until: date | None
    lines: tuple[int, int] | None
    whole_file: bool

    def governs(self, finding: Finding) -> bool:
        if self.whole_file:
            return True
        return self.lines is not None and self.lines[0] <= finding.at.line <= self.lines[1]
