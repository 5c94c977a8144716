"""The words that identifiers are made of, and names in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The words of an identifier or a path, in lower case: `resetPassword_URL` is reset, password, url."""
    return tuple(each.lower() for each in _WORD.findall(text))


def listed(names: Iterable[str], most: int = 3) -> str:
    """`a`, `b`, `c` and 4 more."""
    every = [f"`{name}`" for name in names]
    rest = len(every) - most
    return ", ".join(every[:most]) + (f" and {rest} more" if rest > 0 else "")
