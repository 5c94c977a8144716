"""What generic views and serializers of Django hold: an object of the model that they name.

Source: https://docs.djangoproject.com/en/stable/ref/class-based-views/mixins-single-object/,
https://www.django-rest-framework.org/api-guide/generic-views/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.core import Role
from backend_lint.project import Class, Project, Type

_VIEWS = (
    "rest_framework.generics.GenericAPIView",
    "django.views.generic.detail.SingleObjectMixin",
    "django.views.generic.DetailView",
    "django.views.generic.UpdateView",
    "django.views.generic.DeleteView",
)
_FOUND = "get_object"


def read(project: Project) -> None:
    project.types.learn(dict(_objects(project)))


def _objects(project: Project) -> Iterator[tuple[tuple[str, str], Type]]:
    """What `self.get_object()` gives: a row of the model."""
    for module in project.modules.values():
        for cls in module.classes if module.role is Role.APP else ():
            if project.classes.is_subclass(cls, *_VIEWS) and project.classes.method(cls.qualified, _FOUND) is None:
                model = _model(cls, project)
                if model is not None:
                    yield (cls.qualified, f"{_FOUND}()"), Type(model)


def _model(view: Class, project: Project) -> str | None:
    """The model of a view: that of its `queryset`, of what `get_queryset` returns, its `model`, its serializer's."""
    for each in project.classes.mro(view):
        if not isinstance(each, Class):
            continue
        method = each.methods.get("get_queryset")
        found = [None if method is None else project.types.returned(method)]
        for name in ("queryset", "model"):
            assigned = each.attributes.get(name)
            found.append(None if assigned is None else project.types.of(assigned.value, each))
        for kind in found:
            named = None if kind is None else kind if kind.itself else kind.args[0] if kind.args else None
            if named is not None and named.name in project.models:
                return named.name
    return _of_serializer(view, project)


def _of_serializer(view: Class, project: Project) -> str | None:
    for each in project.classes.mro(view):
        assigned = each.attributes.get("serializer_class") if isinstance(each, Class) else None
        if assigned is not None and isinstance(each, Class):
            serializer = project.cls(project.qualified(assigned.value, each.module) or "")
            meta = None if serializer is None else serializer.inner.get("Meta")
            model = None if meta is None else meta.attributes.get("model")
            name = None if model is None or meta is None else project.qualified(model.value, meta.module)
            return name if name in project.models else None
    return None
