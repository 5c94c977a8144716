"""One session or connection is shared by all requests.

## What it does
Reports database sessions, connections and cursors that are made once, for the module, for a class, or behind a cache,
and used by code that serves requests or tasks.

## Why it matters
A session is the state of one piece of work on one connection. Shared, one request commits or rolls back what another is
writing, reads what it has not committed, and after the first error every request fails until the process is restarted.

## Example
```python
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

session = Session(create_engine("sqlite://"))
app = FastAPI()


@app.get("/orders")
def orders() -> list:
    return session.execute(text("SELECT id FROM orders")).all()
```

## Use instead
```python
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

engine = create_engine("sqlite://")
app = FastAPI()


def opened():
    with Session(engine) as session:
        yield session


@app.get("/orders")
def orders(session: Session = Depends(opened)) -> list:
    return session.execute(text("SELECT id FROM orders")).all()
```

## When not to
Engines, pools, `sessionmaker`, `scoped_session` and `db.session` of Flask-SQLAlchemy are made to be shared.

## References
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#is-the-session-thread-safe-is-asyncsession-safe-to-share-in-concurrent-tasks
- https://peps.python.org/pep-0249/#threadsafety
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Class, Finding, Function, Project, ProjectRule, Role, Scope, Severity, Step, Unit, ir

_KINDS = {
    "sqlalchemy.orm.Session": "session",
    "sqlalchemy.ext.asyncio.AsyncSession": "session",
    "sqlalchemy.engine.Connection": "connection",
    "sqlalchemy.Connection": "connection",
    "sqlite3.Connection": "connection",
    "sqlite3.Cursor": "cursor",
    "psycopg2.extensions.connection": "connection",
    "psycopg2.extensions.cursor": "cursor",
    "psycopg.Connection": "connection",
    "psycopg.Cursor": "cursor",
    "pymysql.connections.Connection": "connection",
    "pymysql.cursors.Cursor": "cursor",
    "asyncpg.Connection": "connection",
    "aiosqlite.Connection": "connection",
}
_MEMOS = frozenset({"functools.lru_cache", "functools.cache"})
_OWN_CLASSES = ("session", "connection")


class SharedSession(ProjectRule):
    code = "ARC302"
    severity = Severity.HIGH
    cwe = (567,)
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        shared = {name: (value, scope, kind) for name, value, scope, kind in _made_once(project)}
        if shared:
            for name, users in _uses(project, frozenset(shared)).items():
                value, scope, kind = shared[name]
                user, at = users[0]
                yield self.finding(
                    scope.module.place(value),
                    f"the {kind} `{name.rpartition('.')[2]}` is made once and shared by all that runs at the same time, as "
                    f"{project.served[user]}",
                    help=f"Keep the engine or pool, and open a {kind} for each request or task.",
                    related=[Step(at, "used here")],
                )
        for function in project.functions():
            kind = _KINDS.get(_returned(function, project) or "")
            if kind is not None and _is_memo(function, project) and function.qualified in project.served:
                yield self.finding(
                    function.at,
                    f"`{function.name}()` is cached, so all requests get the same {kind}",
                    help=f"Cache the engine or pool, and open a {kind} for each request or task.",
                )


def _made_once(project: Project) -> Iterator[tuple[str, ir.Expr, Scope, str]]:
    """Variables of modules and classes that hold a session: qualified name, what makes it, where, its kind."""
    for module in project.modules.values():
        if module.role is not Role.APP:
            continue
        scopes: list[tuple[Scope, str, dict[str, ir.Assign]]] = [
            (module, module.name, {name: made[-1] for name, made in module.assignments.items()})
        ]
        scopes += [(cls, cls.qualified, cls.attributes) for cls in module.classes]
        for scope, owner, assigned in scopes:
            for name, stmt in assigned.items():
                value = stmt.value.value if type(stmt.value) is ir.Await else stmt.value
                if type(value) is ir.Call and (kind := _kind(value, scope, project)) is not None:
                    yield f"{owner}.{name}", value, scope, kind


def _kind(value: ir.Call, scope: Scope, project: Project) -> str | None:
    found = project.type_of(value, scope)
    if found is None or found.itself or found.name not in _KINDS or _is_thread_safe(value, scope, project):
        return None
    return _KINDS[found.name]


def _is_thread_safe(value: ir.Call, scope: Scope, project: Project) -> bool:
    """Whether what is called is a proxy that gives each thread or request its own."""
    symbol = project.site(value, scope).symbol or ""
    return "scoped" in symbol or symbol.startswith("flask_sqlalchemy.") or "LocalProxy" in symbol


def _uses(project: Project, names: frozenset[str]) -> dict[str, list[tuple[str, object]]]:
    """Where functions that serve requests or tasks use one of the names."""
    found: dict[str, list] = {}  # type: ignore[type-arg]
    last = {name.rpartition(".")[2] for name in names}
    for function in project.functions():
        if function.qualified not in project.served:
            continue
        for node in ir.walk(function.body):
            if (type(node) is ir.Name and node.id in last) or (type(node) is ir.Attribute and node.name in last):
                qualified = project.qualified(node, function) or _of_self(node, function)
                if qualified in names:
                    found.setdefault(qualified, []).append((function.qualified, function.place(node)))
    return found


def _of_self(node: ir.Expr, function: Function) -> str | None:
    owner: Class | None = function.owner
    if owner is not None and type(node) is ir.Attribute and ir.dotted(node.value) in ("self", "cls"):
        return f"{owner.qualified}.{node.name}" if node.name not in owner.instance_attributes else None
    return None


def _returned(function: Function, project: Project) -> str | None:
    found = project.types.returned(function)
    return None if found is None or found.itself else found.name


def _is_memo(function: Function, project: Project) -> bool:
    return not function.parameters and any(
        project.qualified(ir.callee(each), function.around) in _MEMOS for each in function.decorators
    )
