"""The program as a process: what it loads, how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend_lint import __version__

HEAVY = ("libcst", "bandit", "rich", "msgspec", "pathspec", "backend_lint.config", "backend_lint.run")
LOADED = "import sys; from backend_lint.cli import main; main({!r}); print([m for m in {!r} if m in sys.modules])"


def ran(*command: str, **how: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, timeout=60, check=False, **how)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["-h"], ["check", "--help"], ["rules", "--help"], ["model", "--help"]]
)
def test_help_and_version_load_nothing_heavy(arguments: list[str]) -> None:
    assert ran("-c", LOADED.format(arguments, HEAVY)).stdout.splitlines()[-1] == "[]"


def test_a_run_with_nothing_changed_loads_no_stage_of_the_analysis(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import flask\n", "utf-8")
    stages = (
        "libcst",
        "bandit",
        "backend_lint.source",
        "backend_lint.project",
        "backend_lint.taint",
        "backend_lint.rules",
    )
    code = LOADED.format([str(tmp_path), "--exit-zero"], stages)
    assert ran("-c", code).stdout.splitlines()[-1] != "[]"
    assert ran("-c", code).stdout.splitlines()[-1] == "[]"


def test_completion_loads_nothing_heavy() -> None:
    environ = os.environ | {
        "_BACKEND_LINT_COMPLETE": "bash_complete", "COMP_WORDS": "backend-lint check --fail-o", "COMP_CWORD": "2",
    }  # fmt: skip
    code = f"""
import sys
from backend_lint.cli import main
try:
    main([])
finally:
    print([m for m in {HEAVY!r} if m in sys.modules])
"""
    output = ran("-c", code, env=environ).stdout.splitlines()
    assert output[0] == "plain,--fail-on"
    assert output[-1] == "[]"


def test_the_module_is_the_program() -> None:
    assert ran("-m", "backend_lint", "--version").stdout == f"backend-lint {__version__}\n"
    assert ran("-m", "backend_lint", "gone").returncode == 2


def test_help_states_the_exit_codes() -> None:
    text = ran("-m", "backend_lint", "--help").stdout
    assert all(code in text for code in ("  0 ", "  1 ", "  2 ", "  3 ", "  130 "))


STAND_IN = """
import sys, time
import backend_lint.run
from tests.report import shop

def run(config, discovery, **how):
    {body}

backend_lint.run.run = run
from backend_lint.cli import main
sys.exit(main(sys.argv[1:]))
"""


def stand_in(body: str, *arguments: str, cwd: Path) -> list[str]:
    (cwd / "a.py").write_text("")
    return [sys.executable, "-c", STAND_IN.format(body=body), *arguments]


def environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}


def test_a_reader_who_has_gone_ends_the_run_in_silence(tmp_path: Path) -> None:
    command = stand_in("return shop.REPORT", "--format", "json", cwd=tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            command, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(), timeout=60, check=False
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (1, b"")


@pytest.mark.skipif(sys.platform == "win32", reason="sends a signal as Ctrl-C does")
def test_ctrl_c_in_the_middle_is_130_without_a_traceback(tmp_path: Path) -> None:
    command = stand_in("print('running', flush=True); time.sleep(60)", cwd=tmp_path)
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, cwd=tmp_path, env=environment(), text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors.strip()) == (130, "Interrupted")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device here")
@pytest.mark.parametrize("name", ["json", "full"])
def test_a_full_disk_behind_stdout_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    command = f"{sys.executable} -m backend_lint --format {name} > /dev/full"
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: cannot write to stdout: No space left on device\n")
