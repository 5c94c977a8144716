"""Schemas that classes declare: Pydantic, SQLModel, dataclasses, TypedDict, msgspec, marshmallow.

Source: https://docs.pydantic.dev/latest/concepts/fields/,
https://marshmallow.readthedocs.io/en/stable/marshmallow.fields.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend_lint.adapters._parameters import Parameters, said, written
from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Assign, Expr
from backend_lint.project import Class, Project, Scope
from backend_lint.project.model import Schema, SchemaField

_BASES: dict[str, str] = {
    "pydantic.BaseModel": "pydantic",
    "pydantic_settings.BaseSettings": "pydantic",
    "msgspec.Struct": "msgspec",
    "typing.TypedDict": "typeddict",
    "marshmallow.Schema": "marshmallow",
}
_DECORATORS = {
    "dataclasses.dataclass": "dataclass",
    "pydantic.dataclasses.dataclass": "pydantic",
    "attr.s": "attrs",
    "attrs.define": "attrs",
    "attr.define": "attrs",
    "strawberry.type": "graphql",
    "strawberry.input": "graphql",
}
_CONTAINERS = frozenset({"list", "List", "set", "Set", "Sequence", "Iterable", "tuple", "Tuple", "frozenset", "Page"})
_FIELD_CALLS = ("pydantic.Field", "sqlmodel.Field", "dataclasses.field", "msgspec.field", "attrs.field", "attr.ib")
_BOUNDS = frozenset(
    {
        "gt",
        "ge",
        "lt",
        "le",
        "min_length",
        "max_length",
        "pattern",
        "regex",
        "multiple_of",
        "max_digits",
        "decimal_places",
    }
    | {"min_items", "max_items"}
)
_CONSTRAINED = frozenset(
    {
        "pydantic.constr",
        "pydantic.conint",
        "pydantic.confloat",
        "pydantic.conlist",
        "pydantic.StringConstraints",
        *_FIELD_CALLS,
    }
)


def read(project: Project) -> None:
    parameters = Parameters(project)
    for module in project.modules.values():
        if module.role is not Role.APP:
            continue
        for cls in module.classes:
            kind = _kind(project, cls)
            if kind is not None and not _is_table(cls):
                project.schemas[cls.qualified] = _schema(project, parameters, cls, kind)


def _kind(project: Project, cls: Class) -> str | None:
    for each in project.classes.mro(cls):
        if isinstance(each, str):
            if each in _BASES:
                return _BASES[each]
            continue
        for decorator in each.facts.decorators:
            call = ir.callee(decorator)
            name = project.qualified(call, each.module)
            if name in _DECORATORS:
                return _DECORATORS[name]
    return None


def _is_table(cls: Class) -> bool:
    """SQLModel's `table=True`: a model, not a schema."""
    return any(arg.keyword == "table" and type(arg.value) is ir.Const and arg.value.value for arg in cls.facts.keywords)


def _schema(project: Project, parameters: Parameters, cls: Class, kind: str) -> Schema:
    schema = Schema(cls.name, cls.qualified, cls, kind, cls.at)
    for each in reversed(project.classes.mro(cls)):
        if isinstance(each, Class):
            _configure(schema, each, project)
            for field in _fields(project, parameters, each, kind):
                schema.fields[field.name] = field
            for name in each.methods:
                if name in schema.fields:
                    del schema.fields[name]
            for computed in _computed(project, each):
                schema.fields[computed.name] = computed
    return schema


def _fields(project: Project, parameters: Parameters, cls: Class, kind: str) -> Iterator[SchemaField]:
    for name, assigned in cls.attributes.items():
        if name.startswith("_") or name in ("model_config", "Config", "Meta"):
            continue
        if kind == "marshmallow":
            field = _marshmallow(project, cls, name, assigned)
            if field is not None:
                yield field
        elif assigned.annotation is not None and not _is_class_variable(project, assigned.annotation, cls):
            yield _annotated(project, parameters, cls, name, assigned)


