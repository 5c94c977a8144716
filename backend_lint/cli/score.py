"""`backend-lint score`: the number, where its points went, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
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
@options.compare
@click.option("--format", "score_format", type=click.Choice(["text", "json"]), default="text", help="The form.")
@options.talk
@click.pass_obj
def command(
    session: Session,
    /,
    paths: tuple[str, ...],
    explain: str | None,
    score_format: str,
    **chosen: Any,
) -> int:
    """Print how far the backend below PATHS is from its guidelines, from 0 to 100.

    --explain names the steps that gain most; with a guideline it fills in the formula.
    """
    from backend_lint.cli.compare import with_comparison
    from backend_lint.cli.reports import reported
    from backend_lint.config.explain import nearest
    from backend_lint.core import GUIDELINES, BackendLintError

    if explain not in {None, _EVERYTHING, *GUIDELINES}:
        raise BackendLintError(f"there is no guideline {explain!r}{nearest(str(explain), GUIDELINES)}")
    compared = with_comparison(chosen["compare"])
    documents, pages = [], []
    for _, report in reported(session, paths, chosen):
        judged = compared(report)
        documents.append({"project": report.project, **_document(judged)})
        pages.append([*_page(judged, explain), *_compared(judged)])
    if score_format == "json":
        document = documents[0] if len(documents) == 1 else documents
        terminal.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    else:
        if len(pages) > 1:
            pages = [[document["project"], *page] for document, page in zip(documents, pages, strict=True)]
        terminal.write("\n".join("\n".join([*page, ""]) for page in pages), for_people=True)
    return exits.PASSED


def _document(report: Report) -> dict[str, Any]:
    import msgspec

    from backend_lint.findings.compare import identity

    ran = identity(report.score.model, report.version, report.rules, report.scope)
    plain = {"score": msgspec.to_builtins(report.score), "identity": msgspec.to_builtins(ran)}
    return plain if report.comparison is None else plain | {"comparison": msgspec.to_builtins(report.comparison)}


def _page(report: Report, explain: str | None) -> Iterator[str]:
    from backend_lint.core import SECTIONS
    from backend_lint.report.summary import points

    score = report.score
    incomplete = "" if score.complete else ", incomplete: not everything could be checked"
    if score.overall is None:
        yield f"not assessed: no rule found anything to look at{incomplete}"
        return
    if explain in {each.id for each in score.guidelines}:
        yield from _formula(next(each for each in score.guidelines if each.id == explain), report)
        return
    yield f"{points(score.overall)} ({score.letter}){incomplete}"
    if score.capped_by:
        yield f"capped at {score.cap} by {', '.join(score.capped_by)}"
    yield f"suppressions: {len(report.suppressions):,}, {_density(report):.1f} in a thousand lines"
    for section in SECTIONS:
        own = [each for each in score.guidelines if each.id.startswith(section)]
        cells = "   ".join(f"{each.id} {points(each.score):>5}" for each in own)
        yield f"{section} {points(score.sections[section]):>5}   {cells}"
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
    from backend_lint.report.summary import points

    score = report.score
    ran = f"{guideline.active_rules} of {guideline.all_rules} rules active"
    if guideline.score is None:
        yield f"{guideline.id} not assessed: nothing to look at for its rules ({ran})"
        return
    yield f"{guideline.id} {points(guideline.score)} ({ran})"
    for rule in guideline.rules:
        if rule.debt:
            share = 100 * rule.debt / guideline.debt
            sum_ = f"{rule.penalty:g} / ({rule.clean:,} clean + {score.k:g}) = {rule.debt:.4f}"
            yield f"  {rule.code}: {sum_}, {share:.0f} % of the debt, {rule.gain:+.1f} overall without it"
    gates = f"{guideline.multiplier:.4g} for {guideline.high:,} high or worse, {guideline.critical:,} of them critical"
    yield f"  debt {guideline.debt:.4f}, gates {gates}"
    yield f"  100 · {guideline.multiplier:.4g} / (1 + {guideline.debt:.4f}) = {points(guideline.score)}"


def _compared(report: Report) -> Iterator[str]:
    from backend_lint.report import summary

    if sentence := summary.changed(report):
        yield sentence


def _density(report: Report) -> float:
    return 1000 * len(report.suppressions) / max(report.inventory.lines, 1)
