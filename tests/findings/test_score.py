"""Score model 1: the worked examples to the digit, and what must hold of any project."""

from __future__ import annotations

import random
from collections.abc import Mapping

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from backend_lint.core import (
    GUIDELINES,
    Confidence,
    Edit,
    Finding,
    Fix,
    Safety,
    Score,
    Severity,
    State,
    guideline_of,
)
from backend_lint.engine.own_rules import SUPPRESSION_RULES
from backend_lint.findings.explain import finding_gains, free_points
from backend_lint.findings.gate import gate
from backend_lint.findings.model import PENALTY, ledger
from backend_lint.findings.score import letter, score
from backend_lint.report.summary import points
from tests.findings.samples import finding, rule

CODES = ("ARC101", "API301", "DAT301", "DAT302", "SEC101", "SEC102", "SEC201", "SEC401")
RULES = tuple(map(rule, CODES))


class Project(msgspec.Struct, frozen=True):
    """Units examined by rule, and findings, each in one of them."""

    examined: dict[str, int]
    findings: tuple[Finding, ...]

    def rated(self, weights: Mapping[str, float] | None = None) -> Score:
        return score(self.findings, self.examined, RULES, True, weights=weights)

    def without(self, *gone: Finding) -> Project:
        return Project(self.examined, tuple(each for each in self.findings if each not in gone))

    def with_(self, *more: Finding) -> Project:
        return Project(self.examined, (*self.findings, *more))

    def fixed(self, code: str) -> Project:
        """Without the findings of a rule that weigh."""
        return self.without(*(each for each in owed(self) if each.code == code))

    def exchanged(self, old: Finding, **changes: object) -> Project:
        return self.without(old).with_(msgspec.structs.replace(old, **changes))


def found(code: str, unit: int, severity: Severity, confidence: Confidence = Confidence.HIGH, line: int = 1) -> Finding:
    return finding(line, code, severity=severity, confidence=confidence, unit=f"unit {unit}", path=f"{unit}.py")


@st.composite
def findings(draw: st.DrawFn, examined: dict[str, int], line: int) -> Finding:
    code = draw(st.sampled_from([code for code, units in examined.items() if units]))
    made = found(
        code,
        draw(st.integers(0, examined[code] - 1)),
        draw(st.sampled_from(Severity)),
        draw(st.sampled_from(Confidence)),
        line,
    )
    return msgspec.structs.replace(made, state=draw(st.sampled_from(State)))


@st.composite
def projects(draw: st.DrawFn, least: int = 0) -> Project:
    units = st.sampled_from([0, 1, 1, 2, 5, 40])
    examined = {code: draw(units) for code in CODES}
    if not any(examined.values()):
        assume(not least)
        return Project(examined, ())
    count = draw(st.integers(least, 8))
    return Project(examined, tuple(draw(findings(examined, line)) for line in range(1, count + 1)))


with_findings = projects(least=1)
picks = st.integers(0, 100)


def guideline(rated: Score, name: str) -> float:
    [value] = [each.score for each in rated.guidelines if each.id == name]
    assert value is not None
    return value


def scores(rated: Score) -> dict[str, float]:
    """Every score there is, by guideline and section, and `overall`."""
    values = {each.id: each.score for each in rated.guidelines} | rated.sections | {"overall": rated.overall}
    return {name: value for name, value in values.items() if value is not None}


def is_nowhere_higher(low: Score, high: Score) -> bool:
    assert scores(low).keys() == scores(high).keys()
    return all(value <= scores(high)[name] for name, value in scores(low).items())


def owed(project: Project) -> list[Finding]:
    return [each for each in project.findings if each.state is not State.SUPPRESSED]


def pick(project: Project, number: int) -> Finding:
    candidates = owed(project)
    assume(candidates)
    return candidates[number % len(candidates)]


# The properties, in the order in which the model states them.


@given(projects())
def test_1_scores_lie_above_0_up_to_100_and_100_means_nothing_weighs(project: Project) -> None:
    rated = project.rated()
    assert all(0 < value <= 100 for value in scores(rated).values())
    for each in rated.guidelines:
        weighs = [one for one in owed(project) if guideline_of(one.code) == each.id and PENALTY[one.severity]]
        assert each.score is None or (each.score == 100) == (not weighs)


@given(with_findings, picks)
def test_2_removing_a_finding_lowers_nothing(project: Project, number: int) -> None:
    gone = project.findings[number % len(project.findings)]
    assert is_nowhere_higher(project.rated(), project.without(gone).rated())


