"""A report whose paths count from somewhere else."""

from __future__ import annotations

import msgspec

from backend_lint.core import Diagnostic, Edit, Finding, Fix, Place, Report, Step
from backend_lint.report.view import Lines


def rebased(report: Report, lines: Lines, base: str) -> tuple[Report, Lines]:
    """The report with every path under `base`, and the lines by these new paths."""
    prefix = base.rstrip("/") + "/"

    def place(at: Place) -> Place:
        return msgspec.structs.replace(at, path=prefix + at.path)

    def step(each: Step) -> Step:
        return Step(place(each.at), each.note)

    def edit(each: Edit) -> Edit:
        return msgspec.structs.replace(each, path=prefix + each.path)

    def fix(each: Fix | None) -> Fix | None:
        return each and msgspec.structs.replace(each, edits=tuple(map(edit, each.edits)))

    def finding(each: Finding) -> Finding:
        return msgspec.structs.replace(
            each,
            at=place(each.at),
            trace=tuple(map(step, each.trace)),
            related=tuple(map(step, each.related)),
            secrets=tuple(map(place, each.secrets)),
            fix=fix(each.fix),
        )

    def diagnostic(each: Diagnostic) -> Diagnostic:
        return each if each.path is None else msgspec.structs.replace(each, path=prefix + each.path)

    moved = msgspec.structs.replace(
        report,
        findings=tuple(map(finding, report.findings)),
        diagnostics=tuple(map(diagnostic, report.diagnostics)),
    )
    return moved, lambda path: lines(path.removeprefix(prefix))
