"""What platforms read: GitHub's annotations, GitLab's code quality, JUnit, reviewdog."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import jsonschema
import junitparser
import msgspec
import pytest
from lxml import etree

from backend_lint.core import Diagnostic, DiagnosticKind, Edit, Fix, Place, Report, Safety, Severity
from tests.report.shop import CLEAN, FILES, REPORT, at, finding, shown

# Of GitLab's documentation of the report, https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "additionalProperties": False,
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": "^[^/]", "not": {"pattern": "^\\./"}},
                    "lines": {"required": ["begin"], "properties": {"begin": {"type": "integer", "minimum": 1}}},
                },
            },
        },
    },
}

# Of reviewdog's proto/rdf/reviewdog.proto; it refuses members that it does not know.
POSITION = {
    "additionalProperties": False,
    "properties": {"line": {"type": "integer", "minimum": 1}, "column": {"type": "integer", "minimum": 1}},
}
RANGE = {"additionalProperties": False, "required": ["start"], "properties": {"start": POSITION, "end": POSITION}}
RDJSON = {
    "additionalProperties": False,
    "required": ["diagnostics"],
    "properties": {
        "source": {
            "additionalProperties": False,
            "properties": {"name": {"type": "string"}, "url": {"type": "string"}},
        },
        "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
        "diagnostics": {
            "items": {
                "additionalProperties": False,
                "required": ["message", "location"],
                "properties": {
                    "message": {"type": "string", "minLength": 1},
                    "location": {
                        "additionalProperties": False,
                        "properties": {"path": {"type": "string"}, "range": RANGE},
                    },
                    "severity": {"enum": ["ERROR", "WARNING", "INFO"]},
                    "code": {"additionalProperties": False, "properties": {"value": {"type": "string"}}},
                    "suggestions": {
                        "items": {
                            "additionalProperties": False,
                            "required": ["range", "text"],
                            "properties": {"range": RANGE, "text": {"type": "string"}},
                        }
                    },
                },
            }
        },
    },
}

XSD = etree.XMLSchema(etree.parse(Path(__file__).parent / "schemas" / "junit-10.xsd"))  # of Jenkins's xUnit plugin
BOTH = pytest.mark.parametrize("report", [REPORT, CLEAN], ids=["findings", "clean"])


def with_findings(*findings) -> Report:
    return msgspec.structs.replace(REPORT, findings=findings, diagnostics=())


def many(count: int, code: str) -> list:
    return [finding(code, Place(f"a{number}.py", 1, 1, 1, 2), f"m{number}", "h") for number in range(count)]


# GitHub


def test_github_gets_nothing_but_one_command_a_line() -> None:
    commands = shown("github").splitlines()
    assert all(re.fullmatch(r"::(error|warning|notice) [^\r\n]+?::[^\r\n]*", line) for line in commands)
    assert len(commands) == len(REPORT.active) + 1


def test_github_separators_are_escaped_in_properties_and_line_ends_in_messages() -> None:
    odd = finding("ARC101", Place("a,b:c%.py", 1, 1, 1, 2), "100% of\r\nit, a::b", "")
    (line,) = shown("github", with_findings(odd)).splitlines()
    assert line == (
        "::warning file=a%2Cb%3Ac%25.py,line=1,endLine=1,col=1,endColumn=2,title=ARC101 import-cycle::100%25 of%0D%0Ait, a::b"
    )


def test_github_gets_columns_only_within_a_line() -> None:
    over_two = next(line for line in shown("github").splitlines() if "n-plus-one" in line)
    assert "line=3,endLine=4,title" in over_two


def test_github_gets_the_worst_ten_of_a_level_and_a_count_of_the_rest() -> None:
    report = with_findings(*many(12, "SEC201"), *many(13, "SEC403"), *many(14, "API301"))
    lines = shown("github", report).splitlines()
    assert [sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning", "notice")] == [
        10,
        10,
        10,
    ]
    assert (
        lines[-1]
        == "::notice title=backend-lint::10 more are not annotated here: 12 critical · 13 medium · 14 low in all."
    )


def test_github_gets_the_closing_notice_beside_ten_others_only_when_something_is_left_out() -> None:
    assert len(shown("github", with_findings(*many(10, "API301"))).splitlines()) == 10
    assert "2 more" in shown("github", with_findings(*many(11, "API301"))).splitlines()[-1]


def test_github_gets_nothing_of_a_clean_run() -> None:
    assert shown("github", CLEAN) == ""


# GitLab


@BOTH
def test_gitlab_gets_the_array_it_documents(report: Report) -> None:
    jsonschema.validate(json.loads(shown("gitlab", report)), GITLAB)


def test_gitlab_fingerprints_are_unique() -> None:
    same = finding("ARC101", Place("a.py", 1, 1, 1, 2), "m", "h", fingerprint="same")
    again = msgspec.structs.replace(same, at=Place("a.py", 9, 1, 9, 2))
    elsewhere = msgspec.structs.replace(same, at=Place("b.py", 1, 1, 1, 2))
    items = json.loads(shown("gitlab", with_findings(same, again, elsewhere)))
    assert len({each["fingerprint"] for each in items}) == 3


def test_gitlab_fingerprints_do_not_move_with_the_lines() -> None:
    def fingerprints(shift: int) -> list[str]:
        moved = [
            msgspec.structs.replace(each, at=msgspec.structs.replace(each.at, line=each.at.line + shift))
            for each in REPORT.findings
        ]
        return [each["fingerprint"] for each in json.loads(shown("gitlab", with_findings(*moved)))]

    assert fingerprints(0) == fingerprints(7)


def test_gitlab_severities_are_the_documented_ones() -> None:
    found = {each["check_name"]: each["severity"] for each in json.loads(shown("gitlab"))}
    assert found["SEC201"] == "blocker"
    assert (found["SEC101"], found["SEC403"], found["API301"]) == ("critical", "major", "minor")


# JUnit


@BOTH
def test_junit_is_valid_by_the_schema_of_jenkins(report: Report) -> None:
    XSD.assertValid(etree.fromstring(shown("junit", report).encode()))


@BOTH
def test_junit_is_read_and_counted_by_another_reader(report: Report) -> None:
    parsed = junitparser.JUnitXml.fromfile(io.BytesIO(shown("junit", report).encode()))
    cases = [case for suite in parsed for case in suite]
    assert parsed.tests == len(cases) == max(1, len(report.active) + bool(report.diagnostics))
    assert parsed.failures == sum(case.is_failure for case in cases) == len(report.active)
    assert parsed.errors == sum(case.is_error for case in cases) == bool(report.diagnostics)


def test_junit_has_a_passing_case_when_all_is_well() -> None:
    (suite,) = junitparser.JUnitXml.fromstring(shown("junit", CLEAN).split("?>", 1)[1])
    (case,) = suite
    assert case.is_passed
    assert case.name == "no findings"


def test_junit_cases_have_names_of_their_own() -> None:
    twice = finding("ARC101", Place("a.py", 1, 1, 1, 2), "m", "h")
    tree = etree.fromstring(shown("junit", with_findings(twice, twice, *REPORT.findings)).encode())
    names = [(case.get("classname"), case.get("name")) for case in tree.iter("testcase")]
    assert len(names) == len(set(names))
    assert ("SEC-2 app/reports.py", "SEC201 sql-injection 9:12") in names


def test_junit_has_no_character_that_xml_forbids() -> None:
    odd = finding("ARC101", Place("a\x00b.py", 1, 1, 1, 2), "\x01\x0b\ufffe\ud800 ok 🚀", "h")
    tree = etree.fromstring(shown("junit", with_findings(odd)).encode())
    assert tree.find(".//failure").get("message") == " ok 🚀"


# reviewdog


@BOTH
def test_reviewdog_gets_the_shape_it_reads(report: Report) -> None:
    jsonschema.validate(json.loads(shown("rdjson", report)), RDJSON)


def test_reviewdog_columns_count_bytes() -> None:
    text = FILES["app/hostile.py"].splitlines()[0]
    odd = finding("ARC101", at("app/hostile.py", "emoji"), "m", "h")
    (found,) = json.loads(shown("rdjson", with_findings(odd)))["diagnostics"]
    start = found["location"]["range"]["start"]
    assert text.encode()[start["column"] - 1 :].startswith(b"emoji")
    assert start["column"] == odd.at.column + 3


def test_reviewdog_gets_a_fix_as_a_suggestion() -> None:
    found = next(each for each in json.loads(shown("rdjson"))["diagnostics"] if each["code"]["value"] == "SEC403")
    (suggestion,) = found["suggestions"]
    assert suggestion["text"] == "exception"
    assert suggestion["range"]["start"] == {"line": 5, "column": 16}


@pytest.mark.parametrize(
    ("path", "safety"), [("app/db.py", Safety.SAFE), ("app/payments.py", Safety.DISPLAY)], ids=["other file", "display"]
)
def test_reviewdog_gets_no_suggestion_that_it_could_not_apply(path: str, safety: Safety) -> None:
    fixed = finding("SEC403", at("app/payments.py", "error"), "m", "h", fix=Fix((Edit(path, 0, 1, "x"),), safety))
    (found,) = json.loads(shown("rdjson", with_findings(fixed)))["diagnostics"]
    assert "suggestions" not in found


def test_what_could_not_be_checked_reaches_every_platform() -> None:
    report = msgspec.structs.replace(CLEAN, diagnostics=(Diagnostic(None, None, DiagnosticKind.RULE, "SEC101 raised"),))
    for name in ("github", "gitlab", "junit", "rdjson"):
        assert "SEC101 raised" in shown(name, report)
    assert Severity.CRITICAL
