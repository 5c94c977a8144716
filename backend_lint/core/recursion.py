"""Room for deep recursion."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_DEPTH = 12_000


@contextmanager
def deep_recursion() -> Iterator[None]:
    """Let functions nest deeper than Python does by itself: expressions in expressions, types that rest on types.

    Inference asks for the type of a callee while it looks for that of the caller, so that its depth is that of the
    longest chain of calls in the project, not that of one file.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _DEPTH))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
