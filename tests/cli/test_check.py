from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from backend_lint.core import ConfigError, Severity, State
from tests.cli.conftest import Outcome, Pipeline
from tests.report import shop

Ran = Callable[..., Outcome]
Written = Callable[..., Path]

INCOMPLETE = msgspec.structs.replace(shop.CLEAN, diagnostics=shop.DIAGNOSTICS)


@pytest.fixture
def shop_files(project: Written) -> Path:
    return project(shop.FILES)


@pytest.mark.usefixtures("shop_files")
@pytest.mark.parametrize(
    ("report", "arguments", "code"),
    [
        (shop.CLEAN, [], 0),
        (shop.REPORT, [], 1),
        (shop.REPORT, ["--exit-zero"], 3),
        (msgspec.structs.replace(shop.REPORT, diagnostics=()), ["--exit-zero"], 0),
        (INCOMPLETE, [], 3),
        (INCOMPLETE, ["--exit-zero"], 3),
        (INCOMPLETE, ["--allow-incomplete"], 0),
        (shop.REPORT, ["--allow-incomplete"], 1),
    ],
)
def test_the_exit_code_says_how_it_went(
    ran: Ran, pipeline: Pipeline, report: object, arguments: list[str], code: int
) -> None:
    pipeline.report = report  # type: ignore[assignment]
    assert ran(*arguments).code == code


@pytest.mark.usefixtures("shop_files")
def test_without_a_command_the_working_directory_is_checked(ran: Ran, pipeline: Pipeline) -> None:
    assert ran().code == 0
    assert pipeline.paths == sorted(name for name in shop.FILES if name.endswith(".py"))


@pytest.mark.parametrize("words", [["./rules"], ["check", "rules"], ["rules/a.py"], ["-q", "rules"]])
def test_a_directory_named_like_a_command_is_reached(
    project: Written, ran: Ran, pipeline: Pipeline, words: list[str]
) -> None:
    project({"rules/a.py": "", "b.py": ""})
    ran(*words)
    assert pipeline.paths in (["rules/a.py"], ["a.py"])


@pytest.mark.usefixtures("shop_files")
def test_options_become_settings(ran: Ran, pipeline: Pipeline) -> None:
    ran(
        "--select", "SEC,API-1", "--select", "n-plus-one", "--ignore", "SEC4", "--extend-select", "DAT", "--fail-on", "never",
        "--fail-under", "70", "--fail-under", "SEC=90", "--jobs", "2", "--no-cache", "--cache-dir", "c", "--no-gitignore",
        "--preview", "--min-severity", "low", "--profile", "security", "--absolute-paths", "--force-exclude",
    )  # fmt: skip
    config = pipeline.config
    assert config.select == ("SEC", "API-1", "n-plus-one")
    assert (config.ignore, config.extend_select, config.fail_on) == (("SEC4",), ("DAT",), None)
    assert config.fail_under == (("", 70.0), ("SEC", 90.0))
    assert (config.jobs, config.cache, config.cache_dir) == (2, False, Path.cwd() / "c")
    assert (config.respect_gitignore, config.preview, config.min_severity) == (False, True, Severity.LOW)
    assert (config.profile, config.absolute_paths, config.force_exclude) == ("security", True, True)


def test_what_is_not_said_is_left_to_the_configuration(project: Written, ran: Ran, pipeline: Pipeline) -> None:
    project({"a.py": "", "backend-lint.toml": "exit-zero = true\npreview = true\nforce-exclude = true\njobs = 3"})
    ran("--no-preview")
    config = pipeline.config
    assert (config.exit_zero, config.preview, config.force_exclude, config.jobs) == (True, False, True, 3)


