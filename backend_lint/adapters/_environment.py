"""Readings of environment variables: by the standard library, by libraries made for it, by functions of the project."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Project, Scope

_READERS = frozenset({"os.getenv", "os.environ.get", "os.environ.pop"})
_LIBRARIES = ("decouple.config", "decouple.Config.", "environ.Env.", "environs.Env.", "starlette.config.Config.")
_NO_READING = ("read_env", "read_envfile", "prefixed", "seal", "dump")
_CASTS = frozenset({"builtins.int", "builtins.bool", "builtins.float", "builtins.str", "builtins.list"})
_METHODS = frozenset({"split", "strip", "lower", "upper", "rstrip", "lstrip", "replace"})


@dataclass(frozen=True)
class Reading:
    """One reading of an environment variable; `default` is what holds where it is not set, if that is written out."""

    variable: str
    expr: Expr
    default: Expr | None
    has_default: bool


@dataclass(frozen=True)
class _Wrapper:
    """A function of the project that reads the variable that a parameter names."""

    key: str
    default: str | None


class Environment:
    def __init__(self, project: Project) -> None:
        self.project = project
        self._wrappers = self._found()

    def reading(self, expr: Expr | None, scope: Scope) -> Reading | None:
        """The reading that an expression is, below casts, comparisons and a default after `or`."""
        match expr:
            case ir.Call(func=ir.Attribute(value=inner, name=name)) if name in _METHODS:
                return self.reading(inner, scope)
            case ir.Call(args=[ir.Argument(value=inner)]) if self.project.qualified(expr.func, scope) in _CASTS:
                return self.reading(inner, scope)
            case ir.Compare(op="==" | "!=" | "in" | "not in", left=inner):
                return self.reading(inner, scope)
            case ir.Bool(op="or", values=[inner, default]):
                found = self.reading(inner, scope)
                return None if found is None else Reading(found.variable, found.expr, default, True)
        return None if expr is None else self.read(expr, scope)

    def read(self, node: Expr, scope: Scope) -> Reading | None:
        """The reading that a call or subscript itself is."""
        match node:
            case ir.Subscript(value=owner, index=ir.Const(value=str(name))):
                if self.project.qualified(owner, scope) == "os.environ":
                    return Reading(name, node, None, False)
            case ir.Call(args=[_, *_]):
                return self._called(node, scope)
        return None

    def _called(self, call: ir.Call, scope: Scope) -> Reading | None:
        first = call.args[0].value
        if type(first) is not ir.Const or not isinstance(first.value, str):
            return None
        symbol = self.project.site(call, scope).symbol or ""
        if symbol in self._wrappers:
            return self._by_wrapper(call, self._wrappers[symbol], symbol)
        is_plain = symbol in _READERS
        if not is_plain and not symbol.startswith(_LIBRARIES):
            return None
        if symbol.rpartition(".")[2] in _NO_READING:
            return None
        default = call.argument(1, "default")
        return Reading(first.value, call, default, default is not None or symbol == "os.environ.pop")

    def _by_wrapper(self, call: ir.Call, wrapper: _Wrapper, symbol: str) -> Reading | None:
        function = self.project.function(symbol)
        names = [each.name for each in function.parameters] if function is not None else []
        key = call.argument(names.index(wrapper.key), wrapper.key) if wrapper.key in names else None
        if type(key) is not ir.Const or not isinstance(key.value, str):
            return None
        default = None
        if wrapper.default is not None and wrapper.default in names:
            default = call.argument(names.index(wrapper.default), wrapper.default)
            parameter = None if function is None else function.parameter(wrapper.default)
            default = default or (None if parameter is None else parameter.default)
        return Reading(key.value, call, default, default is not None)

    def _found(self) -> dict[str, _Wrapper]:
        found: dict[str, _Wrapper] = {}
        for function in self.project.functions(Role.APP, Role.SCRIPT):
            if not function.facts.is_lambda and len(function.statements) <= 20:
                wrapper = self._wrapper(function)
                if wrapper is not None:
                    found[function.qualified] = wrapper
        return found

    def _wrapper(self, function: Function) -> _Wrapper | None:
        for node in ir.walk(function.body):
            key: Expr | None = None
            default: Expr | None = None
            match node:
                case ir.Subscript(value=owner, index=index) if self.project.qualified(owner, function) == "os.environ":
                    key = index
                case ir.Call(args=[_, *_]) if self.project.qualified(node.func, function) in _READERS:
                    key, default = node.argument(0, "key"), node.argument(1, "default")
            name = _parameter(key, function)
            if name is not None:
                second = _parameter(default, function)
                defaults = [each.name for each in function.parameters if "default" in each.name]
                return _Wrapper(name, second or next(iter(defaults), None))
        return None


def _parameter(expr: Expr | None, function: Function) -> str | None:
    """The parameter that an expression is, or puts a prefix before."""
    for node in ir.walk_expression(expr) if expr is not None else ():
        if type(node) is ir.Name and function.parameter(node.id) is not None:
            return node.id
    return None
