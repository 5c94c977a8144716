"""Layers of settings laid over each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from backend_lint.config.layer import Layer
from backend_lint.config.positions import KeyPath
from backend_lint.config.settings import Origin, Settings, Taint

_ACCUMULATED = frozenset({"extend_select", "ignore", "extend_exclude", "overrides"})
_SELECTION = frozenset({"select", "extend_select", "ignore"})
_SELECTION_KEYS = ("select", "extend-select", "ignore")


def merged(layers: Iterable[Layer]) -> tuple[dict[str, Any], dict[str, Origin]]:
    """The settings of all `layers`, later over earlier, and where each came from."""
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for layer in layers:
        if "select" in layer.written:
            values = {attribute: value for attribute, value in values.items() if attribute not in _SELECTION}
            origins = {key: origin for key, origin in origins.items() if not key.startswith(_SELECTION_KEYS)}
        asked = frozenset(layer.settings.extend_select)
        values["ignore"] = tuple(selector for selector in values.get("ignore", ()) if selector not in asked)
        for attribute, key in zip(Settings.__struct_fields__, Settings.__struct_encode_fields__, strict=True):
            if key in layer.written:
                below, above = values.get(attribute), getattr(layer.settings, attribute)
                origins |= _origins(layer, key, len(below or ()) if attribute == "overrides" else 0)
                values[attribute] = _combined(attribute, below, above)
    return values, origins


def _combined(attribute: str, below: Any, above: Any) -> Any:
    match above:
        case _ if below is None:
            return above
        case tuple() if attribute in _ACCUMULATED:
            return below + above
        case dict():
            return below | {name: _combined(name, below.get(name), value) for name, value in above.items()}
        case Taint():
            return Taint(
                models=below.models + above.models,
                model=below.model + above.model,
                unknown_calls=above.unknown_calls or below.unknown_calls,
                stored_values=below.stored_values if above.stored_values is None else above.stored_values,
            )
        case _:
            return above


def _origins(layer: Layer, key: str, offset: int) -> dict[str, Origin]:
    """Where `key` and all within it come from; `offset` tables of the same key stand in lower layers."""

    def within(value: Any, name: str, path: KeyPath) -> Iterator[tuple[str, Origin]]:
        yield name, layer.origin(path)
        match value:
            case dict():
                for inner, element in value.items():
                    yield from within(element, f"{name}.{inner}", (*path, inner))
            case list():
                for index, element in enumerate(value):
                    inner = f".{element}" if isinstance(element, str) else f"[{index + offset}]"
                    yield from within(element, name + inner, (*path, index))

    return dict(within(layer.written[key], key, (key,)))
