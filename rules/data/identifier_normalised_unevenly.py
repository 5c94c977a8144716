"""A name is brought into one shape here, and taken as it comes there.

## What it does
Follows what clients send as e-mail address, user name, slug or code into lookups and inserts of requests. Where some
bring it into one case or strip it and others do not, it reports the others.

## Why it matters
The two never meet: who registers as `ann@example.com` cannot log in as `Ann@example.com`, or registers twice; a check
against a list of blocked names is passed by a capital letter.

## Example
```python
from django.db import models
from django.http import HttpResponse
from django.urls import path


class Member(models.Model):
    email = models.EmailField(unique=True)

    class Meta:
        app_label = "shop"


def register(request):
    Member.objects.create(email=request.POST["email"].lower())
    return HttpResponse(status=201)


def login(request):
    member = Member.objects.get(email=request.POST["email"])
    return HttpResponse(member.pk)


urlpatterns = [path("register", register), path("login", login)]
```

## Use instead
```python
from django.db import models
from django.http import HttpResponse
from django.urls import path


class Member(models.Model):
    email = models.EmailField(unique=True)

    class Meta:
        app_label = "shop"


def register(request):
    Member.objects.create(email=request.POST["email"].lower())
    return HttpResponse(status=201)


def login(request):
    member = Member.objects.get(email=request.POST["email"].lower())
    return HttpResponse(member.pk)


urlpatterns = [path("register", register), path("login", login)]
```

## References
- https://cwe.mitre.org/data/definitions/178.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from backend_lint.api import (
    Finding,
    Function,
    Model,
    Place,
    Project,
    ProjectRule,
    Query,
    Severity,
    Step,
    Unit,
    ir,
    words,
)
from backend_lint.rules.data._shared import client_shapes

_IDENTIFIERS = frozenset({"email", "username", "login", "slug", "handle", "nickname", "mail"})
_CASES = frozenset({"lower", "upper", "casefold"})


@dataclass(frozen=True)
class _Use:
    at: Place
    label: str
    shapes: frozenset[str]


class IdentifierNormalisedUnevenly(ProjectRule):
    code = "DAT212"
    severity = Severity.LOW
    preview = True
    cwe = (178, 176)
    unit = Unit.MODEL

    def check(self, project: Project) -> Iterable[Finding]:
        found: defaultdict[tuple[str, str], list[_Use]] = defaultdict(list)
        for model, column, use in _uses(project):
            found[model.qualified, column].append(use)
        for (name, column), uses in sorted(found.items()):
            shaped = [each for each in uses if each.shapes & _CASES]
            if not shaped:
                continue
            for each in uses:
                if not each.shapes & _CASES:
                    shape = sorted(shaped[0].shapes & _CASES)[0]
                    yield self.finding(
                        each.at,
                        f"`{each.label}` takes `{column}` of `{project.models[name].name}` as the client spells it, and "
                        f"`{shaped[0].label}` uses `{shape}()`: the same name is two",
                        help=f"Use `{shape}()` here, too, or in one place for all: the schema, or the model.",
                        related=[Step(shaped[0].at, f"with `{shape}()`")],
                        discriminator=column,
                    )

    def examined(self, project: Project) -> Iterable[str]:
        return list(dict.fromkeys(model.qualified for model, _, _ in _uses(project)))


def _uses(project: Project) -> Iterator[tuple[Model, str, _Use]]:
    """Where requests look identifiers up or store them as they come from the client, and the shape that they are given."""
    handlers = {
        route.handler.qualified: {each.variable or each.name for each in route.inputs}
        for route in project.routes
        if route.handler is not None
    }
    for query in project.queries:
        model = project.models.get(query.model or "")
        function = query.scope
        if model is None or not isinstance(function, Function) or function.qualified not in handlers:
            continue
        label = project.served[function.qualified]
        for column, value, at in _values(query):
            known = model.columns.get(column)
            if known is None or known.family not in ("string", "text") or _IDENTIFIERS.isdisjoint(words(column)):
                continue
            shapes = client_shapes(value, function, handlers[function.qualified], project)
            if shapes is not None:
                yield model, column, _Use(at, label, shapes)


def _values(query: Query) -> Iterator[tuple[str, ir.Expr, Place]]:
    for use in query.filters:
        if use.value is not None and use.operator == "==" and use.function is None and not use.path:
            yield use.column, use.value, use.at
    if query.operation == "insert":
        for name, value in query.values.items():
            yield name, value, query.at
