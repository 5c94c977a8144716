"""`backend-lint check`, which is also what runs without a command."""

from __future__ import annotations

import datetime
import functools
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli import exits, options, terminal
from backend_lint.cli.session import Session

if TYPE_CHECKING:
    from backend_lint.cli.projects import Project
    from backend_lint.config import Config
    from backend_lint.core import Report


@click.command("check", short_help="Lint files and directories (what runs without a command).")
@options.reading
@options.selection
@options.display
@options.gate
@options.fixes
@click.option("--show-files", is_flag=True, help="List the files and what each is for, and stop.")
@click.option("--show-model", is_flag=True, help="Print the backend as it was understood, as JSON, and stop.")
@click.option("--watch", is_flag=True, help="Lint again whenever a file is saved.")
@options.talk
@click.pass_obj
def command(session: Session, /, paths: tuple[str, ...], **chosen: Any) -> int:
    """Lint PATHS, files and directories, by default the working directory.

    RULES are codes (SEC403), prefixes (SEC40), names (traceback-lost), guidelines (SEC-4), sections (SEC), scope:file,
    scope:project or ALL, with commas between. The most specific one wins.
    """
    from backend_lint.cli.main import COMMANDS
    from backend_lint.cli.projects import reached

    cwd = Path.cwd()
    projects = reached(session, paths, chosen, cwd, COMMANDS)
    if chosen["show_files"]:
        from backend_lint.cli.files import listed

        terminal.write(listed(projects, cwd, as_json=session.wants_json), for_people=not session.wants_json)
        return exits.PASSED
    if chosen["show_model"]:
        from backend_lint.cli.model import as_json

        terminal.write(as_json(projects))
        return exits.PASSED
    if chosen["watch"]:
        from backend_lint.cli.watch import forever

        forever(lambda: _watched(session, paths, chosen, cwd), session.environ)
    return judged(session, projects, chosen, cwd)


def _watched(session: Session, paths: tuple[str, ...], chosen: dict[str, Any], cwd: Path) -> list[Path]:
    """Lint once, whatever is wrong with the configuration just now; the files that a change of counts."""
    from backend_lint.cli.projects import reached
    from backend_lint.core import BackendLintError

    try:
        projects = reached(session, paths, chosen, cwd)
        judged(session, projects, chosen, cwd)
    except BackendLintError as error:
        exits.failed(error, session)
        return [cwd, *cwd.glob("*.toml")]
    configurations = [config.config_path for config, _ in projects if config.config_path is not None]
    return [*configurations, *(Path(file.absolute) for _, found in projects for file in found.files)] or [cwd]


def judged(
    session: Session,
    projects: Sequence[Project],
    chosen: dict[str, Any],
    cwd: Path,
    linter: Callable[..., Report] | None = None,
) -> int:
    """Lint, show and judge the projects. `linter` makes the report of one, by default `run`."""
    from backend_lint.cli import output, progress
    from backend_lint.cli.compare import with_comparison
    from backend_lint.run import run, run_since

    compared = with_comparison(chosen["compare"])
    started, today = time.monotonic(), datetime.date.today()
    subjects = [project for project in projects if project[1].files]
    asked, extra = chosen["format"] is not None, chosen["output"]
    outputs = output.outputs(_usual_format(projects[0][0], session, extra), asked, extra)
    session.wants_json = output.Output("json", output.STDOUT) in outputs
    if not subjects:
        _say_nothing_to_lint(projects, cwd)
        outputs = tuple(each for each in outputs if each.format not in output.FOR_PEOPLE)
        subjects = list(projects[:1]) if outputs else []
    with progress.shown(session.environ, is_quiet=session.is_quiet) as tell:
        lint = functools.partial(linter or run, progress=tell, today=today)
        if chosen["new_from"] is not None:
            lint = functools.partial(run_since, chosen["new_from"], session.environ, progress=tell, today=today)
        if chosen["fix"] or chosen["unsafe_fixes"] or chosen["diff"]:
            from backend_lint.cli import mend  # loads LibCST

            fixable = [(project, functools.partial(lint, project[0])) for project in subjects]
            if chosen["diff"]:
                return mend.shown(fixable, chosen, cwd)
            mend.fixed(fixable, chosen, is_quiet=session.is_quiet)
        reports = [compared(lint(config, found)) for config, found in subjects]
    shown = [
        output.Shown(_visible(report, config), config, discovery.overlay)
        for report, (config, discovery) in zip(reports, subjects, strict=True)
    ]
    output.emit(outputs, shown, output.Manner(cwd, session.environ, **{name: chosen[name] for name in output.CHOICES}))
    if terminal.is_terminal(sys.stderr, session.environ) and not session.is_quiet:
        terminal.say(f"{time.monotonic() - started:.1f} s")
    return _exit_code(projects, zip((config for config, _ in subjects), reports, strict=True))


def _usual_format(config: Config, session: Session, extra: Iterable[str]) -> str:
    """The format that was chosen; where none was, and an agent reads what comes out of a pipe, the one for agents."""
    from backend_lint.cli import agent, output
    from backend_lint.config import OriginKind

    is_chosen = config.origin("format").kind not in {OriginKind.DEFAULT, OriginKind.PROFILE}
    name = agent.variable(session.environ)
    if is_chosen or name is None or output.takes_stdout(extra) or sys.stdout is None or sys.stdout.isatty():
        return config.format
    if not session.is_quiet:
        terminal.say(f"format agent, since {name} is set; --format full is the one for people")
    return "agent"


def _exit_code(projects: Iterable[Project], judged: Iterable[tuple[Config, Report]]) -> int:
    """A failed gate before an incomplete analysis before success."""
    judged = list(judged)
    if any(not report.gate.passed and not config.exit_zero for config, report in judged):
        return exits.FAILED
    unread = [config for config, found in projects if any(each.is_incomplete for each in found.diagnostics)]
    incomplete = unread + [config for config, report in judged if not report.is_complete]
    return exits.PASSED if all(config.allow_incomplete for config in incomplete) else exits.INCOMPLETE


def _visible(report: Report, config: Config) -> Report:
    """`report` with the findings that a person wants to see; the gate has judged all of them."""
    import msgspec

    findings = tuple(
        finding
        for finding in report.findings
        if finding.severity >= config.min_severity and finding.confidence >= config.min_confidence
    )
    return msgspec.structs.replace(report, findings=findings)


def _say_nothing_to_lint(projects: Sequence[Project], cwd: Path) -> None:
    from backend_lint.config import shown
    from backend_lint.core import BackendLintError

    places = [shown(config.root / place, cwd) for config, found in projects for place in found.searched]
    sentence = f"nothing to lint: no Python files in {', '.join(places)}" if places else "nothing to lint"
    if any(config.fail_on_empty for config, _ in projects):
        raise BackendLintError(sentence)
    for _, found in projects:
        for each in found.diagnostics:
            terminal.say(f"{each.path}: {each.message}")
    terminal.say(sentence)
