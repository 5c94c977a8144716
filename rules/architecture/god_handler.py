"""One handler does the work of a whole service.

## What it does
Reports route handlers that query, write, call other services, send mail, enqueue work or handle files, three kinds of it
or more, in their own body, and are tangled besides: a cognitive complexity above the limit. Asked only of projects with
ten routes or more, or with services of their own.

## Why it matters
Such a handler can be tested only through HTTP and with everything that it talks to, its steps cannot be used by a task
or a command, and nobody dares to change one of them for fear of the others.

## Example
```python
# shop/services/stock.py
def left(sku): ...


# shop/api.py
import smtplib

import requests
from fastapi import FastAPI, HTTPException
from sqlalchemy.orm import Session

from shop.models import Order, engine

app = FastAPI()


@app.post("/orders/{order_id}/ship")
def ship(order_id: int, express: bool = False):
    with Session(engine) as session:
        order = session.get(Order, order_id)
        if order is None:
            raise HTTPException(404)
        if order.state == "shipped":
            raise HTTPException(409)
        for line in order.lines:
            if line.quantity > line.left:
                if express or line.backorder:
                    if line.supplier is None:
                        raise HTTPException(409)
                    answer = requests.post(line.supplier.url, json={"sku": line.sku}, timeout=5)
                    if answer.status_code != 200:
                        raise HTTPException(502)
                else:
                    raise HTTPException(409)
        order.state = "shipped"
        session.add(order)
        session.commit()
        if order.mail:
            smtplib.SMTP("mail", timeout=5).sendmail("shop@shop.example", order.mail, "On its way.")
    return {"state": "shipped"}


# shop/models.py
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

engine = create_engine("sqlite://")


class Base(DeclarativeBase): ...


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    mail: Mapped[str]
```

## Use instead
```python
# shop/services/shipping.py
def ship(order_id, express): ...


# shop/api.py
from fastapi import FastAPI

from shop.services import shipping

app = FastAPI()


@app.post("/orders/{order_id}/ship")
def ship(order_id: int, express: bool = False):
    return {"state": shipping.ship(order_id, express)}
```

## When not to
A handler that is long because it is one plain list of steps: it is not reported below the limit.

## Options
- `most`: the cognitive complexity up to which a handler may do several things. 15 unless told otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from backend_lint.api import Effect, Finding, Function, Occurrence, Project, ProjectRule, Role, Severity, Step, Unit

_KINDS = {
    Effect.READ: "reads the database",
    Effect.WRITE: "writes to it",
    Effect.OUTBOUND: "calls another service",
    Effect.MAIL: "sends mail",
    Effect.ENQUEUE: "puts work on a queue",
    Effect.FILE: "handles files",
}
_FEWEST_KINDS = 3
_FEWEST_ROUTES = 10


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    most: int = 15


class GodHandler(ProjectRule):
    code = "ARC102"
    severity = Severity.LOW
    cwe = (1121,)
    unit = Unit.ROUTE
    Options = Options

    def check(self, project: Project) -> Iterable[Finding]:
        if len(project.routes) < _FEWEST_ROUTES and "service" not in project.layers.values():
            return
        done = _by_function(project)
        for function in _handlers(project):
            kinds = done.get(function.qualified, {})
            tangle = function.facts.metrics.cognitive
            if len(kinds) < _FEWEST_KINDS or tangle <= self.options.most:
                continue
            said = [_KINDS[effect] for effect in _KINDS if effect in kinds]
            yield self.finding(
                function.at,
                f"`{function.facts.qualname}` {', '.join(said[:-1])} and {said[-1]} itself, with a cognitive complexity "
                f"of {tangle}",
                help="Leave in the handler what is HTTP, and move the steps into functions that a task or a test can call.",
                related=[Step(kinds[effect].at, _KINDS[effect]) for effect in _KINDS if effect in kinds],
                unit=project.handlers[function.qualified][0].label,
            )

    def examined(self, project: Project) -> Iterable[str]:
        return [project.handlers[each.qualified][0].label for each in _handlers(project)]


def _handlers(project: Project) -> Iterator[Function]:
    seen: set[str] = set()
    for route in project.routes:
        if route.handler is not None and route.handler.module.role is Role.APP and route.handler.qualified not in seen:
            seen.add(route.handler.qualified)
            yield route.handler


def _by_function(project: Project) -> dict[str, dict[Effect, Occurrence]]:
    """What each function does in its own body, by kind, where it does it first."""
    found: dict[str, dict[Effect, Occurrence]] = {}
    for effect in _KINDS:
        for each in project.effects.direct(effect):
            if isinstance(each.scope, Function) and not (effect is Effect.OUTBOUND and each.what in _MAILERS):
                found.setdefault(each.scope.qualified, {}).setdefault(effect, each)
    for kinds in found.values():
        if (mail := kinds.get(Effect.MAIL)) is not None and (call := kinds.get(Effect.OUTBOUND)) is not None:
            if mail.at == call.at:  # to send mail is to call out, and counts once
                del kinds[Effect.OUTBOUND]
    return found


_MAILERS = frozenset({"smtplib", "aiosmtplib", "flask_mail", "fastapi_mail", "sendgrid"})
