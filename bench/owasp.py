"""Scores tools on OWASP BenchmarkPython v0.1, and puts them into one table.

    python bench/owasp.py ~/BenchmarkPython                                   backend-lint and its peers
    python bench/owasp.py ~/BenchmarkPython --sarif other=other.sarif         a tool of which only the results are there

The benchmark is not part of this repository: https://github.com/OWASP-Benchmark/BenchmarkPython, commit 7cf0674.

A case is a file. A tool flags it when one of its results has its first location there and the CWE of the case's
category. Of a SARIF file only the first CWE tag of a rule counts, as for the benchmark's own reader; the peers run here
are read generously, with every CWE that fits what the rule looks for, whether the tool says so or not. A category's
score is its true minus its false positive rate, a tool's the mean of the categories. Even and odd cases are also scored
apart: rules are worked out on the even ones.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
from tools import TOOLS, program

from backend_lint.bandit import checks

HERE = Path(__file__).resolve().parent
CASE = re.compile(r"BenchmarkTest(\d{5})\.py$")
CWE = re.compile(r"cwe[-/ ]0*(\d+)", re.IGNORECASE)

# The benchmark's CWE where another one says nearly the same.
KIN = {80: 79, 88: 78, 95: 94, 116: 79, 327: 328, 338: 330, 776: 611, 943: 89, 1004: 614, 1275: 614}

Flag = tuple[int, int]  # a case and a CWE


class Case(msgspec.Struct, frozen=True):
    number: int
    category: str
    is_real: bool
    cwe: int


class Rate(msgspec.Struct, frozen=True):
    """Counts of one category. The rates are None where there is no case to go by."""

    tp: int = 0
    fn: int = 0
    fp: int = 0
    tn: int = 0

    @property
    def tpr(self) -> float:
        return 100 * self.tp / (self.tp + self.fn) if self.tp + self.fn else 0.0

    @property
    def fpr(self) -> float:
        return 100 * self.fp / (self.fp + self.tn) if self.fp + self.tn else 0.0

    @property
    def score(self) -> float:
        return self.tpr - self.fpr


class Scored(msgspec.Struct, frozen=True):
    """A tool's rates by category, over all cases, the even and the odd ones."""

    tool: str
    note: str
    all: dict[str, Rate]
    even: dict[str, Rate]
    odd: dict[str, Rate]


def main() -> None:
    options = _options()
    cases = expected(next(options.benchmark.glob("expectedresults-*.csv")))
    logs = options.work / "owasp"
    logs.mkdir(parents=True, exist_ok=True)
    scored = [rated(cases, tool, note, flags) for tool, note, flags in (*_run(options, logs), *_given(options.sarif))]
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / "owasp.md").write_text(markdown(cases, scored), encoding="utf-8")
    (options.results / "owasp.json").write_bytes(msgspec.json.format(msgspec.json.encode(scored), indent=1) + b"\n")
    print(markdown(cases, scored))


def expected(listing: Path) -> list[Case]:
    """The benchmark's own table: name, category, whether the vulnerability is real, CWE."""
    rows = csv.reader(line for line in listing.read_text().splitlines() if not line.startswith("#"))
    return [
        Case(int(re.sub(r"\D", "", name)), category, is_real == "true", int(cwe))
        for name, category, is_real, cwe in (row[:4] for row in rows)
    ]


def rated(cases: Sequence[Case], tool: str, note: str, flags: set[Flag]) -> Scored:
    def rates(chosen: Callable[[Case], bool]) -> dict[str, Rate]:
        kinds = {(True, True): "tp", (True, False): "fn", (False, True): "fp", (False, False): "tn"}
        counts: dict[str, Counter[str]] = {}
        for case in filter(chosen, cases):
            is_flagged = (case.number, case.cwe) in flags
            counts.setdefault(case.category, Counter())[kinds[case.is_real, is_flagged]] += 1
        return {category: Rate(**counts[category]) for category in sorted(counts)}

    return Scored(
        tool,
        note,
        rates(lambda _: True),
        rates(lambda case: case.number % 2 == 0),
        rates(lambda case: case.number % 2 == 1),
    )


