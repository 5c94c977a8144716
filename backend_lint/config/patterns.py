"""Path patterns in gitignore syntax, each relative to the directory of whoever wrote it."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path

import pathspec


class Pattern:
    """One line of gitignore syntax and the directory that it is relative to."""

    __slots__ = ("base", "text")

    def __init__(self, text: str, base: Path) -> None:
        self.text, self.base = text, base

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pattern) and (self.text, self.base) == (other.text, other.base)

    def __hash__(self) -> int:
        return hash((self.text, self.base))

    def __repr__(self) -> str:
        return f"Pattern({self.text!r}, {str(self.base)!r})"


class Patterns:
    """Answers whether a path matches; of several patterns that do, the last one decides, as in git."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        lines: dict[Path, list[str]] = {}
        for pattern in patterns:
            lines.setdefault(pattern.base, []).append(pattern.text)
        self._specs = tuple((f"{base.as_posix().rstrip('/')}/", _spec(tuple(texts))) for base, texts in lines.items())

    def __bool__(self) -> bool:
        return bool(self._specs)

    def match(self, path: str) -> bool:
        """Whether the absolute `path`, with `/` as separator and at the end of a directory, matches."""
        return bool(self.decision(path))

    def decision(self, path: str) -> bool | None:
        """As `match`, but `None` when no pattern says anything, not even by negation."""
        for base, spec in self._specs:
            if path.startswith(base) and path != base:
                included = spec.check_file(path[len(base) :]).include
                if included is not None:
                    return included
        return None


@functools.lru_cache(maxsize=4096)
def _spec(lines: tuple[str, ...]) -> pathspec.GitIgnoreSpec:
    return pathspec.GitIgnoreSpec.from_lines(lines)
