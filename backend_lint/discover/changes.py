"""Which lines of a project are new since an earlier state of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import SequenceMatcher

Spans = tuple[tuple[int, int], ...]
Changes = Mapping[str, Spans]
"""The first and last line, from 1, of each stretch that was written anew, by path. Files without any are left out."""


def changes(before: Mapping[str, bytes], after: Mapping[str, bytes]) -> dict[str, Spans]:
    """Where lines were only taken out, the line that now stands there counts: what held them was changed."""
    return {
        path: tuple(_spans(before.get(path, b""), content))
        for path, content in sorted(after.items())
        if before.get(path) != content
    }


def is_touched(spans: Spans, first: int, last: int) -> bool:
    return any(start <= last and first <= end for start, end in spans)


def _spans(before: bytes, after: bytes) -> Iterator[tuple[int, int]]:
    old, new = before.splitlines(), after.splitlines()
    for kind, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            yield start + 1, max(end, start + 1)
