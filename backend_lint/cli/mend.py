"""`--fix` and `--diff`: what fixes make of the files, written or shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from backend_lint.cli import exits, output, terminal
from backend_lint.cli.projects import Project
from backend_lint.core import Finding, Report, Safety
from backend_lint.discover import Discovery
from backend_lint.fix.files import mended
from backend_lint.fix.patch import Change, patch
from backend_lint.fix.settle import Outcome
from backend_lint.fix.summary import summary
from backend_lint.source import Source, parse

Lint = Callable[[Discovery], Report]


def fixed(projects: Sequence[tuple[Project, Lint]], chosen: dict[str, Any], *, is_quiet: bool) -> None:
    """Apply fixes to the files of the projects, and say what was done."""
    for (config, found), lint in projects:
        if found.overlay:
            raise click.UsageError("--fix has no file to write for stdin; --diff shows what it would do")
        outcome, changes = _mended(found, lint, chosen)
        for change in changes:
            output.write_file(config.root / change.path, change.after)
        if not is_quiet:
            for line in summary(outcome):
                terminal.say(line)


def shown(projects: Sequence[tuple[Project, Lint]], chosen: dict[str, Any], cwd: Path) -> int:
    """Print the fixes as a patch, and write nothing."""
    changes: list[Change] = []
    for (config, found), lint in projects:
        for change in _mended(found, lint, chosen)[1]:
            path = config.root / change.path
            named = path.relative_to(cwd).as_posix() if path.is_relative_to(cwd) else change.path
            changes.append(msgspec.structs.replace(change, path=named))
    terminal.write_bytes(patch(changes))
    return exits.FAILED if changes else exits.PASSED


def _is_python(path: str, content: bytes) -> bool:
    return isinstance(parse(path, content), Source)


def _mended(found: Discovery, lint: Lint, chosen: dict[str, Any]) -> tuple[Outcome, tuple[Change, ...]]:
    contents = {}
    for file in found.files:
        content = found.overlay.get(file.path) if file.reported else None
        if content is None and file.reported and Path(file.absolute).is_file():
            content = Path(file.absolute).read_bytes()
        if content is not None:
            contents[file.path] = content

    def relinted(changed: Mapping[str, bytes]) -> Sequence[Finding]:
        return lint(msgspec.structs.replace(found, overlay={**found.overlay, **changed})).findings

    allowed = {Safety.SAFE, Safety.UNSAFE} if chosen["unsafe_fixes"] else {Safety.SAFE}
    return mended(lint(found).findings, contents, _is_python, relinted, frozenset(allowed))
