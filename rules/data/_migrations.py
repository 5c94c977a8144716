"""What the rules on migrations have in common: their order, and which of them can still be changed."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

import msgspec

from backend_lint.api import Migration, Operation, Project, Role

ROLES = frozenset({Role.APP, Role.MIGRATION})


class MigrationOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of each history only the newest migrations are reported on: what has run everywhere cannot be mended any more."""

    recent: int = 5


def histories(project: Project) -> list[list[Migration]]:
    """The migrations that make one history: those of one folder."""
    found: defaultdict[tuple[str, str], list[Migration]] = defaultdict(list)
    for migration in project.migrations:
        found[migration.tool, migration.module.path.rpartition("/")[0]].append(migration)
    return list(found.values())


def ordered(history: Iterable[Migration]) -> list[Migration]:
    """A history with each migration after those that it builds on."""
    by_revision = {each.revision: each for each in history}
    waiting = {name: sum(down in by_revision for down in each.down) for name, each in by_revision.items()}
    above: defaultdict[str, list[str]] = defaultdict(list)
    for name, each in by_revision.items():
        for down in each.down:
            above[down].append(name)
    ready = deque(sorted(name for name, count in waiting.items() if count == 0))
    found: list[Migration] = []
    while ready:
        name = ready.popleft()
        found.append(by_revision[name])
        for next_ in above[name]:
            waiting[next_] -= 1
            if waiting[next_] == 0:
                ready.append(next_)
    return found


def leaves(history: list[Migration]) -> list[Migration]:
    """The migrations that no other of the same history builds on, and that no other stands for."""
    replaced = {name for each in history for name in each.replaces}
    kept = [each for each in history if each.revision not in replaced]
    below = {down for each in kept for down in each.down}
    return [each for each in kept if below.isdisjoint((each.revision, *each.replaces))]


def recent(project: Project, most: int) -> list[Migration]:
    """The newest of each history: its leaves, and what is fewer than `most` steps below them."""
    found: list[Migration] = []
    for history in histories(project):
        by_revision = {each.revision: each for each in history}
        level = leaves(history)
        seen = {each.revision for each in level}
        for _ in range(most):
            found.extend(level)
            names = {down for each in level for down in each.down} - seen
            seen |= names
            level = [by_revision[name] for name in sorted(names) if name in by_revision]
    return found


def upgrades(migration: Migration) -> list[Operation]:
    return [each for each in migration.operations if each.is_upgrade and not each.is_state_only]


def created(operations: Iterable[Operation]) -> set[str]:
    """The tables that are new, and so empty."""
    return {each.table for each in operations if each.kind == "create_table" and each.table is not None}
