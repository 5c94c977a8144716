"""Bandit, in this process, on one file at a time; its verdicts as ours.

Takes: a path and the file's bytes.
Gives: `results`: what Bandit says of the file; `findings`: what of it is worth reporting; `checks`, `rules`: the map.
Never: opens a file, starts a process, writes to a log, or keeps anything of one file for the next.
"""

from backend_lint.bandit.checks import Check, Use, checks, default_ids, rules, stood_for
from backend_lint.bandit.findings import ROLES, findings, is_silent
from backend_lint.bandit.results import BanditResult, results

__all__ = [
    "ROLES",
    "BanditResult",
    "Check",
    "Use",
    "checks",
    "default_ids",
    "findings",
    "is_silent",
    "results",
    "rules",
    "stood_for",
]
