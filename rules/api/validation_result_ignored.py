"""Validation whose answer nobody looks at.

## What it does
Reports `is_valid()` (Django forms, DRF serializers) and `validate()` (WTForms, marshmallow) called as a statement of
its own, and validated data that is read, or saved, where the answer was never tested.

## Why it matters
Invalid input goes on as if it was valid: a form then fails in `save()` or gives an empty dict, a serializer raises an
AssertionError, and the client gets 500 instead of what is wrong with its input.

## Example
```python
from django import forms
from django.http import HttpResponse


class OrderForm(forms.Form):
    amount = forms.IntegerField()


def create(request):
    form = OrderForm(request.POST)
    form.is_valid()
    return HttpResponse(form.cleaned_data["amount"])
```

## Use instead
```python
from django import forms
from django.http import HttpResponse


class OrderForm(forms.Form):
    amount = forms.IntegerField()


def create(request):
    form = OrderForm(request.POST)
    if not form.is_valid():
        return HttpResponse(form.errors.as_json(), status=400)
    return HttpResponse(form.cleaned_data["amount"])
```

## When not to
`is_valid(raise_exception=True)` needs no test.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Step, Unit, ir
from backend_lint.rules.api._untested import Untested, never_returns

_VALIDATED = {
    "django.forms.BaseForm": ("is_valid", frozenset({"cleaned_data", "save"})),
    "django.forms.Form": ("is_valid", frozenset({"cleaned_data", "save"})),
    "django.forms.ModelForm": ("is_valid", frozenset({"cleaned_data", "save"})),
    "rest_framework.serializers.BaseSerializer": ("is_valid", frozenset({"validated_data", "save"})),
    "rest_framework.serializers.Serializer": ("is_valid", frozenset({"validated_data", "save"})),
    "rest_framework.serializers.ModelSerializer": ("is_valid", frozenset({"validated_data", "save"})),
    "wtforms.Form": ("validate", frozenset()),
    "wtforms.form.Form": ("validate", frozenset()),
    "flask_wtf.FlaskForm": ("validate", frozenset()),
    "flask_wtf.Form": ("validate", frozenset()),
    "marshmallow.Schema": ("validate", frozenset()),
}
_ASKING = frozenset({"is_valid", "validate", "validate_on_submit", "full_clean", "errors"})


class ValidationResultIgnored(ProjectRule):
    code = "API208"
    severity = Severity.MEDIUM
    cwe = (252, 20)
    unit = Unit.FUNCTION
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        for function in project.functions():
            for stmt in function.statements:
                if isinstance(stmt, ir.Evaluate) and isinstance(stmt.value, ir.Call):
                    yield from self._dropped(project, function, stmt.value)
                elif isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Call) and len(stmt.targets) == 1:
                    yield from self._read(project, function, stmt)

    def _dropped(self, project: Project, function: Function, call: ir.Call) -> Iterator[Finding]:
        if (
            not isinstance(call.func, ir.Attribute)
            or call.func.name not in ("is_valid", "validate")
            or call.has_unpacking
        ):
            return
        known = _known(project, call.func.value, function)
        if known is None or known[0] != call.func.name or _raises(call):
            return
        if _looks_later(function, call.func.value, call.at) or _is_own(function, call.func.value):
            return
        shown = ir.dotted(call.func) or call.func.name
        yield self.finding(
            function.place(call),
            f"the answer of `{shown}()` is not used, so invalid input goes on",
            help="Test it and answer 400"
            + (", or pass `raise_exception=True`." if "rest_framework" in known[2] else ", with the errors."),
        )

    def _read(self, project: Project, function: Function, start: ir.Assign) -> Iterator[Finding]:
        """Validated data of a form or serializer that was made here, from input, and never asked."""
        target, made = start.targets[0], start.value
        if not isinstance(target, ir.Name) or not isinstance(made, ir.Call) or not _is_bound(made):
            return
        known = _known(project, target, function)
        if known is None or not known[1] or any(_is_dropped(stmt, target.id) for stmt in function.statements):
            return
        name, parts = target.id, known[1]

        def asks(expr: ir.Expr) -> bool:
            match expr:
                case ir.Attribute(value=ir.Name(id=id), name=part):
                    return id == name and part in _ASKING
            return False

        def test(expr: ir.Expr) -> tuple[bool, bool]:
            return (True, True) if any(map(asks, ir.walk_expression(expr))) else (False, False)

        def is_use(expr: ir.Expr) -> bool:
            return isinstance(expr, ir.Attribute) and _names(expr.value, name) and expr.name in parts

        def starts(stmt: ir.Stmt) -> bool | None:
            if stmt is start:
                return True
            if any(asks(node) for expr in ir.children(stmt) for node in ir.walk_expression(expr)):
                return False
            handed = (
                call for expr in ir.children(stmt) for call in ir.walk_expression(expr) if isinstance(call, ir.Call)
            )
            if any(_names(arg.value, name) for call in handed for arg in call.args):
                return False
            return None

        walk = Untested(test, is_use, starts, never_returns(project, function))
        walk.block(function.body, False)
        for use in walk.found[:1]:
            yield self.finding(
                function.place(use),
                f"`{ir.dotted(use)}` is used without asking `{name}.{known[0]}()`",
                help=f"Test `{name}.{known[0]}()` first and answer 400 where it fails.",
                related=[Step(function.place(start), "it is made from input here")],
            )


def _known(project: Project, expr: ir.Expr, function: Function) -> tuple[str, frozenset[str], str] | None:
    """What asks an object for its validity, what may be read after that, and the library's class."""
    kind = project.type_of(expr, function)
    if kind is None or kind.itself:
        return None
    cls = project.cls(kind.name)
    for each in project.classes.mro(cls) if cls is not None else [kind.name]:
        if isinstance(each, str) and each in _VALIDATED:
            return (*_VALIDATED[each], each)
        if (
            not isinstance(each, str)
            and ({"is_valid", "validate"} & set(each.methods))
            and "rest_framework" not in str(project.classes.bases(each))
        ):
            return None
    return None


