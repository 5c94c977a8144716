"""Models of Tortoise ORM."""

from __future__ import annotations

from backend_lint.adapters._declared_fields import Declared, column, declared, models_of, option, relation_types, value
from backend_lint.facts import ir
from backend_lint.project import Class, Project
from backend_lint.project.constants import constant, elements
from backend_lint.project.model import Column, Index, Model, Relationship

_LIBRARIES = ("tortoise.",)
_FAMILIES = {
    **dict.fromkeys(("IntField", "BigIntField", "SmallIntField", "IntEnumField"), "integer"),
    "CharField": "string",
    "CharEnumField": "enum",
    "TextField": "text",
    "BooleanField": "boolean",
    "DecimalField": "decimal",
    "FloatField": "float",
    "DatetimeField": "datetime",
    "DateField": "date",
    "TimeField": "time",
    "TimeDeltaField": "interval",
    "JSONField": "json",
    "UUIDField": "uuid",
    "BinaryField": "binary",
    "ArrayField": "array",
}
_TO_ONE = frozenset({"ForeignKeyField", "OneToOneField"})


def read(project: Project) -> None:
    reader = _Reader(project)
    reader.read()
    project.models.update(reader.models)
    project.types.learn(dict(relation_types(reader.models, "tortoise.queryset.QuerySet")))


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.models: dict[str, Model] = {}
        self._related: list[tuple[Model, Declared]] = []

    def read(self) -> None:
        for cls in models_of(self.project, "tortoise.models.Model"):
            abstract = option(self.project, cls, "Meta", "abstract", inherited=False)
            if abstract is None or constant(self.project, *abstract) is not True:
                self._model(cls)
        for model, field in self._related:
            self._relate(model, field)
        for model in self.models.values():
            self._add_indexes(model)

    def _model(self, cls: Class) -> None:
        held = option(self.project, cls, "Meta", "table", inherited=False)
        table = None if held is None else constant(self.project, *held)
        name = table if isinstance(table, str) else cls.name.lower()
        model = Model(cls.name, cls.qualified, name, "tortoise", cls.at, cls)
        for field in declared(self.project, cls, _LIBRARIES).values():
            if field.kind in _TO_ONE or field.kind == "ManyToManyField":
                self._related.append((model, field))
            elif not field.kind.endswith("Relation"):
                model.columns[field.name] = self._column(field)
        if not model.primary_key:
            key = Column("id", "id", "IntField", cls.at, nullable=False, primary_key=True, family="integer")
            model.columns = {"id": key, **model.columns}
        ordering = option(self.project, cls, "Meta", "ordering", inherited=True)
        if ordering is not None:
            names = [constant(self.project, *each) for each in elements(self.project, *ordering)]
            model.ordering = tuple(name for name in names if isinstance(name, str))
        self.models[cls.qualified] = model

    def _told(self, field: Declared, *names: str, default: bool = False) -> bool:
        return bool(value(self.project, field.given(*names), field.scope, default))

    def _column(self, field: Declared) -> Column:
        name = value(self.project, field.given("source_field"), field.scope, field.name)
        is_key = self._told(field, "primary_key", "pk")
        return column(
            self.project,
            field,
            name,
            _FAMILIES,
            nullable=self._told(field, "null"),
            primary_key=is_key,
            unique=self._told(field, "unique") and not is_key,
            index=self._told(field, "db_index", "index"),
        )

    # Relations

    def _relate(self, model: Model, field: Declared) -> None:
        label = constant(self.project, field.call.argument(0, "model_name"), field.scope)
        target = self._named(label) or self.models.get(
            self.project.qualified(field.call.argument(0, "model_name"), field.scope) or ""
        )
        if target is None:
            return
        many = field.kind == "ManyToManyField"
        back = value(self.project, field.given("related_name"), field.scope, f"{model.name.lower()}s")
        columns = () if many else (field.name,)
        model.relationships[field.name] = Relationship(
            field.name, target.qualified, field.at, many=many, back=back or None, columns=columns
        )
        if isinstance(back, str):
            target.relationships.setdefault(
                back,
                Relationship(
                    back,
                    model.qualified,
                    field.at,
                    many=field.kind != "OneToOneField",
                    back=field.name,
                    is_reverse=True,
                ),
            )
        if not many:
            self._add_key(model, field, target)

    def _named(self, label: object) -> Model | None:
        """The model of `"models.Customer"`."""
        if not isinstance(label, str):
            return None
        last = label.rpartition(".")[2]
        return next((each for each in self.models.values() if each.name == last), None)

    def _add_key(self, model: Model, field: Declared, target: Model) -> None:
        to_field = value(self.project, field.given("to_field"), field.scope, None)
        keys = [each for each in target.columns.values() if each.primary_key]
        key = target.columns.get(to_field or "") or (keys[0] if keys else None)
        name = value(self.project, field.given("source_field"), field.scope, f"{field.name}_id")
        is_key = self._told(field, "primary_key", "pk")
        made = column(
            self.project,
            field,
            name,
            _FAMILIES,
            nullable=self._told(field, "null"),
            primary_key=is_key,
            unique=(self._told(field, "unique") or field.kind == "OneToOneField") and not is_key,
            index=self._told(field, "db_index", "index"),
            on_delete=value(self.project, field.given("on_delete"), field.scope, "CASCADE"),
        )
        made.family = None if key is None else key.family
        made.foreign_key = None if key is None else f"{target.table}.{key.name}"
        if is_key:
            model.columns = {each: held for each, held in model.columns.items() if not held.primary_key}
        model.columns[field.name] = made

    # Indexes

    def _add_indexes(self, model: Model) -> None:
        if model.cls is None:
            return
        for name in ("unique_together", "indexes"):
            held = option(self.project, model.cls, "Meta", name, inherited=True)
            groups = list(elements(self.project, *held)) if held is not None else []
            if held is not None and groups and all(isinstance(constant(self.project, *each), str) for each in groups):
                groups = [held]  # `unique_together = ("shop", "number")`
            for expr, scope in groups:
                fields = expr.keywords.get("fields") if type(expr) is ir.Call else expr
                names = [constant(self.project, *each) for each in elements(self.project, fields, scope)]
                columns = [model.columns[each].name for each in names if each in model.columns]
                if columns and len(columns) == len(names):
                    is_unique = name == "unique_together"
                    place = scope.module.place(expr)
                    model.indexes.append(Index(tuple(columns), is_unique, place, is_constraint=is_unique))
