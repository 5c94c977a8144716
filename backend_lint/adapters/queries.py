"""Where the code talks to the database: every statement that is sent, or built to be sent elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from backend_lint.adapters import (
    _dbapi_queries,
    _django_queries,
    _document_queries,
    _lookup_queries,
    _peewee_queries,
    _sqlalchemy_queries,
)
from backend_lint.adapters._collections import Collections
from backend_lint.adapters._django_statements import Django
from backend_lint.adapters._entities import Entities
from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._sqlalchemy_statements import SqlAlchemy
from backend_lint.adapters._statement import Statement, query
from backend_lint.adapters._statements import Dialect, Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Function, Project
from backend_lint.project.model import Query

_LAZY = ("queryset", "query")
_PARTS = frozenset({"Exists", "Subquery", "OuterRef", "Prefetch", "Q", "When", "in_", "exists", "isinstance", "type"})


def read(project: Project) -> None:
    reader = _Reader(project)
    for scope in project.scopes():
        project.queries.extend(reader.queries(QueryScope(project, scope)))


class _Sender(Protocol):
    """What tells the query that a call of its library sends, None for other calls."""

    def query(self, site: CallSite, scope: QueryScope) -> Query | None: ...


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.statements = Statements(project)
        entities = Entities(project)
        self.sqlalchemy = SqlAlchemy(project, self.statements, entities)
        self.django = Django(project, self.statements, entities)
        peewee = _peewee_queries.Peewee(project, self.statements, entities)
        tortoise = _lookup_queries.Lookups(project, _lookup_queries.TORTOISE, self.django)
        mongoengine = _lookup_queries.Lookups(project, _lookup_queries.MONGOENGINE, self.django)
        beanie = _document_queries.Beanie(project, self.statements, entities)
        stores = {model.orm for model in project.models.values()}
        others: dict[str, Dialect] = {
            "peewee": peewee,
            "tortoise": tortoise,
            "mongoengine": mongoengine,
            "beanie": beanie,
        }
        self.statements.dialects = [
            self.sqlalchemy,
            *(dialect for name, dialect in others.items() if name in stores),
            self.django,
        ]
        readers: dict[str, _Sender] = {
            "peewee": _peewee_queries.Reader(project, self.statements, peewee),
            "tortoise": _lookup_queries.Reader(project, tortoise),
            "mongoengine": _lookup_queries.Reader(project, mongoengine),
            "beanie": _document_queries.BeanieReader(project, beanie),
            "mongodb": _document_queries.CollectionReader(project, Collections(project)),
        }
        self.readers: tuple[_Sender, ...] = (
            *(reader for name, reader in readers.items() if name in stores),
            _sqlalchemy_queries.Reader(project, self.statements, self.sqlalchemy),
            _django_queries.Reader(project, self.statements, self.django),
            _dbapi_queries.Reader(project),
        )

    def queries(self, scope: QueryScope) -> Iterator[Query]:
        """What is sent by a call is told by the call; the rest runs when it is iterated over."""
        sent: set[int] = set()
        for site in scope.sites:
            for reader in self.readers:
                found = reader.query(site, scope)
                if found is not None:
                    found.loop = scope.is_repeated(site.call)
                    sent.add(id(site.call))
                    yield found
                    break
        yield from self._lazy(scope, sent)

    def _lazy(self, scope: QueryScope, sent: set[int]) -> Iterator[Query]:
        if not scope.builders:
            return
        done: set[int] = set()
        for expr in scope.iterated:
            found = self._consumed(expr, scope, sent, is_lazy=False)
            if found is not None:
                done.add(id(found.site.call))
                yield found
        for expr in self._passed_on(scope, sent):
            found = self._consumed(expr, scope, sent | done, is_lazy=True)
            if found is not None:
                done.add(id(found.site.call))
                yield found

    def _consumed(self, expr: Expr, scope: QueryScope, known: set[int], *, is_lazy: bool) -> Query | None:
        """The query that a statement becomes where it is asked for rows, or leaves the scope."""
        statement = self.statements.of(expr, scope.scope)
        call = scope.built_by(expr) if statement is not None and _is_open(statement, is_lazy) else None
        if statement is None or call is None or id(call) in known:
            return None
        site = self.project.site(call, scope.scope)
        if is_lazy and site.targets and not statement.kinds:
            return None  # what a function of the project builds is passed on there
        found = query(self.project, statement, site, scope.scope, expr)
        found.is_lazy = is_lazy
        found.loop = scope.is_repeated(expr)
        return found

    def _passed_on(self, scope: QueryScope, sent: set[int]) -> Iterator[Expr]:
        """What is returned, kept, or given to a call that is no step of a statement itself."""
        names = self._names(scope)
        built = {id(call) for call in scope.builders}

        def may_be_statement(expr: Expr) -> bool:
            while type(expr) is ir.Subscript:
                expr = expr.value
            return id(expr) in built or (type(expr) is ir.Name and expr.id in names) or type(expr) is ir.Conditional

        yield from (expr for expr in scope.kept if may_be_statement(expr))
        for call, expr in scope.given:
            if may_be_statement(expr) and id(call) not in sent and not self._is_step(call, scope):
                yield expr

    def _names(self, scope: QueryScope) -> frozenset[str]:
        """Local variables that are assigned a step of a statement."""
        if not isinstance(scope.scope, Function):
            return frozenset()
        built = {id(call) for call in scope.builders}
        bindings = self.project.types.bindings(scope.scope)
        return frozenset(name for name, found in bindings.items() if any(id(each.expr) in built for each in found))

    def _is_step(self, call: ir.Call, scope: QueryScope) -> bool:
        func = call.func
        name = func.name if type(func) is ir.Attribute else func.id if type(func) is ir.Name else ""
        if name in _PARTS:
            return True
        inner = func.value if type(func) is ir.Attribute else None
        if self.statements.of(inner, scope.scope) is not None or self.statements.of(call, scope.scope) is not None:
            return True
        symbol = self.project.site(call, scope.scope).symbol or ""
        return symbol.startswith(("sqlalchemy.", "django.db.models."))


def _is_open(statement: Statement, is_lazy: bool) -> bool:
    """Whether rows can come of it: querysets and queries when they are iterated, constructs when they are passed on."""
    if statement.form in _LAZY:
        return True
    return is_lazy and statement.form == "construct" and statement.operation != "raw" and bool(statement.model)
