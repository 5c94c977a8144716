"""How a request is turned away."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Refusal:
    """`status` is 401, 403, 429 or `CSRF`.

    `is_returned` where it is an answer rather than an exception, which is `exception` where that is known.
    `is_certain` where no open condition stands before it.
    """

    status: int
    is_returned: bool = False
    exception: str | None = None
    is_certain: bool = True


def statuses(refusals: Iterable[Refusal]) -> frozenset[int]:
    return frozenset(each.status for each in refusals)
