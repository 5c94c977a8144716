"""Assertions in the modules that ask running applications say what they saw, as those in tests do."""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("tests.adapters.truth")
