"""Statements of Peewee, and the calls that send them."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._entities import Entities
from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._sqlalchemy_conditions import Conditions
from backend_lint.adapters._statement import Statement, query
from backend_lint.adapters._statements import Known, Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Function, Project, Scope
from backend_lint.project.model import ColumnUse, Model, Query

LIBRARY = "peewee"
_STARTS = {
    "select": "select",
    "filter": "select",
    "update": "update",
    "delete": "delete",
    "insert": "insert",
    "insert_many": "insert",
    "replace": "insert",
    "replace_many": "insert",
}
_SENDS = frozenset({"get", "get_or_none", "first", "count", "exists", "scalar", "execute"})
_LOOKUPS = frozenset({"get", "get_or_none"})
_OF_MODELS = {
    "create": "insert",
    "get_or_create": "insert",
    "bulk_create": "insert",
    "bulk_update": "update",
    "set_by_id": "update",
    "delete_by_id": "delete",
    "get_by_id": "select",
}
_ROWS = {"save": "update", "delete_instance": "delete"}
_DIRECTIONS = frozenset({"asc", "desc"})


class Peewee:
    """The dialect of Peewee, for `Statements`."""

    def __init__(self, project: Project, statements: Statements, entities: Entities) -> None:
        self.project, self.statements, self.entities = project, statements, entities
        self.conditions = Conditions(project, statements, entities)

    def model(self, expr: Expr, scope: Scope) -> Model | None:
        """The model of Peewee that an expression names."""
        names = self.entities.of(expr, scope)
        found = self.project.models.get(names[0]) if len(names) == 1 else None
        return found if found is not None and found.orm == LIBRARY else None

    def start(self, expr: Expr, scope: Scope, known: Known) -> Statement | None:
        match expr:
            case ir.Call(func=ir.Attribute(value=owner, name=name)) if name in _STARTS:
                model = self.model(owner, scope)
                return None if model is None else self._begun(model, expr, name, scope)
            case ir.Attribute(value=owner, name=name):
                return self._related(expr, owner, name, scope)
            case _:
                return None

    def _begun(self, model: Model, call: ir.Call, name: str, scope: Scope) -> Statement:
        operation = _STARTS[name]
        form = "queryset" if operation == "select" else "construct"
        begun = Statement(LIBRARY, form, operation, model.qualified)
        if name == "filter":
            return self.where(begun, call, scope)
        if operation in ("insert", "update"):
            return begun.with_(values=self._values(call))
        figures = [each for each in call.positional if _is_figure(each)]
        is_figure = bool(figures) and len(figures) == len(call.positional)
        return begun.with_(eager=tuple(self._selected(model, call, scope)), is_aggregate=is_figure)

    def _values(self, call: ir.Call) -> dict[str, Expr]:
        """`update(stock=0)`, `update({Product.stock: 0})`"""
        found = dict(call.keywords)
        for each in call.positional:
            if type(each) is ir.Dict:
                for key, value in zip(each.keys, each.values, strict=True):
                    if type(key) is ir.Attribute:
                        found[key.name] = value
        return found

    def _selected(self, model: Model, call: ir.Call, scope: Scope) -> Iterator[str]:
        """The relations whose rows are selected with those of the model: `select(Order, Customer)`."""
        for each in call.positional[1:]:
            other = self.model(each, scope)
            for relation in model.relationships.values():
                if other is not None and relation.target == other.qualified and not relation.many:
                    yield relation.name

    def _related(self, expr: ir.Attribute, owner: Expr, name: str, scope: Scope) -> Statement | None:
        """`customer.orders`: the rows that refer to the one at hand."""
        found = self.project.type_of(expr, scope)
        if found is None or found.itself or found.name != "peewee.ModelSelect" or not found.args:
            return None
        held = self.project.type_of(owner, scope)
        model = self.project.models.get(held.name) if held is not None and not held.itself else None
        relation = None if model is None else model.relationships.get(name)
        target = self.project.models.get(found.args[0].name)
        begun = Statement(LIBRARY, "queryset", "select", found.args[0].name)
        back = None if relation is None or target is None else target.columns.get(relation.back or "")
        if back is None or target is None:
            return begun.with_(has_unknown_filters=True)
        return begun.filtered([ColumnUse(back.name, "==", scope.module.place(expr), owner, target.qualified)])

    def step(self, so_far: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement | None:
        if so_far.library != LIBRARY or name in _SENDS:
            return None
        match name:
            case "where" | "orwhere" | "filter" | "having":
                return self.where(so_far, call, scope)
            case "order_by" | "order_by_extend":
                return so_far.with_(orders=tuple(self._orders(so_far, call, scope)))
            case "limit":
                return so_far.with_(limit=call.argument(0, "limit"), is_bounded=True)
            case "paginate":
                return so_far.with_(limit=call.argument(1, "paginate_by"), is_bounded=True)
            case "group_by":
                return so_far.with_(is_grouped=True)
            case "for_update":
                return so_far.with_(is_locked=True)
            case "iterator":
                return so_far.with_(is_streamed=True)
            case "join" | "join_from" | "left_outer_join":
                return so_far
            case _:
                return so_far

    def where(self, so_far: Statement, call: ir.Call, scope: Scope) -> Statement:
        uses: list[ColumnUse] = []
        is_complete = not call.has_unpacking
        for each in call.positional:
            more, is_known = self.conditions.of(each, scope, {})
            uses += more
            is_complete = is_complete and is_known
        model = self.project.models.get(so_far.model or "")
        for keyword, value in call.keywords.items():
            column = None if model is None else model.columns.get(keyword)
            name = column.name if column is not None else keyword
            uses.append(ColumnUse(name, "==", scope.module.place(value), value, so_far.model))
        return so_far.filtered(uses, is_complete=is_complete)

    def _orders(self, so_far: Statement, call: ir.Call, scope: Scope) -> Iterator[ColumnUse]:
        for each in call.positional:
            inner = each.value if type(each) is ir.Unary else each
            direction = "desc" if type(each) is ir.Unary and each.op == "-" else "asc"
            if type(inner) is ir.Call and type(inner.func) is ir.Attribute and inner.func.name in _DIRECTIONS:
                direction, inner = inner.func.name, inner.func.value
            found = self.conditions.column(inner, scope)
            place = scope.module.place(each)
            if found is None:
                yield ColumnUse("?", direction, place, inner, so_far.model)
            else:
                yield ColumnUse(found.name, direction, place, None, found.model, function=found.function)


class Reader:
    def __init__(self, project: Project, statements: Statements, dialect: Peewee) -> None:
        self.project, self.statements, self.dialect = project, statements, dialect

    def query(self, site: CallSite, scope: QueryScope) -> Query | None:
        func = site.call.func
        if type(func) is not ir.Attribute:
            return None
        found = None
        if func.name in _SENDS:
            found = self._sent(site.call, func, scope.scope)
        if found is None and func.name in _OF_MODELS:
            found = self._of_model(site.call, func, scope.scope)
        if found is None and func.name in _ROWS:
            found = self._of_row(site, func, scope.scope)
        return None if found is None else query(self.project, found, site, scope.scope, site.call)

    def _sent(self, call: ir.Call, func: ir.Attribute, scope: Scope) -> Statement | None:
        name = func.name
        if name == "get" or name.startswith("get_"):
            model = self.dialect.model(func.value, scope)
            if model is not None:
                begun = Statement(LIBRARY, "queryset", "select", model.qualified)
                return self.dialect.where(begun, call, scope).with_(is_single=True, raises=name == "get")
        statement = self.statements.of(func.value, scope)
        if statement is None or statement.library != LIBRARY:
            return None
        if name in _LOOKUPS or name in ("first", "scalar"):
            return statement.with_(is_single=True, raises=name == "get")
        if name in ("count", "exists"):
            return statement.with_(operation=name)
        return statement

    def _of_model(self, call: ir.Call, func: ir.Attribute, scope: Scope) -> Statement | None:
        model = self.dialect.model(func.value, scope)
        if model is None:
            return None
        name = func.name
        values = {each: value for each, value in call.keywords.items() if each != "defaults"}
        begun = Statement(LIBRARY, "queryset", _OF_MODELS[name], model.qualified, values=values)
        if name == "get_or_create":
            return self.dialect.where(begun, call, scope).with_(is_single=True)
        if name.endswith("_by_id"):
            key = (model.primary_key or ("id",))[0]
            use = ColumnUse(key, "==", scope.module.place(call), call.argument(0, "pk"), model.qualified)
            return begun.filtered([use]).with_(is_single=True, raises=name == "get_by_id")
        return begun

    def _of_row(self, site: CallSite, func: ir.Attribute, scope: Scope) -> Statement | None:
        """`order.save()`: an insert where it was made here, an update otherwise."""
        held = self.project.type_of(func.value, scope)
        model = self.project.models.get(held.name) if held is not None and not held.itself else None
        if model is None or model.orm != LIBRARY:
            return None
        made = made_here(self.project, self.dialect.entities, func.value, scope)
        operation = _ROWS[func.name]
        if operation == "update" and made is not None:
            return Statement(LIBRARY, "queryset", "insert", model.qualified, values=dict(made.keywords), is_single=True)
        key = ColumnUse((model.primary_key or ("id",))[0], "==", site.at, func.value, model.qualified)
        return Statement(LIBRARY, "queryset", operation, model.qualified, filters=(key,), is_single=True)


def made_here(project: Project, entities: Entities, expr: Expr, scope: Scope) -> ir.Call | None:
    """The call that makes a row, where its own function does."""
    if type(expr) is ir.Call:
        return expr if entities.of(expr.func, scope) else None
    if type(expr) is not ir.Name or not isinstance(scope, Function):
        return None
    for binding in project.types.bindings(scope).get(expr.id, ()):
        if binding.kind == "value" and type(binding.expr) is ir.Call and entities.of(binding.expr.func, scope):
            return binding.expr
    return None


def _is_figure(expr: Expr) -> bool:
    """`fn.COUNT(Order.id)`, `fn.SUM(…).alias("total")`"""
    while type(expr) is ir.Call and type(expr.func) is ir.Attribute and expr.func.name in ("alias", "distinct"):
        expr = expr.func.value
    name = (ir.dotted(expr.func) or "").rpartition(".")[2] if type(expr) is ir.Call else ""
    return name.lower() in ("count", "sum", "avg", "min", "max")
