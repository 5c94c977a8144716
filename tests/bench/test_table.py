from __future__ import annotations

import pytest
from measure import Cost
from table import Miss, Result, Scenario, exponent, markdown, misses, written

VERSIONS = {"backend-lint": "backend-lint 0.1.0", "bandit": "bandit 1.9.4"}


def result(
    tool: str,
    wall: float,
    *,
    scenario: Scenario = Scenario.COLD,
    lines: int = 50_000,
    mb: float = 50,
    exit: int | None = 0,
) -> Result:
    return Result("shop", "1.0", "fastapi", lines, tool, scenario, [Cost(wall, wall, int(mb * 1e6), exit)] * 3)


def test_the_median_counts() -> None:
    samples = [Cost(wall, 0, 0, 0) for wall in (9.0, 1.0, 2.0)]
    assert Result("shop", "1.0", "fastapi", 1, "ruff", Scenario.COLD, samples).median("wall") == 2.0


def test_a_kept_budget_is_no_miss() -> None:
    kept = [
        result("backend-lint", 2.0),
        result("bandit", 2.5),
        result("backend-lint", 0.2, scenario=Scenario.WARM),
        result("backend-lint", 0.9, scenario=Scenario.EDITED),
    ]
    assert misses(kept) == []
    assert "4 of 4 kept" in markdown(kept, VERSIONS)


def test_a_missed_budget_is_in_the_table() -> None:
    missed = [
        result("backend-lint", 3.0, mb=900),
        result("bandit", 2.5),
        result("backend-lint", 0.4, scenario=Scenario.WARM),
        result("backend-lint", 1.2, scenario=Scenario.EDITED),
    ]
    assert misses(missed) == [
        Miss("shop", "cold: seconds, against Bandit's", 3.0, 2.5),
        Miss("shop", "cold: MB", 900.0, 200.0),
        Miss("shop", "warm: seconds", 0.4, 0.3),
        Miss("shop", "one file edited: seconds", 1.2, 1.0),
    ]
    assert "| shop | warm: seconds | 0.40 | 0.30 |" in markdown(missed, VERSIONS)


def test_a_larger_project_has_more_time_and_memory() -> None:
    assert misses([result("backend-lint", 5.9, scenario=Scenario.WARM, lines=1_000_000)]) == []
    assert misses([result("backend-lint", 5.9, mb=990, lines=1_000_000)]) == []
    assert misses([result("backend-lint", 5.9, mb=1010, lines=1_000_000)]) != []


def test_cost_in_proportion_to_size_has_the_exponent_one() -> None:
    assert exponent([(size, size / 1000) for size in (20_000, 80_000, 900_000)]) == pytest.approx(1)
    assert exponent([(size, size**2) for size in (20_000, 80_000, 900_000)]) == pytest.approx(2)
    assert exponent([(1000, 1), (20_000, 1), (80_000, 1)]) is None


def test_a_run_that_was_stopped_is_shown_and_not_compared() -> None:
    stopped = [result("backend-lint", 2.0), result("bandit", 900, exit=None)]
    assert "| > 900 s |" in markdown(stopped, VERSIONS)
    assert misses(stopped) == []


def test_an_exit_that_means_failure_stands_beside_the_figure() -> None:
    assert "| 2.00 (exit 2) |" in markdown([result("backend-lint", 2.0, exit=2)], VERSIONS)


def test_both_files_are_written(tmp_path) -> None:  # type: ignore[no-untyped-def]
    written([result("bandit", 2.5)], VERSIONS, tmp_path / "results")
    assert sorted(path.name for path in (tmp_path / "results").iterdir()) == ["speed.json", "speed.md"]
