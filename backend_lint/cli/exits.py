"""Exit codes, and what is said of an error before the program ends with one."""

from __future__ import annotations

import contextlib
import json
import traceback
from pathlib import Path
from typing import Any

import click

from backend_lint.cli import terminal
from backend_lint.cli.session import Session

PASSED = 0
FAILED = 1
UNUSABLE = 2
INCOMPLETE = 3
INTERRUPTED = 130


def interrupted() -> int:
    terminal.say("Interrupted")
    return INTERRUPTED


def failed(error: Exception, session: Session) -> int:
    """Tell `error` to a person, and to a program that waits for JSON."""
    from backend_lint.core import BackendLintError

    described = _described(error)
    terminal.say(f"error: {described['message']}" if "hint" not in described else _internal(described))
    if "hint" in described and session.is_verbose:
        terminal.say("".join(traceback.format_exception(error)).rstrip())
    if session.wants_json:
        with contextlib.suppress(BackendLintError):  # stdout may be what failed
            terminal.write(json.dumps({"error": described}, ensure_ascii=False) + "\n")
    return UNUSABLE


def _described(error: Exception) -> dict[str, Any]:
    from backend_lint.core import BackendLintError, ConfigError

    match error:
        case click.ClickException():
            return {"kind": "usage", "message": error.format_message()}
        case ConfigError():
            return {"kind": "config", "message": str(error), "path": error.path, "line": error.line}
        case BackendLintError():
            return {"kind": "usage", "message": str(error)}
        case _:
            message = f"{type(error).__name__}: {error} ({_place(error)})".replace("\n", " ")
            return {"kind": "internal", "message": message, "hint": "This is a bug in backend-lint: please report it"}


def _internal(described: dict[str, Any]) -> str:
    return f"internal error: {described['message']}. {described['hint']}, with what `-v` adds."


def _place(error: Exception) -> str:
    """Where in our own code `error` came up last."""
    package = Path(__file__).parents[1]
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(package)
    ]
    if not frames:
        return "outside of backend-lint"
    return f"{Path(frames[-1].filename).relative_to(package).as_posix()}:{frames[-1].lineno}"
