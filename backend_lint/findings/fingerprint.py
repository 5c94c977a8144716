"""A finding's identity, which survives whatever moves the code or formats it anew.

It is made of the rule, the definition that the finding stands in, the finding's own tokens and the rule's
discriminator; never of a path or a line. Findings may share one: who matches them counts them.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable
from itertools import groupby

import msgspec

from backend_lint.core import Finding
from backend_lint.findings.lines import Lines

_SKETCHED_TOKENS = 64
_TOKEN = re.compile(
    r"""
    (?P<layout>  [\s\\,;]+ | [()] | \#[^\n]* )
  | (?P<string>  (?P<prefix>[bfrtuBFRTU]{0,2}) (?P<quote>\"{3}|'{3}|["']) )
  | (?P<number>  \d\w* (?:\.\w*)? | \.\d\w* )
  | (?P<word>    \w+ )
  | (?P<sign>    . )
    """,
    re.VERBOSE,
)
_ESCAPE = re.compile(r"\\(?:[xuU][0-9A-Fa-f]+|N\{[^}]*\})")
_OPEN_POINT = re.compile(r"\.(?!\d)")
_STYLE = re.compile(r"\\?[\"']|\s")


def fingerprinted(findings: Iterable[Finding], read: Callable[[str], str]) -> list[Finding]:
    """The findings, in order of path, with their fingerprint and sketch. `read` gives the text of a file."""
    marked = []
    for path, those in groupby(sorted(findings, key=lambda each: each.sort_key), key=lambda each: each.at.path):
        lines = Lines(read(path))
        for finding in those:
            found = tokens(lines.slice(finding.at))
            marked.append(
                msgspec.structs.replace(finding, fingerprint=fingerprint(finding, found), sketch=_sketch(found))
            )
    return marked


def fingerprint(finding: Finding, found: Iterable[str]) -> str:
    """The fingerprint of a finding whose text consists of the tokens `found`: 32 hexadecimal digits."""
    identity = "\0".join((finding.code, finding.scope, " ".join(found), finding.discriminator))
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def tokens(fragment: str) -> list[str]:
    """The tokens of a piece of Python without anything that a formatter may add, drop or change.

    That is white space, comments, line joining, parentheses, commas, semicolons, the quotes of strings, what is
    escaped only for their sake, the prefixes of strings, the case of digits, and how adjacent strings are cut. The
    piece may begin and end anywhere, and be of any version of the language.
    """
    fragment = fragment.replace("\r\n", "\n").replace("\r", "\n")
    found: list[str] = []
    position, is_after_string = 0, False
    while position < len(fragment):
        match = _TOKEN.match(fragment, position)
        assert match is not None, "the last alternative takes any character that is no line break"
        position = match.end()
        match match.lastgroup:
            case "layout":
                continue
            case "string":
                start, position = position, _string_end(fragment, position, match["quote"], match["prefix"])
                body = _body(fragment[start:position])
                if is_after_string:
                    found[-1] += body
                else:
                    found.append('"' + body)
            case "number":
                digits = _OPEN_POINT.sub(".0", match.group().lower())
                found.append("0" + digits if digits.startswith(".") else digits)
            case _:
                found.append(match.group())
        is_after_string = match.lastgroup == "string"
    return found


def _sketch(found: list[str]) -> str:
    return bytes(zlib.crc32(token.encode("utf-8", "replace")) & 0xFF for token in found[:_SKETCHED_TOKENS]).hex()


def _body(string: str) -> str:
    return _STYLE.sub("", _ESCAPE.sub(lambda escape: escape.group().lower(), string))


def _string_end(text: str, position: int, quote: str, prefix: str) -> int:
    """The offset after the string whose text begins at `position`, or of the end of its line or of the text."""
    is_template = not {"f", "t"}.isdisjoint(prefix.lower())
    while position < len(text):
        if text.startswith(quote, position):
            return position + len(quote)
        match text[position]:
            case "\\":
                position += 1 if is_template and text.startswith("{", position + 1) else 2
            case "\n" if len(quote) == 1:
                return position
            case "{" if is_template and text.startswith("{{", position):
                position += 2
            case "{" if is_template:
                position = _field_end(text, position + 1, quote)
            case _:
                position += 1
    return len(text)


def _field_end(text: str, position: int, quote: str) -> int:
    """The offset after the replacement field whose expression begins at `position`.

    Source: https://peps.python.org/pep-0701/: an expression may hold any string, even one with the quotes around it.
    """
    depth = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None
        match match.group():
            case "}" if depth == 0:
                return match.end()
            case ":" if depth == 0:
                return _format_end(text, match.end(), quote)
            case "(" | "[" | "{":
                depth += 1
            case ")" | "]" | "}":
                depth -= 1
        position = match.end()
        if match.lastgroup == "string":
            position = _string_end(text, position, match["quote"], match["prefix"])
    return len(text)


def _format_end(text: str, position: int, quote: str) -> int:
    """The offset after the field whose format begins at `position`; the quotes around it end a broken one."""
    while position < len(text) and not text.startswith(quote, position):
        match text[position]:
            case "}":
                return position + 1
            case "{":
                position = _field_end(text, position + 1, quote)
            case "\\":
                position += 2
            case _:
                position += 1
    return min(position, len(text))
