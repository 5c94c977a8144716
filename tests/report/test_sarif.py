"""SARIF, by other people's readers and by GitHub's limits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import jsonschema
import msgspec
import pytest

from backend_lint.core import Edit, Fix, Place, Safety, Severity, State
from backend_lint.report.sarif import primary_location_line_hashes
from tests.report.shop import CLEAN, FILES, REPORT, lines, rule, shown

# The OASIS standard's own schema, as it is published with the errata of version 2.1.0.
SCHEMA = json.loads((Path(__file__).parent / "schemas" / "sarif-schema-2.1.0.json").read_text("utf-8"))


def run(report=REPORT, **how) -> dict:
    return json.loads(shown("sarif", report, **how))["runs"][0]


def result(code: str, report=REPORT) -> dict:
    return next(each for each in run(report)["results"] if each["ruleId"] == code)


@pytest.mark.parametrize("report", [REPORT, CLEAN], ids=["findings", "clean"])
def test_it_is_valid_by_the_schema_of_oasis(report) -> None:
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(shown("sarif", report)))


@pytest.mark.skipif(not shutil.which("sarif-multitool"), reason="Microsoft's sarif-multitool is not installed")
def test_it_passes_the_rules_of_microsoft_and_github(tmp_path: Path) -> None:
    (tmp_path / "out.sarif").write_text(shown("sarif"), "utf-8")
    # The program that npm installs hands its arguments to a shell as they are, hence the quotes within the quotes.
    command = ["sarif-multitool", "validate", "out.sarif", "--rule-kind", "'Sarif;Ghas'", "--level", "Error"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"},
    )
    assert " error " not in done.stdout
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {1: "c129715d7a2bc9a3:1"}),
        (" a\nb\n  \t\tc\n d", {1: "271789c17abda88f:1", 2: "54703d4cd895b18:1", 3: "180aee12dab6264:1", 4: "a23a3dc5e078b07b:1"}),
        ("Lorem ipsum dolor sit amet.\n" * 10, {1: "a7f2ff13bc495cf2:1", 2: "a7f2ff13bc495cf2:2", 7: "a7f2ff1481e87703:1"}),
    ],
    ids=["empty", "spaces", "repeated"],
)  # fmt: skip
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_the_line_hash_is_the_one_that_github_computes(text: str, expected: dict[int, str], ending: str) -> None:
    assert primary_location_line_hashes(text.replace("\n", ending), expected) == expected


def test_characters_outside_the_basic_plane_count_as_two_units() -> None:
    """A rocket is two of the hundred: the hundredth letter after it is out of reach, the ninety-eighth is not."""

    def of(text: str) -> str:
        return primary_location_line_hashes(text, [1])[1]

    assert of("🚀" + "a" * 98 + "b") == of("🚀" + "a" * 98 + "c")
    assert of("🚀" + "a" * 97 + "b") != of("🚀" + "a" * 97 + "c")


def test_every_result_has_both_fingerprints_and_a_whole_region() -> None:
    for each in run()["results"]:
        uri = each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        known = {"backendLint/v1"} if uri == "app/gone.py" else {"backendLint/v1", "primaryLocationLineHash"}
        assert set(each["partialFingerprints"]) == known
        assert set(each["locations"][0]["physicalLocation"]["region"]) == {
            "startLine",
            "startColumn",
            "endLine",
            "endColumn",
        }


def test_a_trace_is_a_code_flow_across_files() -> None:
    steps = result("SEC201")["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [each["location"]["message"]["text"] for each in steps][0::3] == [
        "comes from the request",
        "used as query text",
    ]
    assert steps[-1]["location"]["physicalLocation"]["artifactLocation"]["uri"] == "app/db.py"


def test_related_places_are_linked_from_the_message() -> None:
    found = result("SEC101")
    assert found["message"]["text"].endswith("does not. See [a sibling that has the guard](1).")
    assert [each["id"] for each in found["relatedLocations"]] == [1]


def test_paths_are_relative_and_quoted() -> None:
    assert "app/weird%20%26%20%3Cname%3E.py" in shown("sarif")


def test_a_fix_is_a_replacement_by_lines_and_columns() -> None:
    (change,) = result("SEC403")["fixes"][0]["artifactChanges"]
    (replacement,) = change["replacements"]
    assert replacement["deletedRegion"] == {"startLine": 5, "startColumn": 16, "endLine": 5, "endColumn": 21}
    assert replacement["insertedContent"] == {"text": "exception"}


def test_a_fix_for_display_is_no_fix_for_machines() -> None:
    assert "fixes" not in result("ARC101")


def test_a_fix_after_carriage_returns_is_placed_right() -> None:
    text = FILES["app/hostile.py"]
    start = text.index("reversed")
    edit = Edit("app/hostile.py", start, len(text), "")
    found = msgspec.structs.replace(REPORT.active[0], fix=Fix((edit,), Safety.SAFE))
    (change,) = result(found.code, msgspec.structs.replace(REPORT, findings=(found,)))["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["deletedRegion"] == {
        "startLine": 4,
        "startColumn": 2,
        "endLine": 4,
        "endColumn": 15,
    }


def test_rules_that_can_occur_are_listed_and_sorted() -> None:
    rules = [each["id"] for each in run()["tool"]["driver"]["rules"]]
    assert rules == sorted(rules)
    assert set(rules) == {each.code for each in REPORT.rules}
    assert all(rules[each["ruleIndex"]] == each["ruleId"] for each in run()["results"])


@pytest.mark.parametrize(
    ("code", "severity", "level", "security"),
    [
        ("SEC201", Severity.CRITICAL, "error", "9.5"),
        ("SEC101", Severity.HIGH, "error", "8.0"),
        ("SEC403", Severity.MEDIUM, "warning", "5.5"),
        ("SEC404", Severity.LOW, "note", "2.5"),
        ("SEC499", Severity.INFO, "note", None),
        ("API301", Severity.LOW, "note", None),
    ],
)
def test_severities_become_levels(code: str, severity: Severity, level: str, security: str | None) -> None:
    report = msgspec.structs.replace(CLEAN, rules=(rule(code, "x", severity, "Title.", "Why."),))
    (found,) = run(report)["tool"]["driver"]["rules"]
    assert found["defaultConfiguration"]["level"] == level
    assert found["properties"].get("security-severity") == security
    assert ("problem.severity" in found["properties"]) == (security is None)


def test_more_results_than_github_shows_are_cut_to_the_worst_and_counted() -> None:
    low = next(each for each in REPORT.active if each.severity is Severity.LOW)
    many = [msgspec.structs.replace(low, at=Place("a.py", number, 1, number, 2)) for number in range(1, 5_003)]
    critical = next(each for each in REPORT.active if each.severity is Severity.CRITICAL)
    report = msgspec.structs.replace(REPORT, findings=(*many, critical))
    found = run(report)
    assert len(found["results"]) == 5_000
    assert found["results"][-1]["ruleId"] == critical.code
    assert "3 findings left out" in found["invocations"][0]["toolExecutionNotifications"][-1]["message"]["text"]


def test_what_could_not_be_read_is_a_notification_with_its_place() -> None:
    first = run()["invocations"][0]["toolExecutionNotifications"][0]
    assert first["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "app/old.py", "uriBaseId": "%SRCROOT%"},
        "region": {"startLine": 14},
    }


def test_the_category_is_one_for_each_project_of_a_repository() -> None:
    assert run()["automationDetails"]["id"] == "backend-lint/"
    assert run(repository_prefix="services/shop")["automationDetails"]["id"] == "backend-lint/services/shop/"


def test_it_is_compact_and_absolute_nowhere() -> None:
    text = shown("sarif", absolute_root="/home/me")
    assert text.count("\n") == 1
    assert "file:" not in text
    assert "/home/me" not in text
    assert lines("app/db.py")


def test_what_is_kept_quiet_is_there_on_request_with_its_reason() -> None:
    text = shown("sarif", sarif_include_suppressed=True)
    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(text))
    results = run(sarif_include_suppressed=True)["results"]
    assert len(results) == len(REPORT.findings)
    quiet = [suppression for each in results for suppression in each["suppressions"]]
    assert len(quiet) == sum(each.state is not State.ACTIVE for each in REPORT.findings) > 0
    assert {each["kind"] for each in quiet} == {"inSource", "external"}
    assert all(each["justification"] for each in quiet)
    assert not any("suppressions" in each for each in run()["results"])
