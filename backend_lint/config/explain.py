"""Why a table cannot be used, in the words of who wrote it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from msgspec import inspect

from backend_lint.config.positions import KeyPath
from backend_lint.config.settings import Settings

_AT = re.compile(r"(?P<what>.*?)(?: - at (?P<key>`key` in )?`\$(?P<path>.*)`)?")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|(\[\.\.\.\])")
_QUOTED = re.compile(r"[`']([^`']*)[`']$")


def explained(
    error: msgspec.ValidationError, table: dict[str, Any], convert: Callable[[dict[str, Any]], object]
) -> tuple[str, KeyPath]:
    """A sentence about `error`, which `convert` raises for `table`, and the key that it is about."""
    found = _AT.fullmatch(str(error))
    what, steps = (found["what"], found["path"] or "") if found else (str(error), "")
    path: KeyPath = ()
    for name, index, entry in _STEP.findall(steps):
        path = (*path, name or (_culprit(error, table, path, convert) if entry else int(index)))
    if path[:1] == ("fail-under",):
        path = path[:1]  # it may be written as a number or as a table, whatever it becomes
    word = _QUOTED.search(what)
    quoted = word[1] if word else ""
    if what.startswith("Object contains unknown field"):
        where = f" in {dotted(path)}" if path else ""
        return f"unknown key {quoted!r}{where}{nearest(quoted, _choices(path))}", (*path, quoted)
    if found and found["key"]:
        return f"{dotted(path)}: unknown key {quoted!r}{nearest(quoted, _choices(path))}", (*path, quoted)
    reason = what[:1].lower() + what[1:].replace("`", "")
    if what.startswith("Invalid enum value"):
        choices = _choices(path)
        reason = f"unknown value {quoted!r}{nearest(quoted, choices) or '; use one of ' + ', '.join(choices)}"
    return f"{dotted(path)}: {reason}", path


def nearest(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'jobs'?`, or nothing when no known word is near."""
    folded = {name.casefold(): name for name in known}
    found = difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return f"; did you mean {folded[found[0]]!r}?" if found else ""


def dotted(path: KeyPath) -> str:
    """`overrides[0].paths` for `("overrides", 0, "paths")`."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _culprit(
    error: msgspec.ValidationError, table: dict[str, Any], path: KeyPath, convert: Callable[[dict[str, Any]], object]
) -> str:
    """The entry of the dictionary at `path` that is wrong, which the message leaves open: the one that is so alone."""
    inner: Any = table
    for step in path:
        inner = inner[step]
    alone = ((key, _failure(convert, _replaced(table, path, {key: value}))) for key, value in inner.items())
    return next((str(key) for key, failure in alone if failure == str(error)), "...")


def _failure(convert: Callable[[dict[str, Any]], object], table: dict[str, Any]) -> str:
    try:
        convert(table)
    except msgspec.ValidationError as error:
        return str(error)
    return ""


def _replaced(table: Any, path: KeyPath, value: Any) -> Any:
    if not path:
        return value
    first, rest = path[0], path[1:]
    if isinstance(table, dict):
        return table | {first: _replaced(table[first], rest, value)}
    return [_replaced(inner, rest, value) if index == first else inner for index, inner in enumerate(table)]


def _choices(path: KeyPath) -> list[str]:
    """The words that are allowed at `path`: keys of a table, or values of an enumeration."""
    kind: inspect.Type = inspect.type_info(Settings)
    for step in path:
        match _bare(kind):
            case inspect.StructType(fields=fields):
                kind = next(field.type for field in fields if field.encode_name == step)
            case inspect.VarTupleType(item_type=inner) | inspect.DictType(value_type=inner):
                kind = inner
    match _bare(kind):
        case inspect.StructType(fields=fields):
            return [field.encode_name for field in fields]
        case inspect.EnumType(cls=values) | inspect.DictType(key_type=inspect.EnumType(cls=values)):
            return [str(member.value) for member in values]
        case _:
            return []


def _bare(kind: inspect.Type) -> inspect.Type:
    """`kind` without its description and without the choice of being absent."""
    match kind:
        case inspect.Metadata(type=inner):
            return _bare(inner)
        case inspect.UnionType(types=types):
            return _bare(next(inner for inner in types if not isinstance(inner, inspect.NoneType)))
        case _:
            return kind
