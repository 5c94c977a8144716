"""The findings that a team has accepted, so that a run speaks of new ones only.

The file holds one JSON object a line, sorted, without line numbers, times or versions: equal findings give equal bytes,
and two branches that change it seldom collide.
"""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from pathlib import Path
from typing import Annotated

import msgspec

from backend_lint.core import ConfigError, Finding, State

_SIMILAR = 0.6
_MOST_EDITED = 20  # of one rule in one definition; more is a rewrite, and comparing each with each would take long


class Entry(msgspec.Struct, frozen=True, order=True):
    """One accepted finding. Several may be equal: each stands for one finding."""

    path: str
    fingerprint: str
    code: str
    scope: str
    sketch: Annotated[str, msgspec.Meta(pattern="^([0-9a-f]{2})*$")]


class Match(msgspec.Struct, frozen=True):
    """What a baseline says of a run.

    `findings` are those of the run, in their order, the accepted ones `BASELINED`. `stale` entries match nothing.
    `entries` are the baseline without the stale ones, each where its finding stands now: what pruning leaves.
    """

    findings: tuple[Finding, ...]
    stale: tuple[Entry, ...]
    entries: tuple[Entry, ...]


def read(path: Path, name: str = "") -> tuple[Entry, ...]:
    """Raises a `ConfigError`, which calls the file `name`, where it is missing or holds anything but entries."""
    name = name or path.as_posix()
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigError(f"the baseline cannot be read: {reason}", name) from error
    return tuple(_decoded(line, name, number) for number, line in enumerate(lines, 1) if line.strip())


def write(path: Path, entries: Iterable[Entry]) -> None:
    """Replaces the file at once, or raises a `ConfigError` and leaves it."""
    beside = path.with_name(f".{path.name}.new")
    content = b"".join(msgspec.json.encode(entry) + b"\n" for entry in sorted(entries))
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        raise ConfigError(f"the baseline cannot be written: {error.strerror}", path.as_posix()) from error


def accepted(findings: Iterable[Finding]) -> tuple[Entry, ...]:
    """The baseline that accepts every finding which no comment suppresses."""
    return tuple(sorted(_entry(finding) for finding in findings if finding.state is not State.SUPPRESSED))


def match(entries: Iterable[Entry], findings: Iterable[Finding], in_scope: Callable[[str], bool]) -> Match:
    """Pair entries with active findings, one to one; whatever is ambiguous stays new.

    `in_scope` says of a path whether this run would have found what stands there: so of the files that were checked
    and of those that are gone. The entries of other paths hide only what stands where it stood, and are never stale.
    """
    everything = tuple(findings)
    old = sorted(entries)
    new = sorted(_entry(finding) for finding in everything if finding.state is State.ACTIVE)
    paired: list[Entry] = []
    elsewhere: list[Entry] = []
    for step in (_in_place, _moved, _edited):
        pairs = list(step(old, new))
        old = _without(old, (before for before, _ in pairs))
        new = _without(new, (after for _, after in pairs))
        paired += (after for _, after in pairs)
        elsewhere += (entry for entry in old if not in_scope(entry.path))
        old = [entry for entry in old if in_scope(entry.path)]
    return Match(
        findings=tuple(_baselined(everything, paired)),
        stale=tuple(old),
        entries=tuple(sorted([*paired, *elsewhere])),
    )


Pairs = Iterator[tuple[Entry, Entry]]


def _in_place(old: Sequence[Entry], new: Sequence[Entry]) -> Pairs:
    """Equal findings of one file; how many there were decides how many stay accepted."""
    for before, after in _together(old, new, lambda entry: (entry.path, entry.fingerprint)):
        yield from zip(before, after, strict=False)


def _moved(old: Sequence[Entry], new: Sequence[Entry]) -> Pairs:
    """Findings that left one file and turned up in one other, as many as they were."""
    for before, after in _together(old, new, lambda entry: entry.fingerprint):
        is_one_move = all(len({entry.path for entry in side}) == 1 for side in (before, after))
        if is_one_move and len(before) == len(after):
            yield from zip(before, after, strict=True)


def _edited(old: Sequence[Entry], new: Sequence[Entry]) -> Pairs:
    """Findings of one rule in one definition, as many as they were, that resemble just one each."""
    for before, after in _together(old, new, lambda entry: (entry.path, entry.code, entry.scope)):
        if len(before) == len(after) <= _MOST_EDITED:
            alike = [(left, right) for left in before for right in after if _is_similar(left, right)]
            lefts, rights = Counter(left for left, _ in alike), Counter(right for _, right in alike)
            yield from (pair for pair in alike if lefts[pair[0]] == rights[pair[1]] == 1)


def _is_similar(left: Entry, right: Entry) -> bool:
    """Whether two texts share most of their tokens, in order. Where there is no text, nothing speaks for it."""
    texts = bytes.fromhex(left.sketch), bytes.fromhex(right.sketch)
    return all(texts) and SequenceMatcher(None, *texts, autojunk=False).ratio() >= _SIMILAR


def _together(
    old: Sequence[Entry], new: Sequence[Entry], key: Callable[[Entry], Hashable]
) -> Iterator[tuple[list[Entry], list[Entry]]]:
    groups: defaultdict[Hashable, tuple[list[Entry], list[Entry]]] = defaultdict(lambda: ([], []))
    for entry in old:
        groups[key(entry)][0].append(entry)
    for entry in new:
        groups[key(entry)][1].append(entry)
    return (group for group in groups.values() if all(group))


def _without(entries: Iterable[Entry], taken: Iterable[Entry]) -> list[Entry]:
    """`entries` less as many of each as were `taken`."""
    return sorted((Counter(entries) - Counter(taken)).elements())


def _baselined(findings: Iterable[Finding], paired: Iterable[Entry]) -> Iterator[Finding]:
    left = Counter(paired)
    for finding in findings:
        entry = _entry(finding)
        if finding.state is State.ACTIVE and left[entry]:
            left[entry] -= 1
            yield msgspec.structs.replace(finding, state=State.BASELINED)
        else:
            yield finding


def _entry(finding: Finding) -> Entry:
    return Entry(finding.at.path, finding.fingerprint, finding.code, finding.scope, finding.sketch)


def _decoded(line: str, name: str, number: int) -> Entry:
    try:
        return msgspec.json.decode(line, type=Entry)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"not an entry of a baseline: {error}", name, number) from error
