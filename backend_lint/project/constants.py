"""What an expression is worth, where that can be told by reading.

Names of tables, columns and settings are seldom plain literals: they are joined, formatted, looked up and made by
small pure functions. All of that is folded here, without running a line of the project: only what is listed below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project.modules import Class, Function, Module, Scope

if TYPE_CHECKING:
    from backend_lint.project.project import Project


class Unknown:
    """The worth of what cannot be told. There is one, `UNKNOWN`."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        return False


UNKNOWN = Unknown()
_DEPTH = 24
_SIZE = 10_000


def constant(project: Project, expr: Expr | None, scope: Scope, known: Mapping[str, Any] | None = None) -> Any:
    """The value of an expression, or `UNKNOWN`. `known` are values of local names.

    A class of the project is its `Class`; the elements of a list or dict that cannot be told are `UNKNOWN` in it.
    """
    return _Folder(project, known or {}).value(expr, scope)


def text(project: Project, expr: Expr | None, scope: Scope) -> str | None:
    """The value of an expression that is a string."""
    value = constant(project, expr, scope)
    return value if isinstance(value, str) else None


def assigned(project: Project, expr: Expr | None, scope: Scope) -> tuple[Expr, Module] | None:
    """The value of the module-level variable that an expression names, and the module it stands in.

    Of several the last; within the same module the last before the expression, as in `x = x.with_variant(…)`.
    """
    qualified = project.qualified(expr, scope)
    module, rest = project.names.split(qualified) if qualified is not None else (None, "")
    if expr is None or module is None:
        return None
    found = [each.value for each in module.assignments.get(rest, ()) if each.value is not None]
    before = [each for each in found if each.end <= expr.at] if scope is module else []
    value = next(reversed(before or found), None)
    return None if value is None else (value, module)


def elements(project: Project, expr: Expr | None, scope: Scope, depth: int = 0) -> Iterator[tuple[Expr, Scope]]:
    """The elements of a list or tuple as they are written, each with its scope; sums and variables are followed."""
    if depth > 8:
        return
    match expr:
        case ir.Sequence(items=items):
            for item in items:
                if type(item) is ir.Star:
                    yield from elements(project, item.value, scope, depth + 1)
                else:
                    yield item, scope
        case ir.Binary(op="+", left=left, right=right):
            yield from elements(project, left, scope, depth + 1)
            yield from elements(project, right, scope, depth + 1)
        case ir.Call(func=func, args=[ir.Argument(value=inner)]) if ir.dotted(func) in ("list", "tuple"):
            yield from elements(project, inner, scope, depth + 1)
        case ir.Name() | ir.Attribute():
            found = held(project, expr, scope)
            if found is not None:
                yield from elements(project, *found, depth + 1)


def held(project: Project, expr: Expr, scope: Scope) -> tuple[Expr, Scope] | None:
    """The value of a variable of the scope, of a class's attribute or of a module."""
    if type(expr) is ir.Name and isinstance(scope, Class) and expr.id in scope.attributes:
        value = scope.attributes[expr.id].value
        return None if value is None else (value, scope)
    if type(expr) is ir.Name and isinstance(scope, Function) and expr.id in scope.locals:
        bound = [each for each in project.types.bindings(scope).get(expr.id, ()) if each.kind == "value"]
        return (bound[-1].expr, scope) if bound else None
    if type(expr) is ir.Attribute:
        owner = project.cls(project.qualified(expr.value, scope) or "")
        for each in project.classes.mro(owner) if owner is not None else ():
            if isinstance(each, Class) and expr.name in each.attributes:
                value = each.attributes[expr.name].value
                return None if value is None else (value, each)
    return assigned(project, expr, scope)


def passed(project: Project, call: ir.Call, scope: Scope, known: Mapping[str, Any]) -> Iterator[ir.Argument]:
    """The arguments of a call, those in `*values` and `**options` that can be told included."""
    for arg in call.args:
        if not arg.stars:
            yield arg
            continue
        held = constant(project, arg.value, scope, known)
        at, end = arg.value.at, arg.value.end
        if isinstance(held, list | tuple):
            yield from (ir.Argument(ir.Const(at, end, each)) for each in held if isinstance(each, str))
        elif isinstance(held, dict):
            plain = {name: each for name, each in held.items() if isinstance(each, bool | int | str)}
            yield from (ir.Argument(ir.Const(at, end, each), name) for name, each in plain.items())


