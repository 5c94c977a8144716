"""Packs of rules, and running them.

Takes: rule packs, by entry point; the bytes of files; the linked project.
Gives: `extract`: facts and file findings of each file, in parallel; `check`: the findings of project rules.
Never: lets one failing rule, adapter or file stop the others.
"""

from backend_lint.engine.check import check
from backend_lint.engine.guarded import Guard
from backend_lint.engine.packs import Pack, load_packs, rule_infos

__all__ = ["Guard", "Pack", "check", "load_packs", "rule_infos"]
