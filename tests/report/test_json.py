"""JSON: its schema is published, and changes only with its version."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import backend_lint.report
from backend_lint.report.json import SCHEMA_VERSION, published_schema, schema
from tests.report.shop import CLEAN, REPORT, shown


def test_the_published_schema_is_the_shape_of_the_report(request: pytest.FixtureRequest) -> None:
    """When this fails, raise SCHEMA_VERSION: `--update-golden` then writes the new schema beside the old, which stays."""
    file = Path(backend_lint.report.__file__).parent / "schema" / f"report-{SCHEMA_VERSION}.json"
    if request.config.getoption("--update-golden", default=False) and not file.exists():
        file.write_text(json.dumps(schema(), indent=2, sort_keys=True) + "\n", "utf-8")
    assert published_schema() == json.loads(json.dumps(schema()))


@pytest.mark.parametrize("report", [REPORT, CLEAN], ids=["findings", "clean"])
@pytest.mark.parametrize("more", [False, True], ids=["plain", "all"])
def test_a_report_is_valid_by_the_published_schema(report, more: bool) -> None:
    document = json.loads(shown("json", report, statistics=more, timing=more))
    jsonschema.Draft202012Validator(published_schema()).validate(document)
    assert document["schema_version"] == SCHEMA_VERSION
    assert ("timing" in document) == ("statistics" in document) == more


def test_the_schema_refuses_another_shape() -> None:
    document = json.loads(shown("json"))
    del document["score"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(published_schema()).validate(document)


def test_a_data_flow_keeps_its_steps() -> None:
    finding = next(each for each in json.loads(shown("json"))["findings"] if each["code"] == "SEC201")
    assert [step["at"]["path"] for step in finding["trace"]] == ["app/reports.py"] * 3 + ["app/db.py"]


def test_findings_of_every_state_are_there_with_their_reason() -> None:
    states = {each["state"]: each["reason"] for each in json.loads(shown("json"))["findings"]}
    assert states["suppressed"] == "the gateway logs it"
    assert set(states) == {"active", "baselined", "suppressed"}
