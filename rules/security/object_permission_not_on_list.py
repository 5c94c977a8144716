"""Rows that are guarded one by one, and listed for everybody.

## What it does
Reports view sets of Django REST framework whose permission class decides about single rows (`has_object_permission`), and
whose list answers with all rows of the table: no `get_queryset`, no filter, nothing that asks for the caller.

## Why it matters
The framework asks `has_object_permission` only where one row is looked up. A list never asks it: what may not be opened
can be read in the list.

## Example
```python
from django.db import models
from django.urls import include, path
from rest_framework import permissions, routers, serializers, viewsets


class Letter(models.Model):
    text = models.TextField()
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)


class LetterSerializer(serializers.ModelSerializer):
    class Meta:
        model = Letter
        fields = ["id", "text"]


class IsOwner(permissions.IsAuthenticated):
    def has_object_permission(self, request, view, obj):
        return obj.owner == request.user


class Letters(viewsets.ModelViewSet):
    queryset = Letter.objects.all()
    serializer_class = LetterSerializer
    permission_classes = [IsOwner]


router = routers.DefaultRouter()
router.register("letters", Letters)
urlpatterns = [path("api/", include(router.urls))]
```

## Use instead
```python
from django.db import models
from django.urls import include, path
from rest_framework import permissions, routers, serializers, viewsets


class Letter(models.Model):
    text = models.TextField()
    owner = models.ForeignKey("auth.User", on_delete=models.CASCADE)


class LetterSerializer(serializers.ModelSerializer):
    class Meta:
        model = Letter
        fields = ["id", "text"]


class Letters(viewsets.ModelViewSet):
    serializer_class = LetterSerializer
    permission_classes = [permissions.IsAuthenticated]

    def get_queryset(self):
        return Letter.objects.filter(owner=self.request.user)


router = routers.DefaultRouter()
router.register("letters", Letters, basename="letter")
urlpatterns = [path("api/", include(router.urls))]
```

## When not to
Permissions that let everybody read (`SAFE_METHODS`), and those that only administrators pass anyway, are left out.

## References
- https://www.django-rest-framework.org/api-guide/permissions/#limitations-of-object-level-permissions
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Class, Finding, Function, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.security._shared import is_application

_NARROWING = frozenset({"get_queryset", "list", "filter_queryset", "initial", "check_permissions", "get_permissions"})
_FILTERS = frozenset({"filter_backends", "filterset_class"})
_ALL = frozenset({"all", "order_by", "select_related", "prefetch_related", "only", "defer", "distinct", "annotate"})
"""What a manager is asked that leaves no row out."""
_PRINCIPAL = frozenset({"user", "owner", "created_by", "author", "account", "member", "members"})


class ObjectPermissionNotOnList(ProjectRule):
    code = "SEC116"
    preview = True
    severity = Severity.HIGH
    cwe = (639,)
    owasp = ("A01:2021", "A01:2025", "API1:2023")
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[str] = set()
        for route, view, decides in _lists(project):
            if view.qualified not in seen and not _narrows(view, project) and _answers_all(view, project):
                seen.add(view.qualified)
                yield self.finding(
                    view.at,
                    f"`{route.label}` lists every row, though `{decides.owner.name if decides.owner else decides.name}` "
                    "decides about each one where it is opened: a list is never asked",
                    help="Give the view set a `get_queryset` that filters by the caller, or a filter backend that does.",
                    related=[Step(decides.at, "decides about one row")],
                    discriminator=view.qualified,
                    unit=route.label,
                )

    def examined(self, project: Project) -> list[str]:
        return [route.label for route, _, _ in _lists(project)]


def _lists(project: Project) -> Iterator[tuple[Route, Class, Function]]:
    """The lists of view sets whose permission decides about rows by who is asking, with what decides."""
    for route in project.routes:
        if route.framework != "drf" or route.view is None or route.methods != ("GET",) or "{" in route.path:
            continue
        if not is_application(route, project) or not route.handler_name.endswith(".list"):
            continue
        for name in _permissions(route.view, project):
            method = project.classes.method(name, "has_object_permission")
            if method is not None and _is_about_the_caller(method) and not _lets_read(method):
                yield route, route.view, method
                break


def _permissions(view: Class, project: Project) -> list[str]:
    """The qualified names of the permission classes of a view."""
    for each in project.classes.mro(view):
        if isinstance(each, Class) and "permission_classes" in each.attributes:
            value = each.attributes["permission_classes"].value
            items = value.items if isinstance(value, ir.Sequence) else []
            return [name for item in items if (name := project.qualified(item, each)) is not None]
    return []


def _lets_read(method: Function) -> bool:
    return any(
        (type(node) is ir.Name and node.id == "SAFE_METHODS")
        or (type(node) is ir.Attribute and node.name in ("SAFE_METHODS", "method", "action"))
        for node in ir.walk(method.body)
    )


def _is_about_the_caller(method: Function) -> bool:
    """Whether the row is compared with the caller: `obj.owner == request.user`."""
    for node in ir.walk(method.body):
        if type(node) is ir.Compare:
            sides = [each for side in (node.left, node.right) for each in ir.walk_expression(side)]
            if any(type(each) is ir.Attribute and each.name.removesuffix("_id") in _PRINCIPAL for each in sides):
                return True
    return False


def _narrows(view: Class, project: Project) -> bool:
    """Whether the project's own code of a view chooses rows, or who may come in."""
    return any(
        isinstance(each, Class) and (_NARROWING & each.methods.keys() or _FILTERS & each.attributes.keys())
        for each in project.classes.mro(view)
    )


def _answers_all(view: Class, project: Project) -> bool:
    """Whether the rows of a view are all of a table: `queryset = Letter.objects.all()`."""
    for each in project.classes.mro(view):
        if isinstance(each, Class) and "queryset" in each.attributes:
            value = each.attributes["queryset"].value
            while type(value) is ir.Call and type(value.func) is ir.Attribute and value.func.name in _ALL:
                value = value.func.value
            return type(value) is ir.Attribute and value.name == "objects"
    return False
