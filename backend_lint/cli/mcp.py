"""`backend-lint mcp`: the MCP server."""

from __future__ import annotations

from pathlib import Path

import click

from backend_lint.cli import exits
from backend_lint.cli.session import Session


@click.command("mcp", short_help="Serve a coding agent over stdio, as an MCP server.")
@click.argument("root", metavar="[ROOT]", default=".")
@click.pass_obj
def command(session: Session, root: str) -> int:
    """Serve a coding agent over stdin and stdout, in the Model Context Protocol.

    Tools: `lint`, `explain`, `score`, `suggest_fix`, `guidelines`. Only what lies below ROOT is read.
    """
    from backend_lint.core import BackendLintError

    try:
        from backend_lint.serve.mcp import server
    except ModuleNotFoundError as error:
        raise BackendLintError(f"`mcp` needs {error.name}: pip install 'backend-lint[mcp]'") from error
    directory = Path(root).resolve()
    if not directory.is_dir():
        raise BackendLintError(f"{root} is not a directory")
    server(directory, session.environ).run()
    return exits.PASSED
