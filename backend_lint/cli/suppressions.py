"""`backend-lint suppressions`: the comments that ask for silence."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli import exits, options, terminal
from backend_lint.cli.session import Session

if TYPE_CHECKING:
    from pathlib import Path

    from backend_lint.core import Report, Suppression
    from backend_lint.discover import History


@click.group("suppressions", short_help="List the comments that ask for silence.")
def command() -> None:
    """What comments keep from being reported."""


@command.command("list")
@options.reading
@options.selection
@click.option("--format", "list_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
@options.talk
@click.pass_obj
def listed(session: Session, /, paths: tuple[str, ...], list_format: str, **chosen: Any) -> int:
    """List every suppression below PATHS: its place, its rules, its reason and its age, and what it hides."""
    from pathlib import Path

    from backend_lint.cli.columns import columns
    from backend_lint.cli.reports import reported
    from backend_lint.config import shown

    entries = []
    for (config, _), report in reported(session, paths, chosen):
        history = _history(config.root, session) if report.suppressions else None
        for each in report.suppressions:
            file = config.root / each.at.path
            written = history.written(file, each.at.line) if history else None
            since = written.isoformat() if written else None
            place = {"path": shown(file, Path.cwd()), "line": each.at.line}
            entries.append({**place, **_facts(each, report), "since": since})
    if list_format == "json":
        terminal.write(json.dumps(entries, ensure_ascii=False, indent=2) + "\n")
    elif entries:
        terminal.write(columns(map(_row, entries)), for_people=True)
    return exits.PASSED


def _history(root: Path, session: Session) -> History | None:
    """What git knows of the project, where there is git."""
    from backend_lint.core import BackendLintError
    from backend_lint.discover import History

    try:
        return History(root, session.environ)
    except BackendLintError:
        return None


def _facts(each: Suppression, report: Report) -> dict[str, Any]:
    from backend_lint.core import State

    hidden = [finding for finding in report.findings if finding.state is State.SUPPRESSED]
    return {
        "rules": list(each.words),
        "reason": each.reason,
        "until": each.until.isoformat() if each.until else None,
        "whole_file": each.whole_file,
        "hides": sum(finding.at.path == each.at.path and each.governs(finding) for finding in hidden),
    }


def _row(entry: dict[str, Any]) -> list[str]:
    until = f"until {entry['until']}" if entry["until"] else ""
    since = f"since {entry['since']}" if entry["since"] else ""
    reach = "whole file" if entry["whole_file"] else ""
    said = [entry["reason"] or "no reason given", reach, since, until, "" if entry["hides"] else "hides nothing"]
    return [f"{entry['path']}:{entry['line']}", ", ".join(entry["rules"]), " · ".join(filter(None, said))]