@pytest.mark.usefixtures("shop_files")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["gone.py"], "error: gone.py does not exist"),
        (["ruls"], "error: ruls does not exist; did you mean 'rules'?"),
        (["--fail-on", "hgh"], "error: fail-on: unknown value 'hgh'; did you mean 'high'? (--fail-on)"),
        (["--fail-under", "SEC=much"], "error: Invalid value for '--fail-under': 'SEC=much' is neither a number nor like SEC=90"),
        (["--fail-under", "SEX=9"], "error: fail-under: unknown guideline or section 'SEX'; did you mean 'SEC'? (--fail-under)"),
        (["--jobs", "-1"], "error: Invalid value for '--jobs' / '-j': -1 is not in the range x>=0."),
        (["--config", "gone.toml"], "error: Invalid value for --config: gone.toml is not a file"),
        (["--format", "jason"], "error: unknown format 'jason'; did you mean 'json'?"),
        (["--output", "json"], "error: --output takes FORMAT:FILE, not 'json'"),
        (["--format", "full", "--output", "sarif:-"], "error: only one report can go to stdout: give --format, or one --output FORMAT:-"),
        (["--nonsense"], "error: No such option"),
        (["-"], "error: `-` needs --stdin-filename, which says what file stdin stands for"),
        (["--stdin-filename", "a.py", "app"], "error: --stdin-filename goes with `-` as the only path"),
        (["--files-from", "gone.txt"], "error: --files-from: gone.txt: No such file or directory"),
        (["--profile", "strickt"], "error: profile: unknown profile 'strickt'; did you mean 'strict'? (--profile)"),
    ],
)  # fmt: skip
def test_misuse_is_one_line_and_exit_2(ran: Ran, pipeline: Pipeline, arguments: list[str], message: str) -> None:
    outcome = ran(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.splitlines()[0].startswith(message)
    assert pipeline.calls == []


def test_a_wrong_configuration_is_one_line_with_its_place(project: Written, ran: Ran) -> None:
    project({"a.py": "", "pyproject.toml": "[tool.backend-lint]\njbs = 1"})
    assert ran() == (2, "", "error: pyproject.toml:2: unknown key 'jbs'; did you mean 'jobs'?\n")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        (["gone.py", "--format", "json"], "usage"),
        (["--format=json", "--jobs", "x"], "usage"),
        (["-f", "json", "gone.py"], "usage"),
        (["--format=json", "--fail-on", "x"], "config"),
        (["--format=json", "-"], "usage"),
        (["--format=json", "--fail-on-empty", "empty"], "usage"),
    ],
)
def test_an_error_is_json_for_who_reads_json(project: Written, ran: Ran, arguments: list[str], kind: str) -> None:
    project({"empty/README.md": "", "a.py": ""})
    outcome = ran(*arguments)
    assert (outcome.code, json.loads(outcome.out)["error"]["kind"]) == (2, kind)


def test_an_error_of_a_run_is_json_when_the_configuration_asks_for_json(
    project: Written, ran: Ran, pipeline: Pipeline
) -> None:
    project({"a.py": "", "backend-lint.toml": "format = 'json'"})
    pipeline.error = ConfigError("unknown rule", "backend-lint.toml", 3)
    outcome = ran()
    assert outcome.code == 2
    assert json.loads(outcome.out)["error"] == {
        "kind": "config", "message": "backend-lint.toml:3: unknown rule", "path": "backend-lint.toml", "line": 3,
    }  # fmt: skip


@pytest.mark.usefixtures("shop_files")
def test_a_fault_of_ours_is_one_line_and_its_traceback_only_on_demand(ran: Ran, pipeline: Pipeline) -> None:
    pipeline.error = ValueError("first line\nsecond line")
    outcome = ran()
    assert outcome.code == 2
    [line] = outcome.err.splitlines()
    assert line.startswith("internal error: ValueError: first line second line (cli/check.py:")
    assert "report it" in line
    assert "Traceback" in ran("-v").err
    assert json.loads(ran("--format", "json").out)["error"]["kind"] == "internal"


@pytest.mark.usefixtures("shop_files")
def test_an_interrupt_is_130_and_no_traceback(ran: Ran, pipeline: Pipeline) -> None:
    pipeline.error = KeyboardInterrupt()
    outcome = ran()
    assert (outcome.code, outcome.out, outcome.err.strip()) == (130, "", "Interrupted")


@pytest.mark.parametrize("words", [["empty"], ["empty", "other"]])
def test_nothing_to_lint_is_said_and_is_no_failure(
    project: Written, ran: Ran, pipeline: Pipeline, words: list[str]
) -> None:
    project({"empty/README.md": "", "other/x.txt": ""})
    assert ran(*words) == (0, "", f"nothing to lint: no Python files in {', '.join(words)}\n")
    assert ran(*words, "--fail-on-empty") == (2, "", f"error: nothing to lint: no Python files in {', '.join(words)}\n")
    assert pipeline.calls == []


def test_nothing_to_lint_is_still_a_document_for_programs(project: Written, ran: Ran) -> None:
    project({"empty/README.md": ""})
    outcome = ran("empty", "--format", "json")
    assert outcome.code == 0
    assert json.loads(outcome.out)


def test_an_empty_list_of_files_does_not_mean_everything(project: Written, ran: Ran, pipeline: Pipeline) -> None:
    project({"a.py": "", "list.txt": "\n"})
    assert ran("--files-from", "list.txt") == (0, "", "nothing to lint\n")
    assert pipeline.calls == []


