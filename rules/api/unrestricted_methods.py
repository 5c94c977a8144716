"""View that changes data takes every method.

## What it does
Reports Django function views, and routes of other frameworks without a list of methods, that write to the database and
never ask which method the request has.

## Why it matters
The change happens on GET as well: by a link in a mail, an image tag on another page, a crawler, a preview of a chat
client; and Django's and other protection against forged requests looks at unsafe methods only.

## Example
```python
from django.db import models
from django.http import JsonResponse
from django.urls import path


class Order(models.Model):
    note = models.TextField()


def remove(request, pk):
    Order.objects.filter(pk=pk).delete()
    return JsonResponse({})


urlpatterns = [path("orders/<int:pk>/remove", remove)]
```

## Use instead
```python
from django.db import models
from django.http import JsonResponse
from django.urls import path
from django.views.decorators.http import require_POST


class Order(models.Model):
    note = models.TextField()


@require_POST
def remove(request, pk):
    Order.objects.filter(pk=pk).delete()
    return JsonResponse({})


urlpatterns = [path("orders/<int:pk>/remove", remove)]
```

## When not to
Views that record a visit, that a link in a mail leads to by design (confirm, unsubscribe), or that others call with any
method (pings, web hooks) write on purpose.

## References
- https://docs.djangoproject.com/en/stable/topics/http/decorators/#allowed-http-methods
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from backend_lint.api import Finding, Function, Place, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._shared import is_page, returned_calls
from backend_lint.rules.api._writes import Writes, is_first_use, is_incidental, is_on_the_way, table_of

_ANY_METHOD = re.compile(r"ping|webhook|hook|callback|receive|notify|ipn|track|pixel|click", re.IGNORECASE)
_TELLING = frozenset({"method", "POST", "FILES", "body", "GET", "form", "json", "get_json", "data", "args"})


class UnrestrictedMethods(ProjectRule):
    code = "API111"
    severity = Severity.MEDIUM
    cwe = (650, 352)
    owasp = ("A01:2025",)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        writes = project.derived(Writes)
        seen: set[Place] = set()
        for route in _judged(project):
            handler = route.handler
            if handler is None or handler.at in seen or is_on_the_way(handler.name) or _asks(project, handler):
                continue
            seen.add(handler.at)
            looked_for = {query.model for query in project.queries if query.is_read and query.scope is handler}
            changes = (
                (path, query)
                for path, query in writes.paths(handler, depth=3)
                if not (is_incidental(path) or is_first_use(query, looked_for))
            )
            for path, query in islice(changes, 1):
                model = table_of(query, project)
                yield self.finding(
                    handler.at,
                    f"`{handler.name}` (`{route.path}`) changes `{model}` whatever the method, also on GET",
                    help='Restrict it: `@require_POST`, or `methods=["POST"]`.',
                    trace=[
                        *(Step(site.at, f"calls `{site.name}`") for site in path.sites[:-1]),
                        Step(query.at, f"changes `{model}`"),
                    ],
                    discriminator=route.path,
                    unit=route.label,
                )

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in _judged(project))


def _judged(project: Project) -> Iterator[Route]:
    for route in project.routes:
        handler = route.handler
        if route.methods == ("*",) and handler is not None and handler.cls is None and not is_page(project, route):
            if not _ANY_METHOD.search(f"{route.path} {handler.name}") and not _is_page(project, handler):
                yield route


def _is_page(project: Project, handler: Function) -> bool:
    return any(name.rpartition(".")[2] in ("render", "render_template") for name in returned_calls(project, handler))


def _asks(project: Project, handler: Function) -> bool:
    """Whether a view, what it is wrapped in, or what it hands the request to looks at the method or at what is sent.

    Who reads the query is made for GET; who reads a body fails without.
    """
    wrappers = [_wrapper(project, each, handler) for each in handler.decorators]
    if any(each is None for each in wrappers) or any(
        _tells(each) for each in [handler, *wrappers] if isinstance(each, Function)
    ):
        return True
    for site in project.sites(handler):
        given = [each.value for each in site.call.args]
        if site.targets and any(isinstance(each, ir.Name) and each.id in ("request", "req") for each in given):
            if _tells(site.targets[0]):
                return True
    return False


def _tells(function: Function) -> bool:
    within = [
        function,
        *function.nested.values(),
        *(inner for each in function.nested.values() for inner in each.nested.values()),
    ]
    return any(
        isinstance(node, ir.Attribute) and node.name in _TELLING for each in within for node in ir.walk(each.body)
    )


def _wrapper(project: Project, decorator: ir.Expr, handler: Function) -> Function | bool | None:
    """The project's function that decorates; True for a library's that lets every method through, None else."""
    target = ir.callee(decorator)
    name = project.qualified(target, handler.around) or ""
    own = project.function(name)
    if own is not None:
        return own
    return None if "http.require" in name or name.rpartition(".")[2] in _RESTRICTING else True


_RESTRICTING = frozenset({"require_POST", "require_GET", "require_safe", "require_http_methods", "api_view", "route"})
