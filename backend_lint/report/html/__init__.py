"""`html`: one file for a browser, without network, usable without JavaScript.

Every value passes `inert` and Jinja's escaping on its way into a template; nothing in a template is marked safe but
our own style sheet, our own script, and the findings, which came out of a template themselves.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib import resources
from typing import Any

import jinja2
import msgspec
from markupsafe import Markup, escape

from backend_lint.core import GUIDELINES, SECTIONS, Finding, Report, RuleInfo
from backend_lint.report import prose, summary
from backend_lint.report.frame import frames
from backend_lint.report.html import page
from backend_lint.report.html.picture import layer_picture
from backend_lint.report.html.snippet import code_spans, snippet
from backend_lint.report.inert import inert
from backend_lint.report.patch import diff
from backend_lint.report.view import View

_FINDING_BYTES = 3_900_000
"""Of all findings together, which leaves a megabyte for the rest of the page."""
_CONTEXT = 2  # lines of source around what a finding marks


class Group(msgspec.Struct, frozen=True):
    """The findings of one rule, as HTML."""

    rule: RuleInfo
    why: str
    count: int
    findings: list[Markup]


class Written(msgspec.Struct, frozen=True):
    """The findings by rule, and what the size of the file cost: findings without their code, findings left out."""

    groups: list[Group]
    without_code: int
    left_out: int


def render(report: Report, view: View) -> str:
    environment = _environment()
    style, script = map(_asset, ("style.css", "script.js"))
    model = page.decoded_model(report)
    return environment.get_template("page.html").render(
        report=report,
        view=view,
        style=style,
        script=script,
        policy=_policy(style, script),
        sections=SECTIONS,
        guidelines=GUIDELINES,
        matrix=page.matrix(report),
        steps=page.steps(report),
        written=_written(report, view, environment),
        model=model,
        layers=layer_picture(model.layers, model.imports),
        hot_spots=page.hot_spots(report),
        quiet=page.quiet(report),
        summary=summary,
        rules=prose.rules_by_code(report),
        severities=summary.by_severity(report.active),
        limit=page.ROWS,
    )


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader(__name__, "."),
        autoescape=True,
        finalize=_finalized,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "code_spans": code_spans,
        "difference": summary.difference,
        "points": summary.points,
        "plural": summary.plural,
    }
    return environment


def _finalized(value: Any) -> Any:
    """What a template prints: no control characters, and nothing for None."""
    if isinstance(value, Markup):
        return value
    return "" if value is None else inert(str(value))


def _breakable(text: object, after: str = "/") -> Markup:
    """`text` that, where it does not fit, is broken after a separator rather than within a name or a number."""
    return escape(inert(str(text))).replace(after, Markup(f"{after}<wbr>"))


def _asset(name: str) -> Markup:
    return Markup((resources.files(__name__) / name).read_text("utf-8"))


def _policy(style: str, script: str) -> str:
    """A content security policy under which nothing is loaded, sent or run but the two texts."""
    style_hash, script_hash = (_sha256(text) for text in (style, script))
    return (
        f"default-src 'none'; style-src '{style_hash}'; script-src '{script_hash}'; base-uri 'none'; form-action 'none'"
    )


def _sha256(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _written(report: Report, view: View, environment: jinja2.Environment) -> Written:
    """The findings by rule, the worst rule first; when they are too many, the least bad lose their code, then all."""
    template = environment.get_template("finding.html")
    ids = {finding.sort_key: f"f{number}" for number, finding in enumerate(report.findings, start=1)}

    def html(finding: Finding, is_whole: bool) -> Markup:
        return Markup(
            template.render(
                finding=finding,
                id=ids[finding.sort_key],
                snippets=snippets(finding) if is_whole else [],
                changes=diff(finding.fix, view.lines) if finding.fix and is_whole else [],
            )
        )

    def snippets(finding: Finding) -> list[tuple[str, Markup]]:
        return [(frame.path, snippet(frame)) for frame in frames(finding, view.lines, _CONTEXT)]

    ordered = sorted(summary.worst_first(report.findings), key=lambda each: page.state_rank(each.state))
    brief = [html(finding, is_whole=False) for finding in ordered]
    kept = _fitting(brief, _FINDING_BYTES)
    room, whole = _FINDING_BYTES - sum(map(_size, brief[:kept])), 0
    for number in range(kept):
        longer = html(ordered[number], is_whole=True)
        room -= _size(longer) - _size(brief[number])
        if room < 0:
            break
        brief[number] = longer
        whole += 1
    return Written(list(_groups(report, zip(ordered, brief[:kept], strict=False))), kept - whole, len(brief) - kept)


def _groups(report: Report, findings: Iterable[tuple[Finding, Markup]]) -> Iterable[Group]:
    rules = prose.rules_by_code(report)
    by_code: dict[str, list[Markup]] = {}
    for finding, html in findings:
        by_code.setdefault(finding.code, []).append(html)
    for code, members in by_code.items():
        yield Group(rules[code], prose.why(rules[code]), len(members), members)


def _fitting(texts: list[Markup], size: int) -> int:
    for number, text in enumerate(texts):
        size -= _size(text)
        if size < 0:
            return number
    return len(texts)


def _size(text: str) -> int:
    return len(text.encode())