@given(with_findings, picks)
def test_3_removing_a_finding_that_weighs_raises_its_guideline(project: Project, number: int) -> None:
    gone = pick(project, number)
    assume(PENALTY[gone.severity])
    name = guideline_of(gone.code)
    assert guideline(project.without(gone).rated(), name) > guideline(project.rated(), name)


@given(with_findings, picks)
def test_4_fixing_pays_at_least_as_much_as_suppressing(project: Project, number: int) -> None:
    one = pick(project, number)
    left, suppressed = project.rated(), project.exchanged(one, state=State.SUPPRESSED).rated()
    assert is_nowhere_higher(left, suppressed)
    assert is_nowhere_higher(suppressed, project.without(one).rated())


@given(with_findings, picks)
def test_5_deleting_a_unit_with_its_findings_lowers_nothing_like_for_like(project: Project, number: int) -> None:
    one = project.findings[number % len(project.findings)]
    gone = [each for each in project.findings if (each.code, each.unit) == (one.code, one.unit)]
    smaller = project.without(*gone)
    smaller = Project(smaller.examined | {one.code: smaller.examined[one.code] - 1}, smaller.findings)
    before, after = project.rated(), smaller.rated()
    if scores(before).keys() == scores(after).keys():
        assert is_nowhere_higher(before, after)
    else:
        vanished = {guideline_of(one.code): 0.0}
        assert (project.rated(vanished).overall or 0) <= (smaller.rated(vanished).overall or 100)


@given(with_findings, st.data())
def test_6_adding_a_finding_raises_nothing(project: Project, data: st.DataObject) -> None:
    more = data.draw(findings(project.examined, 99))
    assert is_nowhere_higher(project.with_(more).rated(), project.rated())


@given(with_findings, st.sampled_from(CODES), st.integers(1, 10_000))
def test_7_clean_units_lower_nothing_of_an_assessed_guideline(project: Project, code: str, more: int) -> None:
    assume(any(units for each, units in project.examined.items() if guideline_of(each) == guideline_of(code)))
    larger = Project(project.examined | {code: project.examined[code] + more}, project.findings)
    assert is_nowhere_higher(project.rated(), larger.rated())


@given(with_findings, picks, st.sampled_from(Severity))
def test_8_a_worse_severity_raises_nothing(project: Project, number: int, severity: Severity) -> None:
    one = project.findings[number % len(project.findings)]
    low, high = sorted([one.severity, severity])
    assert is_nowhere_higher(
        project.exchanged(one, severity=high).rated(), project.exchanged(one, severity=low).rated()
    )


@given(with_findings, picks, st.sampled_from(Confidence))
def test_9_a_greater_confidence_raises_nothing(project: Project, number: int, confidence: Confidence) -> None:
    one = project.findings[number % len(project.findings)]
    low, high = sorted([one.confidence, confidence])
    assert is_nowhere_higher(
        project.exchanged(one, confidence=high).rated(), project.exchanged(one, confidence=low).rated()
    )


@given(with_findings, st.sampled_from([0, 1_000_000]))
def test_10_no_amount_of_clean_code_outweighs_a_critical_or_a_high(project: Project, more: int) -> None:
    rated = Project({code: units + more for code, units in project.examined.items()}, project.findings).rated()
    for severity, cap in ((Severity.CRITICAL, 50), (Severity.HIGH, 80)):
        for one in owed(project):
            if one.severity is severity and one.confidence is not Confidence.LOW:
                name = guideline_of(one.code)
                assert all(scores(rated)[each] <= cap for each in (name, name[:3], "overall"))


@given(projects(), st.randoms(use_true_random=False))
def test_11_the_order_of_anything_does_not_matter(project: Project, luck: random.Random) -> None:
    def shuffled(items: tuple[object, ...]) -> list[object]:
        return luck.sample(items, len(items))

    examined = dict(shuffled(tuple(project.examined.items())))  # type: ignore[call-overload]
    again = score(shuffled(project.findings), examined, shuffled(RULES), True)  # type: ignore[arg-type]
    assert msgspec.json.encode(again) == msgspec.json.encode(project.rated())


@given(projects())
def test_12_renaming_and_moving_changes_no_number(project: Project) -> None:
    moved = [
        msgspec.structs.replace(
            each, unit=f"renamed {each.unit}", at=msgspec.structs.replace(each.at, path=f"moved/{each.at.path}")
        )
        for each in project.findings
    ]
    again = Project(project.examined, tuple(moved)).rated()
    assert msgspec.structs.replace(again, capped_by=()) == msgspec.structs.replace(project.rated(), capped_by=())


