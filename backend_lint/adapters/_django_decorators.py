"""What decorators and functions of Django do with a request.

Source: `django.contrib.auth.decorators`, `django.views.decorators.http`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backend_lint.adapters._django_requests import Caller, Match, Pattern, Request
from backend_lint.adapters._evaluation import (
    OPEN,
    Answer,
    Evaluation,
    Native,
    Routine,
    Wrapped,
)

if TYPE_CHECKING:
    from backend_lint.adapters._django_known import Django

METHOD_DECORATOR = "django.utils.decorators.method_decorator"


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
DECORATORS: dict[str, Callable[[Django, Evaluation, list[Any], dict[str, Any]], Any]] = {
    f"{_D}login_required": _by_attribute("is_authenticated"),
    f"{_D}user_passes_test": _by_test,
    f"{_D}permission_required": _by_permission,
    "django.contrib.admin.views.decorators.staff_member_required": _by_attribute("is_staff"),
    f"{_H}require_http_methods": _for_methods,
    f"{_H}require_GET": lambda library, evaluation, args, kwargs: _allowing(["GET"])(args),
    f"{_H}require_POST": lambda library, evaluation, args, kwargs: _allowing(["POST"])(args),
    f"{_H}require_safe": lambda library, evaluation, args, kwargs: _allowing(["GET", "HEAD"])(args),
    METHOD_DECORATOR: _method_decorator,
    "functools.wraps": _identity,
    "functools.partial": _partial,
    "re.compile": _compiled,
    "re.match": lambda library, evaluation, args, kwargs: _searched("match", args),
    "re.search": lambda library, evaluation, args, kwargs: _searched("search", args),
    "django.urls.resolve": _resolved,
    "django.urls.get_script_prefix": lambda library, evaluation, args, kwargs: "/",
}
