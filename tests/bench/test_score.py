from __future__ import annotations

import pytest
from score import Scored, correlation, markdown, ranks, spread, told_apart


def tree(kind: str, overall: float | None, name: str = "shop") -> Scored:
    return Scored(name, kind, "4f2c9d1", 1200, True, overall, "C", 100, {"high": 2}, {"SEC-1": 70.0})


ORDERED = [tree("teaching", 20.0), tree("teaching", 30.0), tree("other", 50.0), tree("kept", 70.0), tree("kept", 80.0)]
TURNED = [tree("kept", 20.0), tree("kept", 30.0), tree("other", 50.0), tree("teaching", 70.0), tree("teaching", 80.0)]


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    assert ranks([30.0, 10.0, 30.0, 20.0]) == [3.5, 1.0, 3.5, 2.0]


def test_the_correlation_has_the_sign_of_the_order() -> None:
    assert correlation(ORDERED) > 0.9
    assert correlation(TURNED) == pytest.approx(-correlation(ORDERED))


def test_a_draw_is_half_told_apart() -> None:
    assert told_apart(ORDERED) == 1.0
    assert told_apart(TURNED) == 0.0
    assert told_apart([tree("teaching", 50.0), tree("kept", 50.0)]) == 0.5


def test_what_was_not_assessed_counts_nowhere() -> None:
    assert spread([*ORDERED, tree("other", None)]) == spread(ORDERED)
    assert correlation([*ORDERED, tree("kept", None)]) == correlation(ORDERED)


def test_the_table_has_the_best_first_and_says_what_was_not_assessed() -> None:
    trees = [*ORDERED, tree("teaching", 10.0), tree("other", 60.0), tree("kept", None, "empty")]
    rows = [line for line in markdown(trees).splitlines() if line.startswith(("| shop", "| empty"))]
    assert rows[0].startswith("| shop | kept | 80.0 C |")
    assert "not assessed" in rows[-1]
