"""A scheduler runs once in every web worker.

## What it does
Reports schedulers and periodic threads that are started where the application is made: at the top of a module, in the
factory, in the lifespan or in `AppConfig.ready`.

## Why it matters
Each worker process starts one. With four workers the invoices go out four times, and with one more replica eight times;
the development server with its single process never shows it.

## Example
```python
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask


def send_invoices(): ...


def create_app():
    app = Flask(__name__)

    @app.get("/")
    def home():
        return {}

    scheduler = BackgroundScheduler()
    scheduler.add_job(send_invoices, "interval", hours=1)
    scheduler.start()
    return app
```

## Use instead
```python
from apscheduler.schedulers.blocking import BlockingScheduler


def send_invoices(): ...


if __name__ == "__main__":
    scheduler = BlockingScheduler()
    scheduler.add_job(send_invoices, "interval", hours=1)
    scheduler.start()
```

## When not to
Jobs that take a lock which only one process gets, and work that belongs to each process, as refreshing its own cache.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import CallSite, Finding, Function, Project, ProjectRule, Role, Scope, Severity, Unit, ir

_SCHEDULERS = re.compile(r"^(?:apscheduler\..*Scheduler|flask_apscheduler\.(?:\w+\.)?APScheduler)\.start$")
_LOCKS = re.compile(r"(?i)lock|leader|mutex|singleton|is_primary|master")


class SchedulerInWebProcess(ProjectRule):
    code = "ARC422"
    severity = Severity.MEDIUM
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        if not project.routes:
            return
        for scope, how in _beginnings(project):
            for site in _starts(scope, project):
                if not _is_locked(scope):
                    yield self.finding(
                        site.at,
                        f"`{site.name}()` starts a scheduler {how}, so each web process runs all its jobs",
                        help="Run the scheduler in a process of its own, or let each job take a lock first.",
                    )


def _beginnings(project: Project) -> Iterator[tuple[Scope, str]]:
    """The code that runs once in each web process."""
    factories = {app.scope.qualified for app in project.apps if isinstance(app.scope, Function)}
    lifespans = {
        project.qualified(app.options.get("lifespan"), app.scope)
        for app in project.apps
        if app.scope is not None and app.options.get("lifespan") is not None
    }
    for scope in project.scopes(Role.APP):
        if not isinstance(scope, Function):
            if not hasattr(scope, "methods"):
                yield scope, "when it is imported"
        elif scope.qualified in factories:
            yield scope, "in the factory of the application"
        elif scope.qualified in lifespans or _is_start_up(scope):
            yield scope, "when the application starts"
        elif scope.name == "ready" and scope.cls is not None and _is_app_config(scope, project):
            yield scope, "in `ready()`"


def _is_start_up(function: Function) -> bool:
    return any(
        type(each) is ir.Call
        and (ir.dotted(each.func) or "").endswith(".on_event")
        and each.positional
        and type(each.positional[0]) is ir.Const
        and each.positional[0].value == "startup"
        for each in function.decorators
    )


def _is_app_config(function: Function, project: Project) -> bool:
    return function.cls is not None and project.classes.is_subclass(function.cls, "django.apps.AppConfig")


def _starts(scope: Scope, project: Project) -> Iterator[CallSite]:
    run = [
        (stmt.at, stmt.end)
        for stmt in scope.body
        if type(stmt) is ir.If
        and any(type(node) is ir.Name and node.id == "__name__" for node in ir.walk_expression(stmt.test))
    ]
    for site in project.sites(scope):
        if _SCHEDULERS.match(site.symbol or "") and not any(start <= site.call.at < end for start, end in run):
            yield site


def _is_locked(scope: Scope) -> bool:
    """Whether the module knows of something that only one process gets."""
    return any(_LOCKS.search(name) for name in scope.module.names) or any(
        type(node) in (ir.Name, ir.Attribute) and _LOCKS.search(node.id if type(node) is ir.Name else node.name)  # type: ignore[union-attr]
        for function in scope.module.functions
        for node in ir.walk(function.body)
    )
