"""The words that identifiers are made of, and names in a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_AN = re.compile(r"[AI]|E(?!u)|O(?!ne)|U(?!ni|ri|rl|se|ser|til|uid)(?=[a-z])", re.IGNORECASE)
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


def a(name: str) -> str:
    """A name with its article: a `User`, an `Order`."""
    return f"{'an' if _AN.match(name) else 'a'} `{name}`"