def arguments_of(
    project: Project, function: Function, call: ir.Call, scope: Scope, known: Mapping[str, Any], depth: int = 0
) -> dict[str, Any]:
    """The values of a function's parameters in a call, what `*args` and `**kwargs` take in included."""
    folder = _Folder(project, known, depth)
    given: dict[str, Any] = {}
    plain = [each.name for each in function.parameters if each.kind in ("positional", "plain")]
    rest = call.positional[len(plain) :]
    given |= zip(plain, (folder.value(each, scope) for each in call.positional), strict=False)
    named = {name: folder.value(each, scope) for name, each in call.keywords.items()}
    for parameter in function.parameters:
        if parameter.kind == "star":
            given[parameter.name] = tuple(folder.value(each, scope) for each in rest)
        elif parameter.kind == "stars":
            names = {each.name for each in function.parameters}
            given[parameter.name] = {name: value for name, value in named.items() if name not in names}
        elif parameter.name in named:
            given[parameter.name] = named[parameter.name]
        elif parameter.default is not None:
            given.setdefault(parameter.name, folder.value(parameter.default, function.module))
    return given


def returned(project: Project, function: Function, arguments: Mapping[str, Any]) -> Expr | None:
    """The expression that a call of the function returns, None for one that returns nothing worth reading.

    Branches are followed where their test can be told; where it cannot, the first that returns something.
    """
    return _Folder(project, arguments).returned(function.body, function)


