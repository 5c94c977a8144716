"""Changes as a patch that `git apply` and `patch -p1` accept."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

import msgspec

_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_UNQUOTED = re.compile(r"[^\x00-\x1f\x7f\"\\]*")
_NAMED_ESCAPES = {7: "a", 8: "b", 9: "t", 10: "n", 11: "v", 12: "f", 13: "r", 34: '"', 92: "\\"}


class Change(msgspec.Struct, frozen=True):
    """A file, as bytes, before and after. `path` is relative to where the patch is applied, with `/`."""

    path: str
    before: bytes
    after: bytes


def patch(changes: Iterable[Change]) -> bytes:
    """Bytes, since each file's lines stay in its own encoding, with its own line ends."""
    return b"".join(_of_file(change) for change in sorted(changes, key=lambda change: change.path))


def _of_file(change: Change) -> bytes:
    """Latin-1 lets difflib see every byte as one character, and gives each back as it was."""
    before, after = (_LINE.findall(content.decode("latin-1")) for content in (change.before, change.after))
    lines = difflib.unified_diff(before, after, _name("a/", change.path), _name("b/", change.path))
    ended = (line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)
    return "".join(ended).encode("latin-1")


def _name(side: str, path: str) -> str:
    """A path as git quotes it, in characters that stand for bytes. A tab ends one that has white space in it.

    Source: https://git-scm.com/docs/git-config#Documentation/git-config.txt-corequotePath
    """
    name = (side + path).encode("utf-8", "surrogateescape")
    text = name.decode("latin-1")
    if _UNQUOTED.fullmatch(text):
        return text + "\t" if " " in text else text
    return '"' + "".join(_escaped(byte) for byte in name) + '"'


def _escaped(byte: int) -> str:
    if byte in _NAMED_ESCAPES:
        return "\\" + _NAMED_ESCAPES[byte]
    return f"\\{byte:03o}" if byte < 32 or byte == 127 else chr(byte)
