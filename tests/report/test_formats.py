"""What holds for every format."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from backend_lint.core import Edit, Finding, Fix, Place, Safety, Severity
from backend_lint.report import FORMATS, render, split_lines
from tests.report.shop import CLEAN, REPORT, SECRET, shown

ROOT = Path(__file__).parents[2]
GOLDEN_NAMES = {
    "full": "full.txt",
    "concise": "concise.txt",
    "json": "report.json",
    "jsonl": "report.jsonl",
    "sarif": "report.sarif",
    "html": "report.html",
    "markdown": "report.md",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "junit": "junit.xml",
    "rdjson": "rdjson.json",
    "agent": "agent.txt",
}


def test_every_format_has_a_golden_file() -> None:
    assert set(GOLDEN_NAMES) == set(FORMATS)


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_says_what_was_reviewed(name: str, golden) -> None:
    golden(GOLDEN_NAMES[name], shown(name))


@pytest.mark.parametrize("name", FORMATS)
def test_a_clean_run_has_a_report_in_every_format(name: str, golden) -> None:
    golden(f"clean-{GOLDEN_NAMES[name]}", shown(name, CLEAN))


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_shows_a_secret(name: str) -> None:
    assert SECRET not in shown(name, show_all=True, statistics=True, timing=True)


@pytest.mark.parametrize("name", FORMATS)
def test_a_secret_is_hidden_when_another_finding_quotes_its_line(name: str) -> None:
    """The neighbour's frame and its fix quote the line as well."""
    secret = next(each for each in REPORT.findings if each.secrets)
    neighbour = Finding(
        at=Place("app/settings.py", 2, 1, 2, 9),
        message="`DATABASE` is opened at import",
        help="Open it when it is needed.",
        code="ARC101",
        guideline="ARC-1",
        severity=Severity.CRITICAL,
        fix=Fix((Edit("app/settings.py", 13, 21, "database"),), Safety.SAFE),
    )
    report = msgspec.structs.replace(REPORT, findings=(neighbour, secret))
    assert SECRET not in shown(name, report, show_all=True)


@pytest.mark.parametrize("name", FORMATS)
def test_no_format_has_an_escape_character_without_colour(name: str) -> None:
    assert "\x1b" not in shown(name, show_all=True, statistics=True)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("columns", ["20", "400"])
def test_the_environment_changes_nothing(name: str, columns: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = shown(name)
    for variable in ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS"):
        monkeypatch.setenv(variable, "1")
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("TERM", "dumb")
    assert shown(name) == before


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_that_the_analysis_is_incomplete(name: str) -> None:
    assert "app/old.py" in shown(name).replace("<wbr>", "")


@pytest.mark.parametrize("name", sorted(set(FORMATS) - {"html"}))
def test_every_finding_is_in_every_format(name: str) -> None:
    """The platform's annotations are the exception, with a cap that this report does not reach."""
    text = shown(name, show_all=True)
    for finding in REPORT.active:
        assert finding.code in text
        assert finding.at.path in text or "weird" in text


@pytest.mark.parametrize("name", FORMATS)
def test_suppressed_and_baselined_findings_are_only_where_their_state_is_told(name: str) -> None:
    quiet = [each for each in REPORT.findings if each not in REPORT.active]
    only_quiet = msgspec.structs.replace(REPORT, findings=tuple(quiet))
    mentions = "loses the traceback" in shown(name, only_quiet)
    assert mentions == (name in {"json", "jsonl", "html"})


@pytest.mark.parametrize("name", FORMATS)
def test_files_that_are_gone_do_not_matter(name: str) -> None:
    assert render(name, REPORT, lines=lambda path: None, show_all=True)


@pytest.mark.parametrize("name", FORMATS)
def test_files_that_have_become_shorter_do_not_matter(name: str) -> None:
    assert render(name, REPORT, lines=lambda path: ["x"], show_all=True)


@pytest.mark.parametrize("name", FORMATS)
def test_a_path_that_is_not_utf8_is_reported_all_the_same(name: str) -> None:
    moved = Place("app/caf\udce9.py", 1, 1, 1, 2)
    report = msgspec.structs.replace(REPORT, findings=(msgspec.structs.replace(REPORT.active[0], at=moved),))
    assert shown(name, report).encode()


@pytest.mark.parametrize("name", [name for name, chosen in FORMATS.items() if chosen.paths == "reader"])
def test_absolute_paths_are_given_where_asked_for(name: str) -> None:
    assert "/home/me/shop/app/payments.py" in shown(name, absolute_root="/home/me/shop", show_all=True)


@pytest.mark.parametrize("name", [name for name, chosen in FORMATS.items() if chosen.paths == "repository"])
def test_platforms_get_paths_from_the_root_of_the_repository(name: str) -> None:
    text = shown(name, absolute_root="/home/me/shop", repository_prefix="services/shop")
    assert "services/shop/app/payments.py" in text
    assert "/home/me" not in text


def test_splitting_lines_loses_nothing_and_knows_only_the_line_ends_of_python() -> None:
    text = "a\r\nb\rc\n\fd\x1ce\u2028f"
    assert split_lines(text) == ["a\r\n", "b\r", "c\n", "\fd\x1ce\u2028f"]
    assert split_lines("") == []


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_hash_seed_changes_no_format(seed: str) -> None:
    program = "from tests.report.test_formats import every_format; print(every_format())"
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, check=True, timeout=120
    )
    assert done.stdout.decode().strip() == every_format()


def every_format() -> str:
    texts = (shown(name, show_all=True, statistics=True) for name in FORMATS)
    return hashlib.sha256("".join(texts).encode()).hexdigest()


def test_only_the_format_that_is_asked_for_is_loaded() -> None:
    program = (
        "import sys, backend_lint.report; print(sorted({'rich', 'jinja2', 'xml.etree', 'difflib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True, timeout=60)
    assert done.stdout.decode().strip() == "[]"
