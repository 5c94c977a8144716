"""What is known of Django and DRF: the `Library` by which a request is followed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from backend_lint.adapters._denial import denials, named_status
from backend_lint.adapters._django_conf import Settings
from backend_lint.adapters._django_decorators import DECORATORS, METHOD_DECORATOR
from backend_lint.adapters._django_library import library_attribute, library_method
from backend_lint.adapters._django_members import DEFAULTS, MEMBERS, POLICIES, Self, as_view, call_each, place_of
from backend_lint.adapters._django_requests import Caller
from backend_lint.adapters._evaluation import (
    MISSING,
    OPEN,
    Blame,
    Evaluation,
    Named,
    Native,
    Open,
    Refusal,
    Thing,
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Class, Function, Project, Scope

_METHOD_NOT_ALLOWED = 405
_SAFE = ("GET", "HEAD", "OPTIONS")
_VIEW = "django.views.generic.View"
_API_VIEW = "rest_framework.views.APIView"
_DECISIVE = frozenset(  # methods of views that lead to what may refuse
    {"get_object", "check_object_permissions", "check_permissions", "permission_denied", "handle_no_permission"}
    | {"has_permission", "has_object_permission", "initial", "dispatch"}
    | {"get", "post", "put", "patch", "delete", "list", "create", "retrieve", "update", "partial_update", "destroy"}
)
_DEPTH = 4


class Django:
    """The `Library` of an evaluation."""

    def __init__(self, project: Project, settings: Settings) -> None:
        self.project, self.settings = project, settings
        self._denials = denials(project)
        self.plain_view: Any = OPEN
        self.route_name: str | None = None
        self.is_route_asked = False
        self._wrappers: dict[str, dict[str, list[Expr]]] = {}
        self._decides: dict[tuple[str, int], bool] = {}
        self._ends: dict[str, int] = {}
        self.authenticated: dict[tuple[str, Caller], list[Refusal]] = {}

    # What the classes define

    def member(self, evaluation: Evaluation, owner: str, name: str, me: Any) -> Any:
        found = MEMBERS.get((owner, name))
        called = library_method(owner, name) if found is None else None
        if called is not None:
            names = called
            return self._native(lambda self, args: call_each(self, names, args), owner, me)
        if found is not None:
            return self._native(found, owner, me)
        known = library_attribute(owner, name)
        if known is not None:
            return known
        if owner == _API_VIEW and name in POLICIES:
            return self._policy(evaluation, POLICIES[name])
        return MISSING

    def _native(self, run: Callable[[Self, list[Any]], Any], owner: str, me: Any) -> Native:
        """A library's method. Taken from its class, it is handed the object first."""

        def call(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            if isinstance(me, Thing) or run is as_view:
                return run(Self(self, evaluation, me, owner), args)
            first = args[0] if args else OPEN
            return run(Self(self, evaluation, first, owner), args[1:]) if isinstance(first, Thing) else OPEN

        return Native(call)

    def _policy(self, evaluation: Evaluation, name: str) -> Any:
        """Classes that `REST_FRAMEWORK` names, or the framework's own default."""
        given = evaluation.names.of_value(self.settings.value("REST_FRAMEWORK"))
        known = given if isinstance(given, dict) else {}
        found = known.get(name, DEFAULTS.get(name, OPEN))
        if not isinstance(found, list | tuple):
            return found
        return [
            evaluation.names.named(self.project.names.denoted(each)) if isinstance(each, str) else each
            for each in found
        ]

    def value(self, evaluation: Evaluation, symbol: str) -> Any:
        if symbol == "rest_framework.permissions.SAFE_METHODS":
            return list(_SAFE)
        owner, _, name = symbol.rpartition(".")
        if owner == "rest_framework.settings.api_settings":
            return self._policy(evaluation, name)
        if owner == "django.conf.settings":
            found = evaluation.names.of_value(self.settings.value(name))
            return MISSING if isinstance(found, Open | Named) else found
        return MISSING

    def result(self, evaluation: Evaluation, symbol: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        made = DECORATORS.get(symbol)
        return MISSING if made is None else made(self, evaluation, args, kwargs)

    def decorators(self, cls: Class, name: str) -> Sequence[Expr]:
        known = self._wrappers.get(cls.qualified)
        if known is None:
            known = self._wrappers[cls.qualified] = {}
            for decorator in cls.facts.decorators:
                target = decorator.argument(1, "name") if type(decorator) is ir.Call else None
                inner = None if target is None else self.for_functions(decorator, cls.module)
                if inner is not None and type(target) is ir.Const and isinstance(target.value, str):
                    known.setdefault(target.value, []).extend(inner)
        return known.get(name, ())

    def for_functions(self, decorator: Expr, scope: Scope) -> Sequence[Expr] | None:
        if type(decorator) is not ir.Call or self.project.qualified(decorator.func, scope) != METHOD_DECORATOR:
            return None
        given = decorator.argument(0, "decorator")
        if type(given) is ir.Sequence:
            return given.items
        return [] if given is None else [given]

    def blame(self, name: str, owner: Class | str, me: Any) -> Blame | None:
        if name not in ("dispatch", "initial", "check_permissions") or owner in (_VIEW, _API_VIEW):
            return None
        if isinstance(owner, Class):
            return Blame(owner.name, owner.methods[name].at, "class", owner.methods[name], owner)
        return Blame(owner.rpartition(".")[2], place_of(me), "class")

    def decides(self, function: Function, depth: int = _DEPTH) -> bool:
        key = function.qualified, depth
        known = self._decides.get(key)
        if known is None:
            self._decides[key] = False
            known = self._decides[key] = self._may_decide(function, depth)
        return known

    def _may_decide(self, function: Function, depth: int) -> bool:
        if self._denials.direct(function):
            return True
        if any(self.decides(each, depth) for each in function.nested.values()):
            return True
        if any(self._is_guard(decorator, function.around, depth) for decorator in function.decorators):
            return True
        return any(self._is_decisive(site, depth) for site in self.project.sites(function))

    def last_decision(self, function: Function) -> int:
        known = self._ends.get(function.qualified)
        if known is None:
            last = max(self._decisions(function), default=0)
            returns = (each.at for each in function.statements if type(each) is ir.Return and each.at >= last)
            known = self._ends[function.qualified] = min(returns, default=last)
        return known

    def _decisions(self, function: Function) -> Iterator[int]:
        for stmt in function.statements:
            refused: tuple[int, ...] = ()
            match stmt:
                case ir.Raise(exc=exc) if exc is not None:
                    refused = tuple(self._denials.raised(exc, function))
                case ir.Return(value=value) if value is not None:
                    refused = tuple(self._denials.returned(value, function))
            if refused or type(stmt) is ir.DefineFunction:
                yield stmt.at
        for site in self.project.sites(function):
            if self._is_decisive(site, _DEPTH):
                yield site.call.at

    def _is_guard(self, decorator: Expr, scope: Scope, depth: int) -> bool:
        symbol = self.project.qualified(ir.callee(decorator), scope) or ""
        function = self.project.function(symbol)
        return symbol in DECORATORS or (function is not None and depth > 0 and self.decides(function, depth - 1))

    def _is_decisive(self, site: CallSite, depth: int) -> bool:
        func = site.call.func
        if type(func) is ir.Attribute and func.name in _DECISIVE and _is_own(func.value):
            return True
        if site.symbol == "django.http.HttpResponseNotAllowed" or any(map(_is_refusal, site.call.args)):
            return True
        return bool(depth and site.targets and self.decides(site.targets[0], depth - 1))


def _is_own(receiver: Expr) -> bool:
    """Whether a receiver is `self` or `super()`."""
    name = ir.dotted(ir.callee(receiver))
    return name in ("self", "super")


def _is_refusal(argument: ir.Argument) -> bool:
    """Whether an argument is the status of a refusal, to a response or to what makes one."""
    match argument.value:
        case ir.Const(value=value):
            return not isinstance(value, bool) and value in (401, 403, _METHOD_NOT_ALLOWED)
        case ir.Attribute(name=name):
            return named_status(name) in (401, 403, _METHOD_NOT_ALLOWED)
        case _:
            return False
