"""The one broad `except`: what may crash without being ours fails alone."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import TypeVar

from backend_lint.core import Diagnostic, DiagnosticKind

Result = TypeVar("Result")


class Guard:
    """Runs what may raise, and keeps a diagnostic of each failure."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def __call__(self, what: str, run: Callable[[], Result], fallback: Result, path: str | None = None) -> Result:
        """The result of `run`, or `fallback` where it raised. Interrupts pass through."""
        try:
            return run()
        except Exception as error:
            self.diagnostics.append(Diagnostic(path, None, DiagnosticKind.RULE, f"{what} failed: {described(error)}"))
            return fallback


def described(error: BaseException) -> str:
    """The error in one line, with the place in the code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno})" if frames else ""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' + text if text else ''}{where}"
