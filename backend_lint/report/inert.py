"""Text of strangers, made unable to act: on a terminal, in a CI log, on a reader's eyes."""

from __future__ import annotations

import re

_JOINERS = "\u200c\u200d"  # they shape scripts and emoji, and move nothing
# What the agents of GitHub and Azure take for a command: the first at a line's start, the others anywhere in it.
# https://github.com/actions/runner/blob/main/src/Runner.Common/ActionCommand.cs
_COMMAND = re.compile(r"^(?P<indent>\s*)::|##(?=\[|vso\[)", re.MULTILINE)


def inert_character(character: str) -> str:
    """The character, or its Python escape where a terminal would obey it, or show nothing, rather than show it."""
    if character.isprintable() or character in _JOINERS:
        return character
    return character.encode("unicode_escape", "backslashreplace").decode("ascii")


def inert(text: str) -> str:
    """One line of text in which nothing but the text is left: control characters escaped, line ends included."""
    return text if text.isprintable() else "".join(map(inert_character, text))


def inert_lines(text: str) -> list[str]:
    """The same for text that may have several lines."""
    return [inert(line) for line in text.splitlines()]


def without_commands(output: str) -> str:
    """A whole output in which no line can be taken for a command by the CI that logs it."""
    return _COMMAND.sub(lambda found: found["indent"] + r"\x3a:" if found["indent"] is not None else r"\x23#", output)
