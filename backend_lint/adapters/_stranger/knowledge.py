"""What expressions are when nobody is signed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from backend_lint.adapters._registration import Registration, registration
from backend_lint.adapters._stranger.library import Library
from backend_lint.adapters._stranger.values import HEADERS, OPEN, PRESENT, Open, constant, element, is_plain
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import Class, Function, Project, Scope

UNROLLED = 60  # items of a loop that are followed one by one
_FOLLOWED = 3  # calls within calls whose value is worked out
_SHORT = 12  # statements of a function whose value is worked out
_PRINCIPAL = re.compile(
    r"(?:^|_)(?:user|users_?id|token|identity|principal|credentials?|claims|session|api_?key|authorization|auth|jwt)$"
    r"|^(?:user_id|userid|logged_in|username|auth_header|authorization_header|client_id)$",
    re.IGNORECASE,
)
_SIGNED_IN = frozenset({"is_authenticated", "is_logged_in", "logged_in", "authenticated", "is_signed_in"})
_STANDARD_HEADERS = frozenset(
    {"accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "host"}
    | {"user-agent", "origin", "referer"}
)
_PURE = frozenset(
    {"startswith", "endswith", "lower", "upper", "strip", "rstrip", "lstrip", "removeprefix", "removesuffix", "replace"}
    | {"split", "partition", "rpartition", "find", "count", "format", "title"}
)
_COLLECTIONS = {"set": frozenset, "frozenset": frozenset, "list": tuple, "tuple": tuple, "sorted": tuple}


class Knowledge:
    """Values of expressions for one request. `facts` are what is given of it, `consulted` those that were asked for."""

    def __init__(self, project: Project, library: Library, *, names_tell: bool) -> None:
        self.project, self.library, self.names_tell = project, library, names_tell
        self.found: Registration = registration(project)
        self.facts: Mapping[str, Any] = {}
        self.consulted: dict[Any, None] = {}
        self._nesting = 0

    def truth(self, expr: Expr, scope: Scope, env: Mapping[str, Any]) -> bool | None:
        """Whether a condition holds; None where that is open."""
        match expr:
            case ir.Bool(op=op, values=values):
                answers = [self.truth(value, scope, env) for value in values]
                decisive = op == "or"
                if decisive in answers:
                    return decisive
                return None if None in answers else not decisive
            case ir.Unary(op="not", value=value):
                inner = self.truth(value, scope, env)
                return None if inner is None else not inner
        value = self.value(expr, scope, env)
        if value is PRESENT:
            return True
        return None if isinstance(value, Open) else bool(value)

    def value(self, expr: Expr, scope: Scope, env: Mapping[str, Any]) -> Any:
        match expr:
            case ir.Const(value=value):
                return value
            case ir.Name(id=name):
                return self._name(name, scope, env)
            case ir.Attribute():
                return self._attribute(expr, scope, env)
            case ir.Call():
                return self._result(expr, scope, env)
            case ir.Compare(op=op, left=left, right=right):
                return self._compared(op, self.value(left, scope, env), self.value(right, scope, env))
            case ir.Bool(op="or", values=values):
                return self._first(values, scope, env)
            case ir.Bool() | ir.Unary(op="not"):
                decided = self.truth(expr, scope, env)
                return OPEN if decided is None else decided
            case ir.Conditional(test=test, body=body, orelse=orelse):
                decided = self.truth(test, scope, env)
                return OPEN if decided is None else self.value(body if decided else orelse, scope, env)
            case ir.Sequence(items=items):
                held = tuple(self.value(item, scope, env) for item in items)
                return held if all(map(is_plain, held)) else OPEN
            case ir.Dict(keys=keys):
                names = [OPEN if key is None else self.value(key, scope, env) for key in keys]
                return dict.fromkeys(names, OPEN) if all(map(is_plain, names)) else OPEN
            case ir.Subscript(value=owner, index=index):
                return element(self.value(owner, scope, env), self.value(index, scope, env))
            case ir.Text(pieces=pieces):
                parts = [self.value(piece, scope, env) for piece in pieces]
                return "".join(map(str, parts)) if all(map(is_plain, parts)) else OPEN
            case ir.Binary(op="+", left=left, right=right):
                first, second = self.value(left, scope, env), self.value(right, scope, env)
                return first + second if isinstance(first, str) and isinstance(second, str) else OPEN
            case ir.Await(value=inner) | ir.Walrus(value=inner):
                return self.value(inner, scope, env)
        return OPEN

    def _name(self, name: str, scope: Scope, env: Mapping[str, Any]) -> Any:
        if name in env:
            found = env[name]
        else:
            found = OPEN
            qualified = self.project.names.resolve(name, scope)
            if qualified is not None:
                found = self._known(qualified)
        return None if found is OPEN and self._is_principal(name) else found

    def _attribute(self, expr: ir.Attribute, scope: Scope, env: Mapping[str, Any]) -> Any:
        dotted = ir.dotted(expr)
        if dotted is not None and dotted in env:
            return env[dotted]
        qualified = self.project.qualified(expr, scope)
        if qualified is not None:
            found = self._known(qualified)
            if found is not OPEN:
                return found
        if dotted == f"self.{expr.name}" and isinstance(scope, Function) and scope.owner is not None:
            found = self._of_class(scope.owner, expr.name)
            if found is not OPEN:
                return found
        if expr.name in _SIGNED_IN and self.names_tell:
            return False
        if expr.name == "is_anonymous":
            return True
        return None if self._is_principal(expr.name) else OPEN

    def _of_class(self, cls: Class, name: str) -> Any:
        """The constant that a class holds under a name which neither an instance nor a class below it sets anew."""
        classes = self.project.classes
        around = [each for each in classes.mro(cls) if isinstance(each, Class)]
        below = classes.subclasses(cls)
        if any(name in each.instance_attributes for each in (*around, *below)):
            return OPEN
        owner = next((each for each in around if name in each.attributes), None)
        if owner is None or any(name in each.attributes for each in below):
            return OPEN
        return self._known(f"{owner.qualified}.{name}")

    def _is_principal(self, name: str) -> bool:
        return self.names_tell and _PRINCIPAL.search(name) is not None

    def _known(self, qualified: str) -> Any:
        """The value of a qualified name: of this request, of any stranger's, or a constant of the project."""
        if qualified in self.facts:
            self.consulted[qualified] = None
            return self.facts[qualified]
        if qualified in self.library.nobody:
            return self.library.nobody[qualified]
        if self.project.names.split(qualified)[0] is None:
            return OPEN
        return constant(self.found.variable(qualified))

    def _first(self, values: list[Expr], scope: Scope, env: Mapping[str, Any]) -> Any:
        for each in values:
            value = self.value(each, scope, env)
            if isinstance(value, Open):
                return value
            if value:
                return value
        return value

    def _compared(self, op: str, left: Any, right: Any) -> Any:
        if op in ("is", "is not") and (left is PRESENT or right is PRESENT) and (left is None or right is None):
            return op == "is not"
        if isinstance(left, Open) or isinstance(right, Open):
            return OPEN
        match op:
            case "==" | "is":
                return left == right
            case "!=" | "is not":
                return left != right
            case "in" | "not in" if isinstance(right, (str, tuple, frozenset, dict)):
                if isinstance(right, str) and not isinstance(left, str):
                    return OPEN
                return (left in right) is (op == "in")
        return OPEN

    def _result(self, call: ir.Call, scope: Scope, env: Mapping[str, Any]) -> Any:
        """The value of a call that can be told: of a method of a known value, or a plain builtin."""
        match call.func:
            case ir.Attribute(value=owner, name=method):
                found = self._method(self.value(owner, scope, env), method, call, scope, env)
                if found is not OPEN:
                    return found
            case ir.Name(id="bool") if len(call.args) == 1:
                decided = self.truth(call.args[0].value, scope, env)
                return OPEN if decided is None else decided
            case ir.Name(id="any" | "all" as name) if len(call.args) == 1:
                return self._quantified(name, call.args[0].value, scope, env)
            case ir.Name(id="str") if len(call.args) == 1:
                value = self.value(call.args[0].value, scope, env)
                return str(value) if is_plain(value) else OPEN
            case ir.Name(id=name) if name in _COLLECTIONS and len(call.args) == 1:
                value = self.value(call.args[0].value, scope, env)
                return _COLLECTIONS[name](value) if isinstance(value, (tuple, frozenset)) else OPEN
        site = self.project.site(call, scope)
        if site.symbol is not None and f"{site.symbol}()" in self.library.nobody:
            return self.library.nobody[f"{site.symbol}()"]
        if site.targets and site.is_certain:
            return self._of_function(site.targets[0], call, scope, env)
        return OPEN

    def _of_function(self, function: Function, call: ir.Call, scope: Scope, env: Mapping[str, Any]) -> Any:
        """The value of a call of a short function of the project, where no open condition decides it."""
        facts = function.facts
        if self._nesting >= _FOLLOWED or facts.is_generator or facts.metrics.statements > _SHORT:
            return OPEN
        if function.decorators:
            return OPEN
        self._nesting += 1
        inner = self.arguments(function, call, scope, env)
        ended, value = self._outcome(function.body, function, inner)
        self._nesting -= 1
        return value if ended else None

    def _outcome(self, body: Iterable[Stmt], function: Function, env: dict[str, Any]) -> tuple[bool, Any]:
        """Whether statements end the function, and what they return; open from the first thing that is not known."""
        for stmt in body:
            match stmt:
                case ir.Return(value=value):
                    return True, None if value is None else self.value(value, function, env)
                case ir.Assign(targets=targets, value=value) if value is not None:
                    found = self.value(value, function, env)
                    for target in targets:
                        self.bind(target, found, env)
                case ir.If(test=test, body=then, orelse=otherwise):
                    decided = self.truth(test, function, env)
                    if decided is None:
                        return True, OPEN
                    ended, value = self._outcome(then if decided else otherwise, function, env)
                    if ended:
                        return True, value
                case ir.Evaluate() | ir.Load():
                    pass
                case ir.Jump(kind="pass"):
                    pass
                case _:
                    return True, OPEN
        return False, None

    def _method(self, owner: Any, method: str, call: ir.Call, scope: Scope, env: Mapping[str, Any]) -> Any:
        args = [self.value(value, scope, env) for value in call.positional]
        if owner is HEADERS:
            if method == "get" and args and isinstance(args[0], str) and args[0].lower() not in _STANDARD_HEADERS:
                return args[1] if len(args) > 1 else None
            return OPEN
        if isinstance(owner, dict) and method in ("get", "pop") and args and is_plain(args[0]):
            return owner.get(args[0], args[1] if len(args) > 1 else None)
        if isinstance(owner, str) and method in _PURE and all(map(is_plain, args)):
            try:
                found = getattr(owner, method)(*args)
            except (TypeError, ValueError, KeyError, IndexError):
                return OPEN
            return tuple(found) if isinstance(found, list) else found
        return OPEN

    def _quantified(self, name: str, expr: Expr, scope: Scope, env: Mapping[str, Any]) -> Any:
        """`any(path.startswith(each) for each in PUBLIC)`."""
        if type(expr) is not ir.Comprehension or len(expr.clauses) != 1 or expr.clauses[0].conditions:
            return OPEN
        items = self.value(expr.clauses[0].iter, scope, env)
        if not isinstance(items, (tuple, frozenset, dict)) or len(items) > UNROLLED:
            return OPEN
        answers = []
        for item in items:
            inner = dict(env)
            self.bind(expr.clauses[0].target, item, inner)
            answers.append(self.truth(expr.element, scope, inner))
        decisive = name == "any"
        if decisive in answers:
            return decisive
        return OPEN if None in answers else not decisive

    def bind(self, target: Expr, value: Any, env: dict[str, Any]) -> None:
        match target:
            case ir.Name(id=name):
                env[name] = value
            case ir.Attribute() if (dotted := ir.dotted(target)) is not None:
                env[dotted] = value
            case ir.Sequence(items=items):
                parts = value if isinstance(value, tuple) and len(value) == len(items) else [OPEN] * len(items)
                for item, part in zip(items, parts, strict=True):
                    self.bind(item, part, env)

    def arguments(
        self, function: Function, call: ir.Call | None, scope: Scope, env: Mapping[str, Any]
    ) -> dict[str, Any]:
        """What is known of the arguments of a call by the parameter that takes them, defaults included."""
        parameters = [each for each in function.parameters if each.kind in ("positional", "plain", "keyword")]
        found: dict[str, Any] = {}
        for index, parameter in enumerate(parameters[function.takes_receiver :]):
            position = None if parameter.kind == "keyword" else index
            passed = None if call is None else call.argument(position, parameter.name)
            if passed is not None:
                value = self.value(passed, scope, env)
            elif parameter.default is not None and (call is None or not call.has_unpacking):
                value = self.value(parameter.default, function.module, {})
            else:
                value = OPEN
            found[parameter.name] = value
            if type(passed) is ir.Name:
                found |= {
                    f"{parameter.name}.{name.partition('.')[2]}": each
                    for name, each in env.items()
                    if name.startswith(f"{passed.id}.")
                }
        return found
