"""Which functions can matter: those that hold a source or a sink or change what outlives a call, and their callers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.project.modules import Class, Function, Scope
from backend_lint.taint import contexts
from backend_lint.taint.labels import Input, Label, Source, union

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine


def seeds(engine: Engine) -> list[Function]:
    """Functions in which a source may be read, data be kept or reach a sink, in the order of the files."""
    sinks = engine.models.sink_names | frozenset(engine.models.elsewhere) | frozenset({"get_argument"})
    sources = engine.models.source_names
    found: list[Function] = []
    for module in engine.project.modules.values():
        if module.role is not Role.APP:
            continue
        reads = sources if module.facts.imports else frozenset[str]()
        found.extend(
            each
            for each in module.functions
            if _holds(each, sinks, reads) or _answers(engine, each) or engine.kept.is_filled_by(each)
        )
    return found


def _answers(engine: Engine, function: Function) -> bool:
    return function.cls is not None and function.name in engine.models.answering


def _holds(function: Function, sinks: frozenset[str], sources: frozenset[str]) -> bool:
    parameters = {parameter.name for parameter in function.parameters}
    asks = bool(parameters & {"request", "req", "self", "info", "websocket"})
    for node in ir.walk(function.body):
        kind = type(node)
        if kind is ir.Call:
            func = node.func  # type: ignore[union-attr]
            name = func.name if type(func) is ir.Attribute else func.id if type(func) is ir.Name else None
            if name in sinks or (name in sources and name not in _COMMON):
                return True
        elif kind is ir.Attribute and node.name in sources:  # type: ignore[union-attr]
            if node.name not in _COMMON or asks:  # type: ignore[union-attr]
                return True
        elif kind is ir.Name and node.id == "request":  # type: ignore[union-attr]
            return True
    return False


MOST_WHOLES = 3
_PLAIN = frozenset({"builtins.object", "object", "abc.ABC", "typing.Generic", "typing.Protocol"})
_COMMON = frozenset({
    "get", "data", "args", "body", "path", "headers", "files", "name", "text", "read", "json", "form", "query",
    "url", "host", "user", "session",
})  # fmt: skip


class Callers:
    """Who calls whom. `reaching` are the seeds and all that can call one of them."""

    def __init__(self, engine: Engine) -> None:
        self.by_callee: dict[str, set[str]] = {}
        handed_on = _HandedOn(engine)
        for function in engine.project.functions(*Role):
            for site in engine.project.sites(function):
                for target in site.targets:
                    self._add(target.qualified, function)
            for name in handed_on.by(function, function.body):
                self._add(name, function)
            if function.parent is not None:
                self._add(function.qualified, function.parent)
        for generic, implementations in engine.dispatch.registered.items():
            for each in implementations:
                self.by_callee.setdefault(each.function.qualified, set()).add(generic)
        self.reaching = frozenset(self._reaching(engine.seeds))

    def _add(self, callee: str, caller: Function) -> None:
        self.by_callee.setdefault(callee, set()).add(caller.qualified)

    def _reaching(self, seeds: list[Function]) -> set[str]:
        pending = [function.qualified for function in seeds]
        found = set(pending)
        while pending:
            for caller in self.by_callee.get(pending.pop(), ()):
                if caller not in found:
                    found.add(caller)
                    pending.append(caller)
        return found


class _HandedOn:
    """The functions that code names without calling them, or finds in a variable of a module that holds them."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.names = {function.name for function in engine.project.functions(*Role)}
        self.held: dict[str, frozenset[str]] = {}
        for module in engine.project.modules.values():
            for name, stmts in module.assignments.items():
                found = frozenset(self.by(module, list(stmts)))
                if found:
                    self.held[f"{module.name}.{name}"] = found
        self.names.update(name.rpartition(".")[2] for name in self.held)

    def by(self, scope: Scope, body: list[ir.Stmt]) -> Iterator[str]:
        for node in ir.walk(body):
            if type(node) is ir.Name and node.id in self.names:
                yield from self._function(self.engine.resolve(node.id, scope))
            elif type(node) is ir.Attribute and node.name in self.names and type(node.value) is ir.Name:
                owner = self.engine.resolve(node.value.id, scope)
                yield from self._function(f"{owner}.{node.name}" if owner is not None else None)

    def _function(self, qualified: str | None) -> Iterator[str]:
        if qualified is None:
            return
        qualified = self.engine.project.names.canonical(qualified)
        if self.engine.project.types.function(qualified) is not None:
            yield qualified
        yield from self.held.get(qualified, ())


