"""Statements of SQLAlchemy: `select()` and its kin, `session.query()`, `Model.query`, tables, their conditions."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._entities import Entities
from backend_lint.adapters._sqlalchemy_conditions import SAME_COLUMN, Col, Conditions
from backend_lint.adapters._sqlalchemy_types import word
from backend_lint.adapters._statement import Statement
from backend_lint.adapters._statements import Known, Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.external import ancestors
from backend_lint.project.model import ColumnUse

LIBRARY = "sqlalchemy"
_STARTS = frozenset({"select", "update", "delete", "insert", "text", "exists", "Query", "union", "union_all"})
_AGGREGATES = frozenset({"count", "sum", "avg", "min", "max", "array_agg", "string_agg", "group_concat", "bool_or"})
_QUERIES = "sqlalchemy.orm.Query"
_CONSTRUCTS = ("sqlalchemy.Select", "sqlalchemy.Update", "sqlalchemy.Delete", "sqlalchemy.Insert")
_LOADERS = frozenset(
    {"joinedload", "selectinload", "subqueryload", "contains_eager", "immediateload", "defaultload", "joinedload_all"}
)
TERMINAL = frozenset(
    {"all", "first", "one", "one_or_none", "scalar", "count", "get", "delete", "update", "first_or_404", "paginate"}
    | {"one_or_404", "get_or_404", "scalars", "__iter__"}
)
_UNCHANGED = frozenset(
    {"offset", "distinct", "returning", "correlate", "params", "populate_existing", "with_hint", "prefix_with", "alias"}
    | {
        "correlate_except",
        "enable_eagerloads",
        "autoflush",
        "execution_options",
        "label",
        "reset_joinpoint",
        "subquery",
    }
    | {
        "scalar_subquery",
        "as_scalar",
        "cte",
        "lateral",
        "with_session",
        "enable_assertions",
        "add_columns",
        "add_column",
    }
    | {"on_conflict_do_nothing", "on_conflict_do_update", "on_duplicate_key_update", "from_self", "tablesample"}
)


class SqlAlchemy:
    """The dialect of SQLAlchemy, for `Statements`."""

    def __init__(self, project: Project, statements: Statements, entities: Entities) -> None:
        self.project, self.statements, self.entities = project, statements, entities
        self.conditions = Conditions(project, statements, entities)

    # Where statements begin

    def start(self, expr: Expr, scope: Scope, known: Known) -> Statement | None:
        match expr:
            case ir.Call(func=func):
                return self._called(expr, func, scope, known)
            case ir.Attribute(value=value, name="query"):
                found = self.entities.of(value, scope)
                if found and all(each in self.project.models for each in found):
                    return self._begun("query", found)
                return self._typed(expr, scope)
            case ir.Attribute() | ir.Name():
                return self._typed(expr, scope)
            case _:
                return None

    def _typed(self, expr: Expr, scope: Scope) -> Statement | None:
        """A variable or an attribute whose type is a statement's; what it asks for is not known."""
        found = self.project.type_of(expr, scope)
        if found is None or found.itself or not found.name.startswith(("sqlalchemy.", "flask_sqlalchemy.")):
            return None
        above = ancestors(found.name)
        form = "query" if _QUERIES in above else "construct" if above[0] in _CONSTRUCTS else None
        if form is None:
            return None
        name = found.args[0].name if found.args else None
        model = name if name in self.project.models else None
        operation = above[0].rpartition(".")[2].lower() if form == "construct" else "select"
        is_relation = type(expr) is ir.Attribute and form == "query"
        return Statement(
            LIBRARY, form, operation, model, is_opaque=not is_relation, has_unknown_filters=is_relation
        )  # a dynamic relation gives the rows of one parent

    def _begun(self, form: str, found: tuple[str, ...], operation: str = "select") -> Statement:
        model = found[0] if len(found) == 1 else None
        return Statement(LIBRARY, form, operation, model, candidates=found if len(found) > 1 else ())

    def _called(self, call: ir.Call, func: Expr, scope: Scope, known: Known) -> Statement | None:
        if type(func) is ir.Attribute and func.name == "query":
            return self._session_query(call, func, scope, known)
        if type(func) is ir.Attribute and func.name in ("select", "insert", "update", "delete"):
            found = self.entities.of(func.value, scope)
            if found and any(self._is_table(each, func.value) for each in found):
                begun = self._begun("construct", found, func.name)
                return self._conditioned(begun, call.positional, scope, known) if func.name != "select" else begun
        name = self._starter(func, scope)
        match name:
            case "select":
                return self._selected(Statement(LIBRARY, "construct"), call, scope, known)
            case "Query":
                return self._selected(Statement(LIBRARY, "query"), call, scope, known)
            case "update" | "delete" | "insert":
                target = call.positional[0] if call.positional else None
                return self._begun("construct", self.entities.of(target, scope), name)
            case "text":
                value = call.positional[0] if call.positional else None
                return Statement(LIBRARY, "construct", "raw", text=value)
            case "exists":
                return self._existing(call, scope, known)
            case "union" | "union_all":
                inner = self.statements.of(call.positional[0], scope, known) if call.positional else None
                return None if inner is None else inner.with_(has_unknown_filters=True)
            case _:
                return None

    def _starter(self, func: Expr, scope: Scope) -> str | None:
        """The name of one of SQLAlchemy's functions that begin a statement."""
        if type(func) is ir.Name:
            last = (self.project.qualified(func, scope) or "").rpartition(".")[2]
        else:
            last = func.name if type(func) is ir.Attribute else ""
        return last if last in _STARTS and word(self.project, func, scope) == last else None

    def _is_table(self, name: str, expr: Expr) -> bool:
        model = self.project.models.get(name)
        is_class = type(expr) is ir.Attribute and expr.name == "__table__"
        return is_class or (model is not None and model.handle is not None and model.orm != "django")

    def _session_query(self, call: ir.Call, func: ir.Attribute, scope: Scope, known: Known) -> Statement | None:
        begun = self._selected(Statement(LIBRARY, "query"), call, scope, known)
        if begun.model is not None or begun.candidates:
            return begun
        return begun.with_(is_opaque=not begun.is_aggregate) if self.is_session(func.value, scope) else None

    def is_session(self, expr: Expr, scope: Scope) -> bool:
        found = self.project.type_of(expr, scope)
        return found is not None and any(each in SESSIONS for each in self.lineage(found.name))

    def lineage(self, name: str) -> tuple[str, ...]:
        """A class and what it inherits from, by qualified names."""
        cls = self.project.cls(name)
        if cls is None:
            return ancestors(name)
        return tuple(each if isinstance(each, str) else each.qualified for each in self.project.classes.mro(cls))

    def _selected(self, begun: Statement, call: ir.Call, scope: Scope, known: Known) -> Statement:
        """The entity that is selected, and whether only figures are."""
        items = [
            item
            for arg in call.args
            if arg.keyword is None
            for item, _ in (self.statements.parts(arg.value, scope) if arg.stars else self._listed(arg.value))
        ]
        models: list[str] = []
        aggregates: list[str] = []
        joined: list[ColumnUse] = []
        for item in items:
            aggregate = self._aggregate(item, scope)
            if aggregate is not None:
                aggregates.append(aggregate)
            found = self.entities.of(item, scope)
            if len(found) > 1:
                begun = begun.with_(candidates=found)
            elif found:
                models.append(found[0])
            else:
                models.extend(col.model for col in self._columns_in(item, scope) if col.model is not None)
            inner = None if found else self.statements.of(_source(item), scope, known)
            if inner is not None:
                joined.extend(inner.filters)
                models.extend([inner.model] if inner.model is not None else [])
                if inner.operation == "exists":
                    aggregates.append("exists")
        if models:
            begun = begun.with_(model=models[0], joined=models[0])
        if aggregates and len(aggregates) == len(items):
            operation = "count" if "count" in aggregates else "exists" if "exists" in aggregates else "select"
            begun = begun.with_(is_aggregate=True, operation=operation)
        return begun.with_(filters=(*begun.filters, *joined))

    def _listed(self, expr: Expr) -> list[tuple[Expr, bool]]:
        if type(expr) is ir.Sequence and expr.kind in ("list", "tuple"):  # select([…]) of SQLAlchemy 1.x
            return [(item, True) for item in expr.items]
        return [(expr, True)]

    def _aggregate(self, expr: Expr, scope: Scope) -> str | None:
        while type(expr) is ir.Call:
            if type(expr.func) is ir.Attribute and expr.func.name in (
                "label",
                "cast",
                "filter",
                "over",
                "scalar_subquery",
            ):
                if expr.func.name == "over":
                    return None
                expr = expr.func.value
                continue
            name = (ir.dotted(expr.func) or "").rpartition(".")[2]
            if name in ("coalesce", "cast", "nullif", "distinct", "round", "type_coerce") and expr.args:
                expr = expr.args[0].value
                continue
            return name if name in _AGGREGATES else None
        return None

    def _columns_in(self, expr: Expr, scope: Scope) -> Iterator[Col]:
        for node in ir.walk_expression(expr):
            if type(node) is ir.Attribute:
                col = self.conditions.column(node, scope)
                if col is not None:
                    yield col
            elif type(node) is ir.Name:
                for name in self.entities.of(node, scope)[:1]:
                    yield Col("", name)

    def _existing(self, call: ir.Call, scope: Scope, known: Known) -> Statement:
        if not call.positional:
            return Statement(LIBRARY, "construct", "exists")
        first = call.positional[0]
        inner = self.statements.of(first, scope, known)
        if inner is not None:
            return inner.with_(operation="exists", form="construct", is_aggregate=True)
        begun = self._selected(Statement(LIBRARY, "construct"), call, scope, known)
        return begun.with_(operation="exists", is_aggregate=True)

    # Steps

    def step(self, so_far: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement | None:
        if so_far.library != LIBRARY or name in TERMINAL:
            return None
        values = call.positional
        match name:
            case "where" | "filter" | "having" | "whereclause":
                return self._conditioned(so_far, self.conditions.spread(call, scope), scope, known)
            case "filter_by":
                uses, is_complete = self._named(so_far, call, scope)
                return so_far.filtered(uses, is_complete=is_complete)
            case "order_by":
                return so_far.with_(
                    orders=(*so_far.orders, *self._orders(so_far, self.conditions.spread(call, scope), scope))
                )
            case "group_by":
                return so_far.with_(is_grouped=True)
            case "limit" | "fetch":
                is_none = bool(values) and type(values[0]) is ir.Const and values[0].value is None
                return so_far if is_none or not values else so_far.with_(limit=values[0], is_bounded=True)
            case "slice":
                return so_far.with_(limit=values[1] if len(values) > 1 else None, is_bounded=True)
            case "join" | "outerjoin" | "join_from" | "select_from" | "full_join":
                return self._joined(so_far, call, name, scope, known)
            case "options":
                return so_far.with_(eager=(*so_far.eager, *self._eager(call, scope)))
            case "with_for_update" | "with_lockmode":
                return so_far.with_(is_locked=True)
            case "values":
                return so_far.with_(values={**so_far.values, **self.written(call, scope)})
            case "yield_per":
                return so_far.with_(is_streamed=True)
            case "exists":
                return so_far.with_(operation="exists", form="construct", is_aggregate=True)
            case "with_entities" | "with_only_columns":
                fresh = self._selected(Statement(LIBRARY, so_far.form), call, scope, known)
                return so_far.with_(operation=fresh.operation, is_aggregate=fresh.is_aggregate)
            case "union" | "union_all" | "intersect" | "except_":
                return so_far.with_(has_unknown_filters=True)
            case _ if name in _UNCHANGED:
                return so_far
            case _:
                return so_far.with_(has_unknown_filters=True)

    def _conditioned(self, so_far: Statement, values: list[Expr], scope: Scope, known: Known) -> Statement:
        for value in values:
            uses, is_complete = self.conditions.of(value, scope, known)
            so_far = so_far.filtered(uses, is_complete=is_complete)
        return so_far

    def _named(self, so_far: Statement, call: ir.Call, scope: Scope) -> tuple[list[ColumnUse], bool]:
        model = self.project.models.get(so_far.joined or so_far.model or "")
        uses = []
        for name, value in call.keywords.items():
            column = model.columns.get(name) if model is not None else None
            owner = None if model is None else model.qualified
            place = scope.module.place(value)
            uses.append(ColumnUse(name if column is None else column.name, "==", place, value, owner))
        return uses, not call.has_unpacking

    def written(self, call: ir.Call, scope: Scope) -> dict[str, Expr]:
        """What `values(…)` or `update({…})` writes, by attribute."""
        found = dict(call.keywords)
        for value in call.positional:
            items = value.items if type(value) is ir.Sequence else [value]
            for item in items:
                if type(item) is ir.Dict:
                    for key, held in zip(item.keys, item.values, strict=True):
                        name = key.name if type(key) is ir.Attribute else constant(self.project, key, scope)
                        if isinstance(name, str):
                            found[name] = held
        return {name: value for name, value in found.items() if name != "synchronize_session"}

    def _joined(self, so_far: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement:
        targets = [found for value in call.positional for found in self.entities.of(value, scope)[:1]]
        for value in call.positional:
            if type(value) is ir.Attribute:  # join(User.orders)
                owner = next(iter(self.entities.of(value.value, scope)), None)
                model = self.project.models.get(owner or "")
                related = model.relationships.get(value.name) if model is not None else None
                if related is not None and related.target is not None:
                    targets.append(related.target)
        if name == "select_from" and targets and so_far.model is None:
            so_far = so_far.with_(model=targets[0])
        for value in call.positional if not targets else []:
            inner = self.statements.of(value, scope, known)
            if inner is not None:
                so_far = so_far.with_(model=so_far.model or inner.model).filtered(list(inner.filters))
        uses: list[ColumnUse] = []
        for value in [*call.positional[1:], *([call.keywords["onclause"]] if "onclause" in call.keywords else [])]:
            found, _ = self.conditions.of(value, scope, known)
            uses.extend(found)
        return so_far.with_(joined=targets[-1] if targets else so_far.joined).filtered(uses)

    def _orders(self, so_far: Statement, values: list[Expr], scope: Scope) -> Iterator[ColumnUse]:
        for value in values:
            direction, inner = "asc", value
            while type(inner) is ir.Call:
                if type(inner.func) is ir.Attribute and inner.func.name in SAME_COLUMN:
                    direction = "desc" if inner.func.name == "desc" else direction
                    inner = inner.func.value
                elif (ir.dotted(inner.func) or "").rpartition(".")[2] in ("desc", "asc", "nullslast", "nullsfirst"):
                    direction = "desc" if (ir.dotted(inner.func) or "").endswith("desc") else direction
                    inner = inner.args[0].value if inner.args else ir.Const(0, 0, None)
                else:
                    break
            col = self.conditions.column(inner, scope)
            place = scope.module.place(value)
            if col is not None:
                yield ColumnUse(col.name, direction, place, None, col.model, col.path, col.function)
            else:
                held = constant(self.project, inner, scope)
                name = held.split()[0] if isinstance(held, str) and held.split() else "?"
                model = self.project.models.get(so_far.model or "")
                known = None if model is None else model.columns.get(name)
                yield ColumnUse(name if known is None else known.name, direction, place, inner, so_far.model)

    def eager(self, options: Expr | None, scope: Scope) -> Iterator[str]:
        """The relation paths in `options=[joinedload(…), …]`."""
        if options is not None:
            yield from self._paths([item for item, _ in self.statements.parts(options, scope)], scope)

    def _eager(self, call: ir.Call, scope: Scope) -> Iterator[str]:
        yield from self._paths(self.conditions.spread(call, scope), scope)

    def _paths(self, values: list[Expr], scope: Scope) -> Iterator[str]:
        for value in values:
            path = ".".join(self._loaded(value, scope))
            if path:
                yield path

    def _loaded(self, expr: Expr, scope: Scope) -> list[str]:
        """The relations along `joinedload(Order.lines).selectinload(Line.product)`."""
        if type(expr) is ir.Name and isinstance(scope, Function):
            bound = self.project.types.bindings(scope).get(expr.id, [])
            return self._loaded(bound[-1].expr, scope) if bound and bound[-1].kind == "value" else []
        if type(expr) is not ir.Call:
            return []
        before: list[str] = []
        name = (ir.dotted(expr.func) or "").rpartition(".")[2]
        if type(expr.func) is ir.Attribute:
            name = expr.func.name
            before = self._loaded(expr.func.value, scope)
        if name not in _LOADERS:
            return before
        found = []
        for value in expr.positional:
            held = value.name if type(value) is ir.Attribute else constant(self.project, value, scope)
            if type(value) is ir.Call and type(value.func) is ir.Attribute and type(value.func.value) is ir.Attribute:
                held = value.func.value.name  # Order.lines.and_(…), Order.lines.of_type(…)
            if isinstance(held, str):
                found.append(held)
        return [*before, *found]


def _source(expr: Expr) -> Expr:
    """The subquery in `subquery.c.total`."""
    if type(expr) is ir.Attribute and type(expr.value) is ir.Attribute and expr.value.name in ("c", "columns"):
        return expr.value.value
    return expr


SESSIONS = frozenset(
    {
        "sqlalchemy.orm.Session",
        "sqlalchemy.orm.scoped_session",
        "sqlalchemy.ext.asyncio.AsyncSession",
        "sqlalchemy.ext.asyncio.async_scoped_session",
        "flask_sqlalchemy.session.Session",
    }
)
