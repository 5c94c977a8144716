"""The verdict of CI."""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.core import Finding, Gate, Score, Severity, State


def gate(
    findings: Iterable[Finding], score: Score, fail_on: Severity | None, fail_under: Iterable[tuple[str, float]]
) -> Gate:
    """Passed unless an active finding is as severe as `fail_on`, or a score is below what `fail_under` asks."""
    failing = [
        finding
        for finding in findings
        if finding.state is State.ACTIVE and fail_on is not None and finding.severity >= fail_on
    ]
    if failing and fail_on is not None:
        return Gate(False, (f"{len(failing)} findings at {fail_on.value} or above (--fail-on {fail_on.value})",))
    return Gate(True)
