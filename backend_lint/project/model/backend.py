"""The whole backend model."""

from __future__ import annotations

import functools
from collections import Counter

from backend_lint.project.model.app import App
from backend_lint.project.model.flow import Flow
from backend_lint.project.model.log import LogCall
from backend_lint.project.model.migration import Migration, StoredTable
from backend_lint.project.model.outbound import Outbound
from backend_lint.project.model.query import Query
from backend_lint.project.model.route import Route, Router
from backend_lint.project.model.schema import Schema
from backend_lint.project.model.setting import Setting
from backend_lint.project.model.table import Model
from backend_lint.project.model.task import Enqueue, Task
from backend_lint.project.model.transaction import Commit, Transaction


class Backend:
    """What the adapters understood, each list in the order of place. `frameworks` are display names, in order of size.

    `stored` are the tables that the migrations leave behind. `flows` are what data flow found, `sinks` the places that
    it examined, by kind. `versions` are those of libraries that the project has settled on, by normalised name.
    """

    def __init__(self) -> None:
        self.frameworks: list[str] = []
        self.versions: dict[str, str] = {}
        self.apps: list[App] = []
        self.routes: list[Route] = []
        self.routers: list[Router] = []
        self.schemas: dict[str, Schema] = {}
        self.models: dict[str, Model] = {}
        self.queries: list[Query] = []
        self.transactions: list[Transaction] = []
        self.commits: list[Commit] = []
        self.tasks: list[Task] = []
        self.enqueues: list[Enqueue] = []
        self.outbound: list[Outbound] = []
        self.settings: list[Setting] = []
        self.logs: list[LogCall] = []
        self.migrations: list[Migration] = []
        self.stored: list[StoredTable] = []
        self.flows: list[Flow] = []
        self.sinks: dict[str, list[str]] = {}

    @functools.cached_property
    def tables(self) -> dict[str, Model]:
        """Models by table name; of several that share one, the parent."""
        found: dict[str, Model] = {}
        for model in self.models.values():
            known = found.get(model.table)
            if known is None or known.parent == model.qualified or (known.parent and not model.parent):
                found[model.table] = model
        return found

    def stored_table(self, name: str) -> StoredTable | None:
        """The table of this name that the migrations leave; a schema may be left out on one side."""
        found = self._stored.get(name)
        if found is None:
            found = self._stored.get(f"?.{name.rpartition('.')[2]}")
            if found is not None and "." in name and "." in found.name:
                return None
        return found

    @functools.cached_property
    def _stored(self) -> dict[str, StoredTable]:
        found = {table.name: table for table in self.stored}
        short = Counter(table.name.rpartition(".")[2] for table in self.stored)
        found |= {f"?.{last}": table for table in self.stored if short[last := table.name.rpartition(".")[2]] == 1}
        return found

    @functools.cached_property
    def handlers(self) -> dict[str, list[Route]]:
        """Routes by the qualified name of the function that answers them."""
        found: dict[str, list[Route]] = {}
        for route in self.routes:
            if route.handler is not None:
                found.setdefault(route.handler.qualified, []).append(route)
        return found
