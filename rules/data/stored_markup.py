"""Stored text is shown as markup.

## What it does
Reports text columns that the code declares to be safe HTML (`mark_safe`, `Markup`), and that clients write through a
schema, a form, a serializer or a route, where nothing cleans them.

## Why it matters
What one user stores runs as script in the browser of all who see it, with their session. Unlike a value that comes with
the request, it needs no link to click.

## Example
```python
from django.db import models
from django.http import HttpResponse
from django.urls import path
from django.utils.safestring import mark_safe


class Comment(models.Model):
    text = models.TextField()

    class Meta:
        app_label = "shop"

    def html(self):
        return mark_safe(self.text)


def put(request):
    Comment.objects.create(text=request.POST["text"])
    return HttpResponse(status=201)


urlpatterns = [path("comments", put)]
```

## Use instead
```python
import nh3
from django.db import models
from django.http import HttpResponse
from django.urls import path
from django.utils.safestring import mark_safe


class Comment(models.Model):
    text = models.TextField()

    class Meta:
        app_label = "shop"

    def html(self):
        return mark_safe(nh3.clean(self.text))


def put(request):
    Comment.objects.create(text=request.POST["text"])
    return HttpResponse(status=201)


urlpatterns = [path("comments", put)]
```

## When not to
Text that only the operators of the site may write.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Cross_Site_Scripting_Prevention_Cheat_Sheet.html
- https://cwe.mitre.org/data/definitions/79.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Class, Finding, Function, Model, Place, Project, ProjectRule, Severity, Step, Unit, ir

_SAFE = frozenset(
    {"django.utils.safestring.mark_safe", "django.utils.safestring.SafeString", "markupsafe.Markup", "flask.Markup"}
)
_FORMS = ("django.forms.ModelForm", "django.forms.models.ModelForm")
_CLEANS = ("clean", "sanit", "escape", "bleach", "nh3", "purify", "strip_tags")


class StoredMarkup(ProjectRule):
    code = "DAT208"
    severity = Severity.HIGH
    preview = True
    cwe = (79,)
    owasp = ("A03:2021", "A05:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        shown = list(_shown(project))
        written = _written(project) if shown else {}
        for function, node, model, name in shown:
            source = written.get((model.qualified, name))
            if source is None or _is_cleaned(name, model, project):
                continue
            how, at = source
            yield self.finding(
                function.place(node),
                f"`{model.name}.{name}`, which {how} writes, is shown as markup: it may hold a script",
                help="Clean it (`nh3.clean(…)`), or let the template escape it.",
                trace=[Step(at, "written here"), Step(function.place(node), "declared to be safe")],
                discriminator=name,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [str(function.place(node)) for function, node, _, _ in _shown(project)]


def _shown(project: Project) -> Iterator[tuple[Function, ir.Call, Model, str]]:
    """The columns of text that are declared to be safe as they are, or as a part of a text."""
    for function in project.functions():
        for site in project.sites(function):
            if site.symbol not in _SAFE or not site.call.positional:
                continue
            value = site.call.positional[0]
            parts = value.pieces if type(value) is ir.Text else [value]
            for part in parts:
                if type(part) is ir.Attribute:
                    model = _owner(part, function, project)
                    column = None if model is None else model.columns.get(part.name)
                    if model is not None and column is not None and column.family in ("string", "text"):
                        if not column.choices:
                            yield function, site.call, model, part.name


def _owner(part: ir.Attribute, function: Function, project: Project) -> Model | None:
    kind = project.type_of(part.value, function)
    if kind is not None and not kind.itself and kind.name in project.models:
        return project.models[kind.name]
    is_own = type(part.value) is ir.Name and part.value.id == "self" and function.cls is not None
    return project.models.get(function.cls.qualified) if is_own and function.cls is not None else None


def _written(project: Project) -> dict[tuple[str, str], tuple[str, Place]]:
    """The columns that clients write, by model and attribute, with what lets them."""
    found: dict[tuple[str, str], tuple[str, Place]] = {}
    for schema in project.schemas.values():
        for field in schema.fields.values() if schema.model is not None else ():
            if not field.read_only:
                found.setdefault((schema.model or "", field.source or field.name), (f"`{schema.name}`", field.at))
    found |= {key: how for key, how in _forms(project) if key not in found}
    for query in project.queries:
        name = getattr(query.scope, "qualified", "")
        if query.operation in ("insert", "update") and query.model is not None and name in project.handlers:
            for attribute, value in query.values.items():
                if type(value) is not ir.Const:
                    found.setdefault((query.model, attribute), (f"`{project.served[name]}`", query.at))
    return found


def _forms(project: Project) -> Iterator[tuple[tuple[str, str], tuple[str, Place]]]:
    """The columns that Django's forms of models let their users write."""
    for scope in project.scopes():
        meta = scope.inner.get("Meta") if isinstance(scope, Class) else None
        if meta is None or not isinstance(scope, Class) or not project.classes.is_subclass(scope, *_FORMS):
            continue
        held = {name: stmt.value for name, stmt in meta.attributes.items()}
        model = project.models.get(project.qualified(held.get("model"), meta) or "")
        fields = project.constant(held.get("fields"), meta) if "fields" in held else None
        names = list(model.columns) if model is not None and fields == "__all__" else fields
        for name in names if model is not None and isinstance(names, list | tuple) else ():
            yield (model.qualified, str(name)), (f"`{scope.name}`", scope.at)  # type: ignore[union-attr]


def _is_cleaned(name: str, model: Model, project: Project) -> bool:
    """Whether something that cleans is given this value anywhere."""
    for scope in project.scopes():
        for site in project.sites(scope):
            if any(word in site.name.lower() for word in _CLEANS):
                for value in (*site.call.positional, *site.call.keywords.values()):
                    for node in ir.walk_expression(value):
                        last = node.name if type(node) is ir.Attribute else node.id if type(node) is ir.Name else None
                        if last == name or (type(node) is ir.Const and node.value == name):
                            return True
    return f"clean_{name}" in {each.name for each in project.functions()}
