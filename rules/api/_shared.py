"""What the rules on endpoints have in common."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from backend_lint.api import Function, Place, Project, Route, ir

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
_SAMPLES = {
    "int": ("7", "4103"),
    "float": ("7.5", "4103"),
    "uuid": ("6f1c9d3e-58a2-4b7e-9a0d-2c41f0e8b7a5",),
    "slug": ("q7-z_x", "4103"),
    "path": ("q7,z/x.y", "z", "4103"),
}
_ANY_SAMPLES = ("q7,z.x", "q7-z_x", "qz", "4103")
_OTHER = "*"


def siblings(routes: Iterable[Route]) -> dict[str, list[Route]]:
    """Routes by the container they are registered on, in order."""
    found: dict[str, list[Route]] = {}
    for route in routes:
        found.setdefault(route.router, []).append(route)
    return found


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

    Entries are found by the part of their path before the first parameter, so that a look-up costs the depth of a path
    and not the size of the table.
    """

    by_prefix: dict[str, list[Entry]] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        head, parameter, _ = entry.route.path.partition("{")
        prefix = head if not parameter else head[: head.rfind("/")]
        self.by_prefix.setdefault(prefix, []).append(entry)

    def before(self, entry: Entry) -> Iterator[Entry]:
        """Earlier entries that may take paths of this one, the first added first in each prefix."""
        sample = next(iter(entry.samples), entry.route.path)
        cuts = [index for index, char in enumerate(sample) if char == "/"]
        for prefix in dict.fromkeys([*(sample[:cut] for cut in cuts), sample]):
            yield from self.by_prefix.get(prefix, ())


def entry(route: Route) -> Entry:
    """The route's pattern and samples. A converter is a name or, in Django, a regular expression."""
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


def are_alternatives(project: Project, first: Place, second: Place) -> bool:
    """Whether two places of one file lie in different branches of one statement, so that only one of them happens."""
    module = project.by_path.get(first.path)
    if module is None or first.path != second.path:
        return False
    starts = module.facts.line_starts
    offsets = [starts[place.line - 1] + place.column - 1 for place in (first, second)]
    bodies = [module.body, *(each.body for each in module.functions), *(each.body for each in module.classes)]
    return any(_parts(body, *offsets) for body in bodies)


def _parts(body: list[ir.Stmt], first: int, second: int) -> bool:
    for stmt in ir.walk_statements(body):
        if (
            isinstance(stmt, ir.If | ir.Try | ir.Match)
            and stmt.at <= min(first, second)
            and max(first, second) < stmt.end
        ):
            places = [[_within(block, offset) for block in ir.blocks(stmt)] for offset in (first, second)]
            if any(places[0]) and any(places[1]) and places[0] != places[1]:
                return True
    return False


def _within(block: list[ir.Stmt], offset: int) -> bool:
    return bool(block) and block[0].at <= offset < block[-1].end


_PAGES = ("HTMLResponse", "TemplateResponse", "FileResponse", "RedirectResponse", "PlainTextResponse")


def is_page(project: Project, route: Route) -> bool:
    """Whether a route answers with a page or a file rather than with data."""
    declared = ir.dotted(route.options.get("response_class")) or ""
    return declared.endswith(_PAGES) or any(name.endswith(_PAGES) for name in returned_calls(project, route.handler))


def returned_calls(project: Project, function: Function | None) -> Iterator[str]:
    """The names of what is called for each returned value: `starlette.responses.FileResponse`."""
    for stmt in function.statements if function is not None else ():
        value = stmt.value if isinstance(stmt, ir.Return) else None
        value = value.value if isinstance(value, ir.Await) else value
        if isinstance(value, ir.Call):
            assert function is not None
            yield project.site(value, function).symbol or ir.dotted(value.func) or ""
