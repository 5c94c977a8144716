"""Serializers of Django REST framework: declared fields, those taken from the model, and who may read or write them.

Source: https://www.django-rest-framework.org/api-guide/serializers/#modelserializer; `ModelSerializer.get_fields`:
`Meta.fields` chooses among declared and model fields, `exclude` takes away, `extra_kwargs` and `read_only_fields` set
options of fields that are not declared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Project
from backend_lint.project.constants import UNKNOWN
from backend_lint.project.model import Column, Model, Schema, SchemaField

_SERIALIZER = "rest_framework.serializers.BaseSerializer"
_PACKAGE = "rest_framework."
_BOUNDS = frozenset({"max_length", "min_length", "max_value", "min_value", "max_digits", "decimal_places", "choices"})
_ALWAYS_READ_ONLY = frozenset({"SerializerMethodField", "ReadOnlyField", "HyperlinkedIdentityField"})


def read(project: Project) -> None:
    for module in project.modules.values():
        if module.role is Role.APP:
            for cls in module.classes:
                if project.classes.is_subclass(cls, _SERIALIZER):
                    project.schemas[cls.qualified] = _Reader(project, cls).schema()


def _forward(entity: Model) -> Iterator[str]:
    """The relations that `__all__` takes: those that the model declares itself."""
    return (name for name, each in entity.relationships.items() if not each.is_reverse)


class _Reader:
    def __init__(self, project: Project, cls: Class) -> None:
        self.project, self.cls = project, cls
        self.meta = self._meta()

    def schema(self) -> Schema:
        found = Schema(self.cls.name, self.cls.qualified, self.cls, "drf", self.cls.at)
        declared = {field.name: field for field in self._declared()}
        if self.meta is None:
            found.fields = declared
            return found
        model = self._option("model")
        found.model = None if model is None else self.project.qualified(model[0], model[1].module)
        names, excluded = self._value("fields"), self._value("exclude")
        found.all_fields = names == "__all__" or isinstance(excluded, (list, tuple))
        found.excluded = tuple(map(str, excluded)) if isinstance(excluded, (list, tuple)) else ()
        entity = self.project.models.get(found.model or "")
        if found.all_fields:
            taken = () if entity is None else (*entity.columns, *_forward(entity))
            chosen = [*declared, *(each for each in taken if each not in declared and each not in found.excluded)]
        else:
            listed = [each for each in names if isinstance(each, str)] if isinstance(names, (list, tuple)) else None
            chosen = list(declared) if listed is None else listed
        for name in chosen:
            found.fields[name] = declared.get(name) or self._of_model(name, entity)
        self._restrict(found, declared)
        return found

    def _meta(self) -> Class | None:
        around = (each for each in self.project.classes.mro(self.cls) if isinstance(each, Class))
        return next((each.inner["Meta"] for each in around if "Meta" in each.inner), None)

    def _option(self, name: str) -> tuple[Expr, Class] | None:
        """An option of `Meta`, where it inherits one its base's."""
        for each in self.project.classes.mro(self.meta) if self.meta is not None else ():
            if isinstance(each, Class) and name in each.attributes:
                value = each.attributes[name].value
                return None if value is None else (value, each)
        return None

    def _value(self, name: str) -> Any:
        found = self._option(name)
        return UNKNOWN if found is None else self.project.constant(*found)

    def _declared(self) -> Iterator[SchemaField]:
        seen: set[str] = set()
        for each in self.project.classes.mro(self.cls):
            if not isinstance(each, Class):
                continue
            for name, assigned in each.attributes.items():
                call = assigned.value
                field = self._field(name, call, each) if type(call) is ir.Call and name not in seen else None
                seen.add(name)
                if field is not None:
                    yield field

    def _field(self, name: str, call: ir.Call, scope: Class) -> SchemaField | None:
        kind = self.project.type_of(call, scope)
        symbol = self.project.qualified(call.func, scope) or (kind.name if kind is not None else "")
        nested = self.project.cls(symbol)
        if nested is None and not symbol.startswith(_PACKAGE) and not symbol.endswith("Field"):
            return None
        options = {key: self.project.constant(value, scope) for key, value in call.keywords.items()}
        is_serializer = nested is not None and self.project.classes.is_subclass(nested, _SERIALIZER)
        short = symbol.rpartition(".")[2]
        source = options.get("source")
        return SchemaField(
            name=name,
            type=short,
            at=scope.module.place(call),
            required=options.get("required") is not False and "default" not in options,
            nullable=options.get("allow_null") is True,
            many=options.get("many") is True,
            source=source if isinstance(source, str) else None,
            schema=symbol if is_serializer else None,
            read_only=options.get("read_only") is True or short in _ALWAYS_READ_ONLY,
            write_only=options.get("write_only") is True,
            default=call.keywords.get("default"),
            constraints={
                **{key: value for key, value in options.items() if key in _BOUNDS and value is not UNKNOWN},
                **({"validate": True} if "validators" in options else {}),
            },
        )

    def _of_model(self, name: str, entity: Model | None) -> SchemaField:
        column: Column | None = None if entity is None else entity.columns.get(name)
        if column is None:
            return SchemaField(name, None, self.cls.at, required=False)
        return SchemaField(
            name,
            column.type,
            self.cls.at,
            required=not column.nullable and column.default is None and not column.primary_key,
            nullable=column.nullable,
            read_only=column.primary_key,
        )

    def _restrict(self, found: Schema, declared: dict[str, SchemaField]) -> None:
        read_only = self._value("read_only_fields")
        extra = self._value("extra_kwargs")
        for name, field in found.fields.items():
            if name in declared:
                continue
            options = extra.get(name) if isinstance(extra, dict) else None
            if isinstance(options, dict):
                field.write_only = options.get("write_only") is True
                field.read_only = field.read_only or options.get("read_only") is True
                field.required = options.get("required", field.required) is True
            if isinstance(read_only, (list, tuple)) and name in read_only:
                field.read_only = True
