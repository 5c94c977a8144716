"""Mail is sent while the client waits, though the project has a queue.

## What it does
Reports routes that send mail themselves, or through what they call, in a project whose tasks send mail, too.

## Why it matters
The mail server decides how long the client waits, and whether the request fails. The project has a place for this work,
where it is tried again.

## Example
```python
# app.py
from celery import shared_task
from django.core.mail import send_mail


@shared_task
def remind(mail):
    send_mail("Reminder", "Please pay.", "shop@shop.example", [mail])


def register(request):
    send_mail("Welcome", "Hello.", "shop@shop.example", [request.POST["mail"]])


# shop/urls.py
from django.urls import path

from app import register

urlpatterns = [path("register/", register)]
```

## Use instead
```python
# app.py
from celery import shared_task
from django.core.mail import send_mail


@shared_task
def send(mail, subject, text):
    send_mail(subject, text, "shop@shop.example", [mail])


def register(request):
    send.delay(request.POST["mail"], "Welcome", "Hello.")


# shop/urls.py
from django.urls import path

from app import register

urlpatterns = [path("register/", register)]
```

## When not to
A test mail from a settings page, whose sender wants to see the error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from backend_lint.api import Effect, Finding, Project, ProjectRule, Role, Severity, Step, Unit

_TRIAL = re.compile(r"(?i)test|check|verify_settings|preview")
_FURTHEST = 5


class SlowWorkInRequest(ProjectRule):
    code = "ARC421"
    severity = Severity.LOW
    cwe = (400,)
    unit = Unit.ROUTE
    preview = True

    def check(self, project: Project) -> Iterable[Finding]:
        queued = [task for task in project.tasks if project.effects.has(task.function, Effect.MAIL)]
        if not queued:
            return
        told: set[object] = set()
        for routes in project.handlers.values():
            handler = routes[0].handler
            if handler is None or handler.module.role is not Role.APP or _TRIAL.search(handler.qualified):
                continue
            path = project.effects.reaches(handler, Effect.MAIL)
            if path is None or len(path.sites) > _FURTHEST or not all(site.is_certain for site in path.sites):
                continue
            if any(_TRIAL.search(site.name) for site in path.sites):
                continue
            if path.first.at in told:
                continue
            told.add(path.first.at)
            yield self.finding(
                path.first.at,
                f"`{routes[0].label}` waits for the mail server"
                + (f" through `{path.first.name}()`" if len(path.sites) > 1 else ""),
                help=f"Put it on the queue, as is done for `{queued[0].function.name}`.",
                trace=[Step(each.at, f"`{each.name}`") for each in path.sites] if len(path.sites) > 1 else (),
                related=[Step(queued[0].function.at, "this task sends mail")],
                unit=routes[0].label,
            )