def _is_class_variable(project: Project, annotation: Expr, cls: Class) -> bool:
    owner = annotation.value if type(annotation) is ir.Subscript else annotation
    return project.qualified(owner, cls) == "typing.ClassVar"


def _annotated(project: Project, parameters: Parameters, cls: Class, name: str, assigned: Assign) -> SchemaField:
    annotation = assigned.annotation
    inner, extras = parameters.unwrapped(annotation, cls)
    expr, scope = inner if inner is not None else (annotation, cls)
    assert expr is not None
    core, nullable, many = _core(expr)
    kind = project.types.annotation(core, scope)
    field = SchemaField(
        name,
        type=written(core),
        at=cls.place(assigned.targets[0]),
        nullable=nullable,
        many=many,
        schema=kind.name if kind is not None and project.cls(kind.name) is not None else None,
        annotation=annotation,
        default=assigned.value,
    )
    field.required = assigned.value is None
    for extra, owner in [*extras, (assigned.value, cls), (core, scope)]:
        _constrain(project, field, extra, owner)
    return field


def _constrain(project: Project, field: SchemaField, expr: Expr | None, scope: Scope) -> None:
    """What `Field(…)`, `constr(…)` and their kin say of a field."""
    if type(expr) is not ir.Call:
        return
    called = project.qualified(expr.func, scope) or ""
    if called not in _CONSTRAINED:
        told = expr.keywords.get("description")
        if told is not None and project.function(called) is not None:  # a `Field` of the project's own
            field.description = said(project, told, scope)
        return
    is_field = called in _FIELD_CALLS
    for name, value in expr.keywords.items():
        literal = _literal(value)
        if name in _BOUNDS and literal is not None:
            field.constraints[name] = literal
        elif name in ("alias", "serialization_alias", "validation_alias", "data_key") and isinstance(literal, str):
            field.alias = literal
        elif name == "description":
            field.description = said(project, value, scope)
        elif name == "exclude" and literal is True:
            field.write_only = True
    if is_field:
        default = expr.argument(0, "default")
        has_factory = "default_factory" in expr.keywords or "factory" in expr.keywords
        is_dots = type(default) is ir.Name and default.id == "Ellipsis"
        if field.default is expr:
            field.required = (default is None or is_dots) and not has_factory
            field.default = None if is_dots else default


def _core(expr: Expr) -> tuple[Expr, bool, bool]:
    """The type inside `Optional` and containers, whether None is allowed, whether there are many."""
    nullable = many = False
    while True:
        match expr:
            case ir.Binary(op="|", left=left, right=right):
                if type(right) is ir.Const and right.value is None:
                    expr, nullable = left, True
                elif type(left) is ir.Const and left.value is None:
                    expr, nullable = right, True
                else:
                    expr = left
            case ir.Subscript(value=value, index=index):
                base = (ir.dotted(value) or "").rpartition(".")[2]
                parts = index.items if type(index) is ir.Sequence else [index]
                if base == "Optional":
                    expr, nullable = parts[0], True
                elif base == "Union":
                    nullable = nullable or any(type(part) is ir.Const and part.value is None for part in parts)
                    expr = next(
                        (part for part in parts if not (type(part) is ir.Const and part.value is None)), parts[0]
                    )
                elif base == "Annotated":
                    expr = parts[0]
                elif base in _CONTAINERS:
                    expr, many = parts[0], True
                else:
                    return expr, nullable, many
            case _:
                return expr, nullable, many


