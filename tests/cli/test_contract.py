from __future__ import annotations

import json

import pytest

from tests.program import Program

APP = """\
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Order(BaseModel):
    id: int
    total: {total}


@app.get("/orders/{{order_id}}")
def read(order_id: int) -> Order: ...
"""
BEFORE, AFTER = APP.format(total="str"), APP.format(total="float")


@pytest.fixture
def changed(program: Program) -> Program:
    """A response that changed since the commit, and the contract of before in `contract.json`."""
    program.put({"backend-lint.toml": "", "app.py": BEFORE})
    program.commit()
    assert program("contract", "export", "--output", "contract.json").code == 0
    program.write(app=AFTER)
    return program


def test_a_contract_is_the_same_wherever_its_lines_stand(changed: Program) -> None:
    changed.write(app="# moved\n\n" + BEFORE)
    assert changed("contract", "export").out == changed.read("contract.json")


def test_a_change_is_held_against_a_revision(changed: Program) -> None:
    outcome = changed("contract", "diff", "HEAD", "--format", "json")
    assert (outcome.code, outcome.found) == (1, ["app.py:9 API403"])
    assert [step["at"]["line"] for step in outcome.json["findings"][0]["related"]] == [9]


def test_a_change_is_held_against_a_file_that_says_where_it_was(changed: Program) -> None:
    outcome = changed("contract", "diff", "contract.json", "--format", "json")
    [related] = outcome.json["findings"][0]["related"]
    line = changed.read("contract.json").splitlines()[related["at"]["line"] - 1]
    assert (outcome.code, related["at"]["path"], line.strip()) == (1, "contract.json", '"total": {')


@pytest.mark.parametrize("field", ["name", "at", "router", "method", "fields"])
def test_fields_may_be_called_like_what_a_contract_is_made_of(program: Program, field: str) -> None:
    program.write(app=BEFORE.replace("total", field))
    assert program("contract", "export", "--output", "contract.json").code == 0
    assert program("contract", "diff", "contract.json").code == 0
    program.write(app=AFTER.replace("total", field))
    assert program("contract", "diff", "contract.json", "--format", "json").found == ["app.py:9 API403"]


def test_a_check_of_what_is_new_holds_the_contract(changed: Program) -> None:
    assert changed.check("--new-from", "HEAD", select="API-4").found == ["app.py:9 API403"]
    changed.write(app=BEFORE)
    assert changed.check("--new-from", "HEAD", select="API-4").code == 0


def test_a_check_holds_the_contract_that_the_configuration_names(changed: Program) -> None:
    assert changed.check(select="API-4").found == []
    changed.put({"backend-lint.toml": 'contract = "contract.json"\n'})
    assert changed.check(select="API-4").found == ["app.py:9 API403"]


def test_without_an_earlier_contract_nothing_is_assessed(changed: Program) -> None:
    assert "API403" not in [rule["code"] for rule in changed.check(select="API-4").json["rules"] if rule["examined"]]


@pytest.mark.parametrize("text", ["{", "[]", json.dumps({"version": 7}), json.dumps({"version": 1, "tasks": 3})])
def test_a_file_that_is_no_contract_is_misuse(changed: Program, text: str) -> None:
    changed.put({"contract.json": text})
    outcome = changed("contract", "diff", "contract.json", "--format", "json")
    assert (outcome.code, "contract.json is no" in outcome.err) == (2, True)
