"""On which line of a TOML document each key and each element stands; TOML's own parsers do not say."""

from __future__ import annotations

import bisect
import re

import tomli

KeyPath = tuple[str | int, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY = re.compile(r'[ \t]*([A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\')[ \t]*')
_STRING = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?!")' r"|'''.*?'''(?!')" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}\n#]+")


def lines(text: str) -> dict[KeyPath, int]:
    """Lines from 1 by key path, as `("overrides", 0, "paths")`. `text` must be valid TOML."""
    scanner = _Scanner(text)
    scanner.document()
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return {path: bisect.bisect_right(starts, offset) for path, offset in scanner.offsets.items()}


def toml_error(error: tomli.TOMLDecodeError, text: str) -> tuple[str, int]:
    """What tomli says of `text`, without the place, and the line of the place."""
    message, _, place = str(error).rpartition(" (at ")
    found = re.match(r"line (\d+)", place)
    return message, int(found[1]) if found else len(text.splitlines()) or 1


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.offsets: dict[KeyPath, int] = {}
        self._tables: dict[KeyPath, int] = {}  # how many elements each array of tables has by now

    def document(self) -> None:
        table: KeyPath = ()
        while self._space() < len(self.text):
            if self._accept("[["):
                table = self._header(is_array=True)
            elif self._accept("["):
                table = self._header(is_array=False)
            else:
                self._pair(table)

    def _header(self, *, is_array: bool) -> KeyPath:
        start = self.at
        names = self._dotted()
        self.at += 2 if is_array else 1
        path: KeyPath = ()
        for depth, name in enumerate(names, 1):
            path = (*path, name)
            self.offsets.setdefault(path, start)
            if is_array and depth == len(names):
                self._tables[path] = self._tables.get(path, 0) + 1
            if path in self._tables:
                path = (*path, self._tables[path] - 1)
                self.offsets.setdefault(path, start)
        return path

    def _pair(self, table: KeyPath) -> None:
        start = self.at
        path = table
        for name in self._dotted():
            path = (*path, name)
            self.offsets.setdefault(path, start)
        self.at += 1  # the equals sign
        self._value(path)

    def _value(self, path: KeyPath) -> None:
        self._space()
        if self._accept("["):
            self._array(path)
        elif self._accept("{"):
            while self._space() and not self._accept("}"):
                self._pair(path)
                self._space()
                self._accept(",")
        else:
            found = _STRING.match(self.text, self.at) or _SCALAR.match(self.text, self.at)
            self.at = found.end() if found else len(self.text)

    def _array(self, path: KeyPath) -> None:
        index = 0
        while self._space() and not self._accept("]"):
            element = (*path, index)
            self.offsets[element] = self.at
            self._value(element)
            self._space()
            self._accept(",")
            index += 1

    def _dotted(self) -> list[str]:
        names = []
        while found := _KEY.match(self.text, self.at):
            self.at = found.end()
            names.append(_name(found[1]))
            if not self._accept("."):
                break
        return names

    def _space(self) -> int:
        found = _SPACE.match(self.text, self.at)
        self.at = found.end() if found else self.at
        return self.at

    def _accept(self, token: str) -> bool:
        if not self.text.startswith(token, self.at):
            return False
        self.at += len(token)
        return True


def _name(key: str) -> str:
    if key[0] not in "\"'":
        return key
    return next(iter(tomli.loads(f"{key} = 0")))
