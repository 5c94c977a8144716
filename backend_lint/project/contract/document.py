"""A contract as a file: JSON that changes only when the contract does.

Places are no part of it. Where a file is read back, the line that says a thing is its place.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from backend_lint.core import BackendLintError, Place
from backend_lint.project.contract.types import Contract

VERSION = 1
_KEY = re.compile(r'^(\s*)"((?:[^"\\]|\\.)*)": \{')


def document(contract: Contract) -> str:
    """The contract as JSON, one key a line, sorted."""
    # Once there and back: msgspec leaves out the one empty tuple, of which Python 3.10 knows several.
    same = msgspec.convert(msgspec.to_builtins(contract), Contract)
    plain = _bare(msgspec.to_builtins(same))
    return json.dumps({"version": VERSION, **plain}, ensure_ascii=False, indent=2) + "\n"


def decoded(text: str, path: str) -> Contract:
    """A contract that was written. `path` is what its places say. Raises `BackendLintError`."""
    try:
        held = json.loads(text)
    except ValueError as error:
        raise BackendLintError(f"{path} is no JSON: {error}") from error
    if not isinstance(held, dict) or held.pop("version", None) != VERSION:
        raise BackendLintError(f"{path} is no contract of version {VERSION}; `contract export` writes one")
    for keys, line in _lines(text):
        entry: Any = held
        for key in keys:
            entry = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(entry, dict) and ("name" in entry or "method" in entry):
            entry["at"] = msgspec.to_builtins(Place(path, line, 1, line, 1))
    try:
        return msgspec.convert(held, Contract)
    except msgspec.ValidationError as error:
        raise BackendLintError(f"{path} is no contract: {error}") from error


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _bare(each) for key, each in value.items() if key not in ("at", "router")}
    return [_bare(each) for each in value] if isinstance(value, list | tuple) else value


def _lines(text: str) -> list[tuple[tuple[str, ...], int]]:
    """The way to each object that stands under a key, with the line of the key; told by indentation."""
    found: list[tuple[tuple[str, ...], int]] = []
    way: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        match = _KEY.match(line)
        if match is not None:
            depth = len(match[1]) // 2 - 1
            if len(way) >= depth:  # else it stands in a list
                way = [*way[:depth], json.loads(f'"{match[2]}"')]
                found.append((tuple(way), number))
    return found
