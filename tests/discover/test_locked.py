from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.discover.locked import locked


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", '[[package]]\nname = "redis"\nversion = "5.2.1"\nsource = { registry = "a" }\n'),
        ("server/poetry.lock", '[[package]]\nname = "redis"\nversion = "5.2.1"\ndescription = ""\n'),
        ("Pipfile.lock", '{"default": {"redis": {"hashes": ["sha256:1"], "version": "==5.2.1"}}}'),
        ("requirements.txt", "# cache\nredis[hiredis]==5.2.1  # pinned\nflask>=3\n"),
    ],
)
def test_versions_are_read_from_what_projects_lock_with(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert locked(tmp_path) == {"redis": "5.2.1"}


def test_a_project_that_locks_nothing_has_no_versions(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("redis>=5\n")
    assert locked(tmp_path) == {}
