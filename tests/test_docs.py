"""The documentation: its site builds without a warning, its snippets are valid, its template works."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from backend_lint.cli.check import command
from backend_lint.engine.packs import rule_infos

DOCS = Path(__file__).parents[1] / "docs"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_CALL = re.compile(r"(?:backend-lint|python -m backend_lint)((?: -[^|'\n]*)?)")
BLOCKS = [
    pytest.param(kind, text, id=f"{page.stem}-{number}")
    for page in sorted(DOCS.glob("*.md"))
    for number, (kind, text) in enumerate(_BLOCK.findall(page.read_text("utf-8")))
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    shutil.copytree(DOCS, folder / "docs")
    plain = ["-D", "html_theme=basic"]  # ours draws the way to all pages on each, which takes six times as long
    build = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", *plain, "docs", "site"]
    done = subprocess.run(build, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_the_site_has_a_page_for_every_rule(site: Path) -> None:
    for rule in rule_infos(plugins=False):
        assert rule.name in (site / "rules" / f"{rule.code}.html").read_text("utf-8")


def test_the_site_has_every_key_of_the_configuration(site: Path) -> None:
    reference = (site / "configuration-reference.html").read_text("utf-8")
    assert "fail-on-new-suppressions" in reference
    assert "timeout-per-file" in reference


@pytest.mark.parametrize(("kind", "text"), [each for each in BLOCKS if each.values[0] == "yaml"])
def test_snippets_are_yaml(kind: str, text: str) -> None:
    assert yaml.safe_load(text)


@pytest.mark.parametrize(("kind", "text"), BLOCKS)
def test_snippets_use_only_options_that_there_are(kind: str, text: str) -> None:
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for arguments in _CALL.findall(text):
        given = {word for word in shlex.split(arguments, comments=True) if word.startswith("-") and word != "-"}
        assert given <= known


def test_the_template_of_a_pack_passes_its_own_test(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    shutil.copytree(DOCS / "template", pack)
    installed = pack / "acme_backend_rules-1.0.0.dist-info"  # what an installation of it leaves behind
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-backend-rules\nVersion: 1.0.0\n")
    (installed / "entry_points.txt").write_text("[backend_lint.rules]\nacme = acme_backend_rules\n")
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join([str(pack), str(DOCS.parent)])}
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    done = subprocess.run(test, cwd=pack, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert "3 passed" in done.stdout
