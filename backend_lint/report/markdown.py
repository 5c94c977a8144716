"""`markdown`: for a job summary or a comment, no longer than such places take."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from backend_lint.core import SECTIONS, Confidence, Finding, Report, RuleInfo
from backend_lint.report import summary
from backend_lint.report.frame import Frame, frames
from backend_lint.report.inert import inert, without_commands
from backend_lint.report.patch import diff
from backend_lint.report.prose import rules_by_code, why
from backend_lint.report.view import View

_BYTES = 1_048_576
"""Of a step's whole summary: GitHub takes none of a longer one."""
_RESERVED = 2_048  # for the line that counts what was left out
_LINE = 300  # characters of one source line
_SPAN = re.compile(r"(`[^`]+`)")
_SPECIAL = re.compile(r"([\\`*_\[\]~|])")
_BLOCK_START = re.compile(r"^([#+=>:-]|\d+(?=[.)]))")


def render(report: Report, view: View) -> str:
    """The outcome, then whole findings, the worst first, as many as fit, and a count of the rest."""
    text = without_commands("\n".join(_opening(report, view)))
    size = _size(text)
    worst = summary.worst_first(report.active)
    rules, explained, shown = rules_by_code(report), set[str](), list[str]()
    for finding in worst:
        told = "\n".join(_finding(finding, rules[finding.code], view, finding.code not in explained))
        block = without_commands(f"\n{told}")
        if size + _size(block) > _BYTES - _RESERVED:
            break
        explained.add(finding.code)
        shown.append(block)
        size += _size(block)
    if rest := worst[len(shown) :]:
        shown.append(f"\n\n**{len(rest):,} more** are left out here: {summary.counted(rest)}.")
    return text + "".join(shown) + "\n"


def escaped(text: str) -> str:
    """One line in which only `code` spans are Markdown."""
    parts = _SPAN.split(inert(text).strip())
    shown = "".join(part if number % 2 else _literal(part) for number, part in enumerate(parts))
    return _BLOCK_START.sub(_neutral, shown)


def code(text: str) -> str:
    """The text as a code span, whatever backticks it has."""
    fence = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{inert(text)}{pad}{fence}"


def _neutral(start: re.Match[str]) -> str:
    return f"{start[0]}\\" if start[0].isdigit() else f"\\{start[0]}"


def _literal(text: str) -> str:
    return html.escape(_SPECIAL.sub(r"\\\1", text), quote=False)


def _opening(report: Report, view: View) -> Iterator[str]:
    yield f"# backend-lint: {escaped(report.project)}"
    yield ""
    yield f"**{escaped(summary.verdict(report))}**"
    yield ""
    yield f"{escaped(summary.headline(report))}  "
    yield escaped(summary.understood(report))
    hints = (summary.changed, summary.no_backend, summary.next_best, summary.safe_fixes)
    for line in filter(None, (hint(report) for hint in hints)):
        yield ""
        yield escaped(line)
    if quiet := summary.kept_quiet(report):
        yield ""
        yield f"Not shown: {quiet}"
    yield from _unchecked(report)
    yield from _scores(report)
    if view.statistics:
        yield from _statistics(report)
    if view.timing:
        yield from ("", *(f"- {escaped(phase.name)}: {phase.seconds:.3f} s" for phase in report.timing))


def _unchecked(report: Report) -> Iterator[str]:
    if missing := [each for each in report.diagnostics if each.is_incomplete]:
        yield ""
        yield f"{summary.plural(len(missing), 'problem')} kept something from being checked:"
        yield ""
        for each in missing[:100]:
            where = f"{code(f'{each.path}:{each.line or 1}')} " if each.path else ""
            yield f"- {where}{each.kind.value}: {escaped(each.message)}"


def _scores(report: Report) -> Iterator[str]:
    yield from ("", "| | Score | …-1 | …-2 | …-3 | …-4 |", "|---|--:|--:|--:|--:|--:|")
    for section, title in SECTIONS.items():
        cells = [summary.points(each.score) for each in report.score.guidelines if each.id.startswith(section)]
        yield f"| {section} {title} | **{summary.points(report.score.sections.get(section))}** | {' | '.join(cells)} |"


def _statistics(report: Report) -> Iterator[str]:
    tallies = summary.tallies(report)
    for kind in ("rule", "guideline"):
        yield from ("", f"| {kind} | new | baselined | suppressed | fixable |", "|---|--:|--:|--:|--:|")
        for row in (*tallies[kind], *tallies["total"]):
            yield f"| {escaped(row.name)} | {row.new} | {row.baselined} | {row.suppressed} | {row.fixable} |"


def _finding(finding: Finding, rule: RuleInfo, view: View, is_first_of_rule: bool) -> Iterator[str]:
    yield ""
    yield f"### {finding.code} {escaped(finding.name)} · {finding.severity.value} · {code(str(finding.at))}"
    yield ""
    doubt = "" if finding.confidence is Confidence.HIGH else f" ({finding.confidence.value} confidence)"
    yield escaped(finding.message) + doubt
    if finding.trace:
        yield ""
        for number, step in enumerate(finding.trace, start=1):
            yield f"{number}. {code(str(step.at))} {escaped(step.note)}"
    for frame in frames(finding, view.lines):
        yield from _fenced(list(_source(frame)), "python")
    for step in finding.related:
        yield from ("", f"Related: {code(str(step.at))} {escaped(step.note)}")
    if is_first_of_rule and (reason := why(rule)):
        yield from ("", f"**Why** {escaped(reason)}")
    yield ""
    yield "**Instead** " + "  \n".join(map(escaped, finding.help.splitlines()))
    if finding.fix and (changes := diff(finding.fix, view.lines)):
        yield from _fenced(list(map(inert, changes)), "diff")


def _source(frame: Frame) -> Iterator[str]:
    for row in frame.rows:
        if row is None:
            yield "  ⋮"
        elif row.text is not None:
            yield f"{row.number:>4}  {inert(row.text.expandtabs(4))[:_LINE]}"


def _fenced(lines: list[str], language: str) -> Iterator[str]:
    if lines:
        longest = max((len(run) for line in lines for run in re.findall(r"`+", line)), default=0)
        fence = "`" * max(3, longest + 1)
        yield from ("", f"{fence}{language}", *lines, fence)


def _size(text: str) -> int:
    return len(text.encode("utf-8"))
