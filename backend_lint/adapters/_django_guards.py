"""Who may call a view of Django or DRF: told by following a request of a stranger, and one of somebody signed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from backend_lint.adapters._django_conf import settings
from backend_lint.adapters._django_known import Django
from backend_lint.adapters._django_library import METHODS
from backend_lint.adapters._django_members import permission_place
from backend_lint.adapters._django_middleware import Chain
from backend_lint.adapters._django_requests import Caller, Request, User
from backend_lint.adapters._django_views import Layer, View
from backend_lint.adapters._evaluation import (
    ELSEWHERE,
    OPEN,
    Blame,
    Evaluation,
    Kind,
    Native,
    Refusal,
    Routine,
    Thing,
    Wrapped,
    core,
)
from backend_lint.core import Place
from backend_lint.project import Project
from backend_lint.project.model import Guard, GuardKind

_METHOD_NOT_ALLOWED = 405


@dataclass(frozen=True)
class Admission:
    """What one method of a view asks of its callers. `is_served` is false where the view refuses the method itself."""

    guards: tuple[Guard, ...] = ()
    is_served: bool = True

    @property
    def key(self) -> tuple[object, ...]:
        return (self.is_served, *((each.kind, each.name, each.at) for each in self.guards))


@dataclass
class _Asked:
    refusals: list[Refusal] = field(default_factory=list)
    is_method_read: bool = False


class Guards:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.library = Django(project, settings(project))
        self.evaluation = Evaluation(project, self.library)
        self.middleware = Chain(project, settings(project), self.library)
        self._before: dict[tuple[str, str | None], list[Guard]] = {}

    def of_function(self, view: View, path: str) -> dict[str, Admission]:
        """What each method of a function view asks; one entry for all where the view does not look at the method."""
        found: dict[str, Admission] = {}
        for method in METHODS:
            admission, is_method_read = self._admission(view, method, path, None)
            if not is_method_read:
                return {"*": admission}
            found[method] = admission
        return found

    def of_method(self, view: View, method: str, name: str, path: str) -> Admission:
        """What a class-based view asks of a request with this HTTP method, which its method `name` answers.

        DRF's own `partial_update` calls `update`.
        Source: https://github.com/encode/django-rest-framework/blob/main/rest_framework/mixins.py
        """
        if name == "partial_update" and view.method(name) is None and view.method("update") is not None:
            name = "update"
        return self._admission(view, method, path, name)[0]

    def attribute(self, view: View, method: str, verb: str, name: str, *, called: bool = False) -> Any:
        """What an attribute of a view is, or what calling a method of it gives, while `method` answers."""
        held: list[Any] = [OPEN]

        def read(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            value = evaluation.names.attribute(self._object(view, Request(verb, "", User(Caller.MEMBER)), method), name)
            held.append(evaluation.call(value, [], {}) if called else value)
            return OPEN

        self.evaluation.answer(Native(read), [])
        return held[-1]

    def policy_place(self, view: View, attribute: str) -> tuple[Place, str]:
        """Where a policy of a view of DRF is given, and at which level."""
        me = Thing(view.classes, {"at": view.at})
        return (view.at, "route") if attribute in view.options else permission_place(self.library, me, attribute)

    def before(self, path: str, name: str | None) -> list[Guard]:
        """The guards that the middleware sets before whatever answers at an address."""
        key = path, name
        if key not in self._before:
            self.library.route_name = name
            refused = self.middleware.refusals(self.evaluation, lambda caller: Request("GET", path, User(caller), name))
            self._before[key] = list(_guards(refused, []))
        return self._before[key]

    def _admission(self, view: View, method: str, path: str, name: str | None) -> tuple[Admission, bool]:
        anybody = self._ask(view, Caller.SUPERUSER, method, path, name) if name is None else _Asked()
        if any(each.status == _METHOD_NOT_ALLOWED and each.is_certain for each in anybody.refusals):
            return Admission(is_served=False), True
        stranger = self._ask(view, Caller.STRANGER, method, path, name)
        refused = [each for each in stranger.refusals if _counts(each)]
        if name is not None and any(_is_perhaps_for_all(each) for each in refused):
            anybody = self._ask(view, Caller.SUPERUSER, method, path, name)
        refused = [each for each in refused if each not in anybody.refusals or not _is_perhaps_for_all(each)]
        is_read = anybody.is_method_read or stranger.is_method_read
        if not refused:
            return Admission(), is_read
        member = self._ask(view, Caller.MEMBER, method, path, name)
        guards = _guards(refused, [each for each in member.refusals if _counts(each)])
        return Admission(tuple(guards)), is_read or member.is_method_read

    def _ask(self, view: View, caller: Caller, method: str, path: str, name: str | None) -> _Asked:
        request = Request(method, path, User(caller))

        def whole(evaluation: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            return evaluation.call(self._callable(view, request, name), args, kwargs)

        refusals = self.evaluation.answer(Native(whole), [request])
        return _Asked(refusals, request.is_method_read)

    def _callable(self, view: View, request: Request, name: str | None) -> Any:
        value = self._function(view) if name is None else self._class(view, request, name)
        return self._layered(value, view.layers)

    def _function(self, view: View) -> Any:
        function = view.function
        if function is None or not self.library.decides(function):
            return Native(lambda *_: OPEN)
        return Wrapped(Routine(function), Blame(function.name, function.at, "handler", function, function.cls))

    def _class(self, view: View, request: Request, name: str) -> Any:
        me = self._object(view, request, name)
        me.attributes["handle"] = self._handler(view, me, name)
        plain = Native(
            lambda evaluation, args, kwargs: evaluation.call(evaluation.names.attribute(me, "dispatch"), args, kwargs)
        )
        return self._made(view, plain)

    def _object(self, view: View, request: Request, name: str) -> Thing:
        """The view while it answers a request."""
        options = {key: self.evaluation.names.of_value(value) for key, value in view.options.items()}
        state = {"request": request, "action": name, "kwargs": OPEN, "args": OPEN, "at": view.at}
        return Thing(view.classes, {**options, **state})

    def _made(self, view: View, plain: Native) -> Any:
        """What the class's own `as_view()` makes of the view, as mixins do that wrap it in a decorator."""
        method = view.method("as_view")
        if method is None or method.cls is None:
            return plain
        self.library.plain_view = plain
        kind = Kind(view.classes)
        made = self.evaluation.call(self.evaluation.names.attribute(kind, "as_view"), [], {})
        if made is plain or not isinstance(made, Native | Routine | Wrapped):
            return plain
        return Wrapped(made, Blame(method.cls.name, method.at, "class", method, method.cls))

    def _handler(self, view: View, me: Thing, name: str) -> Any:
        if view.function is not None:  # of `@api_view`
            return self._layered(self._function(view), view.inner)
        method = view.method(name)
        found = self.evaluation.names.attribute(me, name)
        routine = core(found)
        if routine is not None and not self.library.decides(routine.function):
            return Native(lambda *_: OPEN)
        return found if method is None else Wrapped(found, Blame(method.name, method.at, "handler", method, method.cls))

    def _layered(self, value: Any, layers: Sequence[Layer]) -> Any:
        for layer in reversed(layers):
            value = self.evaluation.names.wrapped(value, layer.decorator, layer.scope, layer.level)
        return value


