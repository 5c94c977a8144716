"""Models of Django: fields, keys, indexes, inheritance, the join tables that Django makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from backend_lint.adapters._django_fields import COLUMNLESS, FAMILIES, Field, declared, library_declared, stored
from backend_lint.adapters._django_settings import settings_owners
from backend_lint.adapters._library import LibraryModel, library_model, library_model_of_label
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Module, Project, Scope, Type
from backend_lint.project.constants import UNKNOWN, constant, elements
from backend_lint.project.model import Column, Index, Model, Relationship

_MODEL = "django.db.models.Model"
_MANAGER = "django.db.models.Manager"
_QUERYSET = "django.db.models.QuerySet"
_OTHER = ("django.", "rest_framework.", "graphene.", "strawberry.", "enum.", "typing.", "factory.")


def read(project: Project) -> None:
    reader = _Reader(project)
    reader.read()
    project.models.update(reader.models)
    project.types.learn({**dict(_manager_types(project, reader.models)), **dict(_relation_types(reader.models))})


def _relation_types(models: Mapping[str, Model]) -> Iterator[tuple[tuple[str, str], Type]]:
    for model in models.values():
        for related in model.relationships.values():
            if model.cls is not None and related.target is not None and not related.target.endswith("?"):
                one = Type(related.target)
                yield (model.qualified, related.name), Type(_MANAGER, (one,)) if related.many else one


def _manager_types(project: Project, models: Mapping[str, Model]) -> Iterator[tuple[tuple[str, str], Type]]:
    """Managers give instances of the model that they stand on; `objects` is one, whoever made it."""
    for model in models.values():
        above = project.classes.mro(model.cls) if model.cls is not None else []
        for each in (cls for cls in above if isinstance(cls, Class)):
            for name, stmt in each.attributes.items():
                held = project.type_of(stmt.value, each) if type(stmt.value) is ir.Call else None
                is_known = held is not None and project.classes.is_subclass(held.name, _MANAGER)
                made = _manager_of(stmt.value)
                if held is not None and (is_known or name == "objects" or made is not None):
                    kind = held.name if is_known else _queryset(project, made, each) or _MANAGER
                    yield (model.qualified, name), Type(kind, (Type(model.qualified),))


def _manager_of(value: Expr | None) -> Expr | None:
    """`Kind` in `Kind.as_manager()` and `Manager.from_queryset(Kind)()`."""
    while type(value) is ir.Call:
        call, value = value, value.func
        if type(value) is ir.Attribute and value.name == "as_manager":
            return value.value
        if type(value) is ir.Attribute and value.name == "from_queryset":
            return call.argument(0, "queryset_class")
    return None


def _queryset(project: Project, made: Expr | None, scope: Scope) -> str | None:
    """The project's own class whose methods a manager has that is made of a queryset."""
    cls = project.cls(project.qualified(made, scope) or "")
    return cls.qualified if cls is not None and project.classes.is_subclass(cls, _QUERYSET) else None


