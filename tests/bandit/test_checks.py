from __future__ import annotations

import re

import pytest
from bandit.core.extension_loader import MANAGER

from backend_lint.bandit import Check, Use, checks, default_ids, rules
from backend_lint.core import GUIDELINES
from tests.bandit.examples import EXAMPLES

NAMES = {plugin.plugin._test_id: plugin.name for plugin in MANAGER.plugins}
NAMES |= {code: entry["name"] for code, entry in MANAGER.blacklist_by_id.items()}

# The Top 10 have no number beyond this, and rules are named after the guidelines.
OWASP = re.compile(r"A(0[1-9]|10):(2021|2025)")
RULE = re.compile(r"(ARC|API|DAT|SEC)[1-4]\d\d")


def test_every_check_of_bandit_is_described() -> None:
    assert checks().keys() == NAMES.keys() == EXAMPLES.keys()


@pytest.mark.parametrize("code", sorted(NAMES))
def test_a_check_keeps_the_name_that_bandit_gave_it(code: str) -> None:
    assert checks()[code].name == NAMES[code].lower().replace("_", "-")


@pytest.mark.parametrize(("code", "check"), checks().items(), ids=lambda each: each if isinstance(each, str) else "")
def test_a_check_is_described_in_full(code: str, check: Check) -> None:
    assert check.cwe
    assert [tag[-4:] for tag in check.owasp] == ["2021", "2025"]
    assert all(map(OWASP.fullmatch, check.owasp))
    assert not check.owner or RULE.fullmatch(check.owner)
    assert bool(check.owner) or check.use in (Use.REPORTED, Use.OFF)
    assert bool(check.note) == (check.use is Use.OFF) or check.use is Use.REPLACED
    assert check.message[-1] != "." and check.help[-1] == "."
    assert check.message.format(subject="os.system").count("os.system") == check.message.count("{subject}")


@pytest.mark.parametrize(("code", "check"), checks().items(), ids=lambda each: each if isinstance(each, str) else "")
def test_words_are_identifiers_and_parts_are_in_lower_case(code: str, check: Check) -> None:
    assert all(map(str.isidentifier, check.words))
    assert all(part == part.lower() for part in check.parts)


def test_what_is_off_or_replaced_does_not_run_by_default() -> None:
    assert default_ids().isdisjoint({"B101", "B104", "B105", "B108", "B110", "B311", "B404", "B603", "B607"})
    assert default_ids() >= {"B103", "B301", "B307", "B324", "B501", "B602", "B608", "B613"}


def test_the_rules_shown_to_users_are_those_that_can_be_selected() -> None:
    shown = {rule.code for rule in rules()}
    assert shown >= default_ids()
    assert "B404" in shown
    assert "B105" not in shown


def test_a_rule_has_a_page_and_a_guideline() -> None:
    for rule in rules():
        assert rule.guideline in GUIDELINES
        assert re.findall(r"^## (.*)", rule.doc, re.MULTILINE) == [
            "What it does",
            "Use instead",
            "When not to",
            "References",
        ]
        assert "{subject}" not in rule.doc + rule.title


def test_a_reference_leads_to_where_bandit_describes_the_check() -> None:
    pages = {rule.code: rule.doc.rpartition("/latest/")[2].strip() for rule in rules()}
    assert pages["B102"] == pages["B324"] == "plugins/index.html"
    assert pages["B307"] == "blacklists/blacklist_calls.html"
    assert pages["B404"] == "blacklists/blacklist_imports.html"
