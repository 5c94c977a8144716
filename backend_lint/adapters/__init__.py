"""What the frameworks make of the code: one module a framework, from facts to the backend model.

Takes: a linked `Project`.
Gives: the same project with the lists of `Backend` filled in.
Never: judges. That a route has no guard is a fact here and a finding in a rule.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterable
from pkgutil import iter_modules

from backend_lint.project import Project


def readers() -> list[str]:
    """The names of all adapters, in the order in which they read: what others build on comes first."""
    found = [each.name for each in iter_modules(__path__) if not each.name.startswith("_")]
    return sorted(found, key=lambda name: (_ORDER.get(name, 5), name))


def read(project: Project, guarded: Callable[[str, Callable[[Project], None]], None] | None = None) -> None:
    """Fill in the backend model. Every module here has one public `read(project)`.

    `guarded` runs a reader by name and keeps a failing one apart; without it a failure is raised.
    """
    for name in readers():
        if guarded is None:
            _read(name, project)
        else:
            guarded(f"adapter {name}", functools.partial(_read, name))
    _sort(project)


def _read(name: str, project: Project) -> None:
    importlib.import_module(f"{__name__}.{name}").read(project)


def _sort(project: Project) -> None:
    lists: Iterable[list] = (  # type: ignore[type-arg]
        project.apps,
        project.queries,
        project.transactions,
        project.commits,
        project.tasks,
        project.enqueues,
        project.outbound,
        project.settings,
        project.logs,
    )
    for each in lists:
        each.sort(key=lambda item: item.at)
    project.routes.sort(key=lambda route: (route.app, route.order, route.at, route.path))


_STORES = ("sqlalchemy", "django_models", "peewee", "tortoise", "mongoengine", "beanie", "mongodb")
_ORDER = {
    **dict.fromkeys(_STORES, 0),  # what they find tells types to all that follow
    "generic_views": 1,
    "callers": 2,
    **dict.fromkeys(("settings", "logs", "outbound", "schemas"), 3),
    "queries": 4,
}
