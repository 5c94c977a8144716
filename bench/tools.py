"""The tools that are compared, each in a virtual environment of its own, at one version."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

JOBS = "2"

Command = Callable[["Setup"], list[str]]


class Setup(msgspec.Struct, frozen=True):
    """What a command line is made of. `cache` is the directory that the tool may keep things in between two runs."""

    program: Path
    tree: Path
    cache: Path
    rules: Path | None


class Tool(msgspec.Struct, frozen=True):
    """`requirement` is what pip installs. `succeeds` are the exits of a run that reached its end."""

    name: str
    label: str
    requirement: str
    command: Command
    has_cache: bool = False
    succeeds: tuple[int, ...] = (0, 1)


def _backend_lint(setup: Setup) -> list[str]:
    return [str(setup.program), str(setup.tree), "--jobs", JOBS, "--cache-dir", str(setup.cache)]


def _bandit(setup: Setup) -> list[str]:
    return [str(setup.program), "--quiet", "--recursive", str(setup.tree)]


def _ruff(setup: Setup) -> list[str]:
    return [
        str(setup.program),
        "check",
        "--isolated",
        "--select",
        "ALL",
        "--cache-dir",
        str(setup.cache),
        str(setup.tree),
    ]


def _pylint(setup: Setup) -> list[str]:
    return [
        str(setup.program),
        "--rcfile",
        "/dev/null",
        "--recursive",
        "y",
        "--jobs",
        JOBS,
        "--exit-zero",
        str(setup.tree),
    ]


def _semgrep(setup: Setup) -> list[str]:
    options = ["scan", "--metrics", "off", "--disable-version-check", "--no-git-ignore", "--jobs", JOBS, "--quiet"]
    return [str(setup.program), *options, "--config", str(setup.rules or "p/python"), str(setup.tree)]


TOOLS = (
    Tool("backend-lint", "backend-lint", "", _backend_lint, has_cache=True),
    Tool("bandit", "`bandit -r`", "bandit==1.9.4", _bandit),
    Tool("ruff", "`ruff --select ALL`", "ruff==0.17.6", _ruff, has_cache=True),
    Tool("pylint", "`pylint`", "pylint==4.1.4", _pylint),
    Tool("semgrep", "`semgrep`", "semgrep==1.182.0", _semgrep),
)


def program(tool: Tool, work: Path, python: Path = Path(sys.executable)) -> Path | None:
    """The tool's executable, installed for `python` at the first call; None where it cannot be had.

    backend-lint is the one of the interpreter that runs the bench.
    """
    if not tool.requirement:
        path = Path(sys.executable).with_name(tool.name)
        return path if path.exists() else None
    home = work / "venvs" / f"{tool.requirement.replace('==', '-')}-{_tag(python)}"
    path = home / "bin" / tool.name
    if not path.exists():
        subprocess.run([python, "-m", "venv", "--clear", home], check=True)
        install = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", tool.requirement]
        if subprocess.run(install, check=False).returncode:
            return None
    return path


def _tag(python: Path) -> str:
    code = "import sys; print(sys.implementation.cache_tag)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def version(executable: Path) -> str:
    """What the program calls itself, on one line."""
    done = subprocess.run([str(executable), "--version"], capture_output=True, text=True, check=False)
    return (done.stdout.strip().splitlines() or ["unknown"])[0]