def _is_perhaps_for_all(refusal: Refusal) -> bool:
    """Whether everybody may be refused alike: sent elsewhere, or turned away by the handler itself."""
    is_handlers = refusal.blame is not None and refusal.blame.level == "handler"
    return refusal.status == ELSEWHERE or (is_handlers and refusal.is_certain)


def _counts(refusal: Refusal) -> bool:
    """A guard that may refuse is one; a handler's own refusal has to be about who asks."""
    if refusal.blame is None:
        return False
    if refusal.blame.level == "handler":
        return refusal.status in (401, 403, 429) and (refusal.is_certain or refusal.is_asked)
    return refusal.status in (401, 403, 429) or (refusal.status == ELSEWHERE and refusal.is_certain)


def _guards(stranger: Iterable[Refusal], member: Iterable[Refusal]) -> Iterable[Guard]:
    """One for each that refuses: by login where whoever has signed in may pass, else by permission."""
    by_blame: dict[Blame, tuple[set[int], set[int]]] = {}
    for index, refusals in enumerate((stranger, member)):
        for each in refusals:
            assert each.blame is not None
            by_blame.setdefault(each.blame, (set(), set()))[index].add(each.status)
    for blame, (strangers, members) in by_blame.items():
        if (strangers | members) & {401, 403, ELSEWHERE}:
            kind = GuardKind.AUTHORIZATION if members & {403, ELSEWHERE} else GuardKind.AUTHENTICATION
            yield Guard(kind, blame.name, blame.at, blame.level, blame.function, blame.cls, blame.arguments)
        if 429 in strangers | members:
            yield Guard(GuardKind.THROTTLE, blame.name, blame.at, blame.level, blame.function, blame.cls)
