"""`agent`: what a language model needs to mend the code, and no more: no frames, no colour, nothing twice."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from backend_lint.core import Finding, Fix, Place, Report, RuleInfo, Safety
from backend_lint.report import summary
from backend_lint.report.inert import inert, inert_lines, without_commands
from backend_lint.report.patch import replacements
from backend_lint.report.prose import rules_by_code, why
from backend_lint.report.view import Lines, View

_SHOWN = 20
_APPLIED_BY = {Safety.SAFE: "safe, --fix", Safety.UNSAFE: "unsafe, --unsafe-fixes", Safety.DISPLAY: "a suggestion"}


def render(report: Report, view: View) -> str:
    return without_commands("\n".join(_lines(report, view))) + "\n"


def _lines(report: Report, view: View) -> Iterator[str]:
    worst = summary.worst_first(report.active)
    shown = worst if view.show_all else worst[:_SHOWN]
    yield inert(f"{summary.verdict(report)} {summary.headline(report)}")
    for each in report.diagnostics:
        if each.is_incomplete:
            where = f"{each.path}:{each.line or 1}: " if each.path else ""
            yield inert(f"not checked: {where}{each.message}")
    if not shown:
        return
    counts = f"{summary.plural(len(worst), 'new finding')}: {summary.counted(worst)}"
    yield f"{counts}. Fix the cause; a suppression needs a reason and is reported by itself."
    rules, explained = rules_by_code(report), set[str]()
    for path, findings in _by_file(shown):
        yield ""
        yield inert(path)
        for finding in findings:
            yield from _finding(finding, rules[finding.code], view.lines, finding.code not in explained)
            explained.add(finding.code)
    if rest := worst[len(shown) :]:
        yield ""
        counts = f"{len(rest):,} more: {summary.counted(rest)}"
        yield f"{counts}. All of them: --all; some of them: --select with a code or a guideline."


def _by_file(findings: Iterable[Finding]) -> list[tuple[str, list[Finding]]]:
    """Files in the order of their worst finding."""
    files: dict[str, list[Finding]] = {}
    for finding in findings:
        files.setdefault(finding.at.path, []).append(finding)
    return list(files.items())


def _finding(finding: Finding, rule: RuleInfo, lines: Lines, is_first_of_rule: bool) -> Iterator[str]:
    at, path = finding.at, finding.at.path
    label = f"{finding.severity.value} {finding.code} {finding.name}".rstrip()
    yield f"{at.line}:{at.column} {label}: {inert(finding.message)}"
    if finding.trace:
        yield "  flow: " + " > ".join(f"{_near(step.at, path)} {inert(step.note)}" for step in finding.trace)
    for step in finding.related:
        yield f"  see: {_near(step.at, path)} {inert(step.note)}"
    if is_first_of_rule and (reason := why(rule)):
        yield f"  why: {inert(reason)}"
    for number, line in enumerate(inert_lines(finding.help)):
        yield f"  {'    ' if number else 'do: '}{line}"
    if finding.fix:
        yield from _edits(finding.fix, path, lines)


def _edits(fix: Fix, path: str, lines: Lines) -> Iterator[str]:
    for place, text in replacements(fix, lines):
        old = _between(lines(place.path) or (), place)
        told = f"{json.dumps(old, ensure_ascii=False)} -> {json.dumps(text, ensure_ascii=False)}"
        until = f"{place.end_line}:{place.end_column}"
        yield f"  edit ({_APPLIED_BY[fix.safety]}): {_near(place, path)}-{until} {inert(told)}"


def _between(known: Sequence[str], place: Place) -> str:
    rows = list(known[place.line - 1 : place.end_line])
    if not rows:
        return ""
    rows[-1] = rows[-1][: place.end_column - 1]
    rows[0] = rows[0][place.column - 1 :]
    return "".join(rows)


def _near(at: Place, path: str) -> str:
    """A place, without the path where it is the one under which it stands."""
    return f"{at.line}:{at.column}" if at.path == path else inert(str(at))
