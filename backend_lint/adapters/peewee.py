"""Models of Peewee."""

from __future__ import annotations

import re
from dataclasses import dataclass

from backend_lint.adapters._declared_fields import Declared, column, declared, models_of, option, relation_types, value
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Project, Scope
from backend_lint.project.constants import constant, elements
from backend_lint.project.model import Column, Index, Model, Relationship

_LIBRARIES = ("peewee.", "playhouse.")
_FAMILIES = {
    **dict.fromkeys(("CharField", "FixedCharField", "IPField"), "string"),
    **dict.fromkeys(("AutoField", "BigAutoField", "IdentityField", "IntegerField", "BigIntegerField"), "integer"),
    **dict.fromkeys(("SmallIntegerField", "TimestampField", "BitField", "PrimaryKeyField"), "integer"),
    **dict.fromkeys(("FloatField", "DoubleField"), "float"),
    **dict.fromkeys(("JSONField", "BinaryJSONField", "HStoreField"), "json"),
    **dict.fromkeys(("UUIDField", "BinaryUUIDField"), "uuid"),
    **dict.fromkeys(("BlobField", "BigBitField"), "binary"),
    **dict.fromkeys(("DateTimeField", "DateTimeTZField"), "datetime"),
    "TextField": "text",
    "DecimalField": "decimal",
    "BooleanField": "boolean",
    "DateField": "date",
    "TimeField": "time",
    "IntervalField": "interval",
    "ArrayField": "array",
}
_KEYS = frozenset({"AutoField", "BigAutoField", "IdentityField", "PrimaryKeyField"})
_REFERENCES = frozenset({"ForeignKeyField", "DeferredForeignKey"})


def read(project: Project) -> None:
    reader = _Reader(project)
    reader.read()
    project.models.update(reader.models)
    project.types.learn(dict(relation_types(reader.models, "peewee.ModelSelect")))


