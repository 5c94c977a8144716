"""Fields of Django models as they are written, the project's own kinds of field included."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from backend_lint.adapters._library import LibraryField, library_field
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import UNKNOWN, arguments_of, constant, passed
from backend_lint.project.model import Column

RELATIONS = {"ForeignKey": "one", "OneToOneField": "one", "ManyToManyField": "many"}
_VIRTUAL = frozenset(
    {"GenericForeignKey", "GenericRelation", "TaggableManager", "CompositePrimaryKey", "GeneratedField"}
)
COLUMNLESS = frozenset(
    {"ManyToManyField", "GenericForeignKey", "GenericRelation", "TaggableManager", "CompositePrimaryKey"}
)


@dataclass
class Value:
    """An argument, with the scope it is written in and what is known of local names there."""

    expr: Expr
    scope: Scope
    known: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Field:
    """`kind` is what Django calls its type (`get_internal_type()`), `declared` the class that is written there."""

    name: str
    kind: str
    declared: str | None
    owner: Class | None
    call: ir.Call | None = None
    arguments: dict[str, Value] = field(default_factory=dict)
    library: LibraryField | None = None

    def constant(self, project: Project, name: str) -> Any:
        value = self.arguments.get(name)
        return UNKNOWN if value is None else constant(project, value.expr, value.scope, value.known)

    def flag(self, project: Project, name: str, default: bool = False) -> bool:
        held = self.constant(project, name)
        return default if held is UNKNOWN else bool(held)

    def text(self, project: Project, name: str) -> str | None:
        held = self.constant(project, name)
        return held if isinstance(held, str) else None

    def expr(self, name: str) -> Expr | None:
        value = self.arguments.get(name)
        return None if value is None else value.expr

    @property
    def is_relation(self) -> bool:
        return self.kind in RELATIONS


def library_declared(each: LibraryField) -> Field:
    return Field(each.name, internal_name(each.kind), f"django.db.models.{each.kind}", None, library=each)


def declared(project: Project, name: str, value: Expr | None, cls: Class) -> Field | None:
    """The field that an attribute of a model's body declares, None if it is something else."""
    if type(value) is not ir.Call:
        return None
    return _field(project, name, value, cls, scope=cls, known={})


def stored(project: Project, field: Field, at: Place) -> Column:
    """The column of a field; what a relation refers to is left to those who know all models."""
    name = field.text(project, "db_column") or (f"{field.name}_id" if field.is_relation else field.name)
    is_key = field.flag(project, "primary_key")
    unique = field.flag(project, "unique") or field.kind == "OneToOneField"
    index = field.flag(project, "db_index", field.kind in ("ForeignKey", "SlugField"))
    choices = field.expr("choices")
    literals = {key: field.constant(project, key) for key in field.arguments}
    return Column(
        name=name.strip('"'),
        attribute=field.name,
        type=_reported(field),
        at=at,
        nullable=field.flag(project, "null") or (field.declared or "").endswith("NullBooleanField"),
        primary_key=is_key,
        unique=unique and not is_key,
        index=index and not unique and not is_key,
        default=field.expr("default"),
        server_default=field.expr("db_default"),
        arguments={key: value for key, value in literals.items() if isinstance(value, bool | int | str)},
        choices=choices is not None and not (type(choices) is ir.Const and choices.value is None),
        declaration=field.call,
        defined_in=field.owner,
        family=FAMILIES.get(field.kind),
        declared=field.declared,
        on_delete=_on_delete(field) if field.is_relation else None,
    )


def _reported(field: Field) -> str:
    """Relations are the one kind that Django reports by the class's own name."""
    name = (field.declared or "").rpartition(".")[2]
    return name if field.is_relation and name else field.kind


def _on_delete(field: Field) -> str | None:
    value = field.expr("on_delete")
    name = ir.dotted(ir.callee(value))
    return None if name is None else name.rpartition(".")[2]


def _field(
    project: Project, name: str, call: ir.Call, owner: Class, *, scope: Scope, known: Mapping[str, Any]
) -> Field | None:
    if type(call.func) not in (ir.Name, ir.Attribute):
        return None
    qualified = project.qualified(call.func, scope)
    function = None if qualified is None else project.function(qualified)
    if function is not None:
        given = arguments_of(project, function, call, scope, known)
        made = [each.value for each in function.statements if type(each) is ir.Return]
        inner = made[-1] if made else None
        return _field(project, name, inner, owner, scope=function, known=given) if type(inner) is ir.Call else None
    cls = None if qualified is None else project.cls(qualified)
    kind = internal_type(project, cls or qualified or ir.dotted(call.func) or "")
    if kind is None:
        return None
    found = Field(name, kind, qualified, owner, call)
    names = _POSITIONAL_OF_RELATIONS if found.is_relation else _POSITIONAL.get(kind, ("verbose_name",))
    arguments = list(passed(project, call, scope, known))
    plain = [each.value for each in arguments if each.keyword is None]
    found.arguments = {key: Value(each, scope, known) for key, each in zip(names, plain, strict=False)}
    found.arguments |= {each.keyword: Value(each.value, scope, known) for each in arguments if each.keyword}
    if cls is not None:
        found.arguments = _with_own(project, cls, found.arguments)
    return found


_POSITIONAL_OF_RELATIONS = ("to", "on_delete", "related_name")
_POSITIONAL = {"GenericForeignKey": ("ct_field", "fk_field"), "GenericRelation": ("to",), "ArrayField": ("base_field",)}


