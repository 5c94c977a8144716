from __future__ import annotations

from datetime import date
from textwrap import dedent

import pytest

from backend_lint.core import Comment, Finding, Safety, State, Suppression
from backend_lint.findings.suppress import Policy, suppress
from backend_lint.findings.suppression import Malformed, suppressions
from tests.findings.samples import comments, finding

CODES = {
    "SEC201": "SEC201",
    "sql-injection": "SEC201",
    "SEC202": "SEC202",
    "DAT401": "DAT401",
    "B602": "B602",
    "old-name": "DAT401",
}
TODAY = date(2026, 6, 1)


def told(text: str, *found: Finding, active: set[str] | None = None, locked: tuple[str, ...] = ()) -> list[str]:
    """What is reported, as `line CODE`, with the reason in parentheses where it is suppressed."""
    return [
        f"{each.at.line} {each.code}" + (f" ({each.reason})" if each.state is State.SUPPRESSED else "")
        for each in judged(text, *found, active=active, locked=locked)
    ]


def judged(text: str, *found: Finding, active: set[str] | None = None, locked: tuple[str, ...] = ()) -> list[Finding]:
    text = dedent(text)
    ran = set(CODES.values()) if active is None else active
    stands_for = {"SEC219": frozenset({"B324", "hashlib_insecure_functions"}), "ARC107": frozenset({"C901"})}
    policy = Policy(CODES, lambda code, path: code in ran, frozenset(locked), TODAY, stands_for)
    return suppress(found, {"app.py": comments(text)}, policy, lambda path: text)


