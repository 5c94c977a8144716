"""Who owns rows: the models of those who call."""

from __future__ import annotations

from backend_lint.api import Project
from backend_lint.rules.security._shared import identity_guards

_PRINCIPALS = frozenset(
    {
        "flask_login.UserMixin",
        "flask_security.UserMixin",
        "django.contrib.auth.models.AbstractBaseUser",
        "django.contrib.auth.models.AbstractUser",
        "django.contrib.auth.models.User",
    }
)


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
