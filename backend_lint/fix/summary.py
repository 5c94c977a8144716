"""What fixing did, by file and rule, and what it left and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from backend_lint.core import Finding
from backend_lint.fix.settle import Outcome


def summary(outcome: Outcome) -> list[str]:
    """Lines for a person."""
    files = {finding.at.path for finding in outcome.applied}
    lines = [f"Fixed {_count(len(outcome.applied), 'finding')} in {_count(len(files), 'file')}."]
    for path in sorted(files):
        rules = _by_rule(finding for finding in outcome.applied if finding.at.path == path)
        lines += [f"  {path}: {number} × {rule}" for rule, number in rules]
    if outcome.left:
        lines.append(f"Left {_count(len(outcome.left), 'finding')}.")
    for why in sorted({left.why for left in outcome.left}):
        rules = _by_rule(left.finding for left in outcome.left if left.why == why)
        lines += [f"  {number} × {rule}: {why}" for rule, number in rules]
    return lines


def _by_rule(findings: Iterable[Finding]) -> list[tuple[str, int]]:
    return sorted(Counter(f"{finding.code} {finding.name}" for finding in findings).items())


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