@given(projects(), st.integers(2, 5))
def test_13_the_whole_lies_between_its_parts_and_copies_do_not_help(project: Project, copies: int) -> None:
    rated = project.rated()
    values = [each.score for each in rated.guidelines if each.score is not None]
    assert rated.overall is None or min(values) <= rated.overall <= max(values)
    many = Project(
        {code: units * copies for code, units in project.examined.items()},
        tuple(
            msgspec.structs.replace(each, unit=f"{each.unit} of {copy}")
            for each in project.findings
            for copy in range(copies)
        ),
    ).rated()
    for one, all_ in zip(rated.guidelines, many.guidelines, strict=True):
        assert one.score is None or (all_.score is not None and all_.score <= one.score)
        assert all_.debt <= copies * one.debt * (1 + 1e-12)


@given(projects())
def test_14_what_was_not_examined_is_in_no_mean(project: Project) -> None:
    assessed = {guideline_of(code) for code, units in project.examined.items() if units}
    assert {each.id for each in project.rated().guidelines if each.score is not None} == assessed
    fewer = [each for each in RULES if project.examined[each.code]]
    some = {each.code: project.examined[each.code] for each in fewer}
    assert scores(score(project.findings, some, fewer, True)) == scores(project.rated())


@given(with_findings)
def test_15_gains_are_differences_and_debts_add_up(project: Project) -> None:
    rated = project.rated()
    for each in rated.guidelines:
        assert sum(debt.debt for debt in each.rules) == pytest.approx(each.debt)
        for debt in each.rules:
            better = project.fixed(debt.code).rated()
            assert debt.gain == pytest.approx(scores(better)["overall"] - scores(rated)["overall"])
            assert debt.guideline_gain == pytest.approx(guideline(better, each.id) - guideline(rated, each.id))
    current = project
    for step in rated.next_best:
        after = current.fixed(step.code)
        assert step.gain == pytest.approx(scores(after.rated())["overall"] - scores(current.rated())["overall"])
        current = after


@given(projects())
def test_15_the_gain_of_a_finding_is_a_difference_too(project: Project) -> None:
    gains = finding_gains(ledger(project.findings, project.examined, RULES), project.findings, limit=100)
    assert sorted(each.finding.at.line for each in gains) == sorted(each.at.line for each in owed(project))
    assert [each.overall for each in gains] == sorted((each.overall for each in gains), reverse=True)
    before = project.rated()
    for each in gains:
        after, name = project.without(each.finding).rated(), guideline_of(each.finding.code)
        assert each.overall == pytest.approx(scores(after)["overall"] - scores(before)["overall"])
        assert each.guideline == pytest.approx(guideline(after, name) - guideline(before, name))


@given(projects(), st.floats(0, 100))
def test_16_no_gate_on_an_incomplete_score_passes(project: Project, least: float) -> None:
    incomplete = score(project.findings, project.examined, RULES, complete=False)
    assert not gate((), incomplete, fail_under=[("overall", least)]).passed


@given(projects())
def test_17_what_is_printed_is_rounded_down(project: Project) -> None:
    for value in scores(project.rated()).values():
        shown = float(points(value))
        assert shown <= value < shown + 0.1 + 1e-9
        assert (points(value) == "100.0") == (value == 100)


# The examples of the documentation.


@pytest.mark.parametrize(
    ("bad", "of", "expected"),
    [
        (1, 100, (45.8, 77.2, 98.6, 99.5)),
        (10, 100, (15.0, 50.7, 87.0, 95.2)),
        (50, 100, (3.0, 16.2, 44.4, 70.6)),
        (100, 100, (0.3, 1.7, 6.2, 16.7)),
        (1, 1, (25.0, 57.1, 87.0, 95.2)),
    ],
)
def test_the_table_of_shares(bad: int, of: int, expected: tuple[float, ...]) -> None:
    severities = (Severity.CRITICAL, Severity.HIGH, Severity.MEDIUM, Severity.LOW)
    for severity, value in zip(severities, expected, strict=True):
        made = [found("SEC201", number, severity) for number in range(bad)]
        assert guideline(score(made, {"SEC201": of}, RULES, True), "SEC-2") == pytest.approx(value, abs=0.05)


