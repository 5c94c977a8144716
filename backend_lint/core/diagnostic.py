"""What could not be checked, so that a run is never green by not looking."""

from __future__ import annotations

import enum

import msgspec


class DiagnosticKind(str, enum.Enum):
    UNREADABLE = "unreadable"  # the bytes could not be read or decoded
    SYNTAX = "syntax"  # LibCST could not parse the file
    BANDIT = "bandit"  # the host's `ast` could not parse the file, so Bandit's own checks did not run on it
    RULE = "rule"  # a rule, an adapter or a plugin raised
    LIMIT = "limit"  # too large, too deep or too slow
    CACHE = "cache"  # the cache could not be used; nothing is lost but time
    NOTICE = "notice"  # worth saying, nothing is missing


INCOMPLETE = frozenset({DiagnosticKind.UNREADABLE, DiagnosticKind.SYNTAX, DiagnosticKind.RULE, DiagnosticKind.LIMIT})


class Diagnostic(msgspec.Struct, frozen=True, order=True):
    """One thing that went wrong while looking, and went wrong alone."""

    path: str | None
    line: int | None
    kind: DiagnosticKind
    message: str

    @property
    def is_incomplete(self) -> bool:
        """Whether something that should have been checked was not."""
        return self.kind in INCOMPLETE
