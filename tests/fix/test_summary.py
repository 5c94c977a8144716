from __future__ import annotations

from backend_lint.core import Safety
from backend_lint.fix.summary import summary
from tests.fix.workbench import applied, finding, rewriting


def test_it_says_what_was_fixed_where_and_what_was_left_and_why() -> None:
    rules = (
        rewriting("error", "exception", "SEC403"),
        rewriting("slow", "fast", "ARC401", safety=Safety.UNSAFE, why="The order may change."),
        lambda path, text: [finding(path, 0, "SEC101")],
    )
    files = {"b.py": "error(slow)\nerror(slow)\n", "a.py": "error()\n"}
    assert summary(applied(files, *rules)) == [
        "Fixed 3 findings in 2 files.",
        "  a.py: 1 × SEC403 toy",
        "  b.py: 2 × SEC403 toy",
        "Left 4 findings.",
        "  2 × ARC401 toy: its fix may change what the code does; `--unsafe-fixes` applies it (The order may change)",
        "  2 × SEC101 toy: no fix is known",
    ]


def test_with_nothing_left_it_stops_there() -> None:
    assert summary(applied({"a.py": "error()\n"}, rewriting("error", "exception"))) == [
        "Fixed 1 finding in 1 file.",
        "  a.py: 1 × SEC403 toy",
    ]
