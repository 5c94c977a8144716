"""`backend-lint server`: the language server."""

from __future__ import annotations

import click

from backend_lint.cli import exits
from backend_lint.cli.session import Session


@click.command("server", short_help="Serve an editor over stdio, as a language server.")
@click.pass_obj
def command(session: Session) -> int:
    """Serve an editor over stdin and stdout, in the language server protocol.

    Open buffers get the findings that `check` would have, quick fixes, and `source.fixAll.backend-lint`.
    """
    from backend_lint.core import BackendLintError

    try:
        from backend_lint.serve.lsp import server
    except ModuleNotFoundError as error:
        raise BackendLintError(f"`server` needs {error.name}: pip install 'backend-lint[lsp]'") from error
    server(session.environ).start_io()
    return exits.PASSED
