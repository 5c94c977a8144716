"""What is new: the report on the project as it is, less what the report on how it was has already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable

import msgspec

from backend_lint.core import Diagnostic, DiagnosticKind, Report, Suppression
from backend_lint.findings.baseline import accepted, match


def since(now: Report, then: Report, revision: str, is_in_scope: Callable[[str], bool]) -> Report:
    """The report `now` in which only findings are active that have no like in `then`.

    A file that is not in scope is there, and unreported: what was found in it then has not moved elsewhere.
    """
    old = match(accepted(then.findings), now.findings, is_in_scope).findings
    findings = tuple(
        msgspec.structs.replace(after, reason=f"there at {revision}") if after.state is not before.state else after
        for before, after in zip(now.findings, old, strict=True)
    )
    return msgspec.structs.replace(now, findings=findings, scope=f"new since {revision}")


def new_suppressions(now: Report, then: Report) -> list[Diagnostic]:
    """A notice for each rule that a comment suppresses and that none did before, in its file or one that is gone."""
    asked = _asked(now.suppressions)
    before = Counter((each.at.path, word) for each in then.suppressions for word in each.words)
    paths = {path for path, _ in asked} | {finding.at.path for finding in now.findings}
    moved = Counter(word for path, word in before.elements() if path not in paths)
    notices = []
    for (path, word), places in sorted(asked.items()):
        for at in places[before[path, word] :]:
            if moved[word]:
                moved[word] -= 1
            else:
                notices.append(Diagnostic(path, at, DiagnosticKind.NOTICE, f"new suppression of {word}"))
    return notices


def _asked(suppressions: Iterable[Suppression]) -> dict[tuple[str, str], list[int]]:
    """The lines on which a word is suppressed, by path and word."""
    found: dict[tuple[str, str], list[int]] = {}
    for each in suppressions:
        for word in each.words:
            found.setdefault((each.at.path, word), []).append(each.at.line)
    return found