class _Apps:
    """Which application a module belongs to, and what its configuration says.

    Applications are those that the settings install, that have a configuration or migrations; besides, packages with
    models.
    """

    def __init__(self, project: Project, installed: list[str]) -> None:
        self.project = project
        self.labels: dict[str, str] = {}
        self.auto_fields: dict[str, str] = {}
        self.sure: set[str] = set()
        for module in project.modules.values():
            head, _, last = module.name.rpartition(".")
            is_inside = (".models." in f"{module.name}." and last != "models") or head.endswith(".models")
            is_migrated = last == "migrations" and module.is_package
            if not is_inside and (last == "models" or is_migrated):
                self.labels.setdefault(head, head.rpartition(".")[2])
                if is_migrated:
                    self.sure.add(head)
        for cls in project.classes.by_name.values():
            if project.classes.is_subclass(cls, "django.apps.AppConfig"):
                self._add(cls)
        for name in installed:
            config = project.cls(project.names.denoted(name))
            package = None if config is None else self._text(config, "name")
            package = project.names.denoted(package or name)
            self.labels.setdefault(package, package.rpartition(".")[2])
            self.sure.add(package)

    def _add(self, cls: Class) -> None:
        name, label, auto = (self._text(cls, each) for each in ("name", "label", "default_auto_field"))
        if name is not None:
            name = self.project.names.denoted(name)
            self.labels[name] = label or name.rpartition(".")[2]
            self.sure.add(name)
            if auto is not None:
                self.auto_fields[name] = auto.rpartition(".")[2]

    def _text(self, cls: Class, attribute: str) -> str | None:
        stmt = cls.attributes.get(attribute)
        held = UNKNOWN if stmt is None else constant(self.project, stmt.value, cls)
        return held if isinstance(held, str) else None

    def package(self, cls: Class) -> str:
        """The innermost application around a class, else the package of its module."""
        for known in (self.sure, self.labels):
            path = cls.module.name
            while path and path not in known:
                path = path.rpartition(".")[0]
            if path:
                return path
        return cls.module.name.removesuffix(".models").rpartition(".models.")[0] or cls.module.package

    def label(self, cls: Class) -> str:
        package = self.package(cls)
        return self.labels.get(package) or package.rpartition(".")[2]


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.owners = settings_owners(project)
        self.apps = _Apps(project, self._installed())
        self.models: dict[str, Model] = {}
        self.classes: dict[str, Class] = {}
        self.by_label: dict[tuple[str, str], Class] = {}
        self.user = self._setting("AUTH_USER_MODEL", "auth.User")
        self.auto_field = self._setting("DEFAULT_AUTO_FIELD", "AutoField").rpartition(".")[2]
        self._fields: dict[str, dict[str, Field]] = {}
        self._related: list[tuple[Model, Field]] = []

    def _setting(self, name: str, default: str) -> str:
        """The value of a setting where the project is served, else where most settings modules agree."""
        owners = [*self.owners, *self.project.modules.values()]
        found = [constant(self.project, stmt.value, each) for each in owners for stmt in _assigned(each, name)]
        return next((each for each in found if isinstance(each, str)), default)

    def _installed(self) -> list[str]:
        """The applications that any assignment of the settings lists."""
        found: dict[str, None] = {}
        for owner in self.owners:
            for stmt in _assigned(owner, "INSTALLED_APPS"):
                for value, scope in elements(self.project, stmt.value, owner):
                    held = constant(self.project, value, scope)
                    if isinstance(held, str):
                        found[held] = None
        return list(found)

    def read(self) -> None:
        for scope in self.project.scopes():
            if isinstance(scope, Class) and self._is_model(scope):
                self.classes[scope.qualified] = scope
                self.by_label.setdefault((self._label(scope).lower(), scope.name.lower()), scope)
        for cls in list(self.classes.values()):
            if not self._is_abstract(cls):
                self._model(cls)
        for model, field in self._related:
            self._relate(model, field)
        for model in self.models.values():
            self._settle(model)

    def _is_model(self, cls: Class) -> bool:
        if self.project.classes.is_subclass(cls, _MODEL):
            return True
        mro = self.project.classes.mro(cls)
        if any(isinstance(each, str) and library_model(each) is not None for each in mro):
            return any("django" in each or "models" in each for each in mro if isinstance(each, str))
        outside = [each for each in mro if isinstance(each, str) and not each.startswith("builtins.")]
        if not outside or any(each.startswith(_OTHER) for each in outside):
            return False
        return any(
            type(stmt.value) is ir.Call
            and (self.project.qualified(stmt.value.func, cls) or "").startswith("django.db.models.")
            and declared(self.project, name, stmt.value, cls) is not None
            for name, stmt in cls.attributes.items()
        )

    # Meta

    def _own_meta(self, cls: Class, name: str) -> Expr | None:
        meta = cls.inner.get("Meta")
        stmt = None if meta is None else meta.attributes.get(name)
        return None if stmt is None else stmt.value

    def _is_abstract(self, cls: Class) -> bool:
        value = self._own_meta(cls, "abstract")
        return value is not None and constant(self.project, value, cls) is True

    def _is_proxy(self, cls: Class) -> bool:
        value = self._own_meta(cls, "proxy")
        return value is not None and constant(self.project, value, cls) is True

    def _meta(self, cls: Class, name: str) -> tuple[Expr, Scope] | None:
        """An option of `Meta`: its own, inherited by it, or that of the first abstract base when it has no `Meta`."""
        meta = cls.inner.get("Meta")
        if meta is None:
            bases = (each for each in self.project.classes.mro(cls)[1:] if isinstance(each, Class))
            above = next((each for each in bases if "Meta" in each.inner and self._is_abstract(each)), None)
            return None if above is None else self._meta(above, name)
        for each in self.project.classes.mro(meta):
            if isinstance(each, Class) and name in each.attributes:
                value = each.attributes[name].value
                return None if value is None else (value, each)
        return None

    def _meta_value(self, cls: Class, name: str) -> Any:
        found = self._meta(cls, name)
        return UNKNOWN if found is None else constant(self.project, *found)

    def _label(self, cls: Class) -> str:
        held = self._meta_value(cls, "app_label")
        return held if isinstance(held, str) else self.apps.label(cls)

    # Models

    def _model(self, cls: Class) -> Model:
        known = self.models.get(cls.qualified)
        if known is not None:
            return known
        model = Model(cls.name, cls.qualified, "", "django", cls.at, cls)
        self.models[cls.qualified] = model
        held = self._meta_value(cls, "db_table")
        model.table = _unquoted(held) if isinstance(held, str) else f"{self._label(cls)}_{cls.name.lower()}"
        model.options = {name: stmt.value for name, stmt in self._meta_attributes(cls) if stmt.value is not None}
        model.is_managed = self._meta_value(cls, "managed") is not False
        parents = self._parents(cls)
        if self._is_proxy(cls) and parents:
            self._be_proxy(model, parents[0])
            return model
        for field in self._local_fields(cls).values():
            self._add_field(model, field)
        for parent in parents:
            self._join(model, parent)
        if not model.primary_key:
            self._add_key(model, cls)
        if self._meta(cls, "order_with_respect_to") is not None:
            model.columns["_order"] = Column(
                "_order", "_order", "IntegerField", cls.at, nullable=False, family="integer", defined_in=cls
            )
        self._add_ordering(model, cls, parents)
        self._add_indexes(model, cls)
        return model

    def _meta_attributes(self, cls: Class) -> Iterator[tuple[str, ir.Assign]]:
        meta = cls.inner.get("Meta")
        if meta is not None:
            yield from meta.attributes.items()

    def _parents(self, cls: Class) -> list[Model | LibraryModel]:
        """Entities that the class inherits from directly, or through abstract classes."""
        found: list[Model | LibraryModel] = []
        for base in self.project.classes.bases(cls):
            if isinstance(base, str):
                library = library_model(base)
                if library is not None and not library.is_abstract:
                    found.append(library)
            elif base.qualified in self.classes:
                inner = self._parents(base) if self._is_abstract(base) else [self._model(base)]
                found.extend(each for each in inner if each not in found)
        return found

    def _be_proxy(self, model: Model, parent: Model | LibraryModel) -> None:
        if isinstance(parent, LibraryModel):
            model.table, model.parent = parent.table or model.table, parent.name
            return
        assert model.cls is not None
        model.parent, model.table = parent.qualified, parent.table
        model.columns = dict(parent.columns)
        model.relationships = dict(parent.relationships)
        model.indexes = list(parent.indexes)
        self._add_ordering(model, model.cls, [parent])

    def _local_fields(self, cls: Class) -> dict[str, Field]:
        """The fields of a class and of its abstract bases, nearest first; `None` or a method takes one away."""
        known = self._fields.get(cls.qualified)
        if known is not None:
            return known
        found: dict[str, Field] = {}
        removed: set[str] = set()
        for each in self._contributors(cls):
            if isinstance(each, LibraryModel):
                fields = {field.name: library_declared(field) for field in each.fields}
            else:
                made = (
                    (name, declared(self.project, name, stmt.value, each)) for name, stmt in each.attributes.items()
                )
                fields = {name: field for name, field in made if field is not None}
                removed |= {
                    name
                    for name, stmt in each.attributes.items()
                    if type(stmt.value) is ir.Const and stmt.value.value is None
                } | each.methods.keys()
            for name, field in fields.items():
                if name not in removed:
                    found.setdefault(name, field)
        self._fields[cls.qualified] = found
        return found

    def _contributors(self, cls: Class) -> Iterator[Class | LibraryModel]:
        """The class and what is abstract above it, without what lies in the table of a parent."""
        parents = [each.cls for each in self._parents(cls) if isinstance(each, Model) and each.cls is not None]
        elsewhere = [each for parent in parents for each in self.project.classes.mro(parent)]
        for each in self.project.classes.mro(cls):
            if each in elsewhere:
                continue
            if isinstance(each, str):
                library = library_model(each)
                if library is not None and library.is_abstract:
                    yield library
            elif each is cls or each.qualified not in self.classes or self._is_abstract(each):
                yield each

    def _add_key(self, model: Model, cls: Class) -> None:
        kind = self.apps.auto_fields.get(self.apps.package(cls), self.auto_field)
        key = Column("id", "id", kind, cls.at, nullable=False, primary_key=True, family="integer", defined_in=cls)
        model.columns = {"id": key, **model.columns}

    def _join(self, model: Model, parent: Model | LibraryModel) -> None:
        """Multi-table inheritance: a key that refers to the parent's, and the parent's columns seen from here."""
        assert model.cls is not None
        name = parent.name.rpartition(".")[2] if isinstance(parent, LibraryModel) else parent.name
        table = parent.table or ""
        keys = (parent.key or "id",) if isinstance(parent, LibraryModel) else parent.primary_key
        model.parent = model.parent or (parent.name if isinstance(parent, LibraryModel) else parent.qualified)
        reference = f"{table}.{keys[0]}" if keys else None
        links = [
            each
            for each in model.columns.values()
            if (each.primary_key or each.arguments.get("parent_link"))
            and (each.foreign_key or "").partition(":")[0] in (reference, model.parent)
        ]
        for link in links:
            if not model.primary_key:
                link.primary_key, link.unique = True, False
        if not links:
            attribute = f"{name.lower()}_ptr"
            model.columns[attribute] = Column(
                f"{attribute}_id",
                attribute,
                "OneToOneField",
                model.cls.at,
                nullable=False,
                primary_key=not model.primary_key,
                foreign_key=reference,
                on_delete="CASCADE",
                defined_in=model.cls,
            )
        if isinstance(parent, LibraryModel):
            return
        for attribute, each in parent.columns.items():
            if attribute not in model.columns:
                is_unique = each.unique or each.primary_key
                inherited = replace(each, table=each.table or table, unique=is_unique, primary_key=False)
                model.columns[attribute] = inherited
        model.relationships = {**parent.relationships, **model.relationships}

    # Fields

    def _add_field(self, model: Model, field: Field) -> None:
        assert model.cls is not None
        if field.is_relation or field.kind in ("GenericForeignKey", "GenericRelation"):
            self._related.append((model, field))
        if field.kind in COLUMNLESS:
            return
        if field.library is not None:
            model.columns[field.name] = self._library_column(model, field)
            return
        owner = field.owner or model.cls
        column = stored(self.project, field, owner.place(owner.attributes[field.name]))
        if field.is_relation:
            column.foreign_key = self._referred(model, field)
        model.columns[field.name] = column

    def _library_column(self, model: Model, field: Field) -> Column:
        assert model.cls is not None and field.library is not None
        words = field.library.words
        is_relation = field.is_relation
        unique = "unique" in words or field.kind == "OneToOneField"
        return Column(
            name=field.library.column or (f"{field.name}_id" if is_relation else field.name),
            attribute=field.name,
            type=field.kind,
            at=model.cls.at,
            nullable="null" in words,
            primary_key="key" in words,
            unique=unique,
            index=("index" in words or is_relation) and not unique,
            foreign_key=self._referred(model, field) if is_relation else None,
            family=FAMILIES.get(field.kind),
            declared=field.declared,
        )

    def _target(self, model: Model, field: Field) -> Class | LibraryModel | str | None:
        """What a relation leads to: a class of the project, a library's model, or a label that is not known."""
        if field.library is not None:
            return self._labelled(field.library.target or "", model)
        value = field.arguments.get("to")
        if value is None:
            return None
        held = constant(self.project, value.expr, value.scope, value.known)
        if isinstance(held, Class):
            return held
        if isinstance(held, str):
            return self._labelled(held, model)
        qualified = self.project.qualified(value.expr, value.scope) or ""
        found = self.project.type_of(value.expr, value.scope)
        is_user = qualified.endswith("AUTH_USER_MODEL") or (found is not None and "get_user_model" in found.name)
        if is_user or (found is not None and found.name == "django.contrib.auth.models.User"):
            return self._labelled(self.user, model)
        return library_model(qualified) or qualified or None

    def _labelled(self, label: str, model: Model) -> Class | LibraryModel | str | None:
        assert model.cls is not None
        if label == "self":
            return model.cls
        if label in ("auth.User", "settings.AUTH_USER_MODEL"):
            label = self.user
        app, _, name = label.rpartition(".")
        own = self._label(model.cls)
        found = self.by_label.get(((app or own).lower(), name.lower()))
        return found or library_model_of_label(label) or label

    def _referred(self, model: Model, field: Field) -> str | None:
        """`table.column` of a relation; the column is left to the end where the target is of the project."""
        target = self._target(model, field)
        to_field = field.text(self.project, "to_field")
        if isinstance(target, LibraryModel):
            return f"{target.table}.{to_field or target.key}"
        if isinstance(target, Class):
            return f"{target.qualified}:{to_field or ''}"
        if target is not None and target.count(".") == 1 and target[:1].isalpha():
            return f"{target.replace('.', '_').lower()}.{to_field or 'id'}"
        return target

    # Relations

    def _relate(self, model: Model, field: Field) -> None:
        assert model.cls is not None
        target = self._target(model, field)
        held = self.models.get(target.qualified) if isinstance(target, Class) else None
        name = (
            target.qualified
            if isinstance(target, Class)
            else target.name
            if isinstance(target, LibraryModel)
            else target
        )
        owner = field.owner or model.cls
        at = owner.place(owner.attributes[field.name]) if field.name in owner.attributes else model.cls.at
        many = field.kind in ("ManyToManyField", "GenericRelation")
        options = {key: value.expr for key, value in field.arguments.items()}
        columns = (field.name,) if field.name in model.columns else ()
        related = Relationship(field.name, name, at, many=many, columns=columns, options=options)
        model.relationships.setdefault(field.name, related)
        if field.kind == "ManyToManyField":
            self._add_join_table(model, field, related, target)
        if held is not None and field.kind in ("ForeignKey", "OneToOneField", "ManyToManyField"):
            self._add_reverse(model, field, held, related)

    def _add_reverse(self, model: Model, field: Field, target: Model, related: Relationship) -> None:
        assert model.cls is not None
        given = field.text(self.project, "related_name") or self._meta_value(model.cls, "default_related_name")
        if isinstance(given, str):
            given = given.replace("%(class)s", model.name.lower()).replace("%(model_name)s", model.name.lower())
            given = given.replace("%(app_label)s", self._label(model.cls).lower())
            if given.endswith("+"):
                return
        many = field.kind != "OneToOneField"
        accessor = given if isinstance(given, str) else f"{model.name.lower()}_set" if many else model.name.lower()
        asked = field.text(self.project, "related_query_name") or given
        query_name = asked if isinstance(asked, str) else model.name.lower()
        related.back = accessor
        reverse = Relationship(
            accessor,
            model.qualified,
            related.at,
            many=many,
            back=field.name,
            query_name=query_name if query_name != accessor else None,
            through=related.through,
            is_reverse=True,
        )
        target.relationships.setdefault(accessor, reverse)

    def _add_join_table(
        self, model: Model, field: Field, related: Relationship, target: Class | LibraryModel | str | None
    ) -> None:
        assert model.cls is not None
        through = field.arguments.get("through")
        if through is not None:
            held = constant(self.project, through.expr, through.scope, through.known)
            found = self._labelled(held, model) if isinstance(held, str) else held
            related.through = found.qualified if isinstance(found, Class) else None
            return
        if model.parent is not None and field.name not in self._local_fields(model.cls):
            return
        table = field.text(self.project, "db_table") or f"{model.table}_{field.name}"
        other = target.name.rpartition(".")[2] if isinstance(target, Class | LibraryModel) else str(target or "target")
        names = (model.name.lower(), other.rpartition(".")[2].lower())
        if names[0] == names[1]:
            names = (f"from_{names[0]}", f"to_{names[1]}")
        join = Model(
            f"{model.name}_{field.name}",
            f"{model.qualified}.{field.name}.through",
            _unquoted(table),
            "django",
            related.at,
        )
        join.is_join, join.is_managed = True, model.is_managed
        self._add_key(join, model.cls)
        kinds = (f"{model.qualified}:", self._referred(model, field))
        for name, reference in zip(names, kinds, strict=True):
            join.columns[name] = Column(
                f"{name}_id",
                name,
                "ForeignKey",
                related.at,
                nullable=False,
                index=True,
                foreign_key=reference,
                on_delete="CASCADE",
            )
        columns = tuple(f"{name}_id" for name in names)
        join.indexes.append(Index(columns, True, related.at, is_constraint=True))
        related.through = join.qualified
        self.models[join.qualified] = join

    # Indexes

    def _add_ordering(self, model: Model, cls: Class, parents: list[Model | LibraryModel]) -> None:
        found = self._meta(cls, "ordering")
        if found is not None:
            model.ordering = tuple(
                held if isinstance(held, str) else ir.dotted(ir.callee(value)) or "?"
                for value, scope in elements(self.project, *found)
                for held in [constant(self.project, value, scope)]
            )
        elif parents and isinstance(parents[0], Model):
            model.ordering = parents[0].ordering
        elif self._meta(cls, "order_with_respect_to") is not None:
            model.ordering = ("_order",)

    def _add_indexes(self, model: Model, cls: Class) -> None:
        for option, unique in (("unique_together", True), ("index_together", False)):
            held = self._meta_value(cls, option)
            sets = held if isinstance(held, list | tuple) else ()
            for names in [sets] if sets and isinstance(sets[0], str) else sets:
                columns = tuple(self._column(model, name) for name in names if isinstance(name, str))
                model.indexes.append(Index(columns, unique, cls.at, is_constraint=unique))
        for option in ("indexes", "constraints"):
            found = self._meta(cls, option)
            for value, scope in elements(self.project, *found) if found is not None else ():
                self._add_index(model, value, scope)

    def _add_index(self, model: Model, value: Expr, scope: Scope) -> None:
        if type(value) is not ir.Call:
            return
        kind = (ir.dotted(value.func) or "").rpartition(".")[2]
        if kind in ("CheckConstraint", "ExclusionConstraint") or not kind.endswith(("Index", "UniqueConstraint")):
            return
        keywords = value.keywords
        held = constant(self.project, keywords.get("fields"), scope)
        names = [each for each in held if isinstance(each, str)] if isinstance(held, list | tuple) else []
        expressions = [constant(self.project, each, scope) for each in value.positional]
        names += [each for each in expressions if isinstance(each, str)]
        title = constant(self.project, keywords.get("name"), scope)
        unique = kind == "UniqueConstraint"
        model.indexes.append(
            Index(
                tuple(self._column(model, name.lstrip("-")) for name in names),
                unique,
                scope.module.place(value),
                title if isinstance(title, str) else None,
                is_partial="condition" in keywords,
                is_constraint=unique,
                has_expressions=any(not isinstance(each, str) for each in expressions),
                method=_method(kind, keywords, names),
            )
        )

    def _column(self, model: Model, name: str) -> str:
        column = model.columns.get(name) or model.columns.get(name.removesuffix("_id"))
        return name if column is None else column.name

    # What can be told only when all models are known

    def _settle(self, model: Model) -> None:
        for each in model.columns.values():
            self._settle_reference(each)
        own = [each for each in model.columns.values() if each.table is None and not each.primary_key]
        if model.cls is None or not self._is_proxy(model.cls):
            for each in own:
                if each.unique:
                    model.indexes.append(Index((each.name,), True, each.at, is_constraint=True))
                elif each.index:
                    model.indexes.append(Index((each.name,), False, each.at))
        for each in (column for column in model.columns.values() if column.table is None):
            for index in model.indexes:
                if index.is_partial or index.has_expressions:
                    continue
                is_same = index.columns == (each.name,) and not each.primary_key
                each.unique = each.unique or (index.unique and is_same)
                each.index = each.index or (index.columns[:1] == (each.name,) and not index.is_constraint)

    def _settle_reference(self, each: Column, depth: int = 0) -> None:
        if each.foreign_key is not None and ":" in each.foreign_key:
            qualified, _, to_field = each.foreign_key.partition(":")
            target = self.models.get(qualified)
            if target is None:
                each.foreign_key = qualified
                return
            column = target.columns.get(to_field)
            if column is None:
                column = next((it for it in target.columns.values() if it.primary_key), None)
            each.foreign_key = f"{target.table}.{column.name}" if column is not None else target.table
            if column is not None and depth < 8:
                self._settle_reference(column, depth + 1)
                each.family = column.family
        elif each.foreign_key is not None and each.family is None:
            each.family = "integer"


def _assigned(owner: Module | Class, name: str) -> list[ir.Assign]:
    if isinstance(owner, Module):
        return owner.assignments.get(name, [])
    return [owner.attributes[name]] if name in owner.attributes else []


def _method(kind: str, keywords: Mapping[str, Expr], names: list[str]) -> str | None:
    """How an index is built where it is not a plain B-tree."""
    special = next((each for each in ("opclasses", "include") if each in keywords), None)
    if special is None and len(names) > 1 and any(name.startswith("-") for name in names):
        special = "descending"
    return special if kind in ("Index", "UniqueConstraint", "BTreeIndex") else kind.removesuffix("Index").lower()


def _unquoted(name: str) -> str:
    """`"legacy"."supplier"`, as people write that a table has a schema, is `legacy.supplier`."""
    return name.replace('"', "")
