"""Plain tables for people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def columns(rows: Iterable[Sequence[str]], indent: str = "") -> str:
    """`rows` with their cells below each other, two spaces apart; control characters are shown, not sent."""
    cells = [[_inert(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "".join(f"{indent}{line.rstrip()}\n" for line in lines)


def _inert(text: str) -> str:
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
