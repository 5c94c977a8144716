"""`backend-lint hook`: an answer that a coding agent reads after it has changed a file."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click

from backend_lint.cli import exits, terminal
from backend_lint.cli.session import Session

_TOLD_THE_MODEL = 2  # Claude Code feeds stderr to the model after this exit code, and after no other
_CANNOT_SAY = 1


@click.command("hook", short_help="Answer a coding agent's hook.")
@click.argument("client", type=click.Choice(["claude-code"]), metavar="CLIENT")
@click.option("--new-from", metavar="REF", help="Tell only what is new since this git revision.")
@click.pass_obj
def command(session: Session, client: str, new_from: str | None) -> int:
    """Read the event of CLIENT's hook from stdin, lint the file that was changed, and answer in its protocol.

    Findings at or above `fail-on` go to stderr with exit code 2, which is how they reach the model; an event that is
    about no Python file is answered with nothing.
    """
    from backend_lint.core import BackendLintError

    try:
        event = json.load(sys.stdin)
        path = _edited(event)
        answer = "" if path is None else _answer(path, Path(event.get("cwd") or Path.cwd()), session, new_from)
    except (ValueError, AttributeError):
        terminal.say(f"error: stdin holds no event of {client}")
        return _CANNOT_SAY
    except BackendLintError as error:
        terminal.say(f"error: {error}")
        return _CANNOT_SAY
    if not answer:
        return exits.PASSED
    terminal.say(answer.rstrip("\n"))
    return _TOLD_THE_MODEL


def _edited(event: dict[str, Any]) -> Path | None:
    """The Python file that the event is about. Source: https://docs.claude.com/en/docs/claude-code/hooks"""
    named = (event.get("tool_input") or {}).get("file_path")
    if not isinstance(named, str) or not named.endswith((".py", ".pyi", ".pyw")):
        return None
    path = Path(event.get("cwd") or Path.cwd(), named)
    return path if path.is_file() else None


def _answer(path: Path, cwd: Path, session: Session, new_from: str | None) -> str:
    import msgspec

    from backend_lint.report import render
    from backend_lint.serve.linted import linted

    flags = {"force-exclude": True}
    for found in linted([path], cwd, session.environ, flags=flags, new_from=new_from):
        least = found.config.fail_on
        failing = tuple(each for each in found.report.active if least is not None and each.severity >= least)
        if failing:
            report = msgspec.structs.replace(found.report, findings=failing)
            return render("agent", report, lines=found.lines, absolute_root=found.config.root.as_posix())
    return ""
