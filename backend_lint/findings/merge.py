"""One finding for one problem, whoever saw it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import msgspec

from backend_lint.core import Finding, Place, Step


def merge(findings: Iterable[Finding], takeover: Mapping[str, str]) -> list[Finding]:
    """The findings in report order, each problem once.

    Findings of one rule on one span become the worst of them, which refers to what the others say. `takeover` maps a
    test of Bandit to the rule of ours that judges the same; where that rule has a finding that overlaps Bandit's, at
    its place or on its way, Bandit's becomes part of it.
    """
    distinct = _distinct(findings)
    judged: defaultdict[tuple[str, str], list[tuple[Place, Finding]]] = defaultdict(list)
    for finding in distinct:
        for at in {finding.at, *(step.at for step in finding.trace)}:
            judged[finding.code, at.path].append((at, finding))
    names: defaultdict[Finding, set[str]] = defaultdict(set)
    absorbed = set()
    for finding in distinct:
        for at, owner in judged.get((takeover.get(finding.code, ""), finding.at.path), ()):
            if _overlap(at, finding.at):
                names[owner].add(finding.code)
                absorbed.add(finding)
    return [
        msgspec.structs.replace(finding, also=tuple(sorted({*finding.also, *names[finding]})))
        for finding in distinct
        if finding not in absorbed
    ]


def _distinct(findings: Iterable[Finding]) -> list[Finding]:
    groups: defaultdict[tuple[str, Place], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.code, finding.at].append(finding)
    return sorted((_as_one(group) for group in groups.values()), key=lambda finding: finding.sort_key)


def _as_one(group: list[Finding]) -> Finding:
    if len(group) == 1:
        return group[0]
    worst, *others = sorted(group, key=lambda each: (-each.severity.rank, -each.confidence.rank, each.sort_key))
    said = sorted({each.message for each in others} - {worst.message})
    return msgspec.structs.replace(worst, related=(*worst.related, *(Step(worst.at, message) for message in said)))


def _overlap(left: Place, right: Place) -> bool:
    """Whether the two, in one file, share a character. A place without width stands for the character after it."""
    return _start(left) < _end(right) and _start(right) < _end(left)


def _start(at: Place) -> tuple[int, int]:
    return at.line, at.column


def _end(at: Place) -> tuple[int, int]:
    return max((at.end_line, at.end_column), (at.line, at.column + 1))
