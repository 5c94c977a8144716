"""`backend-lint baseline`: accept the findings of today, so that only new ones fail a run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from backend_lint.cli import exits, options, terminal
from backend_lint.cli.session import Session

if TYPE_CHECKING:
    from backend_lint.config import Config
    from backend_lint.core import Finding
    from backend_lint.findings.baseline import Entry, Match

FILE_NAME = "backend-lint-baseline.jsonl"


@click.group("baseline", short_help="Accept today's findings; check or prune what was accepted.")
def command() -> None:
    """Accept findings, so that a run with this baseline fails for new ones only."""


class _Read(NamedTuple):
    """A project, what is wrong with it, and which paths the run has an opinion on."""

    config: Config
    file: Path
    findings: Sequence[Finding]
    in_scope: Callable[[str], bool]


def _takes_a_project(function: Callable[..., int]) -> Callable[..., int]:
    return options.reading(options.selection(options.baseline(options.talk(click.pass_obj(function)))))


@command.command("write")
@_takes_a_project
def write(session: Session, /, paths: tuple[str, ...], **chosen: Any) -> int:
    """Accept every finding there is now. Entries about files outside of PATHS are kept."""
    from backend_lint.findings.baseline import accepted
    from backend_lint.findings.baseline import write as written

    for read in _read(session, paths, chosen):
        kept = [entry for entry in _entries(read) if not read.in_scope(entry.path)] if read.file.exists() else []
        entries = [*kept, *accepted(read.findings)]
        written(read.file, entries)
        terminal.say(f"{len(entries):,} accepted in {_named(read)}{_hint(read)}")
    return exits.PASSED


@command.command("check")
@_takes_a_project
def check(session: Session, /, paths: tuple[str, ...], **chosen: Any) -> int:
    """Fail when there are findings that were not accepted, or accepted ones that are gone."""
    code = exits.PASSED
    for read in _read(session, paths, chosen):
        found = _match(read)
        lines = [*_new(found), *(f"{entry.path}: {entry.code} gone ({entry.scope})" for entry in found.stale)]
        terminal.write("".join(f"{line}\n" for line in lines), for_people=True)
        terminal.say(f"{_named(read)}: {len(found.entries):,} accepted, {len(lines):,} new or gone")
        code = max(code, exits.FAILED if lines else exits.PASSED)
    return code


@command.command("prune")
@_takes_a_project
def prune(session: Session, /, paths: tuple[str, ...], **chosen: Any) -> int:
    """Take out accepted findings that are gone, and accept nothing new."""
    from backend_lint.findings.baseline import write as written

    for read in _read(session, paths, chosen):
        found = _match(read)
        written(read.file, found.entries)
        terminal.say(f"{len(found.stale):,} removed, {len(found.entries):,} left in {_named(read)}")
    return exits.PASSED


def _read(session: Session, paths: tuple[str, ...], chosen: dict[str, Any]) -> Iterator[_Read]:
    import datetime

    import msgspec

    from backend_lint.cli.projects import reached
    from backend_lint.core import BackendLintError
    from backend_lint.run import run

    for config, found in reached(session, paths, chosen, Path.cwd()):
        if not found.files:
            continue
        bare = msgspec.structs.replace(config, baseline=None)
        report = run(bare, found, today=datetime.date.today())
        if not report.is_complete and not config.allow_incomplete:
            raise BackendLintError("not everything could be checked, so a baseline would lack something")
        checked = {file.path for file in found.files if file.reported}
        file = config.baseline or config.root / FILE_NAME

        def in_scope(path: str, config: Config = config, checked: set[str] = checked) -> bool:
            return path in checked or not (config.root / path).exists()

        findings = [finding for finding in report.findings if in_scope(finding.at.path)]
        yield _Read(config, file, findings, in_scope)


def _entries(read: _Read) -> tuple[Entry, ...]:
    from backend_lint.findings import baseline

    return baseline.read(read.file, _named(read))


def _match(read: _Read) -> Match:
    from backend_lint.findings.baseline import match

    return match(_entries(read), read.findings, read.in_scope)


def _new(found: Match) -> Iterator[str]:
    from backend_lint.core import State

    for finding in found.findings:
        if finding.state is State.ACTIVE:
            yield f"{finding.at}: {finding.code} {finding.name} is new: {finding.message}"


def _named(read: _Read) -> str:
    from backend_lint.config import shown

    return shown(read.file, Path.cwd())


def _hint(read: _Read) -> str:
    if read.config.baseline is not None:
        return ""
    return f'; to use it, put `baseline = "{FILE_NAME}"` into the configuration'
