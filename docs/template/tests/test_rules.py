from pathlib import Path

import pytest

from backend_lint.testing import Case, cases

FIXTURES = Path(__file__).parents[1] / "fixtures"


@pytest.mark.parametrize("case", cases(FIXTURES, pack="acme"), ids=str)
def test_a_rule_reports_what_its_fixture_expects(case: Case) -> None:
    assert case.found == case.expected


def test_there_are_cases() -> None:
    assert cases(FIXTURES, pack="acme")
