"""How far a backend is from its guidelines, as a number of which every point has an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

from backend_lint.core import GUIDELINES, SECTIONS, Debt, Finding, GuidelineScore, RuleInfo, Score, Severity, State
from backend_lint.findings.explain import debts, next_best
from backend_lint.findings.model import (
    CERTAINTY,
    CUSHION,
    MODEL,
    OWED,
    PENALTY,
    Load,
    Mean,
    is_grave,
    is_scored,
    ledger,
)

_LETTERS = {"A": 90, "B": 75, "C": 60, "D": 40}
_NAMED_PLACES = 3


def score(
    findings: Iterable[Finding],
    examined: Mapping[str, int],
    rules: Iterable[RuleInfo],
    complete: bool,
    *,
    weights: Mapping[str, float] | None = None,
    owed: frozenset[State] = OWED,
) -> Score:
    """Score model 1.

    `findings` are all, in any state. `examined` counts units by the code of each rule that ran, and has no other keys;
    `rules` may hold rules that did not run. `weights` are of guidelines, 1 unless given. The findings that weigh are
    those in an `owed` state. The score of new code owes what is `ACTIVE`; units and findings are those touched.
    Scores are not rounded; a report rounds them down.
    """
    everything, known = tuple(findings), tuple(rule for rule in rules if is_scored(rule))
    books = ledger(everything, examined, known, weights=weights, owed=owed)
    overall = books.mean()
    by_code = debts(books)
    return Score(
        model=MODEL,
        overall=_float(overall.score),
        letter=letter(overall.score),
        cap=overall.cap,
        capped_by=_capped_by(overall, [each for each in everything if books.weighs(each)]),
        complete=complete,
        guidelines=tuple(
            _guideline(
                guideline,
                books.loads.get(guideline),
                [by_code[rule.code] for rule in known if rule.guideline == guideline and rule.code in by_code],
                [rule.code in examined for rule in known if rule.guideline == guideline],
            )
            for guideline in GUIDELINES
        ),
        sections={section: _float(books.mean(section).score) for section in SECTIONS},
        next_best=next_best(books),
        weights={severity.value: float(points) for severity, points in PENALTY.items()},
        certainty={confidence.value: float(share) for confidence, share in CERTAINTY.items()},
        k=float(CUSHION),
    )


def letter(value: Fraction | float | None) -> str:
    """The letter of a score; none where there is no score."""
    return "" if value is None else next((each for each, least in _LETTERS.items() if value >= least), "E")


def _guideline(guideline: str, load: Load | None, rules: Iterable[Debt], ran: Sequence[bool]) -> GuidelineScore:
    if load is None:
        return GuidelineScore(guideline, None, active_rules=sum(ran), all_rules=len(ran))
    return GuidelineScore(
        guideline,
        score=float(load.score),
        debt=float(load.debt),
        multiplier=float(load.multiplier),
        high=load.high,
        critical=load.critical,
        rules=tuple(sorted(rules, key=lambda rule: (-rule.debt, rule.code))),
        active_rules=sum(ran),
        all_rules=len(ran),
    )


def _capped_by(mean: Mean, findings: Iterable[Finding]) -> tuple[str, ...]:
    """`1 critical: app/reports.py:31`, or nothing where the mean is below its cap anyway."""
    if mean.uncapped is None or mean.uncapped <= mean.cap:
        return ()
    worst = Severity.CRITICAL if mean.critical else Severity.HIGH
    grave = sorted(
        (each for each in findings if is_grave(each) and each.severity is worst), key=lambda each: each.sort_key
    )
    places = [f"{each.at.path}:{each.at.line}" for each in grave]
    named = ", ".join(places[:_NAMED_PLACES])
    rest = f" and {len(places) - _NAMED_PLACES:,} more" if len(places) > _NAMED_PLACES else ""
    return (f"{len(places):,} {worst.value}{'s' if len(places) > 1 else ''}: {named}{rest}",)


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
