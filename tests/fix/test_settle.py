from __future__ import annotations

import pytest

from backend_lint.core import Edit, Finding, Safety, State
from backend_lint.fix.settle import BREAKS, DISPLAY, NO_FIX, OUT_OF_REACH, UNSAFE, UNSETTLED, UNSOUND
from tests.fix.workbench import applied, finding, reasons, rewriting

ERRORS = rewriting(r"error(?=\()", "exception")


def test_every_safe_fix_is_applied_and_the_findings_are_gone() -> None:
    outcome = applied({"a.py": "error(1)\nerror(2)\n", "b.py": "fine()\n"}, ERRORS)
    assert outcome.texts == {"a.py": "exception(1)\nexception(2)\n"}
    assert [each.code for each in outcome.applied] == ["SEC403", "SEC403"]
    assert outcome.left == ()


def test_a_second_run_changes_nothing() -> None:
    first = applied({"a.py": "error(error(1))\n"}, ERRORS)
    second = applied(first.texts, ERRORS)
    assert (second.texts, second.applied) == ({}, ())


@pytest.mark.parametrize(
    ("allowed", "changed"),
    [((Safety.SAFE,), "b(x)\n"), ((Safety.SAFE, Safety.UNSAFE), "c(x)\n"), (tuple(Safety), "c(x)\n")],
)
def test_what_is_applied_is_what_was_allowed_and_never_a_proposal(allowed: tuple[Safety, ...], changed: str) -> None:
    rules = (
        rewriting(r"\ba\b", "b", "SEC401"),
        rewriting(r"\bb\b", "c", "SEC402", safety=Safety.UNSAFE, why="It may be slower."),
        rewriting(r"\bx\b", "y", "SEC404", safety=Safety.DISPLAY),
    )
    assert applied({"a.py": "a(x)\n"}, *rules, allowed=allowed).texts == {"a.py": changed}


def test_what_is_left_says_why() -> None:
    rules = (
        rewriting("a", "b", "SEC401", safety=Safety.UNSAFE, why="It may be slower."),
        rewriting("x", "y", "SEC402", safety=Safety.DISPLAY),
        lambda path, text: [finding(path, 9, "SEC404")],
    )
    assert reasons(applied({"a.py": "a(x)\n"}, *rules)) == [f"{UNSAFE} (It may be slower)", DISPLAY, NO_FIX]


def test_overlapping_fixes_are_applied_one_a_pass_the_first_one_first() -> None:
    outer = rewriting(r"outer\((.*)\)", r"other(\1)", "SEC402")
    inner = rewriting(r"inner", "deep", "SEC401")
    outcome = applied({"a.py": "outer(inner)\n"}, inner, outer)
    assert outcome.texts == {"a.py": "other(deep)\n"}
    assert [each.code for each in outcome.applied] == ["SEC402", "SEC401"]


def test_equal_edits_of_two_fixes_are_made_once() -> None:
    def with_import(path: str, text: str) -> list[Finding]:
        imported = () if text.startswith("import x\n") else (Edit(path, 0, 0, "import x\n"),)
        return [
            finding(path, start, "SEC401", *imported, Edit(path, start, start + 1, "x"))
            for start in (index for index, character in enumerate(text) if character == "a")
        ]

    assert applied({"a.py": "a + a\n"}, with_import).texts == {"a.py": "import x\nx + x\n"}


def test_two_insertions_at_one_place_are_made_one_after_the_other() -> None:
    def inserts(path: str, text: str) -> list[Finding]:
        return [
            finding(path, 0, code, Edit(path, 0, 0, f"import {code.lower()}\n"))
            for code in ("SEC401", "SEC402")
            if code.lower() not in text
        ]

    assert applied({"a.py": "x\n"}, inserts).texts == {"a.py": "import sec402\nimport sec401\nx\n"}


def test_a_fix_over_several_files_is_made_whole_or_not_at_all() -> None:
    def moves(path: str, text: str) -> list[Finding]:
        there = "there" if path == "a.py" and "here" in text else ""
        return [finding(path, 0, "SEC401", Edit("a.py", 0, 4, "gone"), Edit("b.py", 0, 0, "here\n"))] if there else []

    files = {"a.py": "here\n", "b.py": "x\n"}
    assert applied(files, moves).texts == {"a.py": "gone\n", "b.py": "here\nx\n"}
    refused = applied(files, moves, untouchable=("b.py",))
    assert (refused.texts, reasons(refused)) == ({}, [OUT_OF_REACH])


def test_a_file_that_is_not_known_is_left_alone() -> None:
    assert reasons(
        applied({"a.py": "a\n"}, lambda path, text: [finding(path, 0, "SEC401", Edit("c.py", 0, 0, "x"))])
    ) == [OUT_OF_REACH]


def test_a_fix_that_would_break_the_file_is_refused_and_the_others_are_applied() -> None:
    outcome = applied({"a.py": "a = 1\nerror(2)\n"}, rewriting(r"1", "(", "SEC401"), ERRORS)
    assert outcome.texts == {"a.py": "a = 1\nexception(2)\n"}
    assert reasons(outcome) == [BREAKS]


