"""Writes that are no change of what a client sees: records of what was done, and what happens on the way."""

from __future__ import annotations

import re

from backend_lint.api import Path, Query

_RECORDS = re.compile(
    r"log|audit|event|visit|view|hit|stat|metric|session|token|cache|history|activit|notif|analytic|track|usage|recent"
    r"|seen|attempt|lock|queue|job|nonce|grant|code|state|migration|setting|config|preference",
    re.IGNORECASE,
)
_TRACES = re.compile(
    r"^last_|_at$|_on$|count|seen|views|hits|updated|modified|accessed|timestamp|cache|status$", re.IGNORECASE
)
ON_THE_WAY = re.compile(
    r"or_create|ensure|upsert|init|default|seed|setup|login|logout|sign_?in|sign_?out|auth|oauth|callback|verify|confirm"
    r"|activate|unsubscribe|accept|refresh|sync|migrat|record|track|log|touch|expire|cleanup|clean_|cache|lazy|token|session",
    re.IGNORECASE,
)
_READING = re.compile(r"^_*a?(get|find|load|fetch|list|search|read|query|count|is|has|check|resolve|require)_")


def is_record(query: Query) -> bool:
    """Whether a write only notes that something was read."""
    name = (query.model or "").rpartition(".")[2]
    if not name or _RECORDS.search(name):
        return True
    return query.operation == "update" and bool(query.values) and all(map(_TRACES.search, query.values))


def is_incidental(path: Path) -> bool:
    """Whether the write is part of reading: of a function that is called for what it gives, or of keeping records."""
    if any(_READING.search(site.method or "") for site in path.sites[:-1]):
        return True
    return any(ON_THE_WAY.search(site.method or "") for site in path.sites) or any(
        not site.is_certain for site in path.sites
    )