WORKED = {
    "SEC101": 40,
    "SEC102": 2,
    "SEC201": 25,
    "SEC202": 60,
    "SEC301": 120,
    "DAT301": 30,
    "API301": 40,
    "ARC101": 300,
}
WORKED_FINDINGS = [
    *(found("SEC101", number, Severity.HIGH) for number in range(2)),
    found("SEC102", 0, Severity.MEDIUM),
    finding(31, "SEC201", path="app/reports.py", severity=Severity.CRITICAL),
    *(found("SEC202", number, Severity.LOW) for number in range(3)),
    *(found("DAT301", number, Severity.MEDIUM, Confidence.MEDIUM) for number in range(6)),
    *(found("API301", number, Severity.LOW) for number in range(20)),
    *(found("ARC101", number, Severity.LOW) for number in range(15)),
]
WORKED_RULES = tuple(map(rule, WORKED))


def worked(**more: int) -> Score:
    return score(WORKED_FINDINGS, WORKED | more, WORKED_RULES, True)


def test_the_worked_example() -> None:
    rated = worked()
    shown = {name: points(value) for name, value in scores(rated).items()}
    assert shown == {
        "ARC-1": "97.5",
        "API-3": "75.0",
        "DAT-3": "84.3",
        "SEC-1": "57.5",
        "SEC-2": "37.9",
        "SEC-3": "100.0",
        "ARC": "97.5",
        "API": "75.0",
        "DAT": "84.3",
        "SEC": "50.0",
        "overall": "50.0",
    }
    exact = {"SEC-1": 57.6, "SEC-2": 38.0, "DAT-3": 84.4, "ARC-1": 97.5}
    assert {name: round(scores(rated)[name], 1) for name in exact} == exact
    assert (rated.letter, rated.cap, rated.capped_by) == ("D", 50, ("1 critical: app/reports.py:31",))


def test_the_worked_example_in_its_parts() -> None:
    by_id = {each.id: each for each in worked().guidelines}
    assert [(each.code, round(each.debt, 4)) for each in by_id["SEC-1"].rules] == [
        ("SEC101", 0.1667),
        ("SEC102", 0.1364),
    ]
    assert [(each.code, round(each.debt, 4)) for each in by_id["SEC-2"].rules] == [
        ("SEC201", 0.2941),
        ("SEC202", 0.0224),
    ]
    assert {name: round(each.debt, 4) for name, each in by_id.items() if each.debt} == {
        "SEC-1": 0.3030,
        "SEC-2": 0.3165,
        "DAT-3": 0.1853,
        "API-3": 0.3333,
        "ARC-1": 0.0254,
    }
    assert (by_id["SEC-1"].multiplier, by_id["SEC-2"].multiplier) == (0.75, 0.5)
    assert (by_id["SEC-1"].high, by_id["SEC-2"].high, by_id["SEC-2"].critical) == (2, 1, 1)


def test_the_next_best_steps_of_the_worked_example() -> None:
    first, second, *_ = worked().next_best
    assert (first.code, first.gain, first.findings) == ("SEC201", pytest.approx(30.0), 1)
    assert (second.code, round(second.gain, 1), second.findings) == ("SEC101", 9.5, 2)
    assert 80 + second.gain == pytest.approx(89.5, abs=0.05)


def test_a_thousand_clean_places_more_do_not_lift_the_cap() -> None:
    rated = worked(SEC201=1025)
    assert round(guideline(rated, "SEC-2"), 1) == 48.4
    assert rated.overall == 50.0


# What the model leaves open, and this implementation decides.


def test_a_project_without_units_has_no_score() -> None:
    rated = score((), {}, RULES, True)
    assert (rated.overall, rated.letter, set(rated.sections.values())) == (None, "", {None})
    assert [each.id for each in rated.guidelines] == list(GUIDELINES)


def test_findings_outside_the_counted_units_make_nothing_negative() -> None:
    strangers = [found("SEC201", number, Severity.LOW) for number in range(5)]
    [debt] = next(each.rules for each in score(strangers, {"SEC201": 2}, RULES, True).guidelines if each.id == "SEC-2")
    assert (debt.clean, debt.examined) == (0, 5)


def test_a_finding_without_a_unit_stands_for_its_line() -> None:
    same_line = [finding(3, "SEC201"), finding(3, "SEC201", column=9), finding(4, "SEC201")]
    [debt] = next(each.rules for each in score(same_line, {"SEC201": 10}, RULES, True).guidelines if each.id == "SEC-2")
    assert debt.clean == 8


