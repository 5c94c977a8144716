"""What is written is never committed, or never sent.

## What it does
Reports sessions and connections that a function opens, writes with and leaves without a commit, and statements that are
built and not executed: an `update(…)` that nothing runs, a queryset that nothing reads.

## Why it matters
Nothing fails: the session is closed, what it wrote is rolled back, and the row is missing.

## Example
```python
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine("sqlite://")


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


def place() -> None:
    with Session(engine) as session:
        session.add(Order())
```

## Use instead
```python
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

engine = create_engine("sqlite://")


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


def place() -> None:
    with Session(engine) as session:
        session.add(Order())
        session.commit()
```

## When not to
The session belongs to the caller, or commits by itself when it is left; the rule is silent there.

## References
- https://docs.sqlalchemy.org/en/20/orm/session_basics.html#committing
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import (
    CallSite,
    Effect,
    Finding,
    Function,
    Place,
    Project,
    ProjectRule,
    Query,
    Route,
    Scope,
    Severity,
    Unit,
    ir,
)
from backend_lint.rules.data._rows import source_query

_SESSIONS = frozenset(
    {"sqlalchemy.orm.Session", "sqlalchemy.ext.asyncio.AsyncSession", "sqlmodel.Session"}
    | {"sqlmodel.ext.asyncio.session.AsyncSession"}
)
_STARTS = frozenset({"insert", "update", "delete"})
_STEPS = frozenset(
    {
        "where",
        "values",
        "returning",
        "on_conflict_do_nothing",
        "on_conflict_do_update",
        "filter",
        "filter_by",
        "ordered_values",
    }
    | {"execution_options"}
)


class MissingCommit(ProjectRule):
    code = "DAT406"
    severity = Severity.HIGH
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        writes: dict[str, list[Query]] = {}
        for query in project.queries:
            if query.is_write and query.library == "sqlalchemy":
                writes.setdefault(getattr(query.scope, "qualified", ""), []).append(query)
        committing = {getattr(each.scope, "qualified", "") for each in project.commits if each.kind == "commit"}
        for function in project.functions():
            yield from self._idle(function, project)
            if function.qualified in writes and function.qualified not in committing:
                yield from self._uncommitted(function, writes[function.qualified], project)
        yield from self._requests(writes, project)

    def _uncommitted(self, function: Function, writes: list[Query], project: Project) -> Iterator[Finding]:
        for name, opened, body in _opened(function, project):
            own = [each for each in writes if _is_of(each.site, name) and _is_within(each.site.call, body)]
            own = [each for each in own if not _is_lent(each, body, function)]
            if not own or _leaves(name, body, project, function):
                continue
            sites = [site for site in project.sites(function) if _is_within(site.call, body)]
            if any(project.effects.has(site, Effect.COMMIT) for site in sites):
                continue
            model = project.models.get(own[0].model or "")
            yield self.finding(
                own[0].at,
                f"what is written to {f'`{model.name}`' if model else 'the database'} is rolled back: the session of line "
                f"{project.place(opened, function).line} is closed without a commit",
                help=f"Commit before it is closed: `{name}.commit()`, or open it with `begin()`.",
            )

    def _requests(self, writes: dict[str, list[Query]], project: Project) -> Iterator[Finding]:
        """Routes that write by a session that others commit themselves, and that do not."""
        if not writes or any(_ends_requests(each.scope) for each in project.commits if each.kind == "commit"):
            return
        done: dict[str, list[str]] = {}
        for route in project.routes:
            handler = route.handler
            if handler is not None and project.effects.has(handler, Effect.COMMIT):
                done.setdefault(_lent(route, project) or "", []).append(route.label)
        seen: set[str] = set()
        for route in project.routes:
            handler, session = route.handler, _lent(route, project)
            others = done.get(session or "", [])
            if handler is None or session is None or len(others) < _EVIDENCE or handler.qualified in seen:
                continue
            reached = None if set(route.methods) <= {"GET", "HEAD"} else _reached(route, project)
            write = next((each for name in reached or () for each in _written(name, writes, project)), None)
            if write is not None:
                seen.add(handler.qualified)
                what, at = write
                yield self.finding(
                    at,
                    f"`{route.label}` writes `{what}` and commits nothing: the session is closed, and the change is lost",
                    help=f"Commit before it answers, as `{others[0]}` does.",
                )

    def _idle(self, function: Function, project: Project) -> Iterator[Finding]:
        for stmt in function.statements:
            if type(stmt) is ir.Evaluate and type(stmt.value) is ir.Call and _is_idle(stmt.value, function, project):
                yield self.finding(
                    project.place(stmt, function),
                    "the statement is built and never executed",
                    help="Hand it to `session.execute(…)`.",
                )


_EVIDENCE = 2
_STORING = re.compile(r"commit|save|persist|transaction|atomic|unit_of_work|uow", re.IGNORECASE)
_HOOKS = re.compile(r"after_request|teardown|middleware|listens_for|on_event", re.IGNORECASE)


def _ends_requests(scope: Scope) -> bool:
    """Whether code that runs around requests is what commits."""
    if not isinstance(scope, Function):
        return False
    decorators = " ".join(ir.dotted(ir.callee(each)) or "" for each in scope.decorators)
    return scope.name in ("dispatch", "__call__", "__exit__", "__aexit__") or _HOOKS.search(decorators) is not None


def _lent(route: Route, project: Project) -> str | None:
    """What lends a route its session, and takes it back without a commit: a dependency, or Flask-SQLAlchemy."""
    for each in route.dependencies:
        kind = project.types.returned(each) if each.facts.is_generator else None
        held = None if kind is None else project.types.element(kind) or kind
        if held is not None and held.name in _SESSIONS:
            is_plain = not (project.effects.has(each, Effect.COMMIT) or _begins(each))
            return each.qualified if is_plain else None
    is_flask = route.framework == "flask" and any(name.startswith("flask_sqlalchemy") for name in _imported(project))
    return "flask_sqlalchemy" if is_flask else None


def _imported(project: Project) -> set[str]:
    return {each.module for module in project.modules.values() for each in module.facts.imports}


def _begins(function: Function) -> bool:
    return any(
        type(call.func) is ir.Attribute and call.func.name in ("begin", "begin_nested")
        for call in ir.calls(function.body)
    )


def _reached(route: Route, project: Project) -> list[Function] | None:
    """What a handler runs; None where something in it may commit."""
    assert route.handler is not None
    if any(_STORING.search(ir.dotted(each) or "") for each in route.handler.decorators):
        return None
    found: dict[str, Function] = {}
    pending = [(route.handler, 0)]
    while pending:
        function, depth = pending.pop()
        if function.qualified in found:
            continue
        found[function.qualified] = function
        if _begins(function):
            return None
        for site in project.sites(function):
            is_known = len(site.targets) == 1 and site.is_certain
            if project.effects.has(site, Effect.COMMIT) or (not is_known and _STORING.search(site.name)):
                return None
            if is_known and depth < _DEPTH:
                pending.append((site.targets[0], depth + 1))
    return list(found.values())


_DEPTH = 3


def _written(function: Function, writes: dict[str, list[Query]], project: Project) -> Iterator[tuple[str, Place]]:
    """What a function writes, and where: statements, and columns of rows that it has looked up."""
    for query in writes.get(function.qualified, ()):
        model = project.models.get(query.model or "")
        if model is not None:
            yield model.name, query.at
    queries = {id(each.site.call): each for each in project.queries if each.library == "sqlalchemy" and each.is_single}
    for stmt in function.statements:
        target = stmt.targets[0] if type(stmt) is ir.Assign and len(stmt.targets) == 1 else None
        if type(target) is ir.Attribute and type(target.value) is ir.Name:
            for origin, scope in project.origins(target.value, function):
                query = source_query(origin, scope, queries, project) if isinstance(scope, Function) else None
                model = project.models.get(query.model or "") if query is not None and not query.is_opaque else None
                if model is not None and target.name in model.columns:
                    yield f"{model.name}.{target.name}", function.place(stmt)
                    break


def _opened(function: Function, project: Project) -> Iterator[tuple[str, ir.Expr, list[ir.Stmt]]]:
    """The sessions that `with` opens here: their names, where, and what runs with them."""
    for stmt in function.statements:
        if type(stmt) is not ir.With:
            continue
        for item in stmt.items:
            value = item.value
            if type(item.target) is ir.Name and type(value) is ir.Call:
                site = project.site(value, function)
                kind = project.type_of(value, function)
                is_plain = not site.targets and kind is not None and kind.name in _SESSIONS and not kind.itself
                begins = any(
                    (ir.dotted(getattr(each.value, "func", None)) or "").endswith(".begin") for each in stmt.items
                )
                if is_plain and not begins and site.method not in ("begin", "begin_nested"):
                    yield item.target.id, value, stmt.body


def _is_of(site: CallSite, name: str) -> bool:
    func = site.call.func
    return type(func) is ir.Attribute and type(func.value) is ir.Name and func.value.id == name


def _is_within(call: ir.Call, body: list[ir.Stmt]) -> bool:
    return bool(body) and body[0].at <= call.at < body[-1].end


def _is_lent(write: Query, body: list[ir.Stmt], function: Function) -> bool:
    """Whether a row of the caller's is added for reading alone: `session.add(row)`, so that `row.items` can be loaded."""
    added = write.site.call.argument(0)
    if (
        write.site.method != "add"
        or type(added) is not ir.Name
        or added.id not in {each.name for each in function.parameters}
    ):
        return False
    changed = {
        target.value.id
        for stmt in function.statements
        if type(stmt) is ir.Assign
        for target in stmt.targets
        if type(target) is ir.Attribute and type(target.value) is ir.Name
    }
    return added.id not in changed and any(_reads(node, added.id) for node in _with_lambdas(body, function))