def test_a_fix_that_collides_with_a_refused_one_is_applied() -> None:
    breaks = rewriting(r"a \+ b", "a +", "SEC401")
    fine = rewriting(r"b(?= )", "c", "SEC402")
    outcome = applied({"a.py": "a + b # x\n"}, breaks, fine)
    assert outcome.texts == {"a.py": "a + c # x\n"}
    assert reasons(outcome) == []


def test_fixes_that_break_only_together_are_not_applied_together() -> None:
    opens, closes = rewriting(r"^x", "y", "SEC401"), rewriting(r"z$", "y", "SEC402")
    outcome = applied({"a.py": "x + z"}, opens, closes, parses=lambda path, text: text.count("y") < 2)
    assert outcome.texts == {"a.py": "y + z"}
    assert reasons(outcome) == [BREAKS]


def test_many_fixes_beside_one_bad_pair_are_still_applied_in_few_passes() -> None:
    text = "x\n" * 500 + "p\nq\n"
    rules = (rewriting("x", "y", "SEC401"), rewriting("p", "r", "SEC402"), rewriting("q", "r", "SEC404"))
    outcome = applied({"a.py": text}, *rules, parses=lambda path, after: after.count("r") < 2)
    assert outcome.texts["a.py"].count("y") == 500
    assert len(outcome.left) == 1


def test_an_edit_outside_the_file_is_refused() -> None:
    def beyond(path: str, text: str) -> list[Finding]:
        return [finding(path, 0, "SEC401", Edit(path, 5, 99, "x")), finding(path, 1, "SEC401", Edit(path, 3, 2, "x"))]

    assert reasons(applied({"a.py": "short\n"}, beyond)) == [UNSOUND, UNSOUND]


def test_a_fix_whose_own_edits_overlap_is_refused() -> None:
    def torn(path: str, text: str) -> list[Finding]:
        return [finding(path, 0, "SEC401", Edit(path, 0, 3, "x"), Edit(path, 2, 4, "y"))]

    assert reasons(applied({"a.py": "short\n"}, torn)) == [UNSOUND]


def test_fixes_that_undo_each_other_are_left_and_the_others_stay() -> None:
    rules = (rewriting(r"\ba\b", "b", "SEC401"), rewriting(r"\bb\b", "a", "SEC402"), ERRORS)
    outcome = applied({"a.py": "error(a)\n"}, *rules)
    assert outcome.texts == {"a.py": "exception(a)\n"}
    assert [each.code for each in outcome.applied] == ["SEC403"]
    assert reasons(outcome) == [UNSETTLED]


def test_a_fix_without_end_is_left_and_leaves_no_trace() -> None:
    outcome = applied({"a.py": "a\n"}, rewriting(r"a$", "a+a", "SEC401"), rewriting(r"a(?=\n)", "a", "SEC402"))
    assert outcome.texts == {}
    assert set(reasons(outcome)) == {UNSETTLED}


def test_a_fix_that_changes_nothing_is_left() -> None:
    outcome = applied({"a.py": "a\n"}, rewriting("a", "a"))
    assert (outcome.texts, outcome.applied, reasons(outcome)) == ({}, (), [UNSETTLED])


def test_a_file_may_become_empty() -> None:
    assert applied({"a.py": "a\n"}, rewriting(r"a\n", "")).texts == {"a.py": ""}


def test_an_emptied_file_may_be_filled_again() -> None:
    def fills(path: str, text: str) -> list[Finding]:
        return [finding(path, 0, "SEC402", Edit(path, 0, 0, "b\n"))] if not text else []

    outcome = applied({"a.py": "a\n"}, rewriting(r"a\n", ""), fills)
    assert (outcome.texts, len(outcome.applied)) == ({"a.py": "b\n"}, 2)


def test_a_file_that_is_again_what_it_was_did_not_change() -> None:
    def wavers(path: str, text: str) -> list[Finding]:
        match path, text:
            case "a.py", "a\n" if not moved:
                moved.append("once")
                return [finding(path, 0, "SEC401", Edit(path, 0, 1, "b"))]
            case "a.py", "b\n":
                return [finding(path, 0, "SEC402", Edit(path, 0, 1, "a"))]
            case "b.py", "old\n":
                return [finding(path, 0, "SEC404", Edit(path, 0, 3, "new"))]
            case _:
                return []

    moved: list[str] = []
    outcome = applied({"a.py": "a\n", "b.py": "old\n"}, wavers)
    assert outcome.texts == {"b.py": "new\n"}
    assert len(outcome.applied) == 3


def test_a_fix_may_need_several_passes() -> None:
    rules = [rewriting(rf"\b{old}\b", new, "SEC401") for old, new in ("ab", "bc", "cd")]
    outcome = applied({"a.py": "a\n"}, *rules)
    assert (outcome.texts, len(outcome.applied)) == ({"a.py": "d\n"}, 3)


@pytest.mark.parametrize("state", [State.SUPPRESSED, State.BASELINED])
def test_what_is_accepted_is_not_touched(state: State) -> None:
    outcome = applied({"a.py": "error(1)\n"}, rewriting("error", "exception", state=state))
    assert (outcome.texts, outcome.left) == ({}, ())
