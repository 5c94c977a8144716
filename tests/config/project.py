"""Configurations as text, and what becomes of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backend_lint.config import Config, Invocation, configs_for
from backend_lint.core import ConfigError


def write(root: Path, files: Mapping[str, str | bytes]) -> None:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())


def invocation(root: Path, *, config: str | None = None, environ: Mapping[str, str] = {}, **flags: Any) -> Invocation:
    written = {name.replace("_", "-"): value for name, value in flags.items()}
    return Invocation(cwd=root, flags=written, environ=environ, config_path=root / config if config else None)


def configured(root: Path, table: str | Mapping[str, str], at: str = ".", **how: Any) -> Config:
    """The one configuration for the directory `at`. `table` is a `backend-lint.toml`, or files by name."""
    write(root, {"backend-lint.toml": table} if isinstance(table, str) else table)
    (root / at).mkdir(parents=True, exist_ok=True)
    [group] = configs_for([root / at], invocation(root, **how))
    return group.config


def refusal(root: Path, table: str | Mapping[str, str], at: str = ".", **how: Any) -> str:
    """The message that a person reads when the configuration cannot be used."""
    with pytest.raises(ConfigError) as caught:
        configured(root, table, at, **how)
    return str(caught.value)
