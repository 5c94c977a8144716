from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from backend_lint.core import Confidence, Finding, Place, Severity, Step
from backend_lint.findings.merge import merge
from tests.findings.samples import finding

TAKEOVER = {"B608": "SEC201", "B602": "SEC202", "B607": "SEC202"}


def told(*found: Finding) -> list[str]:
    """`line CODE`, with the ids of other tools that say the same."""
    return [" ".join([str(each.at.line), each.code, *each.also]) for each in merge(found, TAKEOVER)]


def test_bandits_verdict_becomes_part_of_ours_where_they_overlap() -> None:
    assert told(finding(3, "SEC201", column=9, width=8), finding(3, "B608", column=12, width=30)) == ["3 SEC201 B608"]


def test_elsewhere_it_stands_on_its_own() -> None:
    assert told(finding(3, "SEC201"), finding(4, "B608")) == ["3 SEC201", "4 B608"]
    assert told(finding(3, "SEC201", path="b.py"), finding(3, "B608", path="a.py")) == ["3 B608", "3 SEC201"]
    assert told(finding(3, "SEC201", column=1, width=4), finding(3, "B608", column=5, width=4)) == [
        "3 SEC201",
        "3 B608",
    ]


def test_only_the_rule_that_judges_the_same_takes_it_over() -> None:
    assert told(finding(3, "SEC203"), finding(3, "B608"), finding(3, "B999")) == ["3 B608", "3 B999", "3 SEC203"]


def test_a_verdict_on_the_way_of_the_data_is_part_of_the_finding_at_its_end() -> None:
    built = Place("queries.py", 2, 5, 2, 40)
    flow = finding(31, "SEC201", path="app.py", trace=(Step(built, "is put into the query"), Step(built, "is run")))
    assert told(flow, finding(2, "B608", path="queries.py", column=11)) == ["31 SEC201 B608"]


def test_several_verdicts_may_be_part_of_one_finding() -> None:
    assert told(finding(3, "SEC202"), finding(3, "B607"), finding(3, "B602")) == ["3 SEC202 B602 B607"]


def test_one_verdict_may_be_part_of_several_findings() -> None:
    whole = Place("app.py", 3, 1, 5, 2)
    bandit = Finding(at=whole, message="x", help="y", code="B602")
    assert told(finding(3, "SEC202"), finding(4, "SEC202"), bandit) == ["3 SEC202 B602", "4 SEC202 B602"]


def test_a_place_without_width_overlaps_what_it_lies_in() -> None:
    assert told(finding(3, "SEC201", column=5, width=0), finding(3, "B608", column=5, width=1)) == ["3 SEC201 B608"]
    assert told(finding(3, "SEC201", column=5, width=0), finding(3, "B608", column=1, width=4)) == [
        "3 B608",
        "3 SEC201",
    ]


def test_two_findings_of_one_rule_on_one_span_are_one_and_nothing_said_is_lost() -> None:
    [one] = merge(
        [finding(message="GET /a is open"), finding(message="GET /b is open"), finding(message="GET /a is open")], {}
    )
    assert one.message == "GET /a is open"
    assert one.related == (Step(one.at, "GET /b is open"),)


def test_the_worst_of_equals_is_kept() -> None:
    low = finding(message="a", severity=Severity.LOW)
    doubted = finding(message="b", severity=Severity.HIGH, confidence=Confidence.LOW)
    high = finding(message="c", severity=Severity.HIGH)
    [one] = merge([low, doubted, high], {})
    assert (one.message, one.severity, one.confidence) == ("c", Severity.HIGH, Confidence.HIGH)


def test_spans_that_differ_are_two_findings() -> None:
    assert told(finding(1, width=3), finding(1, width=4)) == ["1 SEC201", "1 SEC201"]


found = st.builds(
    finding,
    st.integers(1, 3),
    st.sampled_from(["SEC201", "SEC202", "B608", "B602"]),
    path=st.sampled_from(["a.py", "b.py"]),
    column=st.integers(1, 3),
    width=st.integers(0, 3),
    message=st.sampled_from(["one", "other"]),
    severity=st.sampled_from(Severity),
)


@given(st.lists(found, max_size=8), st.randoms(use_true_random=False))
def test_the_order_of_findings_does_not_matter(findings: list[Finding], luck: random.Random) -> None:
    merged = merge(findings, TAKEOVER)
    assert merge(luck.sample(findings, len(findings)), TAKEOVER) == merged
    assert merged == sorted(merged, key=lambda each: each.sort_key)


@given(st.lists(found, max_size=8))
def test_merging_twice_changes_nothing(findings: list[Finding]) -> None:
    merged = merge(findings, TAKEOVER)
    assert merge(merged, TAKEOVER) == merged


@given(st.lists(found, max_size=8))
def test_no_problem_of_ours_is_lost(findings: list[Finding]) -> None:
    ours = {(each.code, each.at) for each in findings if each.code.startswith("SEC")}
    assert {(each.code, each.at) for each in merge(findings, TAKEOVER)} >= ours
