"""Stored data: models, columns, keys, indexes, relations."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Class


@dataclass(eq=False)
class Column:
    """`name` is the column's in the database, `attribute` the entity's.

    `type` is the class name of its type as the framework reports it (`String`, `CharField`), `declared` the qualified
    name of what is written there (`app.types.Money`), `family` what it holds in any framework: `string`, `text`,
    `integer`, `float`, `decimal`, `boolean`, `datetime`, `date`, `time`, `interval`, `uuid`, `json`, `binary`, `enum`,
    `array`, `file`, `address`. `foreign_key` is `table.column` of the database, `on_delete` what happens here when that
    row goes, as declared. `unique` and `index` are those of this column alone; an index led by it counts as `index`.
    `arguments` are literal arguments of type and column (`length`, `timezone`, …). `table` is set where the column
    lies in the table of a parent entity; a parent's key is then `unique`, and not `primary_key`.
    """

    name: str
    attribute: str
    type: str | None
    at: Place
    nullable: bool = True
    primary_key: bool = False
    unique: bool = False
    index: bool = False
    foreign_key: str | None = None
    default: Expr | None = None
    server_default: Expr | None = None
    onupdate: Expr | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    choices: bool = False
    declaration: Expr | None = None
    defined_in: Class | None = None
    family: str | None = None
    declared: str | None = None
    on_delete: str | None = None
    table: str | None = None


@dataclass(eq=False)
class Index:
    """`columns` are database names, in order, up to the first expression; `is_partial` where there is a condition.

    `is_constraint` where it is declared as a unique constraint. Indexes of single columns (`index=True`) count, too.
    `method` is how it is built where that is not the database's usual way (`gin`, `hash`, an operator class, in part
    `descending`).
    """

    columns: tuple[str, ...]
    unique: bool
    at: Place
    name: str | None = None
    is_partial: bool = False
    is_constraint: bool = False
    has_expressions: bool = False
    method: str | None = None


@dataclass(eq=False)
class Relationship:
    """`target` is the qualified name of the model it leads to; `lazy` the loading strategy as declared.

    `many` is true where it gives a collection. `columns` are the foreign key attributes of this model it uses.
    `query_name` is what it is called in lookups, where that differs; `through` the model, or the table, in between.
    `is_reverse` where it is declared at the other end.
    """

    name: str
    target: str | None
    at: Place
    many: bool = False
    lazy: str | None = None
    back: str | None = None
    columns: tuple[str, ...] = ()
    options: dict[str, Expr] = field(default_factory=dict)
    query_name: str | None = None
    through: str | None = None
    is_reverse: bool = False


@dataclass(eq=False)
class Model:
    """An entity with a table. `orm` is `sqlalchemy`, `sqlmodel`, `django`, `peewee`, …

    `columns` and `relationships` include inherited ones, by attribute. `primary_key` names database columns.
    `parent` is the entity whose table it shares (a proxy, single-table inheritance) or joins. `cls` is None for a plain
    table; `handle` is the qualified name of the variable that holds its table. `is_join` where a framework makes it.
    """

    name: str
    qualified: str
    table: str
    orm: str
    at: Place
    cls: Class | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    indexes: list[Index] = field(default_factory=list)
    relationships: dict[str, Relationship] = field(default_factory=dict)
    ordering: tuple[str, ...] = ()
    options: dict[str, Expr] = field(default_factory=dict)
    is_managed: bool = True
    parent: str | None = None
    handle: str | None = None
    is_join: bool = False

    @property
    def primary_key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns.values() if column.primary_key)

    def is_unique(self, names: frozenset[str]) -> bool:
        """Whether some key or unique set lies within these database columns."""
        sets = [frozenset(self.primary_key)] if self.primary_key else []
        sets += [frozenset({column.name}) for column in self.columns.values() if column.unique]
        sets += [
            frozenset(index.columns)
            for index in self.indexes
            if index.unique and not index.is_partial and not index.has_expressions
        ]
        return any(each and each <= names for each in sets)

    def is_indexed(self, name: str) -> bool:
        """Whether an index, a unique key or the primary key starts with this database column."""
        column = next((each for each in self.columns.values() if each.name == name), None)
        if column is not None and (column.index or column.unique):
            return True
        return self.primary_key[:1] == (name,) or any(index.columns[:1] == (name,) for index in self.indexes)
