"""Fixes of findings applied to the files of a project, as bytes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from backend_lint.core import Finding, Safety
from backend_lint.fix.document import Document, opened
from backend_lint.fix.patch import Change
from backend_lint.fix.settle import Outcome, Workshop, settled


def mended(
    findings: Sequence[Finding],
    contents: Mapping[str, bytes],
    is_python: Callable[[str, bytes], bool],
    relint: Callable[[Mapping[str, bytes]], Sequence[Finding]],
    allowed: frozenset[Safety],
) -> tuple[Outcome, tuple[Change, ...]]:
    """What came of the fixes, and the files that they change.

    `contents`, by path, are of the files that may change. `is_python` says whether the file of a path could hold some
    bytes. `relint` finds what there is in the whole project when some of them have other contents.
    """
    documents = {path: document for path, content in contents.items() if (document := opened(content)) is not None}

    def parses(path: str, text: str) -> bool:
        content = _encoded(documents[path], text)
        return content is not None and is_python(path, content)

    workshop = Workshop(
        read=lambda path: documents[path].text if path in documents else None,
        parses=parses,
        relint=lambda texts: relint({path: documents[path].encoded(text) for path, text in texts.items()}),
        allowed=allowed,
    )
    outcome = settled(findings, workshop)
    changes = (Change(path, contents[path], documents[path].encoded(text)) for path, text in outcome.texts.items())
    return outcome, tuple(sorted(changes, key=lambda change: change.path))


def _encoded(document: Document, text: str) -> bytes | None:
    try:
        return document.encoded(text)
    except UnicodeEncodeError:
        return None
