from __future__ import annotations

from pathlib import Path

import pytest

from tests.program import LOGS, Program

ROUTE = """\
from fastapi import FastAPI

from queries import run

app = FastAPI()


@app.get("/orders")
def orders(q: str) -> list[str]:
    return run(q)
"""
SAFE = """\
import sqlite3


def run(q: str) -> list[str]:
    return sqlite3.connect("a").execute("select * from o where a = ?", (q,)).fetchall()
"""
UNSAFE = """\
import sqlite3


def run(q: str) -> list[str]:
    return sqlite3.connect("a").execute("select * from o where a = " + q).fetchall()
"""


@pytest.fixture
def repository(program: Program) -> Program:
    """One commit with a finding in `app.py`."""
    program.put({"backend-lint.toml": "", "app.py": LOGS.format(name="charge")})
    program.commit()
    return program


def test_only_what_is_new_is_judged_and_everything_is_reported(repository: Program) -> None:
    repository.write(new=LOGS.format(name="refund"))
    outcome = repository.check("--new-from", "HEAD")
    assert (outcome.code, outcome.found, outcome.accepted) == (1, ["new.py:10 SEC403"], ["app.py:10 SEC403"])
    assert outcome.json["scope"] == "new since HEAD"
    assert outcome.json["gate"]["reasons"] == ["1 new finding at low or above (--fail-on low)"]


def test_the_score_is_compared_with_that_of_the_revision(repository: Program) -> None:
    repository.write(new=LOGS.format(name="refund"))
    comparison = repository.check("--new-from", "HEAD").json["comparison"]
    assert (comparison["since"], comparison["comparable"]) == ("HEAD", True)
    assert comparison["guidelines"]["SEC-4"] < 0


def test_new_code_has_a_score_of_its_own(repository: Program) -> None:
    repository.write(app=repository.read("app.py") + "\n\ndef untouched():\n    return 1\n", other="x = 1\n")
    repository.commit()
    repository.write(app=repository.read("app.py").replace("return 1", "return 2"))
    clean = repository.check("--new-from", "HEAD").json
    assert clean["new_code"]["overall"] == 100
    assert clean["score"]["overall"] < 100
    repository.write(new=LOGS.format(name="refund"))
    [debt] = [rule for each in repository.check("--new-from", "HEAD").json["new_code"]["guidelines"] for rule in each["rules"]]  # fmt: skip
    assert (debt["findings"], debt["examined"]) == (1, 2)
    outcome = repository.check("--new-from", "HEAD", "--fail-under", "new=99", "--fail-on", "never")
    assert outcome.json["gate"]["reasons"][0].startswith("The score of new code is ")
    assert repository.check("--new-from", "HEAD", "--fail-under", "new=50", "--fail-on", "never").code == 0


def test_a_change_is_judged_by_what_it_breaks_elsewhere(program: Program) -> None:
    program.put({"app.py": ROUTE, "queries.py": SAFE, "routes.py": "x = 1\n"})
    program.commit()
    program.write(queries=UNSAFE)
    assert program.check("--new-from", "HEAD", select="SEC201").code == 1
    program.commit()
    program.write(app=ROUTE.replace("run(q)", "run(q)  # as before"))
    assert program.check("--new-from", "HEAD", select="SEC201").code == 0


def test_moved_code_is_not_new(repository: Program) -> None:
    (repository.root / "app.py").rename(repository.root / "moved.py")
    repository.write(moved="# moved\n\n" + repository.read("moved.py"))
    assert repository.check("--new-from", "HEAD").code == 0


def test_a_copy_of_what_another_file_has_is_new_also_where_only_the_copy_is_named(repository: Program) -> None:
    repository.write(copy=repository.read("app.py"))
    assert repository.check("--new-from", "HEAD").found == ["copy.py:10 SEC403"]
    assert repository.check("copy.py", "--new-from", "HEAD").found == ["copy.py:10 SEC403"]


def test_the_base_is_where_the_branches_parted(repository: Program) -> None:
    repository.git("checkout", "--quiet", "-b", "topic")
    repository.git("checkout", "--quiet", "main")
    repository.write(app="x = 1\n")
    repository.commit()
    repository.git("checkout", "--quiet", "topic")
    assert repository.check("--new-from", "main").code == 0


