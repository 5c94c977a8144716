"""Calls that send a statement of SQLAlchemy: on a session, a connection, or a query object."""

from __future__ import annotations

from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._sql import is_sql, read_text, sql_text
from backend_lint.adapters._sqlalchemy_statements import LIBRARY, SESSIONS, SqlAlchemy
from backend_lint.adapters._statement import Statement, query
from backend_lint.adapters._statements import Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import ColumnUse, Query

_EXECUTE = frozenset({"execute", "scalars", "scalar", "exec", "stream", "stream_scalars"})
_QUERY = frozenset(
    {"all", "first", "one", "one_or_none", "scalar", "count", "get", "delete", "update", "paginate"}
    | {"first_or_404", "one_or_404", "get_or_404"}
)
_SESSION = frozenset(
    {"get", "get_one", "add", "add_all", "delete", "merge", "refresh", "get_or_404", "paginate"}
    | {"bulk_save_objects", "bulk_insert_mappings", "bulk_update_mappings", "first_or_404", "one_or_404"}
)
_SINGLE = frozenset({"one", "one_or_none", "first", "scalar", "scalar_one", "scalar_one_or_none", "fetchone"})
_RAISING = frozenset({"one", "scalar_one", "get_one", "first_or_404", "one_or_404", "get_or_404"})
_ONLY = frozenset({"one", "one_or_none", "scalar_one", "scalar_one_or_none", "one_or_404"})
_CONNECTIONS = frozenset(
    {"sqlalchemy.Connection", "sqlalchemy.Engine", "sqlalchemy.ext.asyncio.AsyncConnection"}
    | {"sqlalchemy.ext.asyncio.AsyncEngine"}
)
_NAMED = ("session", "sess", "db", "conn", "connection", "engine", "bind")


