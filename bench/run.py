"""Measures backend-lint and its peers on real backends, in one go, and writes the table.

    python bench/run.py                                        everything; takes hours
    python bench/run.py --projects kinto pretix --tools backend-lint bandit --runs 5

Needs the network once, for PyPI. Everything downloaded lies in bench/work, which git ignores.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from corpus import Project, fetched, projects
from measure import Cost, measured
from table import Result, Scenario, written
from tools import TOOLS, Setup, Tool, program, version

HERE = Path(__file__).resolve().parent


def main() -> None:
    options = _options()
    chosen = [
        each for each in projects(HERE / "projects.toml") if not options.projects or each.name in options.projects
    ]
    chosen = [each for each in chosen if each.lines <= options.max_lines]
    installed = {
        tool.name: program(tool, options.work) for tool in TOOLS if not options.tools or tool.name in options.tools
    }
    for name in (name for name, path in installed.items() if path is None):
        _say(f"{name}: cannot be installed here, left out")
    bench = _Bench(options, {name: path for name, path in installed.items() if path is not None})
    results: list[Result] = []
    for project in chosen:
        tree = fetched(project, options.work)
        results += bench.results(project, tree)
        written(results, {name: version(path) for name, path in bench.programs.items()}, options.results)
    _say(f"written: {options.results / 'speed.md'}")


class _Bench:
    """Runs the tools on one project after the other; those that were too slow for one are spared the larger ones."""

    def __init__(self, options: argparse.Namespace, programs: dict[str, Path]) -> None:
        self.programs = programs
        self._options = options
        self._tools = [tool for tool in TOOLS if tool.name in programs]
        self._too_slow: set[str] = set()
        self._edits = itertools.count(1)

    def results(self, project: Project, tree: Path) -> Iterator[Result]:
        """Each tool once a round, so that whatever else the machine does meanwhile touches all of them."""
        _read(tree)
        costs: dict[tuple[str, Scenario], list[Cost]] = {}
        for turn in range(self._options.runs):
            for tool in self._tools:
                if tool.name in self._too_slow:
                    continue
                for scenario, cost in self._round(tool, project, tree):
                    costs.setdefault((tool.name, scenario), []).append(cost)
                    _say(f"{project.name} {turn + 1}/{self._options.runs} {tool.name} {scenario.value}: {_text(cost)}")
        for (name, scenario), samples in costs.items():
            yield Result(project.name, project.version, project.framework, project.lines, name, scenario, samples)

    def _round(self, tool: Tool, project: Project, tree: Path) -> Iterator[tuple[Scenario, Cost]]:
        cache = self._options.work / "cache" / tool.name
        shutil.rmtree(cache, ignore_errors=True)
        for scenario in Scenario:
            if scenario is not Scenario.COLD and not tool.has_cache:
                return
            with _Edit(tree, next(self._edits) if scenario is Scenario.EDITED else None):
                cost = self._cost(tool, project, tree, cache)
            if cost.exit is None:
                self._too_slow.add(tool.name)
            yield scenario, cost
            if cost.exit is None:
                return

    def _cost(self, tool: Tool, project: Project, tree: Path, cache: Path) -> Cost:
        logs = self._options.work / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        return measured(
            tool.command(Setup(self.programs[tool.name], tree, cache, self._options.semgrep_rules)),
            directory=tree,
            log=logs / f"{project.name}-{tool.name}.log",
            limit=self._options.limit,
            # pylint keeps data between runs that it never uses to save time; and no tool needs to phone home.
            environment={"PYLINTHOME": str(cache), "SEMGREP_SEND_METRICS": "off"},
        )


class _Edit:
    """While it is entered, one file of the tree has one function more: that of median size, never twice the same."""

    def __init__(self, tree: Path, number: int | None) -> None:
        self._number = number
        files = sorted(tree.rglob("*.py"), key=lambda path: (path.stat().st_size, path))
        self._path = files[len(files) // 2]
        self._before = self._path.read_bytes()

    def __enter__(self) -> None:
        if self._number is not None:
            added = f"\n\ndef measured_edit() -> int:\n    return {self._number}\n"
            self._path.write_bytes(self._before + added.encode())

    def __exit__(self, *_: object) -> None:
        if self._number is not None:
            self._path.write_bytes(self._before)


def _read(tree: Path) -> None:
    """So that the first tool does not pay for the disk."""
    for path in tree.rglob("*.py"):
        path.read_bytes()


def _text(cost: Cost) -> str:
    if cost.exit is None:
        return f"stopped after {cost.wall:.0f} s"
    return f"{cost.wall:.2f} s, {cost.cpu:.2f} s CPU, {cost.memory / 2**20:.0f} MB, exit {cost.exit}"


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--projects", nargs="+", metavar="NAME", help="of projects.toml; all")
    parser.add_argument("--tools", nargs="+", metavar="NAME", choices=[tool.name for tool in TOOLS], help="all")
    parser.add_argument("--runs", type=int, default=3, help="of each tool and scenario; the median counts (3)")
    parser.add_argument("--limit", type=float, default=900, help="seconds after which a run is stopped (900)")
    parser.add_argument("--max-lines", type=int, default=2_000_000, help="leave larger projects out")
    parser.add_argument("--semgrep-rules", type=Path, help="a directory of rules instead of the registry's p/python")
    parser.add_argument("--work", type=Path, default=HERE / "work", help="downloads, environments, caches (bench/work)")
    parser.add_argument("--results", type=Path, default=HERE / "results", help="where the table goes (bench/results)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
