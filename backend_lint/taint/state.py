"""The state of one run through a function: variables, objects, and what is known of paths like `self.name`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from backend_lint.taint.domain import NOTHING, UNKNOWN, Constant, Reference, Value, forget, join, join_all, joined_maps
from backend_lint.taint.labels import Labels, union

MOST_ENTRIES = 64
MOST_ALTERNATIVES = 4
PathKey = tuple[str, ...]


class Object:
    """A mutable thing at the place where it was made. `kind` is `list`, `tuple`, `set`, `dict`, `instance` or `buffer`.

    `items` are the elements of a sequence while their number is known, `entries` those of a mapping by constant key:
    all that can be found under it. `rest` is what other keys may hold, `keys` the unknown keys. `fields` are
    attributes. Objects are replaced, never changed.
    """

    __slots__ = ("_held", "cls", "entries", "fields", "is_exact", "items", "keys", "kind", "rest")

    def __init__(
        self,
        kind: str,
        cls: str | None = None,
        items: tuple[Value, ...] | None = None,
        entries: dict[Any, Value] | None = None,
        rest: Value = NOTHING,
        keys: Value = NOTHING,
        fields: dict[str, Value] | None = None,
        is_exact: bool = True,
    ) -> None:
        self.kind = kind
        self.cls = cls
        self.items = items
        self.entries = entries if entries is not None else _EMPTY
        self.rest = rest
        self.keys = keys
        self.fields = fields if fields is not None else _EMPTY
        self.is_exact = is_exact
        self._held: tuple[Labels, tuple[Reference, ...]] | None = None

    def replaced(self, **changes: Any) -> Object:
        parts: dict[str, Any] = {
            "kind": self.kind,
            "cls": self.cls,
            "items": self.items,
            "entries": self.entries,
            "rest": self.rest,
            "keys": self.keys,
            "fields": self.fields,
            "is_exact": self.is_exact,
        }
        parts.update(changes)
        return Object(**parts)

    def with_field(self, name: str, value: Value) -> Object:
        return self.replaced(fields={**self.fields, name: value})

    def with_entry(self, key: Constant, value: Value) -> Object:
        entries = {**self.entries, entry_key(key): value}
        if len(entries) > MOST_ENTRIES:
            return self.replaced(
                entries=None, rest=join(self.rest, join_all(entries.values())), is_exact=False, keys=UNKNOWN
            )
        return self.replaced(entries=entries)

    def with_unknown(self, value: Value, key: Value = NOTHING) -> Object:
        """After `value` was stored under a key that nobody knows: it may be any of those that are known."""
        entries = {known: join(old, value) for known, old in self.entries.items()}
        rest, keys = join(self.rest, value), join(self.keys, key)
        return self.replaced(entries=entries, rest=rest, keys=keys, is_exact=False)

    def elements(self) -> Value:
        """What iterating over the values can give."""
        found = self.rest
        for value in self.items or ():
            found = join(found, value)
        for value in self.entries.values():
            found = join(found, value)
        return found

    def values(self) -> Iterator[Value]:
        yield from self.items or ()
        yield from self.entries.values()
        yield from self.fields.values()
        yield self.rest
        yield self.keys

    @property
    def held(self) -> tuple[Labels, tuple[Reference, ...]]:
        """The labels of what it holds, and the objects."""
        found = self._held
        if found is None:
            labels: Labels = ()
            references: list[Reference] = []
            for value in self.values():
                if value is not NOTHING and value is not UNKNOWN:
                    labels = union(labels, value.all_labels())
                    references += value.references
            found = self._held = labels, tuple(dict.fromkeys(references))
        return found

    def loosened(self) -> Object:
        """The same things, in an order and a number that nobody knows."""
        if self.items is None and not self.is_exact:
            return self
        if self.items is not None:
            return self.replaced(items=None, rest=join(self.rest, join_all(self.items)), is_exact=False)
        return self.replaced(is_exact=False)

    def joined(self, other: Object) -> Object:
        if self is other:
            return self
        if self.kind != other.kind:
            first, second = self.loosened(), other.loosened()
            fields = {**first.fields, **second.fields}
            return Object(
                "instance", None, None, {**first.entries, **second.entries}, join(first.rest, second.rest),
                join(first.keys, second.keys), fields, False,
            )  # fmt: skip
        items, rest = self.items, join(self.rest, other.rest)
        if self.items is not None and other.items is not None and len(self.items) == len(other.items):
            items = tuple(map(join, self.items, other.items))
            if all(new is old for new, old in zip(items, self.items, strict=True)):
                items = self.items
        elif self.items is not None or other.items is not None:
            items = None
            rest = join(rest, join_all((*(self.items or ()), *(other.items or ()))))
        entries = joined_maps(self._spread(other), other._spread(self))
        fields = joined_maps(self.fields, other.fields)
        exact = self.is_exact and other.is_exact and (items is not None or self.items is None)
        if self.entries.keys() != other.entries.keys():
            exact = False
        keys = join(self.keys, other.keys)
        cls = self.cls if self.cls == other.cls else None
        if (
            items is self.items
            and rest is self.rest
            and entries is self.entries
            and fields is self.fields
            and keys is self.keys
            and exact == self.is_exact
            and cls == self.cls
        ):
            return self
        return Object(self.kind, cls, items, entries, rest, keys, fields, exact)

    def _spread(self, other: Object) -> dict[Any, Value]:
        """The entries, and under the keys that only another object names, what may be there."""
        if self.rest is NOTHING or self.entries.keys() >= other.entries.keys():
            return self.entries
        return {key: self.rest for key in other.entries if key not in self.entries} | self.entries

    def forgotten(self) -> Object:
        loose = self.loosened()
        return Object(
            loose.kind,
            loose.cls,
            None,
            {key: forget(value) for key, value in loose.entries.items()},
            forget(loose.rest),
            forget(loose.keys),
            {name: forget(value) for name, value in loose.fields.items()},
            False,
        )


def entry_key(key: Constant) -> Any:
    """A key under which `1` and `True` are two."""
    return (type(key).__name__, key)


_EMPTY: dict[Any, Value] = {}


class State:
    """`paths` hold what is known of a path beyond its root's value.

    With what was assigned to a path goes what would be read without that; with what a guard said of it, None.
    `flags` are variables that say by which of several ways this state was reached, with what was known on each.
    """

    __slots__ = ("env", "flags", "heap", "paths")

    def __init__(
        self,
        env: dict[str, Value] | None = None,
        heap: dict[Reference, Object] | None = None,
        paths: dict[PathKey, tuple[Value, Value | None]] | None = None,
    ) -> None:
        self.env = {} if env is None else env
        self.heap = {} if heap is None else heap
        self.paths = {} if paths is None else paths
        self.flags: Flags = _NO_FLAGS  # never changed in place

    def copy(self) -> State:
        made = State(self.env.copy(), self.heap.copy(), self.paths.copy() if self.paths else {})
        made.flags = self.flags
        return made

    def bind(self, name: str, value: Value) -> None:
        self.env[name] = value
        if name in self.flags:
            self.flags = {flag: ways for flag, ways in self.flags.items() if flag != name}
        if self.paths:
            self.forget_paths(name)

    def forget_paths(self, root: str) -> None:
        for key in [key for key in self.paths if key[0] == root]:
            del self.paths[key]

    def learned(self, name: str, old: Value, new: Value) -> None:
        """A variable is no more all that it was: only what was known on the ways that remain is left."""
        ways = self.flags.get(name, ())
        gone = [each for each in old.consts if each not in new.consts]
        remaining = [
            way for way in ways if not (way.flag.is_constant and all(each in gone for each in way.flag.consts))
        ]
        if len(remaining) == len(ways) or not remaining:
            return
        for other, (merged, _) in remaining[0].known.items():
            if self.env.get(other) is merged and all(other in way.known for way in remaining):
                self.env[other] = join_all(way.known[other][1] for way in remaining)
        self.flags = {flag: known for flag, known in self.flags.items() if flag != name}

    def since(self, before: State) -> State:
        """What is not as it was before; paths are all there, since joining asks what is missing of them."""
        env, heap = before.env, before.heap
        return State(
            {name: value for name, value in self.env.items() if env.get(name) is not value},
            {where: obj for where, obj in self.heap.items() if heap.get(where) is not obj},
            self.paths,
        )

    def joined(self, other: State) -> State:
        """Both; `self` where the other adds nothing."""
        env = _tied(joined_maps(self.env, other.env), self.env, other.env)
        heap: dict[Reference, Object] | None = None
        if self.heap != other.heap:  # objects are equal where they are the same: this loop, without being run
            for where, obj in other.heap.items():
                known = self.heap.get(where)
                if known is obj:
                    continue
                merged = obj if known is None else known.joined(obj)
                if merged is not known:
                    heap = self.heap.copy() if heap is None else heap
                    heap[where] = merged
        paths = self.paths
        if self.paths or other.paths:
            paths = {}
            for key in (*self.paths, *(each for each in other.paths if each not in self.paths)):
                first, second = self.paths.get(key), other.paths.get(key)
                if first is not None and second is not None:
                    paths[key] = (join(first[0], second[0]), first[1] if first[1] is not None else second[1])
                    continue
                value, base = first or second  # type: ignore[misc]
                if base is not None:
                    paths[key] = (join(value, base) if first is not None else join(base, value), base)
            if paths.keys() == self.paths.keys() and all(paths[key][0] is self.paths[key][0] for key in paths):
                paths = self.paths
        if env is self.env and heap is None and paths is self.paths:
            return self
        return State(env.copy() if env is self.env else env, heap or self.heap.copy(), dict(paths))

    def widened(self, before: State) -> State:
        """`before`, and what has changed since with constants, texts and lengths forgotten; itself if nothing has."""
        changed = self.since(before)
        env = {name: forget(value) for name, value in changed.env.items()}
        heap = {where: obj.forgotten() for where, obj in changed.heap.items()}
        paths = {key: (forget(value), base) for key, (value, base) in self.paths.items()}
        return before.joined(State(env, heap, paths))

    def deep_labels(self, value: Value, heap: dict[Reference, Object], depth: int = 4) -> Labels:
        """The labels of the value and of all that can be reached from it."""
        found = value.all_labels()
        reached: set[Reference] = set()
        nearest: Iterable[Reference] = value.references
        for _ in range(depth):
            farther: list[Reference] = []
            for where in nearest:
                if where in reached:
                    continue
                reached.add(where)
                obj = self.heap.get(where) or heap.get(where)
                if obj is not None:
                    labels, references = obj.held
                    found = union(found, labels)
                    farther += references
            if not farther:
                break
            nearest = farther
        return found


def _tied(merged: dict[str, Value], first: dict[str, Value], second: dict[str, Value]) -> dict[str, Value]:
    """Joined variables, where one was computed from another in the same way in both: it is so still."""
    if merged is first:
        return merged
    for name, value in merged.items():
        one, other = first.get(name), second.get(name)
        if value.derived is not None or one is None or other is None or one.derived is None or other.derived is None:
            continue
        if one.derived.how != other.derived.how or one.derived.detail != other.derived.detail:
            continue
        for source, known in merged.items():
            if first.get(source) is one.derived.source and second.get(source) is other.derived.source:
                merged[name] = value.derived_from(one.derived.how, known, one.derived.detail)
                break
    return merged


class Way(NamedTuple):
    """One way to a state: the value of a flag on it, and by variable what all ways know and what this one does."""

    flag: Value
    known: dict[str, tuple[Value, Value]]


Flags = dict[str, tuple[Way, ...]]
_NO_FLAGS: Flags = {}


def merge(first: State | None, second: State | None) -> State | None:
    """Join of states, either of which may be unreachable."""
    if first is None:
        return second
    if second is None or first is second:
        return first
    merged = first.joined(second)
    if merged is not first:
        merged.flags = _flags(first, second, merged)
    return merged


def _flags(first: State, second: State, merged: State) -> Flags:
    """The variables whose constants tell the one state from the other."""
    differing = [name for name, value in first.env.items() if second.env.get(name, value) is not value]
    flags = [name for name in differing if _are_apart(first.env[name], second.env[name])]
    carried = [name for name in differing if merged.env[name].all_labels()] if flags else []
    if not carried:
        return _NO_FLAGS
    found: Flags = {}
    for flag in flags:
        ways = (*_ways(first, merged, flag, carried), *_ways(second, merged, flag, carried))
        if len(ways) <= MOST_ALTERNATIVES:
            found[flag] = ways
    return found


def _ways(state: State, merged: State, flag: str, carried: list[str]) -> list[Way]:
    """The ways that led to one of two states that are joined."""
    ways = state.flags.get(flag) or (Way(state.env[flag], {}),)
    found = []
    for way in ways:
        known = {}
        for name in carried:
            value, own = state.env[name], way.known.get(name)
            known[name] = (merged.env[name], own[1] if own is not None and own[0] is value else value)
        found.append(Way(way.flag, known))
    return found


def _are_apart(first: Value, second: Value) -> bool:
    """Whether one of two values is constants that the other cannot be, or is not known to be."""
    if first.is_constant and second.is_constant:
        return not any(each in second.consts for each in first.consts)
    constant, other = (first, second) if first.is_constant else (second, first)
    return constant.is_constant and constant.consts == (None,) and None not in other.consts
