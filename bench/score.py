"""Scores real trees with score model 1, and says how well the scores tell teaching apps from well-kept backends.

    python bench/score.py ~/trees                  everything in score/trees.toml, below ~/trees/<path>
    python bench/score.py ~/trees --reports DIR    keeps the reports in DIR, and runs only what is not there yet

Writes score/scores.json and score/scores.md.
"""

from __future__ import annotations

import argparse
import math
import statistics
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from backend_lint.report.summary import points

HERE = Path(__file__).resolve().parent
KINDS = ("teaching", "other", "kept")
"""From where a low score is expected to where a high one is."""


class Tree(msgspec.Struct, frozen=True):
    """`path` is below the directory that holds all trees; `kind` is one of `KINDS`."""

    name: str
    kind: str
    source: str
    revision: str
    path: str
    why: str = ""


class Scored(msgspec.Struct, frozen=True):
    """`guidelines` has those that were assessed; `findings` counts active ones by severity."""

    name: str
    kind: str
    revision: str
    lines: int
    complete: bool
    overall: float | None
    letter: str
    cap: int
    findings: dict[str, int]
    guidelines: dict[str, float]


class Spread(msgspec.Struct, frozen=True):
    """Of one kind: how many trees have a score, and its quartiles."""

    trees: int
    lowest: float
    quartiles: tuple[float, float, float]
    highest: float


def main() -> None:
    options = _options()
    listed = msgspec.toml.decode((HERE / "score" / "trees.toml").read_bytes(), type=dict[str, list[Tree]])["tree"]
    found = [each for tree in listed if (each := _scored(tree, options)) is not None]
    into = HERE / "score"
    (into / "scores.json").write_bytes(msgspec.json.format(msgspec.json.encode(found), indent=1) + b"\n")
    (into / "scores.md").write_text(markdown(found), encoding="utf-8")
    print(f"written: {into / 'scores.md'}")


def correlation(trees: Iterable[Scored]) -> float:
    """Spearman's, of the kind (as ordered in `KINDS`) and the overall score; from -1 to 1."""
    assessed = [each for each in trees if each.overall is not None]
    kinds = ranks([KINDS.index(each.kind) for each in assessed])
    return statistics.correlation(kinds, ranks([each.overall or 0.0 for each in assessed]))


def told_apart(trees: Sequence[Scored]) -> float:
    """The share of pairs of a teaching app and a well-kept tree in which the latter scores higher; a draw is half."""
    scores = {
        kind: [each.overall for each in trees if each.kind == kind and each.overall is not None] for kind in KINDS
    }
    pairs = [(low, high) for low in scores["teaching"] for high in scores["kept"]]
    return sum((high > low) + (high == low) / 2 for low, high in pairs) / len(pairs)


def ranks(values: Sequence[float]) -> list[float]:
    """From 1 up; equal values share the mean of their ranks."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) + 1) / 2 for value in values]


def spread(trees: Iterable[Scored]) -> Spread:
    """Of two assessed trees or more."""
    scores = sorted(each.overall for each in trees if each.overall is not None)
    low, middle, high = statistics.quantiles(scores, n=4, method="inclusive")
    return Spread(len(scores), scores[0], (low, middle, high), scores[-1])


def markdown(trees: Sequence[Scored]) -> str:
    return "\n".join([*_summary(trees), "", *_table(trees)]) + "\n"


def _summary(trees: Sequence[Scored]) -> Iterator[str]:
    yield "# Scores of real backends, score model 1"
    yield ""
    yield f"Rank correlation of kind and score (Spearman): {correlation(trees):.2f}. In {told_apart(trees):.0%} of the"
    yield "pairs of a teaching app and a well-kept backend, the well-kept one scores higher."
    yield ""
    yield "| kind | trees | lowest | first quartile | median | third quartile | highest |"
    yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
    for kind in ("all", *KINDS):
        own = spread(each for each in trees if kind in {"all", each.kind})
        cells = (own.lowest, *own.quartiles, own.highest)
        yield f"| {kind} | {own.trees} | " + " | ".join(map(points, cells)) + " |"


def _table(trees: Sequence[Scored]) -> Iterator[str]:
    yield "| tree | kind | score | cap | guidelines | critical | high | medium | low | lines |"
    yield "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for each in sorted(trees, key=lambda each: (-(each.overall or 0.0), each.name)):
        counts = " | ".join(str(each.findings.get(severity, 0)) for severity in ("critical", "high", "medium", "low"))
        score = "not assessed" if each.overall is None else f"{points(each.overall)} {each.letter}"
        yield (
            f"| {each.name}{'' if each.complete else ' (incomplete)'} | {each.kind} | {score} | {each.cap} "
            f"| {len(each.guidelines)} | {counts} | {each.lines:,} |"
        )


class _Finding(msgspec.Struct):
    severity: str
    state: str


class _Guideline(msgspec.Struct):
    id: str
    score: float | None


class _Score(msgspec.Struct):
    overall: float | None
    letter: str
    cap: int
    complete: bool
    guidelines: list[_Guideline]


class _Inventory(msgspec.Struct):
    lines: int


class _Report(msgspec.Struct):
    """What of a JSON report counts here."""

    inventory: _Inventory
    findings: list[_Finding]
    score: _Score


def _scored(tree: Tree, options: argparse.Namespace) -> Scored | None:
    """Nothing for a tree that is not there, or that took too long."""
    kept = options.reports / f"{tree.name}.json"
    if not kept.is_file() and not _linted(options.trees / tree.path, kept, options.limit):
        print(f"{tree.name}: left out", file=sys.stderr)
        return None
    report = msgspec.json.decode(kept.read_bytes(), type=_Report)
    active = [each.severity for each in report.findings if each.state == "active"]
    return Scored(
        name=tree.name,
        kind=tree.kind,
        revision=tree.revision,
        lines=report.inventory.lines,
        complete=report.score.complete,
        overall=None if report.score.overall is None else math.floor(report.score.overall * 100) / 100,
        letter=report.score.letter,
        cap=report.score.cap,
        findings={severity: active.count(severity) for severity in sorted(set(active))},
        guidelines={each.id: round(each.score, 2) for each in report.score.guidelines if each.score is not None},
    )


def _linted(tree: Path, report: Path, limit: float) -> bool:
    command = [sys.executable, "-m", "backend_lint", "check", str(tree), "--no-cache", "--exit-zero", "--quiet"]
    report.parent.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            [*command, "--format", "json", "--output", f"json:{report}"],
            check=False,
            timeout=limit,
            stdout=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired:
        return False
    return report.is_file()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", type=Path, help="the directory that holds the trees")
    parser.add_argument("--reports", type=Path, default=HERE / "work" / "score", help="where reports are kept")
    parser.add_argument("--limit", type=float, default=900, help="seconds for a tree")
    return parser.parse_args()


if __name__ == "__main__":
    main()