def _raises(call: ir.Call) -> bool:
    """Whether the call itself refuses: `is_valid(raise_exception=True)`."""
    given = call.argument(0, "raise_exception")
    return given is not None and not (isinstance(given, ir.Const) and given.value is False)


def _is_bound(call: ir.Call) -> bool:
    """Whether a form or serializer is given input: `Form(request.POST)`, `Serializer(data=…)`."""
    if "data" in call.keywords:
        return True
    parts = {"POST", "GET", "data", "FILES", "json", "form"}
    first = call.argument(0)
    return isinstance(first, ir.Attribute) and first.name in parts - {"data"}


def _is_dropped(stmt: ir.Stmt, name: str) -> bool:
    match stmt:
        case ir.Evaluate(value=ir.Call(func=ir.Attribute(value=ir.Name(id=id), name="is_valid"))):
            return id == name
    return False


def _looks_later(function: Function, owner: ir.Expr, at: int) -> bool:
    """Whether the errors of the object are looked at, which is the same question."""
    written = ir.dotted(owner)
    return any(
        isinstance(node, ir.Attribute) and node.name in ("errors", "_errors") and ir.dotted(node.value) == written
        for node in ir.walk(function.body)
        if node.at > at
    )


def _is_own(function: Function, owner: ir.Expr) -> bool:
    """Whether an object was given data that is written out here, and nothing of a client's."""
    return any(
        isinstance(stmt, ir.Assign)
        and isinstance(stmt.value, ir.Call)
        and any(ir.dotted(each) == ir.dotted(owner) for each in stmt.targets)
        and isinstance(stmt.value.argument(0, "data"), ir.Dict)
        for stmt in function.statements
    )


def _names(expr: ir.Expr, name: str) -> bool:
    return isinstance(expr, ir.Name) and expr.id == name
