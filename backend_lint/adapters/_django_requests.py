"""What stands for a request in Django, and what Django, DRF and their decorators do with it.

Source: `django.contrib.auth.mixins`, `django.contrib.auth.decorators`, `django.views.decorators.http`,
`rest_framework.views.APIView`, `rest_framework.permissions`.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend_lint.adapters._denial import denials, named_status
from backend_lint.adapters._django_conf import Settings
from backend_lint.adapters._django_library import library_attribute, library_method
from backend_lint.adapters._evaluation import (
    ASKED,
    MISSING,
    OPEN,
    Answer,
    Blame,
    Either,
    Evaluation,
    Kind,
    Lack,
    Named,
    Native,
    Open,
    Operation,
    Refusal,
    Routine,
    Thing,
    Wrapped,
    core,
)
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Class, Function, Project, Scope

_METHOD_NOT_ALLOWED = 405
_SAFE = ("GET", "HEAD", "OPTIONS")
_VIEW = "django.views.generic.View"
_API_VIEW = "rest_framework.views.APIView"
_METHOD_DECORATOR = "django.utils.decorators.method_decorator"
_STANDARD_HEADERS = frozenset({"accept", "content-type", "content-length", "host", "user-agent", "referer", "origin"})
_DECISIVE = frozenset(  # methods of views that lead to what may refuse
    {"get_object", "check_object_permissions", "check_permissions", "permission_denied", "handle_no_permission"}
    | {"has_permission", "has_object_permission", "initial", "dispatch"}
    | {"get", "post", "put", "patch", "delete", "list", "create", "retrieve", "update", "partial_update", "destroy"}
)
_DEPTH = 4


class Caller(enum.Enum):
    """Who asks: nobody known, somebody who has signed in, somebody who may do everything."""

    STRANGER = enum.auto()
    MEMBER = enum.auto()
    SUPERUSER = enum.auto()


@dataclass(eq=False)
class User:
    """`request.user`."""

    caller: Caller
    attributes: dict[str, Any] = field(default_factory=dict)
    is_asked = True

    def attribute(self, name: str) -> Any:
        is_known, may_all = self.caller is not Caller.STRANGER, self.caller is Caller.SUPERUSER
        match name:
            case _ if name in self.attributes:
                return self.attributes[name]
            case "is_authenticated" | "is_active":
                return is_known
            case "is_anonymous":
                return not is_known
            case "is_staff" | "is_superuser":
                return may_all
            case "pk" | "id" if not is_known:
                return Lack()
            case "has_perm" | "has_perms" | "has_module_perms":
                answer: Any = ASKED if self.caller is Caller.MEMBER else may_all
                return Native(lambda *_: answer)
        return ASKED

    def has(self, name: str) -> Any:
        return False if self.caller is Caller.STRANGER and self.attribute(name) is ASKED else ASKED

    def equals(self, other: Any) -> Any:
        """Nobody is the owner of anything."""
        return self is other or (False if self.caller is Caller.STRANGER or other is None else ASKED)

    def is_instance(self, names: list[str]) -> Any:
        return any(name.endswith(".AnonymousUser") for name in names) if self.caller is Caller.STRANGER else ASKED


@dataclass(eq=False)
class Absent:
    """The session, the cookies or the headers of somebody who sends nothing of his own."""

    is_asked = True

    def attribute(self, name: str) -> Any:
        return Native(self._get) if name == "get" else ASKED

    def _get(self, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
        name = args[0] if args else OPEN
        if isinstance(name, str) and name.lower().removeprefix("http_").replace("_", "-") in _STANDARD_HEADERS:
            return OPEN
        if isinstance(name, str) and name.isupper() and not name.startswith("HTTP_"):  # of the server's environment
            return OPEN
        return Lack(args[1] if len(args) > 1 else kwargs.get("default"))

    def contains(self, key: Any) -> Any:
        return False if isinstance(key, str) else ASKED


@dataclass(frozen=True)
class Address:
    """The path of a request, as far as it is known: parameters stand in braces."""

    path: str

    @property
    def _head(self) -> str:
        return self.path.partition("{")[0]

    def equals(self, other: Any) -> Any:
        if not isinstance(other, str):
            return OPEN
        return self.path == other if "{" not in self.path else (OPEN if other.startswith(self._head) else False)

    def contains(self, part: Any) -> Any:
        return (isinstance(part, str) and part in self.path) or (OPEN if "{" in self.path else False)

    def attribute(self, name: str) -> Any:
        match name:
            case "startswith":
                return Native(lambda _, args, __: self.starts(args[0]) if args else OPEN)
            case "endswith" if "{" not in self.path:
                return Native(lambda _, args, __: _is_end(self.path, args))
            case "lstrip" | "strip" | "rstrip" | "lower" | "removeprefix":
                return Native(lambda _, args, __: Address(getattr(self.path, name)(*_texts(args))))
            case _:
                return OPEN

    def starts(self, prefix: Any) -> Any:
        if isinstance(prefix, list | tuple):
            answers = [self.starts(each) for each in prefix]
            return True if True in answers else (OPEN if OPEN in answers else False)
        if not isinstance(prefix, str):
            return OPEN
        if "{" not in self.path or len(prefix) <= len(self._head):
            return self.path.startswith(prefix)
        return OPEN if prefix.startswith(self._head) else False


def _is_end(path: str, args: list[Any]) -> Any:
    ends = tuple(args[0]) if args and isinstance(args[0], list) else args[0] if args else OPEN
    return (
        path.endswith(ends) if isinstance(ends, str) or (isinstance(ends, tuple) and all(map(_is_text, ends))) else OPEN
    )


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(args: list[Any]) -> list[str]:
    return [each for each in args if isinstance(each, str)]


@dataclass(frozen=True)
class Pattern:
    """A compiled regular expression. Only its literal beginning is compared."""

    text: str

    def attribute(self, name: str) -> Any:
        return Native(lambda _, args, __: self.found(name, args[0] if args else OPEN))

    def found(self, how: str, subject: Any) -> Any:
        literal, rest = _literal_start(self.text.removeprefix("^"))
        address = Address(subject) if isinstance(subject, str) else subject
        if not isinstance(address, Address) or (how == "search" and not self.text.startswith("^")):
            return OPEN
        if rest in ("$", r"\Z") or (how == "fullmatch" and not rest):
            return address.equals(literal)
        starts = address.starts(literal)
        return starts if not rest or starts is False else OPEN


def _literal_start(pattern: str) -> tuple[str, str]:
    """The characters that a regular expression surely begins with, and the rest of it."""
    plain = re.match(r"(?:[^\\.^$*+?{}\[\]|()]|\\[^\w])*", pattern)
    end = 0 if plain is None else plain.end()
    if pattern[end : end + 1] in ("?", "*", "{"):
        end -= 1
    return re.sub(r"\\(.)", r"\1", pattern[:end]), pattern[end:]


@dataclass(frozen=True)
class Match:
    """`request.resolver_match`."""

    name: str | None

    def attribute(self, name: str) -> Any:
        *spaces, last = (self.name or "").split(":")
        match name:
            case "url_name":
                return last or None
            case "view_name":
                return self.name
            case "namespace" | "app_name":
                return ":".join(spaces)
            case "namespaces" | "app_names":
                return spaces
            case _:
                return OPEN


@dataclass(eq=False)
class Request:
    """`is_method_read` once something asks for the method: until then the answer is that of all methods.

    `is_address_read` once something asks where it goes to: until then the answer is that of all addresses.
    """

    method: str
    path: str
    user: User
    name: str | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    is_method_read: bool = False
    is_address_read: bool = False

    def attribute(self, name: str) -> Any:
        match name:
            case _ if name in self.attributes:
                return self.attributes[name]
            case "method":
                self.is_method_read = True
                return self.method
            case "user":
                return self.user
            case "auth" | "successful_authenticator" if self.user.caller is Caller.STRANGER:
                return None
            case "auth" | "successful_authenticator":
                return ASKED
            case "session" | "COOKIES" | "META" | "headers":
                return Absent() if self.user.caller is Caller.STRANGER else ASKED
            case "_request":
                return self
            case "path" | "path_info":
                self.is_address_read = True
                return Address(self.path)
            case "resolver_match":
                self.is_address_read = True
                return Match(self.name)
        return OPEN

    def has(self, name: str) -> Any:
        return True if name in ("user", "session", "method") or name in self.attributes else OPEN


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
        found = _MEMBERS.get((owner, name))
        called = library_method(owner, name) if found is None else None
        if called is not None:
            names = called
            return self._native(lambda self, args: _call_each(self, names, args), owner, me)
        if found is not None:
            return self._native(found, owner, me)
        known = library_attribute(owner, name)
        if known is not None:
            return known
        if owner == _API_VIEW and name in _POLICIES:
            return self._policy(evaluation, _POLICIES[name])
        return MISSING

    def _native(self, run: Callable[[Self, list[Any]], Any], owner: str, me: Any) -> Native:
        """A library's method. Taken from its class, it is handed the object first."""

        def call(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            if isinstance(me, Thing) or run is _as_view:
                return run(Self(self, evaluation, me, owner), args)
            first = args[0] if args else OPEN
            return run(Self(self, evaluation, first, owner), args[1:]) if isinstance(first, Thing) else OPEN

        return Native(call)

    def _policy(self, evaluation: Evaluation, name: str) -> Any:
        """Classes that `REST_FRAMEWORK` names, or the framework's own default."""
        given = evaluation.of_value(self.settings.value("REST_FRAMEWORK"))
        known = given if isinstance(given, dict) else {}
        found = known.get(name, _DEFAULTS.get(name, OPEN))
        if not isinstance(found, list | tuple):
            return found
        return [evaluation.named(self.project.names.denoted(each)) if isinstance(each, str) else each for each in found]

    def value(self, evaluation: Evaluation, symbol: str) -> Any:
        if symbol == "rest_framework.permissions.SAFE_METHODS":
            return list(_SAFE)
        owner, _, name = symbol.rpartition(".")
        if owner == "rest_framework.settings.api_settings":
            return self._policy(evaluation, name)
        if owner == "django.conf.settings":
            found = evaluation.of_value(self.settings.value(name))
            return MISSING if isinstance(found, Open | Named) else found
        return MISSING

    def result(self, evaluation: Evaluation, symbol: str, args: list[Any], kwargs: dict[str, Any]) -> Any:
        made = _DECORATORS.get(symbol)
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
        if type(decorator) is not ir.Call or self.project.qualified(decorator.func, scope) != _METHOD_DECORATOR:
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
        return Blame(owner.rpartition(".")[2], _place(me), "class")

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
        symbol = self.project.qualified(decorator.func if type(decorator) is ir.Call else decorator, scope) or ""
        function = self.project.function(symbol)
        return symbol in _DECORATORS or (function is not None and depth > 0 and self.decides(function, depth - 1))

    def _is_decisive(self, site: CallSite, depth: int) -> bool:
        func = site.call.func
        if type(func) is ir.Attribute and func.name in _DECISIVE and _is_own(func.value):
            return True
        if site.symbol == "django.http.HttpResponseNotAllowed" or any(map(_is_refusal, site.call.args)):
            return True
        return bool(depth and site.targets and self.decides(site.targets[0], depth - 1))


def _is_own(receiver: Expr) -> bool:
    """Whether a receiver is `self` or `super()`."""
    name = ir.dotted(receiver.func if type(receiver) is ir.Call else receiver)
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


@dataclass(frozen=True)
class Self:
    """A method of a library's class while it runs."""

    library: Django
    evaluation: Evaluation
    me: Any
    owner: str

    @property
    def request(self) -> Any:
        return self.me.attributes.get("request", OPEN)

    @property
    def caller(self) -> Caller:
        return _caller([self.request])

    def call(self, name: str, *args: Any) -> Any:
        return self.evaluation.call(self.evaluation.attribute(self.me, name), list(args), {})

    def consider(self, name: str, *args: Any) -> None:
        """Call a method for what it may refuse."""
        method = self.evaluation.attribute(self.me, name)
        routine = core(method)
        if routine is None or self.library.decides(routine.function):
            self.evaluation.call(method, list(args), {})

    def above(self, args: list[Any]) -> Any:
        """The same method of the next class."""
        name = "dispatch"
        rest = self.me.classes[self.me.classes.index(self.owner) + 1 :]
        return self.evaluation.call(self.evaluation.member(self.me, rest, name), args, {})

    def demand(self, verdict: Any) -> None:
        """Refuse unless the verdict is surely true. Somebody who has signed in is told that he may not."""
        held = self.evaluation.truth(verdict)
        if held is not True:
            status = 401 if self.caller is Caller.STRANGER else 403
            self.evaluation.refuse(status, is_certain=held is False)


def _caller(args: list[Any]) -> Caller:
    request = next((each for each in args if isinstance(each, Request)), None)
    return Caller.STRANGER if request is None else request.user.caller


# Mixins of django.contrib.auth


def _login_required(self: Self, args: list[Any]) -> Any:
    self.demand(_user(args or [self.request], "is_authenticated"))
    return self.above(args)


def _permission_required(self: Self, args: list[Any]) -> Any:
    self.demand(self.call("has_permission"))
    return self.above(args)


def _has_permission(self: Self, args: list[Any]) -> Any:
    return ASKED if self.caller is Caller.MEMBER else self.caller is Caller.SUPERUSER


def _user_passes_test(self: Self, args: list[Any]) -> Any:
    test = self.evaluation.attribute(self.me, "get_test_func")
    found = (
        self.call("test_func") if isinstance(test, Open) else self.evaluation.call(self.call("get_test_func"), [], {})
    )
    self.demand(found)
    return self.above(args)


def _handle_no_permission(self: Self, args: list[Any]) -> Any:
    return Answer(401 if self.caller is Caller.STRANGER else 403, self.evaluation.blame)


def _signed_in_view(self: Self, args: list[Any]) -> Any:
    self.demand(_user(args or [self.request], "is_authenticated"))
    return self.above(args)


def _user(args: list[Any], name: str) -> Any:
    request = next((each for each in args if isinstance(each, Request)), None)
    return OPEN if request is None else request.user.attribute(name)


# Views


def _dispatch(self: Self, args: list[Any]) -> Any:
    return self.evaluation.call(self.me.attributes["handle"], args, {})


def _api_dispatch(self: Self, args: list[Any]) -> Any:
    def answer(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
        self.call("initial", *args)
        return evaluation.call(self.me.attributes["handle"], args, {})

    return self.evaluation.answered(Native(answer), args)


def _initial(self: Self, args: list[Any]) -> Any:
    self.call("perform_authentication", *args[:1])
    self.call("check_permissions", *args[:1])
    return self.call("check_throttles", *args[:1])


def _perform_authentication(self: Self, args: list[Any]) -> Any:
    """Authenticators that refuse whoever brings nothing; those that only refuse wrong credentials are no guards."""
    for each in _flat(self.call("get_authenticators")):
        made = _instance(self.evaluation, each)
        if isinstance(made, Thing) and isinstance(made.classes[0], Class):
            self.evaluation.refusals.extend(_refused_by(self, made, made.classes[0]))
    return None


def _refused_by(self: Self, authenticator: Thing, cls: Class) -> list[Refusal]:
    evaluation, known = self.evaluation, self.library.authenticated
    key = cls.qualified, self.caller
    if key not in known:
        before = len(evaluation.refusals)
        with evaluation.blaming(Blame(cls.name, cls.at, "class", cls.methods.get("authenticate"), cls)):
            evaluation.answered(evaluation.attribute(authenticator, "authenticate"), [self.request])
        known[key] = [each for each in evaluation.refusals[before:] if each.is_certain]
        del evaluation.refusals[before:]
    return known[key]


def _get_authenticators(self: Self, args: list[Any]) -> Any:
    return self.evaluation.attribute(self.me, "authentication_classes")


def _get_permissions(self: Self, args: list[Any]) -> Any:
    found = self.evaluation.attribute(self.me, "permission_classes")
    return [_instance(self.evaluation, each) for each in found] if isinstance(found, list | tuple) else found


def _check_permissions(self: Self, args: list[Any]) -> Any:
    for permission in _each_permission(self):
        with self.evaluation.blaming(_permission_blame(self, permission)):
            self.demand(_verdict(self, permission, "has_permission", [self.request, self.me]))
    return None


def _check_object_permissions(self: Self, args: list[Any]) -> Any:
    for permission in _each_permission(self):
        with self.evaluation.blaming(_permission_blame(self, permission)):
            self.demand(_verdict(self, permission, "has_object_permission", [self.request, self.me, OPEN]))
    return None


def _each_permission(self: Self) -> Iterator[Any]:
    found = self.call("get_permissions")
    for each in found.values if isinstance(found, Either) else (found,):
        if isinstance(each, Open | Named):
            yield each
        else:
            yield from _flat(each)


def _verdict(self: Self, permission: Any, question: str, args: list[Any]) -> Any:
    evaluation = self.evaluation
    match permission:
        case Operation(op="~", left=inner):
            held = evaluation.truth(_verdict(self, inner, question, args))
            return ASKED if held is None else not held
        case Operation(op=op, left=left, right=right):
            first = evaluation.truth(
                _both(self, left, question, args) if op == "|" else _verdict(self, left, question, args)
            )
            other = evaluation.truth(
                _both(self, right, question, args) if op == "|" else _verdict(self, right, question, args)
            )
            decisive = op == "|"
            if decisive in (first, other):
                return decisive
            return ASKED if None in (first, other) else not decisive
        case Kind() | Thing():
            made = _instance(evaluation, permission)
            method = evaluation.attribute(made, question)
            return ASKED if isinstance(method, Open) else evaluation.call(method, args, {})
        case None | str():
            return True
    return ASKED


def _both(self: Self, permission: Any, question: str, args: list[Any]) -> Any:
    """DRF asks an alternative for the object only if it holds for the view."""
    verdict = _verdict(self, permission, question, args)
    if question == "has_permission" or self.evaluation.truth(verdict) is False:
        return verdict
    general = self.evaluation.truth(_verdict(self, permission, "has_permission", args[:2]))
    return verdict if general else (False if general is False else ASKED)


def _instance(evaluation: Evaluation, value: Any) -> Any:
    if not isinstance(value, Kind):
        return value
    return evaluation.call(value, [], {}) if isinstance(value.classes[0], Class) else Thing(value.classes)


def _permission_blame(self: Self, permission: Any) -> Blame:
    names = list(_permission_names(permission))
    cls = next((each for each in names if isinstance(each, Class)), None)
    shown = [each.name if isinstance(each, Class) else each.rpartition(".")[2] for each in names]
    at, level = permission_place(self.library, self.me, "permission_classes")
    method = None if cls is None else cls.methods.get("has_permission") or cls.methods.get("has_object_permission")
    return Blame(" | ".join(shown) or "permission", at, level, method, cls)


def _permission_names(permission: Any) -> Iterator[Class | str]:
    match permission:
        case Kind(classes=classes) | Thing(classes=classes):
            yield classes[0]
        case Operation(left=left, right=right):
            yield from _permission_names(left)
            yield from _permission_names(right)
        case Named(name=name):
            yield name


def permission_place(library: Django, me: Thing, attribute: str) -> tuple[Place, str]:
    """Where a policy of a view is given, and at which level."""
    if f"{attribute}_at" in me.attributes:
        at: Place = me.attributes[f"{attribute}_at"]
        return at, "route"
    for each in me.classes:
        if isinstance(each, Class):
            if attribute in each.attributes:
                return each.place(each.attributes[attribute]), "class"
            method = each.methods.get(_GETTERS[attribute])
            if method is not None:
                return method.at, "class"
        elif library_attribute(each, attribute) is not None:
            return _place(me), "class"
    place = library.settings.place("REST_FRAMEWORK")
    return (place, "default") if place is not None else (_place(me), "default")


_GETTERS = {
    "permission_classes": "get_permissions",
    "throttle_classes": "get_throttles",
    "authentication_classes": "get_authenticators",
}


def _place(me: Any) -> Place:
    for each in me.classes if isinstance(me, Thing) else ():
        if isinstance(each, Class):
            return each.at
    found: Place = me.attributes["at"]
    return found


def _permission_denied(self: Self, args: list[Any]) -> Any:
    self.evaluation.refuse(401 if self.caller is Caller.STRANGER else 403)


def _get_object(self: Self, args: list[Any]) -> Any:
    self.consider("get_queryset")
    self.call("check_object_permissions", self.request, OPEN)
    return OPEN


def _as_view(self: Self, args: list[Any]) -> Any:
    return self.library.plain_view


def _nothing(self: Self, args: list[Any]) -> Any:
    return OPEN


def _allow(self: Self, args: list[Any]) -> Any:
    return True


def _is_authenticated(self: Self, args: list[Any]) -> Any:
    return _user(args, "is_authenticated")


def _is_admin(self: Self, args: list[Any]) -> Any:
    return _user(args, "is_staff")


def _or_read_only(self: Self, args: list[Any]) -> Any:
    return _is_safe(args) or _user(args, "is_authenticated")


def _model_permissions(self: Self, args: list[Any]) -> Any:
    authenticated = _user(args, "is_authenticated")
    if authenticated is not True or _is_safe(args):
        return authenticated
    return True if _caller(args) is Caller.SUPERUSER else ASKED


def _model_permissions_or_read_only(self: Self, args: list[Any]) -> Any:
    return _is_safe(args) or _model_permissions(self, args)


def _is_safe(args: list[Any]) -> bool:
    request = next((each for each in args if isinstance(each, Request)), None)
    return request is not None and request.attribute("method") in _SAFE


def _call_each(self: Self, names: list[str], args: list[Any]) -> Any:
    for name in names:
        self.consider(name, *args)
    return OPEN


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


_P = "rest_framework.permissions."
_MEMBERS: dict[tuple[str, str], Callable[[Self, list[Any]], Any]] = {
    ("django.contrib.auth.mixins.LoginRequiredMixin", "dispatch"): _login_required,
    ("django.contrib.auth.mixins.PermissionRequiredMixin", "dispatch"): _permission_required,
    ("django.contrib.auth.mixins.PermissionRequiredMixin", "has_permission"): _has_permission,
    ("django.contrib.auth.mixins.UserPassesTestMixin", "dispatch"): _user_passes_test,
    ("django.contrib.auth.mixins.AccessMixin", "handle_no_permission"): _handle_no_permission,
    ("django.contrib.auth.views.PasswordChangeView", "dispatch"): _signed_in_view,
    ("django.contrib.auth.views.PasswordChangeDoneView", "dispatch"): _signed_in_view,
    (_VIEW, "dispatch"): _dispatch,
    (_VIEW, "setup"): _nothing,
    (_VIEW, "as_view"): _as_view,
    (_API_VIEW, "dispatch"): _api_dispatch,
    (_API_VIEW, "initial"): _initial,
    (_API_VIEW, "perform_authentication"): _perform_authentication,
    (_API_VIEW, "get_authenticators"): _get_authenticators,
    (_API_VIEW, "get_permissions"): _get_permissions,
    (_API_VIEW, "check_permissions"): _check_permissions,
    (_API_VIEW, "check_object_permissions"): _check_object_permissions,
    (_API_VIEW, "check_throttles"): _nothing,
    (_API_VIEW, "permission_denied"): _permission_denied,
    ("rest_framework.generics.GenericAPIView", "get_object"): _get_object,
    ("rest_framework.generics.GenericAPIView", "get_queryset"): _nothing,
    (_P + "BasePermission", "has_permission"): _allow,
    (_P + "BasePermission", "has_object_permission"): _allow,
    (_P + "IsAuthenticated", "has_permission"): _is_authenticated,
    (_P + "IsAdminUser", "has_permission"): _is_admin,
    (_P + "IsAuthenticatedOrReadOnly", "has_permission"): _or_read_only,
    (_P + "DjangoModelPermissions", "has_permission"): _model_permissions,
    (_P + "DjangoModelPermissionsOrAnonReadOnly", "has_permission"): _model_permissions_or_read_only,
}
_POLICIES = {
    "permission_classes": "DEFAULT_PERMISSION_CLASSES",
    "authentication_classes": "DEFAULT_AUTHENTICATION_CLASSES",
    "throttle_classes": "DEFAULT_THROTTLE_CLASSES",
}
_DEFAULTS: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.BasicAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": [],
}


# Decorators


def _testing(test: Callable[[Evaluation, Request], Any]) -> Callable[[Any], Native]:
    """A decorator that lets a request through if a test on it holds."""

    def decorate(view: Any) -> Native:
        def wrapper(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            request = next((each for each in args if isinstance(each, Request)), None)
            if request is not None:
                held = evaluation.truth(test(evaluation, request))
                status = 401 if request.user.caller is Caller.STRANGER else 403
                if held is not True:
                    evaluation.refuse(status, is_certain=held is False)
            return evaluation.call(view, args, kwargs)

        return Native(wrapper)

    return decorate


def _applied(decorate: Callable[[Any], Native], views: list[Any]) -> Native:
    """A decorator that may be written with and without parentheses."""
    if views and isinstance(views[0], Routine | Native | Wrapped):
        return decorate(views[0])
    return Native(lambda evaluation, args, kwargs: decorate(args[0] if args else OPEN))


def _by_attribute(name: str) -> Callable[[Django, Evaluation, list[Any], dict[str, Any]], Any]:
    decorate = _testing(lambda evaluation, request: request.user.attribute(name))
    return lambda library, evaluation, args, kwargs: _applied(decorate, args)


def _by_test(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    test = args[0] if args else kwargs.get("test_func", OPEN)
    return _applied(_testing(lambda evaluation, request: evaluation.call(test, [request.user], {})), [])


def _by_permission(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    def test(evaluation: Evaluation, request: Request) -> Any:
        return evaluation.call(request.user.attribute("has_perms"), [], {})

    return _applied(_testing(test), [])


def _for_methods(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _allowing(args[0] if args else kwargs.get("request_method_list", OPEN))([])


def _allowing(methods: Any) -> Callable[[list[Any]], Native]:
    def decorate(view: Any) -> Native:
        def wrapper(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            request = next((each for each in args if isinstance(each, Request)), None)
            if request is not None and isinstance(methods, list) and request.attribute("method") not in methods:
                return Answer(405, evaluation.blame)
            return evaluation.call(view, args, kwargs)

        return Native(wrapper)

    return lambda views: _applied(decorate, views)


def _method_decorator(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    decorators = args[0] if args and isinstance(args[0], list) else args[:1]

    def decorate(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
        value = args[0] if args else OPEN
        for each in reversed(decorators):
            value = evaluation.call(each, [value], {})
        return value

    return Native(decorate)


def _identity(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Native(lambda evaluation, args, kwargs: args[0] if args else OPEN)


def _partial(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Native(lambda inner, more, named: inner.call(args[0], [*args[1:], *more], {**kwargs, **named}))


def _compiled(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return Pattern(args[0]) if args and isinstance(args[0], str) else OPEN


def _searched(how: str, args: list[Any]) -> Any:
    match args:
        case [str() as pattern, subject, *_]:
            return Pattern(pattern).found(how, subject)
        case _:
            return OPEN


def _resolved(library: Django, evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
    library.is_route_asked = True
    return Match(library.route_name)


_H = "django.views.decorators.http."
_D = "django.contrib.auth.decorators."
_DECORATORS: dict[str, Callable[[Django, Evaluation, list[Any], dict[str, Any]], Any]] = {
    f"{_D}login_required": _by_attribute("is_authenticated"),
    f"{_D}user_passes_test": _by_test,
    f"{_D}permission_required": _by_permission,
    "django.contrib.admin.views.decorators.staff_member_required": _by_attribute("is_staff"),
    f"{_H}require_http_methods": _for_methods,
    f"{_H}require_GET": lambda library, evaluation, args, kwargs: _allowing(["GET"])(args),
    f"{_H}require_POST": lambda library, evaluation, args, kwargs: _allowing(["POST"])(args),
    f"{_H}require_safe": lambda library, evaluation, args, kwargs: _allowing(["GET", "HEAD"])(args),
    _METHOD_DECORATOR: _method_decorator,
    "functools.wraps": _identity,
    "functools.partial": _partial,
    "re.compile": _compiled,
    "re.match": lambda library, evaluation, args, kwargs: _searched("match", args),
    "re.search": lambda library, evaluation, args, kwargs: _searched("search", args),
    "django.urls.resolve": _resolved,
    "django.urls.get_script_prefix": lambda library, evaluation, args, kwargs: "/",
}
