"""What all tests run under: Hypothesis gives the same examples every time, and Ctrl-C interrupts what they start."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

from backend_lint.cli import agent
from tests.program import Program

for name in agent.VARIABLES:  # whoever runs the tests, a report is what it is elsewhere
    os.environ.pop(name, None)

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell started the tests in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("backend-lint", deadline=None, derandomize=True)
settings.load_profile("backend-lint")


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Program:
    """The program in an empty working directory, of which nothing in the environment speaks."""
    for name in ("NO_COLOR", "FORCE_COLOR", "CI_PROJECT_DIR", "GITHUB_WORKSPACE", "BACKEND_LINT_FORMAT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return Program(tmp_path, capfdbinary)
