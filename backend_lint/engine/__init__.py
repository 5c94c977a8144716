"""Packs of rules, and running them.

Takes: rule packs, by entry point; the bytes of files; the linked project.
Gives: `extraction.extracts`: facts and file findings of each file, in parallel; `check.check`: what project rules find.
Never: lets one failing rule, adapter or file stop the others.
"""