def internal_type(project: Project, cls: Class | str) -> str | None:
    """What Django calls the type of a field class; None for what is no field."""
    if isinstance(cls, str):
        name = cls.rpartition(".")[2]
        if name in _VIRTUAL:
            return name
        if library_field(cls) is not None:
            return library_field(cls)
        if not cls.startswith(_NOT_FIELDS) and name.endswith(("Field", "ForeignKey")):
            return internal_name(name) if cls.startswith("django.") else _likely(name)
        return None
    for each in project.classes.mro(cls):
        if isinstance(each, str):
            found = internal_type(project, each) if each != "django.db.models.Field" else cls.name
            if found is not None:
                return found
        elif "get_internal_type" in each.methods:
            returned = [stmt for stmt in each.methods["get_internal_type"].statements if type(stmt) is ir.Return]
            held = constant(project, returned[-1].value, each.methods["get_internal_type"]) if returned else UNKNOWN
            if isinstance(held, str):
                return held
    return None


_NOT_FIELDS = ("rest_framework.", "django.forms.", "wtforms.", "marshmallow.", "graphene.", "builtins.", "dataclasses.")


def internal_name(name: str) -> str:
    return _INTERNAL.get(name, name)


def _likely(name: str) -> str:
    """The type of a library's field by the end of its name: an `I18nCharField` is a `CharField`."""
    fitting = [each for each in (*_BASIC, *_INTERNAL) if name.endswith(each)]
    return internal_name(max(fitting, key=len)) if fitting else name


_INTERNAL = {
    "EmailField": "CharField",
    "URLField": "CharField",
    "CommaSeparatedIntegerField": "CharField",
    "RichTextField": "TextField",
    "MarkdownField": "TextField",
    "HTMLField": "TextField",
    "StreamField": "JSONField",
    "ImageField": "FileField",
    "NullBooleanField": "BooleanField",
    "TreeForeignKey": "ForeignKey",
    "EnumField": "CharField",
}
_BASIC = (
    *("CharField", "TextField", "SlugField", "UUIDField", "JSONField", "FileField", "BinaryField", "BooleanField"),
    *("IntegerField", "BigIntegerField", "SmallIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField"),
    *("PositiveBigIntegerField", "AutoField", "BigAutoField", "FloatField", "DecimalField", "DateField", "TimeField"),
    *("DateTimeField", "DurationField", "GenericIPAddressField", "FilePathField"),
    *("ForeignKey", "OneToOneField", "ManyToManyField", "ArrayField", "HStoreField"),
)
FAMILIES = {
    "CharField": "string",
    "SlugField": "string",
    "FilePathField": "string",
    "TextField": "text",
    "IntegerField": "integer",
    "BigIntegerField": "integer",
    "SmallIntegerField": "integer",
    "PositiveIntegerField": "integer",
    "PositiveSmallIntegerField": "integer",
    "PositiveBigIntegerField": "integer",
    "AutoField": "integer",
    "BigAutoField": "integer",
    "SmallAutoField": "integer",
    "FloatField": "float",
    "DecimalField": "decimal",
    "BooleanField": "boolean",
    "DateTimeField": "datetime",
    "DateField": "date",
    "TimeField": "time",
    "DurationField": "interval",
    "UUIDField": "uuid",
    "JSONField": "json",
    "HStoreField": "json",
    "BinaryField": "binary",
    "FileField": "file",
    "ArrayField": "array",
    "GenericIPAddressField": "address",
}


# What the project's own kinds of field pass on: `kwargs["unique"] = True`, `super().__init__(max_length=16)`


def _with_own(project: Project, cls: Class, given: dict[str, Value]) -> dict[str, Value]:
    arguments = given
    for each in project.classes.mro(cls):
        if isinstance(each, Class) and "__init__" in each.methods:
            arguments = _passed(project, each.methods["__init__"], arguments)
    return arguments


def _passed(project: Project, init: Function, given: dict[str, Value]) -> dict[str, Value]:
    """The arguments that reach the base class of a field's `__init__`."""
    stars = next((each.name for each in init.parameters if each.kind == "stars"), None)
    named = {each.name: each for each in init.parameters[1:] if each.kind in ("plain", "keyword", "positional")}
    known = {
        name: constant(project, given[name].expr, given[name].scope, given[name].known)
        if name in given
        else constant(project, each.default, init.module)
        for name, each in named.items()
    }
    passed = {name: value for name, value in given.items() if name not in named} if stars is not None else {}
    for stmt in init.statements:
        match stmt:
            case ir.Assign(targets=[ir.Subscript(value=ir.Name(id=name), index=ir.Const(value=str(key)))], value=value):
                if name == stars and value is not None:
                    passed[key] = Value(value, init, known)
            case ir.Evaluate(value=ir.Call(func=ir.Attribute(value=ir.Name(id=name), name=method)) as call):
                key_expr = call.positional[0] if call.positional else None
                key_value = key_expr.value if type(key_expr) is ir.Const else None
                if name != stars or not isinstance(key_value, str):
                    continue
                if method == "setdefault" and len(call.positional) == 2:
                    passed.setdefault(key_value, Value(call.positional[1], init, known))
                elif method == "pop":
                    passed.pop(key_value, None)
        for call in _super_calls(stmt):
            passed |= {name: Value(value, init, known) for name, value in call.keywords.items()}
    return passed


def _super_calls(stmt: ir.Stmt) -> list[ir.Call]:
    return [
        node
        for child in ir.children(stmt)
        for node in ir.walk_expression(child)
        if type(node) is ir.Call and type(node.func) is ir.Attribute and node.func.name == "__init__"
    ]
