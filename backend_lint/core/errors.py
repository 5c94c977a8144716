"""Errors that a person must act on; broken input in the linted tree is a `Diagnostic`, never one of these."""

from __future__ import annotations


class BackendLintError(Exception):
    """A mistake in how backend-lint was called or set up. The text says what, where and what to do."""


class ConfigError(BackendLintError):
    """A configuration that cannot be used.

    `path` and `line` (from 1) say where it stands, when it stands in a file.
    """

    def __init__(self, message: str, path: str | None = None, line: int | None = None) -> None:
        self.message, self.path, self.line = message, path, line
        where = f"{path}:{line}: " if path and line else f"{path}: " if path else ""
        super().__init__(where + message)


class PackError(BackendLintError):
    """A rule pack that cannot be used: a code twice, a rule without its documentation."""
