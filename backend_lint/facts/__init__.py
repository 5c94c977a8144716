"""What one file says on its own, with no LibCST object in it.

Takes: a `Source`.
Gives: `Facts`: imports, classes, functions with a small IR of their bodies, comments, metrics; serialisable.
Never: asks what another file says, or what a framework means.
"""
