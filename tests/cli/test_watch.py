from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import IO

from tests.program import LOGS

COMMAND = [sys.executable, "-m", "backend_lint", "--watch", "--format", "concise", "--select", "SEC403"]


def waited(err: IO[str]) -> None:
    """Until the program has nothing to do but wait."""
    for line in err:
        if line.startswith("watching"):
            return
    raise AssertionError("it ended")


def test_every_save_is_a_run_until_an_interrupt(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    pipe = subprocess.PIPE
    with subprocess.Popen(COMMAND, cwd=tmp_path, stdout=pipe, stderr=pipe, text=True) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        waited(process.stderr)
        (tmp_path / "app.py").write_text(LOGS.format(name="charge"))
        waited(process.stderr)
        (tmp_path / "new.py").write_text(LOGS.format(name="refund"))
        waited(process.stderr)
        (tmp_path / "backend-lint.toml").write_text("nonsense = 1\n")
        waited(process.stderr)
        (tmp_path / "backend-lint.toml").unlink()
        waited(process.stderr)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        out = process.stdout.read()
    first, _, rest = out.partition("app.py:10:9: SEC403")
    assert "SEC403" not in first
    assert "new.py:10:9: SEC403" in rest
    assert "\x1b" not in out
