"""The command line: words in, exit code out.

Takes: arguments, environment, standard input.
Gives: `main`; reports on stdout or in files, everything else on stderr.
Never: judges code, or lets a traceback reach a user who did not ask for it.
"""

from backend_lint.cli.main import main

__all__ = ["main"]
