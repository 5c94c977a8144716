from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend_lint.core import Edit
from backend_lint.fix.edits import collide, edited, is_sound


def edit(start: int, end: int, text: str = "") -> Edit:
    return Edit("a.py", start, end, text)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (edit(0, 3), edit(3, 5), False),
        (edit(0, 4), edit(3, 5), True),
        (edit(0, 9), edit(3, 5), True),
        (edit(3, 3, "x"), edit(3, 3, "y"), True),
        (edit(3, 3, "x"), edit(3, 3, "x"), False),
        (edit(3, 3, "x"), edit(3, 5), False),
        (edit(3, 4), edit(3, 5), True),
        (edit(3, 5, "x"), edit(3, 5, "y"), True),
        (edit(5, 5, "x"), edit(3, 5), False),
        (edit(4, 4, "x"), edit(3, 5), True),
        (edit(0, 4), Edit("b.py", 3, 5, ""), False),
    ],
)
def test_edits_collide_where_they_overlap_or_insert_at_one_place(one: Edit, other: Edit, expected: bool) -> None:
    assert collide(one, other) is collide(other, one) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a\nb\n", "a\nx\ny\n"), ("a\r\nb\r\n", "a\r\nx\r\ny\r\n"), ("a\rb\r", "a\rx\ry\r"), ("b", "x\ny")],
)
def test_line_breaks_become_those_of_the_file(text: str, expected: str) -> None:
    start = text.index("b")
    assert edited(text, [edit(start, start + 1, "x\ny")]) == expected
    assert edited(text, [edit(start, start + 1, "x\r\ny")]) == expected


def test_an_insertion_stands_before_what_is_replaced_from_there_on() -> None:
    assert edited("ab", [edit(0, 1, "x"), edit(0, 0, "import x; "), edit(1, 1, "y")]) == "import x; xyb"


def test_equal_edits_are_made_once() -> None:
    assert edited("ab", [edit(0, 0, "x"), edit(0, 0, "x")]) == "xab"


lines = st.lists(st.text(alphabet="ab é𝄞#'\x0c", max_size=6), min_size=1, max_size=8)


@given(lines, st.sampled_from(["\n", "\r\n"]), st.randoms(use_true_random=False))
def test_lines_without_an_edit_stay_as_they_are(parts: list[str], line_break: str, luck: random.Random) -> None:
    text = line_break.join(parts)
    changed = {index for index in range(len(parts)) if luck.random() < 0.4}
    edits, position = [], 0
    for index, part in enumerate(parts):
        if index in changed:
            edits.append(edit(position, position + len(part), f"new {index}"))
        position += len(part) + len(line_break)
    luck.shuffle(edits)
    expected = [f"new {index}" if index in changed else part for index, part in enumerate(parts)]
    assert is_sound(edits, len(text))
    assert edited(text, edits).split(line_break) == expected


@given(st.text(max_size=20))
def test_no_edits_change_nothing(text: str) -> None:
    assert edited(text, []) == text
