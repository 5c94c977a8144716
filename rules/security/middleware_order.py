"""Middleware stands where it cannot work.

## What it does
Reads the order of Django's `MIDDLEWARE` and reports what stands before something that it needs, or behind something
that answers without it: authentication before sessions, CORS headers behind what already answers, messages before
sessions, and the like.

## Why it matters
Middleware in the wrong place fails quietly: the header is missing on just those answers that another middleware gives,
the user is anonymous, the check looks at nothing.

## Example
```python
ROOT_URLCONF = "shop.urls"
MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "corsheaders.middleware.CorsMiddleware",
]
```

## Use instead
```python
ROOT_URLCONF = "shop.urls"
MIDDLEWARE = [
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
]
```

## When not to
Middleware of the project's own is not judged: nothing is known of what it needs.

## References
- https://docs.djangoproject.com/en/stable/ref/middleware/#middleware-ordering
- https://github.com/adamchainz/django-cors-headers#setup
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Severity, Unit
from backend_lint.rules.security._shared import production_settings

_SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
_AUTHENTICATION = "django.contrib.auth.middleware.AuthenticationMiddleware"
_COMMON = "django.middleware.common.CommonMiddleware"
_ORDER = (
    (_SESSION, _AUTHENTICATION, "which reads the session, so every user stays anonymous or the request fails"),
    (_SESSION, "django.contrib.messages.middleware.MessageMiddleware", "which keeps its messages in the session"),
    (_SESSION, "django_otp.middleware.OTPMiddleware", "which reads the session"),
    (_AUTHENTICATION, "django_otp.middleware.OTPMiddleware", "which asks who the user is"),
    (_AUTHENTICATION, "django.contrib.auth.middleware.RemoteUserMiddleware", "which changes who the user is"),
    (_AUTHENTICATION, "django.contrib.auth.middleware.LoginRequiredMiddleware", "which asks who the user is"),
    ("corsheaders.middleware.CorsMiddleware", _COMMON, "whose answers then lack the CORS headers"),
    (
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "whose files are then sent over plain HTTP and without the headers",
    ),
)


class MiddlewareOrder(ProjectRule):
    code = "SEC215"
    severity = Severity.MEDIUM
    cwe = (696,)
    owasp = ("A05:2021", "A02:2025")
    unit = Unit.PROJECT

    def check(self, project: Project) -> Iterator[Finding]:
        for settings in production_settings(project, "MIDDLEWARE"):
            setting = settings["MIDDLEWARE"]
            listed = project.constant(setting.value, setting.scope)
            if not isinstance(listed, list | tuple):
                continue
            places = {name: index for index, name in enumerate(listed) if isinstance(name, str)}
            for first, later, why in _ORDER:
                if first in places and later in places and places[first] > places[later]:
                    yield self.finding(
                        setting.at,
                        f"`{_short(first)}` stands behind `{_short(later)}`, {why}",
                        help=f"Put `{_short(first)}` before `{_short(later)}`.",
                        discriminator=f"{first} {later}",
                    )

    def examined(self, project: Project) -> list[str]:
        return ["project"] if production_settings(project, "MIDDLEWARE") else []


def _short(name: str) -> str:
    return name.rpartition(".")[2]
