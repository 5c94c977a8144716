"""Clients may filter or sort by any column, secrets included.

## What it does
Reports view sets and filter sets that open all fields of a model to filters or to ordering (`"__all__"`), or name a
secret one, where the model has a column with a password, a key or a token.

## Why it matters
A filter answers questions about a column that is never shown: `?password__startswith=pbkdf2_sha256$...$a` tells, by
whether a row comes back, how the hash goes on. Ordering does the same more slowly.

## Example
```python
from django.db import models
from rest_framework import viewsets


class Customer(models.Model):
    name = models.TextField()
    api_key = models.CharField(max_length=40)


class Customers(viewsets.ModelViewSet):
    queryset = Customer.objects.all()
    filterset_fields = "__all__"
```

## Use instead
```python
from django.db import models
from rest_framework import viewsets


class Customer(models.Model):
    name = models.TextField()
    api_key = models.CharField(max_length=40)


class Customers(viewsets.ModelViewSet):
    queryset = Customer.objects.all()
    filterset_fields = ["name"]
```

## When not to
A model without secrets may be filtered by all that it has.

## References
- https://django-filter.readthedocs.io/en/stable/guide/rest_framework.html
- https://www.elttam.com/blog/plormbing-your-django-orm/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Class, Finding, Model, Project, ProjectRule, Severity, Step, Unit, ir, words
from backend_lint.rules.security._sensitive import is_secret

_ATTRIBUTES = ("filterset_fields", "filter_fields", "ordering_fields", "search_fields")
_HASHED = (("token",), ("password", "hash"), ("otp", "secret"), ("secret",))


class ClientChosenFields(ProjectRule):
    code = "SEC310"
    severity = Severity.MEDIUM
    cwe = (213, 200)
    owasp = ("A01:2021", "A01:2025", "API3:2023")
    unit = Unit.CLASS

    def check(self, project: Project) -> Iterator[Finding]:
        for module in project.modules.values():
            for cls in module.classes:
                for name, stmt, model in _opened(cls, project):
                    asked = project.constant(stmt.value, cls)
                    column = _secret_column(model, asked)
                    if column is not None:
                        what = "all columns" if asked == "__all__" else f"`{column}`"
                        yield self.finding(
                            cls.place(stmt),
                            f"`{name}` lets clients ask about {what} of `{model.name}`, so `{column}` can be guessed piece by piece",
                            help="List the columns that clients may ask about.",
                            related=[Step(model.columns[column].at, f"`{model.name}.{column}`")],
                            discriminator=name,
                        )


def _opened(cls: Class, project: Project) -> Iterator[tuple[str, ir.Assign, Model]]:
    """Attributes that say by what clients may ask, with the model that they ask about."""
    model = _model_of_view(cls, project)
    for name in _ATTRIBUTES if model is not None else ():
        if name in cls.attributes:
            yield name, cls.attributes[name], model  # type: ignore[misc]
    meta = cls.inner.get("Meta")
    if meta is not None and "fields" in meta.attributes and project.classes.is_subclass(cls, *_FILTER_SETS):
        stated = meta.attributes.get("model")
        held = None if stated is None else project.models.get(project.qualified(stated.value, meta) or "")
        if held is not None:
            yield "fields", meta.attributes["fields"], held


_FILTER_SETS = (
    "django_filters.FilterSet",
    "django_filters.rest_framework.FilterSet",
    "django_filters.filterset.FilterSet",
)


def _model_of_view(cls: Class, project: Project) -> Model | None:
    for each in project.classes.mro(cls):
        stmt = each.attributes.get("queryset") if isinstance(each, Class) else None
        if stmt is not None and isinstance(each, Class):
            for node in ir.walk_expression(stmt.value) if stmt.value is not None else ():
                found = (
                    project.models.get(project.qualified(node, each) or "")
                    if type(node) in (ir.Name, ir.Attribute)
                    else None
                )
                if found is not None:
                    return found
    return None


def _secret_column(model: Model, asked: object) -> str | None:
    """A secret column among those that may be asked about."""
    secrets = [
        name for name, column in model.columns.items() if column.family in ("string", "text", None) and _is_secret(name)
    ]
    if asked == "__all__":
        return next(iter(secrets), None)
    names = list(asked) if isinstance(asked, list | tuple | dict) else []
    return next(
        (name for name in secrets if any(isinstance(each, str) and each.lstrip("=^@$") == name for each in names)), None
    )


def _is_secret(name: str) -> bool:
    spoken = words(name)
    return is_secret(name) or any(spoken[-len(end) :] == end for end in _HASHED)
