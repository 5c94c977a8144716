"""Raw input read again after its validation.

## What it does
Reports handlers that validate the request through a serializer, a form or a schema, and afterwards read a field that this
one has from the raw request: `request.data["email"]`, `request.POST.get("email")`, `serializer.initial_data["email"]`.

## Why it matters
What was validated is one value, what is used is another: not trimmed, not converted, not limited, and text where a number
was checked. The next rule that is added to the schema changes nothing.

## Example
```python
from django.urls import path
from rest_framework import serializers, views
from rest_framework.response import Response


class SignUp(serializers.Serializer):
    email = serializers.EmailField()
    age = serializers.IntegerField(min_value=18)


class SignUpView(views.APIView):
    def post(self, request):
        serializer = SignUp(data=request.data)
        serializer.is_valid(raise_exception=True)
        register(request.data["email"], request.data["age"])
        return Response(status=201)


urlpatterns = [path("signup/", SignUpView.as_view())]
```

## Use instead
```python
from django.urls import path
from rest_framework import serializers, views
from rest_framework.response import Response


class SignUp(serializers.Serializer):
    email = serializers.EmailField()
    age = serializers.IntegerField(min_value=18)


class SignUpView(views.APIView):
    def post(self, request):
        serializer = SignUp(data=request.data)
        serializer.is_valid(raise_exception=True)
        register(serializer.validated_data["email"], serializer.validated_data["age"])
        return Response(status=201)


urlpatterns = [path("signup/", SignUpView.as_view())]
```

## When not to
Fields that the schema does not have are no matter of this rule, nor is what is shown again beside an error.

## References
- https://www.django-rest-framework.org/api-guide/serializers/#validation
- https://docs.djangoproject.com/en/stable/ref/forms/api/#accessing-clean-data
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from backend_lint.api import Class, Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir

_VALIDATES = frozenset({"is_valid", "validate", "validate_on_submit", "load"})
_RAW = frozenset({"data", "POST", "form", "json", "initial_data"})
_REQUESTS = frozenset({"request", "self.request"})
_FORMS = ("django.forms.Form", "django.forms.ModelForm", "wtforms.Form", "flask_wtf.FlaskForm")


@dataclass(frozen=True)
class _Validated:
    """A variable that holds a schema or form made of the request, and the call that validates it."""

    variable: str
    schema: str
    fields: frozenset[str]
    clean: str
    call: ir.Call


class ValidationBypass(ProjectRule):
    code = "API209"
    preview = True
    severity = Severity.MEDIUM
    cwe = (20,)
    owasp = ("A03:2021", "A05:2025")
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterator[Finding]:
        for function in project.functions():
            for each in _validated(function, project):
                for node, field in _raw(function, each):
                    yield self._finding(function, node, field, each)
                    break

    def examined(self, project: Project) -> list[str]:
        return [function.qualified for function in project.functions() if next(_validated(function, project), None)]

    def _finding(self, function: Function, node: ir.Expr, field: str, each: _Validated) -> Finding:
        return self.finding(
            function.place(node),
            f"`{field}` is read raw from the request after `{each.schema}` has validated it: what was checked is not "
            "what is used",
            help=f'Take it from what was validated: `{each.variable}.{each.clean}["{field}"]`.',
            related=[Step(function.place(each.call), f"`{each.schema}` is validated")],
            discriminator=field,
        )


def _validated(function: Function, project: Project) -> Iterator[_Validated]:
    """What the function makes of the request and validates."""
    made: dict[str, str] = {}
    for stmt in function.statements:
        if type(stmt) is ir.Assign and type(stmt.value) is ir.Call and type(stmt.targets[0]) is ir.Name:
            if any(_is_raw(arg.value) for arg in stmt.value.args):
                made[stmt.targets[0].id] = project.qualified(stmt.value.func, function) or ""
    for call in ir.calls(function.body) if made else ():
        func = call.func
        if type(func) is ir.Attribute and func.name in _VALIDATES and type(func.value) is ir.Name:
            name = made.get(func.value.id, "")
            fields = _fields(name, project)
            if fields:
                clean = "validated_data" if name in project.schemas else "cleaned_data"
                yield _Validated(func.value.id, name.rpartition(".")[2], fields, clean, call)


def _fields(name: str, project: Project) -> frozenset[str]:
    """The fields of a serializer, or those that a form declares."""
    schema = project.schemas.get(name)
    if schema is not None:
        return frozenset(each.name for each in schema.fields.values() if not each.write_only)
    cls = project.cls(name)
    if cls is None or not project.classes.is_subclass(cls, *_FORMS):
        return frozenset()
    return frozenset(key for each in project.classes.mro(cls) if isinstance(each, Class) for key in each.attributes)


def _is_raw(expr: ir.Expr) -> bool:
    return type(expr) is ir.Attribute and expr.name in _RAW and (ir.dotted(expr.value) or "") in _REQUESTS


def _raw(function: Function, each: _Validated) -> Iterator[tuple[ir.Expr, str]]:
    """Where a field is read from the raw request after the validation, with the field."""
    for node in ir.walk(function.body):
        match node:
            case (
                ir.Subscript(value=owner, index=ir.Const(value=str(field)))
                | ir.Call(
                    func=ir.Attribute(value=owner, name="get"), args=[ir.Argument(value=ir.Const(value=str(field))), *_]
                )
            ):
                if node.at < each.call.end or field not in each.fields or _is_written(function, node):
                    continue
                if _is_raw(owner) or ir.dotted(owner) == f"{each.variable}.initial_data":
                    yield node, field


def _is_written(function: Function, node: ir.Expr) -> bool:
    return any(type(stmt) is ir.Assign and node in stmt.targets for stmt in function.statements)