def _with_lambdas(body: list[ir.Stmt], function: Function) -> Iterator[ir.Node]:
    for node in ir.walk(body):
        yield node
        if type(node) is ir.Lambda:
            yield from ir.walk(function.module.functions[node.function].body)


def _reads(node: ir.Node, name: str) -> bool:
    match node:
        case ir.Attribute(value=ir.Name(id=owner)):
            return owner == name
        case ir.Call(func=ir.Name(id="getattr"), args=[ir.Argument(value=ir.Name(id=owner)), *_]):
            return owner == name
    return False


def _leaves(name: str, body: list[ir.Stmt], project: Project, function: Function) -> bool:
    """Whether the session is handed to code that is not known, yielded, or has a transaction opened on it."""
    for node in ir.walk(body):
        match node:
            case ir.Yield():
                return True
            case ir.Call(func=ir.Attribute(value=ir.Name(id=owner), name="begin" | "begin_nested")) if owner == name:
                return True
            case ir.Call():
                given = [arg.value for arg in node.args]
                if any(type(each) is ir.Name and each.id == name for each in given):
                    if not project.site(node, function).targets:
                        return True
    return False


def _is_idle(call: ir.Call, function: Function, project: Project) -> bool:
    """Whether an expression only builds an INSERT, UPDATE or DELETE."""
    expr: ir.Expr = call
    while type(expr) is ir.Call and type(expr.func) is ir.Attribute and expr.func.name in _STEPS:
        expr = expr.func.value
    if type(expr) is not ir.Call:
        return False
    name = project.qualified(expr.func, function) or ""
    return name.startswith(("sqlalchemy.", "sqlmodel.")) and name.rpartition(".")[2] in _STARTS
