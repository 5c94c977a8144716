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
    plain = msgspec.to_builtins(_bare(same))
    return json.dumps({"version": VERSION, **plain}, ensure_ascii=False, indent=2) + "\n"


def decoded(text: str, path: str) -> Contract:
    """A contract that was written. `path` is what its places say. Raises `BackendLintError`."""
    try:
        held = json.loads(text)
    except ValueError as error:
        raise BackendLintError(f"{path} is no JSON: {error}") from error
    if not isinstance(held, dict) or held.pop("version", None) != VERSION:
        raise BackendLintError(f"{path} is no contract of version {VERSION}; `contract export` writes one")
    for way, line in _lines(text):
        entry: Any = held
        for key in way:
            entry = entry.get(key) if isinstance(entry, dict) else None
        if isinstance(entry, dict) and _has_place(way):
            entry["at"] = msgspec.to_builtins(Place(path, line, 1, line, 1))
    try:
        return msgspec.convert(held, Contract)
    except msgspec.ValidationError as error:
        raise BackendLintError(f"{path} is no contract: {error}") from error


def _bare(value: Any) -> Any:
    """`value` without what tells where things stand; what a project calls `at` or `router` is none of that."""
    match value:
        case msgspec.Struct():
            kept = (name for name in value.__struct_fields__ if name not in ("at", "router"))
            return type(value)(**{name: _bare(getattr(value, name)) for name in kept})
        case dict():
            return {key: _bare(each) for key, each in value.items()}
        case tuple():
            return tuple(_bare(each) for each in value)
        case _:
            return value


def _has_place(way: tuple[str, ...]) -> bool:
    """Whether what stands at the end of `way` is an operation, a response, an object, a field or a task."""
    match way:
        case (_, _) | ("operations", _, "response") | ("objects", _, "fields", _):
            return True
        case _:
            return False


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
