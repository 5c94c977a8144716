"""What methods of Django's and DRF's views, mixins and permissions do with a request.

Source: `django.contrib.auth.mixins`, `rest_framework.views.APIView`, `rest_framework.permissions`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backend_lint.adapters._django_library import library_attribute
from backend_lint.adapters._django_requests import Caller, Request
from backend_lint.adapters._evaluation import (
    ASKED,
    OPEN,
    Answer,
    Blame,
    Either,
    Evaluation,
    Kind,
    Named,
    Native,
    Open,
    Operation,
    Refusal,
    Thing,
    core,
)
from backend_lint.core import Place
from backend_lint.project import Class

if TYPE_CHECKING:
    from backend_lint.adapters._django_known import Django

_SAFE = ("GET", "HEAD", "OPTIONS")
_VIEW = "django.views.generic.View"
_API_VIEW = "rest_framework.views.APIView"


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
        return caller_of([self.request])

    def call(self, name: str, *args: Any) -> Any:
        return self.evaluation.call(self.evaluation.names.attribute(self.me, name), list(args), {})

    def consider(self, name: str, *args: Any) -> None:
        """Call a method for what it may refuse."""
        method = self.evaluation.names.attribute(self.me, name)
        routine = core(method)
        if routine is None or self.library.decides(routine.function):
            self.evaluation.call(method, list(args), {})

    def above(self, args: list[Any]) -> Any:
        """The same method of the next class."""
        name = "dispatch"
        rest = self.me.classes[self.me.classes.index(self.owner) + 1 :]
        return self.evaluation.call(self.evaluation.names.member(self.me, rest, name), args, {})

    def demand(self, verdict: Any) -> None:
        """Refuse unless the verdict is surely true. Somebody who has signed in is told that he may not."""
        held = self.evaluation.truth(verdict)
        if held is not True:
            status = 401 if self.caller is Caller.STRANGER else 403
            self.evaluation.refuse(status, is_certain=held is False)


def caller_of(args: list[Any]) -> Caller:
    request = next((each for each in args if isinstance(each, Request)), None)
    return Caller.STRANGER if request is None else request.user.caller


# Mixins of django.contrib.auth


def _login_required(self: Self, args: list[Any]) -> Any:
    self.demand(of_user(args or [self.request], "is_authenticated"))
    return self.above(args)


def _permission_required(self: Self, args: list[Any]) -> Any:
    self.demand(self.call("has_permission"))
    return self.above(args)


def _has_permission(self: Self, args: list[Any]) -> Any:
    return ASKED if self.caller is Caller.MEMBER else self.caller is Caller.SUPERUSER


def _user_passes_test(self: Self, args: list[Any]) -> Any:
    test = self.evaluation.names.attribute(self.me, "get_test_func")
    found = (
        self.call("test_func") if isinstance(test, Open) else self.evaluation.call(self.call("get_test_func"), [], {})
    )
    self.demand(found)
    return self.above(args)


def _handle_no_permission(self: Self, args: list[Any]) -> Any:
    return Answer(401 if self.caller is Caller.STRANGER else 403, self.evaluation.blame)


def of_user(args: list[Any], name: str) -> Any:
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
            evaluation.answered(evaluation.names.attribute(authenticator, "authenticate"), [self.request])
        known[key] = [each for each in evaluation.refusals[before:] if each.is_certain]
        del evaluation.refusals[before:]
    return known[key]


def _get_authenticators(self: Self, args: list[Any]) -> Any:
    return self.evaluation.names.attribute(self.me, "authentication_classes")


def _get_permissions(self: Self, args: list[Any]) -> Any:
    found = self.evaluation.names.attribute(self.me, "permission_classes")
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
            method = evaluation.names.attribute(made, question)
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
            return place_of(me), "class"
    place = library.settings.place("REST_FRAMEWORK")
    return (place, "default") if place is not None else (place_of(me), "default")


_GETTERS = {
    "permission_classes": "get_permissions",
    "throttle_classes": "get_throttles",
    "authentication_classes": "get_authenticators",
}


def place_of(me: Any) -> Place:
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


def as_view(self: Self, args: list[Any]) -> Any:
    return self.library.plain_view


# Permissions of DRF


def _nothing(self: Self, args: list[Any]) -> Any:
    return OPEN


def _allow(self: Self, args: list[Any]) -> Any:
    return True


def _is_authenticated(self: Self, args: list[Any]) -> Any:
    return of_user(args, "is_authenticated")


def _is_admin(self: Self, args: list[Any]) -> Any:
    return of_user(args, "is_staff")


def _or_read_only(self: Self, args: list[Any]) -> Any:
    return _is_safe(args) or of_user(args, "is_authenticated")


def _model_permissions(self: Self, args: list[Any]) -> Any:
    authenticated = of_user(args, "is_authenticated")
    if authenticated is not True or _is_safe(args):
        return authenticated
    return True if caller_of(args) is Caller.SUPERUSER else ASKED


def _model_permissions_or_read_only(self: Self, args: list[Any]) -> Any:
    return _is_safe(args) or _model_permissions(self, args)


def _is_safe(args: list[Any]) -> bool:
    request = next((each for each in args if isinstance(each, Request)), None)
    return request is not None and request.attribute("method") in _SAFE


def call_each(self: Self, names: list[str], args: list[Any]) -> Any:
    for name in names:
        self.consider(name, *args)
    return OPEN


def _flat(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else []


_P = "rest_framework.permissions."
MEMBERS: dict[tuple[str, str], Callable[[Self, list[Any]], Any]] = {
    ("django.contrib.auth.mixins.LoginRequiredMixin", "dispatch"): _login_required,
    ("django.contrib.auth.mixins.PermissionRequiredMixin", "dispatch"): _permission_required,
    ("django.contrib.auth.mixins.PermissionRequiredMixin", "has_permission"): _has_permission,
    ("django.contrib.auth.mixins.UserPassesTestMixin", "dispatch"): _user_passes_test,
    ("django.contrib.auth.mixins.AccessMixin", "handle_no_permission"): _handle_no_permission,
    ("django.contrib.auth.views.PasswordChangeView", "dispatch"): _login_required,
    ("django.contrib.auth.views.PasswordChangeDoneView", "dispatch"): _login_required,
    (_VIEW, "dispatch"): _dispatch,
    (_VIEW, "setup"): _nothing,
    (_VIEW, "as_view"): as_view,
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
POLICIES = {
    "permission_classes": "DEFAULT_PERMISSION_CLASSES",
    "authentication_classes": "DEFAULT_AUTHENTICATION_CLASSES",
    "throttle_classes": "DEFAULT_THROTTLE_CLASSES",
}
DEFAULTS: dict[str, Any] = {
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.SessionAuthentication",
        "rest_framework.authentication.BasicAuthentication",
    ],
    "DEFAULT_THROTTLE_CLASSES": [],
}
