from __future__ import annotations

import json
import subprocess

import jsonschema
import pytest
import yaml

from backend_lint.config import schema
from tests.program import LOGS, Program


def test_config_show_says_where_each_value_comes_from(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program.put({"api/backend-lint.toml": "\nfail-on = 'high'\n", "api/app.py": ""})
    monkeypatch.setenv("BACKEND_LINT_JOBS", "3")
    shown = program("config", "show", "api/app.py", "--format", "json").json
    assert shown["fail-on"] == {"value": "high", "origin": "api/backend-lint.toml:2"}
    assert shown["jobs"] == {"value": 3, "origin": "BACKEND_LINT_JOBS"}
    assert shown["select"] == {"value": ["ALL"], "origin": "profile default"}
    assert shown["exclude"] == {"value": None, "origin": "default"}
    line = next(line for line in program("config", "show", "api").out.splitlines() if line.startswith("fail-on "))
    assert line.split() == ["fail-on", '"high"', "api/backend-lint.toml:2"]


def test_config_show_needs_a_path_that_exists(program: Program) -> None:
    assert program("config", "show", "nowhere").code == 2


def test_config_schema_is_the_schema(program: Program) -> None:
    assert program("config", "schema").json == json.loads(json.dumps(schema()))


@pytest.mark.parametrize("extras", [[], ["--with", "github", "--with", "pre-commit", "--with", "gitlab"]])
def test_init_writes_little_and_what_it_writes_loads(program: Program, extras: list[str]) -> None:
    assert program("init", *extras).code == 0
    for path in filter(lambda path: path.is_file(), program.root.rglob("*")):
        assert len(path.read_text().splitlines()) <= 15
        if path.suffix in {".yml", ".yaml"}:
            assert yaml.safe_load(path.read_text())
    outcome = program("--format", "json")
    assert outcome.code == 0
    assert "warning" not in outcome.err


def test_init_writes_nothing_on_a_dry_run(program: Program) -> None:
    assert "fail-on" in program("init", "--dry-run").out
    assert list(program.root.iterdir()) == []


def test_init_never_overwrites(program: Program) -> None:
    files = {"pyproject.toml": "[tool.backend-lint]\n", ".pre-commit-config.yaml": "repos: []\n"}
    program.put(files)  # type: ignore[arg-type]
    outcome = program("init", "--with", "pre-commit")
    assert {name: program.read(name) for name in files} == files
    assert sorted(path.name for path in program.root.iterdir()) == sorted(files)
    assert "left as it is" in outcome.err


def test_what_init_writes_fits_the_schema(program: Program) -> None:
    import tomli

    program("init")
    jsonschema.validate(tomli.loads(program.read("backend-lint.toml")), schema())


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_completion_script_is_printed(program: Program, shell: str) -> None:
    script = program("completion", shell).out
    assert "_BACKEND_LINT_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("backend-lint --select SEC40", ["SEC403"]),
        ("backend-lint check --ignore traceback-l", ["traceback-lost"]),
        ("backend-lint --select API,SEC-", ["API,SEC-1", "API,SEC-4"]),
        ("backend-lint --extend-select B60", ["B602"]),
        ("backend-lint --ignore unused-s", ["unused-suppression"]),
        ("backend-lint rule SUP", ["SUP001"]),
        ("backend-lint guidelines DAT", ["DAT-1", "DAT-4"]),
        ("backend-lint score --explain ARC", ["ARC-1"]),
    ],
)
def test_rules_and_guidelines_complete(words: str, expected: list[str]) -> None:
    completed, loaded = _completed(words)
    assert set(expected) <= set(completed)
    assert loaded == []


def _completed(words: str) -> tuple[list[str], list[str]]:
    import os
    import sys

    heavy = ("libcst", "bandit", "rich", "backend_lint.engine.packs", "backend_lint.project")
    environ = os.environ | {
        "_BACKEND_LINT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1),
    }  # fmt: skip
    code = f"""
import sys
from backend_lint.cli import main
try:
    main([])
finally:
    print(*[name for name in {heavy!r} if name in sys.modules], sep=",")
"""
    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)
    *lines, loaded = done.stdout.splitlines()
    return [line.partition(",")[2] for line in lines], [name for name in loaded.split(",") if name]


def test_suppressions_are_listed_with_what_they_hide(program: Program) -> None:
    hushed = LOGS.format(name="charge").replace('failed")', 'failed")  # backend-lint: ignore[SEC403] -- noise')
    program.write(app=hushed, old="# backend-lint: file-ignore[SEC403] until=2999-01-01\nx = 1\n")
    listed = program("suppressions", "list", "--format", "json").json
    assert listed == [
        {"path": "app.py", "line": 10, "rules": ["SEC403"], "reason": "noise", "until": None, "whole_file": False, "hides": 1, "since": None},
        {"path": "old.py", "line": 1, "rules": ["SEC403"], "reason": "", "until": "2999-01-01", "whole_file": True, "hides": 0, "since": None},
    ]  # fmt: skip
    text = program("suppressions", "list").out.splitlines()
    assert text[0].split() == ["app.py:10", "SEC403", "noise"]
    assert text[1].endswith("no reason given · whole file · until 2999-01-01 · hides nothing")


def test_a_suppression_is_as_old_as_git_says(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2026-03-01T12:00:00Z")
    program.write(app="x = 1  # backend-lint: ignore[SEC403] -- a\n")
    program.commit()
    program.write(app="y = 2  # backend-lint: ignore[SEC403] -- b\nx = 1  # backend-lint: ignore[SEC403] -- a\n")
    assert [each["since"] for each in program("suppressions", "list", "--format", "json").json] == [None, "2026-03-01"]
    assert "since 2026-03-01" in program("suppressions", "list").out.splitlines()[1]


def test_plugins_lists_the_packs(program: Program) -> None:
    [builtin] = program("plugins", "--format", "json").json["packs"]
    assert builtin["name"] == "builtin"
    assert "SEC403" in builtin["rules"]
