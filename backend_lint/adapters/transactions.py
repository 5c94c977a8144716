"""Transactions: where one is open, what runs inside, where it is committed.

Blocks and decorators say so; a session of SQLAlchemy is in one from its first write to the commit, in callees, too.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._denial import ABORTS
from backend_lint.adapters._sqlalchemy_statements import SESSIONS
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr, Stmt
from backend_lint.project import CallSite, Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.external import ancestors
from backend_lint.project.model import Commit, Transaction
from backend_lint.project.model.effects import Effect, Effects

_ATOMIC = {
    "django.db.transaction.atomic": "django",
    "django.db.transaction.commit_on_success": "django",
    "tortoise.transactions.in_transaction": "tortoise",
    "tortoise.transactions.atomic": "tortoise",
    "pony.orm.db_session": "pony",
    "mongoengine.context_managers.run_in_transaction": "mongoengine",
}
_BEGIN = {
    "begin": frozenset(
        SESSIONS
        | {"sqlalchemy.Engine", "sqlalchemy.Connection", "sqlalchemy.orm.sessionmaker"}
        | {"sqlalchemy.ext.asyncio.AsyncEngine", "sqlalchemy.ext.asyncio.AsyncConnection"}
        | {"sqlalchemy.ext.asyncio.async_sessionmaker"}
    ),
    "begin_nested": SESSIONS | {"sqlalchemy.Connection", "sqlalchemy.ext.asyncio.AsyncConnection"},
    "transaction": frozenset(
        {"asyncpg.Connection", "asyncpg.Pool", "psycopg.Connection", "psycopg.AsyncConnection", "databases.Database"}
    ),
    "atomic": frozenset({"peewee.Database", "playhouse.db_url.connect()"}),
    "start_transaction": frozenset({"pymongo.client_session.ClientSession", "motor.motor_asyncio.AsyncIOMotorClient"}),
}
_AUTOCOMMIT = frozenset({"django", "peewee", "tortoise", "mongoengine", "beanie", "pymongo"})
_PLAIN = frozenset(
    {"sqlite3.Connection", "psycopg2.extensions.connection", "psycopg.Connection", "aiosqlite.Connection"}
)
_ENDS = {"commit": "commit", "rollback": "rollback", "flush": "flush", "acommit": "commit", "arollback": "rollback"}
_DJANGO_ENDS = {
    "django.db.transaction.commit": "commit",
    "django.db.transaction.rollback": "rollback",
    "django.db.transaction.savepoint_commit": "commit",
    "django.db.transaction.savepoint_rollback": "rollback",
    "django.db.transaction.set_rollback": "rollback",
}
_SESSION_NAMES = ("session", "sess", "db", "conn", "connection", "cnx", "dbh", "uow", "unit_of_work", "trans", "tx")


def read(project: Project) -> None:
    project.commits.extend(_commits(project))
    reader = _Reader(project)
    for scope in project.scopes():
        if isinstance(scope, Function):
            project.transactions.extend(reader.of_function(scope))
    project.transactions.extend(_requests(project, reader))


# Commits


def _commits(project: Project) -> Iterator[Commit]:
    for scope in project.scopes():
        for site in project.sites(scope):
            kind = _ENDS.get(site.method or "")
            if site.symbol in _DJANGO_ENDS:
                yield Commit(site, scope, site.at, _DJANGO_ENDS[site.symbol], "django")
            elif kind is not None and not site.targets and type(site.call.func) is ir.Attribute:
                library = _library(project, site, site.call.func.value)
                if library is not None:
                    yield Commit(site, scope, site.at, kind, library)


def _library(project: Project, site: CallSite, receiver: Expr) -> str | None:
    """The library of what is committed; None for what is no session or connection."""
    if site.receiver is not None and not site.receiver.name.endswith("()"):
        for name in _lineage(project, site.receiver.name):
            if name in SESSIONS or name.startswith(("sqlalchemy.", "flask_sqlalchemy.")):
                return "sqlalchemy"
            head = name.partition(".")[0]
            if head in _DRIVERS:
                return head
        return None
    last = (ir.dotted(receiver) or "").rpartition(".")[2].lower()
    if type(receiver) is ir.Call:
        last = (ir.dotted(receiver.func) or "").rpartition(".")[2].lower()
    is_named = last.endswith(_SESSION_NAMES) and not site.call.positional
    if not is_named or site.method == "flush":  # a web session has one, too
        return None
    return "sqlalchemy" if "sess" in last or last == "db" else "dbapi"


_DRIVERS = frozenset(
    {"sqlite3", "psycopg", "psycopg2", "pymysql", "asyncpg", "aiosqlite", "MySQLdb", "mysql", "pyodbc", "oracledb"}
    | {"cx_Oracle", "aiomysql", "aiopg", "duckdb", "peewee"}
)


def _lineage(project: Project, name: str) -> Iterator[str]:
    cls = project.cls(name)
    for each in project.classes.mro(cls) if cls is not None else [name]:
        if isinstance(each, str):
            yield from ancestors(each)


# Blocks, decorators, sessions


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.effects = Effects(project)
        self.writes = {
            id(query.site.call) for query in project.queries if query.is_write and query.library not in _AUTOCOMMIT
        }
        self.ends = {id(commit.site.call): commit for commit in project.commits if commit.kind != "flush"}
        self.committed_after = {
            route.handler.qualified
            for route in project.routes
            if route.handler is not None and any(self._commits_after_yield(each) for each in route.dependencies)
        }
        self._opened: dict[str, str | None] = {}

    def of_function(self, function: Function) -> Iterator[Transaction]:
        library = self._decorated(function)
        if library is not None:
            sites = self.project.sites(function)
            yield Transaction(function.at, function, "decorator", library, list(sites), list(function.body))
        blocks = list(self._blocks(function, is_inside=library is not None))
        yield from blocks
        if not blocks and library is None:
            yield from self._sessions(function)

    # with transaction.atomic():

    def _blocks(self, function: Function, *, is_inside: bool) -> Iterator[Transaction]:
        found: list[ir.With] = []
        for stmt in function.statements:
            if type(stmt) is not ir.With:
                continue
            for item in stmt.items:
                opened = self._opens(item.value, function)
                if opened is None:
                    continue
                library, is_savepoint = opened
                nested = is_inside or any(each.at < stmt.at and stmt.end <= each.end for each in found)
                found.append(stmt)
                yield Transaction(
                    function.place(item.value),
                    function,
                    "block",
                    library,
                    list(_inside(self.project.sites(function), stmt.body)),
                    list(stmt.body),
                    is_savepoint=is_savepoint or nested,
                )
                break

    def _opens(self, expr: Expr, scope: Scope) -> tuple[str, bool] | None:
        """The library whose transaction an expression opens when it is entered, and whether it is a savepoint."""
        project = self.project
        while type(expr) is ir.Await:
            expr = expr.value
        if type(expr) is not ir.Call:
            found = project.type_of(expr, scope)
            if found is not None and not found.itself:
                if any(each in _PLAIN for each in _lineage(project, found.name)):
                    return found.name.partition(".")[0], False
                return self._of_class(found.name)
            name = project.qualified(expr, scope)
            return (_ATOMIC[name], False) if name in _ATOMIC else None
        site = project.site(expr, scope)
        if site.symbol in _ATOMIC:
            return _ATOMIC[site.symbol], False
        if type(expr.func) is ir.Attribute and expr.func.name in _BEGIN:
            library = self._begun(expr.func.value, expr.func.name, scope)
            if library is not None:
                return library, expr.func.name == "begin_nested"
        for target in site.targets[:1]:
            library = self._of_function(target)
            if library is not None:
                return library, False
        found = project.type_of(expr, scope)
        return None if found is None or found.itself else self._of_class(found.name)

    def _begun(self, receiver: Expr, name: str, scope: Scope) -> str | None:
        found = self.project.type_of(receiver, scope)
        if found is not None:
            lineage = list(_lineage(self.project, found.name))
            known = next((each for each in lineage if each in _BEGIN[name]), None)
            if known is not None:
                return known.partition(".")[0]
            if not found.name.endswith("()") or self.project.cls(found.name) is not None:
                return None
        last = (ir.dotted(receiver) or "").rpartition(".")[2].lower()
        if name == "start_transaction" or not last.endswith((*_SESSION_NAMES, "engine", "database", "pool")):
            return None
        return {"transaction": "dbapi", "atomic": "peewee"}.get(name, "sqlalchemy")

    def _of_function(self, function: Function) -> str | None:
        """The library of the transaction that a context manager of the project keeps open around its `yield`."""
        if not function.facts.is_generator:
            return None
        if function.qualified not in self._opened:
            self._opened[function.qualified] = None
            self._opened[function.qualified] = self._around_yield(function)
        return self._opened[function.qualified]

    def _around_yield(self, function: Function) -> str | None:
        for stmt in function.statements:
            if type(stmt) is ir.With and _yields(stmt.body):
                for item in stmt.items:
                    opened = self._opens(item.value, function)
                    if opened is not None:
                        return opened[0]
        return "sqlalchemy" if self._commits_after_yield(function) else None

    def _commits_after_yield(self, function: Function) -> bool:
        if not function.facts.is_generator:
            return False
        at = min((node.at for node in ir.walk(function.body) if type(node) is ir.Yield), default=None)
        return at is not None and any(
            site.call.at > at and id(site.call) in self.ends and self.ends[id(site.call)].kind == "commit"
            for site in self.project.sites(function)
        )

    def _of_class(self, name: str) -> tuple[str, bool] | None:
        """A unit of work: a class of the project that commits when it is left."""
        for method in ("__exit__", "__aexit__"):
            found = self.project.classes.method(name, method)
            if found is not None:
                nearest = self.effects.nearest(found, Effect.COMMIT)
                return None if nearest is None else (nearest.what, False)
        return None

    # @transaction.atomic

    def _decorated(self, function: Function) -> str | None:
        found = (self._decorates(each, function) for each in function.decorators)
        return next((each for each in found if each is not None), None)

    def _decorates(self, expr: Expr, function: Function) -> str | None:
        scope = function.cls or function.parent or function.module
        call = expr if type(expr) is ir.Call else None
        name = self.project.qualified(call.func if call is not None else expr, scope)
        if name in _ATOMIC:
            return _ATOMIC[name]
        if name == "django.utils.decorators.method_decorator" and call is not None and call.positional:
            return self._decorates(call.positional[0], function)
        if call is not None and type(call.func) is ir.Attribute and call.func.name in ("atomic", "transaction"):
            return self._begun(call.func.value, "atomic", scope)
        wrapper = None if name is None else self.project.function(name)
        return None if wrapper is None else self._wraps(wrapper)

    def _wraps(self, decorator: Function, around: frozenset[str] = frozenset()) -> str | None:
        """The transaction that a decorator of the project puts around what it decorates."""
        names = around | {each.name for each in decorator.parameters}
        for inner in decorator.nested.values():
            for stmt in inner.statements:
                if type(stmt) is not ir.With:
                    continue
                called = {ir.dotted(site.call.func) for site in _inside(self.project.sites(inner), stmt.body)}
                opened = (self._opens(item.value, inner) for item in stmt.items) if called & names else ()
                library = next((each[0] for each in opened if each is not None), None)
                if library is not None:
                    return library
            library = self._wraps(inner, names)
            if library is not None:
                return library
        return None

    # session.add(…) … session.commit()

    def _sessions(self, function: Function) -> Iterator[Transaction]:
        sites = {id(site.call): site for site in self.project.sites(function)}
        if not sites:
            return
        walk = _Walk(self, function, sites)
        still_open = walk.body(function.body, frozenset())
        if function.qualified in self.committed_after:
            walk.committed.update(id(each) for each in still_open)
        yield from (each for each in walk.found if id(each) in walk.committed and each.calls)

    def event(self, site: CallSite) -> str | None:
        """`commit`, `rollback` or `write`, by the call itself or by what it calls."""
        commit = self.ends.get(id(site.call))
        if commit is not None:
            return commit.kind
        if id(site.call) in self.writes:
            return "write"
        if not site.targets:
            return None
        if self.effects.has(site, Effect.COMMIT):
            return "commit"
        nearest = self.effects.nearest(site, Effect.WRITE)
        return "write" if nearest is not None and nearest.site and id(nearest.site.call) in self.writes else None

    def is_dirty(self, target: Expr, scope: Scope) -> bool:
        """Whether an assignment changes a column of an entity of SQLAlchemy."""
        if type(target) is not ir.Attribute:
            return False
        found = self.project.type_of(target.value, scope)
        model = None if found is None or found.itself else self.project.models.get(found.name)
        return model is not None and model.orm not in _AUTOCOMMIT and target.name in model.columns


class _Walk:
    """One way through the statements of a function, with the transactions that may be open at each."""

    def __init__(self, reader: _Reader, function: Function, sites: dict[int, CallSite]) -> None:
        self.reader, self.function, self.sites = reader, function, sites
        self.found: list[Transaction] = []
        self.committed: set[int] = set()

    def body(self, body: list[Stmt], open_: frozenset[Transaction]) -> frozenset[Transaction]:
        for stmt in body:
            open_ = self._statement(stmt, open_)
        return open_

    def _statement(self, stmt: Stmt, open_: frozenset[Transaction]) -> frozenset[Transaction]:
        for child in ir.children(stmt):
            open_ = self._expression(child, open_)
        match stmt:
            case ir.If():
                return self._branches([stmt.body, stmt.orelse], open_)
            case ir.For() | ir.While():
                once = self.body(stmt.body, open_)
                return self.body(stmt.orelse, once | open_)
            case ir.Try():
                inside = self.body(stmt.body, open_)
                handled = [
                    self.body(each.body, open_ | inside) for each in stmt.handlers if not self._leaves(each.body)
                ]
                after = self.body(stmt.orelse, inside).union(*handled)
                return self.body(stmt.final, after)
            case ir.With():
                return self.body(stmt.body, open_)
            case ir.Match():
                return self._branches([case.body for case in stmt.cases] + [[]], open_)
            case ir.Assign(targets=targets) | ir.Delete(targets=targets):
                if any(self.reader.is_dirty(each, self.function) for each in targets):
                    return self._opened(open_, self.function.place(stmt))
            case ir.Augment(target=target):
                if self.reader.is_dirty(target, self.function):
                    return self._opened(open_, self.function.place(stmt))
        return open_

    def _branches(self, bodies: list[list[Stmt]], open_: frozenset[Transaction]) -> frozenset[Transaction]:
        after: frozenset[Transaction] = frozenset()
        for body in bodies:
            found = self.body(body, open_)
            if not self._leaves(body):
                after |= found
        return after

    def _leaves(self, body: list[Stmt]) -> bool:
        """Whether what follows a block is not reached from its end."""
        match body[-1:]:
            case [ir.Return() | ir.Raise()]:
                return True
            case [ir.Jump(kind=kind)]:
                return kind != "pass"
            case [ir.Evaluate(value=ir.Call() as call)]:
                return self.sites[id(call)].symbol in ABORTS
            case [ir.If() as last]:
                return self._leaves(last.body) and self._leaves(last.orelse)
            case _:
                return False

    def _expression(self, expr: Expr, open_: frozenset[Transaction]) -> frozenset[Transaction]:
        for child in ir.children(expr):
            open_ = self._expression(child, open_)
        site = self.sites.get(id(expr)) if type(expr) is ir.Call else None
        if site is None:
            return open_
        event = self.reader.event(site)
        if event in ("commit", "rollback"):
            if event == "commit":
                self.committed.update(id(each) for each in open_)
            return frozenset()
        for each in open_:
            each.calls.append(site)
        return self._opened(open_, site.at) if event == "write" else open_

    def _opened(self, open_: frozenset[Transaction], at: Place) -> frozenset[Transaction]:
        if open_:
            return open_
        self.found.append(Transaction(at, self.function, "session", "sqlalchemy"))
        return frozenset({self.found[-1]})


def _inside(sites: list[CallSite], body: list[Stmt]) -> Iterator[CallSite]:
    """The calls that stand in a block."""
    if body:
        start, end = body[0].at, body[-1].end
        yield from (site for site in sites if start <= site.call.at < end)


def _yields(body: list[Stmt]) -> bool:
    return any(type(node) is ir.Yield for node in ir.walk(body))


# ATOMIC_REQUESTS


def _requests(project: Project, reader: _Reader) -> Iterator[Transaction]:
    """With `ATOMIC_REQUESTS` every view of Django runs in a transaction, unless it asks not to."""
    if not _is_atomic(project):
        return
    seen: set[str] = set()
    for route in project.routes:
        handler = route.handler
        if handler is None or handler.qualified in seen or not route.framework.lower().startswith(("django", "drf")):
            continue
        seen.add(handler.qualified)
        names = {ir.dotted(ir.callee(each)) for each in handler.decorators}
        if not any((name or "").endswith("non_atomic_requests") for name in names):
            sites = list(project.sites(handler))
            yield Transaction(handler.at, handler, "request", "django", sites, list(handler.body))


def _is_atomic(project: Project) -> bool:
    for module in project.modules.values():
        for stmt in module.assignments.get("DATABASES", ()):
            held = constant(project, stmt.value, module)
            if isinstance(held, dict) and any(
                isinstance(each, dict) and each.get("ATOMIC_REQUESTS") is True for each in held.values()
            ):
                return True
    return False
