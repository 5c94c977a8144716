"""Fixes applied pass by pass, until a pass finds none to apply."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

import msgspec

from backend_lint.core import Edit, Finding, Fix, Safety, State
from backend_lint.fix.edits import collide, edited, is_sound

_MOST_PASSES = 100

NO_FIX = "no fix is known"
UNSAFE = "its fix may change what the code does; `--unsafe-fixes` applies it"
DISPLAY = "its fix is a proposal for a person to judge"
OUT_OF_REACH = "its fix would change a file that is left alone"
UNSOUND = "its fix does not fit the file"
BREAKS = "its fix would leave a file that does not parse"
UNSETTLED = "its fix leads to another fix without end"


class Left(msgspec.Struct, frozen=True):
    """A finding that is still there. `why` is a clause."""

    finding: Finding
    why: str


class Outcome(msgspec.Struct, frozen=True):
    """`texts` are the new texts of the files that change. `applied` are findings as they stood when they were fixed."""

    texts: dict[str, str]
    applied: tuple[Finding, ...]
    left: tuple[Left, ...]


class Workshop(msgspec.Struct, frozen=True):
    """What the caller knows to do with a text.

    `read` gives a file's text, or None for a file that must not change; it is asked often. `parses` says whether the
    file of a path can hold a text: whether it is Python, in characters of the file's encoding. `relint` finds what
    there is in the whole project when some files have new texts. `allowed` are the kinds of fixes to apply.
    """

    read: Callable[[str], str | None]
    parses: Callable[[str, str], bool]
    relint: Callable[[Mapping[str, str]], Sequence[Finding]]
    allowed: frozenset[Safety]


def settled(findings: Sequence[Finding], workshop: Workshop) -> Outcome:
    """Apply what fixes of active findings there are; a second run over the result changes nothing.

    Of fixes that collide, one is applied a pass, the first in report order. Rules whose fixes undo each other or never
    end are left out, and everything begins anew without them.
    """
    barred: set[str] = set()
    while isinstance(outcome := _attempt(findings, workshop, barred), set):
        barred |= outcome
    return outcome


def _attempt(findings: Sequence[Finding], workshop: Workshop, barred: Collection[str]) -> Outcome | set[str]:
    """The outcome without the fixes of the `barred` rules, or the rules whose fixes kept it from settling."""
    states: list[dict[str, str]] = [{}]
    passes: list[list[Finding]] = []
    while len(passes) < _MOST_PASSES:
        current = _Pass(workshop, states[-1], barred)
        chosen = current.choose(findings)
        if not chosen:
            return Outcome(states[-1], tuple(itertools.chain(*passes)), current.left(findings))
        passes.append(chosen)
        after = current.texts_with(chosen)
        if after in states:
            return {finding.code for finding in itertools.chain(*passes[states.index(after) :])}
        states.append(after)
        findings = workshop.relint(after)
    return {finding.code for finding in passes[-1]}


class _Pass:
    """Which fixes can be applied to the texts as they are now."""

    def __init__(self, workshop: Workshop, texts: Mapping[str, str], barred: Collection[str]) -> None:
        self.workshop, self.texts, self.barred = workshop, texts, barred
        self.breaking: set[Fix] = set()

    def choose(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings whose fixes are applied now; none of them breaks a file, alone or with the others."""
        while True:
            chosen = self._agreeing(findings)
            if self._parse(chosen):
                return chosen
            culprits = {finding.fix for finding in chosen if finding.fix and not self._parse([finding])}
            if not culprits:
                return self._first_of(chosen)
            self.breaking |= culprits

    def left(self, findings: Iterable[Finding]) -> tuple[Left, ...]:
        return tuple(Left(finding, why) for finding in _in_order(findings) if (why := self._objection(finding)))

    def texts_with(self, chosen: Iterable[Finding]) -> dict[str, str]:
        """The texts that then differ from the files."""
        edits = _by_path(chosen)
        changed = {path: edited(self._text(path) or "", those) for path, those in edits.items()}
        return {path: text for path, text in {**self.texts, **changed}.items() if text != self.workshop.read(path)}

    def _agreeing(self, findings: Iterable[Finding]) -> list[Finding]:
        chosen: list[Finding] = []
        taken: defaultdict[str, list[Edit]] = defaultdict(list)
        for finding in _in_order(findings):
            if self._objection(finding) or finding.fix is None:
                continue
            if not any(collide(edit, other) for edit in finding.fix.edits for other in taken[edit.path]):
                chosen.append(finding)
                for edit in finding.fix.edits:
                    taken[edit.path].append(edit)
        return chosen

    def _first_of(self, chosen: list[Finding]) -> list[Finding]:
        """As many as a few halvings leave that break nothing together, though each alone breaks nothing."""
        while not self._parse(chosen):
            chosen = chosen[: len(chosen) // 2]
        return chosen

    def _objection(self, finding: Finding) -> str:
        """Why the finding's fix cannot be applied, or nothing."""
        fix = finding.fix
        if fix is None:
            return NO_FIX
        if fix.safety is Safety.DISPLAY:
            return _because(DISPLAY, fix)
        if fix.safety not in self.workshop.allowed:
            return _because(UNSAFE, fix)
        if finding.code in self.barred:
            return UNSETTLED
        for path, edits in _by_path([finding]).items():
            text = self._text(path)
            if text is None:
                return OUT_OF_REACH
            if not is_sound(edits, len(text)):
                return UNSOUND
        return BREAKS if fix in self.breaking else ""

    def _parse(self, chosen: Sequence[Finding]) -> bool:
        touched = _by_path(chosen)
        after = {path: edited(self._text(path) or "", edits) for path, edits in touched.items()}
        return all(self.workshop.parses(path, text) for path, text in after.items())

    def _text(self, path: str) -> str | None:
        return self.texts[path] if path in self.texts else self.workshop.read(path)


def _because(objection: str, fix: Fix) -> str:
    return f"{objection} ({fix.why.rstrip('.')})" if fix.why else objection


def _in_order(findings: Iterable[Finding]) -> list[Finding]:
    active = (finding for finding in findings if finding.state is State.ACTIVE)
    return sorted(active, key=lambda finding: finding.sort_key)


def _by_path(findings: Iterable[Finding]) -> dict[str, list[Edit]]:
    edits: defaultdict[str, list[Edit]] = defaultdict(list)
    for finding in findings:
        for edit in finding.fix.edits if finding.fix else ():
            edits[edit.path].append(edit)
    return edits
