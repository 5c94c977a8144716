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

import re
from collections.abc import Iterator

from backend_lint.api import CallSite, Finding, Path, Project, ProjectRule, Query, Route, Severity, Step, Unit

_RECORDS = re.compile(
    r"log|audit|event|visit|view|hit|stat|metric|session|token|cache|history|activit|notif|analytic|track|usage|recent"
    r"|seen|attempt|lock|queue|job|nonce|grant|code|state|migration|setting|config|preference",
    re.IGNORECASE,
)
_TRACES = re.compile(r"^last_|_at$|_on$|count|seen|views|hits|updated|modified|accessed|timestamp|cache|status$", re.IGNORECASE)
_ON_THE_WAY = re.compile(
    r"or_create|ensure|upsert|init|default|seed|setup|login|logout|sign_?in|sign_?out|auth|oauth|callback|verify|confirm"
    r"|activate|unsubscribe|accept|refresh|sync|migrat|record|track|log|touch|expire|cleanup|clean_|cache|lazy|token|session",
    re.IGNORECASE,
)
_VERBS = {"insert": "inserts", "update": "updates", "delete": "deletes"}


class StateChangeInGet(ProjectRule):
    code = "API103"
    severity = Severity.HIGH
    cwe = (650, 352)
    owasp = ("A01:2025",)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        writes = {id(query.site.call): query for query in project.queries if query.is_write and not _is_record(query)}

        def changes(site: CallSite) -> bool:
            return id(site.call) in writes and site.is_certain

        for route in project.routes:
            if not route.is_safe or route.handler is None or _ON_THE_WAY.search(f"{route.path} {route.handler.name}"):
                continue
            sites = [site for site in project.sites(route.handler) if site.is_certain]
            paths = (path for path in project.paths(sites, changes, depth=4) if not _is_incidental(path))
            found = next(paths, None)
            if found is not None:
                yield self._finding(route, found, writes[id(found.last.call)])

    def examined(self, project: Project) -> Iterator[str]:
        return (route.label for route in project.routes if route.is_safe)

    def _finding(self, route: Route, path: Path, query: Query) -> Finding:
        model = query.model.rpartition(".")[2] if query.model else "rows"
        verb = _VERBS[query.operation]
        way = [Step(site.at, f"calls `{site.name}`") for site in path.sites[:-1]]
        return self.finding(
            route.at,
            f"`{route.label}` {verb} `{model}`",
            help=f"Use {'DELETE' if query.operation == 'delete' else 'POST'}, and keep GET for reading.",
            trace=[*way, Step(query.at, f"{verb} `{model}`")],
            discriminator=route.label,
            unit=route.label,
        )


def _is_record(query: Query) -> bool:
    """Whether a write only notes that something was read."""
    name = (query.model or "").rpartition(".")[2]
    if not name or _RECORDS.search(name):
        return True
    return query.operation == "update" and bool(query.values) and all(map(_TRACES.search, query.values))


def _is_incidental(path: Path) -> bool:
    return any(_ON_THE_WAY.search(site.method or "") for site in path.sites) or any(not site.is_certain for site in path.sites)