def fixed(text: str, *found: Finding) -> str:
    """The text after all fixes of what is said about its comments."""
    text = dedent(text)
    edits = [edit for each in judged(text, *found) if each.fix for edit in each.fix.edits]
    for edit in sorted(edits, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def test_a_trailing_comment_hides_its_rule_on_its_line() -> None:
    text = "run(a)  # backend-lint: ignore[SEC201] -- constants only\nrun(b)\n"
    assert told(text, finding(1), finding(2)) == ["1 SEC201 (constants only)", "2 SEC201"]


def test_it_hides_no_other_rule() -> None:
    text = "run(a)  # backend-lint: ignore[SEC201] -- constants only\n"
    assert told(text, finding(1), finding(1, "SEC202")) == ["1 SEC201 (constants only)", "1 SEC202"]


@pytest.mark.parametrize("word", ["sql-injection", "SEC201", "SEC202, sql-injection", "SEC202,SEC201"])
def test_codes_and_names_may_be_mixed(word: str) -> None:
    found = finding(1), finding(1, "SEC202")
    assert "1 SEC201 (known)" in told(f"run(a)  # backend-lint: ignore[{word}] -- known\n", *found)


def test_a_former_name_still_works() -> None:
    assert told("run()  # backend-lint: ignore[old-name] -- so\n", finding(1, "DAT401")) == ["1 DAT401 (so)"]


def test_a_comment_on_its_own_line_governs_the_next_statement_only() -> None:
    text = """\
    # backend-lint: ignore[SEC201] -- fixed list

    run(
        a,
    )
    run(b)
    """
    assert told(text, finding(4), finding(6)) == ["4 SEC201 (fixed list)", "6 SEC201"]


def test_a_comment_inside_a_statement_governs_all_of_it() -> None:
    text = """\
    run(
        a,  # backend-lint: ignore[SEC201] -- fixed list
        b,
    )
    """
    assert told(text, finding(1), finding(3)) == ["1 SEC201 (fixed list)", "3 SEC201 (fixed list)"]


def test_a_comment_above_a_function_governs_its_head_and_not_its_body() -> None:
    text = """\
    # backend-lint: ignore[SEC201] -- public on purpose
    @router.get("/")
    def read(
        a,
    ):
        run(a)
    """
    assert told(text, finding(2), finding(3), finding(6)) == [
        "2 SEC201 (public on purpose)",
        "3 SEC201 (public on purpose)",
        "6 SEC201",
    ]


def test_a_comment_for_the_file_governs_every_line() -> None:
    text = "run(a)\nrun(b)\n# backend-lint: file-ignore[SEC201] -- generated\n"
    assert told(text, finding(1), finding(2)) == ["1 SEC201 (generated)", "2 SEC201 (generated)"]


def test_text_that_looks_like_a_comment_is_none() -> None:
    assert told('run("# backend-lint: ignore[SEC201] -- no")\n', finding(1)) == ["1 SEC201"]


def test_a_comment_shares_its_line_with_others() -> None:
    text = "run(a)  # type: ignore  # backend-lint: ignore[SEC201] -- see bug #12, decided  # noqa: E501\n"
    assert told(text, finding(1)) == ["1 SEC201 (see bug #12, decided)"]


def test_without_a_reason_it_hides_and_is_reported() -> None:
    [hidden, about] = judged("run(a)  # backend-lint: ignore[SEC201]\n", finding(1))
    assert hidden.state is State.SUPPRESSED
    assert (about.code, about.severity.value, about.guideline, about.state) == (
        "SUP001",
        "medium",
        "ARC-1",
        State.ACTIVE,
    )
    assert about.message == "the suppression of `SEC201` gives no reason"


@pytest.mark.parametrize("tail", ["", " --", " -- ", " -- until=2027-03-01", " until=2027-03-01"])
def test_a_date_is_no_reason(tail: str) -> None:
    assert told(f"run(a)  # backend-lint: ignore[SEC201]{tail}\n", finding(1)) == ["1 SEC201 ()", "1 SUP001"]


def test_it_holds_on_its_last_day_and_not_after() -> None:
    text = "run(a)  # backend-lint: ignore[SEC201] -- moving until={}\n"
    assert told(text.format("2026-06-01"), finding(1)) == ["1 SEC201 (moving)"]
    assert told(text.format("2026-05-31"), finding(1)) == ["1 SEC201", "1 SUP004"]


def test_an_expired_one_that_hides_nothing_is_merely_unused() -> None:
    assert told("run(a)  # backend-lint: ignore[SEC201] -- moving until=2020-01-01\n") == ["1 SUP002"]


@pytest.mark.parametrize(
    "comment",
    [
        "# backend-lint: ignore",
        "# backend-lint: ignore[]",
        "# backend-lint: ignore[SEC201,]",
        "# backend-lint: ignore[SEC201] because",
        "# backend-lint: ignore[SEC201] -- moving until=soon",
        "# backend-lint: ignore[SEC201] -- moving until=2027-02-30",
        "# backend-lint: disable[SEC201] -- no",
        "# backend-lint: ignore SEC201",
        "# Backend-Lint: ignore[SEC201] -- spelt differently",
        "# backend-lint ignore[SEC201] -- no colon",
        "# backend-lint: ignore[SEC201] -- week until=2027-W01-1",
        "# backend-lint: ignore[ALL] -- everything",
        "# backend-lint: ignore[SEC2011] -- no such rule",
    ],
)
def test_what_cannot_be_understood_hides_nothing_and_is_reported(comment: str) -> None:
    assert told(f"run(a)  {comment}\n", finding(1)) == ["1 SEC201", "1 SUP003"]


def test_an_unknown_rule_is_named_with_the_nearest_known_one() -> None:
    [about] = judged("run(a)  # backend-lint: ignore[sql-injektion] -- x\n")
    assert about.message == "there is no rule `sql-injektion`"
    assert about.help == "Did you mean `sql-injection`?"


def test_the_known_words_beside_an_unknown_one_still_count() -> None:
    assert told("run(a)  # backend-lint: ignore[NOPE1, SEC201] -- x\n", finding(1)) == ["1 SEC201 (x)", "1 SUP003"]


def test_prose_about_the_linter_is_no_suppression() -> None:
    assert told("run(a)  # see the docs of backend-lint, section suppressions\n", finding(1)) == ["1 SEC201"]


def test_what_hides_nothing_is_unused_only_if_its_rule_ran() -> None:
    text = "run(a)  # backend-lint: ignore[SEC201, DAT401] -- x\n"
    [about] = judged(text, active={"DAT401"})
    assert (about.code, about.message) == ("SUP002", "`DAT401` hides nothing here")
    assert told(text, active=set()) == []


def test_a_rule_that_runs_on_other_files_only_does_not_make_it_unused() -> None:
    text = "run(a)  # backend-lint: ignore[SEC201] -- x\n"
    policy = Policy(CODES, lambda code, path: path != "app.py", frozenset(), TODAY)
    assert suppress([], {"app.py": comments(text)}, policy, lambda path: text) == []


def test_a_comment_that_governs_no_statement_is_unused() -> None:
    assert told("run(a)\n# backend-lint: ignore[SEC201] -- x\n", finding(1)) == ["1 SEC201", "2 SUP002"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("run(a)  # backend-lint: ignore[SEC202] -- x\n", "run(a)\n"),
        ("run(a)  # backend-lint: ignore[SEC202] -- x", "run(a)"),
        ("run(a)  # backend-lint: ignore[SEC202, SEC201] -- x\n", "run(a)  # backend-lint: ignore[SEC201] -- x\n"),
        ("run(a)  # noqa: E501  # backend-lint: ignore[SEC202] -- x\n", "run(a)  # noqa: E501\n"),
        ("run(a)  # backend-lint: ignore[SEC202] -- x  # noqa: E501\n", "run(a)  # noqa: E501\n"),
        ("run(a)\nif b:\n    # backend-lint: ignore[SEC202] -- x\n    c()\n", "run(a)\nif b:\n    c()\n"),
        ("run(a)\r\n# backend-lint: ignore[SEC202] -- x\r\nrun(b)\r\n", "run(a)\r\nrun(b)\r\n"),
        ("run(a)\n# backend-lint: ignore[SEC202] -- x", "run(a)\n"),
        (
            "run(a)\nif b:\n    # backend-lint: ignore[SEC202] -- x # noqa: E501\n    c()\n",
            "run(a)\nif b:\n    # noqa: E501\n    c()\n",
        ),
        ("run('é𝄞')  # backend-lint: ignore[SEC202] -- x\nrun(b)\n", "run('é𝄞')\nrun(b)\n"),
    ],
)
def test_the_fix_takes_out_what_is_unused_and_nothing_else(before: str, after: str) -> None:
    assert fixed(before, finding(1)) == after


