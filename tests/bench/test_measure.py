from __future__ import annotations

import sys
from pathlib import Path

import pytest
from measure import Cost, measured

linux = pytest.mark.skipif(not Path("/proc").exists(), reason="needs /proc")


def cost(code: str, directory: Path, limit: float = 60) -> Cost:
    log = directory / "log"
    return measured([sys.executable, "-c", code], directory=directory, log=log, limit=limit, environment={"NAME": "x"})


def test_the_exit_and_the_output_are_kept(tmp_path: Path) -> None:
    code = "import os, sys; print(os.environ['NAME'], os.getcwd()); print('err', file=sys.stderr); sys.exit(3)"
    assert cost(code, tmp_path).exit == 3
    assert set((tmp_path / "log").read_text().split()) == {"x", str(tmp_path.resolve()), "err"}


def test_the_time_of_children_counts(tmp_path: Path) -> None:
    work = "import time\nwhile time.process_time() < 0.3: pass"
    code = f"import subprocess, sys; [subprocess.run([sys.executable, '-c', {work!r}]) for _ in range(2)]"
    spent = cost(code, tmp_path)
    assert spent.cpu >= 0.6
    assert spent.wall >= 0.6


@linux
def test_the_memory_of_children_adds_up(tmp_path: Path) -> None:
    hold = "import time; held = bytearray(60_000_000); time.sleep(0.6)"
    code = (
        "import subprocess, sys\n"
        f"children = [subprocess.Popen([sys.executable, '-c', {hold!r}]) for _ in range(3)]\n"
        "[child.wait() for child in children]"
    )
    assert 180e6 < cost(code, tmp_path).memory < 700e6


def test_a_command_that_is_too_slow_is_ended_with_its_children(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
    spent = cost(code, tmp_path, limit=0.3)
    assert spent.exit is None
    assert spent.wall < 30
