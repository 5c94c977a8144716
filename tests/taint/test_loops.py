"""Loops: their bodies run until nothing new is learned, which is soon."""

from __future__ import annotations

import textwrap

import pytest

from backend_lint.taint import Options
from tests.taint.reading import HEAD, kinds, result

NEST = """
text, held, found = "", [], None
for a in request.args:
    for b in request.form:
        for c in request.cookies:
            for e in request.files:
                for f in request.json:
                    for d in request.headers:
                        {body}
"""
BODIES = [
    'text += "," + d',
    "held = [held, d] if d else held",
    "held = [] if a else {}; found = held if b else [[]]",
    "held = d; held = held[1:] + text; text = held",
]


@pytest.mark.parametrize("body", BODIES)
def test_loops_in_loops_settle_long_before_the_last_round(body: str) -> None:
    text = HEAD + textwrap.indent(NEST.format(body=body), "    ")
    assert result({"app.py": text}, Options(steps=90)).diagnostics == ()


def test_what_a_later_round_brings_is_found() -> None:
    body = """
    first = second = third = ""
    while number:
        os.system(third)
        third, second, first = second, first, x
    """
    assert kinds(body) == ["command"]


def test_what_a_method_is_bound_to_in_any_round_counts() -> None:
    body = """
    call = "safe".replace
    for each in [1, 2, 3, 4, 5, 6, 7, 8, 9]:
        call = x.replace if number == each else call
    os.system(call("a", "b"))
    """
    assert kinds(body) == ["command"]


def test_handlers_see_what_any_statement_of_the_body_left() -> None:
    body = """
    first = second = ""
    try:
        first = x
        int(number)
        first, second = "", x
        int(number)
        second = ""
    except ValueError:
        os.system(first)
        os.remove(second)
    """
    assert kinds(body) == ["command", "path"]
