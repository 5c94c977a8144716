"""Models of libraries that models of a project build on, as `library_models.toml` has them."""

from __future__ import annotations

import functools
from dataclasses import dataclass, field
from importlib import resources
from typing import Any

import tomli


@dataclass(frozen=True)
class LibraryField:
    """`kind` is its type; `target` the `app.Model` that a relation leads to, `reference` a `table.column`."""

    name: str
    kind: str
    words: frozenset[str]
    column: str | None = None
    target: str | None = None
    reference: str | None = None


@dataclass(frozen=True)
class LibraryModel:
    """`label` is its name in a Django reference (`auth.User`).

    The `table` of an abstract one is what models that inherit from it have, unless they name another.
    """

    name: str
    is_abstract: bool
    table: str | None = None
    key: str | None = None
    label: str | None = None
    fields: tuple[LibraryField, ...] = field(default=())


def library_model(name: str) -> LibraryModel | None:
    return _models().get(name)


def library_model_of_label(label: str) -> LibraryModel | None:
    return _labels().get(label.lower())


def library_field(name: str) -> str | None:
    """The Django type of a library's field class, where its name does not say it."""
    kind: str | None = _tables()["fields"].get(name)
    return kind


@functools.cache
def _tables() -> dict[str, Any]:
    text = resources.files("backend_lint.adapters").joinpath("library_models.toml").read_text("utf-8")
    return tomli.loads(text)


@functools.cache
def _models() -> dict[str, LibraryModel]:
    return {name: _model(name, entry) for name, entry in _tables()["models"].items()}


@functools.cache
def _labels() -> dict[str, LibraryModel]:
    return {each.label.lower(): each for each in _models().values() if each.label is not None}


def _model(name: str, entry: dict[str, Any]) -> LibraryModel:
    own = {"abstract", "table", "key", "label"}
    fields = tuple(_field(each, spec) for each, spec in entry.items() if each not in own)
    return LibraryModel(
        name, bool(entry.get("abstract")), entry.get("table"), entry.get("key"), entry.get("label"), fields
    )


def _field(name: str, spec: str) -> LibraryField:
    kind, *words = spec.split()
    named = dict(word.split(":", 1) for word in words if ":" in word)
    plain = frozenset(word for word in words if ":" not in word)
    return LibraryField(name, kind, plain, named.get("column"), named.get("to"), named.get("refers"))
