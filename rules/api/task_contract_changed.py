"""Task that cannot take the messages already in its queue.

## What it does
Reports tasks of Celery, RQ, Dramatiq, arq, Huey and taskiq whose earlier messages do not fit any more: registered under
another name, with a parameter that is new and required, with one less, or with parameters in another order.

## Why it matters
Messages that were put on the queue before the deployment, and those of workers and web processes that are still on the
old code while it rolls out, fail in the worker; nobody waits for their result.

## Example
```python
# base/tasks.py
from celery import shared_task


@shared_task
def send_invoice(order_id): ...
# head/tasks.py
from celery import shared_task


@shared_task
def send_invoice(order_id, language): ...
```

## Use instead
```python
# base/tasks.py
from celery import shared_task


@shared_task
def send_invoice(order_id): ...
# head/tasks.py
from celery import shared_task


@shared_task
def send_invoice(order_id, language="en"): ...
```

## When not to
A task that takes `*args` and `**kwargs` takes what was sent, too. A new parameter may become required one release after
it was added with a default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend_lint.api import Comparison, ContractRule, Finding, Project, Severity, Signature, Step, Unit, listed


class TaskContractChanged(ContractRule):
    code = "API410"
    severity = Severity.HIGH
    unit = Unit.TASK

    def compared(self, changes: Comparison, project: Project) -> Iterator[Finding]:
        for name, old in changes.before.tasks.items():
            new = changes.after.tasks.get(name)
            if new is None:
                renamed = _renamed(old, changes)
                if renamed is not None:
                    yield self._finding(old, renamed, f"is registered as `{renamed.name}` now, and was as `{name}`")
                continue
            what = _misfit(old, new)
            if what is not None:
                yield self._finding(old, new, what)

    def examined(self, project: Project) -> Iterable[str]:
        return () if project.changes is None else project.changes.before.tasks

    def _finding(self, old: Signature, new: Signature, what: str) -> Finding:
        return self.finding(
            new.at,
            f"`{new.function.rpartition('.')[2]}` {what}: messages that are queued already fail",
            help="Keep taking the old form for one release: a default, `**kwargs`, or the old name beside the new one.",
            related=[Step(old.at, "as it was")],
            discriminator=old.name,
            unit=old.name,
        )


def _renamed(old: Signature, changes: Comparison) -> Signature | None:
    """The one task that is new and made from a function of the same name."""
    own = old.function.rpartition(".")[2]
    new = [each for name, each in changes.after.tasks.items() if name not in changes.before.tasks]
    same = [each for each in new if each.function.rpartition(".")[2] == own and _misfit(old, each) is None]
    return same[0] if len(same) == 1 else None


def _misfit(old: Signature, new: Signature) -> str | None:
    """Why an old message does not fit, in words."""
    known = (*old.required, *old.optional)
    parameters = (*new.required, *new.optional)
    added = [each for each in new.required if each not in known]
    gone = [each for each in known if each not in parameters and (each not in old.optional or _is_sent(old, each))]
    if len(added) == len(gone) == 1 and _position(old, gone[0]) == _position(new, added[0]):
        return f"takes `{added[0]}` where it took `{gone[0]}`" if gone[0] in old.given else None
    if added:
        return f"requires {listed(added)}, which it did not take"
    required = [each for each in new.required if each in old.optional]
    if required:
        return f"requires {listed(required)}, which could be left out"
    if gone and not new.takes_more:
        return f"does not take {listed(gone)} any more"
    kept = [each for each in old.positional if each in new.positional]
    if kept and kept != [each for each in new.positional if each in kept]:
        return f"takes its parameters in another order ({', '.join(new.positional)})"
    return None


def _is_sent(old: Signature, name: str) -> bool:
    """Whether messages may hold a parameter that can be left out: by name, or in its place."""
    return name in old.given or (name in old.positional and not old.given)


def _position(signature: Signature, name: str) -> int | None:
    return signature.positional.index(name) if name in signature.positional else None