class _Folder:
    def __init__(self, project: Project, known: Mapping[str, Any], depth: int = 0) -> None:
        self.project, self.known, self.depth = project, known, depth

    def value(self, expr: Expr | None, scope: Scope) -> Any:
        if expr is None or self.depth > _DEPTH:
            return UNKNOWN
        self.depth += 1
        found = self._value(expr, scope)
        self.depth -= 1
        return found

    def _value(self, expr: Expr, scope: Scope) -> Any:
        match expr:
            case ir.Const(value=value):
                return value
            case ir.Name():
                return self._name(expr, scope)
            case ir.Attribute():
                return self._attribute(expr, scope)
            case ir.Text(pieces=pieces):
                parts = [self.value(piece, scope) for piece in pieces]
                return "".join(map(str, parts)) if all(isinstance(each, str | int) for each in parts) else UNKNOWN
            case ir.Sequence(kind=kind, items=items):
                return self._sequence(kind, items, scope)
            case ir.Dict(keys=keys, values=values):
                return self._dict(keys, values, scope)
            case ir.Conditional(test=test, body=body, orelse=orelse):
                held = self.value(test, scope)
                return UNKNOWN if held is UNKNOWN else self.value(body if held else orelse, scope)
            case ir.Bool(op=op, values=values):
                return self._bool(op, values, scope)
            case ir.Unary(op=op, value=value):
                held = self.value(value, scope)
                return UNKNOWN if held is UNKNOWN or op not in _UNARY else _quietly(_UNARY[op], held)
            case ir.Binary(op=op, left=left, right=right) | ir.Compare(op=op, left=left, right=right):
                operands = self.value(left, scope), self.value(right, scope)
                return UNKNOWN if UNKNOWN in operands or op not in _BINARY else _quietly(_BINARY[op], *operands)
            case ir.Subscript(value=value, index=index):
                return self._item(value, index, scope)
            case ir.Comprehension(kind="list" | "generator" | "set", clauses=[clause]):
                return self._comprehension(expr, clause, scope)
            case ir.Call():
                return self._call(expr, scope)
            case _:
                return UNKNOWN

    def _name(self, expr: ir.Name, scope: Scope) -> Any:
        if expr.id in self.known:
            return self.known[expr.id]
        if isinstance(scope, Function) and expr.id in scope.locals:
            bindings = self.project.types.bindings(scope).get(expr.id, [])
            values = [each for each in bindings if each.kind != "annotation"]
            if len(values) == 1 and values[0].kind == "value" and not values[0].path and not scope.parameter(expr.id):
                return self.value(values[0].expr, scope)
            if expr.id not in scope.imports:
                return UNKNOWN
        if isinstance(scope, Class) and expr.id in scope.attributes:
            return self.value(scope.attributes[expr.id].value, scope)
        return self._global(self.project.qualified(expr, scope))

    def _global(self, qualified: str | None) -> Any:
        if qualified is None:
            return UNKNOWN
        cls = self.project.cls(qualified)
        if cls is not None:
            return cls
        module, rest = self.project.names.split(qualified)
        if module is None or not rest:
            return UNKNOWN
        head, _, tail = rest.partition(".")
        value: Any = module.top_classes.get(head, UNKNOWN)
        found = module.assignments.get(head, [])
        if found and any(type(each) is ir.Name and each.id == head for each in found[-1].targets):
            value = _Folder(self.project, {}, self.depth).value(found[-1].value, module)
            value = self._extended(head, value, module)
        for name in tail.split(".") if tail else ():
            value = self._member(value, name)
        return value

    def _extended(self, name: str, value: Any, module: Module) -> Any:
        """A module's list after the `+=` statements that follow."""
        if not isinstance(value, list | tuple):
            return value
        for stmt in module.body:
            if type(stmt) is ir.Augment and type(stmt.target) is ir.Name and stmt.target.id == name:
                more = self.value(stmt.value, module)
                if isinstance(more, list | tuple):
                    value = [*value, *more]
        return value

    def _attribute(self, expr: ir.Attribute, scope: Scope) -> Any:
        owner = self.value(expr.value, scope)
        if owner is not UNKNOWN:
            return self._member(owner, expr.name)
        return self._global(self.project.qualified(expr, scope))

    def _member(self, owner: Any, name: str) -> Any:
        if not isinstance(owner, Class):
            return UNKNOWN
        if name == "__name__":
            return owner.name
        for each in self.project.classes.mro(owner):
            if isinstance(each, str):
                continue
            if name in each.attributes:
                return _Folder(self.project, {}, self.depth).value(each.attributes[name].value, each)
            if name in each.methods:
                method = each.methods[name]
                own = method.parameters[0].name if method.parameters else ""
                return self.called(method, {own: owner}) if method.decorators else UNKNOWN
            if name in each.inner:
                return each.inner[name]
        return UNKNOWN

    def _sequence(self, kind: str, items: list[Expr], scope: Scope) -> Any:
        found: list[Any] = []
        for item in items:
            if type(item) is ir.Star:
                inside = self.value(item.value, scope)
                found.extend(inside if isinstance(inside, list | tuple) else [UNKNOWN])
            else:
                found.append(self.value(item, scope))
        return tuple(found) if kind == "tuple" else found

    def _dict(self, keys: list[Expr | None], values: list[Expr], scope: Scope) -> Any:
        found: dict[Any, Any] = {}
        for key, value in zip(keys, values, strict=True):
            held = self.value(value, scope)
            if key is None:
                found.update(held if isinstance(held, dict) else {})
                continue
            name = self.value(key, scope)
            if isinstance(name, str | int | bool | float | None):
                found[name] = held
        return found

    def _bool(self, op: str, values: list[Expr], scope: Scope) -> Any:
        held: Any = UNKNOWN
        for each in values:
            held = self.value(each, scope)
            if held is UNKNOWN or bool(held) is (op == "or"):
                break
        return held

    def _item(self, value: Expr, index: Expr, scope: Scope) -> Any:
        held = self.value(value, scope)
        if held is UNKNOWN:
            return UNKNOWN
        if type(index) is ir.Slice:
            parts = [
                None if each is None else self.value(each, scope) for each in (index.lower, index.upper, index.step)
            ]
            return UNKNOWN if UNKNOWN in parts else _quietly(lambda: held[slice(*parts)])
        key = self.value(index, scope)
        return UNKNOWN if key is UNKNOWN else _quietly(lambda: held[key])

    def _comprehension(self, expr: ir.Comprehension, clause: ir.Clause, scope: Scope) -> Any:
        items = self.value(clause.iter, scope)
        if not isinstance(items, list | tuple) or type(clause.target) is not ir.Name:
            return UNKNOWN
        found = []
        for item in items[:_SIZE]:
            inner = _Folder(self.project, {**self.known, clause.target.id: item}, self.depth)
            tests = [inner.value(test, scope) for test in clause.conditions]
            if UNKNOWN in tests:
                return UNKNOWN
            if all(tests):
                found.append(inner.value(expr.element, scope))
        return found

    # Calls

    def _call(self, call: ir.Call, scope: Scope) -> Any:
        if call.has_unpacking:
            return UNKNOWN
        qualified = self.project.qualified(call.func, scope)
        function = None if qualified is None else self.project.function(qualified)
        if function is not None:
            return self.called(function, arguments_of(self.project, function, call, scope, self.known, self.depth))
        arguments = [self.value(each, scope) for each in call.positional]
        if UNKNOWN in arguments or call.keywords:
            return UNKNOWN
        if qualified in _FUNCTIONS:
            return _quietly(_FUNCTIONS[qualified], *arguments)
        if type(call.func) is ir.Attribute:
            owner = self.value(call.func.value, scope)
            if isinstance(owner, str) and call.func.name in _TEXT_METHODS:
                return _quietly(getattr(owner, call.func.name), *arguments)
            if isinstance(owner, dict) and call.func.name == "get":
                return _quietly(owner.get, *arguments)
        return UNKNOWN

    def returned(self, body: Sequence[Stmt], scope: Function) -> Expr | None:
        for stmt in body:
            match stmt:
                case ir.Return(value=value):
                    return None if type(value) is ir.Const and value.value is None else value
                case ir.If(test=test):
                    held = self.value(test, scope)
                    branches = [stmt.body, stmt.orelse] if held is UNKNOWN else [stmt.body if held else stmt.orelse]
                    for branch in branches:
                        found = self.returned(branch, scope)
                        if found is not None or (held is not UNKNOWN and _ends(branch)):
                            return found
                case ir.With() | ir.Try():
                    found = self.returned(stmt.body, scope)
                    if found is not None:
                        return found
                case _:
                    continue
        return None

    def called(self, function: Function, arguments: Mapping[str, Any]) -> Any:
        if self.depth > _DEPTH or function.facts.is_generator:
            return UNKNOWN
        known = dict(arguments)
        inner = _Folder(self.project, known, self.depth + 1)
        found = inner.executed(function.body, function, known)
        return UNKNOWN if found is _FELL_THROUGH else found

    def executed(self, body: Sequence[Stmt], scope: Function, known: dict[str, Any]) -> Any:
        """What a body returns; plain assignments and branches are followed, the rest makes it unknown."""
        for stmt in body:
            match stmt:
                case ir.Return(value=value):
                    return None if value is None else self.value(value, scope)
                case ir.Assign(targets=[ir.Name(id=name)], value=value) if value is not None:
                    known[name] = self.value(value, scope)
                case ir.If(test=test):
                    held = self.value(test, scope)
                    if held is UNKNOWN:
                        return UNKNOWN
                    found = self.executed(stmt.body if held else stmt.orelse, scope, known)
                    if found is not _FELL_THROUGH:
                        return found
                case ir.Evaluate() | ir.Load() | ir.Jump(kind="pass"):
                    continue
                case _:
                    return UNKNOWN
        return _FELL_THROUGH


