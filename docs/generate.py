"""The pages that are made from the program itself: one a rule, the guidelines, the configuration reference."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from backend_lint.config.schema import schema
from backend_lint.core import GUIDELINES, SECTIONS, RuleInfo
from backend_lint.engine.packs import rule_infos
from backend_lint.taint import models


def write(docs: Path) -> None:
    """Writes every page below `docs`, and removes pages of rules that are gone."""
    written = pages()
    for old in (docs / "rules").glob("*.md"):
        if f"rules/{old.name}" not in written:
            old.unlink()
    for name, text in written.items():
        path = docs / name
        path.parent.mkdir(exist_ok=True)
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """The Markdown of each page by its path below the documentation."""
    rules = rule_infos(plugins=False)
    return {
        **{f"rules/{rule.code}.md": _rule(rule) for rule in rules},
        "rules/index.md": "\n".join(_rules(rules)),
        "configuration-reference.md": "\n".join(_reference(schema())),
        "data-flow.md": "\n".join(_models()),
    }


def _models() -> Iterator[str]:
    """The form of models of data flow, as the schema's module says it, and the libraries that have some."""
    head, _, rest = (models.__doc__ or "").partition(":\n\n")
    form, _, tail = rest.partition("\n\nA later file")
    yield f"# Models of data flow\n\n{head}:\n\n```toml\n{textwrap.dedent(form)}\n```\n\nA later file{tail}"
    yield "\n## Libraries\n\nNames of these packages and modules have models:\n"
    yield ", ".join(f"`{name}`" for name in models.packages())


def _rule(rule: RuleInfo) -> str:
    """The facts in one line, then the documentation as it was written."""
    facts = [rule.guideline, rule.severity.value, f"reads one {rule.scope}"]
    facts += ["preview"] if rule.preview else []
    facts += [f"[CWE-{number}](https://cwe.mitre.org/data/definitions/{number}.html)" for number in rule.cwe]
    facts += rule.owasp
    return f"# {rule.code} {rule.name}\n\n{' · '.join(facts)}\n\n{rule.title}\n\n{rule.doc.strip()}\n"


def _rules(rules: tuple[RuleInfo, ...]) -> Iterator[str]:
    yield "# Rules\n"
    for section, title in SECTIONS.items():
        yield f"## {section} {title}\n"
        for guideline in (each for each in GUIDELINES.values() if each.section == section):
            yield f"### {guideline.id} {guideline.title}\n\nLooks at {guideline.looks_at}.\n"
            yield f"Not seen: {guideline.unseen}.\n"
            yield "| rule | severity | |\n| --- | --- | --- |"
            for rule in (each for each in rules if each.guideline == guideline.id):
                how_bad = f"{rule.severity.value}{' (preview)' if rule.preview else ''}"
                yield f"| [{rule.code} {rule.name}]({rule.code}.md) | {how_bad} | {_cell(rule.title)} |"
            yield ""
    yield "```{toctree}\n:hidden:\n"
    yield from (rule.code for rule in rules)
    yield "```\n"


def _reference(table: dict[str, Any]) -> Iterator[str]:
    yield "# Configuration reference\n"
    yield "The keys of `[tool.backend-lint]` in `pyproject.toml`, or of `backend-lint.toml`."
    yield "`backend-lint config schema` prints the JSON Schema that this page is made from.\n"
    for key, value in table["properties"].items():
        yield from _key(key, value, table["definitions"])


def _key(key: str, value: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    yield f"## `{key}`\n"
    target = definitions.get(value.get("$ref", "").rpartition("/")[2], {})
    yield f"{value.get('description') or target.get('description', '')}\n"
    default = json.dumps(value["default"], ensure_ascii=False) if "default" in value else "none"
    yield f"{_type(value, definitions)}; default `{default}`.\n"
    for name, inner in _members(value, definitions).items():
        yield f"* `{name}`: {inner.get('description', '')}"
    yield ""


def _members(value: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    """The keys of the table that a value is, or is a list of."""
    named = value.get("$ref") or value.get("items", {}).get("$ref", "")
    found: dict[str, Any] = definitions.get(named.rpartition("/")[2], {}).get("properties", {})
    return found


def _type(value: dict[str, Any], definitions: dict[str, Any]) -> str:
    match value:
        case {"enum": [*words]}:
            return " or ".join(f"`{word}`" for word in words)
        case {"const": word}:
            return f"`{word}`"
        case {"$ref": str(ref)}:
            return _type(definitions[ref.rpartition("/")[2]], definitions)
        case {"anyOf": [*alternatives]}:
            return " or ".join(_type(each, definitions) for each in alternatives)
        case {"type": "array", "items": dict(items)}:
            return f"list of {_type(items, definitions)}"
        case {"type": "object"}:
            return "table"
        case _:
            return str(value.get("type", "anything"))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
