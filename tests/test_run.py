"""The whole pipeline: what must hold whatever the project, the cache, the processes and the bytes are."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from backend_lint.engine import identity, packs
from tests.program import LOGS, Program

SHOP = Path(__file__).parents[1] / "fixtures" / "shop"
SINGLE_DOCUMENTS = ("json", "sarif", "html", "markdown", "gitlab", "junit", "rdjson")
FORMATS = ("full", "concise", "jsonl", "github", "agent", *SINGLE_DOCUMENTS)


def written(root: Path, *arguments: str, **environ: str) -> dict[str, bytes]:
    """What a run of the program in a process of its own writes, by format."""
    target = root.parent / f"{root.name}-reports"
    outputs = [word for name in FORMATS for word in ("--output", f"{name}:{target / name}")]
    command = [sys.executable, "-m", "backend_lint", *outputs, "--exit-zero", "-q", *arguments]
    subprocess.run(command, cwd=root, env={**os.environ, **environ}, stdout=subprocess.DEVNULL, check=False)
    return {path.name: path.read_bytes() for path in target.iterdir()}


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bytes]]:
    """A copy of the sample project with a warm cache, and the reports of the run that warmed it."""
    root = tmp_path_factory.mktemp("reference") / "shop"
    shutil.copytree(SHOP, root, ignore=shutil.ignore_patterns(".*cache*", "__pycache__"))
    (root / "backend-lint.toml").write_text("")
    return root, written(root, "--jobs", "1", PYTHONHASHSEED="0")


def test_a_report_has_a_finding_to_differ_in(reference: tuple[Path, dict[str, bytes]]) -> None:
    assert reference[1].keys() == set(FORMATS)
    assert b"SEC" in reference[1]["concise"]


@pytest.mark.parametrize(
    ("arguments", "seed"),
    [([], "0"), (["--no-cache", "--jobs", "2"], "1"), (["--no-cache", "--jobs", "8"], "4294967295")],
    ids=["warm", "two processes", "eight processes"],
)
def test_the_same_input_gives_the_same_bytes(
    reference: tuple[Path, dict[str, bytes]], arguments: list[str], seed: str
) -> None:
    assert written(reference[0], *arguments, PYTHONHASHSEED=seed) == reference[1]


def test_another_place_gives_the_same_bytes(reference: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    """Files are created in another order, below another path, and found in a cache that was copied."""
    elsewhere = tmp_path / "a b" / "shop"
    for path in sorted(reference[0].rglob("*"), reverse=True):
        if path.is_file():
            target = elsewhere / path.relative_to(reference[0])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    assert written(elsewhere) == reference[1]


def test_reports_say_nothing_of_where_the_project_lies(reference: tuple[Path, dict[str, bytes]]) -> None:
    root = str(reference[0].parent).encode()
    assert [name for name, content in reference[1].items() if root in content] == []


def broken(name: str) -> bytes:
    return {
        "NUL bytes": b"x = 1\0\ny = 2\n",
        "invalid UTF-8": b"x = '\xff\xfe'\n",
        "an unknown cookie": b"# -*- coding: no-such-codec -*-\nx = 1\n",
        "a cookie that lies": b"# -*- coding: ascii -*-\nx = '\xc3\xa9'\n",
        "no Python": b"def f(:\n",
        "deep nesting": b"x = " + b"(" * 10_000 + b")" * 10_000 + b"\n",
        "deep attributes": b"x = a" + b".b" * 10_000 + b"\n",
        "more than 5 MB": b"x = 1\n" * 900_000,
    }[name]


@pytest.mark.parametrize(
    "name",
    [
        "NUL bytes", "invalid UTF-8", "an unknown cookie", "a cookie that lies", "no Python", "deep nesting",
        "deep attributes", "more than 5 MB",
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_costs_that_file(program: Program, name: str) -> None:
    program.write(bad=broken(name), good=LOGS.format(name="charge"))
    program.put({"backend-lint.toml": "timeout-per-file = 3\n"})
    outcome = program.check()
    assert outcome.found == ["good.py:10 SEC403"]
    said = [each for each in outcome.json["diagnostics"] if each["kind"] != "notice"]
    assert {each["path"] for each in said} == {"bad.py"}
    assert (outcome.code, outcome.json["complete"]) == (1, False)
    assert program.check("--fail-on", "never").code == 3
    assert program.check("--fail-on", "never", "--allow-incomplete").code == 0
    assert "Traceback" not in outcome.err


def test_a_form_feed_and_odd_line_ends_are_read(program: Program) -> None:
    program.write(
        app="\ufeff" + LOGS.format(name="charge").replace("\n\n\n", "\n\f\n\n").replace("\n", "\r\n"),
        old=LOGS.format(name="charge").replace("\n", "\r"),
    )
    assert program.check().found == ["app.py:10 SEC403", "old.py:10 SEC403"]


def test_an_unreadable_file_is_told(program: Program) -> None:
    program.write(good=LOGS.format(name="charge"))
    (program.root / "gone.py").symlink_to("/nowhere/at/all.py")
    (program.root / "loop").symlink_to(program.root)
    assert program.check().found == ["good.py:10 SEC403"]


def test_a_linted_tree_is_never_run(program: Program) -> None:
    marker = "open('marker', 'w').write('ran')\n"
    program.write(conftest=marker, setup=marker, settings=marker, pkg____init__=marker, sitecustomize=marker)
    program.check(select="ALL")
    assert not (program.root / "marker").exists()


PACK = '''"""A rule that is made to fail.

