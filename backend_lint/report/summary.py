"""The outcome in words, the same in every format that people read."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import msgspec

from backend_lint.core import Finding, Part, Report, Safety, Severity, State

NOT_ASSESSED = "not assessed"
_LEAST_CHANGE = 0.05


class Tally(msgspec.Struct, frozen=True):
    """Findings of one rule or guideline by what became of them; `fixable` counts new ones with a fix to apply."""

    name: str
    new: int
    baselined: int
    suppressed: int
    fixable: int


def worst_first(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda each: (-each.severity.rank, -each.confidence.rank, each.sort_key))


def tallies(report: Report) -> dict[str, list[Tally]]:
    """Counts by rule and by guideline, those of the whole run at the end."""
    return {
        "rule": _tally(report.findings, [f"{each.code} {each.name}".rstrip() for each in report.findings]),
        "guideline": _tally(report.findings, [each.guideline for each in report.findings]),
        "total": _tally(report.findings, ["total"] * len(report.findings)),
    }


def by_severity(findings: Iterable[Finding]) -> dict[Severity, int]:
    """How many of each severity, the worst first, the absent left out."""
    counts = Counter(finding.severity for finding in findings)
    return {severity: counts[severity] for severity in reversed(Severity) if counts[severity]}


def counted(findings: Iterable[Finding]) -> str:
    """`1 high · 7 medium`"""
    return " · ".join(f"{count:,} {severity.value}" for severity, count in by_severity(findings).items())


def is_fixable(finding: Finding) -> bool:
    return finding.fix is not None and finding.fix.safety is not Safety.DISPLAY


def plural(count: int, word: str) -> str:
    """`1 file`, `2 files`, `3 queries`"""
    if count == 1:
        return f"1 {word}"
    return f"{count:,} {word[:-1]}ies" if word.endswith("y") else f"{count:,} {word}s"


def points(score: float | None) -> str:
    """A score with one decimal, rounded down, so that 100.0 is never a rounded 99.99."""
    return "–" if score is None else f"{math.floor(score * 10) / 10:.1f}"


def understood(report: Report | Part) -> str:
    """`FastAPI, Celery · 212 files, 38.4k lines · 40 routes`"""
    seen = report.inventory
    counts = (
        (seen.routes, "route"),
        (seen.models, "model"),
        (seen.queries, "query"),
        (seen.tasks, "task"),
        (seen.outbound, "outbound call"),
    )
    parts = [
        ", ".join(seen.frameworks),
        f"{plural(seen.files, 'file')}, {_thousands(seen.lines)} {'line' if seen.lines == 1 else 'lines'}",
        *(plural(count, word) for count, word in counts if count),
    ]
    return " · ".join(filter(None, parts))


def headline(report: Report) -> str:
    """`Overall 50.0 (D), capped at 50 by 1 critical · 6 of 16 guidelines assessed · 212 of 212 files read`"""
    score = report.score
    assessed = sum(guideline.score is not None for guideline in score.guidelines)
    if score.overall is None:
        overall = f"Overall {NOT_ASSESSED}"
    else:
        cap = f", capped at {score.cap} by {', '.join(score.capped_by)}" if score.capped_by else ""
        overall = f"Overall {points(score.overall)} ({score.letter}){cap}"
    incomplete = () if score.complete and report.is_complete else ("incomplete",)
    return " · ".join(
        (
            overall,
            *incomplete,
            f"{assessed} of {len(score.guidelines)} guidelines assessed",
            f"{report.inventory.files_read:,} of {plural(report.inventory.files, 'file')} read",
        )
    )


def verdict(report: Report) -> str:
    """The gate's answer as one sentence or more, with its reasons."""
    if not report.gate.passed:
        return "Failed: " + " ".join(sentence(reason) for reason in report.gate.reasons or ("the gate did not pass",))
    if not report.inventory.files:
        return "Nothing was checked: no files were found."
    if not report.is_complete:
        return "Passed, as far as could be checked."
    return "Passed: " + ("no new findings." if report.findings else "no findings.") if not report.active else "Passed."


