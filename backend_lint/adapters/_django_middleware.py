"""The middleware of a Django project: what it is, in which order, and whom it turns away.

Source: https://docs.djangoproject.com/en/stable/topics/http/middleware/
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from backend_lint.adapters._denial import denials
from backend_lint.adapters._django_conf import Settings
from backend_lint.adapters._django_known import Django
from backend_lint.adapters._django_requests import Caller, Request
from backend_lint.adapters._evaluation import (
    ELSEWHERE,
    OPEN,
    Answer,
    Blame,
    Either,
    Evaluation,
    Kind,
    Native,
    Refusal,
    Routine,
)
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.project import Class, Function, Module, Project, Scope
from backend_lint.project.model import Middleware

_HOOKS = ("process_request", "process_view")
_REFUSALS = (401, 403, 429, ELSEWHERE)


@dataclass(frozen=True)
class Member:
    """One entry of `MIDDLEWARE`: code of the project, or something of a library by its name."""

    name: str
    at: Place
    scope: Scope
    function: Function | None = None
    cls: Class | None = None

    def shown(self) -> Middleware:
        return Middleware(self.name, self.at, {}, self.function, self.scope)


class Chain:
    """The middleware of a project, outermost first."""

    def __init__(self, project: Project, settings: Settings, library: Django) -> None:
        self.project, self.library = project, library
        self.members = list(_members(project, settings))
        self._steps = list(self._each_step())
        self._alike: dict[tuple[_Step, Caller], _Outcome] = {}

    def place(self, name: str) -> Place | None:
        """Where a middleware of a library is listed, or one that inherits from it."""
        found = (each.at for each in self.members if self.project.classes.is_subclass(each.cls or each.name, name))
        return next(found, None)

    def refusals(self, evaluation: Evaluation, request: Callable[[Caller], Request]) -> list[Refusal]:
        """What a stranger's request is refused on its way in, and a superuser's is not."""
        found: list[Refusal] = []
        for step in self._steps:
            stranger = self._taken(evaluation, step, request(Caller.STRANGER))
            if stranger.refusals:
                other = self._taken(evaluation, step, request(Caller.SUPERUSER))
                alike = {each.at for each in other.refusals}
                is_for_strangers = other.passes and not stranger.passes
                found += [each for each in stranger.refusals if is_for_strangers or each.at not in alike]
        return found

    def _taken(self, evaluation: Evaluation, step: _Step, request: Request) -> _Outcome:
        """One step of a request on its way in; what does not ask where that goes to is taken once."""
        key = step, request.user.caller
        known = self._alike.get(key)
        if known is not None:
            return known
        self.library.is_route_asked = False
        outcome = self._followed(evaluation, step, request)
        if not (request.is_address_read or self.library.is_route_asked):
            self._alike[key] = outcome
        return outcome

    def _followed(self, evaluation: Evaluation, step: _Step, request: Request) -> _Outcome:
        gone: list[bool] = []

        def ahead(inner: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            gone.append(True)
            return OPEN

        def whole(inner: Evaluation, args: list[Any], kwargs: dict[str, Any]) -> Any:
            with inner.blaming(step.blame):
                found = self._run(inner, step, Native(ahead), request)
            if step.hook in _HOOKS and not _is_answer(found):  # what a hook does not answer goes on
                gone.append(True)
            return found

        refusals = [each for each in evaluation.answer(Native(whole), []) if each.status in _REFUSALS]
        return _Outcome(refusals, bool(gone))

    def _run(self, evaluation: Evaluation, step: _Step, ahead: Native, request: Request) -> Any:
        cls, function = step.member.cls, step.member.function
        if cls is None:
            assert function is not None
            return evaluation.call(evaluation.call(Routine(function), [ahead], {}), [request], {})
        made = evaluation.call(Kind(tuple(self.project.classes.mro(cls))), [ahead], {})
        made.attributes.setdefault("get_response", ahead)
        return evaluation.call(evaluation.names.attribute(made, step.hook), [request, OPEN, OPEN, OPEN], {})

    def _each_step(self) -> Iterator[_Step]:
        for member in self.members:
            cls, function = member.cls, member.function
            name = cls.name if cls is not None else member.name.rpartition(".")[2]
            blame = Blame(name, member.at, "middleware", function, cls)
            if cls is None and function is not None and self._may_refuse(function):
                yield _Step(member, "__call__", blame)
            if cls is None:
                continue
            for hook in (*_HOOKS, "__call__"):
                method = self.project.classes.method(cls.qualified, hook)
                if method is not None and self._may_refuse(method):
                    yield _Step(member, hook, Blame(name, member.at, "middleware", method, cls))

    def _may_refuse(self, function: Function) -> bool:
        """Whether a function refuses, or sends elsewhere, as middleware does with who has not signed in."""
        return self.library.decides(function) or any(
            denials(self.project).is_redirect(site.symbol) for site in self.project.sites(function)
        )


@dataclass(frozen=True)
class _Step:
    """A method of a middleware that may refuse."""

    member: Member
    hook: str
    blame: Blame


@dataclass(frozen=True)
class _Outcome:
    """`passes` where the request may get through."""

    refusals: list[Refusal]
    passes: bool


def _is_answer(value: Any) -> bool:
    return all(isinstance(each, Answer) for each in (value.values if isinstance(value, Either) else (value,)))


def _members(project: Project, settings: Settings) -> Iterator[Member]:
    setting = next((name for name in ("MIDDLEWARE", "MIDDLEWARE_CLASSES") if settings.texts(name)), "MIDDLEWARE")
    at = settings.place(setting)
    module = None if at is None else project.by_path.get(at.path)
    if at is None or module is None:
        return
    for name in settings.texts(setting):
        denoted = project.names.denoted(name)
        cls, function = project.cls(denoted), project.function(denoted)
        if cls is not None:
            methods = (project.classes.method(cls.qualified, hook) for hook in ("__call__", *_HOOKS))
            function = next((each for each in methods if each is not None), None)
        yield Member(denoted, _place_of(module, name) or at, module, function, cls)


def _place_of(module: Module, name: str) -> Place | None:
    """Where the name of a middleware is written."""
    for node in ir.walk(module.body):
        if type(node) is ir.Const and node.value == name:
            return module.place(node)
    return None
