"""The program, its commands, and the last word on every error.

Nothing here or in a command's module may load an analysis at import: `--version` and `--help` answer at once.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

import click

from backend_lint import __version__
from backend_lint.cli import exits
from backend_lint.cli.session import Session

COMMANDS = (
    "check",
    "baseline",
    "score",
    "suppressions",
    "rules",
    "rule",
    "guidelines",
    "model",
    "contract",
    "config",
    "init",
    "plugins",
    "completion",
    "server",
    "mcp",
    "hook",
)
DEFAULT = "check"

_EPILOG = """\b
Exit codes:
  0    the gate passed
  1    the gate failed, by findings or by score
  2    wrong usage or configuration, or an internal error
  3    the gate passed, but not everything could be checked
  130  interrupted

Without a command, `check` runs: `backend-lint app` is `backend-lint check app`.
"""


class Program(click.Group):
    """A group whose commands are modules of this package, and whose first argument may be left out.

    The first argument is a command only if it is exactly one; everything else is for `check`.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = importlib.import_module(f"backend_lint.cli.{cmd_name}").command
        return command

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        own = {option for parameter in self.get_params(ctx) for option in parameter.opts}
        if not args or args[0] not in {*COMMANDS, *own}:
            args = [DEFAULT, *args]
        return super().parse_args(ctx, args)


@click.command(cls=Program, epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="backend-lint", message="%(prog)s %(version)s")
def program() -> None:
    """Read a Python backend as a backend, and say where it departs from sixteen guidelines."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code, whatever happens."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    session = Session(given, os.environ)
    try:
        code = program.main(given, prog_name="backend-lint", standalone_mode=False, obj=session)
    except (click.Abort, KeyboardInterrupt):
        return exits.interrupted()
    except Exception as error:
        return exits.failed(error, session)
    return code if isinstance(code, int) else exits.PASSED