def test_the_fix_of_an_unused_one_is_safe() -> None:
    [about] = judged("run(a)  # backend-lint: ignore[SEC201] -- x\n")
    assert about.fix is not None
    assert about.fix.safety is Safety.SAFE


def test_a_locked_rule_stays_and_its_suppression_is_reported() -> None:
    text = "run(a)  # backend-lint: ignore[sql-injection, SEC202] -- x\n"
    found = finding(1), finding(1, "SEC202")
    assert told(text, *found, locked=("SEC201",)) == ["1 SEC201", "1 SEC202 (x)", "1 SUP005"]


def test_a_locked_rule_is_not_hidden_by_nosec_either() -> None:
    hidden = finding(1, "B602", state=State.SUPPRESSED, reason="nosec")
    assert told("run(a)  # nosec B602\n", hidden, locked=("B602",)) == ["1 B602"]


@pytest.mark.parametrize("word", ["SUP001", "suppression-without-reason"])
def test_what_is_said_about_suppressions_cannot_be_suppressed(word: str) -> None:
    assert told(f"run(a)  # backend-lint: ignore[SEC201, {word}]\n", finding(1)) == [
        "1 SEC201 ()",
        "1 SUP001",
        "1 SUP005",
    ]


def test_bandits_id_names_a_finding_that_took_bandits_over() -> None:
    merged = finding(1, "SEC202", also=("B602",))
    assert told("run(a)  # backend-lint: ignore[B602] -- x\n", merged) == ["1 SEC202 (x)"]


@pytest.mark.parametrize(
    "comment",
    [
        "# nosec",
        "#nosec",
        "# nosec B602",
        "# nosec: B602",
        "# nosec B101,B602",
        "# nosec start-process is no name of a test",
        "# nosec subprocess_popen_with_shell_equals_true",
        "# noqa: S602",
        "# noqa:E501,S602",
        "# NOQA: s602 why",
        "# fine  # nosec B602",
    ],
)
def test_nosec_and_noqa_hide_what_bandit_said_and_only_that(comment: str) -> None:
    bandit = finding(1, "B602", name="subprocess-popen-with-shell-equals-true")
    ours = finding(1, "SEC202", also=("B602",))
    [hidden, left] = judged(f"run(a)  {comment}\n", bandit, ours)
    assert (hidden.code, hidden.state) == ("B602", State.SUPPRESSED)
    assert comment.endswith(hidden.reason)
    assert left == ours