## What it does
Nothing, but badly.
"""

from backend_lint.api import ProjectRule, Severity


class Fails(ProjectRule):
    code = "ARC199"
    severity = Severity.HIGH
    former = ("ARC198", "used-to-fail")

    def check(self, project):
        raise RuntimeError("on purpose")
'''


@pytest.fixture
def pack(program: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A third-party pack with one rule, which raises."""
    directory = tmp_path_factory.mktemp("packs")
    package = directory / "acme_rules"
    package.mkdir()
    (package / "__init__.py").write_text('REMOVED = {"ARC197": "it was never right"}\n')
    (package / "fails.py").write_text(PACK)
    monkeypatch.syspath_prepend(str(directory))
    entry = EntryPoint("acme", "acme_rules", identity.GROUP)
    monkeypatch.setattr(identity, "entry_points", lambda group: [entry])
    packs.load_packs.cache_clear()
    yield package
    for name in [name for name in sys.modules if name.startswith("acme_rules")]:
        del sys.modules[name]
    packs.load_packs.cache_clear()


def test_a_rule_that_raises_is_one_diagnostic(program: Program, pack: Path) -> None:
    program.write(app=LOGS.format(name="charge"))
    outcome = program.check(select="SEC403,ARC199")
    [diagnostic] = outcome.json["diagnostics"]
    assert diagnostic["message"] == "rule fails failed: RuntimeError: on purpose (fails.py:16)"
    assert (outcome.code, outcome.found) == (1, ["app.py:10 SEC403"])
    assert program.check("--fail-on", "never", select="ARC199").code == 3


def test_a_rule_that_raised_has_examined_nothing(program: Program, pack: Path) -> None:
    program.write(app="x = 1  # backend-lint: ignore[ARC199] -- perhaps\n")
    outcome = program.check(select="ARC199,SUP")
    assert outcome.found == []
    assert [each["examined"] for each in outcome.json["rules"] if each["code"] == "ARC199"] == [0]


@pytest.mark.parametrize("old", ["ARC198", "used-to-fail"])
def test_a_former_name_works_and_is_told_once(program: Program, pack: Path, old: str) -> None:
    program.put({"app.py": "x = 1\n", "backend-lint.toml": f"select = ['{old}']\nseverity = {{'{old}' = 'low'}}\n"})
    outcome = program("--format", "json")
    notices = [each["message"] for each in outcome.json["diagnostics"] if each["kind"] == "notice"]
    assert notices == [f"backend-lint.toml:2: {old} is called ARC199 fails now"]
    assert [each["code"] for each in outcome.json["rules"]] == ["ARC199"]


def test_a_comment_may_use_a_former_name(program: Program, pack: Path) -> None:
    (pack / "fails.py").write_text(PACK.replace('raise RuntimeError("on purpose")', "return []"))
    program.write(app="x = 1  # backend-lint: ignore[used-to-fail] -- perhaps\n")
    assert program.check(select="ARC199,SUP").found == ["app.py:1 SUP002"]


def test_a_removed_rule_is_misuse_with_the_reason(program: Program, pack: Path) -> None:
    program.write(app="x = 1\n")
    outcome = program.check(select="ARC197")
    assert outcome.code == 2
    assert "there is no rule 'ARC197' any more: it was never right" in outcome.err


def test_a_pack_that_cannot_be_loaded_is_one_diagnostic(program: Program, pack: Path) -> None:
    (pack / "fails.py").write_text("import nothing_of_this_name\n")
    program.write(app=LOGS.format(name="charge"))
    outcome = program.check()
    assert outcome.found == ["app.py:10 SEC403"]
    assert "pack acme failed: ModuleNotFoundError" in outcome.json["diagnostics"][0]["message"]
    assert program("plugins").code == 3


def test_rules_about_suppressions_are_rules_like_others(program: Program) -> None:
    program.put(
        {"app.py": "x = 1  # backend-lint: ignore[SEC403]\n", "tests/test_x.py": "x = 1  # backend-lint: ignore[]\n"}
    )
    assert program.check(select="SEC403").found == []
    assert program.check(select="SEC403,SUP").found == ["app.py:1 SUP002", "tests/test_x.py:1 SUP003"]
    assert program.check("--ignore", "malformed-suppression", select="ALL").found == ["app.py:1 SUP002"]
    program.put(
        {"backend-lint.toml": "severity = {SUP = 'high'}\n[[overrides]]\npaths = ['tests/']\nignore = ['SUP003']\n"}
    )
    outcome = program.check(select="SEC403,SUP")
    assert outcome.found == ["app.py:1 SUP002"]
    assert outcome.json["findings"][0]["severity"] == "high"


