"""`backend-lint completion`: what a shell needs to complete our command lines.

The script is Click's own, and asks us for the words; `words` finds those that stand for rules.
"""

from __future__ import annotations

import click

from backend_lint.cli import exits, terminal

VARIABLE = "_BACKEND_LINT_COMPLETE"


@click.command("completion", short_help="Print a script that completes commands, options and rules in a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> int:
    """Print the completion script for SHELL.

    For bash: eval "$(backend-lint completion bash)" in ~/.bashrc.
    """
    from click.shell_completion import get_completion_class

    from backend_lint.cli.main import program

    found = get_completion_class(shell)
    assert found is not None
    script = found(program, {}, "backend-lint", VARIABLE).source()
    terminal.write(script)
    return exits.PASSED
