"""Text in, project out: how tests make a project of strings."""

from __future__ import annotations

from textwrap import dedent

from backend_lint import adapters
from backend_lint.core import Role
from backend_lint.discover import module_name, roots
from backend_lint.facts.lower import lower
from backend_lint.facts.types import Facts
from backend_lint.project import Project, link
from backend_lint.source import Source, parse


def source(text: str, path: str = "app.py") -> Source:
    parsed = parse(path, dedent(text).encode())
    assert isinstance(parsed, Source), parsed
    return parsed


def facts(text: str) -> Facts:
    return lower(source(text))


def linked(files: dict[str, str]) -> Project:
    """The project of files given as path and text, without the backend model."""
    read = {path: facts(text) for path, text in files.items()}
    base = roots(
        read, ((path, each.module) for path, found in read.items() for each in found.imports if not each.level)
    )
    return link((path, module_name(path, base), Role.APP, found) for path, found in read.items())


def project(files: dict[str, str]) -> Project:
    """The project of files given as path and text, with the backend model."""
    found = linked(files)
    adapters.read(found)
    return found


__all__ = ["facts", "linked", "project", "source"]
