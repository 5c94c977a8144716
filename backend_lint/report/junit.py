"""`junit`: JUnit XML, as GitLab and Jenkins read it: one suite a file, one failed case a finding.

Without times, so that equal runs give equal bytes.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from xml.etree import ElementTree

from backend_lint.core import Diagnostic, Finding, Report
from backend_lint.report.view import View

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Source: https://www.w3.org/TR/xml/#charsets"""


def render(report: Report, view: View) -> str:
    suites: defaultdict[str, list[ElementTree.Element]] = defaultdict(list)
    seen: Counter[tuple[str, str]] = Counter()
    for diagnostic in report.diagnostics:
        if diagnostic.is_incomplete:
            suites[diagnostic.path or "backend-lint"].append(_unchecked(diagnostic, seen))
    for finding in report.active:
        suites[finding.at.path].append(_failed(finding, seen))
    if not suites:
        suites["backend-lint"].append(_case("backend-lint", "no findings", seen))
    root = ElementTree.Element(
        "testsuites", {"name": "backend-lint", **_counts(itertools.chain.from_iterable(suites.values()))}
    )
    for name, cases in sorted(suites.items()):
        suite = ElementTree.SubElement(root, "testsuite", {"name": _legal(name), **_counts(cases), "skipped": "0"})
        suite.extend(cases)
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, "unicode") + "\n"


def _failed(finding: Finding, seen: Counter[tuple[str, str]]) -> ElementTree.Element:
    at = finding.at
    label = " ".join(filter(None, (finding.code, finding.name, f"{at.line}:{at.column}")))
    case = _case(f"{finding.guideline} {at.path}".strip(), label, seen)
    failure = {"message": _legal(finding.message), "type": finding.severity.value}
    told = [f"{at}: {finding.message}", *(f"{step.at}: {step.note}" for step in finding.trace), finding.help]
    ElementTree.SubElement(case, "failure", failure).text = _legal("\n".join(told))
    return case


def _unchecked(diagnostic: Diagnostic, seen: Counter[tuple[str, str]]) -> ElementTree.Element:
    line = f" {diagnostic.line}" if diagnostic.line else ""
    case = _case(f"not checked {diagnostic.path or ''}".strip(), f"{diagnostic.kind.value}{line}", seen)
    error = {"message": _legal(diagnostic.message), "type": diagnostic.kind.value}
    ElementTree.SubElement(case, "error", error)
    return case


def _case(class_name: str, name: str, seen: Counter[tuple[str, str]]) -> ElementTree.Element:
    """A case that no other equals: GitLab takes those of one class name and name for one."""
    seen[class_name, name] += 1
    ordinal = f" ({seen[class_name, name]})" if seen[class_name, name] > 1 else ""
    return ElementTree.Element("testcase", {"classname": _legal(class_name), "name": _legal(name + ordinal)})


def _counts(cases: Iterable[ElementTree.Element]) -> dict[str, str]:
    cases = list(cases)
    kinds = Counter(child.tag for case in cases for child in case)
    return {"tests": str(len(cases)), "failures": str(kinds["failure"]), "errors": str(kinds["error"])}


def _legal(text: str) -> str:
    return _FORBIDDEN.sub("", text)
