"""Change without the audit record that its siblings leave.

## What it does
Compares the routes of a router that change data. Where nearly all of them call what keeps the audit trail
(`log_action()`, `audit()`, a decorator or a dependency that records), one that changes data without is reported.

## Why it matters
The trail is what is asked when something has gone, or somebody denies it. A trail with gaps proves nothing, and the gap
is found on the day that it is needed.

## Example
```python
from fastapi import APIRouter, FastAPI
from sqlalchemy import delete, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase): ...


class Shop(Base):
    __tablename__ = "shops"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


db = Session()
router = APIRouter()


def log_action(action: str, shop_id: int) -> None: ...


@router.put("/shops/{shop_id}/name")
def rename(shop_id: int, name: str):
    db.execute(update(Shop).where(Shop.id == shop_id).values(name=name))
    log_action("shop.renamed", shop_id)


@router.post("/shops/{shop_id}/close")
def close(shop_id: int):
    db.execute(update(Shop).where(Shop.id == shop_id).values(name="closed"))
    log_action("shop.closed", shop_id)


@router.post("/shops/{shop_id}/open")
def reopen(shop_id: int):
    db.execute(update(Shop).where(Shop.id == shop_id).values(name="open"))
    log_action("shop.opened", shop_id)


@router.delete("/shops/{shop_id}")
def remove(shop_id: int):
    db.execute(delete(Shop).where(Shop.id == shop_id))


app = FastAPI()
app.include_router(router)
```

## Use instead
```python
from fastapi import APIRouter, FastAPI
from sqlalchemy import delete, update
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase): ...


class Shop(Base):
    __tablename__ = "shops"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


db = Session()
router = APIRouter()


def log_action(action: str, shop_id: int) -> None: ...


@router.put("/shops/{shop_id}/name")
def rename(shop_id: int, name: str):
    db.execute(update(Shop).where(Shop.id == shop_id).values(name=name))
    log_action("shop.renamed", shop_id)


@router.delete("/shops/{shop_id}")
def remove(shop_id: int):
    db.execute(delete(Shop).where(Shop.id == shop_id))
    log_action("shop.removed", shop_id)


app = FastAPI()
app.include_router(router)
```

## When not to
Changes of other models than the recorded ones are left out. Those that nobody has to answer for (a draft, a preference)
need no record: ignore the rule there.
Projects that keep the trail in the models (`django-auditlog`, triggers) have nothing to compare, and are not assessed.

## References
- https://cheatsheetseries.owasp.org/cheatsheets/Logging_Cheat_Sheet.html#which-events-to-log
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Confidence, Effect, Finding, Project, ProjectRule, Route, Severity, Step, Unit, ir, words
from backend_lint.rules.security._shared import is_application, place_of, run_for
from backend_lint.rules.security._siblings import Data, Group, compared

_AUDIT = re.compile(
    r"(?:^|_)audit(?:_|$|ed$)|audit_?log|^_?(?:a|async_)?log_(?:action|activity|event|change|addition|deletion|creation|update|operation)s?$"
    r"|^(?:action|activity|event|history)_?(?:log|logger|logging|logged)$|^(?:record|write|create|add|save|emit|track)_(?:audit|activity|history|action)\w*$",
    re.IGNORECASE,
)
_BESIDE = frozenset({"log", "audit", "history", "event", "mail", "email", "cache", "cached", "session", "notification"})


class AuditGap(ProjectRule):
    code = "SEC407"
    preview = True
    severity = Severity.MEDIUM
    cwe = (778,)
    owasp = ("A09:2021", "A09:2025")
    unit = Unit.ROUTE
    confidence = Confidence.MEDIUM

    def check(self, project: Project) -> Iterator[Finding]:
        recorders = _recorders(project)
        seen: set[object] = set()
        for route, group in _compared(project, recorders):
            code = route.handler
            if code is None or code in seen or not group.is_clear or id(route) in recorders:
                continue
            audited = {model for each in group.having for model in _written(each, project)}
            if audited & _written(route, project):
                seen.add(code)
                yield self._finding(route, group, recorders)

    def examined(self, project: Project) -> list[str]:
        recorders = _recorders(project)
        return [route.label for route, group in _compared(project, recorders) if group.having]

    def _finding(self, route: Route, group: Group, recorders: dict[int, str]) -> Finding:
        examples = [(each, recorders[id(each)]) for each in group.having[:2]]
        names = " and ".join(f"`{each.label}` (`{name}`)" for each, name in examples)
        return self.finding(
            place_of(route),
            f"`{route.label}` changes data and leaves no audit record; {len(group.having)} of the {len(group.routes)} "
            f"{group.what} leave one, like {names}",
            help=f"Call `{examples[0][1]}` here as well.",
            related=[Step(place_of(each), f"records with `{name}`") for each, name in examples],
            discriminator=route.label,
            unit=route.label,
        )


def _compared(project: Project, recorders: dict[int, str]) -> Iterator[tuple[Route, Group]]:
    """The routes that change data, with their siblings."""
    data = project.derived(Data)
    routes = [
        route
        for route in project.routes
        if not route.is_websocket
        and is_application(route, project)
        and data.is_writing(route)
        and route.handler is not None
        and project.effects.has(route.handler, Effect.WRITE)
    ]
    return compared(routes, data, lambda route: id(route) in recorders) if recorders else iter(())


def _written(route: Route, project: Project) -> set[str]:
    """The models that a route changes; those of mails, files and the like are nothing that anybody answers for."""
    if route.handler is None:
        return set()
    models = {each.what for each in project.effects.all_of(route.handler, Effect.WRITE)}
    return {name for name in models if name and not _BESIDE & set(words(name.rpartition(".")[2]))}


def _recorders(project: Project) -> dict[int, str]:
    """What each route records with, by the route's identity."""
    found: dict[int, str] = {}
    known: dict[str, str | None] = {}
    for route in project.routes:
        if route.handler is None or route.is_safe:
            continue
        decorators = [*route.handler.decorators, *route.options.values()]
        name = next((each for expr in decorators for each in _names(expr) if _AUDIT.search(each)), None)
        for function in run_for(route, project) if name is None else ():
            if function.qualified not in known:
                called = (each for call in ir.calls(function.body) for each in _names(call.func))
                known[function.qualified] = next((each for each in called if _AUDIT.search(each)), None)
            name = name or known[function.qualified]
        if name is not None:
            found[id(route)] = name
    return found


def _names(expr: ir.Expr) -> Iterator[str]:
    for node in ir.walk_expression(expr):
        if type(node) is ir.Attribute:
            yield node.name
        elif type(node) is ir.Name:
            yield node.id