def test_a_named_notebook_is_skipped_with_a_notice(project: Written, ran: Ran) -> None:
    project({"a.ipynb": "{}"})
    assert ran("a.ipynb") == (0, "", "a.ipynb: notebooks are not linted\nnothing to lint\n")


@pytest.mark.parametrize("separator", ["\n", "\r\n", "\0"])
def test_paths_come_from_a_list(project: Written, ran: Ran, pipeline: Pipeline, separator: str) -> None:
    project({"a b.py": "", "c/d.py": "", "e.py": "", "list": separator.join(["a b.py", "c", ""])})
    ran("--files-from", "list")
    assert pipeline.paths == ["a b.py", "c/d.py"]


def test_paths_come_from_stdin(project: Written, ran: Ran, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    project({"a.py": "", "b.py": ""})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"b.py\n")))
    ran("--files-from", "-")
    assert pipeline.paths == ["b.py"]


def test_a_hundred_thousand_paths_are_read(project: Written, ran: Ran, pipeline: Pipeline) -> None:
    names = [f"app/p{number % 50}/m{number}.py" for number in range(200)]
    project({"backend-lint.toml": "", **dict.fromkeys(names, ""), "list": "\n".join(names * 500)})
    assert ran("--files-from", "list").code == 0
    assert pipeline.paths == sorted(names)


def test_a_buffer_on_stdin_lies_over_its_file(
    project: Written, ran: Ran, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"backend-lint.toml": "", "app/a.py": "old", "app/b.py": ""})
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"new")))
    ran("-", "--stdin-filename", "app/a.py")
    [(_, discovery)] = pipeline.calls
    assert discovery.overlay == {"app/a.py": b"new"}
    assert [(file.path, file.reported) for file in discovery.files] == [("app/a.py", True), ("app/b.py", False)]


@pytest.mark.usefixtures("shop_files")
def test_thresholds_hide_findings_and_leave_the_gate_alone(ran: Ran, pipeline: Pipeline) -> None:
    pipeline.report = shop.REPORT
    lines = ran("--format", "concise").out
    outcome = ran("--format", "concise", "--min-severity", "critical")
    worst = [finding for finding in shop.REPORT.findings if finding.severity is Severity.CRITICAL]
    assert outcome.code == 1
    assert len(outcome.out) < len(lines)
    assert outcome.out.count("[critical]") == sum(finding.state is State.ACTIVE for finding in worst)


def test_files_are_listed_with_their_roles(project: Written, ran: Ran, pipeline: Pipeline) -> None:
    project({"app.py": "", "tests/test_app.py": "", "look.ipynb": ""})
    assert ran("--show-files").out == "app         app.py\nnot linted  look.ipynb\ntest        tests/test_app.py\n"
    assert json.loads(ran("--show-files", "--format", "json").out)[0] == {"path": "app.py", "role": "app"}
    assert pipeline.calls == []


@pytest.mark.usefixtures("shop_files")
def test_the_first_verbose_line_names_the_configuration(project: Written, ran: Ran) -> None:
    assert ran("-v").err.splitlines()[0] == "configuration: none, all defaults"
    project({"backend-lint.toml": ""})
    assert ran("-v").err.splitlines()[0] == "configuration: backend-lint.toml"


def test_what_looks_like_a_mistake_is_warned_of_once(
    project: Written, ran: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    project({"a.py": "", "backend-lint.toml": "[[overrides]]\npaths = [\n'old/',\n'*.py']"})
    monkeypatch.setenv("BACKEND_LINT_JOB", "1")
    warnings = [
        "warning: backend-lint.toml:3: 'old/' matches no file",
        "warning: unknown environment variable BACKEND_LINT_JOB; did you mean 'BACKEND_LINT_JOBS'?",
    ]
    assert ran().err.splitlines() == warnings
    assert ran("-q").err == ""


def test_each_project_of_a_monorepo_is_run_and_the_worst_counts(project: Written, ran: Ran, pipeline: Pipeline) -> None:
    project({"a/backend-lint.toml": "", "a/x.py": "", "b/backend-lint.toml": "exit-zero = true", "b/y.py": ""})
    pipeline.report = msgspec.structs.replace(shop.REPORT, diagnostics=())
    outcome = ran("--format", "concise")
    assert outcome.code == 1
    assert [config.root.name for config, _ in pipeline.calls] == ["a", "b"]
    assert "a/app/reports.py:" in outcome.out
    assert "b/app/reports.py:" in outcome.out
    assert ran("b").code == 0
