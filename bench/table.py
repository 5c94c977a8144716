"""What was measured, as JSON and as a Markdown table, with the budgets beside it."""

from __future__ import annotations

import enum
import math
import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from measure import Cost

US = "backend-lint"
RIVAL = "bandit"

WARM_SECONDS = 0.3  # for 50,000 lines
EDIT_SECONDS = 1.0  # for 50,000 lines
BUDGET_LINES = 50_000
BYTES_PER_LINE = 10**9 / 10**6
SMALLEST_MEMORY = 200 * 10**6  # an interpreter, a pool and LibCST weigh this much before they read a line
STEEPEST = 1.1  # the exponent of CPU time over lines


class Scenario(enum.Enum):
    COLD = "cold"
    WARM = "warm"
    EDITED = "edited"


class Result(msgspec.Struct, frozen=True):
    project: str
    version: str
    framework: str
    lines: int
    tool: str
    scenario: Scenario
    samples: list[Cost]

    @property
    def is_finished(self) -> bool:
        return all(sample.exit is not None for sample in self.samples)

    def median(self, quantity: str) -> float:
        values: list[float] = [getattr(sample, quantity) for sample in self.samples]
        return statistics.median(values)


class Miss(msgspec.Struct, frozen=True):
    """A budget that was not kept. `value` and `limit` are in the unit that `budget` names."""

    project: str
    budget: str
    value: float
    limit: float


def written(results: Sequence[Result], versions: Mapping[str, str], into: Path) -> None:
    """Writes `speed.json` and `speed.md` into the directory."""
    into.mkdir(parents=True, exist_ok=True)
    record = {"machine": machine(), "versions": versions, "results": results, "misses": misses(results)}
    (into / "speed.json").write_bytes(msgspec.json.format(msgspec.json.encode(record), indent=1) + b"\n")
    (into / "speed.md").write_text(markdown(results, versions), encoding="utf-8")


def markdown(results: Sequence[Result], versions: Mapping[str, str]) -> str:
    tools = [tool for tool in versions if any(result.tool == tool for result in results)]
    found = {(result.project, result.tool, result.scenario): result for result in results}
    columns = [(tool, scenario) for tool in tools for scenario in Scenario if _has(results, tool, scenario)]
    sections = [
        "# Speed and memory",
        f"Medians of runs that took turns on one machine: {machine()}. Written by `bench/run.py`.",
        "\n".join(f"* {tool}: {version}" for tool, version in versions.items()),
    ]
    for title, quantity, unit, scale in (
        ("Wall time", "wall", "s", 1.0),
        ("CPU time", "cpu", "s", 1.0),
        ("Peak memory of all processes", "memory", "MB", 1e6),
    ):
        rows = [["project", "lines", *(f"{tool} {scenario.value}" for tool, scenario in columns)]]
        for project in dict.fromkeys(result.project for result in results):
            lines = next(result.lines for result in results if result.project == project)
            cells = (found.get((project, *column)) for column in columns)
            rows.append([project, f"{lines:,}", *(_cell(cell, quantity, scale) for cell in cells)])
        sections += [f"## {title}, {unit}", _grid(rows)]
    sections += ["## Budgets", _budgets(results)]
    return "\n\n".join(sections) + "\n"


def misses(results: Sequence[Result]) -> list[Miss]:
    """The budgets of the design that `results` exceed, in the order of the projects."""
    return [miss for miss in _checked(results) if miss.value > miss.limit]


def _checked(results: Sequence[Result]) -> Iterator[Miss]:
    """Every budget that can be checked, kept or not."""
    found = {(result.project, result.tool, result.scenario): result for result in results}
    ours = [result for result in results if result.tool == US and result.is_finished]
    for result in ours:
        share = max(1.0, result.lines / BUDGET_LINES)
        match result.scenario:
            case Scenario.COLD:
                rival = found.get((result.project, RIVAL, Scenario.COLD))
                if rival is not None and rival.is_finished:
                    yield Miss(
                        result.project, "cold: seconds, against Bandit's", result.median("wall"), rival.median("wall")
                    )
                room = max(SMALLEST_MEMORY, result.lines * BYTES_PER_LINE) / 1e6
                yield Miss(result.project, "cold: MB", result.median("memory") / 1e6, room)
            case Scenario.WARM:
                yield Miss(result.project, "warm: seconds", result.median("wall"), WARM_SECONDS * share)
            case Scenario.EDITED:
                yield Miss(result.project, "one file edited: seconds", result.median("wall"), EDIT_SECONDS * share)
    steepness = exponent([(r.lines, r.median("cpu")) for r in ours if r.scenario is Scenario.COLD])
    if steepness is not None:
        yield Miss("all", "exponent of cold CPU time over lines", steepness, STEEPEST)


def exponent(points: Sequence[tuple[float, float]]) -> float | None:
    """The slope of the line through the points' logarithms: 1 where cost grows as size does.

    Points below 20,000 lines are left out, where starting up is most of the time; fewer than three say nothing.
    """
    logs = [(math.log(size), math.log(cost)) for size, cost in points if size >= 20_000]
    return statistics.linear_regression(*zip(*logs, strict=True)).slope if len(logs) >= 3 else None


def machine() -> str:
    """The processor as Linux calls it, its cores, how busy they are just now, the system and the interpreter."""
    names = [line.partition(":")[2].strip() for line in _cpuinfo() if line.startswith("model name")]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    name = names[0] if names else platform.machine()
    load = f"load average {os.getloadavg()[0]:.1f}, " if hasattr(os, "getloadavg") else ""
    return f"{name}, {cores} cores, {load}{platform.system()}, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text().splitlines() if path.exists() else []


def _has(results: Sequence[Result], tool: str, scenario: Scenario) -> bool:
    return any(result.tool == tool and result.scenario is scenario for result in results)


def _cell(result: Result | None, quantity: str, scale: float) -> str:
    if result is None:
        return ""
    if not result.is_finished:
        return f"> {max(sample.wall for sample in result.samples):.0f} s" if quantity == "wall" else ""
    value = result.median(quantity) / scale
    odd = sorted({sample.exit for sample in result.samples if sample.exit not in (0, 1)}, key=str)
    return (f"{value:.0f}" if value >= 100 else f"{value:.2f}") + "".join(f" (exit {code})" for code in odd)


def _budgets(results: Sequence[Result]) -> str:
    checked = list(_checked(results))
    if not checked:
        return f"None checked: {US} was not run."
    missed = misses(results)
    lines = [f"{len(checked) - len(missed)} of {len(checked)} kept."]
    if missed:
        rows = [["project", "budget", "measured", "limit"]]
        rows += [[miss.project, miss.budget, f"{miss.value:.2f}", f"{miss.limit:.2f}"] for miss in missed]
        lines.append(_grid(rows))
    return "\n\n".join(lines)


def _grid(rows: Sequence[Sequence[str]]) -> str:
    head, *body = rows
    return "\n".join("| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *body))
