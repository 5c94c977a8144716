from __future__ import annotations

import inspect
import re
import subprocess
from collections import Counter

import pytest

from backend_lint.engine.packs import load_packs
from backend_lint.testing import cases
from tests.program import LOGS, Program
from tests.test_rules import FIXTURES

TWO = LOGS.format(name="charge") + "\n\n" + LOGS.format(name="refund").partition("\n\n\n")[2]


def test_fix_writes_what_is_safe_and_says_what_it_did(program: Program) -> None:
    program.write(app=TWO)
    outcome = program.check("--fix")
    assert (outcome.code, outcome.found) == (0, [])
    assert program.read("app.py") == TWO.replace("log.error", "log.exception")
    assert "Fixed 2 findings in 1 file." in outcome.err
    assert "app.py: 2 × SEC403 traceback-lost" in outcome.err


def test_a_second_run_changes_nothing(program: Program) -> None:
    program.write(app=TWO)
    program.check("--fix")
    once = program.read("app.py")
    assert "Fixed 0 findings" in program.check("--fix").err
    assert program.read("app.py") == once


@pytest.mark.parametrize("ending", ["\r\n", "\r", "\n"])
def test_lines_that_are_not_mended_keep_every_byte(program: Program, ending: str) -> None:
    text = "\ufeff" + TWO.replace("\n", ending) + "x = 'ünï'   # kept  "
    program.put({"app.py": text.encode()})
    program.check("--fix")
    assert (program.root / "app.py").read_bytes() == text.replace("log.error", "log.exception").encode()


def test_diff_is_a_patch_that_git_applies_and_writes_nothing(program: Program) -> None:
    program.write(app=TWO, **{"a b__ünï": TWO.replace("\n", "\r\n")})
    before = program.read("app.py")
    outcome = program("--select", "SEC403", "--diff")
    assert (outcome.code, program.read("app.py")) == (1, before)
    patch = outcome.out.encode("utf-8", "surrogateescape")
    subprocess.run(["git", "apply", "-"], input=patch, cwd=program.root, check=True)
    assert "log.error" not in program.read("app.py") + program.read("a b/ünï.py")


def test_diff_without_fixes_is_empty(program: Program) -> None:
    program.write(app="x = 1\n")
    assert program("--diff")[:2] == (0, "")


def test_only_reported_files_are_mended(program: Program) -> None:
    program.put({"backend-lint.toml": "", "app.py": TWO, "other.py": TWO})
    program.check("--fix", "app.py")
    assert "log.error" in program.read("other.py")
    assert "log.error" not in program.read("app.py")


def test_what_is_suppressed_or_accepted_is_not_mended(program: Program) -> None:
    hushed = LOGS.format(name="charge").replace('failed")', 'failed")  # backend-lint: ignore[SEC403] -- noise')
    program.put({"backend-lint.toml": "baseline = 'accepted.jsonl'", "old.py": TWO, "hushed.py": hushed})
    program("baseline", "write", "--select", "SEC403")
    program.check("--fix")
    assert (program.read("old.py"), program.read("hushed.py")) == (TWO, hushed)


def test_an_unused_suppression_is_taken_out(program: Program) -> None:
    program.write(app="x = 1  # backend-lint: ignore[SEC403] -- once\n")
    assert program.check(select="SEC403,SUP").found == ["app.py:1 SUP002"]
    program.check("--fix", select="SEC403,SUP")
    assert program.read("app.py") == "x = 1\n"


def test_stdin_can_be_shown_but_not_mended(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    for option, code in (("--fix", 2), ("--diff", 1)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(TWO.encode())))
        outcome = program("-", "--stdin-filename", "app.py", option, "--select", "SEC403")
        assert outcome.code == code
    assert not (program.root / "app.py").exists()


def codes_of_rules_that_fix() -> list[str]:
    rules = [rule for pack in load_packs()[0] for rule in pack.rules]
    return sorted(rule.code for rule in rules if re.search(r"\bfix=", inspect.getsource(rule)))


@pytest.mark.parametrize("code", codes_of_rules_that_fix())
def test_a_fix_takes_its_finding_away_and_brings_no_other(program: Program, code: str) -> None:
    def found() -> Counter[str]:
        return Counter(place.partition(" ")[2] for place in program("--format", "json").found)

    own = (case for case in cases(FIXTURES) if case.code == code)
    case, fixes = next((each, fixes) for each in own if (fixes := [found.fix for found in each.findings if found.fix]))
    program.put(dict(case.files))
    before = found()
    program("--fix", "--unsafe-fixes", "--select", code)
    assert found() == before - Counter({code: len(fixes)})
    assert program("--diff", "--unsafe-fixes", "--select", code).out == ""
    assert all(fix.why for fix in fixes)
