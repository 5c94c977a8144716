"""API that lets everyone in unless a view says otherwise.

## What it does
Reports the settings of Django REST framework where no permission is asked by default (`DEFAULT_PERMISSION_CLASSES` is
missing, empty or `AllowAny`), and some view relies on that: it declares no permissions of its own and is not named as
public.

## Why it matters
Whoever adds the next view and forgets its permissions publishes it. With `IsAuthenticated` as the default, forgetting
is noticed at once, and harms nobody.

## Example
```python
# shop/settings.py
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["rest_framework"]
REST_FRAMEWORK = {"PAGE_SIZE": 50}
# shop/views.py
from rest_framework.views import APIView


class Orders(APIView):
    def get(self, request): ...

    def post(self, request): ...
# shop/urls.py
from django.urls import path

from shop.views import Orders

urlpatterns = [path("orders/", Orders.as_view())]
```

## Use instead
```python
# shop/settings.py
ROOT_URLCONF = "shop.urls"
INSTALLED_APPS = ["rest_framework"]
REST_FRAMEWORK = {
    "PAGE_SIZE": 50,
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
}
# shop/views.py
from rest_framework.views import APIView


class Orders(APIView):
    def get(self, request): ...

    def post(self, request): ...
# shop/urls.py
from django.urls import path

from shop.views import Orders

urlpatterns = [path("orders/", Orders.as_view())]
```

## When not to
Where all data is public and nothing can be changed, say `AllowAny` and suppress the finding with that reason.

## References
- https://www.django-rest-framework.org/api-guide/permissions/#setting-the-permission-policy
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import UNKNOWN, Finding, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.security._shared import is_application, place_of, production_settings

_OPEN = "rest_framework.permissions.AllowAny"


class OpenByDefaultApi(ProjectRule):
    code = "SEC115"
    severity = Severity.MEDIUM
    cwe = (276, 862)
    owasp = ("A05:2021", "A01:2025", "API5:2023")
    unit = Unit.PROJECT

    def check(self, project: Project) -> Iterator[Finding]:
        relying = [route for route in project.routes if _relies(route, project)]
        if not relying:
            return
        first = relying[0]
        label = f"`{first.label}`" + (f" and {len(relying) - 1} more" if len(relying) > 1 else "")
        for settings in production_settings(project, "REST_FRAMEWORK")[:1]:
            setting = settings["REST_FRAMEWORK"]
            options = project.constant(setting.value, setting.scope)
            default = options.get("DEFAULT_PERMISSION_CLASSES", ()) if isinstance(options, dict) else UNKNOWN
            if not isinstance(default, list | tuple) or any(each != _OPEN for each in default):
                continue
            yield self.finding(
                setting.at,
                f"views are open unless they say otherwise, and {label} {'say' if len(relying) > 1 else 'says'} nothing",
                help='Set `"DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"]`, and name '
                "`AllowAny` where everybody may come in.",
                related=[Step(place_of(each), f"`{each.label}` lets everyone in") for each in relying[:3]],
            )

    def examined(self, project: Project) -> list[str]:
        return ["project"] if any(route.framework == "drf" for route in project.routes) else []


def _relies(route: Route, project: Project) -> bool:
    """Whether a route of the API has neither guard nor a policy of its own, and changes something."""
    if route.is_guarded or route.is_safe or route.is_public or not is_application(route, project):
        return False
    if not _is_of_api(route, project):
        return False
    if route.exemptions or any(each in _named(route) for each in ("login", "token", "register", "signup", "password")):
        return False
    owners = project.classes.mro(route.view) if route.view is not None else []
    if any(
        not isinstance(each, str)
        and {"permission_classes", "get_permissions"} & (each.attributes.keys() | each.methods.keys())
        for each in owners
    ):
        return False
    decorators = route.handler.decorators if route.handler is not None else []
    spoken = [ir.dotted(ir.callee(each)) or "" for each in decorators]
    return not any("permission" in each for each in spoken)


def _is_of_api(route: Route, project: Project) -> bool:
    if route.framework in ("drf", "django-rest-framework"):
        return True
    return route.view is not None and project.classes.is_subclass(route.view, "rest_framework.views.APIView")


def _named(route: Route) -> str:
    return f"{route.path} {route.handler_name}".lower()
