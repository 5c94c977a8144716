"""Stdout for results, stderr for talk; who reads them, and what they can show."""

from __future__ import annotations

import codecs
import os
import shutil
import sys
from collections.abc import Mapping
from typing import TextIO

_PLAIN = {
    "·": "-",
    "–": "-",
    "×": "x",
    "±": "+/-",
    "…": "...",
    "▲": "^",
    "━": "~",
    "│": "|",
    "┌": ".",
    "┆": ":",
    **{chr(ord("①") + number): f"({number + 1})" for number in range(20)},
}
"""What our own signs become where a terminal cannot show them."""


def _plainly(error: UnicodeError) -> tuple[str | bytes, int]:
    """Our signs in plain ones, anything else as its escape."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    sign = error.object[error.start]
    return _PLAIN.get(sign) or sign.encode("ascii", "backslashreplace").decode(), error.start + 1


codecs.register_error("backend-lint", _plainly)


def write(text: str, *, for_people: bool = False) -> None:
    """Write results to stdout. A reader who has gone is no error; text for programs is UTF-8 everywhere."""
    encoding = sys.stdout.encoding if for_people and sys.stdout is not None else "utf-8"
    write_bytes(text.encode(encoding, "backend-lint"))


def write_bytes(content: bytes) -> None:
    if sys.stdout is None:
        return
    try:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # the interpreter flushes once more at exit
    except OSError as error:
        from backend_lint.core import BackendLintError

        raise BackendLintError(f"cannot write to stdout: {error.strerror}") from error


def say(text: str) -> None:
    """Tell a person something that is not a result."""
    if sys.stderr is None:
        return
    try:
        sys.stderr.write(text.encode(sys.stderr.encoding, "backend-lint").decode(sys.stderr.encoding) + "\n")
        sys.stderr.flush()
    except OSError:
        return


def has_color(choice: str, environ: Mapping[str, str], stream: TextIO | None) -> bool:
    """Whether to colour what goes to `stream`: the flag, then NO_COLOR, then FORCE_COLOR, then what the stream is."""
    if choice != "auto":
        return choice == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR"):
        return True
    return is_terminal(stream, environ)


def is_terminal(stream: TextIO | None, environ: Mapping[str, str]) -> bool:
    """Whether a person watches `stream` on a terminal that can do more than print."""
    return stream is not None and stream.isatty() and environ.get("TERM") != "dumb"


def width(stream: TextIO | None) -> int | None:
    """The width of the terminal that `stream` is, in cells; None when it is none."""
    return shutil.get_terminal_size().columns if stream is not None and stream.isatty() else None
