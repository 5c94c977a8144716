"""What each step towards a better score is worth: the score computed again, less the score as it is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

import msgspec

from backend_lint.core import Debt, Finding, RuleInfo, Severity
from backend_lint.findings.model import CUSHION, Ledger, Load, Mean, Tally, is_fixable, is_grave, ledger, penalty, unit

_STEPS = 10


class Gain(msgspec.Struct, frozen=True):
    """What fixing one finding adds to the overall score, and to that of its guideline."""

    finding: Finding
    overall: float
    guideline: float


def debts(books: Ledger) -> dict[str, Debt]:
    """By code, each rule's part of its guideline's debt, and what its findings cost the scores."""
    mean = books.mean()
    found = {}
    for code, tally in books.tallies.items():
        load = books.loads[tally.guideline]
        found[code] = _debt(tally, _gains(mean, load, load - tally.load, books.weights[tally.guideline]))
    return found


def next_best(books: Ledger, steps: int = _STEPS) -> tuple[Debt, ...]:
    """The rules to go through first, each gaining the most when those before it are done.

    While a cap holds, steps that leave it in place gain nothing overall; they are told apart by their guideline's gain.
    """
    mean, loads = books.mean(), dict(books.loads)
    left = [tally for tally in books.tallies.values() if tally.penalty]
    taken: list[Debt] = []
    while left and len(taken) < steps:
        gains = {}
        for tally in left:
            load = loads[tally.guideline]
            gains[tally.code] = _gains(mean, load, load - tally.load, books.weights[tally.guideline])
        best = max(left, key=lambda tally: gains[tally.code])
        taken.append(_debt(best, gains[best.code]))
        left.remove(best)
        lighter = loads[best.guideline] - best.load
        mean = _exchanged(mean, loads[best.guideline], lighter, books.weights[best.guideline])
        loads[best.guideline] = lighter
    return tuple(taken)


def finding_gains(books: Ledger, findings: Iterable[Finding], limit: int) -> list[Gain]:
    """The findings whose fix alone gains the most, the best first; findings of equal kind are computed once."""
    everything = [finding for finding in findings if finding.code in books.tallies and not finding.preview]
    in_unit = Counter((finding.code, unit(finding)) for finding in everything)
    mean = books.mean()
    known: dict[tuple[object, ...], tuple[Fraction, Fraction]] = {}
    ranked = []
    for finding in everything:
        if books.weighs(finding):
            is_last = in_unit[finding.code, unit(finding)] == 1
            kind = (finding.code, finding.severity, finding.confidence, is_last)
            if kind not in known:
                tally = books.tallies[finding.code]
                load = books.loads[tally.guideline]
                lighter = load - tally.load + _without(tally, finding, is_last)
                known[kind] = _gains(mean, load, lighter, books.weights[tally.guideline])
            ranked.append((known[kind], finding))
    ranked.sort(key=lambda each: (-each[0][0], -each[0][1], each[1].sort_key))
    return [Gain(finding, float(overall), float(own)) for (overall, own), finding in ranked[:limit]]


def free_points(
    findings: Sequence[Finding],
    examined: Mapping[str, int],
    rules: Sequence[RuleInfo],
    weights: Mapping[str, float] | None = None,
) -> float:
    """What the overall score gains from applying every safe fix."""
    before = ledger(findings, examined, rules, weights=weights)
    left = [each for each in findings if not (before.weighs(each) and is_fixable(each))]
    after = ledger(left, examined, rules, weights=weights)
    return float((after.mean().score or 0) - (before.mean().score or 0))


def _without(tally: Tally, finding: Finding, is_last: bool) -> Load:
    """The load of a rule less one finding, the last of its unit or not."""
    grave = is_grave(finding)
    return Load(
        (tally.penalty - penalty(finding)) / (tally.clean + is_last + CUSHION),
        tally.high - grave,
        tally.critical - (grave and finding.severity is Severity.CRITICAL),
    )


def _gains(mean: Mean, load: Load, lighter: Load, weight: Fraction) -> tuple[Fraction, Fraction]:
    """What the overall score and the guideline's own rise by."""
    before, after = mean.score, _exchanged(mean, load, lighter, weight).score
    overall = after - before if after is not None and before is not None else Fraction(0)
    return overall, lighter.score - load.score


def _exchanged(mean: Mean, load: Load, lighter: Load, weight: Fraction) -> Mean:
    return mean.minus(load, weight).plus(lighter, weight)


def _debt(tally: Tally, gains: tuple[Fraction, Fraction]) -> Debt:
    overall, own = gains
    return Debt(
        code=tally.code,
        penalty=float(tally.penalty),
        clean=tally.clean,
        examined=tally.examined,
        debt=float(tally.load.debt),
        gain=float(overall),
        guideline_gain=float(own),
        findings=tally.findings,
        fixable=tally.fixable,
    )
