"""How the program was called, known before anything is parsed, so that even a wrong call is answered in its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class Session:
    """What all commands share. `wants_json` may become true later, when a configuration says so."""

    def __init__(self, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        self.arguments = tuple(arguments)
        self.environ = environ
        self.is_verbose = "-v" in arguments or "--verbose" in arguments
        self.is_quiet = "-q" in arguments or "--quiet" in arguments
        self.wants_json = self._format() == "json"

    def _format(self) -> str:
        for position, argument in enumerate(self.arguments):
            if argument in {"--format", "-f"}:
                return next(iter(self.arguments[position + 1 :]), "")
            if argument.startswith("--format="):
                return argument.removeprefix("--format=")
        return self.environ.get("BACKEND_LINT_FORMAT", "")
