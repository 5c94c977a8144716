"""What is known of libraries that are not in the project: where names come from, and what calls return.

The knowledge is `external.toml`; this module reads its small language.
"""

from __future__ import annotations

import functools
from importlib import resources
from typing import Any

import tomli


@functools.cache
def _tables() -> dict[str, Any]:
    text = resources.files("backend_lint.project").joinpath("external.toml").read_text("utf-8")
    return tomli.loads(text)


@functools.cache
def _modules() -> dict[str, str]:
    table: dict[str, str] = _tables()["modules"]
    return table


@functools.cache
def canonical_external(qualified: str) -> str:
    """One name for a thing that a library exports under several.

    `fastapi.responses.JSONResponse` is `starlette.responses.JSONResponse`, `sqlalchemy.sql.select` is
    `sqlalchemy.select`. The longest listed prefix that ends at a dot decides.
    """
    prefix = qualified
    while prefix:
        target = _modules().get(prefix)
        if target is not None:
            return canonical_external(target + qualified[len(prefix) :])
        prefix = prefix.rpartition(".")[0]
    return qualified


@functools.cache
def returns() -> dict[str, str]:
    """What a call of a symbol, or an attribute of a type, gives, as written in the table."""
    flat: dict[str, str] = {}
    for owner, members in _tables()["returns"].items():
        for member, spec in members.items():
            flat[f"{owner}.{member}" if member else owner] = spec
    return flat


@functools.cache
def properties() -> frozenset[str]:
    """The members of `returns` that are read, not called."""
    return frozenset(_tables()["members"]["properties"])


@functools.cache
def objects() -> frozenset[str]:
    """The names of `returns` that are objects of a library, not functions: `flask.request`."""
    return frozenset(_tables()["members"]["objects"])


@functools.cache
def bases() -> dict[str, tuple[str, ...]]:
    """The base classes of library classes, where what they inherit matters."""
    return {name: tuple(parents) for name, parents in _tables()["bases"].items()}


@functools.cache
def ancestors(name: str) -> tuple[str, ...]:
    """The class and all its known bases, nearest first."""
    found = [name]
    for each in found:
        found.extend(base for base in bases().get(each, ()) if base not in found)
    return tuple(found)
