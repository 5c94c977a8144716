from __future__ import annotations

import msgspec
import pytest

from backend_lint.core import Finding, Score, Severity, State
from backend_lint.findings.gate import gate
from backend_lint.findings.score import score
from tests.findings.samples import finding, rule

RULES = (rule("SEC201"), rule("DAT301"))

FOUND = [
    finding(1, severity=Severity.HIGH),
    finding(2, severity=Severity.MEDIUM),
    finding(3, severity=Severity.LOW),
    finding(4, severity=Severity.CRITICAL, state=State.SUPPRESSED),
    finding(5, severity=Severity.CRITICAL, state=State.BASELINED),
]


def rated(*findings: Finding, complete: bool = True) -> Score:
    return score(findings, {"SEC201": 1000}, RULES, complete)


@pytest.mark.parametrize(
    ("fail_on", "reasons"),
    [
        (Severity.CRITICAL, ()),
        (Severity.HIGH, ("1 finding at high or above (--fail-on high)",)),
        (Severity.MEDIUM, ("2 findings at medium or above (--fail-on medium)",)),
        (Severity.INFO, ("3 findings at info or above (--fail-on info)",)),
        (None, ()),
    ],
)
def test_active_findings_fail_it_from_the_given_severity_on(fail_on: Severity | None, reasons: tuple[str, ...]) -> None:
    verdict = gate(FOUND, rated(), fail_on=fail_on)
    assert (verdict.passed, verdict.reasons) == (not reasons, reasons)


def test_new_findings_are_called_new() -> None:
    assert gate(FOUND, rated(), fail_on=Severity.HIGH, new_only=True).reasons == (
        "1 new finding at high or above (--fail-on high)",
    )


def test_a_score_below_its_bar_fails_it_with_both_numbers_and_the_cap() -> None:
    critical = finding(31, severity=Severity.CRITICAL, path="app/reports.py")
    capped = msgspec.structs.replace(rated(critical), overall=50.0, capped_by=("1 critical: app/reports.py:31",))
    assert gate((), capped, fail_under=[("overall", 70)]).reasons == (
        "The overall score is 50.0, below 70 (--fail-under 70), capped at 50 by 1 critical: app/reports.py:31",
    )


def test_sections_and_guidelines_have_bars_of_their_own() -> None:
    low = rated(*(finding(line, severity=Severity.MEDIUM) for line in range(100)))
    assert gate((), low, fail_under=[("SEC", 90), ("SEC-2", 87.5), ("SEC-2", 80), ("overall", 85)]).reasons == (
        "The score of SEC is 85.8, below 90 (--fail-under SEC=90)",
        "The score of SEC-2 is 85.8, below 87.5 (--fail-under SEC-2=87.5)",
    )


def test_a_score_at_its_bar_passes() -> None:
    assert gate((), rated(), fail_under=[("overall", 100)]).passed


def test_a_score_just_below_its_bar_never_reads_as_if_it_reached_it() -> None:
    almost = msgspec.structs.replace(rated(), overall=69.9999)
    assert gate((), almost, fail_under=[("overall", 70)]).reasons == (
        "The overall score is 69.9, below 70 (--fail-under 70)",
    )


def test_what_was_not_assessed_does_not_fail_it() -> None:
    assert gate((), rated(), fail_under=[("DAT", 100), ("DAT-3", 100)]).passed
    assert gate((), score((), {}, RULES, True), fail_under=[("overall", 100)]).passed


def test_an_incomplete_score_fails_every_bar_and_only_bars() -> None:
    incomplete = rated(complete=False)
    assert gate((), incomplete, fail_under=[("overall", 0), ("DAT", 50)]).reasons == (
        "The score is incomplete, and no incomplete score passes (--fail-under 0)",
        "The score is incomplete, and no incomplete score passes (--fail-under DAT=50)",
    )
    assert gate((), incomplete, fail_on=Severity.LOW).passed


def test_stale_entries_and_new_suppressions_fail_it_when_asked_to() -> None:
    assert gate((), rated(), stale=1, new_suppressions=2).reasons == (
        "1 stale entry in the baseline (--fail-on-stale-baseline)",
        "2 new suppressions (--fail-on-new-suppressions)",
    )


def test_every_reason_is_given() -> None:
    assert len(gate(FOUND, rated(*FOUND), fail_on=Severity.LOW, fail_under=[("overall", 99)], stale=1).reasons) == 3