def kept_quiet(report: Report) -> str:
    """`3 baselined · 2 suppressed`, or nothing."""
    states = Counter(finding.state for finding in report.findings)
    quiet = (State.BASELINED, State.SUPPRESSED)
    return " · ".join(f"{states[state]:,} {state.value}" for state in quiet if states[state])


def unchecked(report: Report) -> str:
    """What the run should have looked at and could not, in one sentence, or nothing."""
    missing = [each for each in report.diagnostics if each.is_incomplete]
    if not missing:
        return ""
    places = [
        f"{each.path}:{each.line}" if each.path and each.line else each.path or each.kind.value for each in missing
    ]
    shown = ", ".join(places[:3]) + (", …" if len(places) > 3 else "")
    return f"{plural(len(missing), 'problem')} kept something from being checked: {shown}"


def no_backend(report: Report) -> str:
    """What to do when files were read and nothing of a backend was seen in them, or nothing."""
    seen = report.inventory
    if not seen.files_read or seen.routes or seen.models or seen.queries or seen.tasks:
        return ""
    roots = ", ".join(f"{report.project}/" if root == "." else root for root in seen.roots or (".",))
    return f"No routes, models or queries found below {roots}. Is this a backend? Try: backend-lint --show-files"


def next_best(report: Report) -> str:
    """`Next best: fix SEC201 in app/reports.py (+30.0), then 2 × SEC101 (+9.5)`, or nothing."""
    steps = []
    for debt in report.score.next_best[:3]:
        places = [finding.at for finding in report.active if finding.code == debt.code]
        if places and debt.gain > 0:
            what = f"{debt.code} in {places[0].path}" if len(places) == 1 else f"{len(places)} × {debt.code}"
            steps.append(f"{what} (+{points(debt.gain)})")
    return "Next best: fix " + ", then ".join(steps) if steps else ""


def changed(report: Report) -> str:
    """`Since v1.2: +3.1 overall · SEC-2 +12.0 · API-1 assessed now`, or nothing where there is nothing to compare."""
    then, new = report.comparison, report.new_code
    if then is None:
        return ""
    if not then.comparable:
        return f"Not comparable with {then.since}: {'; '.join(then.because)}"
    parts = [
        *([] if then.overall is None else [f"{difference(then.overall)} overall"]),
        *(f"{name} {difference(change)}" for name, change in then.guidelines.items() if is_shown(change)),
        *(f"{name} assessed now" for name in then.appeared),
        *(f"{name} no longer assessed" for name in then.vanished),
        *([f"new code {points(new.overall)} ({new.letter})"] if new is not None and new.overall is not None else []),
    ]
    return f"Since {then.since}: " + (" · ".join(parts) or "no score changed")


def difference(change: float) -> str:
    """`+3.1`, `-0.4`, `±0.0`"""
    return f"{change:+.1f}" if is_shown(change) else "±0.0"


def is_shown(change: float) -> bool:
    """Whether a change of score shows in its one decimal."""
    return abs(change) >= _LEAST_CHANGE


def safe_fixes(report: Report) -> str:
    """How many findings `--fix` would mend, or nothing."""
    count = sum(finding.fix is not None and finding.fix.safety is Safety.SAFE for finding in report.active)
    return f"{plural(count, 'finding')} {'has' if count == 1 else 'have'} a safe fix: --fix --diff" if count else ""


def _tally(findings: Iterable[Finding], names: Iterable[str]) -> list[Tally]:
    states: dict[str, Counter[State]] = {}
    fixable: Counter[str] = Counter()
    for finding, name in zip(findings, names, strict=True):
        states.setdefault(name, Counter())[finding.state] += 1
        fixable[name] += finding.state is State.ACTIVE and is_fixable(finding)
    return [
        Tally(name, count[State.ACTIVE], count[State.BASELINED], count[State.SUPPRESSED], fixable[name])
        for name, count in sorted(states.items())
    ]


def _thousands(count: int) -> str:
    return f"{count:,}" if count < 10_000 else f"{count / 1000:.1f}k"


def sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."
