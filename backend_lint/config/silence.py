"""What a configuration file asks to be silent about, so that two versions of it can be compared."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import tomli

_SILENCING = ("ignore", "exclude", "extend-exclude")


def silences(content: bytes, name: str) -> Counter[str]:
    """Ignored rules and excluded paths, as `ignore SEC4`. A file that is not what it should be asks for nothing."""
    try:
        table: Any = tomli.loads(content.decode())
    except ValueError:
        return Counter()
    if name == "pyproject.toml":
        table = table.get("tool", {}).get("backend-lint", {}) if isinstance(table.get("tool", {}), dict) else {}
    return Counter(_words(table))


def _words(table: Any, where: str = "") -> Iterator[str]:
    if not isinstance(table, dict):
        return
    for key in _SILENCING:
        values = table.get(key, ())
        yield from (f"{key} {value}{where}" for value in values if isinstance(values, list))
    overrides = table.get("overrides", ())
    for override in overrides if isinstance(overrides, list) else ():
        if isinstance(override, dict):
            yield from _words(override, f" in {', '.join(map(str, override.get('paths', ())))}")
