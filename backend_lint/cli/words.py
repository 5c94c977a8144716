"""The words that a shell may complete, found in the texts of files: a press of the tab key loads no rule."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

_CODE = re.compile(r'^    code(?:: [^=]+)? = "([A-Z]+\d+)"$', re.MULTILINE)
_TEST = re.compile(r'^\[(B\d{3})\]\s*\nname = "([^"]+)"', re.MULTILINE)


def rules(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Codes, names, guidelines and sections that continue the last of the words that are separated by commas."""
    before, comma, word = incomplete.rpartition(",")
    return [before + comma + each for each in sorted(set(_rules())) if each.startswith(word)]


def guidelines(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    from backend_lint.core.guideline import GUIDELINES

    return [each for each in GUIDELINES if each.startswith(incomplete)]


def _rules() -> Iterator[str]:
    from backend_lint.core.guideline import GUIDELINES, SECTIONS
    from backend_lint.engine.identity import directories
    from backend_lint.engine.own_rules import SUPPRESSION_RULES

    yield from ("ALL", "scope:file", "scope:project", *SECTIONS, *GUIDELINES)
    for rule in SUPPRESSION_RULES:
        yield from (rule.code, rule.name)
    engine, *packs = directories(plugins=True)
    for path in (path for pack in (*packs, engine / "rules") for path in pack.rglob("[!_]*.py")):
        code = _CODE.search(path.read_text("utf-8"))
        if code:
            yield from (code[1], path.stem.replace("_", "-"))
    for code, name in _TEST.findall((engine / "bandit" / "checks.toml").read_text("utf-8")):
        yield from (code, name)
