"""A serializer takes whatever fields the model has.

## What it does
Reports model serializers of Django REST framework that take all fields of a model (`fields = "__all__"`, `exclude = …`) where the
model has fields that decide what a user may do, or that are secret, and that are neither left out nor read-only.

## Why it matters
A field that is added to the model later is writable and readable from outside on the same day, and nobody decided that.
Here, some already are.

## Example
```python
from django.contrib.auth.models import AbstractUser
from django.db import models
from rest_framework import serializers


class User(AbstractUser):
    phone = models.CharField(max_length=30)


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = "__all__"
```

## Use instead
```python
from django.contrib.auth.models import AbstractUser
from django.db import models
from rest_framework import serializers


class User(AbstractUser):
    phone = models.CharField(max_length=30)


class UserSerializer(serializers.ModelSerializer):
    class Meta:
        model = User
        fields = ["username", "phone"]
```

## When not to
Serializers of an administration that may do everything.

## References
- https://cwe.mitre.org/data/definitions/915.html
- https://www.django-rest-framework.org/api-guide/serializers/#specifying-which-fields-to-include
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import Finding, Project, ProjectRule, Schema, Severity, Step, Unit, listed
from backend_lint.rules.data._shared import is_privileged_in, is_secret


class AllFieldsExposed(ProjectRule):
    code = "DAT203"
    severity = Severity.HIGH
    cwe = (915,)
    owasp = ("A04:2021", "A06:2025", "API3:2023")
    unit = Unit.SCHEMA

    def check(self, project: Project) -> Iterable[Finding]:
        for schema in _open(project):
            model = project.models[schema.model or ""]
            taken = [each for each in schema.fields.values() if each.name not in _declared(schema, project)]
            names = [each.name for each in taken if not each.read_only and is_privileged_in(model, each.name)]
            if not _chooses_output(schema, project):
                names += [each.name for each in taken if not each.write_only and is_secret(each.name)]
            if names:
                how = f"all fields of `{model.name}`" + (f" but {len(schema.excluded)}" if schema.excluded else "")
                yield self.finding(
                    schema.at,
                    f"`{schema.name}` takes {how}, {listed(list(dict.fromkeys(names)))} among them",
                    help="List the fields.",
                    related=[Step(model.at, f"`{model.name}`")],
                    unit=schema.qualified,
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [schema.qualified for schema in project.schemas.values() if schema.model in project.models]


def _open(project: Project) -> list[Schema]:
    return [each for each in project.schemas.values() if each.all_fields and each.model in project.models]


def _declared(schema: Schema, project: Project) -> set[str]:
    """The fields that somebody wrote down."""
    return {name for each in project.classes.mro(schema.cls) if not isinstance(each, str) for name in each.attributes}


def _chooses_output(schema: Schema, project: Project) -> bool:
    """Whether it leaves fields out by code of its own."""
    above = project.classes.mro(schema.cls)
    return any(not isinstance(each, str) and "to_representation" in each.methods for each in above)
