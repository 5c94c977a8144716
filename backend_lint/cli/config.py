"""`backend-lint config`: what is configured, from where, and what can be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from backend_lint.cli import exits, options, terminal
from backend_lint.cli.session import Session


@click.group("config", short_help="Show what is configured, and from where; print the schema.")
def command() -> None:
    """What a run is told, and by what."""


@command.command("show")
@click.argument("path", default=".")
@options.config
@click.option("--format", "list_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
@click.pass_obj
def show(session: Session, /, path: str, list_format: str, **chosen: Any) -> int:
    """Print each setting that holds for PATH, with the file and line, the variable or the profile it comes from."""
    from backend_lint.cli.columns import columns
    from backend_lint.config import Invocation, Settings, configs_for
    from backend_lint.core import BackendLintError

    cwd = Path.cwd()
    named = cwd / path
    if not named.exists():
        raise BackendLintError(f"{path} does not exist")
    invocation = Invocation(cwd=cwd, environ=session.environ, config_path=options.config_path(chosen, cwd))
    [group] = configs_for([named.resolve()], invocation)
    config = group.config
    fields = zip(Settings.__struct_fields__, Settings.__struct_encode_fields__, strict=True)
    values = {key: (_plain(getattr(config, name)), str(config.origin(key))) for name, key in fields}
    if list_format == "json":
        document = {key: {"value": value, "origin": origin} for key, (value, origin) in values.items()}
        terminal.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        rows = ((key, json.dumps(value, ensure_ascii=False), origin) for key, (value, origin) in values.items())
        terminal.write(columns(rows), for_people=True)
    return exits.PASSED


@command.command("schema")
def schema() -> int:
    """Print the JSON Schema of the configuration, for editors."""
    from backend_lint.config import schema as document

    terminal.write(json.dumps(document(), ensure_ascii=False, indent=2) + "\n")
    return exits.PASSED


def _plain(value: Any) -> Any:
    import msgspec

    from backend_lint.config import Pattern

    return msgspec.to_builtins(value, enc_hook=lambda each: each.text if isinstance(each, Pattern) else str(each))
