"""Labels: who can decide what a value holds, and what is known not to be in it any more."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import NamedTuple

from backend_lint.core import Place

MOST_LABELS = 8
MOST_STEPS = 24

# Facts that are no substring: no string of a program begins with NUL and a word.
ANY = "\0any"  # nothing at all can be broken out of: the text is one of few, or of word characters only
NORMALISED = "\0normalised"  # an absolute path without `..`
RELATIVE = "\0relative"  # does not begin with a slash
ORIGIN = "\0origin"  # scheme and host are fixed
PLAIN = "\0plain"  # does not begin with a dash
BELOW = "\0below"  # begins with a directory of ours, as far as the text says
NO_PARENT = "\0no parent"  # no part of it, between slashes, is `..`
FILLED = "\0filled"  # is not empty
TEXT = "\0text"  # a str, never a dict or list
READ = "\0read"  # what stood in a file, never the open file

META = frozenset("'\"`<>&/\\:;|$(){}[]*?!#%=+,~^@ \t\n\r\0-.") | {"..", "../", "..\\", "//", "://", "{{", "{%"}
NAME = frozenset({"/", "\\", "../", "//", RELATIVE})  # the last part of a path
WORD = frozenset(META | {ANY, NO_PARENT, RELATIVE, NORMALISED, ORIGIN, PLAIN, TEXT})


class Source(NamedTuple):
    """Where a client's data enters. `what` is `query`, `form`, `json`, `header`, `cookie`, `path`, `file`, …."""

    what: str
    note: str
    at: Place


class Input(NamedTuple):
    """What a function is given: its parameter, or a free variable of that name, and the path below it."""

    name: str
    path: tuple[str, ...] = ()


class Kept(NamedTuple):
    """A variable of a module or a class, and the path below it: what functions put there is known when all have run."""

    name: str
    path: tuple[str, ...] = ()


Origin = Source | Input | Kept


