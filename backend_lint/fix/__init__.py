"""Edits that findings propose, made: to texts, again and again until nothing is left to make.

Takes: findings with their fixes, and from the caller what reads, parses and lints a text.
Gives: `settled`: new texts, what was applied and what was left; `patch` and `summary` of it; `opened` for the bytes.
Never: touches a file, or a line that no edit names.
"""
