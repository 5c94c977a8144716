"""Documents of mongoengine, as models: their collection is the table, their fields are the columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from backend_lint.adapters._declared_fields import Declared, column, declared, models_of, value
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Project, Type
from backend_lint.project.constants import constant, elements
from backend_lint.project.model import Column, Index, Model, Relationship

_LIBRARIES = ("mongoengine.",)
_FAMILIES = {
    **dict.fromkeys(("StringField", "URLField", "EmailField"), "string"),
    **dict.fromkeys(("IntField", "LongField", "SequenceField"), "integer"),
    **dict.fromkeys(("DecimalField", "Decimal128Field"), "decimal"),
    **dict.fromkeys(("DateTimeField", "ComplexDateTimeField"), "datetime"),
    **dict.fromkeys(("DictField", "MapField", "DynamicField", "EmbeddedDocumentField"), "json"),
    **dict.fromkeys(("ListField", "SortedListField", "EmbeddedDocumentListField"), "array"),
    **dict.fromkeys(("FileField", "ImageField"), "file"),
    "FloatField": "float",
    "BooleanField": "boolean",
    "DateField": "date",
    "UUIDField": "uuid",
    "BinaryField": "binary",
    "EnumField": "enum",
}
_REFERENCES = frozenset({"ReferenceField", "LazyReferenceField", "CachedReferenceField"})
_DIRECTIONS = "+-$#@*"


def read(project: Project) -> None:
    reader = _Reader(project)
    for cls in models_of(project, "mongoengine.Document", "mongoengine.DynamicDocument"):
        reader.model(cls)
    reader.finish()
    project.models.update(reader.models)
    project.types.learn(dict(_types(reader.models)))


def _types(models: Mapping[str, Model]) -> Iterator[tuple[tuple[str, str], Type]]:
    for model in models.values():
        yield (model.qualified, "objects"), Type("mongoengine.QuerySet", (Type(model.qualified),))
        for related in model.relationships.values():
            if related.target is not None:
                yield (model.qualified, related.name), Type(related.target)


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.models: dict[str, Model] = {}
        self._references: list[tuple[Model, Declared]] = []

    def model(self, cls: Class) -> None:
        meta = self._meta(cls)
        if value(self.project, meta.get("abstract"), cls, False):
            return
        parent = next((each for each in self._above(cls) if each.qualified in self.models), None)
        collection = value(self.project, meta.get("collection"), cls, None)
        table = collection or (self.models[parent.qualified].table if parent else _snake_case(cls.name))
        model = Model(cls.name, cls.qualified, table, "mongoengine", cls.at, cls)
        model.parent = None if parent is None else parent.qualified
        for field in declared(self.project, cls, _LIBRARIES).values():
            model.columns[field.name] = self._column(field)
            if field.kind in _REFERENCES:
                self._references.append((model, field))
        if not model.primary_key:
            key = Column("_id", "id", "ObjectIdField", cls.at, nullable=False, primary_key=True)
            model.columns = {"id": key, **model.columns}
        model.indexes = [] if parent is None else list(self.models[parent.qualified].indexes)
        self._add_indexes(model, meta, cls)
        names = [constant(self.project, *each) for each in elements(self.project, meta.get("ordering"), cls)]
        model.ordering = tuple(name for name in names if isinstance(name, str))
        self.models[cls.qualified] = model

    def _above(self, cls: Class) -> Iterator[Class]:
        """The documents that a class inherits from, read before it."""
        for each in self.project.classes.mro(cls)[1:]:
            if isinstance(each, Class) and self.project.classes.is_subclass(each, "mongoengine.Document"):
                if each.qualified not in self.models:
                    self.model(each)
                yield each

    def _meta(self, cls: Class) -> dict[str, Expr]:
        """The entries of `meta = {…}`, of the class itself: abstract documents and collections are not inherited."""
        stmt = cls.attributes.get("meta")
        held = stmt.value if stmt is not None else None
        if type(held) is not ir.Dict:
            return {}
        names = [constant(self.project, key, cls) for key in held.keys]
        return {name: each for name, each in zip(names, held.values, strict=True) if isinstance(name, str)}

    def _column(self, field: Declared) -> Column:
        def told(name: str) -> bool:
            return bool(value(self.project, field.given(name), field.scope, False))

        is_key = told("primary_key")
        name = "_id" if is_key else value(self.project, field.given("db_field", "name"), field.scope, field.name)
        unique_with = field.given("unique_with")
        return column(
            self.project,
            field,
            name,
            _FAMILIES,
            nullable=not (told("required") or is_key),
            primary_key=is_key,
            unique=told("unique") and unique_with is None and not is_key,
        )

    def finish(self) -> None:
        for model, field in self._references:
            expr = field.call.argument(0, "document_type")
            name = constant(self.project, expr, field.scope) if expr is not None else None
            target = model if name == "self" else None
            if isinstance(name, str) and target is None:
                target = next((each for each in self.models.values() if each.name == name), None)
            target = target or self.models.get(self.project.qualified(expr, field.scope) or "")
            if target is not None:
                model.columns[field.name].foreign_key = f"{target.table}._id"
                model.relationships[field.name] = Relationship(
                    field.name, target.qualified, field.at, columns=(field.name,)
                )

    def _add_indexes(self, model: Model, meta: dict[str, Expr], cls: Class) -> None:
        for field_name, made in model.columns.items():
            call = made.declaration
            given = call.keywords.get("unique_with") if type(call) is ir.Call else None
            if given is not None:
                held = value(self.project, given, cls, ())
                others = [held] if isinstance(held, str) else list(held)
                columns = tuple(model.columns[each].name for each in (field_name, *others) if each in model.columns)
                model.indexes.append(Index(columns, True, made.at, is_constraint=True))
        for expr, scope in elements(self.project, meta.get("indexes"), cls):
            options = self._entries(expr, cls) if type(expr) is ir.Dict else {"fields": expr}
            held = value(self.project, options.get("fields"), scope, ())
            names = [held] if isinstance(held, str) else list(held)
            plain = [name.lstrip(_DIRECTIONS) for name in names if isinstance(name, str)]
            columns = tuple(model.columns[name].name if name in model.columns else name for name in plain)
            if columns and len(columns) == len(names):
                unique = bool(value(self.project, options.get("unique"), scope, False))
                partial = "partialFilterExpression" in options
                model.indexes.append(Index(columns, unique, scope.module.place(expr), is_partial=partial))
        for each in model.columns.values():
            each.index = any(index.columns[:1] == (each.name,) and len(index.columns) == 1 for index in model.indexes)

    def _entries(self, expr: ir.Dict, cls: Class) -> dict[str, Expr]:
        names = [constant(self.project, key, cls) for key in expr.keys]
        return {name: each for name, each in zip(names, expr.values, strict=True) if isinstance(name, str)}


def _snake_case(name: str) -> str:
    """`BlogPost` is stored in `blog_post`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower().strip("_")
