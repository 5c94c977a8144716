"""Input that is not read the way it looks.

## What it does
Reports validators of Pydantic models that return nothing, so that the field becomes `None`; and query parameters that are
turned into a boolean by `bool`, for which `"false"` is true.

## Why it matters
Nothing fails: the value that was sent is lost, or stands for its opposite.

## Example
```python
from pydantic import BaseModel, field_validator


class NewOrder(BaseModel):
    product: str

    @field_validator("product")
    @classmethod
    def known(cls, value: str):
        if not value.isalnum():
            raise ValueError("no such product")
```

## Use instead
```python
from pydantic import BaseModel, field_validator


class NewOrder(BaseModel):
    product: str

    @field_validator("product")
    @classmethod
    def known(cls, value: str):
        if not value.isalnum():
            raise ValueError("no such product")
        return value
```

## When not to
A validator that always raises refuses the field on purpose, and is not reported.

## References
- https://docs.pydantic.dev/latest/concepts/validators/
- https://werkzeug.palletsprojects.com/en/stable/datastructures/#werkzeug.datastructures.MultiDict.get
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Function, Project, ProjectRule, Severity, Unit, ir

_VALIDATORS = frozenset(
    f"pydantic.{name}" for name in ("field_validator", "validator", "model_validator", "root_validator")
)
_TEXT = frozenset({"args", "form", "values"})


class SchemaFieldTrap(ProjectRule):
    code = "API216"
    severity = Severity.MEDIUM
    cwe = (704,)
    unit = Unit.SCHEMA
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        for schema in project.schemas.values():
            for method in schema.cls.methods.values() if schema.kind == "pydantic" else ():
                if _validates(project, method) and _returns_nothing(method):
                    fields = [f"`{each}`" for each in _validated(method)]
                    what = ", ".join(fields) or f"`{schema.name}`"
                    yield self.finding(
                        method.at,
                        f"`{method.name}` returns nothing, so that {what} of `{schema.name}` "
                        f"{'become' if len(fields) > 1 else 'becomes'} `None`"
                        if fields
                        else f"`{method.name}` returns nothing, so that a valid {what} becomes `None`",
                        help="Return the value.",
                        unit=schema.qualified,
                    )
        for function in project.functions():
            if not any(each.module in ("flask", "quart") for each in function.module.facts.imports):
                continue
            for node in ir.walk(function.body):
                if isinstance(node, ir.Call) and _is_flag(project, node, function):
                    name = node.args[0].value if node.args else None
                    written = f"`{name.value}`" if isinstance(name, ir.Const) else "it"
                    yield self.finding(
                        function.place(node),
                        f"`bool` takes any text but the empty one for true: {written} is true when the client sends `false`",
                        help='Compare the text: `type=lambda text: text.lower() in ("1", "true")`.',
                    )

    def examined(self, project: Project) -> Iterator[str]:
        return (schema.qualified for schema in project.schemas.values() if schema.kind == "pydantic")


def _validates(project: Project, method: Function) -> bool:
    for each in method.decorators:
        target = ir.callee(each)
        if project.qualified(target, method.module) in _VALIDATORS:
            return True
    return False


def _validated(method: Function) -> list[str]:
    """The fields that a validator is for."""
    calls = [each for each in method.decorators if isinstance(each, ir.Call)]
    given = (arg.value.value for call in calls for arg in call.args if isinstance(arg.value, ir.Const))
    return [each for each in given if isinstance(each, str) and each != "*"]


def _returns_nothing(method: Function) -> bool:
    """Whether a function can reach its end, and nowhere returns a value."""
    if method.facts.is_generator or any(
        isinstance(stmt, ir.Return) and stmt.value is not None for stmt in method.statements
    ):
        return False
    last = method.body[-1] if method.body else None
    is_stub = len(method.body) == 1 and isinstance(last, ir.Evaluate)
    return not isinstance(last, ir.Raise) and not is_stub and bool(method.body)


def _is_flag(project: Project, call: ir.Call, function: Function) -> bool:
    """Whether it is `request.args.get(…, type=bool)`."""
    kind = call.keywords.get("type")
    if not isinstance(kind, ir.Name) or kind.id != "bool" or not isinstance(call.func, ir.Attribute):
        return False
    owner = call.func.value
    if call.func.name not in ("get", "getlist") or not isinstance(owner, ir.Attribute) or owner.name not in _TEXT:
        return False
    return project.qualified(owner.value, function) in ("flask.request", "quart.request")
