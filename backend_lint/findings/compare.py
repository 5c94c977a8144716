"""Two scores of one project, where they can be compared at all."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

from backend_lint.core import Comparison, Report, RuleInfo, Score, Severity


class Identity(msgspec.Struct, frozen=True):
    """What a score depends on beside the code. Scores of unequal identity say nothing about each other.

    `version` is the minor version of the tool, `profile` a digest of the rules that ran with their severities, `scope`
    what was looked at.
    """

    model: int
    version: str
    profile: str
    scope: str


class _Rule(msgspec.Struct):
    """A rule as a JSON report has it."""

    code: str
    severity: Severity
    preview: bool = False


class _Tool(msgspec.Struct):
    version: str


class Earlier(msgspec.Struct):
    """What of a JSON report counts."""

    tool: _Tool
    scope: str
    score: Score
    rules: tuple[_Rule, ...]

    @property
    def identity(self) -> Identity:
        return identity(self.score.model, self.tool.version, self.rules, self.scope)


def earlier(content: bytes) -> Earlier:
    """Raises a `msgspec.MsgspecError` for what is no report in JSON."""
    return msgspec.json.decode(content, type=Earlier)


def identity(model: int, version: str, rules: Iterable[RuleInfo | _Rule], scope: str) -> Identity:
    ran = sorted(f"{rule.code} {rule.severity.value}" for rule in rules if not rule.preview)
    digest = hashlib.sha256("\n".join(ran).encode()).hexdigest()[:16]
    return Identity(model, ".".join(version.split(".")[:2]), digest, scope)


def differences(now: Identity, then: Identity) -> list[str]:
    """Why the scores cannot be compared, in clauses; nothing where they can."""
    names = {"model": "score model", "version": "version of backend-lint", "scope": "scope"}
    said = [
        f"{what} {getattr(then, field)} then, {getattr(now, field)} now"
        for field, what in names.items()
        if getattr(then, field) != getattr(now, field)
    ]
    return said + (["other rules, or other severities of rules"] if now.profile != then.profile else [])


def comparison(report: Report, before: Earlier, since: str) -> Comparison:
    """`since` names `before` for readers."""
    now = identity(report.score.model, report.version, report.rules, report.scope)
    because = differences(now, before.identity)
    if because:
        return Comparison(since, comparable=False, because=tuple(because))
    return changes(report.score, before.score, since)


def changes(now: Score, then: Score, since: str) -> Comparison:
    """The comparison of two scores that are of one identity."""
    after = {each.id: each.score for each in now.guidelines if each.score is not None}
    before = {each.id: each.score for each in then.guidelines if each.score is not None}
    is_like = now.overall is not None and then.overall is not None and after.keys() == before.keys()
    return Comparison(
        since,
        comparable=True,
        overall=(now.overall or 0.0) - (then.overall or 0.0) if is_like else None,
        guidelines={each: after[each] - before[each] for each in after if each in before},
        appeared=tuple(sorted(after.keys() - before.keys())),
        vanished=tuple(sorted(before.keys() - after.keys())),
    )
