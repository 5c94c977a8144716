"""Score model 1 is frozen: a number that teams gate on must not move under them.

When this fails because the model is meant to change, `MODEL` becomes 2 and reports print both for one release; the
numbers here stay what they are. A rule that finds more or less changes scores, too, and is told in CHANGELOG.md.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from backend_lint.core import Confidence, Finding, Severity, State
from backend_lint.findings.model import CERTAINTY, CUSHION, MODEL, OWED, PENALTY, Load, Mean
from backend_lint.findings.score import letter, score
from tests.findings.samples import finding, rule

CODES = ("ARC101", "API301", "DAT301", "SEC201", "SEC202")
RULES = tuple(map(rule, CODES))
EXAMINED = {"ARC101": 300, "API301": 40, "DAT301": 30, "SEC201": 25, "SEC202": 0}


def test_the_model_is_the_first() -> None:
    assert MODEL == 1


def test_weights_and_certainties_are_those_of_model_1() -> None:
    assert {each.value: float(points) for each, points in PENALTY.items()} == {
        "critical": 10.0, "high": 4.0, "medium": 1.5, "low": 0.5, "info": 0.0,
    }  # fmt: skip
    assert {each.value: float(share) for each, share in CERTAINTY.items()} == {"high": 1.0, "medium": 0.7, "low": 0.3}
    assert CUSHION == 10
    assert frozenset({State.ACTIVE, State.BASELINED}) == OWED


@pytest.mark.parametrize(
    ("high", "critical", "multiplier"),
    [(0, 0, 1.0), (1, 0, 0.8), (2, 0, 0.75), (10, 0, 0.71), (1, 1, 0.5), (2, 2, 0.384375), (9, 3, 0.3377777777777778)],
)
def test_gates_are_those_of_model_1(high: int, critical: int, multiplier: float) -> None:
    assert float(Load(high=high, critical=critical).multiplier) == pytest.approx(multiplier)


def test_caps_and_letters_are_those_of_model_1() -> None:
    assert [Mean(high=high, critical=critical).cap for high, critical in ((0, 0), (1, 0), (1, 1))] == [100, 80, 50]
    limits = (Fraction(100), 90, Fraction(899, 10), 75, Fraction(749, 10), 60, Fraction(599, 10), 40, Fraction(399, 10))
    assert [letter(Fraction(each)) for each in limits] == ["A", "A", "B", "B", "C", "C", "D", "D", "E"]


def project(number: int) -> list[Finding]:
    """Findings of every severity, confidence and state, every thirty-first of all there can be."""
    kinds = product(CODES, Severity, Confidence, State)
    return [
        finding(index + 1, code, severity=severity, confidence=confidence, state=state, unit=f"unit {index % 7}")
        for index, (code, severity, confidence, state) in enumerate(kinds)
        if index % 31 == number
    ]


@pytest.mark.parametrize(
    ("number", "overall", "guidelines"),
    [
        (0, 99.417429, {"ARC-1": 100.0, "API-3": 98.989899, "DAT-3": 100.0, "SEC-2": 98.693759}),
        (5, 47.572827, {"ARC-1": 99.035370, "API-3": 100.0, "DAT-3": 42.222222, "SEC-2": 24.813896}),
        (13, 50.0, {"ARC-1": 48.427673, "API-3": 75.675676, "DAT-3": 100.0, "SEC-2": 71.351351}),
        (20, 95.626868, {"ARC-1": 99.854581, "API-3": 100.0, "DAT-3": 97.378277, "SEC-2": 86.614173}),
    ],
)
def test_results_are_those_of_model_1(number: int, overall: float, guidelines: dict[str, float]) -> None:
    rated = score(project(number), EXAMINED, RULES, True)
    assert rated.overall == pytest.approx(overall, abs=1e-6)
    assert {each.id: each.score for each in rated.guidelines if each.score is not None} == pytest.approx(
        guidelines, abs=1e-6
    )
