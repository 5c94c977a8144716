"""Where the foreign keys and relationships of SQLAlchemy's models lead, which can be told only when all are known."""

from __future__ import annotations

from collections.abc import Mapping

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Project, Scope
from backend_lint.project.constants import constant, text
from backend_lint.project.model import Column, Model, Relationship


class References:
    """`loose` are relationships that say nothing of how many they lead to, `backrefs` those that make another one."""

    def __init__(self, project: Project, models: Mapping[str, Model]) -> None:
        self.project, self.models = project, models
        self.loose: list[tuple[Model, Relationship, Scope]] = []
        self.backrefs: list[tuple[Model, Relationship, Expr, Scope]] = []

    def settle(self) -> None:
        tables = {model.table: model for model in reversed(list(self.models.values())) if model.parent is None}
        tables |= {model.table: model for model in self.models.values() if model.table not in tables}
        for model in self.models.values():
            for each in model.columns.values():
                self._settle_reference(each, model, tables)
        for model in self.models.values():
            for each in model.columns.values():
                _take_type(each, tables)
        by_name: dict[str, list[Model]] = {}
        for model in self.models.values():
            by_name.setdefault(model.name, []).append(model)
        for model in self.models.values():
            for related in model.relationships.values():
                self._settle_target(related, model, by_name)
        for model, related, scope in self.loose:
            related.many = self._leads_to_many(model, related, scope)
        for model in self.models.values():
            for related in model.relationships.values():
                self._settle_columns(related, model)
        for model, related, back, scope in self.backrefs:
            self._add_backref(model, related, back, scope)

    def _settle_reference(self, each: Column, model: Model, tables: Mapping[str, Model]) -> None:
        """Attributes become columns, and a table without its schema gets that of the referring one."""
        if each.foreign_key is None or "." not in each.foreign_key:
            return
        table, _, name = each.foreign_key.rpartition(".")
        schema = model.table.rpartition(".")[0]
        if table not in tables and f"{schema}.{table}" in tables:
            table = f"{schema}.{table}"
        target = tables.get(table)
        if target is not None and name in target.columns and target.columns[name].table is None:
            name = target.columns[name].name
        each.foreign_key = f"{table}.{name}"

    def _settle_target(self, related: Relationship, model: Model, by_name: Mapping[str, list[Model]]) -> None:
        target = related.target
        if target is None or target in self.models:
            return
        named = by_name.get(target.rpartition(".")[2].strip("'\""), [])
        fitting = [each for each in named if each.qualified.endswith(target)] or named
        if len(fitting) > 1 and model.cls is not None:
            near = [each for each in fitting if each.cls is not None and each.cls.module is model.cls.module]
            fitting = near or fitting
        related.target = fitting[0].qualified if fitting else related.target

    def _leads_to_many(self, model: Model, related: Relationship, scope: Scope) -> bool:
        """Without a word about it, a relationship is one to many unless a foreign key of its own table leads there."""
        target = self.models.get(related.target or "")
        if related.through is not None:
            return True
        if target is None:
            return False
        if "remote_side" in related.options and target.table == model.table:
            return False
        return target.table == model.table or not _references(model, target)

    def _settle_columns(self, related: Relationship, model: Model) -> None:
        target = self.models.get(related.target or "")
        if target is None or related.many:
            return
        keys = [each.attribute for each in _references(model, target)]
        given = related.options.get("foreign_keys")
        if given is not None:
            values = given.items if type(given) is ir.Sequence else [given]
            names = [_last_name(each) for each in values]
            keys = [each for each in keys if each in names] or keys
        related.columns = tuple(keys)

    def _add_backref(self, model: Model, related: Relationship, back: Expr, scope: Scope) -> None:
        target = self.models.get(related.target or "")
        options: dict[str, Expr] = {}
        name = text(self.project, back, scope)
        if type(back) is ir.Call:
            name = text(self.project, back.argument(0, "name"), scope)
            options = back.keywords
        if target is None or name is None:
            return
        uselist = constant(self.project, options.get("uselist"), scope)
        many = uselist if isinstance(uselist, bool) else not related.many or related.through is not None
        related.back = name
        other = Relationship(
            name,
            model.qualified,
            related.at,
            many=many,
            lazy=text(self.project, options.get("lazy"), scope),
            back=related.name,
            options=options,
            through=related.through,
            is_reverse=True,
        )
        target.relationships.setdefault(name, other)
        if not many:
            self._settle_columns(other, target)


def _take_type(each: Column, tables: Mapping[str, Model], depth: int = 0) -> None:
    """A foreign key without a type of its own has that of the column it leads to."""
    if each.type is not None or each.foreign_key is None or depth > 8:
        return
    table, _, name = each.foreign_key.rpartition(".")
    target = tables.get(table)
    found = None if target is None else next((it for it in target.columns.values() if it.name == name), None)
    if found is None or found is each:
        return
    _take_type(found, tables, depth + 1)
    each.type, each.family, each.declared = found.type, found.family, found.declared


def _references(model: Model, target: Model) -> list[Column]:
    """The columns of a model that lead to the table of another."""
    return [
        each
        for each in model.columns.values()
        if each.foreign_key and each.foreign_key.rpartition(".")[0] == target.table
    ]


def _last_name(expr: Expr) -> str | None:
    if type(expr) is ir.Const and isinstance(expr.value, str):
        return expr.value.strip("[]").rpartition(".")[2]
    return expr.name if type(expr) is ir.Attribute else expr.id if type(expr) is ir.Name else None
