"""The hooks under the real pre-commit, in a repository of their own. Installing them is left out: it needs a network."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.program import LOGS, Program

HOOKS: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parents[1] / ".pre-commit-hooks.yaml").read_text("utf-8"))

CONFIG = "select = ['SEC403', 'SEC201']\nfail-on = 'low'\nextend-exclude = ['vendored/']\n"


@pytest.fixture
def repository(program: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A repository with all our hooks, and one commit."""
    installed = tmp_path_factory.mktemp("bin") / "backend-lint"
    installed.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m backend_lint "$@"\n')
    installed.chmod(0o755)
    monkeypatch.setenv("PATH", f"{installed.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PRE_COMMIT_HOME", str(tmp_path_factory.mktemp("pre-commit")))
    hooks = [hook | {"language": "system"} for hook in HOOKS]
    program.put({
        ".pre-commit-config.yaml": yaml.safe_dump({"repos": [{"repo": "local", "hooks": hooks}]}),
        ".gitignore": ".backend-lint-cache\n",
        "backend-lint.toml": CONFIG,
        "queries.py": "def run(q):\n    return q\n",
    })  # fmt: skip
    program.commit()
    return program


def hook(repository: Program, name: str, *arguments: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "pre_commit", "run", name, "--color", "never", *arguments]
    done = subprocess.run(command, cwd=repository.root, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_staged_files_are_reported_and_others_are_not(repository: Program) -> None:
    repository.write(old=LOGS.format(name="charge"))
    repository.commit()
    repository.write(new=LOGS.format(name="refund"))
    repository.git("add", "new.py")
    code, said = hook(repository, "backend-lint")
    assert code == 1
    assert "new.py:10:9" in said
    assert "old.py" not in said


def test_a_staged_file_is_judged_with_the_rest_of_the_project(repository: Program) -> None:
    repository.write(
        queries='import sqlite3\n\n\ndef run(q):\n    return sqlite3.connect("a").execute("select * from o where a = " + q)\n',
        app='from fastapi import FastAPI\n\nfrom queries import run\n\napp = FastAPI()\n\n\n@app.get("/o")\ndef o(q: str):\n    return run(q)\n',
    )
    repository.git("add", "queries.py", "app.py")
    code, said = hook(repository, "backend-lint", "--files", "queries.py")
    assert code == 1
    assert "SEC201" in said


def test_excluded_files_stay_excluded(repository: Program) -> None:
    repository.write(vendored__x=LOGS.format(name="charge"))
    repository.git("add", "vendored/x.py")
    assert hook(repository, "backend-lint")[0] == 0


def test_what_is_not_staged_is_neither_judged_nor_lost(repository: Program) -> None:
    repository.write(app="x = 1\n")
    repository.git("add", "app.py")
    unstaged = LOGS.format(name="charge")
    repository.write(app=unstaged)
    assert hook(repository, "backend-lint")[0] == 0
    assert repository.read("app.py") == unstaged


def test_the_fixing_hook_fails_by_changing_files_and_passes_then(repository: Program) -> None:
    repository.write(app=LOGS.format(name="charge"))
    repository.git("add", "app.py")
    code, said = hook(repository, "backend-lint-fix")
    assert code == 1
    assert "files were modified by this hook" in said
    assert "log.exception" in repository.read("app.py")
    repository.git("add", "app.py")
    assert hook(repository, "backend-lint-fix")[0] == 0


def test_the_full_hook_reports_on_everything(repository: Program) -> None:
    repository.write(old=LOGS.format(name="charge"))
    repository.commit()
    code, said = hook(repository, "backend-lint-full", "--hook-stage", "pre-push")
    assert code == 1
    assert "old.py:10:9" in said


def test_it_works_in_a_work_tree_from_a_real_commit(
    repository: Program, tmp_path_factory: pytest.TempPathFactory
) -> None:
    tree = tmp_path_factory.mktemp("trees") / "topic"
    repository.git("worktree", "add", "--quiet", "-b", "topic", str(tree))
    subprocess.run(
        [sys.executable, "-m", "pre_commit", "install"], cwd=repository.root, capture_output=True, check=True
    )
    (tree / "app.py").write_text(LOGS.format(name="charge"))
    subprocess.run(["git", "add", "app.py"], cwd=tree, check=True)
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-m", "x"]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "app.py:10:9" in done.stdout + done.stderr
