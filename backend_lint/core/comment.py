"""A comment that may speak to a linter."""

from __future__ import annotations

import msgspec


class Comment(msgspec.Struct, frozen=True, array_like=True):
    """Where a comment stands, and what it governs.

    Units: `line` and `column` from 1, in code points. `own_line` is true where nothing precedes it on its line.
    `statement` is the first and last line of the statement that it governs: of a trailing comment the one it stands
    in (of a compound statement, the header), of one on its own line the next. None where there is no such statement.
    """

    line: int
    column: int
    text: str
    own_line: bool
    statement: tuple[int, int] | None
