"""The versions of libraries that a project has settled on, from its lock files and pinned requirements.

Only what decides the behaviour of a library is asked of them; a project without such files has no known versions.
Source: https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile, https://python-poetry.org/docs/basic-usage/,
https://pipenv.pypa.io/en/stable/pipfile.html, https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

_LOCKS = ("uv.lock", "poetry.lock", "pdm.lock")
_MAX_BYTES = 8_000_000
_PACKAGE = re.compile(r'^name = "([^"\n]+)"\nversion = "([^"\n]+)"', re.MULTILINE)
_PIPENV = re.compile(r'"([\w.-]+)": \{[^{}]*?"version": "==([^"\n]+)"')
_PINNED = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]\n]*\])?\s*==\s*([\w.!+-]+)", re.MULTILINE)


def locked(root: Path) -> dict[str, str]:
    """Versions by normalised name, sorted. Files of the root come before those of directories directly below."""
    found: dict[str, str] = {}
    for pattern, path in _files(root):
        for name, version in pattern.findall(_text(path)):
            found.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version)
    return dict(sorted(found.items()))


def _files(root: Path) -> Iterator[tuple[re.Pattern[str], Path]]:
    try:
        below = sorted(each for each in root.iterdir() if each.is_dir() and not each.name.startswith("."))
    except OSError:
        below = []
    for directory in (root, *below):
        for name in _LOCKS:
            yield _PACKAGE, directory / name
        yield _PIPENV, directory / "Pipfile.lock"
    yield from ((_PINNED, path) for path in sorted(root.glob("requirements*.txt")))


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace") if path.stat().st_size <= _MAX_BYTES else ""
    except OSError:
        return ""
