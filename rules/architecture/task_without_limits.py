"""A task may run for ever.

## What it does
Reports tasks of Celery and Huey that call another service without a time limit, where neither the task nor the
application limits how long a task may take.

## Why it matters
A server that does not answer holds a worker for good. A handful of such tasks, and the queue stands still although all
workers run; nothing is logged, as nothing has failed.

## Example
```python
import requests
from celery import shared_task


@shared_task
def fetch(url: str) -> None:
    print(requests.get(url).text)
```

## Use instead
```python
import requests
from celery import shared_task


@shared_task(soft_time_limit=60, time_limit=90)
def fetch(url: str) -> None:
    print(requests.get(url, timeout=10).text)
```

## When not to
RQ, Dramatiq and arq limit their tasks by default, and are not reported.

## References
- https://docs.celeryq.dev/en/stable/userguide/workers.html#time-limits
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import Finding, Outbound, Project, ProjectRule, Role, Severity, Step, Task, Unit

_ENDLESS = frozenset({"celery", "huey"})
_LIMITS = frozenset({"time_limit", "soft_time_limit", "timeout", "expires"})
_LIMIT_SETTING = re.compile(r"(?i)task_(?:soft_)?time_limit|celeryd_task_(?:soft_)?time_limit")
_FURTHEST = 4
_KINDS = frozenset({"http", "mail", "socket", "rpc"})


class TaskWithoutLimits(ProjectRule):
    code = "ARC417"
    severity = Severity.LOW
    cwe = (400,)
    unit = Unit.TASK

    def check(self, project: Project) -> Iterable[Finding]:
        if _is_limited(project):
            return
        endless = {
            id(each.site.call): each for each in project.outbound if each.timeout == "none" and each.kind in _KINDS
        }
        told: set[object] = set()
        for task in _tasks(project):
            call = _endless_call(task, endless, project)
            if call is not None and call.at not in told:
                told.add(call.at)
                yield self.finding(
                    task.function.at,
                    f"the task `{task.function.name}` has no time limit, and its `{call.site.name}()` may wait for ever",
                    help="Set `soft_time_limit` and `time_limit`, here or for all tasks, and a timeout for the call.",
                    related=[Step(call.at, "no timeout")],
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [task.name for task in _tasks(project)]


def _tasks(project: Project) -> Iterator[Task]:
    for task in project.tasks:
        if task.framework in _ENDLESS and task.function.module.role is Role.APP and not _LIMITS & task.options.keys():
            yield task


def _endless_call(task: Task, endless: dict[int, Outbound], project: Project) -> Outbound | None:
    """The nearest call of a task that may wait for ever."""
    paths = project.paths(project.sites(task.function), lambda site: id(site.call) in endless, depth=_FURTHEST)
    found = next((path for path in paths if all(site.is_certain for site in path.sites)), None)
    return None if found is None else endless[id(found.last.call)]


def _is_limited(project: Project) -> bool:
    """Whether a setting limits all tasks, wherever it is written."""
    return (
        any(_LIMIT_SETTING.search(each.name) for each in project.settings)
        or any(
            _LIMIT_SETTING.search(name)
            for module in project.modules.values()
            for name in (*module.names, *(each for cls in module.classes for each in cls.attributes))
        )
        or any(
            site.method in ("update", "Celery") and any(_LIMIT_SETTING.search(key) for key in site.call.keywords)
            for scope in project.scopes(Role.APP, Role.SCRIPT)
            for site in project.sites(scope)
        )
    )
