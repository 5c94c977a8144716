from __future__ import annotations

from importlib import resources

import jsonschema
import pytest
import tomli

from backend_lint.config import Settings, profiles, schema

VALID = """
extend = "../base.toml"
profile = "strict"
select = ["SEC", "scope:file"]
fail-on = "never"
fail-under = { overall = 70, SEC-2 = 90 }
severity = { SEC2 = "low" }
roles = { test = ["checks/"] }
rules.fat-handler.max-statements = 40
timeout-per-file = 5
[[overrides]]
paths = ["a"]
ignore = ["ARC"]
"""


def errors(table: str) -> list[str]:
    validator = jsonschema.Draft7Validator(schema())
    return [error.message for error in validator.iter_errors(tomli.loads(table))]


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(schema())


def test_it_accepts_what_a_person_may_write() -> None:
    assert errors(VALID) == []
    assert errors("fail-under = 70\nfail-on = 'high'") == []


@pytest.mark.parametrize("profile", profiles())
def test_it_accepts_the_profiles(profile: str) -> None:
    text = resources.files("backend_lint.config").joinpath(f"profiles/{profile}.toml").read_text("utf-8")
    assert errors(text) == []


@pytest.mark.parametrize(
    "table",
    [
        "jbs = 1",
        "jobs = '1'",
        "profile = 'x'",
        "fail-on = 'hgh'",
        "fail-under = 101",
        "fail-under = {SEX = 1}",
        "[[overrides]]",
    ],
)
def test_it_rejects_what_we_reject(table: str) -> None:
    assert errors(table)


def test_every_key_says_what_it_is_for() -> None:
    assert [
        key for key, value in schema()["properties"].items() if not value.get("description") and "$ref" not in value
    ] == []
    assert set(schema()["properties"]) == set(Settings.__struct_encode_fields__)
