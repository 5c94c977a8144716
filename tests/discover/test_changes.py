from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backend_lint.discover import changes, is_touched

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=12)


def changed(before: str, after: str) -> list[tuple[int, int]]:
    return list(changes({"a.py": before.encode()}, {"a.py": after.encode()}).get("a.py", ()))


def test_stretches_are_told_by_their_first_and_last_line() -> None:
    assert changed("a\nb\nc\n", "a\nx\ny\nc\n") == [(2, 3)]
    assert changed("a\nb\n", "a\nb\n") == []


def test_where_lines_are_gone_the_next_one_counts() -> None:
    assert changed("a\nb\nc\n", "a\nc\n") == [(2, 2)]


def test_a_new_file_is_new_in_every_line() -> None:
    assert changes({}, {"new.py": b"a\nb\n"}) == {"new.py": ((1, 2),)}


@given(LINES, LINES)
def test_lines_that_no_stretch_covers_were_there_in_this_order(before: list[str], after: list[str]) -> None:
    spans = tuple(changed("".join(before), "".join(after)))
    kept = iter(before)
    untouched = [line for number, line in enumerate(after, start=1) if not is_touched(spans, number, number)]
    assert all(line in kept for line in untouched)
