"""`--watch`: once more whenever a file is saved."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NoReturn

from backend_lint.cli import terminal

_INTERVAL = 0.3  # seconds between two looks

State = dict[Path, tuple[int, int]]


def forever(once: Callable[[], Iterable[Path]], environ: Mapping[str, str]) -> NoReturn:
    """Do `once`, which says what it read, and again after each change of that, until the user interrupts."""
    while True:
        started = time.time_ns()
        files = set(once())
        watched = files | {path.parent for path in files}
        before = _state(watched)
        terminal.say("watching for changes; Ctrl-C ends it")
        is_outdated = any(before[path][0] > started for path in files)
        while not is_outdated:
            time.sleep(_INTERVAL)
            is_outdated = _state(watched) != before
        if terminal.is_terminal(sys.stdout, environ):
            terminal.write("\x1b[2J\x1b[H", for_people=True)


def _state(paths: Iterable[Path]) -> State:
    return {path: _changed(path) for path in paths}


def _changed(path: Path) -> tuple[int, int]:
    """When the path was changed last, and its size; new files show in the directory that holds them."""
    try:
        stat = os.stat(path)
    except OSError:
        return 0, 0
    return stat.st_mtime_ns, 0 if path.is_dir() else stat.st_size
