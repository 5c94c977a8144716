"""Where the code talks to the database: every statement that is sent, or built to be sent elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters import _dbapi_queries, _django_queries, _sqlalchemy_queries
from backend_lint.adapters._django_statements import Django
from backend_lint.adapters._entities import Entities
from backend_lint.adapters._query_scope import QueryScope
from backend_lint.adapters._sqlalchemy_statements import SqlAlchemy
from backend_lint.adapters._statement import Statement, query
from backend_lint.adapters._statements import Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Class, Project
from backend_lint.project.model import Query

_LAZY = ("queryset", "query")
_MATERIALISERS = frozenset(
    {"list", "tuple", "set", "frozenset", "sorted", "dict", "len", "bool", "any", "all", "sum", "min", "max", "next"}
    | {"enumerate", "iter", "reversed", "map", "filter", "zip", "islice", "chain"}
)


def read(project: Project) -> None:
    reader = _Reader(project)
    for scope in project.scopes():
        project.queries.extend(reader.queries(QueryScope(project, scope)))


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.statements = Statements(project)
        entities = Entities(project)
        self.sqlalchemy = SqlAlchemy(project, self.statements, entities)
        self.django = Django(project, self.statements, entities)
        self.statements.dialects = [self.sqlalchemy, self.django]
        self.readers = (
            _sqlalchemy_queries.Reader(project, self.statements, self.sqlalchemy),
            _django_queries.Reader(project, self.statements, self.django),
            _dbapi_queries.Reader(project),
        )

    def queries(self, scope: QueryScope) -> Iterator[Query]:
        """The queries of a scope. What is sent by a call is told by the call; the rest runs when it is iterated over."""
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
        if not scope.may_build:
            return
        done: set[int] = set()
        consumed = [*self._iterated(scope), *self._passed_on(scope, sent)]
        for expr, is_lazy in consumed:
            statement = self.statements.of(expr, scope.scope)
            if statement is None or not _is_open(statement, is_lazy):
                continue
            call = scope.built_by(expr)
            if call is None or id(call) in sent or (is_lazy and id(call) in done):
                continue
            site = self.project.site(call, scope.scope)
            if is_lazy and not self._is_own(site, statement):
                continue
            done.add(id(call))
            found = query(self.project, statement, site, scope.scope, expr)
            found.is_lazy = is_lazy
            found.loop = scope.is_repeated(call if expr is call or is_lazy else None) or scope.is_loop_of_loop(expr)
            yield found

    def _is_own(self, site: CallSite, statement: Statement) -> bool:
        """Whether the last step stands here; what a function of the project builds is its own."""
        func = site.call.func
        return type(func) is not ir.Attribute or not site.targets or bool(statement.kinds)

    def _iterated(self, scope: QueryScope) -> Iterator[tuple[Expr, bool]]:
        for stmt in scope.statements:
            match stmt:
                case ir.For(iter=iter_):
                    yield iter_, False
                case ir.If(test=test) | ir.While(test=test):
                    yield test.value if type(test) is ir.Unary else test, False
        for node in scope.expressions:
            match node:
                case ir.Comprehension(clauses=clauses):
                    yield from ((clause.iter, False) for clause in clauses)
                case ir.Star(value=value):
                    yield value, False
                case ir.Subscript(index=index) if type(index) is not ir.Slice:
                    yield node, False
                case ir.Call(func=ir.Name(id=name), args=[ir.Argument(value=value, stars=0), *_]):
                    if name in _MATERIALISERS:
                        yield value, False

    def _passed_on(self, scope: QueryScope, sent: set[int]) -> Iterator[tuple[Expr, bool]]:
        """What is returned, kept in an attribute, or given to a call that is no step of a statement."""
        for stmt in scope.statements:
            match stmt:
                case ir.Return(value=value) if value is not None:
                    yield value, True
                case ir.Assign(targets=targets, value=value) if value is not None:
                    if isinstance(scope.scope, Class) or any(type(each) is ir.Attribute for each in targets):
                        yield value, True
        for node in scope.expressions:
            match node:
                case ir.Call(args=args) if id(node) not in sent and not self._is_step(node, scope):
                    yield from (
                        (arg.value, True) for arg in args if type(arg.value) in (ir.Call, ir.Name, ir.Subscript)
                    )
                case ir.Dict(values=values):
                    yield from ((value, True) for value in values if type(value) in (ir.Call, ir.Name, ir.Subscript))
                case ir.Yield(value=value) if value is not None:
                    yield value, True

    def _is_step(self, call: ir.Call, scope: QueryScope) -> bool:
        if type(call.func) is ir.Name and call.func.id in (
            *_MATERIALISERS,
            "isinstance",
            "print",
            "type",
            "Exists",
            "Subquery",
        ):
            return True
        name = call.func.name if type(call.func) is ir.Attribute else call.func.id if type(call.func) is ir.Name else ""
        if name in _WRAPPERS or self.statements.of(call, scope.scope) is not None:
            return True
        inner = call.func.value if type(call.func) is ir.Attribute else None
        if self.statements.of(inner, scope.scope) is not None:
            return True
        symbol = self.project.site(call, scope.scope).symbol or ""
        return symbol.startswith(("sqlalchemy.", "django.db.models."))


_WRAPPERS = frozenset(
    {"Exists", "Subquery", "OuterRef", "Prefetch", "Q", "and_", "or_", "not_", "in_", "exists", "When"}
)


def _is_open(statement: Statement, is_lazy: bool) -> bool:
    """Whether rows can come of it: querysets and queries when they are iterated, constructs when they are passed on."""
    if statement.form in _LAZY:
        return True
    return is_lazy and statement.form == "construct" and statement.operation != "raw" and bool(statement.model)
