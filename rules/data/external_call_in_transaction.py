"""A call to another service runs while a transaction is open.

## What it does
Reports HTTP calls, remote procedure calls and mail that are sent inside a transaction, also by functions that are
called there, however far down.

## Why it matters
Locks and a connection are held for as long as the other side takes, and a slow service becomes a stuck database. When
the transaction is rolled back afterwards, the mail is sent and the payment is made all the same.

## Example
```python
import requests
from django.db import models, transaction


class Order(models.Model):
    status = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"


def pay(order: Order) -> None:
    with transaction.atomic():
        order.status = "paid"
        order.save()
        requests.post("https://pay.example/charges", json={"order": order.pk}, timeout=10)
```

## Use instead
```python
import requests
from django.db import models, transaction


class Order(models.Model):
    status = models.CharField(max_length=20)

    class Meta:
        app_label = "shop"


def pay(order: Order) -> None:
    with transaction.atomic():
        order.status = "paid"
        order.save()
    requests.post("https://pay.example/charges", json={"order": order.pk}, timeout=10)
```

## When not to
Rows are locked on purpose so that nobody else makes the same call at the same time; the rule is silent there.

## References
- https://docs.djangoproject.com/en/stable/topics/db/transactions/
- https://cwe.mitre.org/data/definitions/662.html
"""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.api import (
    CallSite,
    Effect,
    Finding,
    Outbound,
    Path,
    Project,
    ProjectRule,
    Severity,
    Step,
    Transaction,
    Unit,
)
from backend_lint.rules.data._transactions import descend

_DEPTH = 5
_KINDS = {"http": "an HTTP call", "mail": "a mail", "rpc": "a remote call"}
_EXPLICIT = frozenset({"block", "decorator", "session"})


class ExternalCallInTransaction(ProjectRule):
    code = "DAT401"
    severity = Severity.MEDIUM
    cwe = (662,)
    unit = Unit.TRANSACTION

    def check(self, project: Project) -> Iterable[Finding]:
        outbound = {id(each.site.call): each for each in project.outbound if each.kind in _KINDS}
        locks = {getattr(each.scope, "qualified", "") for each in project.queries if each.is_locked}
        done: set[int] = set()

        def leads(site: CallSite) -> bool:
            return project.effects.has(site, Effect.OUTBOUND)

        running = project.served
        for transaction in project.transactions:
            is_script = getattr(transaction.scope, "qualified", "") not in running
            if transaction.kind not in _EXPLICIT or (transaction.kind == "session" and is_script):
                continue
            for path in descend(transaction.calls, leads, lambda site: id(site.call) in outbound, project, _DEPTH):
                scopes = {getattr(site.scope, "qualified", "") for site in path.sites}
                if id(path.first.call) not in done and locks.isdisjoint(scopes):
                    done.add(id(path.first.call))
                    yield self._finding(path, outbound[id(path.last.call)], transaction)

    def _finding(self, path: Path, call: Outbound, transaction: Transaction) -> Finding:
        through = f", through `{path.first.name}()`" if len(path.sites) > 1 else ""
        what = f"{_KINDS[call.kind]} (`{path.last.name}`{through})"
        return self.finding(
            path.first.at,
            f"{what} is made while the transaction of line {transaction.at.line} is open",
            help="Make it before the transaction begins or after the commit, or leave it to a background task.",
            trace=[Step(each.at, f"`{each.name}`") for each in path.sites] if len(path.sites) > 1 else (),
            related=[Step(transaction.at, "the transaction begins")],
            discriminator=path.last.name,
        )
