"""`github`: annotations of GitHub Actions.

Source: https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.core import Diagnostic, Finding, Place, Report, Severity
from backend_lint.report import summary
from backend_lint.report.view import View

_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "notice",
    Severity.INFO: "notice",
}
_SHOWN = 10
"""Of each level and step; GitHub drops what is more without a word."""


def render(report: Report, view: View) -> str:
    """The worst of each level, and one last notice that counts what was left out."""
    commands: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    commands["warning"] += map(_unchecked, filter(lambda each: each.is_incomplete, report.diagnostics))
    for finding in summary.worst_first(report.active):
        commands[_LEVEL[finding.severity]].append(_annotation(finding))
    shown = [command for level in commands.values() for command in level[:_SHOWN]]
    if sum(map(len, commands.values())) == len(shown):
        return "".join(shown)
    commands["notice"] = commands["notice"][: _SHOWN - 1]
    shown = [command for level in commands.values() for command in level[:_SHOWN]]
    total = len(report.active) + sum(each.is_incomplete for each in report.diagnostics)
    rest = f"{total - len(shown):,} more are not annotated here: {summary.counted(report.active)} in all."
    return "".join(shown) + _command("notice", {"title": "backend-lint"}, rest)


def _annotation(finding: Finding) -> str:
    title = f"{finding.code} {finding.name}".rstrip()
    properties = {**_range(finding.at), "title": title}
    return _command(_LEVEL[finding.severity], properties, f"{finding.message}\n{finding.help}".strip())


def _unchecked(diagnostic: Diagnostic) -> str:
    where = {"file": diagnostic.path} if diagnostic.path else {}
    line = {"line": str(diagnostic.line)} if diagnostic.path and diagnostic.line else {}
    title = {"title": f"backend-lint: not checked ({diagnostic.kind.value})"}
    return _command("warning", {**where, **line, **title}, diagnostic.message)


def _range(at: Place) -> dict[str, str]:
    """Columns only within one line: a range over several lines with columns is not shown."""
    lines = {"file": at.path, "line": str(at.line), "endLine": str(at.end_line)}
    columns = {"col": str(at.column), "endColumn": str(at.end_column)}
    return lines | columns if at.line == at.end_line else lines


def _command(level: str, properties: dict[str, str], message: str) -> str:
    pairs = ",".join(f"{name}={_escaped(value, (':', ','))}" for name, value in properties.items())
    return f"::{level} {pairs}::{_escaped(message)}\n"


def _escaped(text: str, more: Iterable[str] = ()) -> str:
    """The text on one line. Control characters mean nothing to GitHub, and are not its business either."""
    kept = "".join(each if each.isprintable() or each in "\r\n" else repr(each)[1:-1] for each in text)
    for character in ("%", "\r", "\n", *more):
        kept = kept.replace(character, f"%{ord(character):02X}")
    return kept
