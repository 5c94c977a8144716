"""Bandit itself, run as its command line runs it, on text instead of files."""

from __future__ import annotations

import io

from bandit.core.config import BanditConfig
from bandit.core.manager import BanditManager

Verdict = tuple[str, int, str, str, str]


def verdicts(content: bytes, path: str = "app.py") -> tuple[list[Verdict], bool]:
    """What Bandit reports: id, line, severity, confidence, text, sorted; and whether it could read the file."""
    manager = BanditManager(BanditConfig(), "file")
    manager._parse_file(path, io.BytesIO(content), [path])
    found = [(each.test_id, each.lineno, each.severity, each.confidence, each.text) for each in manager.results]
    return sorted(found), not manager.skipped
