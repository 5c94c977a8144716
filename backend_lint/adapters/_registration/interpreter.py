"""Modules, factories and decorators followed, statement by statement."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from backend_lint.adapters._django_settings import settings_owners
from backend_lint.adapters._registration.kinds import BROUGHT, KINDS, LISTS, MAKERS, REGISTERING
from backend_lint.adapters._registration.operations import PURE, compared, computed, extended, united
from backend_lint.adapters._registration.relevance import keeping_functions, relevant_functions
from backend_lint.adapters._registration.values import (
    Bound,
    Called,
    ClassValue,
    Entries,
    Event,
    Frame,
    FunctionValue,
    Instance,
    Items,
    Literal,
    ModuleValue,
    Object,
    Parametrised,
    Symbol,
    Unknown,
    Value,
    argument_of,
    as_list,
    is_tracked,
    text,
)
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.facts.types import Parameter
from backend_lint.project import Class, Function, Module, Project

_PLAIN_STATEMENTS = 12
_UNROLLED = 200
_DEPTH = 12
_KNOWN: WeakKeyDictionary[Project, Registration] = WeakKeyDictionary()


def registration(project: Project) -> Registration:
    """The registration of a project, interpreted once."""
    found = _KNOWN.get(project)
    if found is None:
        found = _KNOWN[project] = Registration(project)
        found.interpret()
    return found


class Registration:
    """`events` in the order in which they happen when the modules are imported one after another."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.events: list[Event] = []
        self.objects: list[Object] = []
        self._by_target: dict[int, list[Event]] = {}
        self._indexed = 0
        self._frames: dict[str, Frame] = {}
        self._stack: list[str] = []
        self._executed: set[str] = set()
        self._instances: dict[str, Instance] = {}
        self._attributes: dict[tuple[str, str], Value] = {}
        self._lifespans: list[tuple[FunctionValue, Object]] = []
        self._relevant = relevant_functions(project)
        self._keeping = keeping_functions(project)

    def interpret(self) -> None:
        modules = [module for module in self.project.modules.values() if module.role in (Role.APP, Role.SCRIPT)]
        for module in modules:
            self.frame(module)
        self._start_up()
        factories = [each for module in modules for each in module.functions if each.qualified in self._relevant]
        for function in sorted(factories, key=lambda each: bool(self.project.callers(each))):
            if function.qualified not in self._executed:
                self._uncalled(function)
        self._start_up()

    def _start_up(self) -> None:
        """What applications run when they start."""
        waiting, self._lifespans = self._lifespans, []
        for lifespan, app in waiting:
            self._invoke(lifespan, [app], {}, None)

    def _uncalled(self, function: Function) -> None:
        """A factory that nobody calls here: a server does, or a test."""
        owner = function.cls
        bound: Value | None = None
        if owner is not None:
            bound = self._instances.get(owner.qualified)
            if bound is None:
                bound = self._instances[owner.qualified] = Instance(owner)
                init = self.project.classes.method(owner.qualified, "__init__")
                if init is not None and init.qualified in self._relevant and init is not function:
                    self._invoke(FunctionValue(init, bound=bound), [], {}, None)
        frame = self._frames.get(function.module.name)
        self._invoke(FunctionValue(function, frame, bound), [], self._only_ones(function), None)

    def _only_ones(self, function: Function) -> dict[str, Value]:
        """Arguments for parameters that are of a framework's kind that the project makes one object of."""
        found: dict[str, Value] = {}
        for parameter in function.parameters:
            made = [each for kind in self._kinds_of(parameter, function) for each in self._made_as(kind)]
            if len(made) == 1:
                found[parameter.name] = made[0]
        return found

    def _kinds_of(self, parameter: Parameter, function: Function) -> Iterable[str]:
        """What a parameter may be: its annotation says, or what the function registers on it."""
        if parameter.annotation is not None:
            said = self.project.types.annotation(parameter.annotation, function.around)
            return () if said is None or said.name not in KINDS else (said.name,)
        for site in self.project.sites(function):
            func = site.call.func
            if type(func) is ir.Attribute and func.name in REGISTERING and ir.dotted(func.value) == parameter.name:
                return REGISTERING[func.name]
        return ()

    def _made_as(self, symbol: str) -> list[Object]:
        """The objects of a kind; of those that one call made, as a factory that several call does, the first."""
        found: dict[int, Object] = {}
        for each in self.objects:
            if each.symbol == symbol:
                found.setdefault(id(each.call), each)
        return list(found.values())

    def events_of(self, target: Object) -> list[Event]:
        """What happened to one object."""
        for event in self.events[self._indexed :]:
            self._by_target.setdefault(id(event.target), []).append(event)
        self._indexed = len(self.events)
        return self._by_target.get(id(target), [])

    # Names

    def class_frame(self, cls: Class) -> Frame:
        """The names that an expression in the body of a class can use."""
        return Frame(cls, outer=self.frame(cls.module))

    def frame(self, module: Module) -> Frame:
        """The names of a module, its body interpreted when they are first asked for."""
        known = self._frames.get(module.name)
        if known is None:
            known = self._frames[module.name] = Frame(module)
            self._block(module.body, known)
        return known

    def variable(self, qualified: str) -> Value:
        """The value of a module's variable, function, class or import."""
        qualified = self.project.names.canonical(qualified)
        module, rest = self.project.names.split(qualified)
        if module is None:
            return Symbol(qualified)
        if not rest:
            return ModuleValue(module)
        head, _, tail = rest.partition(".")
        value = self.frame(module).values.get(head)
        if value is None:
            value = self._definition(module, head) or self._starred(module, head) or Unknown()
        for name in tail.split(".") if tail else ():
            value = self.attribute(value, name)
        return value

    def _definition(self, module: Module, name: str) -> Value | None:
        if name in module.top_classes:
            return ClassValue(module.top_classes[name])
        if name in module.top_functions:
            return FunctionValue(module.top_functions[name], self._frames.get(module.name))
        return None

    def _starred(self, module: Module, name: str) -> Value | None:
        """What a name of a star import is before the module binds it itself, as `APPS` in `APPS += ["shop"]`."""
        for star in module.stars:
            source = self.project.names.absolute(star, module)
            if source in self.project.modules and name in self.project.names.exported(source):
                return self.variable(f"{source}.{name}")
        return None

    def _lookup(self, name: str, frame: Frame) -> Value:
        current: Frame | None = frame
        while current is not None:
            if name in current.values:
                return current.values[name]
            current = current.outer
        scope = frame.scope
        qualified = self.project.names.resolve(name, scope)
        if qualified is None:
            return Unknown()
        return self.variable(qualified)

    # Statements

    def _block(self, body: Iterable[Stmt], frame: Frame) -> bool:
        """Interpret statements; true where the block surely returns."""
        return any(self._statement(stmt, frame) for stmt in body)

    def _statement(self, stmt: Stmt, frame: Frame) -> bool:
        match stmt:
            case ir.Assign(targets=targets, value=value) if value is not None:
                found = self.evaluate(value, frame)
                if isinstance(found, (Unknown, Called)):
                    found = self._handed_back(targets[0], value, frame) or found
                for target in targets:
                    self._bind(target, found, frame)
            case ir.Augment(op=op, target=target, value=value):
                self._bind(target, self._sum(self.evaluate(target, frame), op, self.evaluate(value, frame)), frame)
            case ir.Evaluate(value=value):
                self.evaluate(value, frame)
            case ir.Return(value=value):
                if value is not None:
                    frame.returned.append(self.evaluate(value, frame))
                return True
            case ir.Raise():
                return True
            case ir.If(test=test, body=body, orelse=orelse):
                return self._branch(self.evaluate(test, frame), body, orelse, frame)
            case ir.For(target=target, iter=iterable, body=body, orelse=orelse):
                for item in self._elements(self.evaluate(iterable, frame)):
                    self._bind(target, item, frame)
                    self._block(body, frame)
                self._block(orelse, frame)
            case ir.While(body=body, orelse=orelse):
                self._block(body, frame)
                self._block(orelse, frame)
            case ir.Try(body=body, orelse=orelse, final=final, handlers=handlers):
                ended = self._block(body, frame)
                caught = [self._handler(handler.body, frame) for handler in handlers]
                return ((self._block(orelse, frame) or ended) and all(caught)) | self._block(final, frame)
            case ir.With(items=items, body=body):
                for managed in items:
                    found = self.evaluate(managed.value, frame)
                    if managed.target is not None:
                        self._bind(managed.target, found, frame)
                return self._block(body, frame)
            case ir.Match(cases=cases):
                for case in cases:
                    self._block(case.body, frame)
            case ir.DefineFunction(function=index):
                self._define_function(frame.scope.module.functions[index], frame)
            case ir.DefineClass(cls=index):
                self._define_class(frame.scope.module.classes[index], frame)
            case ir.Load(imports=indexes):
                self._load(indexes, frame)
        return False

    def _handed_back(self, target: Expr, value: Expr, frame: Frame) -> Object | None:
        """`app = wrapped(app)`: what takes an object and replaces it is taken to give it back."""
        if type(target) is not ir.Name or type(value) is not ir.Call:
            return None
        is_passed = any(type(arg.value) is ir.Name and arg.value.id == target.id for arg in value.args)
        known = frame.values.get(target.id)
        return known if is_passed and isinstance(known, Object) else None

    def _branch(self, test: Value, body: list[Stmt], orelse: list[Stmt], frame: Frame) -> bool:
        if isinstance(test, Literal) and not test.is_default:
            return self._block(body if test.value else orelse, frame)
        before = dict(frame.values)
        ended = self._block(body, frame)
        first = dict(frame.values)
        other = self._block(orelse, frame)
        for name, value in frame.values.items():
            known = before.get(name)
            if isinstance(value, Unknown) and known is not None:
                frame.values[name] = known
            elif first.get(name) is not known and first.get(name) is not value:
                frame.values[name] = united(first.get(name), value)
            elif value is not known and known is not None:
                frame.values[name] = extended(known, value)
        return ended and other

    def _handler(self, body: list[Stmt], frame: Frame) -> bool:
        """A fallback after an error: it binds what the body could not, and overrides nothing; whether it returns."""
        before = dict(frame.values)
        ended = self._block(body, frame)
        frame.values.update(before)
        return ended

    def _load(self, indexes: list[int], frame: Frame) -> None:
        module = frame.scope.module
        for index in indexes:
            each = module.facts.imports[index]
            if each.is_type_checking:
                continue
            source = self.project.names.absolute(each, module)
            paths = [f"{source}.{each.name}" if each.name and not each.is_star else each.full_module or source, source]
            owner = next((found for path in paths if (found := self.project.names.split(path)[0]) is not None), None)
            if owner is not None and owner is not module and owner.role in (Role.APP, Role.SCRIPT):
                self.frame(owner)

    def _bind(self, target: Expr, value: Value, frame: Frame) -> None:
        match target:
            case ir.Name(id=name):
                frame.values[name] = value
                if isinstance(value, Object):
                    owner = frame.scope
                    prefix = owner.name if isinstance(owner, Module) else owner.qualified
                    value.names.append(f"{prefix}.{name}")
            case ir.Attribute(value=owner_expr, name=name):
                owner_value = self.evaluate(owner_expr, frame)
                if isinstance(owner_value, (Instance, Object)):
                    owner_value.attributes[name] = value
                    if isinstance(value, Object) and isinstance(owner_value, Instance):
                        value.names.append(f"{owner_value.cls.qualified}.{name}")
            case ir.Subscript(value=owner_expr, index=index):
                owner_value, key = self.evaluate(owner_expr, frame), self.evaluate(index, frame)
                if isinstance(owner_value, Entries) and isinstance(key, Literal):
                    owner_value.entries[key.value] = value
            case ir.Sequence(items=targets):
                if isinstance(value, Items) and len(value.items) == len(targets):
                    for each, item in zip(targets, value.items, strict=True):
                        self._bind(each, item, frame)
                else:
                    for each in targets:
                        self._bind(each, Unknown(), frame)

    def _define_function(self, function: Function, frame: Frame) -> None:
        value = FunctionValue(function, frame)
        frame.values[function.name] = value
        self._decorate(function, function.decorators, value, frame)

    def _define_class(self, cls: Class, frame: Frame) -> None:
        value = ClassValue(cls)
        frame.values[cls.name] = value
        inner = Frame(cls, outer=frame)
        for stmt in cls.body:
            if type(stmt) is ir.DefineFunction:
                function = cls.module.functions[stmt.function]
                inner.values[function.name] = FunctionValue(function, frame)
                self._decorate(function, function.decorators, inner.values[function.name], inner)
            elif type(stmt) is ir.DefineClass:
                self._define_class(cls.module.classes[stmt.cls], inner)
        self._decorate(cls, cls.facts.decorators, value, frame)

    def _decorate(self, decorated: Function | Class, decorators: list[Expr], value: Value, frame: Frame) -> None:
        for expr in reversed(decorators):
            if type(expr) is ir.Call:
                func = self.evaluate(expr.func, frame)
                if isinstance(func, Bound) and isinstance(func.target, Object):
                    args, kwargs = self._arguments(expr, frame)
                    self._event(func.target, func.method, expr, expr, args, kwargs, frame, decorated)
                elif isinstance(func, FunctionValue) and self._is_followed(func):
                    decorator = self._invoke(func, *self._arguments(expr, frame), frame)
                    if isinstance(decorator, FunctionValue):
                        self._invoke(decorator, [value], {}, frame)
            else:
                func = self.evaluate(expr, frame)
                if isinstance(func, Bound) and isinstance(func.target, Object):
                    self._event(func.target, func.method, None, expr, [], {}, frame, decorated)
                elif isinstance(func, FunctionValue) and self._is_followed(func):
                    self._invoke(func, [value], {}, frame)

    def _is_followed(self, value: FunctionValue) -> bool:
        """Whether what a function does with a class or function is worth following."""
        return value.function.qualified in self._relevant or value.function.qualified in self._keeping

    # Expressions

    def evaluate(self, expr: Expr, frame: Frame) -> Value:
        match expr:
            case ir.Const(value=value):
                return Literal(value)
            case ir.Text(pieces=pieces):
                parts = [self.evaluate(piece, frame) for piece in pieces]
                if all(isinstance(part, Literal) for part in parts):
                    return Literal("".join(str(part.value) for part in parts))  # type: ignore[attr-defined]
            case ir.Name(id=name):
                found = self._lookup(name, frame)
                return Unknown(expr, frame.scope) if isinstance(found, Unknown) and found.expr is None else found
            case ir.Attribute(value=owner, name=name):
                found = self.attribute(self.evaluate(owner, frame), name)
                return Unknown(expr, frame.scope) if isinstance(found, Unknown) and found.expr is None else found
            case ir.Call():
                return self._call(self.evaluate(expr.func, frame), expr, frame)
            case ir.Sequence(items=items):
                return Items([each for item in items for each in self._spread(item, frame)], expr, frame.scope)
            case ir.Dict(keys=keys, values=values):
                return self._entries(keys, values, frame)
            case ir.Await(value=value) | ir.Walrus(value=value):
                return self.evaluate(value, frame)
            case ir.Conditional(test=test, body=body, orelse=orelse):
                decided = self.evaluate(test, frame)
                if isinstance(decided, Literal):
                    return self.evaluate(body if decided.value else orelse, frame)
                found = self.evaluate(body, frame)
                return self.evaluate(orelse, frame) if isinstance(found, Unknown) else found
            case ir.Bool(op="or", values=values):
                found = Unknown(expr, frame.scope)
                for each in values:
                    decided = self.evaluate(each, frame)
                    if not isinstance(decided, Unknown) and not (isinstance(decided, Literal) and not decided.value):
                        return decided
                return found
            case ir.Unary(op="not", value=value):
                decided = self.evaluate(value, frame)
                if isinstance(decided, Literal):
                    return Literal(not decided.value, decided.is_default)
            case ir.Compare(op=op, left=left, right=right):
                return compared(op, self.evaluate(left, frame), self.evaluate(right, frame))
            case ir.Binary(op=op, left=left, right=right):
                found = self._sum(self.evaluate(left, frame), op, self.evaluate(right, frame))
                return Unknown(expr, frame.scope) if isinstance(found, Unknown) else found
            case ir.Subscript(value=owner, index=index):
                return self._item(self.evaluate(owner, frame), self.evaluate(index, frame))
            case ir.Comprehension(kind=kind, element=element, clauses=[clause]) if kind != "dict":
                inner = Frame(frame.scope, outer=frame)
                found_items = []
                for item in self._elements(self.evaluate(clause.iter, frame)):
                    self._bind(clause.target, item, inner)
                    found_items.append(self.evaluate(element, inner))
                return Items(found_items, expr)
            case ir.Lambda(function=index):
                return FunctionValue(frame.scope.module.functions[index], frame)
            case ir.Yield(value=value) if value is not None:
                found = self.evaluate(value, frame)
                frame.yielded.extend(self._elements(found) if expr.is_from else [found])
                return Unknown(expr, frame.scope)
        return Unknown(expr, frame.scope)

    def _spread(self, item: Expr, frame: Frame) -> list[Value]:
        if type(item) is not ir.Star:
            return [self.evaluate(item, frame)]
        found = self.evaluate(item.value, frame)
        return list(found.items) if isinstance(found, Items) else [found]

    def _entries(self, keys: list[Expr | None], values: list[Expr], frame: Frame) -> Value:
        entries: dict[Any, Value] = {}
        for key_expr, value in zip(keys, values, strict=True):
            found = self.evaluate(value, frame)
            if key_expr is None:
                entries.update(found.entries if isinstance(found, Entries) else {})
                continue
            key = self.evaluate(key_expr, frame)
            if isinstance(key, Literal):
                entries[key.value] = found
        return Entries(entries)

    def _item(self, owner: Value, index: Value) -> Value:
        if isinstance(owner, (Symbol, ClassValue)):
            return Parametrised(owner, index.items if isinstance(index, Items) else [index])
        if isinstance(index, Literal):
            if (
                isinstance(owner, Items)
                and isinstance(index.value, int)
                and -len(owner.items) <= index.value < len(owner.items)
            ):
                return owner.items[index.value]
            if isinstance(owner, Entries):
                return owner.entries.get(index.value, Unknown())
        return Unknown()

    def _sum(self, left: Value, op: str, right: Value) -> Value:
        if op == "+" and isinstance(left, Items):
            if isinstance(right, Items):
                return Items([*left.items, *right.items], left.expr)
            return Items([*left.items, right], left.expr)  # what is added is not known item by item
        if op == "+" and isinstance(right, Items):
            return Items([left, *right.items], right.expr)
        if op == "+" and isinstance(left, Literal) and isinstance(right, Literal):
            if isinstance(left.value, str) and isinstance(right.value, str):
                return Literal(left.value + right.value, left.is_default or right.is_default)
        if op == "|" and isinstance(left, Items) and isinstance(right, Items):
            return Items([*left.items, *right.items], left.expr)
        if op == "|" and isinstance(left, Entries) and isinstance(right, Entries):
            return Entries({**left.entries, **right.entries})
        return Unknown()

    def _elements(self, value: Value) -> list[Value]:
        match value:
            case Items(items=items):
                return items[:_UNROLLED]
            case Entries(entries=entries):
                return [Literal(key) for key in list(entries)[:_UNROLLED]]
            case _:
                return [Unknown()]

    def attribute(self, owner: Value, name: str) -> Value:
        match owner:
            case ModuleValue(module=module):
                return self.variable(f"{module.name}.{name}")
            case Symbol(name="django.conf.settings"):
                return self._setting(name)
            case Symbol(name=symbol):
                return Symbol(self.project.names.canonical(f"{symbol}.{name}"))
            case Instance(attributes=attributes) if name in attributes:
                return attributes[name]
            case Instance(cls=cls) | ClassValue(cls=cls):
                return self._class_attribute(cls, name, owner)
            case Object(attributes=attributes) if name in attributes:
                return attributes[name]
            case Object(cls=cls) if cls is not None and self.project.classes.method(cls.qualified, name) is not None:
                return self._class_attribute(cls, name, owner)
            case Object() | Literal() | Items() | Entries():
                return Bound(owner, name)
            case Bound(target=Object() as target, method=method):
                return Bound(target, f"{method}.{name}")
            case _:
                return Unknown()

    def _setting(self, name: str) -> Value:
        """A setting of Django's that is a text, like a prefix; conditions on settings stay open."""
        for owner in settings_owners(self.project):
            found = self.variable(f"{owner.name if isinstance(owner, Module) else owner.qualified}.{name}")
            if text(found) is not None:
                return found
        return Symbol(f"django.conf.settings.{name}")

    def _class_attribute(self, cls: Class, name: str, owner: Value) -> Value:
        for each in self.project.classes.mro(cls):
            if isinstance(each, str):
                continue
            if name in each.methods:
                return FunctionValue(each.methods[name], self._frames.get(each.module.name), owner)
            if name in each.attributes and each.attributes[name].value is not None:
                return self._assigned(each, name)
            if name in each.inner:
                return ClassValue(each.inner[name])
        is_from_library = any(isinstance(each, str) for each in self.project.classes.mro(cls))
        return Bound(owner, name) if is_from_library else Unknown()

    def _assigned(self, cls: Class, name: str) -> Value:
        """What the body of a class assigns to a name, evaluated once; what depends on itself is unknown."""
        key = (cls.qualified, name)
        expr = cls.attributes[name].value
        if key not in self._attributes and expr is not None:
            self._attributes[key] = Unknown()
            self._attributes[key] = self._default(self.evaluate(expr, self.class_frame(cls)))
        return self._attributes[key]

    def _default(self, value: Value) -> Value:
        """The value of a settings field: `Field(default=…)` stands for its default."""
        if isinstance(value, Called) and value.symbol == "pydantic.Field":
            return argument_of(value.args, value.kwargs, 0, "default") or Unknown()
        return value

    # Calls

    def _arguments(self, call: ir.Call, frame: Frame) -> tuple[list[Value], dict[str, Value]]:
        args: list[Value] = []
        kwargs: dict[str, Value] = {}
        for arg in call.args:
            value = self.evaluate(arg.value, frame)
            if arg.keyword is not None:
                kwargs[arg.keyword] = value
            elif arg.stars == 2:
                if isinstance(value, Entries):
                    kwargs.update({key: each for key, each in value.entries.items() if isinstance(key, str)})
            elif arg.stars == 1:
                args.extend(value.items if isinstance(value, Items) else [value])
            else:
                args.append(value)
        return args, kwargs

    def _call(self, func: Value, call: ir.Call, frame: Frame) -> Value:
        if type(call.func) is ir.Attribute and type(call.func.value) is ir.Call:
            if ir.dotted(call.func.value.func) == "super":
                return self._super(call.func.name, call, frame)
        args, kwargs = self._arguments(call, frame)
        match func:
            case Symbol(name=symbol):
                return self._library(symbol, call, args, kwargs, frame)
            case ClassValue(cls=cls):
                return self._construct(cls, call, args, kwargs, frame)
            case FunctionValue(function=function):
                if function.qualified in self._relevant or any(map(is_tracked, (*args, *kwargs.values()))):
                    return self._invoke(func, args, kwargs, frame)
                if function.qualified in self._keeping and any(
                    isinstance(each, ClassValue | FunctionValue) for each in (*args, *kwargs.values())
                ):
                    return self._invoke(func, args, kwargs, frame)
                if args and _is_plain(function) and all(isinstance(arg, Literal) for arg in (*args, *kwargs.values())):
                    found = self._invoke(func, args, kwargs, frame)
                    if isinstance(found, Literal):
                        return found
                return self._made(function) or Called(function.qualified, call, frame.scope, args, kwargs, func.bound)
            case Bound(target=Object() as target, method=method):
                self._event(target, method, call, call, args, kwargs, frame, None)
                kind = MAKERS.get(f"{target.symbol}.{method}")
                if kind is not None:
                    return self._object(Object(kind, call, frame.scope, args, kwargs, maker=target))
                return Called(f"{target.symbol}.{method}", call, frame.scope, args, kwargs)
            case Bound(target=ClassValue(cls=cls) | Instance(cls=cls), method=method):
                return Called(f"{cls.qualified}.{method}", call, frame.scope, args, kwargs, ClassValue(cls))
            case Bound(target=target, method=method):
                return self._method(target, method, args, kwargs)
            case Called(symbol=symbol):
                if args:
                    self._applied(func.call, args[0])
                return Called(f"{symbol}()", call, frame.scope, args, kwargs, func)
            case Object():
                self._event(func, "__call__", call, call, args, kwargs, frame, None)
            case Unknown():
                self._brought(call, args, kwargs, frame)
        return Unknown(call, frame.scope)

    def _brought(self, call: ir.Call, args: list[Value], kwargs: dict[str, Value], frame: Frame) -> None:
        """A call that registers on an application of another's, as an extension does on its server's."""
        method = call.func.name if type(call.func) is ir.Attribute else ""
        if method in BROUGHT and any(isinstance(each, Items) for each in args):
            app = self._object(Object(BROUGHT[method], call, frame.scope, [], {}, is_foreign=True))
            self._event(app, method, call, call, args, kwargs, frame, None)

    def _applied(self, decorator: ir.Call, value: Value) -> None:
        """A decorator that is called rather than written with `@`: `app.get("/")(view)`."""
        event = next((each for each in reversed(self.events) if each.call is decorator), None)
        if event is not None and event.decorated is None:
            event.applied = value

    def _made(self, function: Function) -> Instance | None:
        """The instance that a function like `get_settings` gives: one for each class."""
        kind = self.project.types.returned(function)
        cls = None if kind is None or kind.itself else self.project.cls(kind.name)
        return None if cls is None else self._instances.setdefault(cls.qualified, Instance(cls))

    def _library(self, symbol: str, call: ir.Call, args: list[Value], kwargs: dict[str, Value], frame: Frame) -> Value:
        if symbol in KINDS:
            made = self._object(Object(symbol, call, frame.scope, args, kwargs))
            return Items([made]) if symbol in LISTS else made
        match symbol, args:
            case "builtins.list" | "builtins.tuple" | "builtins.sorted" | "builtins.set" | "itertools.chain", [
                Items() as items
            ]:
                return items
            case "rest_framework.urlpatterns.format_suffix_patterns", [patterns, *_]:
                return patterns
            case "itertools.chain", _ if all(isinstance(arg, Items) for arg in args):
                return Items([item for arg in args for item in arg.items])  # type: ignore[attr-defined]
            case "builtins.enumerate", [Items(items=items)]:
                return Items([Items([Literal(index), item]) for index, item in enumerate(items)])
            case "builtins.zip", [Items(items=first), Items(items=second)]:
                return Items([Items([a, b]) for a, b in zip(first, second, strict=False)])
            case "builtins.str", [Literal(value=value, is_default=is_default)]:
                return Literal(str(value), is_default)
            case "builtins.bool", [Literal(value=value, is_default=is_default)]:
                return Literal(bool(value), is_default)
            case "importlib.import_module", [Literal(value=str(name)), *_]:
                return self.variable(self.project.names.canonical(name))
            case "builtins.getattr", [owner, Literal(value=str(name)), *_]:
                return self.attribute(owner, name)
            case "functools.partial", [FunctionValue() as function, *_]:
                return function
            case "os.getenv" | "os.environ.get", [_, Literal() as default]:
                return Literal(default.value, is_default=True)
        return Called(symbol, call, frame.scope, args, kwargs)

    def _object(self, made: Object) -> Object:
        self.objects.append(made)
        listed = [each for name in ("on_app_init", "lifespan") for each in as_list(made.kwargs.get(name))]
        plugins = (each for each in as_list(made.kwargs.get("plugins")) if isinstance(each, Instance))
        listed += [self.attribute(each, "on_app_init") for each in plugins]
        self._lifespans += [(each, made) for each in listed if isinstance(each, FunctionValue)]
        return made

    def _construct(self, cls: Class, call: ir.Call, args: list[Value], kwargs: dict[str, Value], frame: Frame) -> Value:
        kind = next((each for each in self.project.classes.mro(cls) if isinstance(each, str) and each in KINDS), None)
        if kind is not None:
            made = self._object(Object(kind, call, frame.scope, args, kwargs, cls=cls))
            init = self.project.classes.method(cls.qualified, "__init__")
            if init is not None:
                self._invoke(FunctionValue(init, bound=made), args, kwargs, frame)
            return made
        instance = Instance(cls)
        self._instances.setdefault(cls.qualified, instance)
        init = self.project.classes.method(cls.qualified, "__init__")
        if init is not None and (init.qualified in self._relevant or any(map(is_tracked, (*args, *kwargs.values())))):
            self._invoke(FunctionValue(init, bound=instance), args, kwargs, frame)
        else:
            instance.attributes.update(kwargs)
        return instance

    def _super(self, name: str, call: ir.Call, frame: Frame) -> Value:
        """A call of an inherited method; on a framework's object the constructor's arguments are those it hands on."""
        args, kwargs = self._arguments(call, frame)
        owner = frame.owner
        scope = frame.scope
        cls = scope.owner if isinstance(scope, Function) else None
        if cls is not None:
            for each in self.project.classes.mro(cls)[1:]:
                if isinstance(each, Class) and name in each.methods:
                    return self._invoke(FunctionValue(each.methods[name], bound=owner), args, kwargs, frame)
        if isinstance(owner, Object) and name == "__init__":
            owner.args = args
            owner.kwargs = {**owner.kwargs, **kwargs} if call.has_unpacking else kwargs
        elif isinstance(owner, Object):
            self._event(owner, name, call, call, args, kwargs, frame, None)
        return Unknown(call, frame.scope)

    def _method(self, target: Value, method: str, args: list[Value], kwargs: dict[str, Value]) -> Value:
        match target, method, args:
            case Items(), "append", [value]:
                target.items.append(value)
            case Items(), "extend", [Items(items=items)]:
                target.items.extend(items)
            case Items(), "extend", [value]:
                target.items.append(value)
            case Items(), "insert", [_, value]:
                target.items.insert(0, value)
            case Items(), "copy", []:
                return Items(list(target.items), target.expr)
            case Entries(entries=entries), "items", []:
                return Items([Items([Literal(key), value]) for key, value in entries.items()])
            case Entries(entries=entries), "values", []:
                return Items(list(entries.values()))
            case Entries(entries=entries), "get", [Literal(value=key), *_]:
                return entries.get(key, Unknown())
            case Entries(entries=entries), "update", _:
                for more in args:
                    entries.update(more.entries if isinstance(more, Entries) else {})
                entries.update(kwargs)
            case Entries(entries=entries), "setdefault", [Literal(value=key), value]:
                return entries.setdefault(key, value)
            case Literal(value=str()), _, _ if method in PURE and all(isinstance(arg, Literal) for arg in args):
                return computed(target, method, [arg.value for arg in args if isinstance(arg, Literal)])
        return Unknown()

    def _invoke(self, value: FunctionValue, args: list[Value], kwargs: dict[str, Value], caller: Frame | None) -> Value:
        function = value.function
        if function.qualified in self._stack or len(self._stack) >= _DEPTH:
            return Unknown()
        self._executed.add(function.qualified)
        module_frame = self.frame(function.module)
        frame = Frame(function, outer=value.frame or module_frame, owner=value.bound)
        names = [each for each in function.parameters if each.kind in ("positional", "plain")]
        passed = list(args)
        if value.bound is not None and not function.is_static:
            passed.insert(0, value.bound)
        elif function.cls is not None and function.is_classmethod:
            passed.insert(0, ClassValue(function.cls))
        for index, parameter in enumerate(names):
            if index < len(passed):
                frame.values[parameter.name] = passed[index]
            elif parameter.name in kwargs:
                frame.values[parameter.name] = kwargs[parameter.name]
            elif parameter.default is not None:
                frame.values[parameter.name] = self.evaluate(parameter.default, module_frame)
        known = {each.name for each in names}
        for parameter in function.parameters:
            match parameter.kind:
                case "star":
                    frame.values[parameter.name] = Items(passed[len(names) :])
                case "stars":
                    frame.values[parameter.name] = Entries(
                        {key: each for key, each in kwargs.items() if key not in known}
                    )
                case "keyword" if parameter.name in kwargs:
                    frame.values[parameter.name] = kwargs[parameter.name]
                case "keyword" if parameter.default is not None:
                    frame.values[parameter.name] = self.evaluate(parameter.default, module_frame)
        self._stack.append(function.qualified)
        self._block(function.body, frame)
        self._stack.pop()
        if function.facts.is_generator:
            return Items(frame.yielded)
        return next((found for found in frame.returned if not isinstance(found, Unknown)), Unknown())

    def _event(
        self,
        target: Object,
        method: str,
        call: ir.Call | None,
        node: Expr,
        args: list[Value],
        kwargs: dict[str, Value],
        frame: Frame,
        decorated: Function | Class | None,
    ) -> None:
        self.events.append(Event(target, method, call, node, args, kwargs, frame, len(self.events), decorated))


def _is_plain(function: Function) -> bool:
    """Whether calling a function with literals may be worth it: short, and no coroutine or generator."""
    facts = function.facts
    return facts.metrics.statements <= _PLAIN_STATEMENTS and not (facts.is_async or facts.is_generator)
