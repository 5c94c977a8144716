"""A sample application as the adapters read it, in the words of what it says of itself."""

from __future__ import annotations

from typing import Any

from backend_lint import adapters
from backend_lint.core import Role
from backend_lint.discover import module_name, roots
from backend_lint.facts.lower import lower
from backend_lint.project import Project, link
from backend_lint.source import Source, parse
from tests.adapters.truth import APPS


def app(name: str) -> Project:
    """A sample application, read the way a run reads it."""
    top = APPS / name
    facts = {}
    for file in sorted(top.rglob("*.py")):
        parsed = parse(file.relative_to(top).as_posix(), file.read_bytes())
        assert isinstance(parsed, Source)
        facts[parsed.path] = lower(parsed)
    imports = [(path, each.module) for path, found in facts.items() for each in found.imports if each.level == 0]
    base = roots(facts, imports)
    found = link((path, module_name(path, base), Role.APP, each) for path, each in facts.items())
    adapters.read(found)
    return found


def addresses(rows: list[dict[str, Any]]) -> list[str]:
    """Every `GET /path handler`, sorted."""
    return sorted(f"{method} {row['path']} {row['handler']}" for row in rows for method in row["methods"])


def is_guarded(row: dict[str, Any]) -> bool:
    return any(guard["kind"] in ("authentication", "authorization") for guard in row["guards"])
