"""The tools that are compared, each in a virtual environment of its own, at one version."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

JOBS = "2"
ROOT = Path(__file__).resolve().parents[1]

Command = Callable[["Setup"], list[str]]


class Setup(msgspec.Struct, frozen=True):
    """What a command line is made of. `cache` is the directory that the tool may keep things in between two runs."""

    program: Path
    tree: Path
    cache: Path
    rules: Path | None


class Tool(msgspec.Struct, frozen=True):
    """`requirement` is what pip installs; none means this checkout, as it is now, built and installed as users do."""

    name: str
    requirement: str
    command: Command
    has_cache: bool = False


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
    Tool("backend-lint", "", _backend_lint, has_cache=True),
    Tool("bandit", "bandit==1.9.4", _bandit),
    Tool("ruff", "ruff==0.17.6", _ruff, has_cache=True),
    Tool("pylint", "pylint==4.1.4", _pylint),
    Tool("semgrep", "semgrep==1.182.0", _semgrep),
)


def program(tool: Tool, work: Path, python: Path = Path(sys.executable)) -> Path | None:
    """The tool's executable, installed for `python` at the first call; None where it cannot be had."""
    home = work / "venvs" / f"{tool.name}-{_tag(python)}-{tool.requirement.partition('==')[2] or 'checkout'}"
    path = home / "bin" / tool.name
    if not path.exists():
        subprocess.run([python, "-m", "venv", "--clear", home], check=True)
        if _install(home, tool.requirement or str(ROOT)):
            return None
    elif not tool.requirement and _install(home, "--force-reinstall", "--no-deps", str(ROOT)):
        return None
    return path


def _install(home: Path, *arguments: str) -> int:
    """pip's exit."""
    command = [str(home / "bin" / "python"), "-m", "pip", "install", "--quiet", *arguments]
    return subprocess.run(command, check=False).returncode


def _tag(python: Path) -> str:
    code = "import sys; print(sys.implementation.cache_tag)"
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def version(executable: Path) -> str:
    """What the program calls itself, on one line."""
    done = subprocess.run([str(executable), "--version"], capture_output=True, text=True, check=False)
    return (done.stdout.strip().splitlines() or ["unknown"])[0]