class Hop(NamedTuple):
    """One step of the way, the way before it, and the way that led on inside what was called there.

    `length` is how many steps it all has, `calls` how many of them lead into a function or back; `hop` makes one.
    """

    before: Hop | None
    at: Place
    note: str
    inside: Hop | None
    length: int
    calls: int

    def steps(self, most: int = MOST_STEPS) -> list[tuple[Place, str]]:
        """The way from its beginning; a long one loses its middle."""
        found: list[tuple[Place, str]] = []
        pending: list[Hop] = [self]
        while pending and len(found) < 4 * most:
            hop = pending.pop()
            if hop.inside is not None:
                pending.append(hop._replace(inside=None))
                pending.append(hop.inside)
                continue
            if not found or found[-1][0] != hop.at:
                found.append((hop.at, hop.note))
            if hop.before is not None:
                pending.append(hop.before)
        found.reverse()
        return found if len(found) <= most else [*found[: most // 2], *found[-(most // 2) :]]


def hop(before: Hop | None, at: Place, note: str, inside: Hop | None = None, *, is_call: bool = False) -> Hop:
    length, calls = 1, int(is_call)
    for part in (before, inside):
        if part is not None:
            length += part.length
            calls += part.calls
    return Hop(before, at, note, inside, length, calls)


class Label(NamedTuple):
    """One origin whose data may be in a value.

    `cleaned` are the kinds of sink that it can do no harm to; `absent` the substrings that are proved not to be in
    what it contributes. `assumed` counts what was taken on trust on the way. `kept` says what of earlier facts still
    holds: 0 all, 1 those of single characters, 2 none.
    """

    origin: Origin
    cleaned: frozenset[str] = frozenset()
    absent: frozenset[str] = frozenset()
    way: Hop | None = None
    assumed: int = 0
    kept: int = 0

    def without(self, absent: frozenset[str], cleaned: frozenset[str] = frozenset()) -> Label:
        if absent <= self.absent and cleaned <= self.cleaned:
            return self
        return Label(self.origin, self.cleaned | cleaned, self.absent | absent, self.way, self.assumed, self.kept)

    def through(self, at: Place, note: str, *, is_call: bool = False) -> Label:
        way = self.way
        if way is not None and way.at == at:
            return self
        way = hop(way, at, note, is_call=is_call)
        return Label(self.origin, self.cleaned, self.absent, way, self.assumed, self.kept)

    def losing(self, facts: frozenset[str]) -> Label:
        """The same, with these facts known no more."""
        return self._with(self.absent - facts, self.kept) if facts & self.absent else self

    def scattered(self) -> Label:
        """As after cutting and putting together again: only what is known of single characters stays."""
        if not self.absent:
            return self if self.kept else self._with(self.absent, 1)
        absent = _singles(self.absent)
        if absent == self.absent and self.kept:
            return self
        return self._with(absent, max(self.kept, 1))

    def renewed(self) -> Label:
        """As after decoding: what was known of the text is known no more."""
        return self._with(frozenset(), 2)

    def after(self, first: Label, way: Hop | None) -> Label:
        """This label's changes, made to `first`, which came by `way`."""
        if self.kept == 1:
            first = first.scattered()
        elif self.kept == 2:
            first = first.renewed()
        return Label(
            first.origin,
            first.cleaned | self.cleaned if self.cleaned else first.cleaned,
            first.absent | self.absent if self.absent else first.absent,
            way,
            first.assumed + self.assumed,
            first.kept,
        )

    def of(self, origin: Origin) -> Label:
        """The same, of another origin."""
        return Label(origin, self.cleaned, self.absent, self.way, self.assumed, self.kept)

    def assuming(self, more: int) -> Label:
        """The same, with more taken on trust."""
        return Label(self.origin, self.cleaned, self.absent, self.way, self.assumed + more, self.kept) if more else self

    def _with(self, absent: frozenset[str], kept: int) -> Label:
        return Label(self.origin, self.cleaned, absent, self.way, self.assumed, kept)


@functools.lru_cache(maxsize=1024)
def _singles(absent: frozenset[str]) -> frozenset[str]:
    """What of it is known of single characters."""
    found = frozenset(each for each in absent if len(each) == 1)
    return found | WORD if ANY in absent and found >= _SINGLE else found


Labels = tuple[Label, ...]
_SINGLE = frozenset(each for each in META if len(each) == 1)


def union(first: Labels, second: Labels) -> Labels:
    """All origins of both; `first` itself where the second adds nothing."""
    if not second or first is second:
        return first
    if not first:
        return second
    merged: list[Label] | None = None
    for label in second:
        origin = label.origin
        for index, known in enumerate(first if merged is None else merged):
            if known is label:
                break
            if known.origin is origin or known.origin == origin:
                either = _either(known, label)
                if either is not known:
                    merged = list(first) if merged is None else merged
                    merged[index] = either
                break
        else:
            merged = list(first) if merged is None else merged
            merged.append(label)
    if merged is None:
        return first
    if len(merged) == len(second) and {*map(id, merged)} == {*map(id, second)}:
        return second  # the very same, so that what was computed from it is still known to be
    return capped(merged)


def _either(known: Label, label: Label) -> Label:
    """What holds of both labels of one origin; `known` itself where the other weakens nothing."""
    if known.cleaned <= label.cleaned and known.absent <= label.absent and known.kept >= label.kept:
        return known
    if (
        (label.way is not None or known.way is None)
        and label.cleaned <= known.cleaned
        and label.absent <= known.absent
        and label.kept >= known.kept
    ):
        return label
    return Label(
        known.origin,
        known.cleaned & label.cleaned,
        known.absent & label.absent,
        known.way if known.way is not None else label.way,
        min(known.assumed, label.assumed),
        max(known.kept, label.kept),
    )


def capped(labels: Iterable[Label]) -> Labels:
    """Of too many the first ones; the last of them takes over what the others may hold."""
    found = tuple(labels)
    if len(found) <= MOST_LABELS:
        return found
    kept, rest = list(found[: MOST_LABELS - 1]), found[MOST_LABELS - 1 :]
    last = rest[0]
    for label in rest[1:]:
        last = Label(
            last.origin, last.cleaned & label.cleaned, last.absent & label.absent, last.way, last.assumed, last.kept
        )
    return (*kept, last)
