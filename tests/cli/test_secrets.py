"""What a rule found to be a secret, and where the project lies, are written nowhere: reports, talk, cache, baseline."""

from __future__ import annotations

import pytest

from backend_lint.report import FORMATS
from tests.program import Program

SECRETS = ("hunter2-Kx9vQ!", "pq7RtzLm3wV8")
APP = f"""\
import logging

from fastapi import FastAPI

app = FastAPI()
log = logging.getLogger(__name__)
password = "{SECRETS[0]}"
DATABASE_URL = "postgresql://admin:{SECRETS[1]}@db.example.org/app"


@app.get("/orders")
def orders(q: str):
    log.info("password %s", password)
    return eval(q)
"""


@pytest.fixture
def project(program: Program) -> Program:
    program.write(app=APP)
    return program


def unwritten(project: Program, written: str | bytes) -> bool:
    content = written if isinstance(written, bytes) else written.encode()
    return all(each.encode() not in content for each in (*SECRETS, project.root.as_posix()))


@pytest.mark.parametrize("name", FORMATS)
def test_no_report_and_no_talk_has_them(project: Program, name: str) -> None:
    found = project("--format", "json").json["findings"]
    assert [each["at"]["line"] for each in found if each["code"] == "SEC302"][:2] == [7, 8]
    outcome = project("--format", name, "--all", "--preview", "--timing", "--statistics", "--verbose")
    assert unwritten(project, outcome.out + outcome.err)


@pytest.mark.parametrize("words", [("model", "--format", "json"), ("contract", "export"), ("score", "--explain")])
def test_no_other_answer_has_them(project: Program, words: tuple[str, ...]) -> None:
    outcome = project(*words)
    assert unwritten(project, outcome.out + outcome.err)


def test_neither_cache_nor_baseline_has_them(project: Program) -> None:
    project("baseline", "write")
    files = [path for path in project.root.rglob("*") if path.is_file() and path.name != "app.py"]
    assert {"CACHEDIR.TAG", "backend-lint-baseline.jsonl"} <= {path.name for path in files}
    assert [path.name for path in files if not unwritten(project, path.read_bytes())] == []
