"""GET request that changes data.

## What it does
Reports routes for GET or HEAD alone whose handler, itself or through what it calls, inserts, updates or deletes rows.

## Why it matters
Browsers, proxies, crawlers and link previews repeat and prefetch GET freely, caches answer it without asking, and no
CSRF protection covers it: an image tag on another site is enough to trigger the change.

## Example
```python
from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@app.get("/orders/{order_id}/delete")
def delete_order(order_id: int, session: Session):
    session.query(Order).filter(Order.id == order_id).delete()
    session.commit()
```

## Use instead
```python
from fastapi import FastAPI
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)


@app.delete("/orders/{order_id}")
def delete_order(order_id: int, session: Session):
    session.query(Order).filter(Order.id == order_id).delete()
    session.commit()
```

## When not to
Writes that only record the visit are left out: logs and audits, counters, `last_seen`, sessions, tokens and caches, rows
created on first use, and links that are followed from mails.
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import (
    Finding,
    Function,
    Path,
    Project,
    ProjectRule,
    Query,
    Route,
    Scope,
    Severity,
    Step,
    Unit,
    ir,
    words,
)
from backend_lint.rules.api._shared import place_of
from backend_lint.rules.api._writes import (
    SAVES,
    Writes,
    is_first_use,
    is_incidental,
    is_made_where_none,
    is_new,
    is_on_the_way,
    notes_only,
    table_of,
)

_VERBS = {"insert": "inserts", "update": "updates", "delete": "deletes"}
_MANY = 3
_DELETING = frozenset({"delete", "remove", "clear", "reset", "purge", "drop", "erase", "empty", "clean", "cancel"})


class StateChangeInGet(ProjectRule):
    code = "API103"
    severity = Severity.MEDIUM
    cwe = (650, 352)
    owasp = ("A01:2025",)
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterator[Finding]:
        self.project = project
        writes = project.derived(Writes)
        reads: dict[Scope, set[str | None]] = {}
        for query in project.queries:
            if query.is_read:
                reads.setdefault(query.scope, set()).add(query.model)

        found: dict[int, list[tuple[Route, Path, Query]]] = {}
        seen: set[str] = set()
        for route in project.routes:
            handler = route.handler
            if handler is None or handler.qualified in seen or not _is_read_only(project, route):
                continue
            seen.add(handler.qualified)
            sites = [site for site in project.sites(handler) if site.is_certain]
            near = [handler, *(target for site in sites for target in site.targets[:1])]
            looked_for = {model for scope in near for model in reads.get(scope, ())}
            for path, query in writes.paths(handler, depth=4):
                if (
                    _is_taken_back(path)
                    or _tidies(route, query)
                    or _is_first_use(path, query, handler, reads.get(query.scope, set()))
                ):
                    continue
                if not (is_incidental(path) or notes_only(path)) and not is_first_use(
                    query, looked_for | reads.get(query.scope, set())
                ):
                    found.setdefault(id(path.last.call), []).append((route, path, query))
                    break
        for cases in found.values():
            if len(cases) < _MANY:  # what many reads do on the way is part of reading
                for case in cases:
                    yield self._finding(*case)

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in project.routes if _is_read_only(project, route))

    def _finding(self, route: Route, path: Path, query: Query) -> Finding:
        model = table_of(query, self.project)
        verb = "saves" if query.site.method in SAVES else _VERBS[query.operation]
        way = [Step(site.at, f"calls `{site.name}`") for site in path.sites[:-1]]
        return self.finding(
            place_of(route),
            f"`{route.label}` {verb} `{model}`: so does whatever follows a link, a crawler or a page that embeds it",
            help=f"Use {'DELETE' if query.operation == 'delete' else 'POST'}, and keep GET for reading.",
            trace=[*way, Step(query.at, f"{verb} `{model}`")],
            discriminator=route.label,
            unit=route.label,
        )


def _is_first_use(path: Path, query: Query, handler: Function, read: set[str | None]) -> bool:
    """Whether a row is made where the function that makes it, or the handler, has looked for one in vain."""
    if query.operation != "insert":
        return False
    is_looked_for = len(path.sites) > 1 and query.model in read and is_new(query)
    return is_looked_for or is_made_where_none(path.first, handler)


def _is_taken_back(path: Path) -> bool:
    """Whether what is written is rolled back, or is written for another method by code that both share."""
    for site in path.sites:
        for stmt in ir.walk_statements(site.scope.body):
            if type(stmt) is ir.With and stmt.at <= site.call.at < stmt.end:
                names = " ".join(
                    ir.dotted(node) or "" for each in stmt.items for node in ir.walk_expression(each.value)
                )
                if "rollback" in names or "rolledback" in names:
                    return True
            if type(stmt) is ir.If and stmt.at <= site.call.at < stmt.end and _asks_the_method(stmt.test):
                return True
    return False


def _asks_the_method(test: ir.Expr) -> bool:
    """Whether a condition asks for a method that is not GET."""
    nodes = list(ir.walk_expression(test))
    is_get = any(type(node) is ir.Const and node.value == "GET" for node in nodes)
    return not is_get and any(type(node) is ir.Attribute and node.name == "method" for node in nodes)


def _tidies(route: Route, query: Query) -> bool:
    """Whether rows that are found to be stale are dropped one by one, where nothing says that deleting is the purpose."""
    said = words(f"{route.path} {route.handler_name.rpartition('.')[2]}")
    return query.operation == "delete" and query.loop and not _DELETING & set(said)


def _is_read_only(project: Project, route: Route) -> bool:
    """Whether a handler answers safe methods alone, and is not one of those that write by their nature."""
    if route.handler is None or not route.is_safe or is_on_the_way(f"{route.path} {route.handler.name}"):
        return False
    return all(each.is_safe for each in project.handlers[route.handler.qualified])
