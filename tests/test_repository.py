"""The house rules, as tests: format, lint, types, layers."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
STAGES = [path for path in sorted((ROOT / "backend_lint").iterdir()) if (path / "__init__.py").is_file()]


def run(*command: str) -> str:
    done = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_code_is_formatted() -> None:
    assert run("ruff", "format", "--check", ".") == ""


def test_code_is_clean() -> None:
    assert run("ruff", "check", ".") == ""


def test_types_hold() -> None:
    assert run("mypy") == ""


def test_imports_go_up_the_stages() -> None:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("package", [path for path in STAGES if path.name != "rules"], ids=lambda path: path.name)
def test_a_package_says_what_it_takes_gives_and_never_does(package: Path) -> None:
    doc = ast.get_docstring(ast.parse((package / "__init__.py").read_text("utf-8"))) or ""
    assert [word for word in ("Takes:", "Gives:", "Never:") if word not in doc] == []


@pytest.mark.parametrize("path", sorted((ROOT / "rules").rglob("*.py")), ids=lambda path: path.stem)
def test_a_rule_imports_only_what_rules_may(path: Path) -> None:
    allowed = ("backend_lint.api", "backend_lint.rules")
    tree = ast.parse(path.read_text("utf-8"))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert [name for name in modules if name.startswith("backend_lint") and not name.startswith(allowed)] == []