def test_what_is_off_for_a_file_leaves_no_suppression_unused(program: Program) -> None:
    program.put({
        "app.py": "x = 1  # backend-lint: ignore[SEC403] -- a\n",
        "tests/test_x.py": "x = 1  # backend-lint: ignore[SEC403] -- a\n",
        "legacy/x.py": "x = 1  # backend-lint: ignore[SEC403] -- a\n",
        "backend-lint.toml": "[[overrides]]\npaths = ['legacy/']\nignore = ['SEC4']\n",
    })  # fmt: skip
    assert program.check(select="SEC403,SUP").found == ["app.py:1 SUP002"]


TELNET = "import telnetlib{comment}\n"


@pytest.mark.parametrize("comment", ["", "  # nosec", "  # nosec B401", "  # nosec B102", "  # noqa: S401", "  # noqa"])
def test_comments_for_bandit_hide_what_bandit_says(program: Program, comment: str) -> None:
    program.write(app=TELNET.format(comment=comment))
    outcome = program.check(select="B401")
    assert bool(outcome.found) is (comment in {"", "  # nosec B102", "  # noqa"})
    assert len(outcome.json["findings"]) == 1


def test_bandit_reads_no_tests_and_counts_the_files_that_it_reads(program: Program) -> None:
    program.put({
        "app.py": "x = 1\n",
        "tests/test_x.py": TELNET.format(comment=""),
        "scripts/job.py": "import telnetlib\n",
    })  # fmt: skip
    outcome = program.check(select="B401")
    assert outcome.found == ["scripts/job.py:1 B401"]
    assert {each["code"]: each["examined"] for each in outcome.json["rules"]}["B401"] == 2


def test_the_strict_profile_judges_the_score(program: Program) -> None:
    program.write(app=LOGS.format(name="charge"))
    outcome = program("--format", "json", "--profile", "strict", "--select", "SEC403", "--fail-under", "99.9")
    assert "The overall score is" in " ".join(outcome.json["gate"]["reasons"])


def test_a_cache_that_cannot_be_written_costs_time_only(program: Program) -> None:
    program.put({"app.py": LOGS.format(name="charge"), "occupied": "a file, where a directory should be"})
    outcome = program.check("--cache-dir", "occupied")
    assert outcome.found == ["app.py:10 SEC403"]
    [diagnostic] = outcome.json["diagnostics"]
    assert diagnostic["kind"] == "cache"
    assert program.check("--cache-dir", "occupied", "--fail-on", "never").code == 0


def test_a_run_opens_no_connection(reference: tuple[Path, dict[str, bytes]], tmp_path: Path) -> None:
    """In a process of its own, in which to connect is an error, with every stage and format at work."""
    outputs = [word for name in FORMATS for word in ("--output", f"{name}:{tmp_path / name}")]
    code = (
        "import socket, sys; from backend_lint.cli import main\n"
        "def refused(*_, **__): raise AssertionError('a connection was opened')\n"
        "socket.socket.connect = socket.socket.connect_ex = socket.socket.bind = socket.getaddrinfo = refused\n"
        f"sys.exit(main({['--exit-zero', '--preview', '--no-cache', '--jobs', '2', '-q', *outputs]!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=reference[0], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert {each.name for each in tmp_path.iterdir()} == set(FORMATS)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_ends_the_run_and_its_workers(tmp_path: Path) -> None:
    for number in range(400):
        (tmp_path / f"m{number}.py").write_text(LOGS.format(name="charge") * 20)
    command = [sys.executable, "-m", "backend_lint", "--no-cache", "--jobs", "2"]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    deadline = time.monotonic() + 30
    while len(_group(process.pid)) < 3 and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.decode().strip()) == (130, "Interrupted")
    assert _group(process.pid) == []


def _group(leader: int) -> list[int]:
    """The processes of a group, as the system lists them."""
    listed = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()]
    return [int(pid) for pid, group, state in rows if int(group) == leader and not state.startswith("Z")]


def test_a_closed_pipe_ends_the_run_silently(program: Program) -> None:
    program.write(**{f"m{number}": LOGS.format(name="charge") for number in range(200)})
    command = f"{sys.executable} -m backend_lint --format concise --select SEC403 | head -1"
    done = subprocess.run(command, shell=True, cwd=program.root, capture_output=True, text=True, check=False)
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_a_file_alone_is_judged_as_in_the_whole(reference: tuple[Path, dict[str, bytes]]) -> None:
    """What is told of a named file is what a run on everything finds there, and by way of it."""
    root = reference[0]
    whole = json.loads(written(root)["json"])["findings"]
    paths = sorted({finding["at"]["path"] for finding in whole})
    chosen = paths[:: max(1, len(paths) // 3)]
    alone = json.loads(written(root, *chosen)["json"])["findings"]
    assert alone == [finding for finding in whole if _paths(finding) & set(chosen)]


def _paths(finding: dict[str, Any]) -> set[str]:
    """The files that a finding stands in, and those that data comes to it through."""
    return {at["path"] for at in (finding["at"], *(step["at"] for step in finding["trace"]))}