def test_git_is_only_read(repository: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    repository.write(app=repository.read("app.py") + "\n# changed\n", new=LOGS.format(name="refund"))
    repository.git("add", "new.py")
    state = _state(repository.root)
    for name, value in {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index", "GIT_WORK_TREE": "/nowhere"}.items():
        monkeypatch.setenv(name, value)
    assert repository.check("--new-from", "HEAD", "--no-cache").found == ["new.py:10 SEC403"]
    assert _state(repository.root) == state


def test_a_project_below_the_top_of_its_repository_is_compared(program: Program) -> None:
    program.put({"backend/backend-lint.toml": "", "backend/app.py": LOGS.format(name="charge")})
    program.commit()
    outcome = program.check("--new-from", "HEAD", "backend")
    assert (outcome.code, outcome.found) == (0, [])


def test_a_work_tree_of_its_own_is_compared(repository: Program, tmp_path_factory: pytest.TempPathFactory) -> None:
    tree = tmp_path_factory.mktemp("trees") / "other"
    repository.git("worktree", "add", "--quiet", str(tree), "HEAD")
    outcome = repository.check("--new-from", "HEAD", str(tree))
    assert (outcome.code, outcome.found) == (0, [])


def test_an_unknown_revision_is_misuse(repository: Program) -> None:
    outcome = repository.check("--new-from", "nowhere")
    assert outcome.code == 2
    assert outcome.json["error"]["message"] == "git knows no revision 'nowhere' here"


def test_an_option_is_no_revision(repository: Program) -> None:
    assert repository.check("--new-from", "--output=x").code == 2


def test_a_shallow_clone_says_what_to_fetch(
    repository: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.write(other="x = 1\n")
    repository.commit()
    clone = tmp_path_factory.mktemp("clones") / "shallow"
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.root}", str(clone))
    monkeypatch.chdir(clone)
    outcome = repository.check("--new-from", "HEAD~1")
    assert outcome.code == 2
    assert "`fetch-depth: 0`" in outcome.json["error"]["message"]


def test_without_git_there_is_nothing_to_compare(program: Program) -> None:
    program.write(app="x = 1\n")
    assert "is in no git work tree" in program.check("--new-from", "HEAD").json["error"]["message"]


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"app.py": LOGS.format(name="charge").replace('failed")', 'failed")  # backend-lint: ignore[SEC403] -- a')},
         ("app.py", 10, "new suppression of SEC403")),
        ({"backend-lint.toml": "ignore = ['SEC1']"}, ("backend-lint.toml", None, "new in the configuration: ignore SEC1")),
        ({"backend-lint.toml": "[[overrides]]\npaths = ['a']\nignore = ['SEC1']"},
         ("backend-lint.toml", None, "new in the configuration: ignore SEC1 in a")),
    ],
)  # fmt: skip
def test_silence_is_told_and_fails_on_demand(
    repository: Program, files: dict[str, str | bytes], said: tuple[str, int | None, str]
) -> None:
    repository.put(files)
    outcome = repository.check("--new-from", "HEAD")
    assert outcome.code == 0
    assert said in [(each["path"], each["line"], each["message"]) for each in outcome.json["diagnostics"]]
    failed = repository.check("--new-from", "HEAD", "--fail-on-new-suppressions")
    assert failed.code == 1
    assert failed.json["gate"]["reasons"] == ["1 new suppression (--fail-on-new-suppressions)"]


def test_new_entries_of_the_baseline_are_silence_too(repository: Program) -> None:
    repository.put({"backend-lint.toml": "baseline = 'accepted.jsonl'", "accepted.jsonl": ""})
    repository.commit()
    repository("baseline", "write", "--select", "SEC403")
    assert repository.check("--new-from", "HEAD").code == 0
    assert repository.check("--new-from", "HEAD", "--fail-on-new-suppressions").code == 1


def test_a_suppression_that_moves_with_its_file_is_not_new(repository: Program) -> None:
    repository.write(app="x = 1  # backend-lint: ignore[SEC403] -- a\n")
    repository.commit()
    (repository.root / "app.py").rename(repository.root / "moved.py")
    assert repository.check("--new-from", "HEAD", "--fail-on-new-suppressions").code == 0


def _state(root: Path) -> dict[str, bytes]:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}
