"""The verdict of CI, in sentences with the numbers that led to it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import msgspec

from backend_lint.config import Config
from backend_lint.core import SECTIONS, Finding, Gate, Report, Score, Severity, State

OVERALL = "overall"
NEW_CODE = "new"


def gated(report: Report, config: Config, *, new_only: bool = False, new_suppressions: int = 0) -> Report:
    """The report with the verdict that the configuration asks for."""
    verdict = gate(
        report.findings,
        report.score,
        fail_on=config.fail_on,
        fail_under=[(name or OVERALL, least) for name, least in config.fail_under],
        new_code=report.new_code,
        new_only=new_only,
        stale=report.stale if config.fail_on_stale_baseline else 0,
        new_suppressions=new_suppressions if config.fail_on_new_suppressions else 0,
    )
    return msgspec.structs.replace(report, gate=verdict)


def gate(
    findings: Iterable[Finding],
    score: Score,
    *,
    fail_on: Severity | None = None,
    fail_under: Iterable[tuple[str, float]] = (),
    new_code: Score | None = None,
    new_only: bool = False,
    stale: int = 0,
    new_suppressions: int = 0,
) -> Gate:
    """Whether a run passes. Only active findings count; `new_only` says that these are the new ones.

    `fail_under` names a guideline, a section, `overall` or `new` (the score of new code), with the least score for
    each: what was not assessed neither passes nor fails, and no score passes that is incomplete. `stale` entries of the
    baseline and `new_suppressions` are given where they are to fail the run.
    """
    reasons = (
        *_of_findings(findings, fail_on, "new " if new_only else ""),
        *(
            reason
            for name, least in fail_under
            for reason in (_of_new_code(new_code, least) if name == NEW_CODE else _of_score(score, name, least))
        ),
        *_of_count(stale, "stale entry", "stale entries", "in the baseline (--fail-on-stale-baseline)"),
        *_of_count(new_suppressions, "new suppression", "new suppressions", "(--fail-on-new-suppressions)"),
    )
    return Gate(not reasons, reasons)


def _of_findings(findings: Iterable[Finding], least: Severity | None, kind: str) -> Iterator[str]:
    if least is not None:
        count = sum(finding.state is State.ACTIVE and finding.severity >= least for finding in findings)
        bar = f"at {least.value} or above (--fail-on {least.value})"
        yield from _of_count(count, f"{kind}finding", f"{kind}findings", bar)


def _of_score(score: Score, name: str, least: float) -> Iterator[str]:
    wish = f"--fail-under {least:g}" if name == OVERALL else f"--fail-under {name}={least:g}"
    value = _value(score, name)
    if not score.complete:
        yield f"The score is incomplete, and no incomplete score passes ({wish})"
    elif value is not None and value < least:
        what = "The overall score" if name == OVERALL else f"The score of {name}"
        cap = f", capped at {score.cap} by {', '.join(score.capped_by)}" if name == OVERALL and score.capped_by else ""
        yield f"{what} is {math.floor(value * 10) / 10:.1f}, below {least:g} ({wish}){cap}"


def _of_new_code(score: Score | None, least: float) -> Iterator[str]:
    if score is not None and score.overall is not None:
        wish = f"--fail-under {NEW_CODE}={least:g}"
        if not score.complete:
            yield f"The score of new code is incomplete, and no incomplete score passes ({wish})"
        elif score.overall < least:
            yield f"The score of new code is {math.floor(score.overall * 10) / 10:.1f}, below {least:g} ({wish})"


def _of_count(count: int, one: str, several: str, where: str) -> Iterator[str]:
    if count:
        yield f"{count:,} {one if count == 1 else several} {where}"


def _value(score: Score, name: str) -> float | None:
    if name == OVERALL:
        return score.overall
    if name in SECTIONS:
        return score.sections[name]
    return next(each.score for each in score.guidelines if each.id == name)