@pytest.mark.parametrize(
    "comment",
    [
        "# nosec B101",
        "# noqa",
        "# noqa: E501",
        "# noqa: S101",
        "# nosecret",
        "# nosec B101 not B602",
        "# nosec assert_used",
    ],
)
def test_comments_for_others_hide_nothing_else(comment: str) -> None:
    assert told(f"run(a)  {comment}\n", finding(1, "B602")) == ["1 B602"]


@pytest.mark.parametrize("comment", ["# nosec", "# nosec B324", "# nosec hashlib_insecure_functions", "# noqa: S324"])
def test_what_waives_a_check_of_bandit_waives_the_rule_that_stands_for_it(comment: str) -> None:
    assert told(f"run(a)  {comment}\n", finding(1, "SEC219")) == [f"1 SEC219 ({comment})"]


@pytest.mark.parametrize(("comment", "holds"), [("# noqa: C901", True), ("# noqa: E501", False), ("# nosec", False)])
def test_what_waives_a_check_of_ruff_waives_the_rule_that_is_about_the_same(comment: str, holds: bool) -> None:
    assert told(f"def run(a):  {comment}\n    pass\n", finding(1, "ARC107")) == [
        f"1 ARC107 ({comment})" if holds else "1 ARC107"
    ]


def test_what_waives_another_check_does_not() -> None:
    assert told("run(a)  # nosec B303\n", finding(1, "SEC219")) == ["1 SEC219"]


def test_the_words_of_a_reason_after_nosec_name_no_test() -> None:
    found = finding(1, "B602"), finding(1, "B102", name="exec-used")
    assert told("run(a)  # nosec B602 exec_used elsewhere too, B102\n", *found) == [
        "1 B102",
        "1 B602 (# nosec B602 exec_used elsewhere too, B102)",
    ]


def test_nosec_on_its_own_line_does_not_reach_the_next() -> None:
    assert told("# nosec\nrun(a)\n", finding(2, "B602")) == ["2 B602"]


def test_nosec_reaches_every_line_of_its_statement() -> None:
    text = "run(\n    a,\n    shell=True,  # nosec B602\n)\n"
    assert told(text, finding(1, "B602")) == ["1 B602 (# nosec B602)"]


def test_noqa_for_a_file_holds_for_all_of_it() -> None:
    assert told("# ruff: noqa: S602\nrun(a)\nrun(b)\n", finding(3, "B602")) == ["3 B602 (# ruff: noqa: S602)"]


def test_a_file_without_comments_passes_through() -> None:
    policy = Policy(CODES, lambda code, path: True, frozenset(), TODAY)
    found = [finding(2, path="b.py"), finding(1, path="a.py")]
    assert suppress(found, {}, policy, lambda path: "") == found[::-1]


def test_without_a_date_nothing_expires() -> None:
    text = "run(a)  # backend-lint: ignore[SEC201] -- moving until=2000-01-01\n"
    policy = Policy(CODES, lambda code, path: True, frozenset(), None)
    [hidden] = suppress([finding(1)], {"app.py": comments(text)}, policy, lambda path: text)
    assert hidden.state is State.SUPPRESSED


def test_an_inventory_can_be_made_of_comments_alone() -> None:
    text = "run(a)  # backend-lint: ignore[SEC201, x] -- why not until=2027-03-01\n# backend-lint: nonsense\n"
    [first, second] = suppressions("app.py", comments(text))
    assert isinstance(first, Suppression)
    assert (str(first.at), first.words, first.reason) == ("app.py:1:9", ("SEC201", "x"), "why not")
    assert (first.until, first.lines, first.whole_file) == (date(2027, 3, 1), (1, 1), False)
    assert isinstance(second, Malformed)


def test_a_comment_without_a_statement_does_not_trip() -> None:
    lonely = Comment(1, 1, "# nosec # noqa: S101 # backend-lint: ignore[SEC201] -- x", True, None)
    policy = Policy(CODES, lambda code, path: False, frozenset(), TODAY)
    assert suppress([finding(1, "B602")], {"app.py": [lonely]}, policy, lambda path: "")[0].state is State.ACTIVE
