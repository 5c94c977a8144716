"""The engine: what all runs share, the order in which functions are run, and what comes of it."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator

from backend_lint.core import Diagnostic, DiagnosticKind, Place, Role, Step
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.facts.types import Parameter
from backend_lint.project import Project
from backend_lint.project.external import ancestors as external_ancestors
from backend_lint.project.external import canonical_external
from backend_lint.project.model.flow import Flow
from backend_lint.project.modules import Class, Function, Module, Scope
from backend_lint.project.types import Type
from backend_lint.taint import evidence, execute, guards
from backend_lint.taint.calls import Calls
from backend_lint.taint.contexts import WHOLE_PATH
from backend_lint.taint.conventions import Conventions
from backend_lint.taint.dispatch import Dispatch
from backend_lint.taint.domain import (
    NOTHING,
    UNKNOWN,
    ClassValue,
    FunctionValue,
    Reference,
    Symbol,
    Value,
    callable_value,
    forget,
    join,
    labelled,
)
from backend_lint.taint.evaluate import EVALUATORS
from backend_lint.taint.fields import Fields
from backend_lint.taint.frame import Exhausted, Exposure, Frame
from backend_lint.taint.kept import MUTATORS, KeptValues
from backend_lint.taint.labels import WORD, Hop, Kept, Label, Source
from backend_lint.taint.library import Library
from backend_lint.taint.lookups import Lookups
from backend_lint.taint.members import HOSTS, Members
from backend_lint.taint.models import ALL, Models
from backend_lint.taint.outcome import Options, TaintResult
from backend_lint.taint.selection import Callers, across_methods
from backend_lint.taint.sinks import Sinks
from backend_lint.taint.state import Object, State
from backend_lint.taint.stored import StoredValues
from backend_lint.taint.summaries import Summaries

_LEAST_EFFORT = 200_000
_RUNS_OF_A_STATEMENT = 12


class Engine:
    def __init__(self, project: Project, models: Models, options: Options | None = None) -> None:
        self.project, self.models = project, models
        self.options = options or Options()
        self.evaluators = EVALUATORS
        self.assign = execute.assign
        self.heap: dict[Reference, Object] = {}
        self.members = Members(self)
        self.library = Library(self)
        self.sinks = Sinks(self)
        self.calls = Calls(self)
        self.summaries = Summaries(self)
        self.paths: dict[str, Value] = {}
        self.placeholders: dict[str, dict[str, evidence.Cleaning]] = {}  # by view, and by name in its paths
        self.seeds: list[Function] = []
        self._run: set[str] = set()
        self._cut: set[str] = set()
        self._names: dict[tuple[int, str], str | None] = {}
        self._globals: dict[str, Value] = {}
        self._running: set[str] = set()
        self._compared: dict[str, frozenset[str]] = {}
        self._decorated: dict[str, FunctionValue] = {}
        self._class_attributes: dict[tuple[str, str], Value] = {}
        self._free_names: dict[str, tuple[str, ...]] = {}
        self._assigned: dict[str, frozenset[str]] = {}
        self._parameter_types: dict[tuple[str, str], str | None] = {}
        self._types: dict[tuple[int, int], str | None] = {}
        self._mutated: frozenset[str] | None = None
        self._flows: dict[tuple[str, Place], tuple[_Rank, Exposure]] = {}
        self._examined: set[tuple[Place, str]] = set()
        self._unproved: set[tuple[Place, str]] = set()
        self._diagnostics: list[Diagnostic] = []
        self.conventions = Conventions(project)
        self.kept = KeptValues(self)
        self.fields = Fields(self)
        self.dispatch = Dispatch(self)
        self.stored = StoredValues(self)
        self.lookups = Lookups(self)
        self.effort = 0

    # Runs

    def run(self, scope: Scope, env: dict[str, Value], heap: dict[Reference, Object] | None = None) -> Frame | None:
        """Run the body of a scope in an environment; None where it was cut off."""
        if isinstance(scope, Function):
            self._run.add(scope.qualified)
        body = scope.body
        frame = Frame(self, scope, State(dict(env), dict(heap or {})), 1)
        try:
            execute.block(frame, body)
        except Exhausted:
            self.cut(scope)
            return None
        except RecursionError:
            self.cut(scope)
            return None
        if frame.state is not None:
            frame.returns.append((frame.state, Value(consts=(None,)), None))
        return frame

    def summarise(self, function: Function, receiver: Class | None = None) -> None:
        """Make sure that a function has been run with nothing known of its arguments, `self` apart if it is told."""
        try:
            self.summaries.generic(function, receiver)
        except RecursionError:
            self.summaries.forget_unfinished()
            self.cut(function)

    def cut(self, scope: Scope) -> None:
        name = scope.qualified if isinstance(scope, (Function, Class)) else scope.name
        self._cut.add(name)
        line = scope.at.line if isinstance(scope, (Function, Class)) else 1
        found = Diagnostic(
            scope.module.path,
            line,
            DiagnosticKind.NOTICE,
            f"data flow through `{name}` was followed in part: it is too large",
        )
        if found not in self._diagnostics:
            self._diagnostics.append(found)

    def is_over(self) -> bool:
        """Whether all runs together have used up their budget."""
        return self.effort > self._most_effort

    @functools.cached_property
    def _most_effort(self) -> int:
        """The budget of all runs: it grows with the project, whose statements run three to five times as a rule."""
        statements = sum(len(function.statements) for function in self.project.functions())
        return min(self.options.effort, max(_LEAST_EFFORT, _RUNS_OF_A_STATEMENT * statements))

    def decorated(self, function: Function) -> FunctionValue:
        """What the decorators of the project's own make of a function; those of libraries leave it as it is."""
        known = self._decorated.get(function.key)
        if known is None:
            known = self._decorated[function.key] = FunctionValue(function)
            for decorator in reversed(function.decorators):
                if self._is_own(decorator, function):
                    known = self._wrapped(decorator, known) or known
            self._decorated[function.key] = known
        return known

    def _is_own(self, decorator: Expr, function: Function) -> bool:
        qualified = self.project.qualified(ir.callee(decorator), function.cls or function.parent or function.module)
        return qualified is not None and self.project.types.function(qualified) is not None

    def _wrapped(self, decorator: Expr, inner: FunctionValue) -> FunctionValue | None:
        scope = inner.function.cls or inner.function.parent or inner.function.module
        frame = Frame(self, scope, State({}, self.heap), 2)
        call = ir.Call(decorator.at, decorator.end, decorator, [])
        try:
            found = self.calls.value(frame, call, frame.evaluate(decorator), [callable_value(inner)], {})
        except (Exhausted, RecursionError):
            return None
        wrapper = found.callables[0] if len(found.callables) == 1 and not found.is_opaque else None
        return wrapper if type(wrapper) is FunctionValue else None

    # What names and attributes stand for

    def resolve(self, name: str, scope: Scope) -> str | None:
        key = (id(scope), name)
        if key not in self._names:
            self._names[key] = self.project.names.resolve(name, scope)
        return self._names[key]

    def free(self, frame: Frame, node: ir.Name) -> Value:
        """A name that is not bound in the frame: of an outer function, of the module, of a library."""
        qualified = self.resolve(node.id, frame.scope)
        if qualified is not None:
            return self.global_value(qualified)
        function = frame.function
        if function is None or node.id in function.locals:
            return UNKNOWN
        parent = function.parent
        while parent is not None:
            if node.id in parent.locals:
                return self._outer(parent, node)
            parent = parent.parent
        return UNKNOWN

    def _outer(self, function: Function, node: ir.Name) -> Value:
        """A variable of a function around, as far as its one assignment says."""
        name = f"{function.key}:{node.id}"
        known = self._globals.get(name)
        if known is None:
            self._globals[name] = UNKNOWN
            found = self.project.types.bindings(function).get(node.id, [])
            known = UNKNOWN
            if len(found) == 1 and found[0].kind == "value" and not found[0].path and name not in self._running:
                frame = Frame(self, function, State({}, self.heap), 2)
                known = frame.evaluate(found[0].expr) if type(found[0].expr) in _SIMPLE else UNKNOWN
            if known.is_opaque and known.type is None:
                kind = self.type_name(node, function)
                known = known.typed(kind)
            self._globals[name] = known
        return known

    def global_value(self, qualified: str) -> Value:
        """What a qualified name stands for."""
        known = self._globals.get(qualified)
        if known is None:
            self._globals[qualified] = UNKNOWN  # what depends on itself is unknown
            known = self._globals[qualified] = self._global(qualified)
        return known

    def _global(self, qualified: str) -> Value:
        function = self.project.types.function(qualified)
        if function is not None:
            receiver = None
            if function.cls is not None and function.is_classmethod:
                receiver = callable_value(ClassValue(function.cls))
            return callable_value(self.decorated(function)._replace(receiver=receiver))
        cls = self.project.cls(qualified)
        if cls is not None:
            return callable_value(ClassValue(cls))
        module, rest = self.project.names.split(qualified)
        if module is None:
            name = canonical_external(qualified)
            kind = self.models.objects.get(name) or self.kept.contexts.get(name)
            context, _, attribute = name.rpartition(".")
            if context in self.models.contexts:
                return labelled(self.kept.handed_on(callable_value(Symbol(context)), f".{attribute}"), kind)
            if kind is not None:
                return Value(is_opaque=True, type=kind)
            return callable_value(Symbol(name))
        if not rest:
            return callable_value(Symbol(module.name))
        head, _, tail = rest.partition(".")
        found = self._variable(module, head) if head != rest else None
        if found is None:
            if tail:
                owner = self.global_value(f"{module.name}.{head}")
                frame = Frame(self, module, State({}, self.heap), 2)
                value = owner
                for part in tail.split("."):
                    value = self.members.peek(frame, value, part)
                return value
            return self._variable(module, head)
        return (
            self.global_value(self.project.names.canonical(qualified)) if not tail else self._tail(module, found, tail)
        )

    def _tail(self, module: Module, value: Value, tail: str) -> Value:
        frame = Frame(self, module, State({}, self.heap), 2)
        for part in tail.split("."):
            value = self.members.peek(frame, value, part)
        return value

    def _variable(self, module: Module, name: str) -> Value:
        """A variable of a module: what is assigned to it there, if nothing else changes it."""
        qualified = f"{module.name}.{name}"
        target = self.project.names.canonical(qualified)
        if target != qualified:
            return self.global_value(target)
        found = NOTHING
        stmts = module.assignments.get(name, [])
        if stmts and len(stmts) <= 4:
            frame = Frame(self, module, State({}, self.heap), 2)
            for stmt in stmts:
                if stmt.value is None:
                    continue
                if any(type(each) is ir.Name and each.id == name for each in stmt.targets):
                    try:
                        found = join(found, frame.evaluate(stmt.value))
                    except (Exhausted, RecursionError):
                        found = UNKNOWN
            self._fill(frame, name, found, module)
        if found is NOTHING:
            found = UNKNOWN
        if name in self.mutated:
            found = self._loosened(found, qualified)
        if found.is_opaque and found.type is None:
            kind = self.project.types.named(qualified)
            found = found.typed(kind.name if kind is not None and not kind.itself else None)
        return found

    def _fill(self, frame: Frame, name: str, value: Value, module: Module) -> None:
        """Run what a module puts into a variable of its own after it has made it."""
        if frame.state is not None and value.references:
            frame.state.env[name] = value
            with contextlib.suppress(Exhausted, RecursionError):
                execute.block(frame, [stmt for stmt in module.body if name in _filled_by(stmt)])
        if frame.state is not None and frame.state.heap is not self.heap:
            self.heap.update(frame.state.heap)

    def _loosened(self, value: Value, qualified: str) -> Value:
        """A variable that functions change: not what it began as."""
        is_kept = qualified in self.kept.changed
        registered = self.kept.registered.get(qualified, NOTHING) if is_kept else NOTHING
        for where in value.references:
            obj = self.heap.get(where)
            if obj is not None:
                inside = labelled((Label(Kept(qualified, ("[*]",))),)) if is_kept else UNKNOWN
                keys = UNKNOWN if obj.kind == "dict" else NOTHING
                self.heap[where] = obj.loosened().with_unknown(join(inside, registered), keys)
                if is_kept:
                    self.kept.names[where] = qualified
        return join(forget(value), labelled((Label(Kept(qualified)),)) if is_kept else UNKNOWN)

    @property
    def mutated(self) -> frozenset[str]:
        """Names that functions assign by `global`, fill by index or change by a method."""
        if self._mutated is None:
            found: set[str] = set()
            for function in self.project.functions(*Role):
                for stmt in function.statements:
                    match stmt:
                        case ir.Declare(names=names):
                            found.update(names)
                        case ir.Assign(targets=targets) | ir.Delete(targets=targets):
                            found.update(filter(None, map(_filled, targets)))
                        case ir.Augment(target=target):
                            found.update(filter(None, (_filled(target),)))
                        case ir.Evaluate(value=ir.Call(func=ir.Attribute(name=method, value=owner))) if (
                            method in MUTATORS
                        ):
                            name = (ir.dotted(owner) or "").rpartition(".")[2]
                            if name:
                                found.add(name)
            self._mutated = frozenset(found)
        return self._mutated

    def class_attribute(self, cls: Class, name: str) -> Value:
        key = (cls.qualified, name)
        known = self._class_attributes.get(key)
        if known is None:
            self._class_attributes[key] = UNKNOWN
            stmt = cls.attributes[name]
            known = UNKNOWN
            if stmt.value is not None:
                frame = Frame(self, cls, State({}, self.heap), 2)
                try:
                    known = frame.evaluate(stmt.value)
                except (Exhausted, RecursionError):
                    known = UNKNOWN
                if name in self.mutated or f"{cls.qualified}.{name}" in self.kept.changed:
                    known = self._loosened(known, f"{cls.qualified}.{name}")
            if known.is_opaque and known.type is None:
                kind = self.project.types.attribute(Type(cls.qualified), name)
                known = known.typed(kind.name if kind is not None and not kind.itself else None)
            self._class_attributes[key] = known
        return known

    def public(self, module_name: str, most: int) -> Value:
        """All that a lookup by unknown name can find in a module of the project; unknown where it is too much."""
        module = self.project.modules.get(module_name)
        if module is None:
            return UNKNOWN
        names = [*module.top_functions, *module.top_classes]
        if not names or len(names) > most:
            return UNKNOWN
        found = NOTHING
        for name in sorted(names):
            found = join(found, self.global_value(f"{module.name}.{name}"))
        return found

    # Types

    def type_name(self, expr: Expr | None, scope: Scope) -> str | None:
        """The class of an expression, as the project infers it."""
        if expr is None:
            return None
        key = (id(expr), id(scope))
        if key not in self._types:
            found = self.project.types.of(expr, scope)
            self._types[key] = None if found is None or found.itself else _known_type(found.name)
        return self._types[key]

    def parameter_type(self, parameter: Parameter, function: Function) -> str | None:
        key = (function.key, parameter.name)
        if key not in self._parameter_types:
            found = self.project.types.parameter(parameter, function)
            is_one = found is not None and not found.itself and parameter.kind not in ("star", "stars")
            name = _known_type(found.name) if found is not None and is_one else None
            if name in ("builtins.NoneType", "builtins.bool", "builtins.int") and parameter.annotation is None:
                name = None
            if name is None and parameter.annotation is None:
                name = self.conventions.type_of(parameter.name, function)
            self._parameter_types[key] = name
        return self._parameter_types[key]

    def returned_type(self, function: Function) -> str | None:
        found = self.project.types.returned(function)
        return None if found is None or found.itself else _known_type(found.name)

    def element_type(self, name: str | None) -> str | None:
        if name is None or name.startswith("builtins."):
            return None
        found = self.project.types.element(Type(name))
        return None if found is None or found.itself else found.name

    def item_type(self, name: str | None) -> str | None:
        return self.models.types.get(f"{name}[]") if name is not None else None

    def lineage(self, kind: str) -> list[str]:
        """The library classes that something of a class is."""
        cls = self.project.cls(kind)
        if cls is None:
            return list(external_ancestors(kind))
        return [each for each in self.project.classes.mro(cls) if isinstance(each, str)]

    def is_ours(self, value: Value) -> bool:
        return value.type is not None and self.project.cls(value.type) is not None

    def narrowed(self, frame: Frame, value: Value) -> State | None:
        """The state in which a value is known to be one of ours."""
        return guards.narrow_value(frame, value, lambda label: label.without(WORD, ALL))

    def constrained(self, expr: Expr | None) -> evidence.Cleaning:
        return evidence.constrained(expr)

    # What functions hold

    def free_names(self, function: Function) -> tuple[str, ...]:
        """The names that a nested function takes from the functions around it."""
        known = self._free_names.get(function.key)
        if known is None:
            found: dict[str, None] = {}
            outer: set[str] = set()
            parent = function.parent
            while parent is not None:
                outer |= parent.locals
                parent = parent.parent
            for node in ir.walk(function.body):
                if type(node) is ir.Name and node.id in outer and node.id not in function.locals:
                    found[node.id] = None
                elif type(node) is ir.Lambda:
                    found.update(dict.fromkeys(self.free_names(function.module.functions[node.function])))
            for inner in function.nested.values():
                found.update((name, None) for name in self.free_names(inner) if name not in function.locals)
            known = self._free_names[function.key] = tuple(found)
        return known

    def assigned_names(self, function: Function) -> frozenset[str]:
        """The names that a function binds beside its parameters."""
        known = self._assigned.get(function.key)
        if known is None:
            known = self._assigned[function.key] = frozenset(self.project.types.bindings(function)) | frozenset(
                name
                for stmt in function.statements
                if type(stmt) is ir.Augment
                for name in (_name_of(stmt.target),)
                if name
            )
        return known

    def compared(self, function: Function) -> frozenset[str]:
        """The parameters that a function compares something with, itself or in a function that it hands them to."""
        known = self._compared.get(function.key)
        if known is None:
            self._compared[function.key] = frozenset()
            parameters = {each.name for each in function.parameters}
            found: set[str] = set()
            for node in ir.walk(function.body):
                if type(node) is ir.Compare and node.op in ("in", "not in", "==", "!="):
                    hosts = (self._whose_host(each, function) for each in (node.left, node.right))
                    found.update(filter(None, (_root(node.right), *hosts)))
            for site in self.project.sites(function):
                for target in site.targets[:2]:
                    found.update(name for given, name in _handed(site.call, target) if given in self.compared(target))
            known = self._compared[function.key] = frozenset(found & parameters)
        return known

    def _whose_host(self, expr: Expr, function: Function) -> str | None:
        """The variable whose address an expression takes the host of, `urlparse(base).netloc`."""
        if type(expr) is not ir.Attribute or expr.name not in HOSTS:
            return None
        parsed: Expr = expr.value
        if type(parsed) is ir.Name:
            bindings = self.project.types.bindings(function).get(parsed.id, [])
            parsed = bindings[0].expr if len(bindings) == 1 else parsed
        return _name_of(parsed.args[0].value) if type(parsed) is ir.Call and parsed.args else None

    def matters(self, function: Function) -> bool:
        """Whether a source or a sink can be reached from a function."""
        return function.qualified in self.callers.reaching

    @functools.cached_property
    def callers(self) -> Callers:
        return Callers(self)

    # What comes of it

    def examine(self, at: Place, kind: str) -> None:
        self._examined.add((at, kind))

    def unproved(self, at: Place, kind: str) -> None:
        self._unproved.add((at, kind))

    def examined(self, exposure: Exposure) -> None:
        self._unproved.add((exposure.sink.at, exposure.sink.kind))
        if type(exposure.label.origin) is Kept:
            self.kept.exposed(exposure)
        if type(exposure.label.origin) is not Source:
            return
        key = (exposure.sink.kind, exposure.sink.at)
        known, rank = self._flows.get(key), _rank(exposure)
        if known is None or rank < known[0]:
            self._flows[key] = rank, exposure

    def finish(self) -> TaintResult:
        self.kept.finish()
        across_methods(self)
        self._drop_questions()
        flows = sorted((_flow(each) for _, each in self._flows.values()), key=lambda flow: (flow.sink, flow.kind))
        counts: dict[str, int] = {}
        for _, kind in sorted(self._examined):
            counts[kind] = counts.get(kind, 0) + 1
        exposed = {(flow.sink, flow.kind) for flow in flows}
        proved = self._examined - self._unproved - exposed
        return TaintResult(
            flows=tuple(flows),
            proved=frozenset((at.path, at.line, kind) for at, kind in proved),
            examined=frozenset((at.path, at.line, kind) for at, kind in self._examined),
            judged=frozenset(self._run - self._cut),
            sinks=counts,
            diagnostics=tuple(sorted(self._diagnostics)),
        )

    def _drop_questions(self) -> None:
        """Leave out what only asks about something, where the same data does more to it in the same file.

        Whoever may name a whole path is asked for one, and learns little by it: that counts below a directory alone.
        """
        asking = self.models.asking
        done = {_matter(each) for _, each in self._flows.values() if each.sink.symbol not in asking}
        self._flows = {
            key: (rank, each)
            for key, (rank, each) in self._flows.items()
            if each.sink.symbol not in asking or (each.sink.context != WHOLE_PATH and _matter(each) not in done)
        }


