"""`backend-lint contract`: what clients and queues rely on, written down, and what a change breaks of it."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click

from backend_lint.cli import exits, options, terminal
from backend_lint.cli.session import Session

_NOT_ASKED = {"compare": None, "new_from": None, "fix": False, "unsafe_fixes": False, "diff": False}


@click.group("contract", short_help="Write down the API contract, or say what a change breaks of it.")
def command() -> None:
    """Operations, parameters, fields, guards and tasks as clients, queues and older workers rely on them."""


@command.command("export")
@options.reading
@click.option("--output", "-o", metavar="FILE", help="Write to FILE instead of stdout.")
@options.talk
@click.pass_obj
def export(session: Session, /, paths: tuple[str, ...], output: str | None, **chosen: Any) -> int:
    """Print the contract of the project around PATHS as JSON that changes only when the contract does."""
    import datetime

    from backend_lint.cli.output import write_file
    from backend_lint.cli.projects import reached
    from backend_lint.core import BackendLintError
    from backend_lint.project.contract import document
    from backend_lint.run import contract, run

    projects = reached(session, paths, chosen, Path.cwd())
    if len(projects) > 1:
        raise BackendLintError(f"{len(projects)} projects lie there, and a contract is that of one: name its directory")
    config, found = projects[0]
    text = document(contract(run(config, found, today=datetime.date.today())))
    if output is None:
        terminal.write(text)
    else:
        write_file(Path.cwd() / output, text.encode())
    return exits.PASSED


@command.command("diff")
@click.argument("base", metavar="REF|FILE")
@options.reading
@options.display
@click.option("--fail-on", metavar=f"[{options.SEVERITIES}|never]", help="The least severity that fails the run.")
@click.option("--preview/--no-preview", is_flag=True, default=None, help="Let preview rules run.")
@options.talk
@click.pass_obj
def diff(session: Session, /, base: str, paths: tuple[str, ...], **chosen: Any) -> int:
    """Report what the project breaks of the contract that it had at a git revision, or that a FILE holds."""
    import msgspec

    from backend_lint.api import ContractRule
    from backend_lint.cli.check import judged
    from backend_lint.cli.projects import reached
    from backend_lint.engine.packs import load_packs
    from backend_lint.run import run_against

    cwd = Path.cwd()
    packs, _ = load_packs()
    codes = tuple(rule.code for pack in packs for rule in pack.rules if issubclass(rule, ContractRule))
    projects = [
        (msgspec.structs.replace(config, select=codes, extend_select=(), baseline=None, contract=None), found)
        for config, found in reached(session, paths, chosen, cwd)
    ]
    return judged(session, projects, _NOT_ASKED | chosen, cwd, functools.partial(run_against, base, session.environ))
