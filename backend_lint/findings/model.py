"""Score model 1: its numbers, and exact arithmetic with them.

Every number of the model is a fraction, and so is all that is computed from them. Nothing is rounded before a score
leaves the stage: the order of findings cannot matter, and a gain is the difference it claims to be.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction

import msgspec

from backend_lint.core import GUIDELINES, Confidence, Finding, RuleInfo, Safety, Severity, State
from backend_lint.engine.own_rules import ENGINE_PACK

MODEL = 1
PENALTY = {
    Severity.CRITICAL: Fraction(10),
    Severity.HIGH: Fraction(4),
    Severity.MEDIUM: Fraction(3, 2),
    Severity.LOW: Fraction(1, 2),
    Severity.INFO: Fraction(0),
}
CERTAINTY = {Confidence.HIGH: Fraction(1), Confidence.MEDIUM: Fraction(7, 10), Confidence.LOW: Fraction(3, 10)}
CUSHION = 10  # `k`: clean units that every rule is credited with, so that one bad unit of one is not the end
OWED = frozenset({State.ACTIVE, State.BASELINED})  # accepted debt is debt; of new code, only what is active


class Load(msgspec.Struct, frozen=True):
    """What weighs on a guideline, or one rule's part of it: loads of rules add up.

    `high` counts findings of high severity or worse, `critical` those of critical; neither counts low confidence.
    """

    debt: Fraction = Fraction(0)
    high: int = 0
    critical: int = 0

    def __add__(self, other: Load) -> Load:
        return Load(self.debt + other.debt, self.high + other.high, self.critical + other.critical)

    def __sub__(self, other: Load) -> Load:
        return Load(self.debt - other.debt, self.high - other.high, self.critical - other.critical)

    @property
    def multiplier(self) -> Fraction:
        """The gates: by counts alone, so that no amount of clean code opens them, and bounded from below."""
        of_high = Fraction(8, 10) - Fraction(1, 10) * (1 - Fraction(1, self.high)) if self.high else 1
        of_critical = (
            Fraction(625, 1000) - Fraction(225, 1000) * (1 - Fraction(1, self.critical)) if self.critical else 1
        )
        return Fraction(of_high * of_critical)

    @property
    def cost(self) -> Fraction:
        """1 where nothing is wrong, and growing: the score is its hundredfold inverse, and costs have plain means."""
        return (1 + self.debt) / self.multiplier

    @property
    def score(self) -> Fraction:
        return 100 / self.cost


class Mean(msgspec.Struct, frozen=True):
    """Several guidelines as one: their harmonic mean, capped by the worst that is found in any. `cost` is weighted."""

    weight: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    high: int = 0
    critical: int = 0

    def plus(self, load: Load, weight: Fraction) -> Mean:
        return Mean(
            self.weight + weight, self.cost + weight * load.cost, self.high + load.high, self.critical + load.critical
        )

    def minus(self, load: Load, weight: Fraction) -> Mean:
        return Mean(
            self.weight - weight, self.cost - weight * load.cost, self.high - load.high, self.critical - load.critical
        )

    @property
    def cap(self) -> int:
        return 50 if self.critical else 80 if self.high else 100

    @property
    def uncapped(self) -> Fraction | None:
        return 100 * self.weight / self.cost if self.weight else None

    @property
    def score(self) -> Fraction | None:
        return None if self.uncapped is None else min(self.uncapped, Fraction(self.cap))


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """One rule: what it examined, and what its findings weigh. `clean` units have no finding of it in any state."""

    code: str
    guideline: str
    examined: int
    clean: int
    penalty: Fraction
    high: int
    critical: int
    findings: int
    fixable: int

    @property
    def load(self) -> Load:
        return Load(self.penalty / (self.clean + CUSHION), self.high, self.critical)


class Ledger(msgspec.Struct, frozen=True):
    """A project's books. `tallies`, by code, and `loads`, by guideline, hold what was examined, and nothing else.

    Findings in an `owed` state weigh; others only keep their unit from being clean.
    """

    tallies: dict[str, Tally]
    loads: dict[str, Load]
    weights: dict[str, Fraction]
    owed: frozenset[State]

    def weighs(self, finding: Finding) -> bool:
        return finding.code in self.tallies and finding.state in self.owed and not finding.preview

    def mean(self, section: str = "") -> Mean:
        """Of the assessed guidelines of a section, or of all."""
        mean = Mean()
        for guideline, load in self.loads.items():
            if guideline.startswith(section):
                mean = mean.plus(load, self.weights[guideline])
        return mean


def ledger(
    findings: Iterable[Finding],
    examined: Mapping[str, int],
    rules: Iterable[RuleInfo],
    *,
    weights: Mapping[str, float] | None = None,
    owed: frozenset[State] = OWED,
) -> Ledger:
    """The books of a project, from its findings in any state and the number of units that each rule examined.

    Rules in preview and rules about suppressions are left out. Guidelines weigh 1 unless `weights` says otherwise.
    """
    by_code: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        if not finding.preview:
            by_code[finding.code].append(finding)
    tallies = {
        rule.code: tally
        for rule in sorted(rules, key=lambda rule: rule.code)
        if is_scored(rule) and (tally := _tally(rule, by_code[rule.code], examined.get(rule.code, 0), owed)).examined
    }
    loads: dict[str, Load] = {}
    for guideline in GUIDELINES:
        own = [tally.load for tally in tallies.values() if tally.guideline == guideline]
        if own:
            loads[guideline] = sum(own, Load())
    return Ledger(tallies, loads, {each: Fraction((weights or {}).get(each, 1)) for each in GUIDELINES}, owed)


def is_scored(rule: RuleInfo) -> bool:
    return not rule.preview and rule.pack != ENGINE_PACK


def is_grave(finding: Finding) -> bool:
    """Whether it counts for the gates: high or critical, and not of low confidence."""
    return finding.severity >= Severity.HIGH and finding.confidence > Confidence.LOW


def penalty(finding: Finding) -> Fraction:
    return PENALTY[finding.severity] * CERTAINTY[finding.confidence]


def unit(finding: Finding) -> str:
    """What a finding keeps from being clean; where its rule does not say, the line is a unit of its own."""
    return finding.unit or f"{finding.at.path}:{finding.at.line}"


def _tally(rule: RuleInfo, findings: list[Finding], examined: int, owed: frozenset[State]) -> Tally:
    """A unit with a finding was examined, whether or not it is among those that were counted."""
    marked = len(set(map(unit, findings)))
    weighing = [finding for finding in findings if finding.state in owed]
    kinds = Counter((finding.severity, finding.confidence) for finding in weighing)
    return Tally(
        code=rule.code,
        guideline=rule.guideline,
        examined=max(examined, marked),
        clean=max(examined - marked, 0),
        penalty=sum(
            (PENALTY[how_bad] * CERTAINTY[how_sure] * n for (how_bad, how_sure), n in kinds.items()), Fraction(0)
        ),
        high=sum(map(is_grave, weighing)),
        critical=sum(is_grave(finding) and finding.severity is Severity.CRITICAL for finding in weighing),
        findings=len(weighing),
        fixable=sum(is_fixable(finding) for finding in weighing),
    )


def is_fixable(finding: Finding) -> bool:
    """Whether a safe fix would take it away."""
    return finding.fix is not None and finding.fix.safety is Safety.SAFE
