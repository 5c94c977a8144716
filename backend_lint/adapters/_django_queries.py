"""Calls that make Django's ORM ask the database."""

from __future__ import annotations

from backend_lint.adapters._django_statements import LIBRARY, TERMINAL, Django
from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._statement import Statement, query
from backend_lint.adapters._statements import Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Class, Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import ColumnUse, Query

_SHORTCUTS = {
    "django.shortcuts.get_object_or_404": True,
    "django.shortcuts.get_list_or_404": False,
    "django.shortcuts.aget_object_or_404": True,
    "django.shortcuts.aget_list_or_404": False,
    "rest_framework.generics.get_object_or_404": True,
    "annoying.functions.get_object_or_None": True,
}
_OF_RELATIONS = frozenset({"add", "set", "remove", "clear"})
_INSTANCE = frozenset({"save", "delete", "refresh_from_db", "asave", "adelete", "arefresh_from_db"})


class Reader:
    def __init__(self, project: Project, statements: Statements, dialect: Django) -> None:
        self.project, self.statements, self.dialect = project, statements, dialect

    def query(self, site: CallSite, scope: QueryScope) -> Query | None:
        name = site.method
        func = site.call.func
        found = None
        if type(func) is ir.Attribute and name in TERMINAL:
            found = self._asked(site.call, func, scope.scope)
        if found is None and type(func) is ir.Attribute and name in _INSTANCE:
            found = self._of_instance(site, func, scope.scope)
        if found is None and name == "get_object" and type(func) is ir.Attribute and not site.targets:
            found = self._of_view(site, func, scope.scope)
        if found is None and name is not None and name.endswith(("_or_404", "_or_None")):
            found = self._shortcut(site.call, scope.scope)
        return None if found is None else query(self.project, found, site, scope.scope, site.call)

    def _asked(self, call: ir.Call, func: ir.Attribute, scope: Scope) -> Statement | None:
        statement = self.statements.of(func.value, scope)
        if statement is None or statement.library != LIBRARY:
            return None
        name = func.name
        plain = name[1:] if name.startswith("a") and name not in ("add", "aggregate") else name
        found = self._ended(statement, plain, call, scope)
        return None if found is None else found.with_(is_async=plain != name)

    def _ended(self, statement: Statement, name: str, call: ir.Call, scope: Scope) -> Statement | None:
        dialect = self.dialect
        if name in _OF_RELATIONS and statement.form != "manager":
            return None  # a set, or a list, in the same variable
        match name:
            case "get" | "first" | "last" | "latest" | "earliest":
                uses, known = dialect.conditions(statement, call, scope) if name == "get" else ([], True)
                found = statement.filtered(uses, is_complete=known)
                return found.with_(is_single=True, raises=name in ("get", "latest", "earliest"))
            case "count":
                return statement.with_(operation="count")
            case "exists" | "contains":
                return statement.with_(operation="exists")
            case "aggregate":
                return statement.with_(is_aggregate=True)
            case "create_user" | "create_superuser":
                model = self.project.models.get(statement.model or "")
                is_user = model is not None and model.cls is not None and self._is_user(model.cls)
                return statement.with_(operation="insert", values=dict(call.keywords)) if is_user else None
            case "create":
                return statement.with_(operation="insert", values=dict(call.keywords))
            case "get_or_create" | "update_or_create":
                uses, known = dialect.conditions(statement, call, scope)
                found = statement.filtered(uses, is_complete=known)
                return found.with_(operation="insert", is_single=True, values=self._given(call, scope))
            case "bulk_create" | "add" | "set":
                return statement.with_(operation="insert")
            case "update":
                return statement.with_(operation="update", values=dict(call.keywords))
            case "bulk_update":
                return statement.with_(operation="update")
            case "delete" | "remove" | "clear":
                return statement.with_(operation="delete")
            case "raw":
                return statement.with_(operation="raw", text=call.argument(0, "raw_query"))
            case "in_bulk":
                return statement.with_(is_bounded=bool(call.args))
            case _:
                return None

    def _is_user(self, cls: Class) -> bool:
        return self.project.classes.is_subclass(cls, "django.contrib.auth.models.AbstractBaseUser")

    def _given(self, call: ir.Call, scope: Scope) -> dict[str, Expr]:
        found = {name: value for name, value in call.keywords.items() if "__" not in name and name != "defaults"}
        defaults = call.keywords.get("defaults")
        if type(defaults) is ir.Dict:
            for key, value in zip(defaults.keys, defaults.values, strict=True):
                held = constant(self.project, key, scope)
                if isinstance(held, str):
                    found[held] = value
        return found

    def _of_instance(self, site: CallSite, func: ir.Attribute, scope: Scope) -> Statement | None:
        """`order.save()`: an insert where it was made here, an update otherwise."""
        model = self.project.models.get(self._model_of(func.value, scope) or "")
        if model is None or model.orm != LIBRARY:
            return None
        made = self._made(func.value, scope)
        operation = {"delete": "delete", "refresh_from_db": "select"}.get(func.name.removeprefix("a"))
        values = dict(made.keywords) if made is not None and operation is None else {}
        operation = operation or ("insert" if made is not None else "update")
        key = ColumnUse((model.primary_key or ("id",))[0], "==", site.at, func.value, model.qualified)
        filters = () if operation == "insert" else (key,)
        fields = site.call.keywords.get("update_fields")
        if operation == "update" and type(fields) is ir.Sequence:
            values = {
                each.value: each for each in fields.items if type(each) is ir.Const and isinstance(each.value, str)
            }
        return Statement(
            LIBRARY,
            "queryset",
            operation,
            model.qualified,
            filters=filters,
            values=values,
            is_single=True,
            is_async=func.name.startswith("a"),
        )

    def _model_of(self, expr: Expr, scope: Scope) -> str | None:
        """The model that an object is of."""
        if type(expr) is ir.Call and ir.dotted(expr.func) == "super":
            owner = scope.owner if isinstance(scope, Function) else None
            return None if owner is None else owner.qualified
        found = self.project.type_of(expr, scope)
        if found is not None and found.name in self.project.models:
            return None if found.itself else found.name
        if type(expr) is ir.Name and isinstance(scope, Function):
            for binding in self.project.types.bindings(scope).get(expr.id, ()):
                held = binding.expr
                if binding.kind == "element":
                    statement = self.statements.of(held, scope)
                elif type(held) is ir.Call and type(held.func) is ir.Attribute and held.func.name == "get_object":
                    statement = self._of_view(self.project.site(held, scope), held.func, scope)
                else:
                    continue
                if statement is not None:
                    return statement.model
        return None

    def _made(self, expr: Expr, scope: Scope) -> ir.Call | None:
        if type(expr) is not ir.Name or not isinstance(scope, Function):
            return None
        for binding in self.project.types.bindings(scope).get(expr.id, ()):
            if binding.kind == "value" and type(binding.expr) is ir.Call:
                if self.dialect.entities.of(binding.expr.func, scope):
                    return binding.expr
        return None

    def _of_view(self, site: CallSite, func: ir.Attribute, scope: Scope) -> Statement | None:
        """`self.get_object()` of a generic view: the row of the address, or 404."""
        owner = self.project.type_of(func.value, scope)
        cls = None if owner is None else self.project.cls(owner.name)
        if cls is None:
            return None
        method = self.project.classes.method(cls.qualified, "get_queryset")
        found = self.statements.returned(method, None, scope, {}) if method is not None else self.dialect.of_view(cls)
        if found is None or found.library != LIBRARY:
            return None
        stmt = next(
            (
                each.attributes[name]
                for each in self.project.classes.mro(cls)
                if not isinstance(each, str)
                for name in ("lookup_field", "slug_field")
                if name in each.attributes
            ),
            None,
        )
        field = constant(self.project, stmt.value, scope.module) if stmt is not None else "pk"
        use = self.dialect.lookup(found, field if isinstance(field, str) else "pk", None, scope, site.call)
        return found.filtered([use]).with_(is_single=True, raises=True)

    def _shortcut(self, call: ir.Call, scope: Scope) -> Statement | None:
        is_single = _SHORTCUTS.get(self.project.qualified(call.func, scope) or "")
        first = call.argument(0)
        if is_single is None or first is None:
            return None
        statement = self.statements.of(first, scope)
        if statement is None or statement.library != LIBRARY:
            models = self.dialect.entities.of(first, scope)
            candidates = models if len(models) > 1 else ()
            statement = Statement(
                LIBRARY, "queryset", model=models[0] if len(models) == 1 else None, candidates=candidates
            )
        rest = ir.Call(call.at, call.end, call.func, call.args[1:])
        uses, is_complete = self.dialect.conditions(statement, rest, scope)
        return statement.filtered(uses, is_complete=is_complete).with_(is_single=is_single, raises=True)
