"""One line that says how far a run is, on a terminal only."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from backend_lint.cli import terminal

Progress = Callable[[str, int, int], None]

_PATIENCE = 0.5  # seconds: a run that is quicker shows nothing
_INTERVAL = 0.1


@contextmanager
def shown(environ: Mapping[str, str], *, is_quiet: bool) -> Iterator[Progress | None]:
    """A callable that takes a phase, how much of it is done, and how much there is; None when nobody watches."""
    if is_quiet or not terminal.is_terminal(sys.stderr, environ):
        yield None
        return
    line = _Line()
    try:
        yield line
    finally:
        line.clear()


class _Line:
    def __init__(self) -> None:
        self._next = time.monotonic() + _PATIENCE
        self._is_drawn = False

    def __call__(self, phase: str, done: int, total: int) -> None:
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _INTERVAL
        self._is_drawn = True
        sys.stderr.write(f"\r\x1b[2K{phase} {done}/{total}" if total else f"\r\x1b[2K{phase}")
        sys.stderr.flush()

    def clear(self) -> None:
        if self._is_drawn:
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()
