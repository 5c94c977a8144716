"""What rules make of the versions of libraries that a project has settled on."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.rules.architecture.request_resource_in_background import RequestResourceInBackground
from tests.reading import project

CASE = Path(__file__).parents[2] / "fixtures/architecture/request_resource_in_background/good/background_task.py"


@pytest.mark.parametrize(
    ("version", "found"), [("0.105.0", 0), ("0.106.0", 1), ("0.117.1", 1), ("0.118.0", 0), ("1.0", 0), ("", 0)]
)
def test_a_background_task_has_the_session_as_long_as_fastapi_leaves_it_open(version: str, found: int) -> None:
    linked = project({"app.py": CASE.read_text("utf-8")})
    linked.versions = {"fastapi": version}
    assert len(list(RequestResourceInBackground().check(linked))) == found
