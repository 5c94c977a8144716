"""`rdjson`: reviewdog's diagnostic format.

Source: https://github.com/reviewdog/reviewdog/blob/master/proto/rdf/reviewdog.proto
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from backend_lint.core import Diagnostic, Finding, Place, Report, Safety, Severity
from backend_lint.report.inert import inert, inert_lines
from backend_lint.report.json import encoded
from backend_lint.report.patch import replacements
from backend_lint.report.view import Lines, View

_SEVERITY = {
    Severity.CRITICAL: "ERROR",
    Severity.HIGH: "ERROR",
    Severity.MEDIUM: "WARNING",
    Severity.LOW: "INFO",
    Severity.INFO: "INFO",
}


def render(report: Report, view: View) -> str:
    diagnostics = [_finding(each, view.lines) for each in report.active]
    diagnostics += (_unchecked(each) for each in report.diagnostics if each.is_incomplete)
    return encoded({"source": {"name": "backend-lint"}, "diagnostics": diagnostics}) + "\n"


def _finding(finding: Finding, lines: Lines) -> dict[str, Any]:
    told: dict[str, Any] = {
        "message": "\n".join((inert(finding.message), *inert_lines(finding.help))),
        "location": {"path": finding.at.path, "range": _range(finding.at, lines(finding.at.path))},
        "severity": _SEVERITY[finding.severity],
        "code": {"value": finding.code},
    }
    if suggestions := _suggestions(finding, lines):
        told["suggestions"] = suggestions
    return told


def _suggestions(finding: Finding, lines: Lines) -> list[dict[str, Any]]:
    """The fix, where it can be applied and lies in the finding's own file: a suggestion has no path of its own."""
    fix = finding.fix
    if fix is None or fix.safety is Safety.DISPLAY or any(edit.path != finding.at.path for edit in fix.edits):
        return []
    known = lines(finding.at.path)
    return [{"range": _range(place, known), "text": text} for place, text in replacements(fix, lines)]


def _unchecked(diagnostic: Diagnostic) -> dict[str, Any]:
    location: dict[str, Any] = {"path": diagnostic.path or "."}
    if diagnostic.line:
        location["range"] = {"start": {"line": diagnostic.line}}
    return {
        "message": f"Not checked: {inert(diagnostic.message)}",
        "location": location,
        "severity": "ERROR",
        "code": {"value": diagnostic.kind.value},
    }


def _range(at: Place, known: Sequence[str] | None) -> dict[str, Any]:
    """Columns count bytes of UTF-8, so they can be told only where the line is known."""
    ends = {"start": (at.line, at.column), "end": (at.end_line, at.end_column)}
    if known is None or at.end_line > len(known):
        return {name: {"line": line} for name, (line, _) in ends.items()}
    return {
        name: {"line": line, "column": _bytes(known[line - 1][: column - 1]) + 1}
        for name, (line, column) in ends.items()
    }


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
