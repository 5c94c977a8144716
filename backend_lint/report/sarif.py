"""`sarif`: SARIF 2.1.0, as GitHub code scanning takes it.

Source: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html and
https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning
"""

from __future__ import annotations

import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from backend_lint.core import Diagnostic, Finding, Fix, Place, Report, RuleInfo, Safety, Severity, State, Step
from backend_lint.report import prose, summary
from backend_lint.report.json import encoded
from backend_lint.report.patch import replacements
from backend_lint.report.view import Lines, View

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

# What GitHub shows or accepts; over these it cuts, or refuses the file.
_RESULTS = 5_000
_TAGS = 10
_LOCATIONS = 100
_FLOW_LOCATIONS = 1_000
_NAME = 255
_DESCRIPTION = 1_024

_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_SECURITY_SEVERITY = {Severity.CRITICAL: "9.5", Severity.HIGH: "8.0", Severity.MEDIUM: "5.5", Severity.LOW: "2.5"}
_PROBLEM_SEVERITY = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "recommendation",
    Severity.INFO: "recommendation",
}
_SEMANTIC_VERSION = re.compile(r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")

_HASHED_UNITS = 100
_HASH_FACTOR = 37
_END_OF_TEXT = 65_535


def render(report: Report, view: View) -> str:
    rules = prose.rules_by_code(report)
    index = {code: number for number, code in enumerate(rules)}
    wanted = report.findings if view.sarif_include_suppressed else report.active
    shown = sorted(_worth_showing(wanted)[:_RESULTS], key=lambda each: each.sort_key)
    hashes = _line_hashes(shown, view.unmasked)
    driver: dict[str, Any] = {
        "name": "backend-lint",
        "version": report.version,
        "rules": [_rule(rule) for rule in rules.values()],
    }
    if _SEMANTIC_VERSION.fullmatch(report.version):
        driver["semanticVersion"] = report.version
    run = {
        "tool": {"driver": driver},
        "automationDetails": {"id": "/".join(filter(None, ("backend-lint", _quoted(view.repository_prefix)))) + "/"},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {"%SRCROOT%": {"description": {"text": "The root of the repository."}}},
        "invocations": [
            {
                "executionSuccessful": True,
                "toolExecutionNotifications": [
                    *map(_notification, report.diagnostics),
                    *_left_out(len(wanted) - len(shown)),
                ],
            }
        ],
        "results": [
            _result(each, index[each.code], hashes, view.lines)
            | ({"suppressions": _suppressions(each)} if view.sarif_include_suppressed else {})
            for each in shown
        ],
    }
    return encoded({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n"


def _worth_showing(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first, after those that somebody is to act on."""
    return sorted(summary.worst_first(findings), key=lambda each: each.state is not State.ACTIVE)


def _suppressions(finding: Finding) -> list[dict[str, str]]:
    """What keeps a result quiet, for readers that look at it; GitHub does not, and would open an alert."""
    match finding.state:
        case State.ACTIVE:
            return []
        case State.SUPPRESSED:
            return [{"kind": "inSource", "status": "accepted", "justification": finding.reason or "no reason given"}]
        case State.BASELINED:
            return [{"kind": "external", "status": "accepted", "justification": "accepted in the baseline"}]


def primary_location_line_hashes(text: str, numbers: Iterable[int]) -> dict[int, str]:
    """The hash of each of these lines (from 1) by which GitHub tells alerts apart.

    It covers the next 100 UTF-16 units that are neither space nor tab, line ends counted as LF, the end of the text
    as one more unit and zeros after it; the number behind the colon counts the equal hashes up to that line.
    Source: https://github.com/github/codeql-action/blob/main/src/fingerprints.ts
    """
    rows = re.sub(r"\r\n?", "\n", text).translate({ord(" "): None, ord("\t"): None}).split("\n")
    units = _units("\n".join(rows)) + [_END_OF_TEXT] + [0] * _HASHED_UNITS
    wanted, found, seen, start = set(numbers), dict[int, str](), Counter[tuple[int, ...]](), 0
    for number, row in enumerate(rows, start=1):
        window = tuple(units[start : start + _HASHED_UNITS])
        seen[window] += 1
        if number in wanted:
            found[number] = f"{_polynomial(window):x}:{seen[window]}"
        start += len(row.encode("utf-16-le", "surrogatepass")) // 2 + 1
    return found


def _units(text: str) -> list[int]:
    return list(memoryview(text.encode("utf-16-le", "surrogatepass")).cast("H"))


def _polynomial(units: Sequence[int]) -> int:
    value = 0
    for unit in units:
        value = (value * _HASH_FACTOR + unit) & 0xFFFF_FFFF_FFFF_FFFF
    return value


def _line_hashes(findings: Iterable[Finding], lines: Lines) -> dict[tuple[str, int], str]:
    by_path: dict[str, set[int]] = {}
    for finding in findings:
        by_path.setdefault(finding.at.path, set()).add(finding.at.line)
    return {
        (path, number): value
        for path, numbers in by_path.items()
        if (known := lines(path)) is not None
        for number, value in primary_location_line_hashes("".join(known), numbers).items()
    }


def _rule(rule: RuleInfo) -> dict[str, Any]:
    title = rule.title or rule.name or rule.code
    told = " ".join(filter(None, (prose.what(rule), prose.why(rule)))) or title
    return {
        "id": rule.code,
        "name": rule.name[:_NAME] or rule.code,
        "shortDescription": {"text": title[:_DESCRIPTION]},
        "fullDescription": {"text": told[:_DESCRIPTION]},
        "help": {"text": rule.doc or told, "markdown": rule.doc or told},
        "defaultConfiguration": {"level": _LEVEL[rule.severity]},
        "properties": _rule_properties(rule),
    }


def _rule_properties(rule: RuleInfo) -> dict[str, Any]:
    """An alert's severity on GitHub is the rule's; only a `security-severity` makes it a security alert."""
    is_security = rule.guideline.startswith("SEC") or bool(rule.owasp)
    tags = [
        *(["security"] if is_security else []),
        *(f"external/cwe/cwe-{number}" for number in rule.cwe),
        *(f"owasp/{each.lower().replace(':', '-')}" for each in rule.owasp),
        f"guideline/{rule.guideline}",
    ]
    properties: dict[str, Any] = {"precision": "medium" if rule.preview else "high", "tags": tags[:_TAGS]}
    if is_security and rule.severity in _SECURITY_SEVERITY:
        properties["security-severity"] = _SECURITY_SEVERITY[rule.severity]
    else:
        properties["problem.severity"] = _PROBLEM_SEVERITY[rule.severity]
    return properties


def _result(finding: Finding, rule_index: int, hashes: dict[tuple[str, int], str], lines: Lines) -> dict[str, Any]:
    """Two findings of one rule on one line have the same hash, and GitHub shows them as one alert: so be it."""
    related = finding.related[:_LOCATIONS]
    links = ", ".join(f"[{_link_text(step.note)}]({number})" for number, step in enumerate(related, start=1))
    message = summary.sentence(finding.message)
    line_hash = hashes.get((finding.at.path, finding.at.line))
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": rule_index,
        "level": _LEVEL[finding.severity],
        "message": {"text": f"{message} See {links}." if links else message},
        "locations": [_location(finding.at)],
        "partialFingerprints": {
            "backendLint/v1": finding.fingerprint,
            **({"primaryLocationLineHash": line_hash} if line_hash else {}),
        },
        "properties": {
            "guideline": finding.guideline,
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "help": finding.help,
            **({"also": finding.also} if finding.also else {}),
        },
    }
    if related:
        result["relatedLocations"] = [
            {"id": number, **_location(step.at), "message": {"text": step.note}}
            for number, step in enumerate(related, start=1)
        ]
    if finding.trace:
        steps = [{"location": _noted(step)} for step in finding.trace[:_FLOW_LOCATIONS]]
        result["codeFlows"] = [{"threadFlows": [{"locations": steps}]}]
    if finding.fix and finding.fix.safety is not Safety.DISPLAY and (changes := _changes(finding.fix, lines)):
        text = f"{finding.fix.safety.value.capitalize()} fix" + (f": {finding.fix.why}" if finding.fix.why else "")
        result["fixes"] = [{"description": {"text": text}, "artifactChanges": changes}]
    return result


def _link_text(note: str) -> str:
    return note.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")


def _noted(step: Step) -> dict[str, Any]:
    return {**_location(step.at), "message": {"text": step.note}}


def _location(at: Place) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": _artifact(at.path), "region": _region(at)}}


def _artifact(path: str) -> dict[str, str]:
    return {"uri": _quoted(path), "uriBaseId": "%SRCROOT%"}


def _quoted(path: str) -> str:
    return urllib.parse.quote(path.removeprefix("./"), safe="/", errors="surrogatepass")


def _region(at: Place) -> dict[str, int]:
    return {"startLine": at.line, "startColumn": at.column, "endLine": at.end_line, "endColumn": at.end_column}


def _changes(fix: Fix, lines: Lines) -> list[dict[str, Any]]:
    changes: dict[str, list[dict[str, Any]]] = {}
    for place, text in replacements(fix, lines):
        replacement = {"deletedRegion": _region(place), "insertedContent": {"text": text}}
        changes.setdefault(place.path, []).append(replacement)
    return [{"artifactLocation": _artifact(path), "replacements": each} for path, each in changes.items()]


def _notification(diagnostic: Diagnostic) -> dict[str, Any]:
    notification: dict[str, Any] = {
        "descriptor": {"id": diagnostic.kind.value},
        "level": "error" if diagnostic.is_incomplete else "note",
        "message": {"text": diagnostic.message or diagnostic.kind.value},
    }
    if diagnostic.path is not None:
        physical: dict[str, Any] = {"artifactLocation": _artifact(diagnostic.path)}
        if diagnostic.line:
            physical["region"] = {"startLine": diagnostic.line}
        notification["locations"] = [{"physicalLocation": physical}]
    return notification


def _left_out(count: int) -> list[dict[str, Any]]:
    if not count:
        return []
    text = f"{summary.plural(count, 'finding')} left out; these are the {_RESULTS:,} worst."
    return [{"descriptor": {"id": "cut"}, "level": "warning", "message": {"text": text}}]
