"""Bytes and lines of Python source."""

from __future__ import annotations

import codecs
import re

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def decode(content: bytes) -> str:
    """The text of a Python file, without its byte order mark.

    Source: https://docs.python.org/3/reference/lexical_analysis.html#encoding-declarations
    Raises: LookupError for an encoding that does not exist, UnicodeDecodeError for bytes that are not in it, and
    SyntaxError for a byte order mark that contradicts the cookie.
    """
    has_mark = content.startswith(codecs.BOM_UTF8)
    body = content[len(codecs.BOM_UTF8) :] if has_mark else content
    encoding = _cookie(body) or "utf-8"
    name = codecs.lookup(encoding).name
    if has_mark and name != "utf-8":
        raise SyntaxError(f"the byte order mark says utf-8, the cookie says {encoding}")
    return body.decode(name)


def _cookie(body: bytes) -> str | None:
    for line in body.splitlines()[:2]:
        match = _COOKIE.match(line)
        if match is not None:
            return match.group(1).decode("ascii", "replace")
        if not re.match(rb"^[ \t\f]*(?:#.*)?$", line):
            return None
    return None


def line_starts(text: str) -> list[int]:
    """Offsets at which the lines of `text` start.

    Shape: strictly increasing from 0, one entry a line.
    Units: code points, as everywhere in the engine; bytes live in `source`, line and column in `report`.
    Source: https://docs.python.org/3/reference/lexical_analysis.html#physical-lines
    """
    return [0, *(match.end() for match in _LINE_BREAK.finditer(text))]


def code_lines(text: str) -> int:
    """How many lines hold more than white space or a comment."""
    return sum(1 for line in text.splitlines() if line.strip() and line.lstrip()[0] != "#")


def is_suspicious(content: bytes) -> bool:
    """Whether a file may exhaust the native parser's stack, which kills the process, or keep it busy for long.

    Suspicious files are parsed in a process of their own. The answer may be yes for a harmless file; the cost is a
    process. Source: measured on LibCST 1.9: 10,000 nested brackets or `elif`s end in a segmentation fault.
    """
    if len(content) > 256_000 or content.count(b"elif") > 500 or content.count(b"lambda") > 500:
        return True
    depth = 0
    for bracket in re.findall(rb"[\[\](){}]", content):
        depth = depth + 1 if bracket in b"[({" else max(0, depth - 1)
        if depth > 200:
            return True
    return any(len(line) > 10_000 for line in content.splitlines())
