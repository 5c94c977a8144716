"""Compares the backend as it is read with the backend as it runs: recall and precision of the adapters.

    python bench/recall.py                        every application of truth/, its code fetched by pip
    python bench/recall.py zenml --misses         one, with all that was missed or made up
    python bench/recall.py --trees ~/trees        code from ~/trees/NAME where it is there

Writes results/recall.md. An address is a method and a path; whether it is guarded counts where both sides have it.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from corpus import Project, fetched, projects

HERE = Path(__file__).resolve().parent
BAR = 0.98
FACTS = ("nullable", "primary_key", "unique", "index")
ANY = "*"

Row = dict[str, Any]


class Share(msgspec.Struct, frozen=True):
    """What is true of the application (`truth`), and what was read of it (`found`)."""

    subject: str
    truth: frozenset[str]
    found: frozenset[str]

    @property
    def recall(self) -> float:
        return _ratio(len(self.truth & self.found), len(self.truth))

    @property
    def precision(self) -> float:
        return _ratio(len(self.truth & self.found), len(self.found))


class Measured(msgspec.Struct, frozen=True):
    project: Project
    shares: tuple[Share, ...]


def compared(truth: Row, found: Row) -> tuple[Share, ...]:
    """The shares of the subjects that the truth knows something of."""
    shares: list[Share] = []
    if truth["routes"]:
        real, read = _answers(truth["routes"], found["routes"]), _answers(found["routes"], truth["routes"])
        both = real.keys() & read.keys()
        shares += [
            Share("routes", frozenset(real), frozenset(read)),
            Share("guarded", _guarded(real, both), _guarded(read, both)),
        ]
    if truth["models"]:
        real_models, read_models = truth["models"], _of_tables(found["models"])
        shares += [
            Share("columns", frozenset(_columns(real_models)), frozenset(_columns(read_models))),
            *(
                Share(fact, frozenset(_columns(real_models, fact)), frozenset(_columns(read_models, fact)))
                for fact in FACTS
            ),
            Share("foreign keys", frozenset(_references(real_models)), frozenset(_references(read_models))),
            Share("indexes", frozenset(_indexes(real_models)), frozenset(_indexes(read_models))),
        ]
    return tuple(shares)


def _answers(rows: Sequence[Row], others: Sequence[Row]) -> dict[str, bool]:
    """Whether each `GET /path` is guarded; of several handlers at one address, the first row counts.

    A row that takes any method takes those that the other side names.
    """
    named: dict[str, set[str]] = {}
    for row in others:
        named.setdefault(row["path"], set()).update(row["methods"])
    answers: dict[str, bool] = {}
    for row in rows:
        methods = row["methods"]
        if ANY in methods:
            methods = sorted(named.get(row["path"], set())) or methods
        for method in methods:
            answers.setdefault(f"{method} {row['path']}", _is_guarded(row))
    return answers


def _is_guarded(row: Row) -> bool:
    if "guarded" in row:
        return bool(row["guarded"])
    return any(guard["kind"] in ("authentication", "authorization") for guard in row["guards"])


def _guarded(answers: dict[str, bool], among: Iterable[str]) -> frozenset[str]:
    return frozenset(address for address in among if answers[address])


def _of_tables(models: Sequence[Row]) -> list[Row]:
    """The models that have tables, each with the columns that lie in its own."""
    return [
        model | {"columns": [column for column in model["columns"] if column["table"] is None]}
        for model in models
        if model["table"] is not None
    ]


def _columns(models: Sequence[Row], fact: str | None = None) -> Iterator[str]:
    for model in models:
        for column in model["columns"]:
            if fact is None or column[fact]:
                yield f"{model['table']}.{column['name']}"


def _references(models: Sequence[Row]) -> Iterator[str]:
    for model in models:
        for column in model["columns"]:
            if column["foreign_key"]:
                yield f"{model['table']}.{column['name']} -> {column['foreign_key']}"


def _indexes(models: Sequence[Row]) -> Iterator[str]:
    """Indexes and unique constraints of several columns; those of one are told with the column."""
    for model in models:
        uniques = [{"columns": each, "unique": True} for each in model.get("uniques", ())]
        for index in [*model["indexes"], *uniques]:
            if len(index["columns"]) > 1:
                yield f"{model['table']} ({', '.join(index['columns'])}){' unique' if index['unique'] else ''}"


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def read(tree: Path, package: str) -> Row:
    """The model of the code that lies in a folder."""
    command = [sys.executable, "-m", "backend_lint", "model", package, "--format", "json", "--no-cache"]
    done = subprocess.run(command, cwd=tree, check=True, capture_output=True)
    found: Row = json.loads(done.stdout)
    return found


def markdown(measured: Sequence[Measured]) -> str:
    subjects = list(dict.fromkeys(share.subject for each in measured for share in each.shares))
    head = ["application", "version", "framework", *subjects]
    rows = [head, ["---"] * len(head)]
    for each in measured:
        shares = {share.subject: share for share in each.shares}
        cells = [_cell(shares.get(subject)) for subject in subjects]
        rows.append([each.project.name, each.project.version, each.project.framework, *cells])
    met = [each.project.name for each in measured if all(_is_met(share) for share in each.shares)]
    sections = [
        "# Recall and precision",
        "What `backend-lint model` reads of real applications, compared with what they say of themselves when they run "
        f"(`truth/`). Recall / precision, and of how many; the bar is {BAR}. Written by `bench/recall.py`.",
        "\n".join("| " + " | ".join(row) + " |" for row in rows),
        f"The bar is met in every column by: {', '.join(met) or 'none'}.",
    ]
    return "\n\n".join(sections) + "\n"


def _cell(share: Share | None) -> str:
    if share is None:
        return ""
    shown = f"{share.recall:.3f} / {share.precision:.3f} ({len(share.truth)})"
    return shown if _is_met(share) else f"**{shown}**"


def _is_met(share: Share) -> bool:
    return share.recall >= BAR and share.precision >= BAR


def _misses(measured: Measured) -> Iterator[str]:
    for share in measured.shares:
        yield f"{measured.project.name} {share.subject}: {share.recall:.3f} / {share.precision:.3f}"
        yield from (f"  missed   {each}" for each in sorted(share.truth - share.found))
        yield from (f"  made up  {each}" for each in sorted(share.found - share.truth))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", help="applications, all of truth/ by default")
    parser.add_argument("--trees", type=Path, help="where trees lie that need not be fetched")
    parser.add_argument("--misses", action="store_true", help="print them, and write nothing")
    options = parser.parse_args()

    measured = []
    for file in sorted((HERE / "truth").glob("*.json")):
        truth = json.loads(file.read_bytes())
        if options.names and truth["application"] not in options.names:
            continue
        project = next(each for each in _listed() if each.name == truth["application"])
        own = options.trees and options.trees / project.name
        tree = own if own and own.exists() else fetched(project, HERE / "work")
        measured.append(Measured(project, compared(truth, read(tree, truth["package"]))))
        if options.misses:
            print("\n".join(_misses(measured[-1])), flush=True)
    if not options.misses:
        (HERE / "results" / "recall.md").write_text(markdown(measured), encoding="utf-8")


def _listed() -> list[Project]:
    return [*projects(HERE / "projects.toml"), *projects(HERE / "truth" / "projects.toml")]


if __name__ == "__main__":
    main()
