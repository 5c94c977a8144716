"""A run on a few paths, as a program asks for it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from backend_lint.config import Config, Invocation
from backend_lint.core import Finding, Report
from backend_lint.discover import Discovery, projects
from backend_lint.report import Lines
from backend_lint.run import run, run_since, source_lines


class Linted(NamedTuple):
    """A project, and what a run says of it. Paths in the report count from the configuration's root."""

    config: Config
    discovery: Discovery
    report: Report

    @property
    def lines(self) -> Lines:
        return source_lines(self.config, self.discovery.overlay)

    def path(self, finding: Finding) -> Path:
        return self.config.root / finding.at.path


def linted(
    paths: Iterable[Path],
    cwd: Path,
    environ: Mapping[str, str],
    *,
    flags: Mapping[str, Any] | None = None,
    overlay: Mapping[Path, bytes] | None = None,
    new_from: str | None = None,
) -> list[Linted]:
    """Every project that `paths` reach. `flags` are settings, by the keys that a configuration file has.

    `new_from` is a git revision: findings that were there are not active then. Raises BackendLintError.
    """
    invocation = Invocation(cwd=cwd, flags=dict(flags or {}), environ=environ)
    today = datetime.date.today()
    found = []
    for config, discovery in projects(paths, invocation, overlay):
        if not discovery.files:
            continue
        if new_from is None:
            report = run(config, discovery, today=today)
        else:
            report = run_since(new_from, environ, config, discovery, today=today)
        found.append(Linted(config, discovery, report))
    return found
