"""What the analysis is asked for, and what it answers."""

from __future__ import annotations

import msgspec

from backend_lint.core import Diagnostic
from backend_lint.project.model.flow import Flow


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """`steps` bounds the statements that one run of one function may execute, `effort` those of all runs together,
    of which a small project may use less; where many objects are known, a statement counts for several.

    Beyond `effort` calls pass what their arguments carry, without being run. `unknown_calls_pass` says that a call of
    an unknown function passes what its arguments carry to its result, `stored_values` that what is written to a column
    of text is what is read from it elsewhere.
    """

    steps: int = 10_000
    effort: int = 10_000_000
    unknown_calls_pass: bool = True
    stored_values: bool = False


class TaintResult(msgspec.Struct, frozen=True, kw_only=True):
    """`sinks` counts the places examined by kind, `examined` names them by path, line and kind.

    `proved` are those where nothing but constants and clean values arrives. `judged` are the functions that were
    followed to their end: a sink in one of them that is not among those examined is never reached.
    """

    flows: tuple[Flow, ...] = ()
    proved: frozenset[tuple[str, int, str]] = frozenset()
    examined: frozenset[tuple[str, int, str]] = frozenset()
    judged: frozenset[str] = frozenset()
    sinks: dict[str, int] = {}
    diagnostics: tuple[Diagnostic, ...] = ()
