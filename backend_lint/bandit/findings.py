"""Bandit's verdicts as findings."""

from __future__ import annotations

from collections.abc import Container, Iterable

from backend_lint.bandit.checks import Check, Use, checks, guideline
from backend_lint.bandit.results import BanditResult
from backend_lint.core import Confidence, Finding, Role

ROLES = frozenset({Role.APP, Role.SCRIPT, Role.MIGRATION})
"""What the files that it is run on are for."""


def findings(results: Iterable[BanditResult], installed: Container[str] = ()) -> list[Finding]:
    """The verdicts worth reporting, in their order, whatever a comment says of them. `installed` are the codes of
    the rules that can be asked instead.

    A verdict of `Use.FALLBACK` comes at low confidence: the rule that owns it may still claim or refute its place.
    """
    return [
        _finding(result, check, is_owned)
        for result in results
        if (check := checks()[result.test_id]) and not is_silent(check, is_owned := check.owner in installed)
    ]


def is_silent(check: Check, is_owned: bool) -> bool:
    """Whether the rule that owns a check speaks for it in every case."""
    return is_owned and check.use in (Use.EVIDENCE, Use.REPLACED)


def _finding(result: BanditResult, check: Check, is_owned: bool) -> Finding:
    return Finding(
        at=result.at,
        message=check.message.format(subject=result.subject),
        help=check.help,
        confidence=Confidence.LOW if is_owned and check.use is Use.FALLBACK else result.confidence,
        code=result.test_id,
        name=check.name,
        guideline=guideline(check),
        severity=min(check.severity, result.severity),
        cwe=check.cwe,
        owasp=check.owasp,
        discriminator=result.subject,
        unit=result.at.path,
    )
