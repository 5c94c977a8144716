"""Django REST framework: routes of its views and view sets, with their serializers, authenticators and throttles.

Source: https://www.django-rest-framework.org/api-guide/views/, `rest_framework.views.APIView`.
"""

from __future__ import annotations

from typing import Any

from backend_lint.adapters._django_protection import protect, summary
from backend_lint.adapters._django_routes import Served, Site, site
from backend_lint.adapters._evaluation import Either, Kind, Named, Open
from backend_lint.adapters._request_inputs import inputs
from backend_lint.adapters.django import request_names
from backend_lint.facts import ir
from backend_lint.project import Class, Function, Project
from backend_lint.project.external import ancestors
from backend_lint.project.model import Guard, GuardKind, Input, Route

_SESSION = "rest_framework.authentication.SessionAuthentication"
_SCOPED = "rest_framework.throttling.ScopedRateThrottle"
_ALLOW = "rest_framework.permissions.AllowAny"
_WITH_BODY = ("PATCH", "POST", "PUT")
_SERIALIZER = "rest_framework.serializers.BaseSerializer"


def read(project: Project) -> None:
    found = site(project)
    served = [each for each in found.served if each.is_api]
    for each in served:
        _Reader(project, found, each).complete()
        project.routes.append(each.route)
    if served and "Django REST framework" not in project.frameworks:
        project.frameworks.append("Django REST framework")


class _Reader:
    def __init__(self, project: Project, found: Site, served: Served) -> None:
        self.project, self.found, self.served = project, found, served
        self.route: Route = served.route

    def complete(self) -> None:
        self.route.framework = "drf"
        protect(self.project, self.served, self.found)
        self._authentication()
        self._throttles()
        self._opened()
        self._body()
        handler = self.route.handler
        self.route.summary = summary(handler)
        if handler is not None:
            self.route.inputs += inputs(self.project, handler, requests=request_names(handler))

    def _authentication(self) -> None:
        """How callers are known. A session is a cookie, so whoever reads it has to protect against forged requests."""
        kinds = self._policy("authentication_classes")
        self.route.authentication = tuple(each.name for each in kinds)
        place, level = self.found.guards.policy_place(self.served.view, "authentication_classes")
        for each in kinds:
            if not self.project.classes.is_subclass(each.name, _SESSION) or self.route.is_safe:
                continue
            own = next((cls for cls in each.classes if isinstance(cls, Class) and "enforce_csrf" in cls.methods), None)
            if own is None:
                self.route.guards.append(Guard(GuardKind.CSRF, _short(each), place, level))
            else:
                off = Guard(GuardKind.CSRF, own.name, own.methods["enforce_csrf"].at, level, cls=own)
                self.route.exemptions.append(off)

    def _throttles(self) -> None:
        place, level = self.found.guards.policy_place(self.served.view, "throttle_classes")
        for each in self._policy("throttle_classes"):
            is_scoped = self.project.classes.is_subclass(each.name, _SCOPED)
            if is_scoped and not self._values("throttle_scope"):
                continue
            self.route.guards.append(Guard(GuardKind.THROTTLE, _short(each), place, level, cls=_own(each)))

    def _opened(self) -> None:
        """Permissions that let everybody in, where the view itself says so."""
        permissions = self._policy("permission_classes")
        self.route.permissions = tuple(_short(each) for each in permissions)
        place, level = self.found.guards.policy_place(self.served.view, "permission_classes")
        if level != "default" and all(each.name == _ALLOW for each in permissions) and not self.route.is_guarded:
            name = "AllowAny" if permissions else "permission_classes"
            self.route.exemptions.append(Guard(GuardKind.AUTHENTICATION, name, place, level))

    def _body(self) -> None:
        taken, answered = self._used()
        if taken and not set(self.route.methods).isdisjoint(_WITH_BODY):
            self.route.body = _names(taken)
            self.route.body_schemas = _qualified(taken)
            self.route.inputs.append(Input("body", "body", self.route.body, True, taken[0].at))
        if answered and "DELETE" not in self.route.methods:
            names = _names(answered)
            self.route.response_schemas = _qualified(answered)
            self.route.response_model = f"list[{names}]" if self._is_list() else names

    def _used(self) -> tuple[list[Class], list[Class]]:
        """The serializers that read the body, and those that write the answer."""
        handler = self.route.handler
        if handler is None:
            declared = self._serializers()
            return declared, declared
        taken, answered = [], []
        for call in self.project.sites(handler):
            cls = self.project.cls(call.symbol or "")
            if cls is not None and self.project.classes.is_subclass(cls, _SERIALIZER):
                used = [cls]
            elif call.method == "get_serializer":
                used = self._serializers()
            else:
                continue
            answered += used
            if "data" in call.call.keywords:
                taken += used
        return taken, [] if _answers_for_itself(handler) else answered

    def _is_list(self) -> bool:
        view, method = self.served.view, self.served.method
        if self.route.handler is not None:
            return method == "list"
        return method == "list" or (method == "get" and view.inherits("rest_framework.mixins.ListModelMixin"))

    def _serializers(self) -> list[Class]:
        own = self.served.view.method("get_serializer_class")
        found = self._values("get_serializer_class" if own is not None else "serializer_class", called=own is not None)
        return [cls for each in found if isinstance(each, Kind) and (cls := _own(each)) is not None]

    def _policy(self, attribute: str) -> list[Kind]:
        """The classes that a policy names."""
        found = self._values(attribute)
        flat = [item for each in found for item in (each if isinstance(each, list | tuple) else [each])]
        return [Kind(ancestors(each.name)) if isinstance(each, Named) else each for each in flat if _is_class(each)]

    def _values(self, attribute: str, *, called: bool = False) -> list[Any]:
        method, verb = self.served.method or "", self.route.methods[0]
        value = self.found.guards.attribute(self.served.view, method, verb, attribute, called=called)
        values = value.values if isinstance(value, Either) else (value,)
        return [each for each in values if each is not None and not isinstance(each, Open)]


def _answers_for_itself(handler: Function) -> bool:
    """Whether a handler writes out all that it answers, `Response({"id": …})`, so that its serializers only read."""
    values = [stmt.value for stmt in handler.statements if type(stmt) is ir.Return]
    return bool(values) and all(
        type(value) is ir.Call
        and all(type(each) in (ir.Dict, ir.Const) for each in value.positional)
        and not any(type(node) is ir.Attribute and node.name == "data" for node in ir.walk_expression(value))
        for value in values
    )


def _names(serializers: list[Class]) -> str:
    return " | ".join(dict.fromkeys(each.name for each in serializers))


def _qualified(serializers: list[Class]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each.qualified for each in serializers))


def _is_class(value: Any) -> bool:
    return isinstance(value, Kind) or (isinstance(value, Named) and not value.is_call)


def _short(kind: Kind) -> str:
    return kind.name.rpartition(".")[2]


def _own(kind: Kind) -> Class | None:
    first = kind.classes[0]
    return first if isinstance(first, Class) else None
