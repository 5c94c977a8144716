"""What the libraries' own view classes do: which methods they answer, what these call, how they are configured.

The knowledge is `django.toml`; this module reads it.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from importlib import resources
from typing import Any

import tomli

from backend_lint.project import Class

METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
LIBRARY_VIEWS = {"rest_framework.authtoken.views.obtain_auth_token": "rest_framework.authtoken.views.ObtainAuthToken"}


def library_method(owner: str, name: str) -> list[str] | None:
    """The methods of the same object that a library class's own method calls; None where it has no such method."""
    found: list[str] | None = _table("methods").get(owner, {}).get(name)
    return found


def library_attribute(owner: str, name: str) -> Any:
    """A class attribute of a library class; None where that is not known."""
    return _table("attributes").get(owner, {}).get(name)


def library_guard(symbol: str) -> str | None:
    """The kind of guard that a decorator of a library is; behind `off:` the kind that it switches off."""
    found: str | None = _decorators().get(symbol)
    return found


def library_methods(classes: Iterable[Class | str]) -> set[str]:
    """The names of the methods that the library classes among these define."""
    return {name for each in classes if isinstance(each, str) for name in _table("methods").get(each, ())}


@functools.cache
def _tables() -> dict[str, Any]:
    return tomli.loads(resources.files("backend_lint.adapters").joinpath("django.toml").read_text("utf-8"))


def _table(name: str) -> dict[str, dict[str, Any]]:
    table: dict[str, dict[str, Any]] = _tables()[name]
    return table


def _decorators() -> dict[str, str]:
    table: dict[str, str] = _tables()["decorators"]
    return table
