"""Secret sent to a task as an argument.

## What it does
Reports passwords, tokens, keys and other credentials that are arguments of a task put on a queue.

## Why it matters
Arguments of tasks lie in clear in the broker, in the store of results, in the worker's log and on the pages of monitors,
where many more people read them than the place that they came from, and they stay there when the task is done.

## Example
```python
from celery import Celery
from flask import Flask, request

app = Flask(__name__)
celery = Celery(broker="redis://")


@celery.task
def create_mailbox(name, password): ...


@app.post("/mailboxes")
def mailbox():
    create_mailbox.delay(request.form["name"], request.form["password"])
    return ""
```

## Use instead
```python
from celery import Celery
from flask import Flask, request

from models import save_mailbox

app = Flask(__name__)
celery = Celery(broker="redis://")


@celery.task
def create_mailbox(mailbox_id): ...


@app.post("/mailboxes")
def mailbox():
    mailbox = save_mailbox(request.form["name"], request.form["password"])
    create_mailbox.delay(mailbox.id)
    return ""
```

## When not to
A token that works once and soon ends may be worth less than the effort.

## References
- https://docs.celeryq.dev/en/stable/userguide/security.html
"""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.api import Finding, Project, ProjectRule, Severity, Unit, ir
from backend_lint.rules.security._sensitive import is_lasting, is_secret, secret_parts

_IN_PROCESS = frozenset({"fastapi", "starlette"})


class SecretInTaskArguments(ProjectRule):
    code = "SEC311"
    severity = Severity.MEDIUM
    cwe = (532, 522)
    owasp = ("A04:2021", "A09:2025")
    unit = Unit.ENQUEUE

    def check(self, project: Project) -> Iterator[Finding]:
        for each in project.enqueues:
            if each.framework in _IN_PROCESS or each.method == "add_task":
                continue  # it runs in this process, and its arguments go nowhere
            given: list[tuple[str, ir.Expr]] = [("", value) for value in each.args]
            given += [(name, value) for name, value in each.kwargs.items()]
            for name, value in given:
                parts = (part for part in secret_parts(value, each.scope, project) if is_lasting(part[1]))
                found = next(parts, None)
                if found is None and name and is_secret(name) and is_lasting(name) and type(value) is not ir.Const:
                    found = (value, name, "")
                if found is not None:
                    task = f"`{each.task.function.name}`" if each.task is not None else "a task"
                    yield self.finding(
                        each.scope.module.place(value),
                        f"`{found[1]}`{found[2]} is sent to {task} through the broker, where it lies in clear",
                        help="Send the id of what holds it, and let the task read it.",
                        discriminator=found[1],
                    )
                    break
