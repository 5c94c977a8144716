"""Statements whose conditions are keywords, as Django's are: those of Tortoise ORM and mongoengine."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lint.adapters._django_statements import Django
from backend_lint.adapters._peewee_queries import made_here
from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._statement import Statement, query
from backend_lint.adapters._statements import Known
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Project, Scope
from backend_lint.project.model import ColumnUse, Model, Query


@dataclass(frozen=True)
class Words:
    """What a library calls things.

    `starts` are methods of models that begin a statement, `ends` those that send it, with the operation; `single` those
    of them that ask for one row, of which `strict` raise without one. `queryset` is the class of its statements.
    `manager` is the attribute of models that stands for all rows, where there is one.
    """

    library: str
    queryset: str
    starts: frozenset[str]
    ends: dict[str, str]
    single: frozenset[str]
    strict: frozenset[str]
    rows: dict[str, str]
    manager: str | None = None
    is_async: bool = False


TORTOISE = Words(
    "tortoise",
    "tortoise.queryset.QuerySet",
    frozenset({"filter", "all", "exclude", "annotate", "select_for_update"}),
    {
        **dict.fromkeys(("get", "get_or_none", "first", "last", "earliest", "latest"), "select"),
        "count": "count",
        "exists": "exists",
        "in_bulk": "select",
        **dict.fromkeys(("create", "bulk_create", "get_or_create", "update_or_create"), "insert"),
        **dict.fromkeys(("update", "bulk_update"), "update"),
        "delete": "delete",
    },
    frozenset({"get", "get_or_none", "first", "last", "earliest", "latest", "get_or_create", "update_or_create"}),
    frozenset({"get"}),
    {"save": "update", "delete": "delete", "refresh_from_db": "select"},
    is_async=True,
)
MONGOENGINE = Words(
    "mongoengine",
    "mongoengine.QuerySet",
    frozenset({"objects"}),
    {
        **dict.fromkeys(("get", "first", "get_or_404", "first_or_404"), "select"),
        "count": "count",
        **dict.fromkeys(("create", "insert", "upsert_one"), "insert"),
        **dict.fromkeys(("update", "update_one", "modify"), "update"),
        "delete": "delete",
    },
    frozenset({"get", "first", "get_or_404", "first_or_404", "update_one", "modify", "upsert_one"}),
    frozenset({"get", "get_or_404", "first_or_404"}),
    {"save": "update", "delete": "delete", "reload": "select"},
    manager="objects",
)
_FILTERING = frozenset(
    {"exists"} | {"get", "get_or_none", "get_or_create", "update_or_create", "get_or_404", "first_or_404"}
)


class Lookups:
    """The dialect of such a library, for `Statements`; `django` reads the keywords."""

    def __init__(self, project: Project, words: Words, django: Django) -> None:
        self.project, self.words, self.django = project, words, django
        self.entities, self.statements = django.entities, django.statements

    def model(self, expr: Expr, scope: Scope) -> Model | None:
        names = self.entities.of(expr, scope)
        found = self.project.models.get(names[0]) if len(names) == 1 else None
        return found if found is not None and found.orm == self.words.library else None

    def start(self, expr: Expr, scope: Scope, known: Known) -> Statement | None:
        match expr:
            case ir.Attribute(value=owner, name=name) if name == self.words.manager:
                model = self.model(owner, scope)
                return None if model is None else self.begun(model)
            case ir.Call(func=ir.Attribute(value=owner, name=name)) if name in self.words.starts | self.words.single:
                model = self.model(owner, scope)
                if model is None:
                    return None
                if name == self.words.manager:
                    return self.filtered(self.begun(model), expr, scope)
                return self.step(self.begun(model), expr, name, scope, known)
            case ir.Attribute(value=owner, name=name):
                return self._related(expr, owner, name, scope)
            case _:
                return None

    def begun(self, model: Model) -> Statement:
        return Statement(self.words.library, "queryset", "select", model.qualified, is_async=self.words.is_async)

    def filtered(self, so_far: Statement, call: ir.Call, scope: Scope, *, negated: bool = False) -> Statement:
        uses, is_complete = self.django.conditions(so_far, call, scope, negated=negated)
        return so_far.filtered(uses, is_complete=is_complete)

    def _related(self, expr: ir.Attribute, owner: Expr, name: str, scope: Scope) -> Statement | None:
        """`company.members`: the rows that refer to the one at hand."""
        held = self.project.type_of(owner, scope)
        model = self.project.models.get(held.name) if held is not None and not held.itself else None
        relation = model.relationships.get(name) if model is not None and model.orm == self.words.library else None
        target = self.project.models.get(relation.target or "") if relation is not None and relation.many else None
        if relation is None or target is None:
            return None
        back = target.columns.get(relation.back or "")
        if back is None:
            return self.begun(target).with_(has_unknown_filters=True)
        use = ColumnUse(back.name, "==", scope.module.place(expr), owner, target.qualified)
        return self.begun(target).filtered([use])

    def step(self, so_far: Statement, call: ir.Call, name: str, scope: Scope, known: Known) -> Statement | None:
        if so_far.library != self.words.library:
            return None
        if name in self.words.ends:
            return self._one(so_far, call, name, scope)
        match name:
            case "filter" | "exclude" | "__call__":
                return self.filtered(so_far, call, scope, negated=name == "exclude" and self.words.manager is None)
            case "order_by":
                return so_far.with_(orders=tuple(self.django.orders(so_far, call, scope)))
            case "limit":
                return so_far.with_(limit=call.argument(0), is_bounded=True)
            case "prefetch_related" | "select_related":
                return so_far.with_(eager=(*so_far.eager, *self.django.eager(call, scope)))
            case "select_for_update":
                return so_far.with_(is_locked=True)
            case _:
                return so_far

    def _one(self, so_far: Statement, call: ir.Call, name: str, scope: Scope) -> Statement | None:
        """`Order.get(…)` where more is said of it before it is awaited."""
        if not self.words.is_async or name not in self.words.single or self.words.ends[name] != "select":
            return None
        asked = self.filtered(so_far, call, scope) if name in _FILTERING else so_far
        return asked.with_(is_single=True, raises=name in self.words.strict)


class Reader:
    def __init__(self, project: Project, dialect: Lookups) -> None:
        self.project, self.dialect, self.words = project, dialect, dialect.words

    def query(self, site: CallSite, scope: QueryScope) -> Query | None:
        func = site.call.func
        if type(func) is not ir.Attribute or site.targets:
            return None
        found = None
        if func.name in self.words.ends and not (self.words.is_async and scope.chained(site.call)):
            found = self._sent(site.call, func, scope.scope)
        if found is None and func.name in self.words.rows:
            found = self._of_row(site, func, scope.scope)
        if found is None and self.words.is_async and scope.is_awaited(site.call):
            found = self._awaited(site.call, scope.scope)
        return None if found is None else query(self.project, found, site, scope.scope, site.call)

    def _sent(self, call: ir.Call, func: ir.Attribute, scope: Scope) -> Statement | None:
        dialect, name = self.dialect, func.name
        statement = dialect.statements.of(func.value, scope)
        if statement is None or statement.library != self.words.library:
            model = dialect.model(func.value, scope) if self.words.manager is None else None
            if model is None:
                return None
            statement = dialect.begun(model)
        if name in _FILTERING:
            statement = dialect.filtered(statement, call, scope)
        operation = self.words.ends[name]
        if operation in ("insert", "update"):
            values = {each: value for each, value in call.keywords.items() if each != "defaults"}
            if self.words.manager is not None:
                values = {each.removeprefix("set__"): value for each, value in values.items()}
            statement = statement.with_(values=values)
        is_single = statement.is_single or name in self.words.single
        return statement.with_(operation=operation, is_single=is_single, raises=name in self.words.strict)

    def _awaited(self, call: ir.Call, scope: Scope) -> Statement | None:
        """`await Order.filter(…)`, which sends the statement, and `await Order.get(…).prefetch_related(…)`."""
        statement = self.dialect.statements.of(call, scope)
        return statement if statement is not None and statement.library == self.words.library else None

    def _of_row(self, site: CallSite, func: ir.Attribute, scope: Scope) -> Statement | None:
        """`order.save()`: an insert where it was made here, an update otherwise."""
        held = self.project.type_of(func.value, scope)
        model = self.project.models.get(held.name) if held is not None and not held.itself else None
        if model is None or model.orm != self.words.library:
            return None
        operation = self.words.rows[func.name]
        made = made_here(self.project, self.dialect.entities, func.value, scope)
        begun = self.dialect.begun(model).with_(is_single=True)
        if operation == "update" and made is not None:
            return begun.with_(operation="insert", values=dict(made.keywords))
        key = ColumnUse((model.primary_key or ("id",))[0], "==", site.at, func.value, model.qualified)
        return begun.with_(operation=operation).filtered([key])
