"""From the words of a call to the projects that it is about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend_lint.cli import options, terminal
from backend_lint.cli.paths import named
from backend_lint.cli.session import Session
from backend_lint.config import Config, Invocation, Overrides, configs_for, shown, unknown_variables
from backend_lint.discover import Discovery, files, projects
from backend_lint.report.summary import plural

Project = tuple[Config, Discovery]


def reached(
    session: Session, words: Sequence[str], chosen: dict[str, Any], cwd: Path, commands: Sequence[str] = ()
) -> tuple[Project, ...]:
    """The projects that `words` and the options lead to, at least one, and what there is to say about them said."""
    invocation = _invocation(session, chosen, cwd)
    paths, overlay = named(words, chosen["files_from"], chosen["stdin_filename"], cwd, commands)
    found = projects(paths, invocation, overlay)
    if not found:
        config = configured(session, chosen, cwd)
        found = ((config, files(config, ())),)
    if not session.is_quiet:
        for line in _remarks(session, found, cwd):
            terminal.say(line)
    return found


def configured(session: Session, chosen: dict[str, Any], cwd: Path) -> Config:
    """The configuration of the working directory."""
    [group] = configs_for([cwd], _invocation(session, chosen, cwd))
    return group.config


def _invocation(session: Session, chosen: dict[str, Any], cwd: Path) -> Invocation:
    return Invocation(
        cwd=cwd, flags=options.flags(chosen), environ=session.environ, config_path=options.config_path(chosen, cwd)
    )


def _remarks(session: Session, found: Sequence[Project], cwd: Path) -> list[str]:
    remarks = []
    for config in {config.root: config for config, _ in found}.values():
        discovered = [discovery for other, discovery in found if other.root == config.root]
        paths = [file.path for discovery in discovered for file in discovery.files]
        if session.is_verbose:
            name = shown(config.config_path, cwd) if config.config_path else "none, all defaults"
            remarks.append(f"configuration: {name}")
            remarks.append(f"{plural(len(paths), 'file')} below {shown(config.root, cwd)}")
        if any("." in discovery.searched for discovery in discovered):
            unmatched = Overrides(config).unmatched(paths)
            remarks += [f"warning: {config.origin(key)}: {text!r} matches no file" for key, text in unmatched]
    return remarks + [f"warning: {sentence}" for sentence in unknown_variables(session.environ)]
