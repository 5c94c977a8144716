"""The composite action: its shell steps are run, its form is that which GitHub documents."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program import LOGS, Program

ROOT = Path(__file__).parents[1]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]


def step(name: str) -> dict[str, Any]:
    return next(each for each in STEPS if each["name"] == name)


def test_inputs_reach_the_shell_as_variables_only() -> None:
    scripts = [each["run"] for each in STEPS if "run" in each]
    assert [script for script in scripts if "${{" in script] == []
    assert all(each["shell"] == "bash" for each in STEPS if "run" in each)


def test_other_actions_are_pinned_by_commit() -> None:
    assert all(re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", each["uses"]) for each in STEPS if "uses" in each)


def test_every_output_comes_from_a_step_and_every_input_is_described() -> None:
    ids = {each.get("id") for each in STEPS}
    for output in ACTION["outputs"].values():
        [used] = re.findall(r"steps\.([\w-]+)\.outputs\.", output["value"])
        assert used in ids
    assert all(each["description"] and "default" in each for each in ACTION["inputs"].values())


@pytest.fixture
def runner(program: Program, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runner's directory for temporary files, in which the program is installed."""
    directory = tmp_path_factory.mktemp("runner")
    installed = directory / "backend-lint" / "bin" / "backend-lint"
    installed.parent.mkdir(parents=True)
    installed.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backend_lint "$@"\n')
    installed.chmod(0o755)
    return directory


def linted(program: Program, runner: Path, **variables: str) -> tuple[dict[str, str], subprocess.CompletedProcess[str]]:
    """The outputs of the step that lints, and what it printed."""
    environ = {
        **os.environ,
        "RUNNER_TEMP": str(runner),
        "GITHUB_OUTPUT": str(runner / "output"),
        "GITHUB_STEP_SUMMARY": str(runner / "summary"),
        "BACKEND_LINT_CACHE_DIR": str(runner / "cache"),
        "PATHS": ".",
        "ARGUMENTS": "--select SEC403 --fail-on low",
        "NEW_FROM": "",
        **variables,
    }
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step("Lint")["run"]]
    done = subprocess.run(command, cwd=program.root, env=environ, capture_output=True, text=True, check=True)
    lines = (runner / "output").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines), done


def verdict(outputs: dict[str, str]) -> int:
    environ = {**os.environ, "CODE": outputs["exit-code"]}
    return subprocess.run(["bash", "-e", "-c", step("Give the verdict")["run"]], env=environ, check=False).returncode


def test_a_failing_run_reports_first_and_fails_last(program: Program, runner: Path) -> None:
    program.write(app=LOGS.format(name="charge"))
    outputs, done = linted(program, runner)
    assert (outputs["exit-code"], outputs["new-findings"]) == ("1", "1")
    assert float(outputs["score"]) < 100
    assert Path(outputs["sarif-file"]).is_file()
    assert "SEC403" in (runner / "summary").read_text()
    assert "::notice file=app.py,line=10" in done.stdout
    assert verdict(outputs) == 1


def test_a_clean_run_passes(program: Program, runner: Path) -> None:
    program.write(app="x = 1\n")
    outputs, _ = linted(program, runner)
    assert outputs["new-findings"] == "0"
    assert verdict(outputs) == 0


def test_misuse_is_the_verdict_too(program: Program, runner: Path) -> None:
    program.write(app="x = 1\n")
    outputs, _ = linted(program, runner, ARGUMENTS="--select NOTHING")
    assert verdict(outputs) == 2


def test_only_new_findings_count_where_a_base_is_given(program: Program, runner: Path) -> None:
    program.write(app=LOGS.format(name="charge"))
    program.commit()
    assert verdict(linted(program, runner, NEW_FROM="HEAD")[0]) == 0


def test_what_an_input_says_is_never_run(program: Program, runner: Path) -> None:
    program.write(app="x = 1\n")
    outputs, _ = linted(program, runner, PATHS="$(touch marker) ;touch marker", NEW_FROM='"; touch marker; "')
    assert verdict(outputs) == 2
    assert not (program.root / "marker").exists()
