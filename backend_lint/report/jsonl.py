"""`jsonl`: the JSON document in lines: the run, then each rule, diagnostic and finding, told apart by `type`."""

from __future__ import annotations

import msgspec

from backend_lint.core import Report
from backend_lint.report.json import document, encoded
from backend_lint.report.view import View

_LISTS = {"rules": "rule", "diagnostics": "diagnostic", "findings": "finding"}


def render(report: Report, view: View) -> str:
    run = msgspec.to_builtins(document(report, view), order="deterministic")
    lists = {name: run.pop(name) for name in _LISTS}
    rows = [{"type": "run", **run}]
    rows += ({"type": _LISTS[name], **each} for name, members in lists.items() for each in members)
    return "".join(encoded(row) + "\n" for row in rows)
