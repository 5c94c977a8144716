"""What a run would read: the answer to `--show-files`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from backend_lint.cli.columns import columns
from backend_lint.cli.projects import Project
from backend_lint.config import shown


def listed(projects: Sequence[Project], cwd: Path, *, as_json: bool) -> str:
    """Every file that would be reported on with its role, and what was met and is not linted."""
    rows = [
        (shown(config.root / path, cwd), role)
        for config, found in projects
        for path, role in sorted(
            [
                *((file.path, file.role.value) for file in found.files if file.reported),
                *((path, "") for path in found.notebooks),
            ]
        )
    ]
    if as_json:
        return json.dumps([{"path": path, "role": role or None} for path, role in rows], ensure_ascii=False) + "\n"
    return columns((role or "not linted", path) for path, role in rows)
