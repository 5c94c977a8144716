"""Expressions, and the ways in which people and formatters lay them out."""

from __future__ import annotations

import re

from hypothesis import strategies as st

_NAMES = st.sampled_from(["a", "b", "run", "order.id", "Q", "fetch"])
_STRINGS = st.sampled_from(["'a'", "'select 1'", "'{}'", "f'{a}'", "f'{a.b:>8}'", "''"])
_NUMBERS = st.sampled_from(["0", "1.5", "0xff", "1e5"])


def _larger(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.tuples(_NAMES, st.lists(smaller, max_size=3)).map(lambda it: f"{it[0]}({', '.join(it[1])})"),
        st.tuples(smaller, smaller).map(" + ".join),
        st.lists(smaller, min_size=1, max_size=3).map(lambda it: f"[{', '.join(it)}]"),
        st.lists(smaller, min_size=1, max_size=2).map(lambda it: "{" + ", ".join(f"'k': {each}" for each in it) + "}"),
    )


expressions: st.SearchStrategy[str] = st.recursive(_NAMES | _STRINGS | _NUMBERS, _larger, max_leaves=8)
"""Python expressions in plain style: single quotes, one space after a comma, no trailing comma."""


class Style:
    """What a layout does to an expression in plain style. It never looks into a string, but for its quotes."""

    def __init__(self, exploded: bool, double_quotes: bool, parenthesised: bool, comments: bool) -> None:
        self.exploded, self.double_quotes = exploded, double_quotes
        self.parenthesised, self.comments = parenthesised, comments

    def __repr__(self) -> str:
        return f"Style({vars(self)})"

    def apply(self, expression: str) -> str:
        pieces = re.split(r"([a-z]?'[^']*')", expression)
        text = "".join(self._string(piece) if index % 2 else self._code(piece) for index, piece in enumerate(pieces))
        return f"(\n    {text}\n)" if self.parenthesised else text

    def _string(self, piece: str) -> str:
        return piece.replace("'", '"') if self.double_quotes else piece

    def _code(self, piece: str) -> str:
        if self.exploded:
            note = "  # it's noted" if self.comments else ""
            piece = re.sub(r"(?<=[(\[{])(?![)\]}])", f"{note}\n    ", piece)
            piece = piece.replace(", ", f",{note}\n    ")
            piece = re.sub(r"(?<![(\[{,\s])(?=[)\]}])", ",\n", piece)
        return piece


styles = st.builds(Style, st.booleans(), st.booleans(), st.booleans(), st.booleans())
