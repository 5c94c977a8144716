"""What a framework does with a stranger's request, told by its adapter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Library:
    """What is known of one framework: `nobody` gives values to its objects for a stranger's request, `calls` the
    statuses that calls of its functions answer unless `lenient` keyword arguments say otherwise."""

    nobody: Mapping[str, Any]
    calls: Mapping[str, tuple[int, ...]]
    lenient: frozenset[str]
