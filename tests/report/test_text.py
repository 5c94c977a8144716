"""`full` and `concise`."""

from __future__ import annotations

import re

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from backend_lint.core import Finding, Gate, Inventory, Place, Severity, Step
from backend_lint.report import render
from tests.report.shop import CLEAN, HOSTILE, REPORT, SCORE, shown

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def one(
    message: str, source: str, at: tuple[int, int, int, int] = (1, 1, 1, 2), path: str = "app.py", **how: object
) -> str:
    found = Finding(at=Place(path, *at), message=message, help="Do it.", code="ARC101", name="x", guideline="ARC-1")
    report = msgspec.structs.replace(REPORT, findings=(found,), diagnostics=())
    return render("full", report, lines=lambda path: source.splitlines(keepends=True), **how)


def test_a_clean_run_is_three_lines() -> None:
    assert len([line for line in shown("full", CLEAN).splitlines() if line]) == 3


def test_the_worst_five_are_shown_and_the_rest_is_counted() -> None:
    text = shown("full")
    assert text.index("[critical]") < text.index("[high]") < text.index("[medium]")
    assert "… 4 more: 2 medium · 2 low" in text
    assert "more:" not in shown("full", show_all=True)


def test_a_rule_is_explained_once() -> None:
    assert shown("full", show_all=True).count("Neither can be understood alone.") == 1


def test_the_concise_line_has_its_documented_form() -> None:
    first = shown("concise").splitlines()[0]
    assert first.startswith("app/api/orders.py:1:1: SEC101 unguarded-route [high] 38 of the 40 routes")


def test_markup_in_source_and_message_is_shown_as_it_is() -> None:
    text = one("returns `dict[str, int]` [bold]", "x: dict[str, int] = [bold]\n")
    assert "x: dict[str, int] = [bold]" in text
    assert "returns `dict[str, int]` [bold]" in text


def test_control_characters_are_shown_escaped() -> None:
    text = one("a\x07b\nc", 'x = "\x1b[31m\u202e"\n')
    assert r'x = "\x1b[31m\u202e"' in text
    assert r"a\x07b\nc" in text


@pytest.mark.parametrize("name", ["full", "concise"])
@pytest.mark.parametrize("path", ["::error::x.py", "  ::x.py", "##[error]x.py", "##vso[x].py"])
def test_no_line_is_a_command_of_a_ci(name: str, path: str) -> None:
    found = Finding(at=Place(path, 1, 1, 1, 2), message=HOSTILE, help="::warning::x\n::y", code="ARC101", name="x")
    text = shown(name, msgspec.structs.replace(REPORT, findings=(found,)), show_all=True)
    assert not re.search(r"^\s*::|##\[|##vso\[", text, re.MULTILINE)
    assert path.strip().removeprefix("##") in text


def test_a_place_is_never_split_without_a_terminal() -> None:
    deep = "/".join(["a-rather-long-directory-name"] * 20) + "/x.py"
    assert f"{deep}:1:1  ARC101" in one("m", "x\n", path=deep)


def test_underlines_stand_below_their_code_whatever_the_width_of_its_characters() -> None:
    source = "\tf('🚀', '漢字', bad)\n"
    lines = one("here", source, (1, source.index("bad") + 1, 1, source.index("bad") + 4)).splitlines()
    row = next(number for number, line in enumerate(lines) if "bad" in line)
    before_code = cell_len(lines[row][: lines[row].index("bad")])
    assert cell_len(lines[row + 1][: lines[row + 1].index("━")]) == before_code
    assert lines[row + 1].count("━") == 3


def test_a_long_line_is_cut_around_its_mark() -> None:
    source = "x = " + "[" + "1, " * 2000 + "bad]\n"
    start = source.index("bad") + 1
    lines = one("here", source, (1, start, 1, start + 3), width=80).splitlines()
    row = next(number for number, line in enumerate(lines) if "bad" in line)
    assert cell_len(lines[row]) <= 80
    assert lines[row][lines[row + 1].index("━") :].startswith("bad")