class Reader:
    def __init__(self, project: Project, statements: Statements, dialect: SqlAlchemy) -> None:
        self.project, self.statements, self.dialect = project, statements, dialect

    def query(self, site: CallSite, scope: QueryScope) -> Query | None:
        func = site.call.func
        if type(func) is not ir.Attribute:
            return None
        name = func.name
        found = None
        if name in _EXECUTE:
            found = self._executed(site.call, func, scope)
        if found is None and name in _QUERY:
            found = self._asked(site.call, func, scope.scope)
        if found is None and name in _SESSION:
            found = self._of_session(site.call, func, scope)
        if found is None:
            return None
        is_async = found.is_async or self._is_async(func.value, scope) or scope.is_awaited(site.call)
        return query(self.project, found.with_(is_async=is_async), site, scope.scope, site.call)

    def _is_async(self, receiver: Expr, scope: QueryScope) -> bool:
        found = self.project.type_of(receiver, scope.scope)
        return found is not None and any("asyncio" in each for each in self.dialect.lineage(found.name))

    # session.execute(statement)

    def _executed(self, call: ir.Call, func: ir.Attribute, scope: QueryScope) -> Statement | None:
        value = call.argument(0, "statement")
        statement = self.statements.of(value, scope.scope)
        if statement is None or statement.library != LIBRARY or statement.form not in ("construct", "query"):
            return self._of_unknown(value, func, scope)
        if statement.operation == "raw":
            statement = self._of_text(statement, scope.scope)
        if statement.operation in ("insert", "update") and not statement.values:
            given = call.argument(1, "params")
            statement = statement.with_(values=self._parameters(given, scope.scope))
        return self._fetched(statement, func.name, scope.fetches(call))

    def _parameters(self, given: Expr | None, scope: Scope) -> dict[str, Expr]:
        if type(given) is not ir.Dict:
            return {}
        names = [constant(self.project, key, scope) for key in given.keys]
        return {name: value for name, value in zip(names, given.values, strict=True) if isinstance(name, str)}

    def _of_unknown(self, value: Expr | None, func: ir.Attribute, scope: QueryScope) -> Statement | None:
        """Something that a session executes, and that comes from elsewhere."""
        if value is None or not self._is_connection(func.value, scope.scope):
            return None
        text = sql_text(self.project, value, scope.scope)
        if is_sql(text):
            return self._of_text(Statement(LIBRARY, "construct", "raw", text=value), scope.scope)
        return Statement(LIBRARY, "construct", is_opaque=True)

    def _is_connection(self, receiver: Expr, scope: Scope) -> bool:
        found = self.project.type_of(receiver, scope)
        if found is None:
            return False
        lineage = self.dialect.lineage(found.name)
        return any(each in SESSIONS or each in _CONNECTIONS for each in lineage)

    def _of_text(self, statement: Statement, scope: Scope) -> Statement:
        text = sql_text(self.project, statement.text, scope)
        if text is None or statement.text is None:
            return statement
        return read_text(statement, text, self.project.tables, scope.module.place(statement.text))

    def _fetched(self, statement: Statement, name: str, fetches: list[str]) -> Statement:
        names = [name, *fetches]
        if statement.operation not in ("select", "count", "exists", "raw"):
            return statement
        return statement.with_(
            is_single=statement.is_single or any(each in _SINGLE for each in names),
            raises=any(each in _RAISING for each in names),
            expects_one=any(each in _ONLY for each in names),
            is_streamed=statement.is_streamed or name.startswith("stream") or "yield_per" in names,
        )

    # query.first()

    def _asked(self, call: ir.Call, func: ir.Attribute, scope: Scope) -> Statement | None:
        statement = self.statements.of(func.value, scope)
        if statement is None or statement.library != LIBRARY or statement.form != "query":
            return None
        values = call.positional
        match func.name:
            case "count":
                return statement.with_(operation="count")
            case "delete":
                return statement.with_(operation="delete")
            case "update":
                return statement.with_(operation="update", values=self.dialect.written(call, scope))
            case "get" | "get_or_404":
                return self._by_key(statement, values[0] if values else None, func.name, scope)
            case "paginate":
                size = call.argument(1, "per_page")
                return statement.with_(limit=size, is_bounded=True)
            case _:
                return self._fetched(statement, func.name, [])

    def _by_key(self, statement: Statement, value: Expr | None, name: str, scope: Scope) -> Statement:
        model = self.project.models.get(statement.model or "")
        keys = model.primary_key if model is not None else ("id",)
        place = scope.module.place(value) if value is not None else None
        uses = [ColumnUse(key, "==", place, value, statement.model) for key in keys] if place is not None else []
        return statement.filtered(uses).with_(is_single=True, raises=name in _RAISING)

    # session.get(User, 1), session.add(user)

    def _of_session(self, call: ir.Call, func: ir.Attribute, scope: QueryScope) -> Statement | None:
        values = call.positional
        if not values or not self._may_be_session(func.value, scope.scope):
            return None
        name, first = func.name, values[0]
        if name in ("get", "get_one", "get_or_404"):
            models = self.dialect.entities.of(first, scope.scope)
            if not models or len(values) + len(call.keywords) < 2:
                return None
            begun = Statement(
                LIBRARY, "query", model=models[0] if len(models) == 1 else None, candidates=models[1:] and models
            )
            eager = tuple(self.dialect.eager(call.keywords.get("options"), scope.scope))
            locked = "with_for_update" in call.keywords
            key = call.argument(1, "ident")
            return self._by_key(begun, key, name, scope.scope).with_(eager=eager, is_locked=locked)
        if name in ("paginate", "first_or_404", "one_or_404"):
            statement = self.statements.of(first, scope.scope)
            if statement is None:
                return None
            bounded = statement.with_(is_bounded=True, limit=call.keywords.get("per_page"))
            return bounded if name == "paginate" else self._fetched(statement, "one", [name])
        return self._written(name, first, scope)

    def _may_be_session(self, expr: Expr, scope: Scope) -> bool:
        found = self.project.type_of(expr, scope)
        if found is not None and not found.name.endswith("()"):
            lineage = self.dialect.lineage(found.name)
            return any(each in SESSIONS or each.startswith("flask_sqlalchemy.SQLAlchemy") for each in lineage)
        last = (ir.dotted(expr) or "").rpartition(".")[2].lower()
        if type(expr) is ir.Call:
            last = (ir.dotted(expr.func) or "").rpartition(".")[2].lower()
        return last.endswith(_NAMED)

    def _written(self, name: str, value: Expr, scope: QueryScope) -> Statement | None:
        models, values = self._instance(value, scope.scope)
        if not models and not self.dialect.is_session(self._receiver(scope, value), scope.scope):
            return None
        kind = {"delete": "delete", "merge": "update", "refresh": "select", "bulk_update_mappings": "update"}
        begun = Statement(
            LIBRARY,
            "query",
            kind.get(name, "insert"),
            models[0] if len(models) == 1 else None,
            candidates=models if len(models) > 1 else (),
            values=values,
        )
        if name in ("delete", "refresh", "merge"):
            return begun.with_(is_single=True)
        return begun.with_(is_opaque=not models)

    def _receiver(self, scope: QueryScope, value: Expr) -> Expr:
        for site in scope.sites:
            if value in site.call.positional and type(site.call.func) is ir.Attribute:
                return site.call.func.value
        return value

    def _unpacked(self, call: ir.Call, scope: Scope) -> dict[str, Expr]:
        """What `**body.model_dump()` gives: each field of the schema."""
        found: dict[str, Expr] = {}
        for arg in call.args:
            value: Expr | None = arg.value if arg.stars == 2 else None
            if type(value) is ir.Name and isinstance(scope, Function):
                bound = self.project.types.bindings(scope).get(value.id, ())
                value = bound[0].expr if len(bound) == 1 and bound[0].kind == "value" else None
            match value:
                case ir.Call(func=ir.Attribute(value=owner, name="model_dump" | "dict"), args=[]):
                    kind = self.project.type_of(owner, scope)
                    schema = None if kind is None else self.project.schemas.get(kind.name)
                    for each in schema.fields if schema is not None else ():
                        found[each] = ir.Attribute(arg.value.at, arg.value.end, owner, each)
        return found

    def _instance(self, expr: Expr, scope: Scope, depth: int = 0) -> tuple[tuple[str, ...], dict[str, Expr]]:
        """The models that an object may be of, and what it is made with."""
        if depth > 4:
            return (), {}
        if type(expr) is ir.Call:
            made = self.dialect.entities.of(expr.func, scope)
            if made:
                return made, {**self._unpacked(expr, scope), **expr.keywords}
        if type(expr) is ir.Sequence and expr.items:
            return self._instance(expr.items[0], scope, depth + 1)
        if type(expr) is ir.Comprehension:
            return self._instance(expr.element, scope, depth + 1)
        if type(expr) is ir.Name and isinstance(scope, Function):
            held = [
                self._instance(binding.expr, scope, depth + 1)
                for binding in self.project.types.bindings(scope).get(expr.id, ())
                if binding.kind == "value" and type(binding.expr) in (ir.Call, ir.Sequence, ir.Comprehension)
            ]
            known = [each for each in held if each[0]]
            if known:  # made here, rather than found and made only where there was none
                return next((each for each in known if each[1]), known[0])
        found = self.project.type_of(expr, scope)
        if found is not None and found.name == "builtins.list" and found.args:
            found = found.args[0]
        if found is not None and not found.itself and found.name in self.project.models:
            return (found.name,), {}
        if (
            type(expr) is ir.Name
            and expr.id == "self"
            and found is not None
            and self.project.cls(found.name) is not None
        ):
            return self.dialect.entities.of(ir.Name(expr.at, expr.end, "cls"), scope), {}
        return (), {}
