"""The JSON Schema of `[tool.backend-lint]`, for editors."""

from __future__ import annotations

from typing import Any

import msgspec

from backend_lint.config.layer import profiles
from backend_lint.config.settings import Settings
from backend_lint.core import GUIDELINES, SECTIONS


def schema() -> dict[str, Any]:
    """The schema that a table must fit, generated from `Settings`."""
    _, components = msgspec.json.schema_components(
        [Settings], ref_template="#/definitions/{name}", schema_hook=lambda _: {"type": "string"}
    )
    table = components.pop("Settings")
    properties = {key: _without_null(value) for key, value in table["properties"].items()}
    properties["profile"]["enum"] = list(profiles())
    properties["fail-on"] = {
        "description": properties["fail-on"]["description"],
        "anyOf": [{"$ref": "#/definitions/Severity"}, {"const": "never"}],
        "default": "medium",
    }
    properties["fail-under"] = {"description": properties["fail-under"]["description"], "anyOf": _scores()}
    plain: dict[str, Any] = msgspec.to_builtins(
        {
            "$schema": "http://json-schema.org/draft-07/schema#",
            "$id": "https://json.schemastore.org/backend-lint.json",
            "title": "backend-lint",
            "description": "The table [tool.backend-lint] of pyproject.toml, or the file backend-lint.toml.",
            "type": "object",
            "additionalProperties": False,
            "properties": properties,
            "definitions": components,
        }
    )
    return plain


def _scores() -> list[dict[str, Any]]:
    number = {"type": "number", "minimum": 0, "maximum": 100}
    names = ["overall", "new", *SECTIONS, *GUIDELINES]
    return [number, {"type": "object", "properties": dict.fromkeys(names, number), "additionalProperties": False}]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """TOML has no null: an absent key says it."""
    kept = {key: value for key, value in schema.items() if key != "anyOf" and not (key == "default" and value is None)}
    for alternative in schema.get("anyOf", ()):
        if alternative != {"type": "null"}:
            kept |= alternative
    return kept
