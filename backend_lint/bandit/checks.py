"""What each of Bandit's checks is to us: the data of `checks.toml`."""

from __future__ import annotations

import enum
import functools
from pathlib import Path

import msgspec

from backend_lint.core import RuleInfo, Severity, guideline_of


class Use(enum.Enum):
    """What becomes of a check's verdicts; `checks.toml` says it at length."""

    REPORTED = "reported"
    FALLBACK = "fallback"
    EVIDENCE = "evidence"
    REPLACED = "replaced"
    OFF = "off"


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One of Bandit's checks. The most specific CWE comes first; `{subject}` in `message` is the name called."""

    name: str
    use: Use
    severity: Severity
    cwe: tuple[int, ...]
    owasp: tuple[str, ...]
    message: str
    help: str
    owner: str = ""
    guideline: str = ""
    note: str = ""
    words: frozenset[str] = frozenset()
    parts: tuple[str, ...] = ()


@functools.cache
def checks() -> dict[str, Check]:
    """By Bandit's test id, in its order."""
    return msgspec.toml.decode(Path(__file__).with_name("checks.toml").read_bytes(), type=dict[str, Check])


@functools.cache
def default_ids() -> frozenset[str]:
    """The checks that run unless others are asked for."""
    return frozenset(code for code, check in checks().items() if check.use not in (Use.REPLACED, Use.OFF))


@functools.cache
def stood_for() -> dict[str, frozenset[str]]:
    """The ids and names of the checks that never speak themselves, by the rule of ours that decides in their place."""
    found: dict[str, set[str]] = {}
    for code, check in checks().items():
        if check.owner and check.use in (Use.REPLACED, Use.EVIDENCE):
            found.setdefault(check.owner, set()).update((code, check.name.replace("-", "_")))
    return {owner: frozenset(names) for owner, names in found.items()}


def guideline(check: Check) -> str:
    return check.guideline or (guideline_of(check.owner) if check.owner else "SEC-2")


def rules() -> tuple[RuleInfo, ...]:
    """The checks as users see them, those apart that a rule of ours replaces."""
    return tuple(
        RuleInfo(
            code=code,
            name=check.name,
            guideline=guideline(check),
            severity=check.severity,
            title=_sentence(check.message),
            doc=_page(code, check),
            unit="file",
            scope="file",
            cwe=check.cwe,
            owasp=check.owasp,
            pack="bandit",
            is_optional=check.use is Use.OFF,
        )
        for code, check in checks().items()
        if check.use is not Use.REPLACED
    )


def _page(code: str, check: Check) -> str:
    fate = {
        Use.REPORTED: "Bandit's verdict is reported as it is.",
        Use.FALLBACK: f"{check.owner} judges the same place by data flow; where it has no answer, this is reported.",
        Use.EVIDENCE: f"{check.owner} judges the same place with more knowledge; this is reported only without it.",
        Use.OFF: f"Off unless it is selected. {check.note}",
    }[check.use]
    sections = {
        "What it does": f"{_sentence(check.message)}. This is Bandit's check {code}, run on the same file.",
        "Use instead": check.help,
        "When not to": fate,
        "References": _reference(code),
    }
    return "\n\n".join(f"## {title}\n{text}" for title, text in sections.items()) + "\n"


def _reference(code: str) -> str:
    listed = {"B3": "blacklists/blacklist_calls.html", "B4": "blacklists/blacklist_imports.html"}
    page = listed.get(code[:2]) if code != "B324" else None
    return f"https://bandit.readthedocs.io/en/latest/{page or 'plugins/index.html'}"


def _sentence(message: str) -> str:
    text = message.replace("`{subject}`", "the function called").replace("{subject}", "the function called")
    return text[0].upper() + text[1:]
