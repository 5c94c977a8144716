from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from owasp import Case, Rate, expected, flags, generous, markdown, overall, rated


def sarif(*results: tuple[str, str], tags: dict[str, list[str]]) -> Any:
    """A log whose results are rule and file."""
    return {
        "runs": [
            {
                "tool": {"driver": {"rules": [{"id": id, "properties": {"tags": each}} for id, each in tags.items()]}},
                "results": [
                    {
                        "ruleId": rule,
                        "locations": [
                            {"physicalLocation": {"artifactLocation": {"uri": f"testcode/{file}"}}},
                            {"physicalLocation": {"artifactLocation": {"uri": "testcode/BenchmarkTest00099.py"}}},
                        ],
                    }
                    for rule, file in results
                ],
            }
        ]
    }


def test_the_benchmarks_table_is_read(tmp_path: Path) -> None:
    listing = tmp_path / "expectedresults.csv"
    listing.write_text(
        "# test name, category, real, cwe\nBenchmarkTest00012,sqli,true,89\nBenchmarkTest00013,xss,false,79\n"
    )
    assert expected(listing) == [Case(12, "sqli", True, 89), Case(13, "xss", False, 79)]


def test_the_first_location_and_the_first_cwe_count() -> None:
    log = sarif(("SEC201", "BenchmarkTest00012.py"), tags={"SEC201": ["security", "external/cwe/cwe-089", "CWE-79: x"]})
    assert flags(log) == {(12, 89)}
    assert generous(log) == {(12, 89), (12, 79)}


def test_a_result_outside_the_cases_or_without_a_cwe_flags_nothing() -> None:
    log = sarif(("A", "app.py"), ("B", "BenchmarkTest00001.py"), tags={"A": ["CWE-89"]})
    assert flags(log) == set()


def test_peers_get_the_cwes_that_their_rules_lack() -> None:
    log = sarif(("S307", "BenchmarkTest00001.py"), ("S324", "BenchmarkTest00002.py"), tags={})
    assert {(1, 94), (2, 328)} <= generous(log)


def test_peers_get_close_relatives_of_their_cwes() -> None:
    log = sarif(("hash", "BenchmarkTest00001.py"), tags={"hash": ["CWE-327: Broken"]})
    assert (1, 328) in generous(log)


CASES = [Case(n, "sqli", n <= 4, 89) for n in range(1, 9)] + [Case(9, "xss", True, 79), Case(10, "xss", False, 79)]


def test_the_score_is_the_mean_of_the_categories() -> None:
    scored = rated(CASES, "tool", "", {(1, 89), (2, 89), (3, 89), (8, 89), (9, 79), (4, 79)})
    assert scored.all == {"sqli": Rate(tp=3, fn=1, fp=1, tn=3), "xss": Rate(tp=1, tn=1)}
    assert scored.all["sqli"].score == pytest.approx(50)
    assert overall(scored.all) == pytest.approx(75)


def test_even_and_odd_cases_are_scored_apart() -> None:
    scored = rated(CASES, "tool", "", {(2, 89), (4, 89), (5, 89)})
    assert scored.even["sqli"] == Rate(tp=2, tn=2)
    assert scored.odd["sqli"] == Rate(fn=2, fp=1, tn=1)


def test_a_tool_that_flags_everything_scores_nothing() -> None:
    scored = rated(CASES, "tool", "", {(case.number, case.cwe) for case in CASES})
    assert overall(scored.all) == 0


def test_the_best_tool_comes_first_in_the_table() -> None:
    good, bad = rated(CASES, "good", "", {(1, 89)}), rated(CASES, "bad", "", {(8, 89)})
    text = markdown(CASES, [bad, good])
    assert text.index("| good | +12.5 |") < text.index("| bad | -12.5 |")
