"""From words on the command line, a list of files, or stdin to the paths of a run."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from backend_lint.config.explain import nearest
from backend_lint.core import BackendLintError

STDIN = "-"


class Named(NamedTuple):
    """Absolute paths, and contents that stand for what is on disk at some of them."""

    paths: tuple[Path, ...]
    overlay: dict[Path, bytes]


def named(
    words: Sequence[str], files_from: str | None, stdin_filename: str | None, cwd: Path, commands: Iterable[str] = ()
) -> Named:
    """The paths that a person named, by default the working directory. Raises `BackendLintError` for a missing one."""
    if STDIN in words or stdin_filename is not None:
        return Named((), {_buffer(words, files_from, stdin_filename, cwd): sys.stdin.buffer.read()})
    listed = _listed(files_from, cwd) if files_from is not None else []
    wanted = [*words, *listed] if words or files_from is not None else ["."]
    for word in wanted:
        if not os.path.exists(os.path.join(cwd, word)):
            raise BackendLintError(f"{word} does not exist{nearest(word, commands) if len(wanted) == 1 else ''}")
    return Named(tuple(dict.fromkeys(_absolute(word, cwd) for word in wanted)), {})


def _buffer(words: Sequence[str], files_from: str | None, stdin_filename: str | None, cwd: Path) -> Path:
    if stdin_filename is None:
        raise click.UsageError("`-` needs --stdin-filename, which says what file stdin stands for")
    if tuple(words) != (STDIN,) or files_from is not None:
        raise click.UsageError("--stdin-filename goes with `-` as the only path")
    return _absolute(stdin_filename, cwd)


def _listed(files_from: str, cwd: Path) -> list[str]:
    try:
        content = sys.stdin.buffer.read() if files_from == STDIN else (cwd / files_from).read_bytes()
    except OSError as error:
        raise BackendLintError(f"--files-from: {files_from}: {error.strerror}") from error
    names = content.split(b"\0") if b"\0" in content else content.splitlines()
    return [os.fsdecode(name) for name in names if name.strip()]


def _absolute(word: str, cwd: Path) -> Path:
    return Path(os.path.normpath(os.path.join(cwd, word)))
