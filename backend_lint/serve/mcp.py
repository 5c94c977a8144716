"""An MCP server over stdio: what a coding agent may ask about the project that it works on.

Answers stay below `_MOST` characters, since some clients refuse longer ones. Nothing here writes a file, or a
suppression.
Source: https://modelcontextprotocol.io/specification
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.types import ToolAnnotations
from pydantic import BaseModel, Field

from backend_lint import __version__
from backend_lint.core import GUIDELINES, BackendLintError, Finding, Report, RuleInfo, Severity
from backend_lint.engine.packs import rule_infos
from backend_lint.report.inert import inert
from backend_lint.report.patch import diff
from backend_lint.report.summary import headline, next_best, worst_first
from backend_lint.serve.linted import Linted, linted

_MOST = 20_000  # characters of one answer
_INSTRUCTIONS = """\
backend-lint reads a Python backend as a backend (routes, guards, models, queries, transactions, data flows) and says \
where it departs from sixteen guidelines. After a change, call `lint` with the files changed or with new_from="HEAD"; \
mend causes, and never silence a finding to make it go away."""
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False, idempotent_hint=True)

Level = Literal["critical", "high", "medium", "low", "info"]


class Found(BaseModel):
    """A finding. `fingerprint` names it to `suggest_fix`."""

    place: str
    code: str
    name: str
    guideline: str
    severity: str
    confidence: str
    message: str
    instead: str
    flow: list[str]
    fingerprint: str
    has_fix: bool


class Findings(BaseModel):
    """Some of the findings, the worst first. `next_offset` is where to go on, None at the end."""

    verdict: str
    total: int
    shown: int
    next_offset: int | None
    not_checked: list[str]
    findings: list[Found]


class Scored(BaseModel):
    """Scores from 0 to 100; None is not assessed. `next_best` are the steps that gain most."""

    summary: str
    overall: float | None
    letter: str
    guidelines: dict[str, float | None]
    next_best: str


class Suggested(BaseModel):
    """The fix of one finding as a unified diff; `safety` says who may apply it: safe, unsafe, display."""

    place: str
    code: str
    instead: str
    safety: str
    diff: str


def server(root: Path, environ: Mapping[str, str] | None = None) -> MCPServer:
    """A server for the project at and below `root`, which it never looks out of."""
    made: MCPServer = MCPServer("backend-lint", version=__version__, instructions=_INSTRUCTIONS)
    around = os.environ if environ is None else environ

    def asked(paths: Sequence[str], new_from: str | None = None) -> list[Linted]:
        inside = [_inside(root, each) for each in paths] or [root]
        try:
            return linted(inside, root, around, new_from=new_from)
        except BackendLintError as error:
            raise ToolError(str(error)) from error

    @made.tool(title="Lint the backend", annotations=_READS)
    def lint(
        paths: Annotated[list[str], Field(description="Files and directories below the root; none for all.")] = [],  # noqa: B006
        new_from: Annotated[str | None, Field(description="Only what is new since this git revision.")] = None,
        min_severity: Annotated[Level, Field(description="The least severity to tell.")] = "low",
        guideline: Annotated[str | None, Field(description="Only of this guideline, as SEC-2, or section.")] = None,
        limit: Annotated[int, Field(ge=1, le=100)] = 20,
        offset: Annotated[int, Field(ge=0)] = 0,
    ) -> Findings:
        """Find departures from the guidelines, each with its place, its data flow and what to write instead."""
        results = asked(paths, new_from)
        active = [
            each
            for result in results
            for each in worst_first(result.report.active)
            if each.severity >= Severity(min_severity) and each.guideline.startswith(guideline or "")
        ]
        chosen = [_found(each) for each in worst_first(active)[offset : offset + limit]]
        shown = _fitting(chosen)
        end = offset + len(shown)
        return Findings(
            verdict=" ".join(headline(result.report) for result in results) or "nothing to lint",
            total=len(active),
            shown=len(shown),
            next_offset=end if end < len(active) else None,
            not_checked=[_unchecked(result.report) for result in results if not result.report.is_complete],
            findings=shown,
        )

    @made.tool(title="Explain a rule", annotations=_READS)
    def explain(code: Annotated[str, Field(description="A rule's code or name.")]) -> str:
        """What a rule reports, why, what to write instead, and when it does not apply."""
        return _cut(_page(_rule(code)))

    @made.tool(title="Score the backend", annotations=_READS)
    def score(
        paths: Annotated[list[str], Field(description="Files and directories below the root; none for all.")] = [],  # noqa: B006
    ) -> Scored:
        """How far the project is from the guidelines, and which steps gain most."""
        results = asked(paths)
        if not results:
            raise ToolError("there are no Python files to score below the root")
        report = results[0].report
        return Scored(
            summary=headline(report),
            overall=report.score.overall,
            letter=report.score.letter,
            guidelines={each.id: each.score for each in report.score.guidelines},
            next_best=next_best(report),
        )

    @made.tool(title="Suggest a fix", annotations=_READS)
    def suggest_fix(
        fingerprint: Annotated[str, Field(description="Of a finding that `lint` told.")],
    ) -> Suggested:
        """The fix of one finding as a diff. It is not applied."""
        for result in asked(()):
            for finding in result.report.active:
                if finding.fingerprint == fingerprint:
                    return _suggested(finding, result)
        raise ToolError(f"no finding has the fingerprint {fingerprint!r} any more: call `lint` again")

    @made.tool(title="Read the guidelines", annotations=_READS)
    def guidelines(
        id: Annotated[str | None, Field(description="One of them, as SEC-2; none for all.")] = None,
    ) -> str:
        """What the sixteen guidelines ask of a backend, which rules check them, and what no analysis can see."""
        if id is not None and id not in GUIDELINES:
            raise ToolError(f"there is no guideline {id!r}; they are {', '.join(GUIDELINES)}")
        return _cut("\n\n".join(_told(each, with_rules=id is not None) for each in ([id] if id else GUIDELINES)))

    @made.resource("rule://{code}", mime_type="text/markdown")
    def rule_page(code: str) -> str:
        """The page of a rule."""
        return _page(_rule(code))

    @made.prompt(title="Write a backend by the guidelines")
    def backend_guidelines() -> str:
        """The sixteen guidelines, to hold while code is written."""
        return "\n\n".join(_told(each, with_rules=False) for each in GUIDELINES)

    return made


def _inside(root: Path, path: str) -> Path:
    found = Path(os.path.realpath(root / path))
    if not found.is_relative_to(Path(os.path.realpath(root))):
        raise ToolError(f"{path} is outside of {root}")
    if not found.exists():
        raise ToolError(f"{path} does not exist")
    return root / found.relative_to(Path(os.path.realpath(root)))


def _found(finding: Finding) -> Found:
    return Found(
        place=inert(str(finding.at)),
        code=finding.code,
        name=finding.name,
        guideline=finding.guideline,
        severity=finding.severity.value,
        confidence=finding.confidence.value,
        message=inert(finding.message),
        instead=inert(finding.help),
        flow=[inert(f"{step.at} {step.note}") for step in finding.trace],
        fingerprint=finding.fingerprint,
        has_fix=finding.fix is not None,
    )


def _fitting(findings: Sequence[Found]) -> list[Found]:
    """As many as one answer holds, at least one."""
    shown: list[Found] = []
    room = _MOST
    for finding in findings:
        room -= len(finding.model_dump_json())
        if room < 0 and shown:
            break
        shown.append(finding)
    return shown


def _unchecked(report: Report) -> str:
    missing = [each for each in report.diagnostics if each.is_incomplete]
    return inert("; ".join(f"{each.path}: {each.message}" for each in missing[:5]))


def _suggested(finding: Finding, result: Linted) -> Suggested:
    if finding.fix is None:
        raise ToolError(f"no fix is known for {finding.code} at {finding.at}. {finding.help}")
    return Suggested(
        place=inert(str(finding.at)),
        code=finding.code,
        instead=inert(finding.help),
        safety=finding.fix.safety.value,
        diff=_cut("\n".join(map(inert, diff(finding.fix, result.lines)))),
    )


def _rule(word: str) -> RuleInfo:
    for rule in rule_infos():
        if word in {rule.code, rule.name}:
            return rule
    raise ToolError(f"there is no rule {word!r}; `guidelines` with an id lists those that check it")


def _page(rule: RuleInfo) -> str:
    return f"# {rule.code} {rule.name}\n\n{rule.guideline}, {rule.severity.value}: {rule.title}\n\n{rule.doc.strip()}\n"


def _told(id: str, *, with_rules: bool) -> str:
    guideline = GUIDELINES[id]
    rules = [f"{rule.code} {rule.name}: {rule.title}" for rule in rule_infos() if rule.guideline == id]
    checked = "\n\nChecked by:\n" + "\n".join(f"- {each}" for each in rules) if with_rules else ""
    looks_at = f"## {id} {guideline.title}\n\nA reviewer looks at: {guideline.looks_at}."
    return f"{looks_at}{checked}\n\nNot seen by analysis: {guideline.unseen}."


def _cut(text: str) -> str:
    return text if len(text) <= _MOST else f"{text[:_MOST]}\n… cut after {_MOST:,} characters"
