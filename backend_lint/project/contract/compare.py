"""Two contracts side by side: which operations are the same, and which objects stand in the same place."""

from __future__ import annotations

import enum
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from backend_lint.core import Place
from backend_lint.project.contract.types import NOWHERE, Contract, Endpoint, Field, Object, Parameter

_PARAMETER = re.compile(r"\{[^}]*\}")


class Direction(str, enum.Enum):
    INPUT = "input"
    OUTPUT = "output"


@dataclass(eq=False)
class Changed:
    """Two objects that stand in the same place of the same operations, whose labels are `operations`."""

    before: Object
    after: Object
    operations: list[Endpoint] = field(default_factory=list)

    def fields(self) -> Iterator[tuple[Field | None, Field | None]]:
        """The fields of both by name; None where one has not that field."""
        for name in dict.fromkeys((*self.before.fields, *self.after.fields)):
            yield self.before.fields.get(name), self.after.fields.get(name)


@dataclass(eq=False)
class Comparison:
    """`kept` are operations of both, `gone` those of the first alone, with the one that its handler answers now.

    `objects` are those that differ in anything, by direction.
    """

    before: Contract
    after: Contract
    kept: list[tuple[Endpoint, Endpoint]]
    gone: list[tuple[Endpoint, Endpoint | None]]
    objects: dict[Direction, list[Changed]]


def compared(before: Contract, after: Contract) -> Comparison:
    found = {_key(each): each for each in after.operations.values()}
    known = {_key(each) for each in before.operations.values()}
    any_method = {_shape(each.path) for each in found.values() if each.method == "*"}
    kept, gone = [], []
    new = [each for each in found.values() if _key(each) not in known]
    handlers = Counter(each.handler for each in before.operations.values())
    for old in before.operations.values():
        same = found.get(_key(old))
        if same is not None:
            kept.append((old, same))
        elif _shape(old.path) not in any_method:
            gone.append((old, _successor(old, new, handlers)))
    return Comparison(before, after, kept, gone, {each: _objects(before, after, kept, each) for each in Direction})


def parameters(old: Endpoint, new: Endpoint) -> Iterator[tuple[Parameter | None, Parameter | None]]:
    """What both take, in pairs. The name of a body alone is not on the wire."""
    olds, news = ({(each.where, each.name): each for each in one.parameters} for one in (old, new))
    bodies = [[each for each in one.parameters if each.where == "body"] for one in (old, new)]
    if all(len(each) == 1 for each in bodies):
        yield bodies[0][0], bodies[1][0]
        for one in (olds, news):
            for key in [key for key in one if key[0] == "body"]:
                del one[key]
    for key in dict.fromkeys((*olds, *news)):
        yield olds.get(key), news.get(key)


def place(item: Field | Object, around: Endpoint | Object) -> Place:
    """Where an item stands, or what it belongs to where that is not known."""
    return around.at if item.at == NOWHERE else item.at


def _shape(path: str) -> str:
    return _PARAMETER.sub("{}", path).rstrip("/") or "/"


def _key(operation: Endpoint) -> tuple[str, str]:
    return operation.method, _shape(operation.path)


def _successor(old: Endpoint, new: list[Endpoint], handlers: Counter[str]) -> Endpoint | None:
    """A new operation that the same handler answers; of a view that answers several, one of the same kind."""
    same = [each for each in new if old.handler and each.handler == old.handler]
    like = [each for each in same if each.method == old.method and _is_of_one(each) == _is_of_one(old)]
    if like or same:
        return next(iter(like or (same if handlers[old.handler] == 1 else ())), None)
    name = _own_name(old)
    moved = [each for each in new if name and each.method == old.method and _own_name(each) == name]
    namesakes = sum(count for each, count in handlers.items() if each.endswith(f".{name}"))
    return moved[0] if len(moved) == namesakes == 1 else None


def _own_name(operation: Endpoint) -> str:
    """The name of a handler without its module's, where it has both."""
    return operation.handler.rpartition(".")[2] if "." in operation.handler else ""


def _is_of_one(operation: Endpoint) -> bool:
    return operation.path.rstrip("/").endswith("}")


def _objects(
    before: Contract, after: Contract, kept: list[tuple[Endpoint, Endpoint]], direction: Direction
) -> list[Changed]:
    found: dict[tuple[str, str], Changed] = {}
    for old, new in kept:
        seen: set[tuple[str, str]] = set()
        pending = [_named(*pair) for pair in _roots(old, new, direction)]
        while pending:
            pair = pending.pop()
            if pair is None or pair in seen:
                continue
            seen.add(pair)
            first, second = before.objects.get(pair[0]), after.objects.get(pair[1])
            if first is None or second is None:
                continue
            found.setdefault(pair, Changed(first, second)).operations.append(new)
            for one, other in Changed(first, second).fields():
                if one is not None and other is not None and _is_seen(one, direction) and _is_seen(other, direction):
                    pending.append(_named(one, other))
    return [each for _, each in sorted(found.items()) if _differ(each)]


def _roots(old: Endpoint, new: Endpoint, direction: Direction) -> Iterator[tuple[Field | None, Field | None]]:
    if direction is Direction.OUTPUT:
        yield old.response, new.response
    else:
        yield from parameters(old, new)


def _named(one: Field | None, other: Field | None) -> tuple[str, str] | None:
    if one is None or other is None or one.schema is None or other.schema is None or one.many != other.many:
        return None
    return one.schema, other.schema


def _is_seen(each: Field, direction: Direction) -> bool:
    return not (each.write_only if direction is Direction.OUTPUT else each.read_only)


def _differ(pair: Changed) -> bool:
    return any(one is None or other is None or _bare(one) != _bare(other) for one, other in pair.fields())


def _bare(each: Field) -> tuple[object, ...]:
    return tuple(getattr(each, name) for name in each.__struct_fields__ if name not in ("at", "schema"))
