"""The client names the column or lookup of a query.

## What it does
Follows data from the client to where it names what a query sorts, filters or selects by: `order_by(name)`,
`values(name)`, `filter(**{name: value})`, `getattr(Model, name)`. A test against the names that are allowed, an enum or
a table of columns ends the search.

## Why it matters
Names are power: Django's lookups walk from a note to its author's password hash (`author__password__startswith`), and
answers tell it character by character. Sorting by a secret column tells its order. Any other name is a 500.

## Example
```python
from django.db import models
from django.http import HttpRequest, JsonResponse
from django.urls import path


class Order(models.Model):
    note = models.CharField(max_length=80)


def orders(request: HttpRequest) -> JsonResponse:
    found = Order.objects.filter(**{request.GET["field"]: request.GET["value"]})
    return JsonResponse({"count": found.count()})


urlpatterns = [path("orders", orders)]
```

## Use instead
```python
from django.db import models
from django.http import HttpRequest, JsonResponse
from django.urls import path


class Order(models.Model):
    note = models.CharField(max_length=80)


FIELDS = {"note": "note__icontains"}


def orders(request: HttpRequest) -> JsonResponse:
    found = Order.objects.filter(**{FIELDS[request.GET["field"]]: request.GET["value"]})
    return JsonResponse({"count": found.count()})


urlpatterns = [path("orders", orders)]
```

## References
- https://cwe.mitre.org/data/definitions/943.html
- https://docs.djangoproject.com/en/stable/topics/db/queries/#lookups-that-span-relationships
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from backend_lint.api import Finding, FlowRule, Project, Severity, ir

_NAMES = re.compile(r"`(\w+)`")
_COLUMNS = frozenset({"__mapper__", "__table__", "has_property", "get_fields", "_meta", "model_fields", "columns"})


class UserControlledFieldName(FlowRule):
    code = "DAT206"
    severity = Severity.HIGH
    cwe = (943, 639)
    owasp = ("A03:2021", "A05:2025", "API3:2023")
    kinds = ("field-name",)
    harm = "the client chooses the column, secret ones and those of related tables included"
    remedy = "Look the name up in a table of those that are allowed."

    def check(self, project: Project) -> Iterable[Finding]:
        return [finding for finding in super().check(project) if not _is_tested(project, finding)]


def _is_tested(project: Project, finding: Finding) -> bool:
    """Whether a condition of the function before it asks the model for its columns: `if name in Model.__table__.columns`.

    What is asked for has to be a name of the way; another column that is tested says nothing of this one.
    """
    function = project.enclosing(finding.at)
    ways = {name for step in finding.trace for name in _NAMES.findall(step.note)}
    for stmt in getattr(function, "statements", ()):
        if type(stmt) is ir.If and project.place(stmt, function).line <= finding.at.line:  # type: ignore[arg-type]
            nodes = list(ir.walk_expression(stmt.test))
            if any(type(node) is ir.Attribute and node.name in _COLUMNS for node in nodes):
                if any(type(node) is ir.Name and node.id in ways for node in nodes):
                    return True
    return False
