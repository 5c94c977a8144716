"""Django: the operations of a `Migration` class.

Source: https://docs.djangoproject.com/en/stable/ref/migration-operations/
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._django_fields import declared, stored
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Module, Project, Scope
from backend_lint.project.constants import UNKNOWN, constant, elements
from backend_lint.project.model import Column, Migration, Model, Operation

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
_CONSTRAINTS = {"UniqueConstraint": "unique", "CheckConstraint": "check", "ExclusionConstraint": "exclude"}


def migration(project: Project, module: Module) -> Migration | None:
    """The migration that a module holds; None for any other module."""
    cls = module.top_classes.get("Migration")
    if cls is None or not project.classes.is_subclass(cls, "django.db.migrations.Migration"):
        return None
    app = _label(project, module)
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

    def operations(self, value: Expr, scope: Scope, *, is_state_only: bool = False) -> Iterator[Operation]:
        if type(value) is not ir.Call:
            return
        name = (ir.dotted(value.func) or "").rpartition(".")[2]
        if name == "SeparateDatabaseAndState":
            for position, keyword in enumerate(("database_operations", "state_operations")):
                for inner, where in elements(self.project, value.argument(position, keyword), scope):
                    yield from self.operations(inner, where, is_state_only=position == 1)
            return
        found = Operation(_KINDS.get(name, "other"), scope.module.place(value), value, scope)
        found.is_state_only = is_state_only
        self._read(found, name, value, scope)
        yield found

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
        match name:
            case "CreateModel":
                found.table = self._table(
                    self._text(call.argument(0, "name"), scope), call.argument(2, "options"), scope
                )
                found.definitions = list(self._fields(call.argument(1, "fields"), scope))
                found.columns = tuple(column.name for column in found.definitions)
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
                self._together(found, call.argument(1, "unique_together") or call.argument(1, "index_together"), scope)
            case "RunSQL":
                found.sql = call.argument(0, "sql")
                found.is_reversible = call.argument(1, "reverse_sql") is not None
            case "RunPython":
                found.is_reversible = call.argument(1, "reverse_code") is not None

    def _fields(self, expr: Expr | None, scope: Scope) -> Iterator[Column]:
        for value, where in elements(self.project, expr, scope):
            if type(value) is ir.Sequence and len(value.items) == 2:
                column = self._column(self._text(value.items[0], where), value.items[1])
                if column is not None:
                    yield column

    def _column(self, name: str | None, value: Expr | None) -> Column | None:
        field = None if name is None else declared(self.project, name, value, self.cls)
        if field is None or value is None or field.kind in ("ManyToManyField", "GenericForeignKey"):
            return None
        return stored(self.project, field, self.cls.place(value))

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
        kind = (ir.dotted(value.func) or "").rpartition(".")[2]
        found.constraint = _CONSTRAINTS.get(kind)
        found.unique = found.constraint == "unique"
        found.name = self._text(value.keywords.get("name"), scope)
        held = constant(self.project, value.keywords.get("fields"), scope)
        if isinstance(held, list | tuple):
            found.columns = tuple(each.lstrip("-") for each in held if isinstance(each, str))

    def _together(self, found: Operation, value: Expr | None, scope: Scope) -> None:
        items = list(elements(self.project, value, scope))
        if type(value) is ir.Call and value.args:
            items = list(elements(self.project, value.args[0].value, scope))
        held = [constant(self.project, item, where) for item, where in items]
        sets = [each for each in held if isinstance(each, list | tuple)]
        found.columns = tuple(each for each in (sets[0] if sets else held) if isinstance(each, str))
        if not found.columns and UNKNOWN not in held:
            found.kind = "drop_constraint" if found.unique else "drop_index"
