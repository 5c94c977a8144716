"""Reports for the commands that say something about a run instead of showing it."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from backend_lint.cli import progress
from backend_lint.cli.projects import Project, reached
from backend_lint.cli.session import Session
from backend_lint.core import Report
from backend_lint.run import run


def reported(session: Session, paths: Sequence[str], chosen: dict[str, Any]) -> list[tuple[Project, Report]]:
    """Every project that `paths` lead to, with what a run says of it."""
    projects = reached(session, paths, chosen, Path.cwd())
    today = datetime.date.today()
    with progress.shown(session.environ, is_quiet=session.is_quiet) as tell:
        return [((config, found), run(config, found, progress=tell, today=today)) for config, found in projects]
