"""Validating or saving sends mail or calls another service.

## What it does
Reports validators, `save()` methods, signal receivers and listeners of the ORM that call another service or send mail,
themselves or through what they call; and validators of schemas that write to the database or put work on a queue.

## Why it matters
Nobody who writes `order.save()` or parses a body expects the network. Imports, tests and bulk updates send mail to real
people, a slow server holds the transaction open, and where the transaction is rolled back the mail has been sent.

## Example
```python
from django.core.mail import send_mail
from django.db import models


class Order(models.Model):
    mail = models.EmailField()

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        send_mail("Order", "Thank you.", "shop@shop.example", [self.mail])
```

## Use instead
```python
from django.core.mail import send_mail
from django.db import models


class Order(models.Model):
    mail = models.EmailField()


def place(order: Order) -> None:
    order.save()
    send_mail("Order", "Thank you.", "shop@shop.example", [order.mail])
```

## When not to
Counters and history rows of the same aggregate, clearing a cache, and work that a hook puts on a queue are not reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Effect, Finding, Function, Project, ProjectRule, Role, Severity, Step, Unit, ir

_VALIDATORS = frozenset(
    {"pydantic.field_validator", "pydantic.validator", "pydantic.model_validator", "pydantic.root_validator"}
    | {"marshmallow.validates", "marshmallow.validates_schema", "marshmallow.pre_load", "marshmallow.post_load"}
)
_RECEIVERS = frozenset({"django.dispatch.receiver", "sqlalchemy.event.listens_for"})
_SAVES = frozenset({"save", "delete", "clean", "full_clean"})
_SERVICES = frozenset({"http", "mail", "rpc", "storage", "socket"})
_FURTHEST = 4
_NEAR = 2  # further away, a write is one of many ways of a function


class HiddenEffectsInHooks(ProjectRule):
    code = "ARC206"
    severity = Severity.LOW
    unit = Unit.FUNCTION

    def check(self, project: Project) -> Iterable[Finding]:
        kinds = {each.at: each.kind for each in project.outbound}
        for function, what, effects in _hooks(project):
            for effect, does in effects.items():
                found = project.effects.nearest(function, effect)
                path = project.effects.reaches(function, effect)
                furthest = _FURTHEST if effect in (Effect.MAIL, Effect.OUTBOUND) else _NEAR
                if found is None or path is None or len(path.sites) > furthest:
                    continue
                if effect is Effect.OUTBOUND and kinds.get(found.at) not in _SERVICES:
                    continue
                if not all(site.is_certain for site in path.sites):
                    continue
                yield self.finding(
                    path.first.at,
                    f"{what} `{function.facts.qualname}` {does}"
                    + (f" through `{path.first.name}()`" if len(path.sites) > 1 else ""),
                    help="Do it where the work is asked for, after the commit, or put it on a queue.",
                    trace=[Step(each.at, f"`{each.name}`") for each in path.sites] if len(path.sites) > 1 else (),
                    related=[Step(site.at, "sets it off here") for site in project.callers(function)[:3]],
                )
                break

    def examined(self, project: Project) -> Iterable[str]:
        return [f"{each.module.path}:{each.facts.qualname}" for each, _, _ in _hooks(project)]


def _hooks(project: Project) -> Iterator[tuple[Function, str, dict[Effect, str]]]:
    calls = {Effect.MAIL: "sends mail", Effect.OUTBOUND: "calls another service"}
    changes = {**calls, Effect.WRITE: "writes to the database", Effect.ENQUEUE: "puts work on a queue"}
    for function in project.functions(Role.APP):
        names = {project.qualified(ir.callee(each), function.around) for each in function.decorators}
        if names & _VALIDATORS:
            yield function, "the validator", changes
        elif names & _RECEIVERS and not _is_sent_on_purpose(function, project):
            yield function, "the receiver", calls
        elif function.cls is not None and function.name in _SAVES and function.cls.qualified in project.models:
            yield function, "the model's method", calls


def _is_sent_on_purpose(function: Function, project: Project) -> bool:
    """Whether the signal is the project's own: who sends that means what its receivers do."""
    for each in function.decorators:
        signal = each.argument(0, "signal") if type(each) is ir.Call else None
        name = project.qualified(signal, function.around) if signal is not None else None
        module = project.modules.get((name or "").rpartition(".")[0])
        if module is not None and (name or "").rpartition(".")[2] in module.assignments:
            return True
    return False
