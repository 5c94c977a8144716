"""Paths of files: how they are put together, and what their last part is."""

from __future__ import annotations

from collections.abc import Sequence

from backend_lint.taint import strings
from backend_lint.taint.domain import (
    NOTHING,
    Value,
    constant,
    constants,
    join,
    labelled,
)
from backend_lint.taint.labels import (
    BELOW,
    NAME,
    NORMALISED,
    PLAIN,
    RELATIVE,
)

PATH = "pathlib.Path"
_ABSOLUTE = frozenset({PLAIN})  # what begins with a slash begins with no dash
TEXTUAL = frozenset({BELOW})  # what is said of a path as it is written, and not of where it leads
NO_ESCAPE = frozenset({"..", "../", "..\\", NORMALISED})  # what is said of a path that was resolved


def as_string(value: Value) -> Value:
    """A path as text."""
    text = Value(value.consts, value.texts, (), (), value.labels, value.is_opaque, None)
    return text.derived_from("path", value)


def joined_path(parts: Sequence[Value]) -> Value:
    """`os.path.join(…)`: each part below the one before it, unless it is absolute."""
    change = strings.rejoined(parts, "/")
    found = parts[0].mapped(change) if parts else NOTHING
    for part in parts[1:]:
        if part.is_constant and all(isinstance(each, str) for each in part.consts):
            below = strings.concatenated([found, constant("/"), part])
            if any(each.startswith("/") for each in part.consts):
                below = join(below, part)
            found = below
            continue
        pieces = NOTHING
        for text in strings.alternatives(part):
            if not any(text) and part.all_labels():
                continue  # nothing more below what is there
            alone = strings.from_texts([text])
            below = strings.concatenated([found, constant("/"), alone.mapped(change)])
            first = text[0] if text else ""
            absolute = type(first) is not str and any(
                "/" not in label.absent and RELATIVE not in label.absent
                for label in first.labels  # type: ignore[union-attr]
            )
            pieces = join(pieces, below)
            if absolute:
                pieces = join(pieces, alone.mapped(lambda label: label.without(_ABSOLUTE)))
        found = pieces
    return Value(found.consts, found.texts, (), (), found.labels, found.is_opaque, None)


def basename(value: Value) -> Value:
    labels = tuple(label.without(NAME) for label in value.all_labels())
    if value.is_constant and all(isinstance(each, str) for each in value.consts):
        return constants(each.rpartition("/")[2] for each in value.consts)
    return labelled(labels, "builtins.str")
