"""The sample project is a shop that works, and EXPECTED.md says truly where its faults are."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from backend_lint.core import GUIDELINES

SHOP = Path(__file__).resolve().parents[1] / "fixtures" / "shop"
ENTRY = re.compile(r"(?P<path>\S+\.py):(?P<line>\d+) (?P<code>[A-Z]{3}\d{3}) `(?P<piece>.+?)` [A-Z`].+")


class Entry(NamedTuple):
    section: str
    path: str
    line: int
    code: str
    piece: str


def entries() -> list[Entry]:
    found, section = [], ""
    for text in (SHOP / "EXPECTED.md").read_text().splitlines():
        if text.startswith("## "):
            section = text.removeprefix("## ")
        elif entry := ENTRY.fullmatch(text):
            found.append(Entry(section, entry["path"], int(entry["line"]), entry["code"], entry["piece"]))
    return found


def run(*command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(SHOP), "PYTHONDONTWRITEBYTECODE": "1", "DATABASE_URL": "sqlite://"}
    return subprocess.run(
        [sys.executable, "-W", "ignore", *command],
        cwd=SHOP,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("entry", entries(), ids=lambda entry: f"{entry.path}:{entry.line}-{entry.code}")
def test_an_expected_line_says_what_it_is_said_to_say(entry: Entry) -> None:
    assert entry.piece in (SHOP / entry.path).read_text().splitlines()[entry.line - 1]


def test_every_guideline_has_something_to_find() -> None:
    found = {f"{entry.code[:3]}-{entry.code[3]}" for entry in entries() if entry.section == "Must be reported"}
    assert found == set(GUIDELINES)


def test_no_place_is_both_right_and_wrong() -> None:
    wrong = {entry[1:4] for entry in entries() if entry.section != "Must not be reported"}
    right = {entry[1:4] for entry in entries() if entry.section == "Must not be reported"}
    assert right
    assert not wrong & right


def test_the_shop_does_not_point_at_its_faults() -> None:
    for file in SHOP.rglob("*.py"):
        assert not re.search(r"\b(ARC|API|DAT|SEC)-?\d|backend.lint|noqa|nosec", file.read_text()), file


def test_the_shop_serves() -> None:
    program = (
        "from fastapi.testclient import TestClient; from shop.main import app; "
        "client = TestClient(app); print(client.get('/health').json(), len(client.get('/openapi.json').json()['paths']))"
    )
    assert run("-c", program).stdout == "{'status': 'ok'} 30\n"


def test_the_shop_passes_its_own_tests() -> None:
    outcome = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(SHOP), "tests")
    assert outcome.returncode == 0, outcome.stdout
