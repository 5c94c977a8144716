"""Paths as OpenAPI writes them, whatever the framework's notation."""

from __future__ import annotations

import re
from collections.abc import Iterable

_SAMPLE = "\x00"
_BRACES = re.compile(r"\{(\w+)(?::((?:[^{}]|\{[^{}]*\})*))?\}")
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


def concrete(path: str, names: Iterable[str]) -> str:
    """The path of a request, with something that nobody writes for each parameter."""
    shown = open_api_path(path)[0]
    for name in names:
        shown = shown.replace("{" + name + "}", _SAMPLE)
    return shown


def open_api_regex(pattern: str) -> tuple[str, dict[str, str]]:
    """A regular expression as a path, and the patterns of its groups by name.

    Groups become `{name}` (`{var}` without one), whose optional ends are written out; anchors, quantifiers and the
    parentheses of groups that capture nothing are left out, as `django.contrib.admindocs` does.
    """
    groups: dict[str, str] = {}
    return _simplified(pattern, groups), groups


_NAMED_GROUP = re.compile(r"\(\?P<(\w+)>")
_LOOK_AROUND = re.compile(r"\(\?(?:[=!#]|<[=!])")
_PLAIN_GROUP = re.compile(r"\(\?[aiLmsux-]*:")
_FLAGS = re.compile(r"\(\?[aiLmsux-]+\)")
_REPEATED = re.compile(r"\{\d*,?\d*\}")
_NOTHING = "?*+^$"


def _simplified(pattern: str, groups: dict[str, str]) -> str:
    shown: list[str] = []
    at = 0
    while at < len(pattern):
        char = pattern[at]
        repeated = _REPEATED.match(pattern, at)
        if char == "\\":
            shown.append("" if pattern[at + 1 : at + 2] in "bBAZ" else pattern[at + 1 : at + 2])
            at += 2
        elif char == "(":
            end = _closing(pattern, at)
            shown.append(_group(pattern, at, end, groups))
            at = end
        elif char == "[":
            end = _end_of_set(pattern, at)
            shown.append(pattern[at:end])
            at = end
        elif repeated:
            at = repeated.end()
        else:
            shown.append("" if char in _NOTHING else char)
            at += 1
    return "".join(shown)


def _group(pattern: str, at: int, end: int, groups: dict[str, str]) -> str:
    if named := _NAMED_GROUP.match(pattern, at):
        groups[named[1]] = pattern[named.end() : end - 1]
        return "{" + named[1] + "}"
    if plain := _PLAIN_GROUP.match(pattern, at):
        return _simplified(pattern[plain.end() : end - 1], groups)
    if _LOOK_AROUND.match(pattern, at) or _FLAGS.match(pattern, at):
        return ""
    return "{var}"


def _closing(pattern: str, at: int) -> int:
    """The offset behind the parenthesis that closes the one at `at`."""
    depth = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "\\":
            at += 1
        elif char == "[":
            at = _end_of_set(pattern, at) - 1
        elif char in "()":
            depth += 1 if char == "(" else -1
            if not depth:
                return at + 1
        at += 1
    return len(pattern)


def _end_of_set(pattern: str, at: int) -> int:
    end = at + 1
    while end < len(pattern) and (pattern[end] != "]" or end == at + 1 or pattern[at + 1 : end] == "^"):
        end += 2 if pattern[end] == "\\" else 1
    return min(end + 1, len(pattern))