def _matter(exposure: Exposure) -> tuple[object, ...]:
    """What a flow is about: whose data comes to which kind of harm in which file."""
    return exposure.sink.kind, exposure.sink.at.path, exposure.label.origin


_Rank = tuple[int, int]


def _rank(exposure: Exposure) -> _Rank:
    """The surest way first, and of those the shortest."""
    way = exposure.label.way
    return exposure.label.assumed, way.length if way is not None else 0


def _flow(exposure: Exposure) -> Flow:
    label, sink = exposure.label, exposure.sink
    assert type(label.origin) is Source
    way: Hop | None = label.way
    steps = [Step(at, note) for at, note in (way.steps() if way is not None else [])]
    if not steps:
        steps = [Step(label.origin.at, f"read from {label.origin.note}")]
    steps.append(Step(sink.at, f"reaches `{sink.symbol.rpartition('.')[2]}`"))
    return Flow(
        kind=sink.kind,
        sink=sink.at,
        symbol=sink.symbol,
        source=steps[0],
        what=label.origin.what,
        trace=tuple(steps),
        context=sink.context,
        fits=sink.fits,
        assumed=label.assumed,
        calls=way.calls if way is not None else 0,
    )


def _known_type(name: str) -> str | None:
    """The name of a class; the symbolic type of what an unknown call gives, `f()`, is none."""
    return None if name == "?" or "()" in name else name