def _ends(body: Sequence[Stmt]) -> bool:
    return bool(body) and isinstance(body[-1], ir.Return | ir.Raise)


_FELL_THROUGH = object()


def _quietly(operation: Callable[..., Any], *operands: Any) -> Any:
    """The result of an operation on plain values; one that fails, or grows without need, is not worth knowing."""
    if any(isinstance(each, str | list | tuple) and len(each) > _SIZE for each in operands):
        return UNKNOWN
    try:
        found = operation(*operands)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, re.error):
        return UNKNOWN
    return found


def _pattern(value: object) -> str:
    """A pattern that may be matched here: short, without repeats of repeats."""
    if not isinstance(value, str) or len(value) > 200 or re.search(r"[+*}]\)?[+*{]", value):
        raise ValueError(value)
    return value


_TEXT_METHODS = frozenset(
    {"lower", "upper", "title", "capitalize", "strip", "lstrip", "rstrip", "replace", "split", "rsplit", "join"}
    | {"removeprefix", "removesuffix", "startswith", "endswith", "partition", "rpartition", "islower", "isupper"}
)
_FUNCTIONS: dict[str | None, Callable[..., Any]] = {
    "builtins.str": str,
    "builtins.int": int,
    "builtins.len": len,
    "builtins.list": list,
    "builtins.tuple": tuple,
    "builtins.dict": dict,
    "builtins.sorted": sorted,
    "re.sub": lambda pattern, new, old: re.sub(_pattern(pattern), new, old),
    "re.split": lambda pattern, old: re.split(_pattern(pattern), old),
    "re.findall": lambda pattern, old: re.findall(_pattern(pattern), old),
}
_UNARY: dict[str, Callable[[Any], Any]] = {
    "not": lambda value: not value,
    "-": lambda value: -value,
    "+": lambda value: +value,
}
_BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda left, right: [*left, *right] if isinstance(left, list) else left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right if abs(left if isinstance(left, int) else right) < _SIZE else UNKNOWN,
    "/": lambda left, right: left / right,
    "//": lambda left, right: left // right,
    "%": lambda left, right: left % right,
    "|": lambda left, right: left | right,
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "in": lambda left, right: left in right,
    "not in": lambda left, right: left not in right,
    "is": lambda left, right: left is right,
    "is not": lambda left, right: left is not right,
}
