"""What a file is for. Each file has exactly one role, and each rule says which roles it reads."""

from __future__ import annotations

import enum


class Role(str, enum.Enum):
    APP = "app"
    TEST = "test"
    MIGRATION = "migration"
    GENERATED = "generated"
    STUB = "stub"
    SCRIPT = "script"
