"""What operators and methods make of values, and whether these hang on who asks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backend_lint.adapters._evaluation.values import (
    ASKED,
    OPEN,
    Answer,
    Either,
    Named,
    Open,
    Refusal,
    Returned,
)


def merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """What is known whichever of two ways was taken."""
    merged = {}
    for name in (*first, *(each for each in second if each not in first)):
        one, other = first.get(name, OPEN), second.get(name, OPEN)
        same = one is other or (is_plain(one) and is_plain(other) and type(one) is type(other) and one == other)
        merged[name] = one if same else Either((one, other)) if not asks([one, other]) else ASKED
    return merged


def asks(values: Iterable[Any]) -> bool:
    """Whether one of the values depends on who asks."""
    for each in values:
        if isinstance(each, Open):
            if each.is_asked:
                return True
        elif isinstance(each, Either | Named):
            if asks(each.values if isinstance(each, Either) else each.args):
                return True
        elif getattr(each, "is_asked", False):
            return True
    return False


def negated(value: Any, negated: bool) -> Any:
    return not value if negated and isinstance(value, bool) else value


def is_plain(value: Any) -> bool:
    return value is None or isinstance(value, bool | int | float | str | bytes | list | tuple | dict)


def flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def element_of(owner: Any, index: Any) -> Any:
    if isinstance(owner, list | tuple | str) and isinstance(index, int) and -len(owner) <= index < len(owner):
        return owner[index]
    if isinstance(owner, dict) and isinstance(index, str | int) and index in owner:
        return owner[index]
    return ASKED if asks([owner, index]) else OPEN


def of_dict(owner: dict[Any, Any], name: str, args: list[Any]) -> Any:
    match name, args:
        case "get", [str() | int() | None as key, *default]:
            return owner.get(key, default[0] if default else None)
        case "items", []:
            return [list(each) for each in owner.items()]
        case "values", []:
            return list(owner.values())
        case "keys", []:
            return list(owner)
    return OPEN


def of_list(owner: list[Any], name: str, args: list[Any]) -> Any:
    match name, args:
        case "append", [value]:
            owner.append(value)
        case "extend", [list() as values]:
            owner.extend(values)
        case "insert", [_, value]:
            owner.insert(0, value)
        case "copy", []:
            return list(owner)
    return None


def refusals_in(returned: Iterable[Returned]) -> Iterator[Refusal]:
    for each in returned:
        values = each.value.values if isinstance(each.value, Either) else (each.value,)
        for value in values:
            if isinstance(value, Answer):
                yield Refusal(
                    value.status, value.blame, each.is_certain and len(values) == 1, each.is_asked, at=value.at
                )


def is_response(name: str | None) -> bool:
    return name is not None and name.rpartition(".")[2].endswith("Response")
