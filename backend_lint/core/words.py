"""The words that identifiers are made of."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The words of an identifier or a path, in lower case: `resetPassword_URL` is reset, password, url."""
    return tuple(each.lower() for each in _WORD.findall(text))