def in_order(engine: Engine, functions: list[Function]) -> list[Function]:
    """Callees before their callers, as far as there is such an order."""
    wanted = {function.key: function for function in functions}
    found: list[Function] = []
    seen: set[str] = set()
    for start in functions:
        if start.key in seen:
            continue
        seen.add(start.key)
        stack = [(start, iter(engine.project.sites(start)))]
        while stack:
            function, sites = stack[-1]
            for site in sites:
                following = [
                    target
                    for target in site.targets
                    if target.key not in seen and engine.matters(target) and target.module.role is Role.APP
                ]
                if following:
                    target = following[0]
                    seen.add(target.key)
                    stack.append((target, iter(engine.project.sites(target))))
                    break
            else:
                stack.pop()
                if function.key in wanted:
                    found.append(function)
    return found


def hooks(engine: Engine) -> Iterator[tuple[Function, Class]]:
    """Methods that matter and that a library calls, each with the class of the object that it is called on.

    Such is what nobody in the project calls, and what holds a source or a sink and is mixed into classes of a library.
    """
    held = {function.qualified for function in engine.seeds}
    for function in engine.project.functions(Role.APP):
        cls = function.cls
        if (
            cls is None
            or not function.parameters
            or not engine.matters(function)
            or function.is_static
            or function.is_classmethod
        ):
            continue
        is_uncalled = not engine.callers.by_callee.get(function.qualified)
        if not (is_uncalled or function.qualified in held):
            continue
        mixed = _mixed_into(engine, cls)
        yield from ((function, each) for each in mixed)
        if is_uncalled and not mixed and function.qualified not in held and _library_bases(engine, cls):
            yield function, cls


def _mixed_into(engine: Engine, cls: Class) -> list[Class]:
    """Classes that inherit from `cls` and from those of a library that it knows nothing of: one for each such set."""
    own = _library_bases(engine, cls)
    found: dict[frozenset[str], Class] = {}
    for each in engine.project.classes.subclasses(cls):
        if each.module.role is Role.APP:
            found.setdefault(_library_bases(engine, each) - own, each)
    return [each for bases, each in found.items() if bases][:MOST_WHOLES]


def _library_bases(engine: Engine, cls: Class) -> frozenset[str]:
    return frozenset(each for each in engine.project.classes.mro(cls) if isinstance(each, str)) - _PLAIN


def across_methods(engine: Engine) -> None:
    """What one method leaves in `self`, another one of the class may use."""
    left: dict[tuple[str, str], tuple[Label, ...]] = {}
    for (key, _), summary in engine.summaries.known.items():
        function = engine.summaries.functions[key]
        owner = function.cls
        if owner is None or not function.parameters:
            continue
        own = function.parameters[0].name
        for root, path, value in summary.effects:
            if root == own and len(path) == 1:
                labels = tuple(label for label in value.all_labels() if type(label.origin) is Source)
                if labels:
                    place = (owner.qualified, path[0])
                    left[place] = union(left.get(place, ()), labels)
    if not left:
        return
    for (key, _), summary in list(engine.summaries.known.items()):
        function = engine.summaries.functions[key]
        owner = function.cls
        if owner is None or not function.parameters:
            continue
        own = function.parameters[0].name
        lineage = [each if isinstance(each, str) else each.qualified for each in engine.project.classes.mro(owner)]
        lineage += [each.qualified for each in engine.project.classes.subclasses(owner)]
        for exposure in summary.exposures:
            origin = exposure.label.origin
            if type(origin) is not Input or origin.name != own or not origin.path:
                continue
            for cls in lineage:
                for label in left.get((cls, origin.path[0]), ()):
                    merged = exposure.label.after(label, label.way)
                    if exposure.sink.kind not in merged.cleaned and not contexts.is_killed(
                        exposure.kills, merged.absent
                    ):
                        engine.examined(exposure._replace(label=merged))
