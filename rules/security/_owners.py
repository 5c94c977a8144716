"""Who owns rows: the models of those who call, and where the code decides what they may do."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Function, Project, Route
from backend_lint.rules.security._shared import identity_guards, nested

_PRINCIPALS = frozenset(
    {
        "flask_login.UserMixin",
        "flask_security.UserMixin",
        "django.contrib.auth.models.AbstractBaseUser",
        "django.contrib.auth.models.AbstractUser",
        "django.contrib.auth.models.User",
    }
)

POLICY = re.compile(
    r"(?:^|_)(?:check|has|can|may|ensure|assert|require|validate|verify|authorize|authorise|allowed|enforce|is)_?\w*"
    r"(?:perm|access|owner|author|allow|role|admin|member|belongs|visib|staff|superuser|scope|polic)"
    r"|^(?:authorize|authorise|is_authorized|can|enforce|has_perm|is_owner|is_admin|is_superuser|is_staff|role|permissions?)$"
    r"|^can_\w+|_or_403$|for_user|by_user|owned_by|accessible|visible_to",
    re.IGNORECASE,
)
"""What functions are called that decide whether a caller may do something."""


def principals(project: Project) -> frozenset[str]:
    """The models that guards give to handlers: who is calling."""
    found = {
        each.qualified
        for each in project.models.values()
        if each.cls is not None and project.classes.is_subclass(each.cls, *_PRINCIPALS)
    }
    for route in project.routes:
        for guard in identity_guards(route):
            kind = None if guard.function is None else project.types.returned(guard.function)
            if kind is not None and kind.name in project.models:
                found.add(kind.name)
    return frozenset(found) | {"django.contrib.auth.models.User"}


def handled(handler: Function, route: Route, project: Project) -> Iterator[Function]:
    """What runs for a request, two calls deep, without the guards that only ask who calls."""
    seen: set[str] = set()
    pending = [(each, 0) for each in (*nested(handler), *route.dependencies)]
    guards = {
        guard.function.qualified
        for guard in identity_guards(route)
        if guard.function is not None and guard.level != "handler"
    }
    while pending:
        function, depth = pending.pop()
        if function.qualified in seen or function.qualified in guards:
            continue
        seen.add(function.qualified)
        yield function
        if depth < 2:
            pending += [(each, depth + 1) for site in project.sites(function) for each in site.targets[:1]]