def overall(rates: Mapping[str, Rate]) -> float:
    return sum(rate.score for rate in rates.values()) / len(rates)


def flags(sarif: Any) -> set[Flag]:
    """What a SARIF file flags: the first location of each result, and the first CWE tag of its rule."""
    return {(case, cwes[0]) for case, rule in _located(sarif) if (cwes := _tagged(rule))}


def generous(sarif: Any) -> set[Flag]:
    """What a SARIF file flags, read in the tool's favour.

    Every CWE counts that the rule's tags or its description name, a close relative of one of those, and, for Bandit's
    checks and Ruff's versions of them, the CWEs that we give to the check ourselves.
    """
    known = {code[1:]: check.cwe for code, check in checks().items()}
    found = set()
    for case, rule in _located(sarif):
        named = _tagged(rule) + [int(cwe) for cwe in CWE.findall(str(rule.get("fullDescription", "")))]
        if re.fullmatch(r"[BS]\d{3}", rule["id"]):
            named += known.get(rule["id"][1:], ())
        found |= {(case, cwe) for cwe in named} | {(case, KIN[cwe]) for cwe in named if cwe in KIN}
    return found


def _located(sarif: Any) -> Iterator[tuple[int, dict[str, Any]]]:
    """The case and the rule of each result that stands in a case."""
    for run in sarif["runs"]:
        driver = run["tool"]["driver"]
        rules = {rule["id"]: rule for rule in driver.get("rules", ())}
        for result in run["results"]:
            place = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
            match = CASE.search(place)
            if match is not None:
                yield int(match.group(1)), {"id": result["ruleId"], **rules.get(result["ruleId"], {})}


def _tagged(rule: Mapping[str, Any]) -> list[int]:
    tags: Iterable[str] = rule.get("properties", {}).get("tags", ())
    return [int(match.group(1)) for tag in tags if (match := CWE.search(tag))]


def markdown(cases: Sequence[Case], scored: Sequence[Scored]) -> str:
    real = sum(case.is_real for case in cases)
    parts = [
        "# OWASP BenchmarkPython v0.1",
        f"{len(cases)} cases, {real} real, {len(cases) - real} safe. A score is the true minus the false positive "
        "rate, overall the mean of the categories. Written by `bench/owasp.py`, which says how the peers are read.",
        _grid(
            [
                ["tool", "score", "even cases", "odd cases", "TPR", "FPR", "read"],
                *(
                    [
                        each.tool,
                        f"{overall(each.all):+.1f}",
                        f"{overall(each.even):+.1f}",
                        f"{overall(each.odd):+.1f}",
                        f"{_mean(rate.tpr for rate in each.all.values()):.1f}",
                        f"{_mean(rate.fpr for rate in each.all.values()):.1f}",
                        each.note,
                    ]
                    for each in sorted(scored, key=lambda each: -overall(each.all))
                ),
            ]
        ),
    ]
    for each in scored:
        rows = [["category", "TP", "FN", "FP", "TN", "TPR", "FPR", "score", "even", "odd"]]
        for category, rate in each.all.items():
            counts = [str(count) for count in (rate.tp, rate.fn, rate.fp, rate.tn)]
            scores = [f"{rates[category].score:+.1f}" for rates in (each.all, each.even, each.odd)]
            rows.append([category, *counts, f"{rate.tpr:.1f}", f"{rate.fpr:.1f}", *scores])
        parts += [f"## {each.tool}", _grid(rows)]
    return "\n\n".join(parts) + "\n"


def _mean(values: Iterable[float]) -> float:
    held = list(values)
    return sum(held) / len(held)


def _grid(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body))


