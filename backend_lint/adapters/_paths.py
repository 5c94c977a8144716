"""Paths as OpenAPI writes them, whatever the framework's notation."""

from __future__ import annotations

import re

_BRACES = re.compile(r"\{(\w+)(?::([^{}]*))?\}")
_ANGLES = re.compile(r"<(?:(?P<converter>[^<>:]+?(?:\([^<>]*\))?):)?(?P<name>\w+)>")


def open_api_path(path: str) -> tuple[str, dict[str, str]]:
    """`/files/{path:path}` or `/files/<path:path>` as `/files/{path}`, and its converters by name (default `str`).

    Source: https://spec.openapis.org/oas/v3.1.0#path-templating
    """
    converters: dict[str, str] = {}

    def brace(match: re.Match[str]) -> str:
        converters[match.group(1)] = match.group(2) or "str"
        return "{" + match.group(1) + "}"

    def angle(match: re.Match[str]) -> str:
        converters[match["name"]] = (match["converter"] or "str").strip()
        return "{" + match["name"] + "}"

    shown = _ANGLES.sub(angle, path) if "<" in path else _BRACES.sub(brace, path)
    return (shown if shown.startswith("/") else "/" + shown), converters
