"""Collections of MongoDB that the code speaks of, as models: their fields are those that are stored and asked for.

They count as managed where the code makes their indexes; of others nothing is known of what the database has.
"""

from __future__ import annotations

from backend_lint.adapters._collections import Collections
from backend_lint.adapters._document_queries import METHODS, Filters
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import CallSite, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import Column, Index, Model


def read(project: Project) -> None:
    collections = Collections(project)
    if not collections.is_used:
        return
    reader = _Reader(project, collections)
    for scope in project.scopes():
        for site in project.sites(scope):
            reader.site(site, scope)
    for model in reader.models.values():
        model.is_managed = bool(model.indexes)
    project.models.update({model.qualified: model for model in reader.models.values()})


class _Reader:
    def __init__(self, project: Project, collections: Collections) -> None:
        self.project, self.collections, self.filters = project, collections, Filters(project)
        self.models: dict[str, Model] = {}

    def site(self, site: CallSite, scope: Scope) -> None:
        func = site.call.func
        if type(func) is not ir.Attribute or site.targets:
            return
        if func.name in METHODS:
            name = self.collections.name(func.value, scope)
            if name is not None:
                self._used(self._model(name, site), site, scope)
        elif func.name in ("create_index", "ensure_index"):
            name = self.collections.name(func.value, scope)
            if name is not None:
                self._index(self._model(name, site), site, scope)

    def _model(self, name: str, site: CallSite) -> Model:
        if name not in self.models:
            model = Model(name, f"mongodb.{name}", name, "mongodb", site.at)
            model.columns["_id"] = Column("_id", "_id", "ObjectId", site.at, nullable=False, primary_key=True)
            self.models[name] = model
        return self.models[name]

    def _used(self, model: Model, site: CallSite, scope: Scope) -> None:
        first = site.call.argument(0)
        for use in self.filters.read(first, model.qualified, scope)[0]:
            self._column(model, use.column, site)
        if METHODS[site.method or ""] == "insert":
            for name in self.filters.written(first, scope):
                self._column(model, name, site)

    def _column(self, model: Model, name: str, site: CallSite) -> None:
        model.columns.setdefault(name, Column(name, name, None, site.at))

    def _index(self, model: Model, site: CallSite, scope: Scope) -> None:
        names = self._keys(site.call.argument(0, "keys"), scope)
        for name in names:
            self._column(model, name, site)
        unique = constant(self.project, site.call.keywords.get("unique"), scope) is True
        is_partial = "partialFilterExpression" in site.call.keywords
        if names:
            model.indexes.append(Index(tuple(names), unique, site.at, is_partial=is_partial))

    def _keys(self, expr: Expr | None, scope: Scope) -> list[str]:
        """`"email"`, `[("email", 1), ("shop", -1)]`"""
        held = constant(self.project, expr, scope)
        if isinstance(held, str):
            return [held]
        found = []
        for each in expr.items if type(expr) is ir.Sequence else ():
            first = each.items[0] if type(each) is ir.Sequence and each.items else each
            name = constant(self.project, first, scope)
            if isinstance(name, str):
                found.append(name)
        return found