def test_preview_rules_and_findings_never_count() -> None:
    rules = (rule("SEC201"), rule("SEC202", preview=True))
    critical = found("SEC202", 1, Severity.CRITICAL)
    trial = msgspec.structs.replace(found("SEC201", 1, Severity.CRITICAL), preview=True)
    rated = score([critical, trial], {"SEC201": 5, "SEC202": 5}, rules, True)
    assert (rated.overall, rated.cap, rated.next_best) == (100.0, 100, ())
    assert next(each.all_rules for each in rated.guidelines if each.id == "SEC-2") == 1


def test_what_is_said_about_suppressions_is_not_scored() -> None:
    rated = score([found("SUP001", 1, Severity.MEDIUM)], {"ARC101": 5, "SUP001": 1}, (*RULES, *SUPPRESSION_RULES), True)
    assert (rated.overall, next(each.all_rules for each in rated.guidelines if each.id == "ARC-1")) == (100.0, 1)


def test_a_doubted_finding_weighs_and_opens_no_gate() -> None:
    rated = score([found("SEC201", 0, Severity.CRITICAL, Confidence.LOW)], {"SEC201": 21}, RULES, True)
    assert (rated.overall, rated.cap) == (pytest.approx(100 / 1.1), 100)


def test_accepted_debt_counts_in_the_project_and_not_in_new_code() -> None:
    accepted = msgspec.structs.replace(found("SEC201", 1, Severity.HIGH), state=State.BASELINED)
    assert guideline(score([accepted], {"SEC201": 10}, RULES, True), "SEC-2") < 80
    new = score([accepted], {"SEC201": 10}, RULES, True, owed=frozenset({State.ACTIVE}))
    assert (new.overall, new.guidelines[13].rules[0].clean) == (100.0, 9)


def test_rules_that_did_not_run_are_counted_as_such() -> None:
    rated = score((), {"SEC201": 3}, (rule("SEC201"), rule("SEC202"), rule("SEC203")), True)
    [sec2] = [each for each in rated.guidelines if each.id == "SEC-2"]
    assert (sec2.active_rules, sec2.all_rules) == (1, 3)


def test_weights_move_the_mean() -> None:
    made = [found("API301", number, Severity.LOW) for number in range(20)]
    examined = {"API301": 40, "ARC101": 10}
    plain, heavy = (score(made, examined, RULES, True, weights=each).overall for each in (None, {"API-3": 3}))
    assert (round(plain or 0, 1), round(heavy or 0, 1)) == (85.7, 80.0)


def test_a_cap_that_does_not_bind_is_not_blamed() -> None:
    made = [found("SEC201", number, Severity.HIGH) for number in range(50)]
    rated = score(made, {"SEC201": 100}, RULES, True)
    assert (rated.cap, rated.capped_by) == (80, ())


def test_a_cap_names_its_first_causes_and_counts_the_rest() -> None:
    made = [finding(line, "SEC201", severity=Severity.HIGH) for line in range(1, 6)]
    rated = score(made, {"SEC201": 9000} | dict.fromkeys(CODES[:5], 100), RULES, True)
    assert rated.capped_by == ("5 highs: app.py:1, app.py:2, app.py:3 and 2 more",)


@pytest.mark.parametrize(
    ("value", "expected"),
    [(100, "A"), (90, "A"), (89.99, "B"), (75, "B"), (60, "C"), (40, "D"), (39.9, "E"), (0.1, "E")],
)
def test_letters(value: float, expected: str) -> None:
    assert letter(value) == expected


def test_free_points_are_what_safe_fixes_gain() -> None:
    fixable, unsafe = (Fix((Edit("0.py", 0, 0, ""),), safety) for safety in (Safety.SAFE, Safety.UNSAFE))
    one = msgspec.structs.replace(found("SEC201", 0, Severity.HIGH), fix=fixable)
    other = msgspec.structs.replace(found("SEC201", 1, Severity.LOW), fix=unsafe)
    left = score([other], {"SEC201": 9}, RULES, True).overall
    now = score([one, other], {"SEC201": 9}, RULES, True).overall
    assert left is not None and now is not None
    assert free_points([one, other], {"SEC201": 9}, RULES) == pytest.approx(left - now)


def test_a_rule_says_how_many_of_its_findings_a_safe_fix_mends() -> None:
    fix = Fix((Edit("0.py", 0, 0, ""),), Safety.SAFE)
    made = [found("SEC201", 0, Severity.LOW), msgspec.structs.replace(found("SEC201", 1, Severity.LOW), fix=fix)]
    [step] = score(made, {"SEC201": 9}, RULES, True).next_best
    assert (step.findings, step.fixable) == (2, 1)