@dataclass(frozen=True, eq=False)
class _Reference:
    model: Model
    field: Declared
    column: Column


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.models: dict[str, Model] = {}
        self._references: list[_Reference] = []
        self._links: list[tuple[Model, Declared]] = []

    def read(self) -> None:
        classes = list(models_of(self.project, "peewee.Model"))
        for cls in classes:
            fields = declared(self.project, cls, _LIBRARIES)
            if fields or not self.project.classes.subclasses(cls):  # a base that only names the database has no table
                self._model(cls, fields)
        for reference in self._references:
            self._refer(reference)
        for model, field in self._links:
            self._link(model, field)
        for model in self.models.values():
            self._add_indexes(model)

    def _model(self, cls: Class, fields: dict[str, Declared]) -> None:
        model = Model(cls.name, cls.qualified, self._table(cls), "peewee", cls.at, cls)
        composite = self._composite_key(cls)
        for field in fields.values():
            if field.kind == "ManyToManyField":
                self._links.append((model, field))
                continue
            made = self._column(field, composite)
            model.columns[field.name] = made
            if field.kind in _REFERENCES:
                self._references.append(_Reference(model, field, made))
        if composite is None and not model.primary_key:
            key = Column("id", "id", "AutoField", cls.at, nullable=False, primary_key=True, family="integer")
            model.columns = {"id": key, **model.columns}
        self.models[cls.qualified] = model

    def _table(self, cls: Class) -> str:
        for name in ("table_name", "db_table"):
            held = option(self.project, cls, "Meta", name, inherited=False)
            text = None if held is None else constant(self.project, *held)
            if isinstance(text, str):
                return text
        legacy = option(self.project, cls, "Meta", "legacy_table_names", inherited=True)
        if legacy is not None and constant(self.project, *legacy) is False:
            first = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", cls.name)
            return re.sub(r"([a-z0-9])_?([A-Z])", r"\1_\2", first).lower()
        return cls.name.lower()

    def _composite_key(self, cls: Class) -> tuple[str, ...] | None:
        """The fields of `CompositeKey(…)`, none for `primary_key = False`, None where neither is there."""
        held = option(self.project, cls, "Meta", "primary_key", inherited=True)
        if held is None:
            return None
        expr, scope = held
        if type(expr) is ir.Call:
            return tuple(
                text for each in expr.positional if isinstance(text := constant(self.project, each, scope), str)
            )
        return () if constant(self.project, expr, scope) is False else None

    def _column(self, field: Declared, composite: tuple[str, ...] | None) -> Column:
        def told(name: str, default: bool) -> bool:
            return bool(value(self.project, field.given(name), field.scope, default))

        is_reference = field.kind in _REFERENCES
        short = f"{field.name}_id" if is_reference and not field.name.endswith("_id") else field.name
        given = value(self.project, field.given("column_name", "db_column"), field.scope, short)
        is_key = told("primary_key", field.kind in _KEYS) or field.name in (composite or ())
        return column(
            self.project,
            field,
            given,
            _FAMILIES,
            nullable=told("null", False),
            primary_key=is_key,
            unique=told("unique", False),
            index=told("index", is_reference),
            on_delete=value(self.project, field.given("on_delete"), field.scope, None),
        )

    # Relations

    def _refer(self, reference: _Reference) -> None:
        model, field, made = reference.model, reference.field, reference.column
        target = self._target(model, field)
        key = None if target is None else self._key(target, field)
        if target is None or key is None:
            return
        made.foreign_key = f"{target.table}.{key.name}"
        made.family = key.family
        back = value(self.project, field.given("backref", "related_name"), field.scope, f"{model.name.lower()}_set")
        model.relationships[field.name] = Relationship(
            field.name, target.qualified, field.at, back=back, columns=(field.name,)
        )
        if isinstance(back, str) and back not in ("+", "!"):
            target.relationships[back] = Relationship(
                back, model.qualified, field.at, many=True, back=field.name, is_reverse=True
            )

    def _link(self, model: Model, field: Declared) -> None:
        target = self._target(model, field)
        if target is None:
            return
        back = value(self.project, field.given("backref"), field.scope, f"{model.name.lower()}s")
        for owner, name, other in ((model, field.name, target), (target, back, model)):
            owner.relationships[name] = Relationship(
                name, other.qualified, field.at, many=True, is_reverse=owner is target
            )

    def _target(self, model: Model, field: Declared) -> Model | None:
        expr = field.call.argument(0, "model") or field.given("rel_model")
        name = constant(self.project, expr, field.scope) if expr is not None else None
        if name == "self":
            return model
        if isinstance(name, str):
            return next((each for each in self.models.values() if each.name == name), None)
        return self.models.get(self.project.qualified(expr, field.scope) or "")

    def _key(self, target: Model, field: Declared) -> Column | None:
        expr = field.call.argument(1, "field")
        named = expr.name if type(expr) is ir.Attribute else value(self.project, expr, field.scope, None)
        keys = [each for each in target.columns.values() if each.primary_key]
        return target.columns.get(named or "") or (keys[0] if keys else None)

    # Indexes

    def _add_indexes(self, model: Model) -> None:
        held = None if model.cls is None else option(self.project, model.cls, "Meta", "indexes", inherited=True)
        for each, scope in elements(self.project, *held) if held is not None else ():
            parts = list(elements(self.project, each, scope))
            if len(parts) == 2:
                self._add_index(model, list(elements(self.project, *parts[0])), parts[1], each, scope)
        for module in self.project.modules.values():
            for site in self.project.sites(module):
                func = site.call.func
                if site.method == "add_index" and type(func) is ir.Attribute:
                    if self.project.qualified(func.value, module) == model.qualified:
                        self._add_expressions(model, site.call, module)

    def _add_index(self, model: Model, fields: list, unique: tuple, at: Expr, scope: Scope) -> None:  # type: ignore[type-arg]
        names = [constant(self.project, expr, owner) for expr, owner in fields]
        columns = [model.columns[name].name for name in names if name in model.columns]
        named = {each.name for each in model.columns.values()}
        columns = columns if len(columns) == len(names) else [name for name in names if name in named]
        if columns and len(columns) == len(names):
            model.indexes.append(Index(tuple(columns), constant(self.project, *unique) is True, scope.module.place(at)))

    def _add_expressions(self, model: Model, call: ir.Call, module: object) -> None:
        """`Order.add_index(Order.customer, Order.day, unique=True)`"""
        names = [each.name for each in call.positional if type(each) is ir.Attribute]
        if names and len(names) == len(call.positional) and all(name in model.columns for name in names):
            unique = call.keywords.get("unique")
            is_unique = type(unique) is ir.Const and unique.value is True
            columns = tuple(model.columns[name].name for name in names)
            model.indexes.append(Index(columns, is_unique, module.place(call)))  # type: ignore[attr-defined]
