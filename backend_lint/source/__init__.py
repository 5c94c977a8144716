"""Bytes become a LibCST module, offsets and comments.

Takes: the bytes of one file.
Gives: `parse`: a `Source`, or the diagnostic that says why there is none.
Never: crosses a process, or outlives the file it was made for.
"""

from backend_lint.source.parse import Source, parse
from backend_lint.source.text import decode, line_starts

__all__ = ["Source", "decode", "line_starts", "parse"]