def test_a_long_way_is_told_by_its_start_and_its_end() -> None:
    steps = tuple(Step(Place("app.py", line, 1, line, 2), f"step {line}") for line in range(1, 31))
    found = Finding(at=steps[-1].at, message="m", help="h", code="ARC101", name="x", trace=steps)
    report = msgspec.structs.replace(REPORT, findings=(found,))
    text = render("full", report, lines=lambda path: ["x\n"] * 30)
    assert [int(number) for number in re.findall(r"step (\d+)$", text, re.MULTILINE)] == [1, 2, 3, 4, 5, *range(26, 31)]
    assert "20 steps between are in --format json" in text


@pytest.mark.parametrize("width", [40, 80, 132])
def test_prose_keeps_to_the_width_of_a_terminal(width: int) -> None:
    message = "this message has many words and none of them is long " * 4
    lines = one(message, "x = 1\n", width=width).splitlines()
    block = lines[lines.index("   1 │ x = 1") : next(row for row, line in enumerate(lines) if line.startswith("  Why"))]
    assert all(cell_len(line) <= width for line in block)
    assert " ".join(re.findall(r"\w+", " ".join(block[1:]))) == message.strip()


def test_colour_adds_escapes_and_nothing_else() -> None:
    coloured = ANSI.sub("", shown("full", color=True, show_all=True))
    assert [line.rstrip() for line in coloured.splitlines()] == shown("full", show_all=True).splitlines()


def test_colour_is_only_what_a_terminal_defines_itself() -> None:
    assert not re.search(r"\x1b\[(?:\d+;)*[34]8;", shown("full", color=True))


@given(st.text(max_size=40), st.integers(1, 50), st.integers(1, 50), st.sampled_from([None, 20, 80]))
def test_any_line_and_any_columns_can_be_framed(source: str, start: int, end: int, width: int | None) -> None:
    text = one("m", source + "\n", (1, start, 1, end), width=width)
    assert all(character.isprintable() or character in "\n\u200c\u200d" for character in text)


def test_nothing_found_to_lint_is_no_success() -> None:
    empty = msgspec.structs.replace(
        CLEAN, inventory=Inventory(), score=msgspec.structs.replace(SCORE, overall=None, capped_by=()), gate=Gate(True)
    )
    text = shown("full", empty)
    assert "Passed" not in text
    assert "Overall not assessed" in text


def test_a_project_without_a_backend_is_told_where_it_was_looked_for() -> None:
    found = msgspec.structs.replace(CLEAN, inventory=Inventory(roots=("src/", "app/"), files=3, files_read=3))
    assert "No routes, models or queries found below src/, app/" in shown("full", found)


def test_a_pass_that_did_not_see_everything_says_so() -> None:
    partial = msgspec.structs.replace(CLEAN, diagnostics=REPORT.diagnostics)
    assert "Passed, as far as could be checked." in shown("full", partial)
    assert "Passed: no findings." in shown("full", CLEAN)


def test_statistics_count_by_rule_and_by_guideline() -> None:
    text = shown("full", statistics=True)
    assert re.search(r"SEC403 traceback-lost +1 +0 +1 +1\n", text)
    assert re.search(r"API-3 +2 +1 +0 +0\n", text)


def test_times_are_shown_on_request_only() -> None:
    assert "1.250 s" in shown("full", timing=True)
    assert "1.250" not in shown("full")


def test_a_score_is_rounded_down() -> None:
    score = msgspec.structs.replace(SCORE, overall=99.99, letter="A", cap=100, capped_by=())
    assert "Overall 99.9 (A)" in shown("full", msgspec.structs.replace(REPORT, score=score))


def test_low_confidence_is_said() -> None:
    assert "[medium, medium confidence]" in shown("full", show_all=True)
    assert Severity.MEDIUM.value in shown("concise")
