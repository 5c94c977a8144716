"""Importing a module connects, queries, calls out or starts a thread.

## What it does
Reports calls at the top of a module, in a class body, in a decorator or a default, that query the database, call another
service or start a thread, also through functions of the project. Modules that are run rather than
imported, and what stands under `if __name__ == "__main__"`, may do so.

## Why it matters
The module can no longer be imported without the database, the network or the other service: tests, migrations, commands
and workers wait for it or fail, each process does it again, and its errors come up in whoever imports it first.

## Example
```python
# shop/rates.py
import requests

RATES = requests.get("https://rates.example/latest", timeout=5).json()


def in_euro(amount: float, currency: str) -> float:
    return amount / RATES[currency]


# shop/prices.py
from shop.rates import in_euro


def price(amount: float) -> float:
    return in_euro(amount, "SEK")
```

## Use instead
```python
# shop/rates.py
from functools import lru_cache

import requests


@lru_cache(maxsize=1)
def rates() -> dict:
    return requests.get("https://rates.example/latest", timeout=5).json()


def in_euro(amount: float, currency: str) -> float:
    return amount / rates()[currency]
```

## When not to
Engines, pools and clients that connect when they are first used may be made at import.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from backend_lint.api import (
    CallSite,
    Class,
    Effect,
    Finding,
    Function,
    Module,
    Project,
    ProjectRule,
    Role,
    Severity,
    Step,
    Unit,
    ir,
)

_ENTRIES = re.compile(r"(?:^|\.)(?:__main__|manage|wsgi|asgi|gunicorn(?:_conf(?:ig)?)?|conftest|setup|cli|run|celery)$")
_EFFECTS = {
    Effect.READ: "queries the database",
    Effect.WRITE: "writes to the database",
    Effect.OUTBOUND: "calls out",
    Effect.MAIL: "sends mail",
}
_DOES = {
    "threading.Thread.start": "starts a thread",
    "threading.Timer.start": "starts a timer",
    "multiprocessing.Process.start": "starts a process",
    "sqlalchemy.MetaData.create_all": "creates tables",
    "sqlalchemy.sql.schema.MetaData.create_all": "creates tables",
    "sqlalchemy.Engine.connect": "connects to the database",
    "sqlalchemy.engine.Engine.connect": "connects to the database",
}


class ImportTimeSideEffect(ProjectRule):
    code = "ARC205"
    severity = Severity.MEDIUM
    unit = Unit.MODULE

    def check(self, project: Project) -> Iterable[Finding]:
        makers = {app.scope.qualified for app in project.apps if isinstance(app.scope, Function)}
        for module in _imported(project):
            run = _run_only(module)
            done = [
                (site, *found)
                for site in _sites(module, project)
                if not any(start <= site.call.at < end for start, end in run)
                and not any(target.qualified in makers for target in site.targets)
                and (found := _done(site, project)) is not None
            ]
            if done:
                (site, what, way), *others = done
                yield self.finding(
                    site.at,
                    f"importing `{module.name}` {what}{' through' if way else ':'} `{site.name}()`"
                    + (f", and does so {len(others)} times more" if others else ""),
                    help="Do it when it is first needed, or when the application starts.",
                    trace=way,
                    related=[Step(each.at, f"{does}: `{each.name}()`") for each, does, _ in others[:5]],
                )

    def examined(self, project: Project) -> Iterable[str]:
        return [each.path for each in _imported(project)]


_FURTHEST = 4
_LAZY = frozenset({"redis", "kafka", "pymongo", "boto3"})  # connect when they are first used
_LOCAL = frozenset({"subprocess", "os", "asyncio"})  # a program of this machine, as `git describe` for the version


def _done(site: CallSite, project: Project) -> tuple[str, list[Step]] | None:
    """What a call does to the world, and the way there where it leads through functions of the project."""
    does = _DOES.get(site.symbol or "")
    if does is None and (ir.dotted(site.call.func) or "").endswith("metadata.create_all"):
        does = "creates tables"
    if does is not None:
        return does, []
    for effect, what in _EFFECTS.items():
        path = project.effects.reaches(site, effect)
        if path is not None and len(path.sites) <= _FURTHEST and all(each.is_certain for each in path.sites):
            found = project.effects.nearest(site, effect)
            if found is not None and found.what not in _LAZY | _LOCAL:
                return what, [
                    Step(each.at, f"`{each.name}`") for each in path.sites[: len(path.sites) * (len(path.sites) > 1)]
                ]
    return None


def _imported(project: Project) -> Iterator[Module]:
    """The modules that others import, or a server does to find the application."""
    known = {each.target.name for each in project.imports} | {
        module.name for app in project.apps if (module := project.by_path.get(app.at.path)) is not None
    }
    for module in project.modules.values():
        if module.role is Role.APP and module.name in known and not _ENTRIES.search(module.name):
            if not any(part in ("commands", "management", "bin") for part in module.name.split(".")):
                yield module


def _sites(module: Module, project: Project) -> Iterator[CallSite]:
    """The calls that run when a module is imported, less those that only define."""
    yield from project.sites(module)
    for cls in module.classes:
        if cls.facts.function is None and not _is_of_framework(cls, project):
            yield from project.sites(cls)


def _is_of_framework(cls: Class, project: Project) -> bool:
    """Whether the class body is a declaration whose calls a framework puts off: querysets of views and fields."""
    return any(isinstance(each, str) and each != "builtins.object" for each in project.classes.mro(cls))


def _run_only(module: Module) -> list[tuple[int, int]]:
    """What runs only where the module is run itself."""
    return [
        (stmt.at, stmt.end)
        for stmt in module.body
        if type(stmt) is ir.If
        and any(type(node) is ir.Name and node.id == "__name__" for node in ir.walk_expression(stmt.test))
    ]
