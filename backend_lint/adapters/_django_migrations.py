"""Django: the operations of a `Migration` class.

Source: https://docs.djangoproject.com/en/stable/ref/migration-operations/
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from backend_lint.adapters._django_fields import COLUMNLESS, declared, stored
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Module, Project, Scope
from backend_lint.project.constants import UNKNOWN, constant, elements
from backend_lint.project.model import Column, Index, Migration, Model, Operation

_KINDS = {
    "CreateModel": "create_table",
    "DeleteModel": "drop_table",
    "RenameModel": "rename_table",
    "AlterModelTable": "rename_table",
    "AddField": "add_column",
    "RemoveField": "drop_column",
    "RenameField": "rename_column",
    "AlterField": "alter_column",
    "AddIndex": "add_index",
    "AddIndexConcurrently": "add_index",
    "RemoveIndex": "drop_index",
    "RemoveIndexConcurrently": "drop_index",
    "RenameIndex": "other",
    "AddConstraint": "add_constraint",
    "AddConstraintNotValid": "add_constraint",
    "RemoveConstraint": "drop_constraint",
    "AlterUniqueTogether": "add_constraint",
    "AlterIndexTogether": "add_index",
    "RunSQL": "run_sql",
    "RunPython": "run_python",
}
_OF_MODELS = frozenset(
    {"CreateModel", "DeleteModel", "AlterModelTable", "AlterModelOptions", "AlterUniqueTogether", "AlterIndexTogether"}
)
_CONSTRAINTS = {"UniqueConstraint": "unique", "CheckConstraint": "check", "ExclusionConstraint": "exclude"}


def migration(project: Project, module: Module, labels: dict[str, str]) -> Migration | None:
    """The migration that a module holds; None for any other module."""
    cls = _class(project, module)
    if cls is None:
        return None
    app = labels.get(module.package) or _label(project, module)
    found = Migration("django", module, f"{app}.{module.name.rpartition('.')[2]}", app=app)
    found.down = tuple(_references(project, cls, "dependencies"))
    found.replaces = tuple(_references(project, cls, "replaces"))
    atomic = cls.attributes.get("atomic")
    found.is_atomic = atomic is None or constant(project, atomic.value, cls) is not False
    stmt = cls.attributes.get("operations")
    for value, scope in elements(project, stmt.value, cls) if stmt is not None else ():
        found.operations.extend(_Reader(project, cls, app).operations(value, scope))
    for each in found.operations:
        each.in_transaction = found.is_atomic
    return found


def _class(project: Project, module: Module) -> Class | None:
    cls = module.top_classes.get("Migration")
    return cls if cls is not None and project.classes.is_subclass(cls, "django.db.migrations.Migration") else None


def labels(project: Project, modules: Iterable[Module]) -> dict[str, str]:
    """What migrations call the application that they are of, where they build on one another, by their package."""
    found: dict[str, Counter[str]] = {}
    for module in modules:
        cls = _class(project, module)
        for each in (*_references(project, cls, "dependencies"), *_references(project, cls, "replaces")) if cls else ():
            app, _, name = each.partition(".")
            beside = f"{module.package}.{name}"
            if (
                beside in project.modules and beside != module.name
            ):  # another application may have a migration of its name
                found.setdefault(module.package, Counter())[app] += 1
    return {package: counts.most_common(1)[0][0] for package, counts in found.items()}


def _label(project: Project, module: Module) -> str:
    """The label of the application that the migrations are of: that of the models beside them, if there are any."""
    package = module.name.rpartition(".migrations")[0]
    for model in project.models.values():
        if model.orm == "django" and model.cls is not None and not model.is_join and "db_table" not in model.options:
            name = model.cls.module.name
            if name == f"{package}.models" or name.startswith(f"{package}.models."):
                return model.table.removesuffix(f"_{model.name.lower()}")
    return package.rpartition(".")[2]


def _references(project: Project, cls: Class, attribute: str) -> Iterator[str]:
    """`[("shop", "0001_initial")]` as `shop.0001_initial`."""
    stmt = cls.attributes.get(attribute)
    for value, scope in elements(project, stmt.value, cls) if stmt is not None else ():
        held = constant(project, value, scope)
        if isinstance(held, list | tuple) and len(held) == 2 and all(isinstance(each, str) for each in held):
            yield ".".join(held)


class _Reader:
    def __init__(self, project: Project, cls: Class, app: str) -> None:
        self.project, self.cls, self.app = project, cls, app

    def operations(self, value: Expr, scope: Scope) -> Iterator[Operation]:
        if type(value) is not ir.Call:
            return
        name = self._operation(value, scope)
        if name == "SeparateDatabaseAndState":
            for position, keyword in enumerate(("database_operations", "state_operations")):
                for inner, where in elements(self.project, value.argument(position, keyword), scope):
                    for each in self.operations(inner, where):
                        each.is_database_only, each.is_state_only = position == 0, position == 1
                        yield each
            return
        found = Operation(_KINDS.get(name, "other"), scope.module.place(value), value, scope)
        self._read(found, name, value, scope)
        yield found
        for inner, where in elements(self.project, value.keywords.get("state_operations"), scope):
            for each in self.operations(inner, where):
                each.is_state_only = True
                yield each

    def _operation(self, call: ir.Call, scope: Scope) -> str:
        """The name of Django's operation, also where the project has one of its own that builds on it."""
        cls = self.project.cls(self.project.qualified(call.func, scope) or "")
        for each in self.project.classes.mro(cls) if cls is not None else ():
            if isinstance(each, str) and each.startswith("django.") and each.rpartition(".")[2] in _KINDS:
                return each.rpartition(".")[2]
        return (ir.dotted(call.func) or "").rpartition(".")[2]

    def _text(self, expr: Expr | None, scope: Scope) -> str | None:
        held = constant(self.project, expr, scope)
        return held if isinstance(held, str) else None

    def _model(self, name: str | None) -> Model | None:
        """The model of today that goes by a name of a migration."""
        if name is None:
            return None
        found = (each for each in self.project.models.values() if each.orm == "django" and not each.is_join)
        return next((each for each in found if each.name.lower() == name.lower() and self._is_own(each)), None)

    def _is_own(self, model: Model) -> bool:
        package = self.cls.module.name.rpartition(".migrations")[0]
        return model.cls is not None and model.cls.module.name.startswith(package)

    def _table(self, name: str | None, options: Expr | None = None, scope: Scope | None = None) -> str | None:
        if name is None:
            return None
        if type(options) is ir.Dict and scope is not None:
            for key, value in zip(options.keys, options.values, strict=True):
                if type(key) is ir.Const and key.value == "db_table":
                    return self._text(value, scope)
        model = self._model(name)
        return model.table if model is not None else f"{self.app}_{name.lower()}"

    def _read(self, found: Operation, name: str, call: ir.Call, scope: Scope) -> None:
        first, second = call.argument(0, "model_name"), call.argument(1, "name")
        entity = call.argument(
            0, "old_name" if name == "RenameModel" else "name" if name in _OF_MODELS else "model_name"
        )
        found.entity = (self._text(entity, scope) or "").lower() or None
        match name:
            case "CreateModel":
                found.table = self._table(
                    self._text(call.argument(0, "name"), scope), call.argument(2, "options"), scope
                )
                found.definitions = list(self._fields(call.argument(1, "fields"), scope))
                found.columns = tuple(column.name for column in found.definitions)
                self._create(found, call.argument(2, "options"), scope)
            case "DeleteModel":
                found.table = self._table(self._text(call.argument(0, "name"), scope))
            case "RenameModel":
                found.table = self._table(self._text(call.argument(0, "old_name"), scope))
                found.new_name = self._table(self._text(call.argument(1, "new_name"), scope))
            case "AlterModelTable":
                found.table = self._table(self._text(call.argument(0, "name"), scope))
                found.new_name = self._text(call.argument(1, "table"), scope)
            case "AddField" | "AlterField":
                found.table = self._table(self._text(first, scope))
                self._shape(found, self._text(second, scope), call.argument(2, "field"), scope)
            case "RemoveField":
                found.table, found.column = self._table(self._text(first, scope)), self._text(second, scope)
            case "RenameField":
                found.table, found.column = (
                    self._table(self._text(first, scope)),
                    self._text(call.argument(1, "old_name"), scope),
                )
                found.new_name = self._text(call.argument(2, "new_name"), scope)
            case "AddIndex" | "AddIndexConcurrently" | "AddConstraint" | "AddConstraintNotValid":
                found.table = self._table(self._text(first, scope))
                self._index(found, call.argument(1, "index") or call.argument(1, "constraint"), scope)
                found.is_concurrent = name == "AddIndexConcurrently"
            case "RemoveIndex" | "RemoveIndexConcurrently" | "RemoveConstraint":
                found.table, found.name = self._table(self._text(first, scope)), self._text(second, scope)
                found.is_concurrent = name == "RemoveIndexConcurrently"
            case "AlterUniqueTogether" | "AlterIndexTogether":
                found.table = self._table(self._text(call.argument(0, "name"), scope))
                found.unique = name == "AlterUniqueTogether"
                found.constraint = "unique" if found.unique else None
                value = call.argument(1, "unique_together") or call.argument(1, "index_together")
                found.indexes, found.replaces_indexes = self._together(value, scope, unique=found.unique), True
                found.columns = found.indexes[0].columns if found.indexes else ()
                if not found.indexes and value is not None and constant(self.project, value, scope) is not UNKNOWN:
                    found.kind = "drop_constraint" if found.unique else "drop_index"
            case "RunSQL":
                found.sql = call.argument(0, "sql")
                found.is_reversible = call.argument(1, "reverse_sql") is not None
            case "RunPython":
                found.is_reversible = call.argument(1, "reverse_code") is not None

    def _create(self, found: Operation, options: Expr | None, scope: Scope) -> None:
        """What the options of a model say of its table."""
        held = (
            {
                key.value: value
                for key, value in zip(options.keys, options.values, strict=True)
                if type(key) is ir.Const and isinstance(key.value, str)
            }
            if type(options) is ir.Dict
            else {}
        )
        found.is_managed = constant(self.project, held.get("managed"), scope) is not False
        for name in ("unique_together", "index_together"):
            found.indexes += self._together(held.get(name), scope, unique=name == "unique_together")
        for name in ("indexes", "constraints"):
            for value, where in elements(self.project, held.get(name), scope):
                found.indexes += self._made(value, where)

    def _fields(self, expr: Expr | None, scope: Scope) -> Iterator[Column]:
        for value, where in elements(self.project, expr, scope):
            if type(value) is ir.Sequence and len(value.items) == 2:
                column = self._column(self._text(value.items[0], where), value.items[1])
                if column is not None:
                    yield column

    def _column(self, name: str | None, value: Expr | None) -> Column | None:
        """The column of a field, of no type where nothing is known of its kind; None where a field has no column."""
        if name is None or type(value) is not ir.Call:
            return None
        field = declared(self.project, name, value, self.cls)
        if field is None:
            return Column(name, name, None, self.cls.place(value))
        return None if field.kind in COLUMNLESS else stored(self.project, field, self.cls.place(value))

    def _shape(self, found: Operation, name: str | None, value: Expr | None, scope: Scope) -> None:
        column = self._column(name, value)
        found.column = name
        if column is None:  # a relation to many has no column
            found.kind = "other" if found.column is not None and type(value) is ir.Call else found.kind
            return
        found.definitions = [column]
        found.column, found.type, found.nullable = column.name, column.type, column.nullable
        found.has_default, found.has_server_default = column.default is not None, column.server_default is not None
        found.unique = column.unique

    def _index(self, found: Operation, value: Expr | None, scope: Scope) -> None:
        if type(value) is not ir.Call:
            return
        found.constraint = _CONSTRAINTS.get((ir.dotted(value.func) or "").rpartition(".")[2])
        found.unique = found.constraint == "unique"
        found.name = self._text(value.keywords.get("name"), scope)
        found.indexes = self._made(value, scope)
        found.columns = found.indexes[0].columns if found.indexes else ()

    def _made(self, value: Expr, scope: Scope) -> list[Index]:
        """The index that an `Index(…)` or a `UniqueConstraint(…)` is."""
        if type(value) is not ir.Call:
            return []
        kind = (ir.dotted(value.func) or "").rpartition(".")[2]
        if not kind.endswith(("Index", "UniqueConstraint")):
            return []
        held = constant(self.project, value.keywords.get("fields"), scope)
        names = [each for each in held if isinstance(each, str)] if isinstance(held, list | tuple) else []
        unique = kind == "UniqueConstraint"
        return [
            Index(
                tuple(each.lstrip("-") for each in names),
                unique,
                scope.module.place(value),
                self._text(value.keywords.get("name"), scope),
                is_partial="condition" in value.keywords,
                is_constraint=unique,
                has_expressions=bool(value.positional) or not names,
            )
        ]

    def _together(self, value: Expr | None, scope: Scope, *, unique: bool) -> list[Index]:
        """The sets of `unique_together` and `index_together`; `set([("a", "b")])` is one way to write them."""
        if type(value) is ir.Call and value.args:
            value = value.args[0].value
        held = [constant(self.project, item, where) for item, where in elements(self.project, value, scope)]
        sets = [each for each in held if isinstance(each, list | tuple)]
        if held and not sets:
            sets = [held]
        named = [tuple(each for each in names if isinstance(each, str)) for names in sets]
        place = self.cls.at if value is None else scope.module.place(value)
        return [Index(columns, unique, place, is_constraint=unique) for columns in named if columns]
