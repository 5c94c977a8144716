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


def test_each_project_keeps_its_own_score_in_it(monorepo: Program) -> None:
    alone = [monorepo("--format", "json", name).json for name in ("billing", "shop")]
    whole = monorepo("--format", "json").json
    assert [(each["project"], each["score"]["overall"]) for each in whole["projects"]] == [
        (name, part["score"]["overall"]) for name, part in zip(("billing", "shop"), alone, strict=True)
    ]
    assert [each["gate"]["passed"] for each in whole["projects"]] == [True, False]
    assert all("projects" not in part for part in alone)


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


@pytest.fixture
def two_applications(program: Program) -> Program:
    """Two of them in one tree, and nothing that says so; the one has a route that is no other's sibling."""
    program.put({
        "orders/app/main.py": "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/orders')\ndef orders(): ...\n",
        "orders/pyproject.toml": "",
        "billing/main.py": "from flask import Flask\n\napp = Flask(__name__)\n\n\n"
        + LOGS.format(name="refund").replace("def", "@app.get('/<order>')\ndef"),
        "billing/requirements.txt": "",
    })  # fmt: skip
    program.commit()
    return program


def test_two_applications_are_two_models_with_a_score_each(two_applications: Program) -> None:
    full = two_applications("--select", "SEC4").out
    assert [line for line in full.splitlines() if line.startswith("backend-lint ")] == [
        "backend-lint 0.1.0 · billing · Flask · 1 file, 16 lines · 1 route",
        "backend-lint 0.1.0 · orders · FastAPI · 1 file, 7 lines · 1 route",
    ]
    assert full.count("Overall ") == 2
    assert [each["frameworks"] for each in two_applications("model", "--format", "json").json] == [
        ["Flask"],
        ["FastAPI"],
    ]
    scores = two_applications("score", "--format", "json").json
    assert [each["project"] for each in scores] == ["billing", "orders"]
    text = two_applications("score").out
    assert [name for name in ("billing", "orders") if f"{name}\n" in text] == ["billing", "orders"]


def test_a_file_is_judged_in_its_application(two_applications: Program) -> None:
    outcome = two_applications.check("billing/main.py")
    assert (outcome.found, outcome.json["project"]) == (["billing/main.py:16 SEC403"], "billing")
    assert two_applications.check("orders").json["project"] != "billing"


def test_roots_that_are_given_make_one_project_of_them(two_applications: Program) -> None:
    two_applications.put({"backend-lint.toml": "roots = ['orders', 'billing']"})
    assert two_applications("--select", "SEC4").out.count("Overall ") == 1


def test_what_was_accepted_or_there_before_is_so_in_each_application(two_applications: Program) -> None:
    two_applications.put({"backend-lint.toml": "select = ['SEC4']\nfail-on = 'low'"})
    assert two_applications("--new-from", "HEAD").code == 0
    two_applications("baseline", "write")
    accepted = two_applications("--format", "json", "--baseline", "backend-lint-baseline.jsonl")
    assert (accepted.code, accepted.accepted) == (0, ["billing/main.py:16 SEC403"])
    assert two_applications("baseline", "check").code == 0
    two_applications.put({"orders/app/new.py": LOGS.format(name="charge")})
    assert two_applications("--new-from", "HEAD", "--format", "json").found == ["orders/app/new.py:10 SEC403"]


def test_patterns_of_the_configuration_are_held_against_all_applications(two_applications: Program) -> None:
    two_applications.put({"backend-lint.toml": "[[overrides]]\npaths = ['orders/']\nignore = ['SEC4']\n"})
    assert "matches no file" not in two_applications().err
