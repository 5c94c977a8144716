"""`# nosec` comments, as Bandit reads them."""

from __future__ import annotations

import io
import tokenize
from collections.abc import Iterable

from backend_lint.bandit.battery import named

Waivers = dict[int, frozenset[str]]  # by line; the empty set waives everything


def waivers(text: str) -> Waivers:
    """What the comments of a file waive, line by line."""
    found: Waivers = {}
    if "nosec" not in text:
        return found
    try:
        for token in tokenize.generate_tokens(io.StringIO(text, newline=None).readline):
            if token.type == tokenize.COMMENT and "nosec" in token.string:
                ids = _ids(token.string)
                if ids is not None:
                    found[token.start[0]] = ids
    except (tokenize.TokenError, SyntaxError):
        pass  # what stands before the place that the tokenizer stumbles over counts
    return found


def is_waived(test_id: str, line: int | None, lines: Iterable[int], waivers: Waivers) -> bool:
    """Whether a comment on the line that a check names, or the first one on the lines of its node, waives it.

    Source: bandit/core/tester.py, `_get_nosecs_from_contexts`.
    """
    named_line = waivers.get(line) if line is not None else None
    around = next((waivers[each] for each in lines if each in waivers), None)
    if named_line is None and around is None:
        return False
    ids = (named_line or frozenset()) | (around or frozenset())
    return not ids or test_id in ids


def _ids(comment: str) -> frozenset[str] | None:
    """The ids that a comment lists, other words passed over, as Bandit does; None where it waives nothing."""
    from bandit.core.manager import NOSEC_COMMENT, NOSEC_COMMENT_TESTS

    match = NOSEC_COMMENT.search(comment)
    if match is None:
        return None
    words = (each.group(1) for each in NOSEC_COMMENT_TESTS.finditer(match.group("tests") or ""))
    return frozenset(filter(None, map(named, words)))
