"""The whole program on a project of strings: words in, what a user sees out."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from backend_lint.cli import main
from tests.config.project import write

GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main")

LOGS = """\
import logging

log = logging.getLogger(__name__)


def {name}(order):
    try:
        return order.total()
    except Exception:
        log.error("{name} failed")
"""
"""A file with one finding, SEC403 in line 10, of which there is a safe fix."""


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def found(self) -> list[str]:
        """`app.py:10 SEC403` for each active finding of a JSON report."""
        return [_place(each) for each in self.json["findings"] if each["state"] == "active"]

    @property
    def accepted(self) -> list[str]:
        return [_place(each) for each in self.json["findings"] if each["state"] == "baselined"]


class Program:
    """Runs in an empty directory of its own, only with the rules that a test asks for."""

    def __init__(self, root: Path, capture: pytest.CaptureFixture[bytes]) -> None:
        self.root, self._capture = root, capture

    def write(self, **files: str | bytes) -> None:
        self.put({f"{name.replace('__', '/')}.py": content for name, content in files.items()})

    def put(self, files: dict[str, str | bytes]) -> None:
        write(self.root, files)

    def read(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def git(self, *arguments: str) -> str:
        done = subprocess.run([*GIT, *arguments], cwd=self.root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def commit(self) -> None:
        """Commit everything there is, in a repository that is made for it."""
        if not (self.root / ".git").exists():
            self.git("init", "--quiet")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "as it is")

    def __call__(self, *arguments: str) -> Outcome:
        self._capture.readouterr()
        code = main(arguments)
        out, err = self._capture.readouterr()
        return Outcome(code, out.decode("utf-8", "surrogateescape"), err.decode("utf-8", "surrogateescape"))

    def check(self, *arguments: str, select: str = "SEC403") -> Outcome:
        return self("--format", "json", "--select", select, "--fail-on", "low", *arguments)


def _place(finding: dict[str, Any]) -> str:
    return f"{finding['at']['path']}:{finding['at']['line']} {finding['code']}"
