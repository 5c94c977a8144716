"""What outlives a call: variables of modules and classes that functions change, and who reads them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Class, Function
from backend_lint.taint import contexts
from backend_lint.taint.domain import (
    NOTHING,
    ClassValue,
    FunctionValue,
    Reference,
    Symbol,
    Value,
    callable_value,
    join,
)
from backend_lint.taint.frame import Exposure, Exposures, Frame, gather
from backend_lint.taint.labels import Kept, Label, Labels, Source, hop, union

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

MUTATORS = frozenset({
    "append", "add", "extend", "insert", "update", "setdefault", "pop", "popitem", "remove", "discard", "clear",
    "appendleft", "push", "sort", "reverse", "put", "put_nowait",
})  # fmt: skip
_ROUNDS = 3
Path = tuple[str, ...]


class KeptValues:
    """`names` tell which variable an object of the heap is the value of."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.names: dict[Reference, str] = {}
        self._changed: frozenset[str] | None = None
        self._held: dict[str, dict[Path, Labels]] = {}
        self._exposures: Exposures = {}

    @property
    def changed(self) -> frozenset[str]:
        """The qualified names of variables, of modules and of classes, that functions change."""
        if self._changed is None:
            found: set[str] = set()
            for function in self.engine.project.functions(Role.APP):
                found.update(self._changed_by(function))
            self._changed = frozenset(found)
        return self._changed

    def is_filled_by(self, function: Function) -> bool:
        """Whether a function puts something into a variable of the project's modules or classes, or a context."""
        names = self.engine.project.names
        contexts = self.engine.models.contexts
        return any(
            names.split(each)[0] is not None or each.rpartition(".")[0] in contexts
            for each in self._changed_by(function)
        )

    def _changed_by(self, function: Function) -> Iterator[str]:
        for stmt in function.statements:
            match stmt:
                case ir.Declare(names=names):
                    yield from (f"{function.module.name}.{name}" for name in names)
                case ir.Assign(targets=targets):
                    for target in targets:
                        yield from self._written(function, target)
                case ir.Augment(target=target):
                    yield from self._written(function, target)
                case ir.Evaluate(value=ir.Call(func=ir.Attribute(name=method, value=owner))) if method in MUTATORS:
                    yield from self._named(function, owner)

    def _written(self, function: Function, target: Expr) -> Iterator[str]:
        match target:
            case ir.Subscript(value=owner):
                yield from self._named(function, owner)
            case ir.Attribute(value=owner):
                yield from self._named(function, target)
                yield from self._named(function, owner)

    def _named(self, function: Function, expr: Expr) -> Iterator[str]:
        head, _, rest = (ir.dotted(expr) or "").partition(".")
        if not head:
            return
        if function.cls is not None and rest and function.parameters and head == function.parameters[0].name:
            if function.is_classmethod:
                yield f"{function.cls.qualified}.{rest}"
            return
        qualified = self.engine.resolve(head, function)
        if qualified is not None:
            yield self.engine.project.names.canonical(f"{qualified}.{rest}" if rest else qualified)

    def context(self, owner: Value) -> str | None:
        """The context that a value is: an object of one request, or one client, into which code puts things."""
        models = self.engine.models.contexts
        names = [each.name for each in owner.callables if type(each) is Symbol and each.receiver is None]
        if owner.type is not None:
            names += [owner.type, *self.engine.lineage(owner.type)]
        return next((models[name] for name in names if name in models), None)

    def _is_context(self, name: str) -> bool:
        return name in self.engine.models.contexts.values()

    def handed_on(self, owner: Value, part: str) -> Labels:
        """The label of what some function has put into a context under a name, or a key."""
        if part not in self._parts:
            return ()
        name = self.context(owner)
        return (Label(Kept(name, (part,))),) if name is not None else ()

    def hand_on(self, frame: Frame, owner: Value, part: str, value: Value) -> None:
        """A context holds a value from here on; of an object of ours what its own attributes hold is not told."""
        name = self.context(owner)
        if name is not None and not any(obj.kind == "instance" for _, obj in frame.objects(value)):
            frame.keep(name, (part,), value)

    @functools.cached_property
    def _parts(self) -> frozenset[str]:
        """The attributes, and the keys, that functions assign to."""
        found: set[str] = set()
        for function in self.engine.project.functions(Role.APP):
            for stmt in function.statements:
                for target in stmt.targets if type(stmt) is ir.Assign else ():
                    match target:
                        case ir.Attribute(name=name):
                            found.add(f".{name}")
                        case ir.Subscript(index=ir.Const(value=key)):
                            found.add(f"[{key!r}]")
        return frozenset(found)

    @functools.cached_property
    def contexts(self) -> dict[str, str]:
        """The classes of what functions put into the context of a request, `flask.g.name`."""
        found: dict[str, set[str]] = {}
        for function in self.engine.project.functions(Role.APP):
            for stmt in function.statements:
                for target in stmt.targets if type(stmt) is ir.Assign and stmt.value is not None else ():
                    if type(target) is ir.Attribute and type(target.value) is ir.Name:
                        owner = self.engine.resolve(target.value.id, function)
                        if owner in self.engine.models.contexts:
                            kind = self.engine.type_name(stmt.value, function)  # type: ignore[union-attr]
                            found.setdefault(f"{owner}.{target.name}", set()).add(kind or "")
        return {name: kinds.pop() for name, kinds in found.items() if len(kinds) == 1 and "" not in kinds}

    @functools.cached_property
    def registered(self) -> dict[str, Value]:
        """What decorators of ours, and `__init_subclass__`, put into variables, by the variable's name."""
        found: dict[str, Value] = {}
        project = self.engine.project
        registrars: dict[str, set[str]] = {}
        for function in project.functions(Role.APP):
            for variable in self._entered(function):
                registrars.setdefault(_around(function)[-1].qualified, set()).add(variable)
        if not registrars:
            return found
        candidates: list[tuple[Function | Class, Value]] = []
        candidates += [(each, callable_value(FunctionValue(each))) for each in project.functions(Role.APP)]
        for module in project.modules.values():
            candidates += [(each, callable_value(ClassValue(each))) for each in module.classes]
        for each, value in candidates:
            for variable in sorted(self._registrations(each, registrars)):
                found[variable] = join(found.get(variable, NOTHING), value)
        return found

    def _entered(self, function: Function) -> Iterator[str]:
        """The variables into which a function puts what it, or one around it, is given."""
        given = {parameter.name for each in _around(function) for parameter in each.parameters}
        for stmt in function.statements:
            match stmt:
                case ir.Assign(targets=targets, value=ir.Name(id=name)) if name in given:
                    for target in targets:
                        if type(target) is ir.Subscript:
                            yield from self._named(function, target.value)
                case ir.Evaluate(value=ir.Call(func=ir.Attribute(name=method, value=owner), args=args)) if (
                    method in MUTATORS
                ):
                    if any(type(arg.value) is ir.Name and arg.value.id in given for arg in args):
                        yield from self._named(function, owner)

    def _registrations(self, each: Function | Class, registrars: dict[str, set[str]]) -> set[str]:
        """The variables into which a function or class comes where it is defined."""
        scope = each.module if isinstance(each, Class) else each.cls or each.parent or each.module
        found: set[str] = set()
        for decorator in each.facts.decorators:
            called = ir.callee(decorator)
            found |= registrars.get(self.engine.project.qualified(called, scope) or "", set())
        if isinstance(each, Class):
            made = self.engine.project.classes.method(each.qualified, "__init_subclass__")
            if made is not None and made.cls is not each:
                found |= registrars.get(made.qualified, set())
        return found

    def put(self, name: str, path: Path, labels: Labels) -> None:
        others = tuple(each for each in labels if not (type(each.origin) is Kept and each.origin.name == name))
        if others:
            held = self._held.setdefault(name, {})
            held[path] = union(held.get(path, ()), others)

    def exposed(self, exposure: Exposure) -> None:
        """What a variable keeps reaches a sink."""
        gather(self._exposures, exposure)

    def finish(self) -> None:
        """Join what was put somewhere with the sinks that it reaches from there."""
        for exposure in self._exposures.values():
            for label in self._sources(exposure.label, _ROUNDS):
                if exposure.sink.kind not in label.cleaned and not contexts.is_killed(exposure.kills, label.absent):
                    self.engine.examined(exposure._replace(label=label))

    def _sources(self, label: Label, rounds: int) -> Iterator[Label]:
        origin = label.origin
        if type(origin) is Source:
            yield label
        if type(origin) is not Kept or not rounds:
            return
        for path, labels in sorted(self._held.get(origin.name, {}).items()):
            if not _meet(path, origin.path) or (_is_setting(path) and not self._is_context(origin.name)):
                continue
            for first in labels:
                note = f"kept in `{origin.name.rpartition('.')[2]}`"
                at = label.way.at if label.way is not None else first.way.at if first.way is not None else None
                way = first.way if at is None else hop(first.way, at, note, label.way)
                yield from self._sources(label.after(first, way), rounds - 1)


def _is_setting(path: Path) -> bool:
    """Whether an attribute of an object of the whole process was set: what it does is for those to choose who may."""
    return bool(path) and path[0].startswith(".")


def _around(function: Function) -> list[Function]:
    """A function, and those that it stands in, the outermost last."""
    found = [function]
    while found[-1].parent is not None:
        found.append(found[-1].parent)
    return found


def _meet(written: Path, read: Path) -> bool:
    return all(one == other or "[*]" in (one, other) for one, other in zip(written, read, strict=False))
