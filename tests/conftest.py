"""Hypothesis for all tests: the same examples every time, and no deadline that a busy machine could miss."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("backend-lint", deadline=None, derandomize=True)
settings.load_profile("backend-lint")