def _given(sarif: Iterable[str]) -> Iterator[tuple[str, str, set[Flag]]]:
    for argument in sarif:
        name, _, path = argument.partition("=")
        yield name, "first CWE", flags(json.loads(Path(path).read_text(encoding="utf-8")))


def _run(options: argparse.Namespace, logs: Path) -> Iterator[tuple[str, str, set[Flag]]]:
    """Runs the tools that can be had; one that leaves no results is left out, with a word on why."""
    for tool in TOOLS:
        if tool.name not in options.tools:
            continue
        runner = RUNNERS[tool.name]
        for python in options.bandit_python if tool.name == "bandit" else [Path(sys.executable)]:
            executable = program(tool, options.work, python)
            label = f"{tool.name} on Python {_release(python)}" if tool.name == "bandit" else tool.name
            output = logs / f"{label.replace(' ', '-')}.json"
            output.unlink(missing_ok=True)
            if executable is not None:
                with output.with_suffix(".log").open("wb") as log:
                    command = [executable, *runner.arguments(output, options.semgrep_rules), options.benchmark]
                    subprocess.run(command, stdout=log, stderr=log, check=False)
            if output.exists():
                yield label, runner.note, runner.read(json.loads(output.read_text(encoding="utf-8")))
            else:
                print(f"{label}: no results, see {logs}", file=sys.stderr)


def _release(python: Path) -> str:
    done = subprocess.run(
        [python, "-c", "import sys; print(*sys.version_info[:2], sep='.')"], capture_output=True, check=True
    )
    return done.stdout.decode().strip()


def _bandit_json(report: Any) -> set[Flag]:
    """Bandit writes SARIF only with packages added; its JSON says the same."""
    rules = {
        each["test_id"]: {"id": each["test_id"], "properties": {"tags": [f"CWE-{each['issue_cwe']['id']}"]}}
        for each in report["results"]
    }
    results = [
        {
            "ruleId": each["test_id"],
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": each["filename"]}}}],
        }
        for each in report["results"]
    ]
    return generous({"runs": [{"tool": {"driver": {"rules": list(rules.values())}}, "results": results}]})


class Runner(msgspec.Struct, frozen=True):
    """How a tool is called so that it leaves its results in a file, and how they are read."""

    arguments: Callable[[Path, Path | None], Sequence[str]]
    read: Callable[[Any], set[Flag]] = generous
    note: str = "generously"


RUNNERS = {
    "backend-lint": Runner(
        lambda output, _: ["check", "--exit-zero", "--no-cache", "--output", f"sarif:{output}"], flags, "first CWE"
    ),
    "bandit": Runner(
        lambda output, _: ["--quiet", "--recursive", "--format", "json", "--output", str(output)], _bandit_json
    ),
    "ruff": Runner(
        lambda output, _: [
            *("check", "--isolated", "--no-respect-gitignore", "--no-cache", "--select", "S"),
            *("--target-version", "py313", "--output-format", "sarif", "--output-file", str(output)),
        ]
    ),
    "semgrep": Runner(
        lambda output, rules: [
            *("scan", "--quiet", "--metrics", "off", "--disable-version-check", "--no-git-ignore"),
            *("--config", str(rules or "p/python"), "--sarif", "--output", str(output)),
        ]
    ),
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("benchmark", type=Path, help="the directory of the benchmark")
    parser.add_argument("--sarif", nargs="+", default=[], metavar="NAME=FILE", help="results of other tools")
    parser.add_argument("--tools", nargs="*", default=list(RUNNERS), choices=list(RUNNERS), metavar="NAME", help="all")
    parser.add_argument("--semgrep-rules", type=Path, help="a directory of rules instead of the registry's p/python")
    parser.add_argument(
        "--bandit-python",
        nargs="+",
        type=Path,
        default=[Path(sys.executable)],
        help="interpreters for Bandit, which reads only what its own can (this one)",
    )
    parser.add_argument("--work", type=Path, default=HERE / "work", help="environments and raw results (bench/work)")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="where the table goes (bench/results)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
