"""Writes `run.svg`, the run that the README shows, as a terminal of 116 columns shows it."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 116
ROOT = Path(__file__).parents[1]


def shown(*arguments: str) -> str:
    """What the program writes to a terminal, with its colours."""
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(WIDTH), "TERM": "xterm-256color"}
    command = [sys.executable, "-m", "backend_lint", *arguments]
    with subprocess.Popen(command, cwd=ROOT, env=environ, stdout=theirs, stderr=subprocess.DEVNULL) as program:
        os.close(theirs)
        written = bytearray()
        while chunk := _read(ours):
            written += chunk
        program.wait()
    os.close(ours)
    return written.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # so Linux tells that the other end is closed
        return b""


if __name__ == "__main__":
    console = Console(record=True, width=WIDTH, file=io.StringIO(), force_terminal=True)
    console.print("[green]$[/green] backend-lint fixtures/shop\n")
    console.print(Text.from_ansi(shown("fixtures/shop", "--no-cache")))
    svg = console.export_svg(title="backend-lint", unique_id="terminal-run")
    (ROOT / "docs" / "run.svg").write_text("\n".join(line.rstrip() for line in svg.splitlines()) + "\n", "utf-8")
