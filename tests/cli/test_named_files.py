"""A run on some files of a project: what stands in them, and what they cause elsewhere."""

from __future__ import annotations

import io
import json

import pytest

from tests.cli.test_new_from import ROUTE, SAFE, UNSAFE
from tests.program import LOGS, Program

SILENT = UNSAFE.replace("+ q)", "+ q)  # backend-lint: ignore[sql-injection] -- q is checked before")


@pytest.fixture
def project(program: Program) -> Program:
    """Client data comes in by `app.py` and does harm in `queries.py`, which has a finding of its own, too."""
    program.put({
        "backend-lint.toml": "select = ['SEC201', 'SEC403']\nfail-on = 'low'\n",
        "app.py": ROUTE,
        "queries.py": UNSAFE + "\n\n" + LOGS.format(name="charge"),
    })  # fmt: skip
    return program


@pytest.mark.parametrize(
    ("named", "found"),
    [
        ("app.py", ["queries.py:5 SEC201"]),
        ("queries.py", ["queries.py:5 SEC201", "queries.py:17 SEC403"]),
        ("other.py", []),
    ],
)
def test_what_a_file_causes_is_told_of_it(project: Program, named: str, found: list[str]) -> None:
    project.write(other="x = 1\n")
    outcome = project("--format", "json", named)
    assert (outcome.found, outcome.code) == (found, 1 if found else 0)


def test_what_is_silent_where_it_stands_stays_silent(project: Program) -> None:
    project.write(queries=SILENT + "\nx = 1  # backend-lint: ignore[SEC403] -- of no use\n")
    outcome = project("--format", "json", "app.py")
    assert (outcome.found, [each["state"] for each in outcome.json["findings"]]) == ([], ["suppressed"])


def test_what_was_accepted_where_it_stands_stays_accepted(project: Program) -> None:
    project("baseline", "write")
    outcome = project("--format", "json", "app.py", "--baseline", "backend-lint-baseline.jsonl")
    assert (outcome.found, outcome.accepted, outcome.code) == ([], ["queries.py:5 SEC201"], 0)
    assert [each["message"] for each in outcome.json["diagnostics"]] == []
    before = project.read("backend-lint-baseline.jsonl")
    for what in ("write", "prune"):
        assert project("baseline", what, "app.py").code == 0
        assert project.read("backend-lint-baseline.jsonl") == before


def test_what_a_file_causes_anew_is_new(project: Program) -> None:
    project.write(queries=SAFE)
    project.commit()
    project.write(queries=UNSAFE)
    assert project("--format", "json", "--new-from", "HEAD", "app.py").found == ["queries.py:5 SEC201"]
    project.commit()
    outcome = project("--format", "json", "--new-from", "HEAD", "app.py")
    assert (outcome.found, outcome.accepted) == ([], ["queries.py:5 SEC201"])


def test_an_agent_is_told_what_its_edit_causes_elsewhere(project: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    event = {"cwd": str(project.root), "tool_input": {"file_path": str(project.root / "app.py")}}
    monkeypatch.setattr("sys.stdin", io.StringIO(json.dumps(event)))
    outcome = project("hook", "claude-code")
    assert outcome.code == 2
    assert "queries.py" in outcome.err
