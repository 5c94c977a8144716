from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from backend_lint.cli import terminal
from backend_lint.cli.output import write_file
from backend_lint.core import BackendLintError
from backend_lint.report import FORMATS
from tests.cli.conftest import Outcome, Pipeline
from tests.program import LOGS, Program
from tests.report import shop

Ran = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def files(project: Callable[..., Path], pipeline: Pipeline) -> Path:
    pipeline.report = shop.REPORT
    return project(shop.FILES)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_reaches_stdout_and_files_alike(ran: Ran, files: Path, name: str) -> None:
    outcome = ran("--format", name, "--output", f"{name}:out/deep/report")
    assert outcome.code == 1
    assert (files / "out/deep/report").read_text("utf-8") == outcome.out


def test_several_reports_come_of_one_run(ran: Ran, files: Path, pipeline: Pipeline) -> None:
    outcome = ran("--output", "sarif:a.sarif", "--output", "json:b.json", "--output", "concise:-")
    assert json.loads((files / "a.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((files / "b.json").read_text())
    assert "app/reports.py:" in outcome.out
    assert len(pipeline.calls) == 1


def test_a_file_is_replaced_in_one_step_and_nothing_is_left_behind(tmp_path: Path) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")
    target.chmod(0o640)
    write_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert target.stat().st_mode & 0o777 == 0o640
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".report")] == []


def test_a_failed_write_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "report.json"
    target.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(BackendLintError, match=r"cannot write .*report\.json: No space left on device"):
        write_file(target, b"new")
    assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".report")] == []


def test_a_link_keeps_pointing_and_a_device_is_written_to(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_file(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    write_file(Path(os.devnull), b"new")


def test_a_report_that_cannot_be_written_is_exit_2(ran: Ran, files: Path) -> None:
    (files / "blocked").write_text("a file, not a directory")
    outcome = ran("--output", "json:blocked/report.json")
    assert outcome.code == 2
    assert outcome.err.startswith("error: cannot write ")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("choice", "environ", "screen", "expected"),
    [
        ("auto", {}, Screen(), True),
        ("auto", {}, io.StringIO(), False),
        ("auto", {}, None, False),
        ("auto", {"TERM": "dumb"}, Screen(), False),
        ("auto", {"NO_COLOR": "1"}, Screen(), False),
        ("auto", {"NO_COLOR": ""}, Screen(), True),
        ("auto", {"FORCE_COLOR": "1"}, io.StringIO(), True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, Screen(), False),
        ("always", {"NO_COLOR": "1"}, io.StringIO(), True),
        ("never", {"FORCE_COLOR": "1"}, Screen(), False),
    ],
)
def test_colour_follows_the_flag_then_the_environment_then_the_terminal(
    choice: str, environ: dict[str, str], screen: io.StringIO | None, expected: bool
) -> None:
    assert terminal.has_color(choice, environ, screen) is expected


@pytest.mark.parametrize("name", FORMATS)
def test_a_pipe_gets_no_escape_and_no_wrapping(ran: Ran, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    wide = ran("--format", name).out
    monkeypatch.setenv("COLUMNS", "20")
    assert ran("--format", name).out == wide
    assert "\x1b" not in wide


def test_colour_is_for_people_only(ran: Ran) -> None:
    assert "\x1b[" in ran("--color", "always", "--format", "full").out
    assert "\x1b" not in ran("--color", "always", "--format", "json").out
    assert "\x1b" not in ran("--color", "always", "--output", "concise:out.txt", "--format", "json").out
    assert "\x1b" not in Path("out.txt").read_text("utf-8")


def test_absolute_paths_are_for_who_asks(ran: Ran, files: Path) -> None:
    assert str(files) not in ran("--format", "concise").out
    assert f"{files.as_posix()}/app/reports.py:" in ran("--format", "concise", "--absolute-paths").out


def test_platforms_count_paths_from_the_top_of_the_repository(
    ran: Ran, project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project({".git/HEAD": "", "shop/backend-lint.toml": "", "shop/app/reports.py": shop.FILES["app/reports.py"]})
    assert '"uri":"shop/app/reports.py"' in ran("shop", "--format", "sarif").out
    assert json.loads(ran("shop", "--format", "gitlab").out)[0]["location"]["path"].startswith("shop/app/")
    monkeypatch.setenv("CI_PROJECT_DIR", str(Path("shop").absolute()))
    assert json.loads(ran("shop", "--format", "gitlab").out)[0]["location"]["path"].startswith("app/")


def test_text_for_programs_is_utf_8_and_text_for_people_what_their_terminal_can_show(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    terminal.write("é\n")
    terminal.write("é · │ ━━ ② \udcff…\n", for_people=True)
    assert raw.getvalue() == b"\xc3\xa9\n\\xe9 - | ~~ (2) \\udcff...\n"


def test_an_agent_behind_a_pipe_gets_its_format_and_is_told(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    program.write(app=LOGS.format(name="charge"))
    select = ("--select", "SEC403", "--fail-on", "low")
    for_agents, for_people = program(*select, "--format", "agent").out, program(*select, "--format", "full").out
    monkeypatch.setenv("CLAUDECODE", "1")
    outcome = program(*select)
    assert outcome.out == for_agents
    assert outcome.err == "format agent, since CLAUDECODE is set; --format full is the one for people\n"
    assert program(*select, "--format", "full").out == for_people
    assert program(*select, "--output", "full:-").out == for_people
    monkeypatch.setenv("BACKEND_LINT_FORMAT", "full")
    assert program(*select).out == for_people
    monkeypatch.delenv("BACKEND_LINT_FORMAT")
    program.put({"backend-lint.toml": "format = 'full'\n"})
    assert program(*select).out == for_people
