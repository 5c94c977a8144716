"""Several applications in one tree: which directories are a project of their own though no configuration says so."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from backend_lint.config import AT_THE_TOP

_APPLICATION = re.compile(
    rb"\b(?:FastAPI|Starlette|Flask|APIFlask|OpenAPI|Sanic|Litestar|Quart|Configurator|web\.Application)\(|\bDJANGO_SETTINGS_MODULE\b|^ROOT_URLCONF\b",
    re.MULTILINE,
)
_IMPORT = re.compile(rb"^[ \t]*(?:from[ \t]+([\w.]+)[ \t]+import\b|import[ \t]+([^\n#;(]+))", re.MULTILINE)
_NAMES_MODULES = re.compile(rb"DJANGO_SETTINGS_MODULE|INSTALLED_APPS|urlpatterns")
_QUOTED = re.compile(rb"[\"']([a-zA-Z_][\w.]*)[\"']")


class Part(msgspec.Struct, frozen=True):
    """One of several projects in a tree: what lies in the directories that are its `own`, less what is in `others`."""

    name: str
    own: tuple[str, ...]
    others: tuple[str, ...]

    def holds(self, path: str) -> bool:
        return _around(path, {*self.own, *self.others}) in self.own


def parts(
    root: Path, paths: Collection[str], application: Collection[str], read: Callable[[str], bytes]
) -> tuple[Part, ...]:
    """The applications of a tree, where there are several that share no code; else nothing.

    `paths` are all its files, `application` those of them that are neither tests nor scripts; `read` gives the content
    of one. Directories that import each other are one project, as their models are; what belongs to none of them is a
    part of its own.
    """
    units = _units(root, paths)
    if len({_around(path, units) for path in application}) < 2:
        return ()
    made = [path for path in sorted(application) if _APPLICATION.search(read(path))]
    if len({_around(path, units) for path in made}) < 2:
        return ()
    groups = _together(units, {path: read(path) for path in paths})
    starts: dict[str, list[str]] = {}
    for path in made:
        unit = _around(path, units)
        starts.setdefault(groups[unit], []).append(unit)
    if len(starts) < 2:
        return ()
    rest = [unit for unit in sorted(units) if groups[unit] not in starts]
    found = {}
    for group, made_in in starts.items():
        own = [unit for unit in sorted(units) if groups[unit] == group]
        found["" if "" in own else min(made_in)] = own
    if rest and any(_around(path, units) in rest for path in application):
        found[""] = [*found.get("", ()), *rest]
    elif rest:
        found[min(found)] += rest
    return tuple(
        Part(name, tuple(sorted(own)), tuple(sorted(units.difference(own)))) for name, own in sorted(found.items())
    )


def _units(root: Path, paths: Iterable[str]) -> frozenset[str]:
    """The outermost directories with code of their own, or with what lies at the top of a project, and `""`."""
    directories = {_parent(path) for path in paths}
    units = {""}
    for directory in directories - {""}:
        names = directory.split("/")
        ways = ("/".join(names[:depth]) for depth in range(1, len(names) + 1))
        units.add(next(way for way in ways if way in directories or _is_top(root / way)))
    return frozenset(units)


def _is_top(directory: Path) -> bool:
    return any((directory / name).is_file() for name in AT_THE_TOP)


def _together(units: Collection[str], contents: Mapping[str, bytes]) -> dict[str, str]:
    """For each unit the first of those that it is connected to by imports, itself included."""
    group = {unit: unit for unit in units}

    def first(unit: str) -> str:
        while group[unit] != unit:
            unit = group[unit]
        return unit

    offered = _offered(units, contents)
    called = {unit.rpartition("/")[2]: unit for unit in sorted(units, reverse=True)}
    for path, content in contents.items():
        own = _around(path, units)
        targets = {_target(name, path, own, units, offered) for name in _imported(content)}
        targets |= {called.get(name.partition(".")[0], own) for name in _named(content)}
        for target in targets:
            one, other = sorted((first(own), first(target)))
            group[other] = one
    return {unit: first(unit) for unit in units}


def _offered(units: Collection[str], paths: Iterable[str]) -> dict[str, set[str]]:
    """By first name of an import, the units that have it: under their own name, at their top, or in their `src`."""
    offered: dict[str, set[str]] = {}
    for unit in units:
        for name in unit.split("/"):
            offered.setdefault(name, set()).add(unit)
    for path in paths:
        unit = _around(path, units)
        inner = path[len(unit) :].lstrip("/").removeprefix("src/")
        offered.setdefault(inner.partition("/")[0].removesuffix(".py"), set()).add(unit)
    return offered


def _target(name: str, path: str, own: str, units: Collection[str], offered: Mapping[str, set[str]]) -> str:
    """The unit that an import in the file of `path` leads to; its own where it leads out of the tree."""
    if name.startswith("."):
        rest = name.lstrip(".")
        above = path.split("/")[: -(len(name) - len(rest))]
        return _around("/".join((*above, *rest.split("."), "")), units)
    first = name.partition(".")[0]
    found = offered.get(first, set())
    if own in found or not found or first in sys.stdlib_module_names:
        return own
    return max(sorted(found), key=lambda unit: len(os.path.commonpath([unit, path])))


def _imported(content: bytes) -> Iterator[str]:
    for line in _IMPORT.finditer(content):
        names = (line[1] or line[2]).decode("ascii", "ignore")
        yield from (words[0] for each in names.split(",") if (words := each.split()))


def _named(content: bytes) -> Iterator[str]:
    """The names by which Django is told of modules, among other words."""
    if _NAMES_MODULES.search(content):
        yield from (name.decode("ascii", "ignore") for name in _QUOTED.findall(content))


def _around(path: str, units: Collection[str]) -> str:
    """The innermost of `units` that `path` lies in."""
    directory = _parent(path)
    while directory and directory not in units:
        directory = _parent(directory)
    return directory


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
