"""Queries of MongoDB: those of Beanie's documents, and of the collections of PyMongo and Motor."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._collections import Collections
from backend_lint.adapters._entities import Entities
from backend_lint.adapters._peewee_queries import made_here
from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._sqlalchemy_conditions import Conditions
from backend_lint.adapters._statement import Statement, query
from backend_lint.adapters._statements import Known, Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import ColumnUse, Model, Query

_OPERATORS = {
    "$eq": "==",
    "$ne": "!=",
    "$gt": ">",
    "$gte": ">=",
    "$lt": "<",
    "$lte": "<=",
    "$in": "in",
    "$nin": "not in",
    "$exists": "is",
    "$regex": "regex",
}
_CONVERSIONS = frozenset({"ObjectId", "PydanticObjectId", "str", "int", "UUID"})


class Filters:
    """What filter documents ask for: `{"email": email, "age": {"$gt": 17}}`."""

    def __init__(self, project: Project) -> None:
        self.project = project

    def read(
        self, expr: Expr | None, model: str | None, scope: Scope, *, either: bool = False
    ) -> tuple[list[ColumnUse], bool]:
        """The fields that a document asks for, and whether that is all."""
        document = self.document(expr, scope)
        if document is None:
            return [], expr is None or (type(expr) is ir.Const and expr.value is None)
        uses: list[ColumnUse] = []
        is_complete = True
        for key, value in zip(document.keys, document.values, strict=True):
            name = None if key is None else constant(self.project, key, scope)
            if not isinstance(name, str):
                is_complete = False
            elif name in ("$and", "$or", "$nor"):
                for each in value.items if type(value) is ir.Sequence else ():
                    more, known = self.read(each, model, scope, either=either or name == "$or")
                    uses += more
                    is_complete = is_complete and known
            elif name.startswith("$"):
                is_complete = False
            else:
                uses += self._asked(name, value, model, scope, either)
        return uses, is_complete

    def document(self, expr: Expr | None, scope: Scope) -> ir.Dict | None:
        """The dictionary that an expression is, or that the local variable was assigned."""
        if type(expr) is ir.Dict:
            return expr
        if type(expr) is ir.Name and isinstance(scope, Function):
            bound = [each.expr for each in self.project.types.bindings(scope).get(expr.id, ()) if each.kind == "value"]
            return bound[0] if len(bound) == 1 and type(bound[0]) is ir.Dict else None
        return None

    def _asked(self, name: str, value: Expr, model: str | None, scope: Scope, either: bool) -> Iterator[ColumnUse]:
        place = scope.module.place(value)
        if type(value) is ir.Dict:
            for key, inner in zip(value.keys, value.values, strict=True):
                operator = None if key is None else constant(self.project, key, scope)
                known = _OPERATORS.get(operator, "?") if isinstance(operator, str) else "?"
                yield ColumnUse(name, known, place, inner, model, is_alternative=either)
            return
        while (
            type(value) is ir.Call and (ir.dotted(value.func) or "").rpartition(".")[2] in _CONVERSIONS and value.args
        ):
            value = value.args[0].value
        yield ColumnUse(name, "==", place, value, model, is_alternative=either)

    def written(self, expr: Expr | None, scope: Scope) -> dict[str, Expr]:
        """The fields of a document that is stored, or of the `$set` of an update."""
        document = self.document(expr, scope)
        found: dict[str, Expr] = {}
        for key, value in zip(document.keys, document.values, strict=True) if document is not None else ():
            name = None if key is None else constant(self.project, key, scope)
            if isinstance(name, str) and name.startswith("$"):
                found |= self.written(value, scope) if name in ("$set", "$setOnInsert", "$inc") else {}
            elif isinstance(name, str):
                found[name] = value
        return found


# Collections

_FINDS = frozenset({"find_one", "find_one_and_update", "find_one_and_delete", "find_one_and_replace"})
METHODS = {
    "find": "select",
    "find_one": "select",
    "aggregate": "select",
    "distinct": "select",
    "count_documents": "count",
    "insert_one": "insert",
    "insert_many": "insert",
    "update_one": "update",
    "update_many": "update",
    "replace_one": "update",
    "find_one_and_update": "update",
    "find_one_and_replace": "update",
    "delete_one": "delete",
    "delete_many": "delete",
    "find_one_and_delete": "delete",
}
_BOUNDED = frozenset({"limit", "to_list", "count"})


class CollectionReader:
    """`db.users.find_one({"email": email})`"""

    def __init__(self, project: Project, collections: Collections) -> None:
        self.project, self.collections, self.filters = project, collections, Filters(project)

    def query(self, site: CallSite, scope: QueryScope) -> Query | None:
        func = site.call.func
        if type(func) is not ir.Attribute or func.name not in METHODS or site.targets:
            return None
        name = self.collections.name(func.value, scope.scope)
        if name is None:
            return None
        model = self.project.models.get(f"mongodb.{name}")
        found = self._statement(func.name, site.call, model, scope)
        is_async = scope.is_awaited(site.call) or any(scope.is_awaited(each) for each in self._around(site, scope))
        return query(self.project, found.with_(is_async=is_async), site, scope.scope, site.call)

    def _around(self, site: CallSite, scope: QueryScope) -> Iterator[ir.Call]:
        for each in scope.sites:
            if type(each.call.func) is ir.Attribute and each.call.func.value is site.call:
                yield each.call

    def _statement(self, name: str, call: ir.Call, model: Model | None, scope: QueryScope) -> Statement:
        operation = METHODS[name]
        library = "pymongo"
        qualified = None if model is None else model.qualified
        begun = Statement(library, "construct", operation, qualified)
        if operation == "insert":
            value = call.argument(0, "document" if name == "insert_one" else "documents")
            return begun.with_(values=self.filters.written(value, scope.scope))
        if name in ("aggregate", "distinct"):
            return begun.with_(is_opaque=True)
        asked, is_complete = self.filters.read(call.argument(0, "filter"), qualified, scope.scope)
        found = begun.filtered(asked, is_complete=is_complete)
        if operation == "update":
            found = found.with_(values=self.filters.written(call.argument(1, "update"), scope.scope))
        fetches = scope.fetches(call)
        limit = "limit" in call.keywords or "limit" in fetches
        return found.with_(
            is_single=name in _FINDS or name.endswith("_one"),
            is_bounded=limit or name in _FINDS,
            orders=tuple(self._orders(call, scope, qualified)),
            is_streamed=operation == "select" and name == "find" and "to_list" not in fetches,
        )

    def _orders(self, call: ir.Call, scope: QueryScope, model: str | None) -> Iterator[ColumnUse]:
        """`.sort("created", -1)` of the cursor."""
        for site in self._chain(call, scope):
            if site.method == "sort":
                first = site.call.argument(0, "key_or_list")
                if type(first) is ir.Sequence and first.items and type(first.items[0]) is ir.Sequence:
                    first = first.items[0].items[0]
                name = constant(self.project, first, scope.scope)
                yield ColumnUse(name if isinstance(name, str) else "?", "asc", site.at, None, model)

    def _chain(self, call: ir.Call, scope: QueryScope) -> Iterator[CallSite]:
        current = call
        for _ in range(4):
            outer = next(
                (e for e in scope.sites if type(e.call.func) is ir.Attribute and e.call.func.value is current), None
            )
            if outer is None:
                return
            yield outer
            current = outer.call


# Beanie

_STARTS = frozenset({"find", "find_many", "find_all", "find_one"})
_ENDS = {
    "to_list": "select",
    "first_or_none": "select",
    "count": "count",
    "exists": "exists",
    "update": "update",
    "update_many": "update",
    "set": "update",
    "inc": "update",
    "delete": "delete",
    "delete_many": "delete",
}
_ROWS = {"insert": "insert", "create": "insert", "save": "update", "save_changes": "update", "replace": "update"}
_ROWS |= {"set": "update", "inc": "update", "update": "update", "delete": "delete", "sync": "select"}


class Beanie:
    """The dialect of Beanie, for `Statements`."""

    def __init__(self, project: Project, statements: Statements, entities: Entities) -> None:
        self.project, self.statements, self.entities = project, statements, entities
        self.conditions = Conditions(project, statements, entities)
        self.filters = Filters(project)

    def model(self, expr: Expr, scope: Scope) -> Model | None:
        names = self.entities.of(expr, scope)
        found = self.project.models.get(names[0]) if len(names) == 1 else None
        return found if found is not None and found.orm == "beanie" else None

    def start(self, expr: Expr, scope: Scope, known: Known) -> Statement | None:
        match expr:
            case ir.Call(func=ir.Attribute(value=owner, name=name)) if name in _STARTS:
                model = self.model(owner, scope)
                if model is None:
                    return None
                begun = Statement("beanie", "queryset", "select", model.qualified, is_async=True)
                return self._asked(begun, expr, scope).with_(is_single=name == "find_one")
            case _:
                return None

    def step(self, so_far: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement | None:
        if so_far.library != "beanie" or name in _ENDS:
            return None
        match name:
            case "find" | "find_many" | "find_one":
                return self._asked(so_far, call, scope)
            case "sort":
                return so_far.with_(orders=tuple(self._orders(so_far, call, scope)))
            case "limit":
                return so_far.with_(limit=call.argument(0), is_bounded=True)
            case "aggregate" | "sum" | "avg" | "max" | "min":
                return so_far.with_(is_aggregate=True)
            case _:
                return so_far

    def _asked(self, so_far: Statement, call: ir.Call, scope: Scope) -> Statement:
        eager = ("*",) if _is_true(call.keywords.get("fetch_links")) else ()
        uses: list[ColumnUse] = []
        is_complete = not call.has_unpacking
        for each in call.positional:
            if self.filters.document(each, scope) is not None:
                more, known = self.filters.read(each, so_far.model, scope)
            else:
                more, known = self.conditions.of(each, scope, {})
            uses += more
            is_complete = is_complete and known
        return so_far.filtered(uses, is_complete=is_complete).with_(eager=(*so_far.eager, *eager))

    def _orders(self, so_far: Statement, call: ir.Call, scope: Scope) -> Iterator[ColumnUse]:
        for each in call.positional:
            inner = each.value if type(each) is ir.Unary else each
            found = self.conditions.column(inner, scope)
            held = constant(self.project, inner, scope) if found is None else None
            name = found.name if found is not None else held.lstrip("+-") if isinstance(held, str) else "?"
            yield ColumnUse(name, "asc", scope.module.place(each), None, so_far.model)


class BeanieReader:
    def __init__(self, project: Project, dialect: Beanie) -> None:
        self.project, self.dialect = project, dialect

    def query(self, site: CallSite, scope: QueryScope) -> Query | None:
        func = site.call.func
        if type(func) is not ir.Attribute or site.targets:
            return None
        found = self._sent(site.call, func, scope) or self._of_model(site, func, scope.scope)
        return None if found is None else query(self.project, found, site, scope.scope, site.call)

    def _sent(self, call: ir.Call, func: ir.Attribute, scope: QueryScope) -> Statement | None:
        statement = self.dialect.statements.of(func.value, scope.scope)
        if statement is not None and statement.library == "beanie" and func.name in _ENDS:
            operation = _ENDS[func.name]
            values = self.dialect.filters.written(call.argument(0), scope.scope) if operation == "update" else {}
            single = statement.is_single or func.name == "first_or_none"
            return statement.with_(operation=operation, values=values, is_single=single)
        if scope.is_awaited(call):
            found = self.dialect.statements.of(call, scope.scope)
            return found if found is not None and found.library == "beanie" and found.is_single else None
        return None

    def _of_model(self, site: CallSite, func: ir.Attribute, scope: Scope) -> Statement | None:
        """`User.get(key)`, `User.insert_many(users)`, `user.save()`"""
        model = self.dialect.model(func.value, scope)
        if model is not None and func.name == "get":
            use = ColumnUse("_id", "==", site.at, site.call.argument(0), model.qualified)
            return (
                Statement("beanie", "queryset", "select", model.qualified, is_async=True)
                .filtered([use])
                .with_(is_single=True)
            )
        if model is not None and func.name in ("insert_many", "insert_one"):
            return Statement("beanie", "queryset", "insert", model.qualified, is_async=True)
        held = self.project.type_of(func.value, scope) if func.name in _ROWS else None
        model = self.project.models.get(held.name) if held is not None and not held.itself else None
        if model is None and func.name in _ROWS and type(func.value) is ir.Call:
            model = self.dialect.model(func.value.func, scope)
        if model is None or model.orm != "beanie":
            return None
        made = (
            func.value
            if type(func.value) is ir.Call
            else made_here(self.project, self.dialect.entities, func.value, scope)
        )
        begun = Statement("beanie", "queryset", _ROWS[func.name], model.qualified, is_single=True, is_async=True)
        if begun.operation == "insert" or (func.name == "save" and type(made) is ir.Call):
            return begun.with_(operation="insert", values=dict(made.keywords) if type(made) is ir.Call else {})
        return begun.filtered([ColumnUse("_id", "==", site.at, func.value, model.qualified)])


def _is_true(expr: Expr | None) -> bool:
    return type(expr) is ir.Const and expr.value is True