def _marshmallow(project: Project, cls: Class, name: str, assigned: Assign) -> SchemaField | None:
    call = assigned.value
    if type(call) is not ir.Call:
        return None
    symbol = project.qualified(call.func, cls) or ""
    if not symbol.startswith(("marshmallow.fields.", "flask_marshmallow.", "webargs.fields.")):
        kind = project.type_of(call, cls)
        if kind is None or not kind.name.startswith("marshmallow.fields."):
            return None
        symbol = kind.name
    keywords = {key: _literal(value) for key, value in call.keywords.items()}
    field = SchemaField(
        name,
        type=symbol.rpartition(".")[2],
        at=cls.place(assigned.targets[0]),
        required=keywords.get("required") is True,
        nullable=keywords.get("allow_none") is True,
        many=keywords.get("many") is True or symbol.endswith(".List"),
        read_only=keywords.get("dump_only") is True,
        write_only=keywords.get("load_only") is True,
    )
    alias, source = keywords.get("data_key"), keywords.get("attribute")
    field.alias = alias if isinstance(alias, str) else None
    field.source = source if isinstance(source, str) else None
    if symbol.endswith((".Nested", ".List", ".Pluck")) and call.args:
        target = call.args[0].value
        if type(target) is ir.Call and symbol.endswith(".List") and target.args:  # List(Nested(ItemSchema))
            target = target.args[0].value
        field.schema = _nested(project, cls, ir.callee(target))
    validate = call.keywords.get("validate")
    for each in validate.items if type(validate) is ir.Sequence else [validate]:
        if type(each) is ir.Call:
            field.constraints.update(
                {key: _literal(value) for key, value in each.keywords.items() if key in ("min", "max")}
            )
        if each is not None and not field.constraints.keys() & {"min", "max"}:
            field.constraints["validate"] = True
    return field


def _nested(project: Project, cls: Class, target: Expr) -> str | None:
    """The schema that a field holds; marshmallow finds one by its class's name, too."""
    if type(target) is ir.Const and isinstance(target.value, str):
        name = target.value.rpartition(".")[2]
        named = [each for module in project.modules.values() for each in module.classes if each.name == name]
        near = [each for each in named if each.module is cls.module] or named
        return near[0].qualified if len(near) == 1 else None
    kind = project.type_of(target, cls)
    return kind.name if kind is not None and project.cls(kind.name) is not None else None


def _computed(project: Project, cls: Class) -> Iterator[SchemaField]:
    for method in cls.methods.values():
        for decorator in method.decorators:
            call = ir.callee(decorator)
            if project.qualified(call, cls.module) == "pydantic.computed_field":
                kind = None if method.facts.returns is None else written(method.facts.returns)
                yield SchemaField(method.name, kind, method.at, required=False, read_only=True)


def _configure(schema: Schema, cls: Class, project: Project) -> None:
    """`model_config = ConfigDict(…)`, `class Config`, or keywords of the class statement."""
    options: dict[str, Expr] = {arg.keyword: arg.value for arg in cls.facts.keywords if arg.keyword}
    assigned = cls.attributes.get("model_config")
    match assigned.value if assigned is not None else None:
        case ir.Call() as call:
            options.update(call.keywords)
        case ir.Dict(keys=keys, values=values):
            options.update(
                {
                    key.value: value
                    for key, value in zip(keys, values, strict=True)
                    if type(key) is ir.Const and isinstance(key.value, str)
                }
            )
    for name in ("Config", "Meta"):
        inner = cls.inner.get(name)
        if inner is not None:
            options.update({key: each.value for key, each in inner.attributes.items() if each.value is not None})
    schema.config.update(options)
    extra = options.get("extra", options.get("unknown"))
    if extra is not None:
        value = _literal(extra)
        word = value if isinstance(value, str) else (ir.dotted(extra) or "").rpartition(".")[2]
        schema.extra = {"EXCLUDE": "ignore", "INCLUDE": "allow", "RAISE": "forbid"}.get(word, word) or schema.extra
    elif schema.kind == "marshmallow" and not schema.config:
        schema.extra = "forbid"
    for key in ("from_attributes", "orm_mode"):
        if key in options:
            schema.from_attributes = _literal(options[key]) is True
    if "model" in options:
        schema.model = project.qualified(options["model"], cls)


def _literal(expr: Expr) -> Any:
    return expr.value if type(expr) is ir.Const else None