def _filled(target: Expr) -> str | None:
    """The last name of what an assignment by index changes."""
    if type(target) is ir.Subscript:
        return (ir.dotted(target.value) or "").rpartition(".")[2] or None
    return None


def _filled_by(stmt: ir.Stmt) -> frozenset[str]:
    """The plain names of what a statement puts something into, a loop's statements included."""
    match stmt:
        case ir.Assign(targets=targets):
            return frozenset(filter(None, map(_filled, targets)))
        case ir.Evaluate(value=ir.Call(func=ir.Attribute(name=method, value=ir.Name(id=name)))) if method in MUTATORS:
            return frozenset({name})
        case ir.For(body=body):
            return frozenset[str]().union(*map(_filled_by, body))
        case _:
            return frozenset()


def _handed(call: ir.Call, target: Function) -> Iterator[tuple[str, str]]:
    """The parameters of a function that a call gives variables for, the receiver included, and the variables."""
    names = [each.name for each in target.parameters]
    is_static = any(ir.dotted(each) == "staticmethod" for each in target.decorators)
    if type(call.func) is ir.Attribute and target.facts.cls is not None and names and not is_static:
        receiver = names.pop(0)
        if type(call.func.value) is ir.Name:
            yield receiver, call.func.value.id
    for index, arg in enumerate(call.args):
        given = arg.keyword or (names[index] if index < len(names) else None)
        if given is not None and type(arg.value) is ir.Name:
            yield given, arg.value.id


def _root(expr: Expr) -> str | None:
    """The variable of `self.known.names`."""
    while type(expr) is ir.Attribute:
        expr = expr.value
    return _name_of(expr)


def _name_of(target: Expr) -> str | None:
    return target.id if type(target) is ir.Name else None


_SIMPLE = (ir.Const, ir.Text, ir.Name, ir.Attribute, ir.Call, ir.Sequence, ir.Dict, ir.Binary)
