"""The routes of an application as the table in which a request is looked up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend_lint.api import Route

FIRST_MATCH = frozenset({"fastapi", "starlette", "django", "drf", "tornado"})
"""Frameworks that try routes in the order of registration; the others prefer static paths."""

_DJANGO = frozenset({"django", "drf"})
_PARAMETER = re.compile(r"\{(\w+)\}")
_ACCEPTED = {
    "str": r"[^/]+",
    "string": r"[^/]+",
    "default": r"[^/]+",
    "int": r"[0-9]+",
    "float": r"[0-9]+(?:\.[0-9]+)?",
    "uuid": r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{4}-?[0-9a-fA-F]{12}",
    "slug": r"[-a-zA-Z0-9_]+",
    "path": r".+",
}
_WITHIN_A_SEGMENT = frozenset(_ACCEPTED) - {"path"}
_SAMPLES = {
    "int": ("7", "4103"),
    "float": ("7.5", "4103"),
    "uuid": ("6f1c9d3e-58a2-4b7e-9a0d-2c41f0e8b7a5",),
    "slug": ("q7-z_x", "4103"),
    "path": ("q7,z/x.y", "z", "4103"),
}
_ANY_SAMPLES = ("q7,z.x", "q7-z_x", "qz", "4103")
_OTHER = "*"


@dataclass(eq=False)
class Entry:
    """A route in its application's table: a pattern, and paths that stand for all that it takes."""

    route: Route
    pattern: re.Pattern[str] | None
    samples: tuple[str, ...]

    def takes_all_of(self, other: Entry) -> bool:
        pattern = self.pattern
        return pattern is not None and bool(other.samples) and all(map(pattern.fullmatch, other.samples))


@dataclass(eq=False)
class Table:
    """Routes of one application in the order in which they are tried.

    Entries are found by how many segments their path has and by the last one that is fixed, so that a look-up costs the
    depth of a path and not the size of the table. What may take any number of segments is kept apart.
    """

    by_segment: dict[tuple[int, int, str], list[Entry]] = field(default_factory=dict)
    wide: list[Entry] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        segments = entry.route.path.split("/")
        if not set(entry.route.converters.values()) <= _WITHIN_A_SEGMENT:
            self.wide.append(entry)
            return
        fixed = [(index, each) for index, each in enumerate(segments) if each and "{" not in each]
        index, text = fixed[-1] if fixed else (0, "")
        self.by_segment.setdefault((len(segments), index, text), []).append(entry)

    def before(self, entry: Entry) -> Iterator[Entry]:
        """Earlier entries that may take the paths of this one."""
        segments = next(iter(entry.samples), entry.route.path).split("/")
        for index, text in enumerate(segments):
            yield from self.by_segment.get((len(segments), index, text), ())
        yield from self.wide


def entry(route: Route) -> Entry:
    """The route's pattern and samples. A converter is a name or, in Django, a regular expression.

    What a group without a name takes is not known: such a route has neither pattern nor samples.
    """
    if route.framework in _DJANGO and "{var}" in route.path and "var" not in route.converters:
        return Entry(route, None, ())
    regex: list[str] = []
    samples = [""]
    for index, piece in enumerate(_PARAMETER.split(route.path)):
        if index % 2 == 0:
            regex.append(re.escape(piece))
            samples = [sample + piece for sample in samples]
            continue
        converter = route.converters.get(piece, "str")
        regex.append(f"(?:{_ACCEPTED.get(converter, converter)})")
        given = _SAMPLES.get(converter, _ANY_SAMPLES)
        samples = [sample + given[each % len(given)] for each, sample in enumerate(_widened(samples, len(given)))]
    pattern = _compiled("".join(regex))
    kept = tuple(sample for sample in samples if pattern is not None and pattern.fullmatch(sample))
    return Entry(route, pattern, kept)


def _compiled(regex: str) -> re.Pattern[str] | None:
    try:
        return re.compile(regex)
    except re.error:
        return None


def _widened(samples: list[str], count: int) -> list[str]:
    """As many samples as a piece has values, at least: repeated, not multiplied, so that they stay few."""
    return [samples[index % len(samples)] for index in range(max(len(samples), count))]


def methods_taken(route: Route) -> frozenset[str]:
    """The methods for which a route's pattern decides; all of them where the framework looks at paths alone."""
    if route.is_websocket:
        return frozenset({"WEBSOCKET"})
    if route.framework in _DJANGO or "*" in route.methods:
        return frozenset({_OTHER})
    return frozenset(route.methods)


def covers(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether every method of the second is one of the first."""
    return second <= first or (_OTHER in first and "WEBSOCKET" not in second)


def shape(route: Route) -> str:
    """The path without the names of its parameters: `/orders/{int}`; equal shapes take equal paths."""
    return _PARAMETER.sub(lambda match: "{" + route.converters.get(match.group(1), "str") + "}", route.path)
