"""`backend-lint score`: the number, where its points went, and what became of it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from backend_lint.cli import exits, options, terminal, words
from backend_lint.cli.session import Session

if TYPE_CHECKING:
    from backend_lint.core import GuidelineScore, Report, Score

_EVERYTHING = "all"


@click.command("score", short_help="Print the score, explain it, compare it with an earlier one.")
@options.reading
@options.selection
@options.baseline
@click.option(
    "--explain",
    is_flag=False,
    flag_value=_EVERYTHING,
    metavar="[GUIDELINE]",
    shell_complete=words.guidelines,
    help="Say where points went.",
)
@click.option("--compare", metavar="FILE", help="A report in JSON to compare with.")
@click.option("--format", "score_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
@options.talk
@click.pass_obj
def command(
    session: Session,
    /,
    paths: tuple[str, ...],
    explain: str | None,
    compare: str | None,
    score_format: str,
    **chosen: Any,
) -> int:
    """Print how far the backend below PATHS is from its guidelines, from 0 to 100.

    --explain names the steps that gain most; with a guideline it fills in the formula.
    """
    from backend_lint.cli.reports import reported
    from backend_lint.config.explain import nearest
    from backend_lint.core import GUIDELINES, BackendLintError

    if explain not in {None, _EVERYTHING, *GUIDELINES}:
        raise BackendLintError(f"there is no guideline {explain!r}{nearest(str(explain), GUIDELINES)}")
    before = _earlier(compare)
    documents, pages = [], []
    for (config, _), report in reported(session, paths, chosen):
        comparison = _comparison(report, before)
        documents.append({"project": config.root.name, **_document(report, comparison)})
        pages.append("\n".join([*_page(report, explain), *_compared(comparison)]) + "\n")
    if score_format == "json":
        document = documents[0] if len(documents) == 1 else documents
        terminal.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        terminal.write("\n".join(pages), for_people=True)
    return exits.PASSED


def _earlier(compare: str | None) -> Any:
    import msgspec

    from backend_lint.core import BackendLintError
    from backend_lint.findings.compare import earlier

    if compare is None:
        return None
    try:
        return earlier(Path(compare).read_bytes())
    except OSError as error:
        raise BackendLintError(f"--compare: {compare}: {error.strerror}") from error
    except msgspec.MsgspecError as error:
        raise BackendLintError(f"--compare: {compare} is not a report in JSON: {error}") from error


def _comparison(report: Report, before: Any) -> dict[str, Any] | None:
    import msgspec

    from backend_lint.findings.compare import delta, differences, identity

    if before is None:
        return None
    now = identity(report.score.model, report.version, report.rules, report.scope)
    why = differences(now, before.identity)
    if why:
        return {"comparable": False, "because": why}
    found: dict[str, Any] = msgspec.to_builtins(delta(report.score, before.score))
    return {"comparable": True, **found}


def _document(report: Report, comparison: dict[str, Any] | None) -> dict[str, Any]:
    import msgspec

    from backend_lint.findings.compare import identity

    ran = identity(report.score.model, report.version, report.rules, report.scope)
    plain = {"score": msgspec.to_builtins(report.score), "identity": msgspec.to_builtins(ran)}
    return plain if comparison is None else plain | {"comparison": comparison}


def _page(report: Report, explain: str | None) -> Iterator[str]:
    from backend_lint.core import SECTIONS

    score = report.score
    incomplete = "" if score.complete else ", incomplete: not everything could be checked"
    if score.overall is None:
        yield f"not assessed: no rule found anything to look at{incomplete}"
        return
    if explain in {each.id for each in score.guidelines}:
        yield from _formula(next(each for each in score.guidelines if each.id == explain), report)
        return
    yield f"{_number(score.overall)} ({score.letter}){incomplete}"
    if score.capped_by:
        yield f"capped at {score.cap} by {', '.join(score.capped_by)}"
    yield f"suppressions: {len(report.suppressions):,}, {_density(report):.1f} in a thousand lines"
    for section in SECTIONS:
        own = [each for each in score.guidelines if each.id.startswith(section)]
        cells = "   ".join(f"{each.id} {_number(each.score):>5}" for each in own)
        yield f"{section} {_number(score.sections[section]):>5}   {cells}"
    if explain is not None:
        yield from _steps(score)


def _steps(score: Score) -> Iterator[str]:
    if score.next_best:
        yield "What gains most, each after those above it:"
    for step in score.next_best:
        fixable = f", {step.fixable:,} with a safe fix" if step.fixable else ""
        own = f"{step.guideline_gain:+.1f} for its guideline"
        yield f"  {step.code}: {step.gain:+.1f} overall, {own} ({step.findings:,} findings{fixable})"


def _formula(guideline: GuidelineScore, report: Report) -> Iterator[str]:
    """The score of one guideline with its numbers filled in, debts as shares."""
    score = report.score
    ran = f"{guideline.active_rules} of {guideline.all_rules} rules active"
    if guideline.score is None:
        yield f"{guideline.id} not assessed: nothing to look at for its rules ({ran})"
        return
    yield f"{guideline.id} {_number(guideline.score)} ({ran})"
    for rule in guideline.rules:
        if rule.debt:
            share = 100 * rule.debt / guideline.debt
            sum_ = f"{rule.penalty:g} / ({rule.clean:,} clean + {score.k:g}) = {rule.debt:.4f}"
            yield f"  {rule.code}: {sum_}, {share:.0f} % of the debt, {rule.gain:+.1f} overall without it"
    gates = f"{guideline.multiplier:.4g} for {guideline.high:,} high or worse, {guideline.critical:,} of them critical"
    yield f"  debt {guideline.debt:.4f}, gates {gates}"
    yield f"  100 · {guideline.multiplier:.4g} / (1 + {guideline.debt:.4f}) = {_number(guideline.score)}"


def _compared(comparison: dict[str, Any] | None) -> Iterator[str]:
    if comparison is None:
        return
    if not comparison["comparable"]:
        yield f"not comparable: {'; '.join(comparison['because'])}"
        return
    overall = comparison["overall"]
    yield f"since then: {overall:+.1f} overall" if overall is not None else "since then (like for like):"
    yield from (f"  {name} {change:+.1f}" for name, change in comparison["guidelines"].items() if abs(change) >= 0.05)
    yield from (f"  {name} is assessed now, and was not" for name in comparison["appeared"])
    yield from (f"  {name} was assessed, and is not now" for name in comparison["vanished"])


def _density(report: Report) -> float:
    return 1000 * len(report.suppressions) / max(report.inventory.lines, 1)


def _number(score: float | None) -> str:
    """Rounded down, as everywhere."""
    return "–" if score is None else f"{math.floor(score * 10) / 10:.1f}"
