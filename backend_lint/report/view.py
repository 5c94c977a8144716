"""What a format is given beside the report: the lines of files, and how they are to be shown."""

from __future__ import annotations

import functools
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

import msgspec

from backend_lint.core import Finding, Place

Lines = Callable[[str], Sequence[str] | None]

_PHYSICAL_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


class View(msgspec.Struct, frozen=True, kw_only=True):
    """`lines` hides the text of secrets, character by character; `unmasked` is for hashing only.

    `title` is the project's name where several are shown one after the other.
    """

    lines: Lines
    unmasked: Lines
    color: bool = False
    width: int | None = None
    show_all: bool = False
    timing: bool = False
    statistics: bool = False
    sarif_include_suppressed: bool = False
    repository_prefix: str = ""
    title: str = ""


def split_lines(text: str) -> list[str]:
    """The physical lines of Python source, each with its ending, so that joining them gives `text` back.

    Source: https://docs.python.org/3/reference/lexical_analysis.html#physical-lines
    """
    return _PHYSICAL_LINE.findall(text)


def masked(lines: Lines, findings: Iterable[Finding]) -> Lines:
    """The same lines with every secret that any finding names replaced by as many asterisks."""
    secrets: defaultdict[str, list[Place]] = defaultdict(list)
    for finding in findings:
        for place in finding.secrets:
            secrets[place.path].append(place)

    @functools.cache
    def shown(path: str) -> Sequence[str] | None:
        found = lines(path)
        if found is None or path not in secrets:
            return found
        hidden = list(found)
        for place in secrets[path]:
            for number in range(place.line, min(place.end_line, len(hidden)) + 1):
                first = place.column - 1 if number == place.line else 0
                last = place.end_column - 1 if number == place.end_line else None
                hidden[number - 1] = _hide(hidden[number - 1], first, last)
        return hidden

    return shown


def _hide(line: str, first: int, last: int | None) -> str:
    body = line.rstrip("\r\n")
    return body[:first] + "*" * len(body[first:last]) + line[first + len(body[first:last]) :]
