"""Findings and files for tests of the findings stage."""

from __future__ import annotations

from typing import Any

from backend_lint.core import Comment, Confidence, Finding, Place, RuleInfo, Severity, guideline_of
from backend_lint.facts.comments import governed
from backend_lint.source import Source, parse


def finding(
    line: int = 1,
    code: str = "SEC201",
    *,
    path: str = "app.py",
    column: int = 1,
    width: int = 1,
    severity: Severity = Severity.HIGH,
    confidence: Confidence = Confidence.HIGH,
    message: str = "something is wrong",
    **more: Any,
) -> Finding:
    """A finding of `width` characters on one line."""
    return Finding(
        at=Place(path, line, column, line, column + width),
        message=message,
        help="Mend it.",
        code=code,
        severity=severity,
        confidence=confidence,
        **more,
    )


def at(text: str, piece: str, code: str = "SEC201", *, path: str = "app.py", **more: Any) -> Finding:
    """A finding whose place is the only occurrence of `piece` in `text`."""
    assert text.count(piece) == 1, f"{piece!r} occurs {text.count(piece)} times"
    start = text.index(piece)
    return Finding(
        at=Place(path, *_line_column(text, start), *_line_column(text, start + len(piece))),
        message="something is wrong",
        help="Mend it.",
        code=code,
        **more,
    )


def rule(code: str, **more: object) -> RuleInfo:
    fields = {"name": code.lower(), "severity": Severity.HIGH, "title": "", "doc": "", "unit": "route", "scope": "file"}
    return RuleInfo(code=code, guideline=guideline_of(code), **(fields | more))  # type: ignore[arg-type]


def comments(text: str, path: str = "app.py") -> list[Comment]:
    source = parse(path, text.encode())
    assert isinstance(source, Source), source
    return governed(source)


def _line_column(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
