from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from tests.program import LOGS, Program


@pytest.fixture
def monorepo(program: Program) -> Program:
    program.put({
        "shop/backend-lint.toml": "select = ['SEC4']\nfail-on = 'low'",
        "shop/app.py": LOGS.format(name="charge"),
        "billing/backend-lint.toml": "select = ['SEC4']",
        "billing/app.py": LOGS.format(name="refund"),
    })  # fmt: skip
    return program


def test_one_document_holds_all_projects(monorepo: Program) -> None:
    outcome = monorepo("--format", "json")
    assert outcome.code == 1
    assert [each for each in outcome.found if each.endswith("SEC403")] == [
        "billing/app.py:10 SEC403",
        "shop/app.py:10 SEC403",
    ]
    assert outcome.json["inventory"]["files"] == 2
    assert outcome.json["gate"]["reasons"] == ["shop: 1 finding at low or above (--fail-on low)"]


def test_the_score_is_that_of_all_findings_and_units(monorepo: Program) -> None:
    whole = monorepo("--format", "json").json
    rule = {each["code"]: each for each in whole["rules"]}["SEC403"]
    parts = [monorepo("--format", "json", name).json for name in ("shop", "billing")]
    assert rule["examined"] == sum(
        {each["code"]: each for each in part["rules"]}["SEC403"]["examined"] for part in parts
    )
    assert whole["score"]["overall"] < min(part["score"]["overall"] for part in parts)


@pytest.mark.parametrize("name", ["sarif", "gitlab", "rdjson", "junit", "html"])
def test_every_format_takes_them(monorepo: Program, name: str) -> None:
    monorepo("--output", f"{name}:out")
    written = monorepo.read("out")
    assert "billing/app.py" in written
    assert "shop/app.py" in written
    if name == "junit":
        ElementTree.fromstring(written)
    elif name != "html":
        json.loads(written)


def test_people_read_one_after_the_other(monorepo: Program) -> None:
    out = monorepo("--format", "concise").out
    assert out.count("SEC403") == 2
    assert out.index("billing/app.py") < out.index("shop/app.py")
