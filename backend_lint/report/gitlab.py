"""`gitlab`: GitLab's code quality report.

Source: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
"""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from backend_lint.core import Report, Severity
from backend_lint.report.inert import inert
from backend_lint.report.json import encoded
from backend_lint.report.view import View

_SEVERITY = {
    Severity.CRITICAL: "blocker",
    Severity.HIGH: "critical",
    Severity.MEDIUM: "major",
    Severity.LOW: "minor",
    Severity.INFO: "info",
}
_UNCHECKED = "not-checked"


def render(report: Report, view: View) -> str:
    """An array. The widget shows no rule names, so each description starts with the code."""
    seen: Counter[tuple[str, str]] = Counter()

    def item(*, check: str, text: str, severity: str, path: str, line: int, identity: str) -> dict[str, Any]:
        seen[path, identity] += 1
        return {
            "description": inert(text),
            "check_name": check,
            "fingerprint": _fingerprint(identity, path, seen[path, identity]),
            "severity": severity,
            "location": {"path": path.removeprefix("./"), "lines": {"begin": line}},
        }

    items = [
        item(
            check=finding.code,
            text=f"{finding.code} {finding.name}: {finding.message}",
            severity=_SEVERITY[finding.severity],
            path=finding.at.path,
            line=finding.at.line,
            identity=finding.fingerprint or f"{finding.code} {finding.message}",
        )
        for finding in report.active
    ]
    items += (
        item(
            check=_UNCHECKED,
            text=f"{_UNCHECKED} ({each.kind.value}): {each.message}",
            severity="critical",
            path=each.path or report.config_path or ".",
            line=each.line or 1,
            identity=f"{_UNCHECKED} {each.kind.value}",
        )
        for each in report.diagnostics
        if each.is_incomplete
    )
    return encoded(items) + "\n"


def _fingerprint(identity: str, path: str, ordinal: int) -> str:
    """Unique in the report, and without a line number, so that it survives edits elsewhere in the file."""
    told = "\0".join((identity, path, str(ordinal)))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]
