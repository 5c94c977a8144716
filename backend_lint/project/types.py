"""Light type inference: what an expression is, as far as annotations, constructors and returns tell.

Flow-insensitive: a local variable has the type of the first assignment that has one. Unknown is None, and everything
that builds on types must treat None as "could be anything".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, children, walk_expression
from backend_lint.facts.types import Parameter
from backend_lint.project.classes import Classes
from backend_lint.project.external import ancestors, objects, properties, returns
from backend_lint.project.modules import Class, Function, Module, Scope
from backend_lint.project.names import Names


@dataclass(frozen=True)
class Type:
    """An instance of the class `name` with type arguments; with `itself`, the class, function or module of that name.

    A library's call whose result is not known has the symbolic type `requests.get()`, an attribute of a library's
    object `flask.Flask.config`: so a symbol can be followed as far as it goes.
    """

    name: str
    args: tuple[Type, ...] = ()
    itself: bool = False

    def __str__(self) -> str:
        inside = f"[{', '.join(map(str, self.args))}]" if self.args else ""
        return f"{'type ' if self.itself else ''}{self.name}{inside}"


@dataclass(frozen=True)
class Binding:
    """One way in which a local name gets its value.

    `kind` is `value` (it is `expr`), `element` (iterating over it), `enter` (entering it), `error` (caught) or
    `captured` (a part of it, by a pattern). `path` are the positions of unpacking, outermost first.
    """

    kind: str
    expr: Expr
    path: tuple[int, ...] = ()


_ELEMENT_WRAPPERS = frozenset(
    {"list", "set", "frozenset", "List", "Set", "FrozenSet", "Sequence", "Iterable", "Iterator", "Collection", "deque"}
    | {"AsyncIterator", "AsyncIterable", "Generator", "AsyncGenerator", "MutableSequence", "AbstractSet", "KeysView"}
)
_TRANSPARENT = frozenset(
    {"Annotated", "Final", "ClassVar", "Required", "NotRequired", "ReadOnly", "Optional", "Awaitable"}
)
_CONTEXT_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
_DICTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"})


class Types:
    def __init__(self, modules: dict[str, Module], names: Names) -> None:
        self.modules, self.names = modules, names
        self.classes = Classes(modules, names, self)
        self._of: dict[tuple[int, int], Type | None] = {}
        self._returns: dict[str, Type | None] = {}
        self._bindings: dict[str, dict[str, list[Binding]]] = {}
        self._attributes: dict[tuple[str, str], Type | None] = {}
        self._learned: dict[tuple[str, str], Type] = {}
        self._passed: dict[tuple[str, str], Type] = {}
        self._aliases: set[str] = set()

    def learn(self, members: Mapping[tuple[str, str], Type]) -> None:
        """Take in what the code does not say: types of attributes that frameworks put on classes, by class and name.

        What a method of the framework gives goes by its call, `get_object()`.
        """
        self._learned.update(members)
        self._forget()

    def learn_parameters(self, passed: Mapping[tuple[str, str], Type]) -> None:
        """Take in the types of parameters that say nothing themselves, by function and name."""
        self._passed = dict(passed)
        self._forget()

    def _forget(self) -> None:
        for known in (self._of, self._returns, self._attributes):
            known.clear()

    # What an expression is

    def of(self, expr: Expr | None, scope: Scope) -> Type | None:
        if expr is None:
            return None
        key = (id(expr), id(scope))
        if key not in self._of:
            self._of[key] = None  # what depends on itself is unknown
            self._of[key] = self._infer(expr, scope)
        return self._of[key]

    def _infer(self, expr: Expr, scope: Scope) -> Type | None:
        match expr:
            case ir.Const(value=value):
                return None if value is None else Type(f"builtins.{type(value).__name__}")
            case ir.Text():
                return Type("builtins.str")
            case ir.Name():
                return self._name(expr, scope)
            case ir.Attribute():
                return self._attribute_of(expr, scope)
            case ir.Call():
                return self._call(expr, scope)
            case ir.Await(value=value) | ir.Walrus(value=value) | ir.Star(value=value):
                return self.of(value, scope)
            case ir.Subscript():
                return self._item(expr, scope)
            case ir.Conditional(body=body, orelse=orelse):
                return self.of(body, scope) or self.of(orelse, scope)
            case ir.Bool(values=values):
                return next((found for found in (self.of(value, scope) for value in values) if found), None)
            case ir.Sequence(kind="tuple", items=items):
                return Type("builtins.tuple", tuple(self.of(item, scope) or Type("?") for item in items))
            case ir.Sequence(kind=kind, items=items):
                element = next((found for found in (self.of(item, scope) for item in items) if found), None)
                return Type(f"builtins.{kind}", () if element is None else (element,))
            case ir.Dict(values=values):
                held = next((found for found in (self.of(item, scope) for item in values) if found), None)
                return Type("builtins.dict", () if held is None else (Type("builtins.str"), held))
            case ir.Comprehension(kind="dict", value=value):
                found = self.of(value, scope)
                return Type("builtins.dict", () if found is None else (Type("?"), found))
            case ir.Comprehension(element=element):
                found = self.of(element, scope)
                return Type("builtins.list", () if found is None else (found,))
            case ir.Compare() | ir.Unary(op="not"):
                return Type("builtins.bool")
            case ir.Binary(op=op, left=left, right=right):
                found = self.of(left, scope)
                if op == "/" and found is not None and found.name.startswith("pathlib."):
                    return found
                return found if found is not None and found.name.startswith("builtins.") else self.of(right, scope)
            case _:
                return None

    def _name(self, expr: ir.Name, scope: Scope) -> Type | None:
        if isinstance(scope, Function):
            local = self._local(expr.id, scope)
            if local is not None or self._is_local(expr.id, scope):
                return local
        qualified = self.names.resolve(expr.id, scope)
        return None if qualified is None else self.named(qualified)

    def _is_local(self, name: str, scope: Function) -> bool:
        if name in scope.imports or name in scope.nested or name in scope.nested_classes:
            return False
        return name in scope.locals

    def _local(self, name: str, scope: Function) -> Type | None:
        current: Function | None = scope
        while current is not None:
            if self._is_local(name, current):
                parameter = current.parameter(name)
                if parameter is not None:
                    found = self.parameter(parameter, current)
                    if found is not None:
                        return found
                for binding in self.bindings(current).get(name, ()):
                    found = self._bound(binding, current)
                    if found is not None:
                        return found
                return None
            current = current.parent
        return None

    def _bound(self, binding: Binding, scope: Scope) -> Type | None:
        found = self.of(binding.expr, scope)
        if found is None:
            return None
        if binding.kind == "element":
            found = self.element(found)
        elif binding.kind == "enter":
            found = self.entered(found)
        elif binding.kind == "error":
            found = Type(found.name) if found.itself else None
        elif binding.kind == "captured":
            return None
        elif binding.kind == "annotation":
            return self.annotation(binding.expr, scope)
        for index in binding.path:
            if found is None:
                return None
            found = _item_type(found, index)
        return None if found is None or found.name == "?" else found

    def bindings(self, function: Function) -> dict[str, list[Binding]]:
        """How each local name of a function gets its values, in source order."""
        known = self._bindings.get(function.qualified)
        if known is None:
            known = self._bindings[function.qualified] = bindings(function.statements)
        return known

    def named(self, qualified: str) -> Type | None:
        """The type of what a qualified name denotes."""
        module, rest = self.names.split(qualified)
        if module is None or not rest:
            table = returns()
            spec = table.get(qualified)
            if spec is not None and not qualified.startswith("builtins.") and qualified in objects():
                return self._spec(spec, None, None, None)
            return Type(qualified, itself=True)
        head, _, tail = rest.partition(".")
        cls, function = module.top_classes.get(head), module.top_functions.get(head)
        if cls is not None:
            found: Type | None = Type(cls.qualified, itself=True)
        elif function is not None:
            found = Type(function.qualified, itself=True)
        else:
            found = self._variable(module, head)
        for name in tail.split(".") if tail else ():
            found = None if found is None else self.attribute(found, name)
        return found

    def _variable(self, module: Module, name: str) -> Type | None:
        for stmt in module.assignments.get(name, ()):
            if stmt.annotation is not None:
                found = self.annotation(stmt.annotation, module)
            elif len(stmt.targets) == 1 or any(type(each) is ir.Name and each.id == name for each in stmt.targets):
                found = self.of(stmt.value, module)
            else:
                found = None
            if found is not None:
                return found
        return None

    def parameter(self, parameter: Parameter, function: Function) -> Type | None:
        """The type of a parameter: its annotation, the class for `self`, its dependency or default, what is passed."""
        if parameter.annotation is not None:
            found = self.annotation(parameter.annotation, function.around)
            if found is not None:
                return found
        cls = function.cls
        if cls is not None and function.parameters and function.parameters[0] is parameter:
            if not function.is_static:
                is_class = function.is_classmethod or function.name in (
                    "__new__",
                    "__init_subclass__",
                    "__class_getitem__",
                )
                return Type(cls.qualified, itself=is_class)
        match parameter.default:
            case ir.Call(func=func, args=[ir.Argument(value=dependency), *_]):
                if self.names.qualified(func, function.around) in ("fastapi.Depends", "fastapi.Security"):
                    return self.provided(dependency, function.around)
            case ir.Const(value=value) if value is not None:
                return Type(f"builtins.{type(value).__name__}")
        return self._passed.get((function.qualified, parameter.name))

    def provided(self, dependency: Expr, scope: Scope) -> Type | None:
        """What a dependency gives: the return of a function, what a generator yields, an instance of a class."""
        found = self.of(dependency, scope)
        if found is None:
            return None
        function = self.function(found.name) if found.itself else None
        if function is not None:
            result = self.returned(function)
            return self.element(result) if function.facts.is_generator and result is not None else result
        if found.itself:
            return Type(found.name)
        method = self.classes.method(found.name, "__call__")
        return None if method is None else self.returned(method)

    def annotation(self, expr: Expr, scope: Scope) -> Type | None:
        """The type that an annotation names; of a union the first member that is not None."""
        match expr:
            case ir.Const(value=None):
                return None
            case ir.Binary(op="|", left=left, right=right):
                return self.annotation(left, scope) or self.annotation(right, scope)
            case ir.Subscript(value=value, index=index):
                return self._generic(value, index, scope)
            case ir.Name() | ir.Attribute():
                return self._annotated_name(expr, scope)
            case _:
                return None

    def _annotated_name(self, expr: ir.Name | ir.Attribute, scope: Scope) -> Type | None:
        qualified = self.names.qualified(expr, scope)
        if qualified is None:
            return None
        module, rest = self.names.split(qualified)
        if module is None:
            if qualified in ("typing.Self", "typing.Any", "typing.TypeVar"):
                owner = scope.owner if isinstance(scope, Function) else scope if isinstance(scope, Class) else None
                return Type(owner.qualified) if owner is not None and qualified == "typing.Self" else None
            return Type(_BUILTIN_ALIASES.get(qualified, qualified))
        if self.classes.get(qualified) is not None:
            return Type(qualified)
        found = module.assignments.get(rest)
        value = found[-1].value if found else None
        if not isinstance(value, (ir.Subscript, ir.Binary, ir.Name)) or qualified in self._aliases:
            return None
        self._aliases.add(qualified)  # an alias may name itself: `Tree = Tree | None`
        try:
            return self.annotation(value, module)
        finally:
            self._aliases.discard(qualified)

    def _generic(self, value: Expr, index: Expr, scope: Scope) -> Type | None:
        qualified = self.names.qualified(value, scope) or ""
        base = qualified.rpartition(".")[2]
        parts = index.items if type(index) is ir.Sequence and index.kind == "tuple" else [index]
        if not parts:
            return None
        if base == "Union":
            return next((found for found in (self.annotation(part, scope) for part in parts) if found), None)
        if base in _TRANSPARENT or qualified.startswith("ninja."):  # `Query[Filters]` of Django Ninja
            found = self.annotation(parts[0], scope)
            if found is None and base == "Annotated":
                return self._annotated_dependency(parts[1:], scope)
            return found
        if base in ("type", "Type"):
            found = self.annotation(parts[0], scope)
            return None if found is None else Type(found.name, itself=True)
        if base == "Literal":
            return self.of(parts[0], scope)
        args = tuple(self.annotation(part, scope) or Type("?") for part in parts)
        if base in _ELEMENT_WRAPPERS:
            return Type("builtins.list", args[:1])
        if base in _DICTS:
            return Type("builtins.dict", args)
        if base in ("tuple", "Tuple"):
            return Type("builtins.tuple", args)
        owner = self._annotated_name(value, scope) if isinstance(value, (ir.Name, ir.Attribute)) else None
        return None if owner is None else Type(owner.name, args)

    def _annotated_dependency(self, extras: list[Expr], scope: Scope) -> Type | None:
        for extra in extras:
            if type(extra) is ir.Call and extra.args:
                if self.names.qualified(extra.func, scope) in ("fastapi.Depends", "fastapi.Security"):
                    return self.provided(extra.args[0].value, scope)
        return None

    # Attributes

    def _attribute_of(self, expr: ir.Attribute, scope: Scope) -> Type | None:
        qualified = self.names.qualified(expr, scope)
        if qualified is not None:
            module, rest = self.names.split(qualified)
            is_definition = module is not None and ("." not in rest or self.classes.get(qualified) is not None)
            if module is None or is_definition:
                return self.named(qualified)
        owner = self.of(expr.value, scope)
        return None if owner is None else self.attribute(owner, expr.name)

    def attribute(self, owner: Type, name: str) -> Type | None:
        """The type of an attribute; a method is the function itself."""
        key = (str(owner), name)
        if key not in self._attributes:
            self._attributes[key] = None
            self._attributes[key] = self._find_attribute(owner, name)
        return self._attributes[key]

    def _find_attribute(self, owner: Type, name: str) -> Type | None:
        cls = self.classes.get(owner.name)
        if cls is None:
            module = self.modules.get(owner.name) if owner.itself else None
            if module is not None:
                return self.named(f"{owner.name}.{name}")
            return self._external_attribute(owner.name, owner, name)
        for each in self.classes.mro(cls):
            found = (
                self._external_attribute(each, owner, name, strict=True)
                if isinstance(each, str)
                else self._own(each, name)
            )
            if found is not None:
                return found
        outside = next(
            (each for each in self.classes.mro(cls) if isinstance(each, str) and each != "builtins.object"), None
        )
        return None if outside is None or name in _DATA_BASES else Type(f"{outside}.{name}", itself=True)

    def _own(self, cls: Class, name: str) -> Type | None:
        learned = self._learned.get((cls.qualified, name))
        if learned is not None:
            return learned
        method = cls.methods.get(name)
        if method is not None:
            if any(
                (ir.dotted(each) or "").rpartition(".")[2] in ("property", "cached_property")
                for each in method.decorators
            ):
                return self.returned(method)
            return Type(method.qualified, itself=True)
        inner = cls.inner.get(name)
        if inner is not None:
            return Type(inner.qualified, itself=True)
        assigned = cls.attributes.get(name)
        if assigned is not None:
            found = None if assigned.annotation is None else self.annotation(assigned.annotation, cls)
            if found is not None and found.name == "sqlalchemy.orm.Mapped":
                return found.args[0] if found.args else None
            return found or self.of(assigned.value, cls)
        for method, stmt in cls.instance_attributes.get(name, ()):
            found = None if stmt.annotation is None else self.annotation(stmt.annotation, method)
            found = found or self.of(stmt.value, method)
            if found is not None:
                return found
        return None

    def _external_attribute(self, base: str, owner: Type, name: str, *, strict: bool = False) -> Type | None:
        table = returns()
        for each in ancestors(base):
            spec = table.get(f"{each}.{name}")
            if spec is not None and f"{each}.{name}" in properties():
                return self._spec(spec, owner, None, None)
            if spec is not None:
                return Type(f"{each}.{name}", owner.args, itself=True)
        if strict:
            return None
        return Type(f"{base}.{name}", itself=True)

    # Calls

    def _call(self, call: ir.Call, scope: Scope) -> Type | None:
        func = call.func
        if type(func) is ir.Call and ir.dotted(func.func) == "super":
            return None
        if type(func) is ir.Attribute:
            receiver = self.of(func.value, scope)
            if receiver is not None and not (receiver.itself and self.classes.get(receiver.name) is None):
                found = self._method_result(receiver, func.name, call, scope)
                if found is not None:
                    return found
        callee = self.of(func, scope)
        if callee is None:
            return None
        if not callee.itself:
            return self._method_result(callee, "__call__", call, scope)
        function = self.function(callee.name)
        if function is not None:
            return self._result(function) or self._given_back(function, call, scope)
        if self.classes.get(callee.name) is not None:
            return Type(callee.name)
        if callee.name in ("typing.cast", "cast") and call.args:
            return self.annotation(call.args[0].value, scope)
        spec = returns().get(callee.name)
        if spec is not None:
            return self._spec(spec, None, call, scope)
        last = callee.name.rpartition(".")[2]
        return Type(callee.name if last[:1].isupper() else f"{callee.name}()")

    def _method_result(self, receiver: Type, name: str, call: ir.Call, scope: Scope) -> Type | None:
        cls = self.classes.get(receiver.name)
        mro: list[Class | str] = self.classes.mro(cls) if cls is not None else list(ancestors(receiver.name))
        table = returns()
        for each in mro:
            if isinstance(each, Class):
                method = each.methods.get(name)
                learned = self._learned.get((each.qualified, f"{name}()"))
                if method is None and learned is not None:
                    return learned
                if method is not None:
                    found = self._result(method, receiver)
                    is_open = found is not None and (found.args == (Type("?"),) or found == Type(receiver.name))
                    if found is not None and is_open and receiver.args:
                        return Type(found.name, receiver.args)
                    return found or self._given_back(method, call, scope)
                continue
            for base in ancestors(each):
                spec = table.get(f"{base}.{name}")
                if spec is not None and f"{base}.{name}" not in properties():
                    return self._spec(spec, receiver, call, scope)
        return None

    def _result(self, function: Function, receiver: Type | None = None) -> Type | None:
        if any(self.names.qualified(each, function.module) in _CONTEXT_MANAGERS for each in function.decorators):
            found = self.returned(function)
            return None if found is None else Type("contextlib.AbstractContextManager", (self.element(found) or found,))
        return self.returned(function)

    def _given_back(self, function: Function, call: ir.Call, scope: Scope) -> Type | None:
        """What a function gives that returns what it is given: `ensure_found(order)`."""
        returns = [stmt.value for stmt in function.statements if type(stmt) is ir.Return and stmt.value is not None]
        names = {each.id if type(each) is ir.Name else "" for each in returns}
        name = names.pop() if len(names) == 1 else ""
        own = [each.name for each in function.parameters if each.kind in ("plain", "positional")]
        own = own[1:] if function.takes_receiver else own
        if name not in own or self.bindings(function).get(name):
            return None
        return self.of(call.argument(own.index(name), name), scope)

    def returned(self, function: Function) -> Type | None:
        """What a call of the function gives, awaited; of a generator, a list of what it yields."""
        if function.qualified in self._returns:
            return self._returns[function.qualified]
        self._returns[function.qualified] = None
        found: Type | None = None
        if function.facts.returns is not None:
            found = self.annotation(function.facts.returns, function.around)
            if found is not None and function.facts.is_generator and found.name != "builtins.list":
                found = Type("builtins.list", (found,))
        elif function.facts.is_generator:
            found = self._yielded(function)
        else:
            for stmt in function.statements:
                if type(stmt) is ir.Return and stmt.value is not None:
                    found = self.of(stmt.value, function)
                    if found is not None:
                        break
        self._returns[function.qualified] = found
        return found

    def _yielded(self, function: Function) -> Type | None:
        for stmt in function.statements:
            for expr in children(stmt):
                for node in walk_expression(expr):
                    if type(node) is ir.Yield and node.value is not None:
                        found = self.of(node.value, function)
                        if found is not None:
                            return found if node.is_from else Type("builtins.list", (found,))
        return None

    def element(self, of: Type) -> Type | None:
        """What iterating over a value gives."""
        if of.name == "builtins.dict":
            return of.args[0] if of.args else None
        if of.name.startswith("builtins."):
            return of.args[0] if of.args and of.args[0].name != "?" else None
        spec = next(
            (returns()[key] for key in (f"{each}.__iter__" for each in ancestors(of.name)) if key in returns()), None
        )
        if spec is not None:
            return self._spec(spec, of, None, None)
        cls = self.classes.get(of.name)
        if cls is None:
            return None
        following = self.classes.method(of.name, "__next__") or self.classes.method(of.name, "__anext__")
        if following is not None:  # an iterator: iterating over it gives itself
            return self.returned(following)
        method = self.classes.method(of.name, "__iter__") or self.classes.method(of.name, "__aiter__")
        result = None if method is None else self.returned(method)
        return None if result is None or self.classes.get(result.name) is cls else self.element(result)

    def entered(self, of: Type) -> Type | None:
        """What `with value as name` binds."""
        if of.name == "contextlib.AbstractContextManager":
            return of.args[0] if of.args else None
        cls = self.classes.get(of.name)
        if cls is None:
            return of
        for name in ("__enter__", "__aenter__"):
            method = self.classes.method(of.name, name)
            if method is not None:
                return self.returned(method) or of
        return of

    def _item(self, expr: ir.Subscript, scope: Scope) -> Type | None:
        owner = self.of(expr.value, scope)
        if owner is None:
            return None
        if type(expr.index) is ir.Slice:
            return owner
        if type(expr.index) is ir.Const and isinstance(expr.index.value, int):
            found = _item_type(owner, expr.index.value)
            if found is not None:
                return None if found.name == "?" else found
        if owner.name == "builtins.dict":
            return owner.args[1] if len(owner.args) > 1 and owner.args[1].name != "?" else None
        for each in ancestors(owner.name):
            spec = returns().get(f"{each}.__getitem__")
            if spec is not None:
                return self._spec(spec, owner, None, None)
        if owner.itself:
            return owner
        if owner.name == "builtins.list":
            return self.element(owner)
        return None

    def function(self, qualified: str) -> Function | None:
        """The function or method of the project with this qualified name."""
        module, rest = self.names.split(qualified)
        if module is None or not rest:
            return None
        return module.by_qualname.get(rest)

    def _spec(self, spec: str, receiver: Type | None, call: ir.Call | None, scope: Scope | None) -> Type | None:
        """The type that a specification of `external.toml` describes here."""
        if spec == "self":
            return receiver
        if spec == "class":
            return None if receiver is None else Type(receiver.name)
        if spec.startswith("."):
            index = int(spec[1:])
            args = receiver.args if receiver is not None else ()
            return args[index] if index < len(args) and args[index].name != "?" else None
        if spec.startswith("$"):
            position, _, inner = spec[1:].partition(".")
            value = None if call is None else call.argument(int(position))
            found = None if value is None or scope is None else self._instance(value, scope)
            if found is None or not inner:
                return found
            if found.name == "builtins.tuple" or not found.args:
                return self.element(found)
            return found.args[int(inner)] if int(inner) < len(found.args) else None
        name, bracket, inside = spec.partition("[")
        if not bracket:
            return Type(name)
        parts = (self._spec(part, receiver, call, scope) or Type("?") for part in _split_arguments(inside[:-1]))
        return Type(name, tuple(parts))

    def _instance(self, value: Expr, scope: Scope) -> Type | None:
        """The value as a type argument: a class is its instances, an attribute of a mapped class is the class."""
        found = self.of(value, scope)
        if found is not None and found.itself:
            return Type(found.name)
        return found


def bindings(statements: list[ir.Stmt]) -> dict[str, list[Binding]]:
    """How each name is bound by the statements, comprehensions and walruses included, in source order."""
    found: dict[str, list[Binding]] = {}

    def bind(target: Expr, kind: str, expr: Expr, path: tuple[int, ...] = ()) -> None:
        match target:
            case ir.Name(id=name):
                found.setdefault(name, []).append(Binding(kind, expr, path))
            case ir.Sequence(items=items):
                for index, item in enumerate(items):
                    if kind == "value" and type(expr) is ir.Sequence and not path and index < len(expr.items):
                        bind(item, kind, expr.items[index])
                    else:
                        bind(item, kind, expr, (*path, index))
            case ir.Star(value=value):
                bind(value, "captured", expr)

    for stmt in statements:
        match stmt:
            case ir.Assign(annotation=annotation) if annotation is not None:
                bind(stmt.targets[0], "annotation", annotation)
                if stmt.value is not None:
                    bind(stmt.targets[0], "value", stmt.value)
            case ir.Assign(value=value) if value is not None:
                for target in stmt.targets:
                    bind(target, "value", value)
            case ir.For():
                bind(stmt.target, "element", stmt.iter)
            case ir.With():
                for item in stmt.items:
                    if item.target is not None:
                        bind(item.target, "enter", item.value)
            case ir.Try():
                for handler in stmt.handlers:
                    if handler.name is not None and handler.type is not None:
                        kind = (
                            handler.type.items[0]
                            if type(handler.type) is ir.Sequence and handler.type.items
                            else handler.type
                        )
                        found.setdefault(handler.name, []).append(Binding("error", kind))
        for expr in children(stmt):
            for node in walk_expression(expr):
                if type(node) is ir.Walrus:
                    bind(node.target, "value", node.value)
                elif type(node) is ir.Comprehension:
                    for clause in node.clauses:
                        bind(clause.target, "element", clause.iter)
    return found


def _item_type(of: Type, index: int) -> Type | None:
    if of.name == "builtins.tuple":
        if len(of.args) == 2 and of.args[1].name in ("builtins.Ellipsis", "Ellipsis"):
            return of.args[0]
        return of.args[index] if -len(of.args) <= index < len(of.args) else None
    if of.name in ("builtins.list", "sqlalchemy.Row"):
        return of.args[0] if of.args else None
    return None


def _split_arguments(text: str) -> list[str]:
    parts, depth, current = [], 0, ""
    for char in text:
        depth += (char == "[") - (char == "]")
        if char == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += char
    return [*parts, current.strip()]


_BUILTIN_ALIASES = {
    "typing.List": "builtins.list",
    "typing.Dict": "builtins.dict",
    "typing.Set": "builtins.set",
    "typing.Tuple": "builtins.tuple",
    "typing.Mapping": "builtins.dict",
    "typing.MutableMapping": "builtins.dict",
    "typing.Sequence": "builtins.list",
    "typing.Iterable": "builtins.list",
    "typing.Text": "builtins.str",
}
_DATA_BASES = frozenset({"id", "pk"})
