"""What comments ask to be silent about: read here, obeyed or not in `suppress`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import takewhile

import msgspec

from backend_lint.core import Comment, Finding, Place, Suppression

_OURS = re.compile(r"#\s*backend-lint\s*(:|(file-)?ignore\b)", re.IGNORECASE)
_FORM = re.compile(r"#\s*backend-lint:\s*(?P<file>file-)?ignore\s*\[(?P<words>[^\[\]]*)\](?P<rest>.*)")
_UNTIL = re.compile(r"(?<!\S)until=(?P<day>\S*)")
_NEXT = re.compile(r"\s+#\s*[A-Za-z]")
_USAGE = "write `# backend-lint: ignore[CODE] -- reason`"

_BANDIT_CODE = re.compile(r"B\d{3}")
_BANDIT_NAME = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
_FLAKE8_CODE = re.compile(r"[A-Z]+\d+")
_NOSEC = re.compile(r"#\s*nosec\b:?(?P<words>[^#]*)")
_NOQA = re.compile(r"#\s*(?P<file>(ruff|flake8)\s*:\s*)?noqa\s*:(?P<words>[^#]*)", re.IGNORECASE)


class Malformed(msgspec.Struct, frozen=True):
    """A comment that was meant for us and asks for nothing. `why` is a clause."""

    at: Place
    why: str


class Foreign(msgspec.Struct, frozen=True):
    """A comment for Bandit, Flake8 or Ruff. No `tests` (ids or names) means all those of Bandit."""

    comment: str
    tests: frozenset[str]
    lines: tuple[int, int] | None
    whole_file: bool

    def hides(self, finding: Finding, stands_for: frozenset[str] = frozenset()) -> bool:
        """Whether Bandit said it, and only Bandit, or a rule that stands for a check, where the comment has a say.

        `stands_for` are the ids and names of the checks of Bandit and Ruff in whose place the finding's rule speaks.
        """
        known = stands_for
        if _BANDIT_CODE.fullmatch(finding.code):
            known |= {finding.code, finding.name.replace("-", "_")}
        if not (self.whole_file or _is_within(finding, self.lines)):
            return False
        return not self.tests.isdisjoint(known) if self.tests else any(map(_BANDIT_CODE.fullmatch, known))


def suppressions(path: str, comments: Iterable[Comment]) -> Iterator[Suppression | Malformed]:
    """What the comments of one file ask of us, in their order."""
    for comment in comments:
        for marker in _OURS.finditer(comment.text):
            following = _NEXT.search(comment.text, marker.end())
            end = following.start() if following else len(comment.text.rstrip())
            at = Place(path, comment.line, comment.column + marker.start(), comment.line, comment.column + end)
            yield _parsed(comment.text[marker.start() : end], at, comment.statement)


def foreign(comments: Iterable[Comment]) -> Iterator[Foreign]:
    """What the comments of one file ask of Bandit (`nosec`) and of Flake8 and Ruff (`noqa` with codes)."""
    for comment in comments:
        lines = comment.statement
        if comment.own_line and not (lines and lines[0] <= comment.line <= lines[1]):
            lines = None
        for match in _NOSEC.finditer(comment.text):
            tests = _leading(_BANDIT_CODE, match["words"]) or _leading(_BANDIT_NAME, match["words"])
            yield Foreign(match.group().strip(), frozenset(tests), lines, False)
        for match in _NOQA.finditer(comment.text):
            codes = _leading(_FLAKE8_CODE, match["words"].upper())
            tests = ["B" + code[1:] if re.fullmatch(r"S\d{3}", code) else code for code in codes]
            if tests:
                yield Foreign(match.group().strip(), frozenset(tests), lines, match["file"] is not None)


def _parsed(directive: str, at: Place, lines: tuple[int, int] | None) -> Suppression | Malformed:
    form = _FORM.fullmatch(directive)
    if form is None:
        return Malformed(at, f"it names no rule in brackets; {_USAGE}")
    words = tuple(word.strip() for word in form["words"].split(","))
    if not all(words):
        return Malformed(at, f"a code or name is missing in its brackets; {_USAGE}")
    try:
        until = [datetime.strptime(day["day"], "%Y-%m-%d").date() for day in _UNTIL.finditer(form["rest"])]
    except ValueError:
        return Malformed(at, "its `until=` is no date like 2027-03-01")
    rest = _UNTIL.sub("", form["rest"]).strip()
    if rest and not rest.startswith("--"):
        return Malformed(at, f"its reason does not follow `--`; {_USAGE}")
    reason = " ".join(rest.removeprefix("--").split())
    return Suppression(at, words, reason, min(until, default=None), lines, form["file"] is not None)


def _leading(pattern: re.Pattern[str], text: str) -> list[str]:
    """The words at the start that fit; what follows them is prose, and never read as a code."""
    return list(takewhile(pattern.fullmatch, (word for word in re.split(r"[\s,]+", text) if word)))


def _is_within(finding: Finding, lines: tuple[int, int] | None) -> bool:
    return lines is not None and lines[0] <= finding.at.line <= lines[1]
