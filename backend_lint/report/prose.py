"""A rule's documentation, taken apart for those who quote it."""

from __future__ import annotations

import re

from backend_lint.core import Finding, Report, RuleInfo

_SECTION = re.compile(r"^## +(?P<title>.+?) *$", re.MULTILINE)


def rules_by_code(report: Report) -> dict[str, RuleInfo]:
    """What is known of each rule, by code, in order; a finding of an unlisted rule gets what the finding says."""
    known = {rule.code: rule for rule in report.rules}
    for finding in report.findings:
        if finding.code not in known:
            known[finding.code] = _told_by(finding)
    return dict(sorted(known.items()))


def sections(doc: str) -> dict[str, str]:
    """The `## Title` sections of a rule's documentation, in order."""
    parts = _SECTION.split(doc)
    return {title: text.strip() for title, text in zip(parts[1::2], parts[2::2], strict=True)}


def why(rule: RuleInfo) -> str:
    """Why the rule's problem matters: one paragraph in one line, or nothing."""
    return _first_paragraph(sections(rule.doc).get("Why it matters", ""))


def what(rule: RuleInfo) -> str:
    return _first_paragraph(sections(rule.doc).get("What it does", ""))


def _first_paragraph(text: str) -> str:
    return " ".join(text.split("\n\n", 1)[0].split())


def _told_by(finding: Finding) -> RuleInfo:
    return RuleInfo(
        code=finding.code,
        name=finding.name,
        guideline=finding.guideline,
        severity=finding.severity,
        title=finding.name.replace("-", " ").capitalize() or finding.code,
        doc="",
        unit="",
        scope="file",
        cwe=finding.cwe,
        owasp=finding.owasp,
        preview=finding.preview,
    )
