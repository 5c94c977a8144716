from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.engine.packs import load_packs
from backend_lint.testing import Case, cases, example_files, examples, findings

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.mark.parametrize("case", cases(FIXTURES), ids=str)
def test_a_rule_reports_what_its_fixture_expects(case: Case) -> None:
    assert case.found == case.expected


@pytest.mark.parametrize(("code", "section", "text"), examples(), ids=lambda each: each if len(each) < 12 else "")
def test_documented_examples_are_what_they_say(code: str, section: str, text: str) -> None:
    found = findings(example_files(text), code)
    assert bool(found) == (section == "Example"), [str(each.at) for each in found]


@pytest.mark.parametrize("rule", [rule for pack in load_packs()[0] for rule in pack.rules], ids=lambda rule: rule.code)
def test_a_rule_has_bad_and_good_cases(rule: type) -> None:
    kinds = [case.kind for case in cases(FIXTURES) if case.code == rule.code]  # type: ignore[attr-defined]
    assert kinds.count("bad") >= 3
    assert kinds.count("good") >= 3


@pytest.mark.parametrize("rule", [rule for pack in load_packs()[0] for rule in pack.rules], ids=lambda rule: rule.code)
def test_a_rule_is_documented(rule: type) -> None:
    info = rule.info()  # type: ignore[attr-defined]
    headings = [line.removeprefix("## ") for line in info.doc.splitlines() if line.startswith("## ")]
    assert headings[:4] == ["What it does", "Why it matters", "Example", "Use instead"]
