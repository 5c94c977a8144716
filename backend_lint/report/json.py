"""`json`: one document, whose shape has a version and a published schema."""

from __future__ import annotations

import inspect
import json
from importlib import resources
from typing import Any

import msgspec

from backend_lint.core import (
    Comparison,
    Confidence,
    Diagnostic,
    Fix,
    Gate,
    Inventory,
    Part,
    Phase,
    Place,
    Report,
    RuleInfo,
    Score,
    Severity,
    State,
    Step,
)
from backend_lint.report.prose import rules_by_code
from backend_lint.report.summary import Tally, tallies
from backend_lint.report.view import View

SCHEMA_VERSION = "1.0"
"""The first number changes when a reader may break, the second when something was added."""


class Tool(msgspec.Struct, frozen=True):
    name: str
    version: str


class Rule(msgspec.Struct, frozen=True):
    """A rule that ran or spoke. `examined` counts the units it looked at, each a `unit`."""

    code: str
    name: str
    guideline: str
    severity: Severity
    title: str
    scope: str
    unit: str
    pack: str
    preview: bool
    cwe: tuple[int, ...]
    owasp: tuple[str, ...]
    examined: int


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What the engine's finding tells the world, by the same names."""

    code: str
    name: str
    guideline: str
    severity: Severity
    confidence: Confidence
    message: str
    help: str
    at: Place
    trace: tuple[Step, ...]
    related: tuple[Step, ...]
    fix: Fix | None
    cwe: tuple[int, ...]
    owasp: tuple[str, ...]
    also: tuple[str, ...]
    preview: bool
    unit: str
    scope: str
    fingerprint: str
    state: State
    reason: str


class Document(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run. Optional members are absent, not null, where they were not asked for.

    `projects` are those of a run on several, each with its own score.
    `complete` is false when something that should have been checked was not; `diagnostics` says what.
    Paths are relative to the project's root; lines and columns count from 1, in code points, ends exclusive;
    the offsets of a fix's edits count code points from 0, line endings as they stand in the file.
    """

    schema_version: str
    tool: Tool
    project: str
    profile: str
    scope: str
    complete: bool
    gate: Gate
    score: Score
    inventory: Inventory
    rules: tuple[Rule, ...]
    findings: tuple[Finding, ...]
    diagnostics: tuple[Diagnostic, ...]
    proved: dict[str, int]
    disabled: dict[str, str]
    revision: str = ""
    config_path: str | None = None
    comparison: Comparison | None = None
    new_code: Score | None = None
    statistics: dict[str, list[Tally]] | None = None
    timing: tuple[Phase, ...] | None = None
    projects: tuple[Part, ...] = ()


def render(report: Report, view: View) -> str:
    return encoded(document(report, view)) + "\n"


def document(report: Report, view: View) -> Document:
    return Document(
        schema_version=SCHEMA_VERSION,
        tool=Tool("backend-lint", report.version),
        project=report.project,
        profile=report.profile,
        scope=report.scope,
        complete=report.is_complete,
        gate=report.gate,
        score=report.score,
        inventory=report.inventory,
        rules=tuple(_rule(rule, report.examined.get(rule.code, 0)) for rule in rules_by_code(report).values()),
        findings=tuple(msgspec.convert(finding, Finding, from_attributes=True) for finding in report.findings),
        diagnostics=report.diagnostics,
        proved=dict(sorted(report.proved.items())),
        disabled=dict(sorted(report.disabled.items())),
        revision=report.revision,
        config_path=report.config_path,
        comparison=report.comparison,
        new_code=report.new_code,
        statistics=tallies(report) if view.statistics else None,
        timing=report.timing if view.timing else None,
        projects=report.parts,
    )


def _rule(rule: RuleInfo, examined: int) -> Rule:
    return Rule(
        code=rule.code,
        name=rule.name,
        guideline=rule.guideline,
        severity=rule.severity,
        title=rule.title,
        scope=rule.scope,
        unit=rule.unit,
        pack=rule.pack,
        preview=rule.preview,
        cwe=rule.cwe,
        owasp=rule.owasp,
        examined=examined,
    )


def encoded(value: Any) -> str:
    """Compact JSON. A path that is not UTF-8 has lone surrogates, which only the slower encoder escapes."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value), separators=(",", ":"))


def schema() -> dict[str, Any]:
    """The JSON Schema of `Document`, from its types."""
    shapes = msgspec.json.schema(Document)
    for shape in shapes["$defs"].values():
        if "description" in shape:  # whether a docstring is still indented depends on the version of msgspec
            shape["description"] = inspect.cleandoc(shape["description"])
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"backend-lint report {SCHEMA_VERSION}",
        **shapes,
    }


def published_schema() -> dict[str, Any]:
    """The schema as it is shipped, which a test holds equal to `schema()`."""
    text = (resources.files("backend_lint.report") / "schema" / f"report-{SCHEMA_VERSION}.json").read_text("utf-8")
    shipped: dict[str, Any] = json.loads(text)
    return shipped
