"""Models of SQLAlchemy and what is built on it, compared with what the frameworks themselves say."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest

from backend_lint import adapters
from backend_lint.core import Role
from backend_lint.discover import module_name, roots
from backend_lint.facts.lower import lower
from backend_lint.project import Project, link
from backend_lint.project.model import Model
from backend_lint.source import Source, parse
from tests.adapters.truth import SAMPLES, TABLE_SAMPLES, columns, root, truth
from tests.reading import project

FACTS = ("type", "nullable", "primary_key", "unique", "index", "foreign_key")


@functools.cache
def read_folder(folder: Path) -> Project:
    """The project of the files of a folder, with the backend model."""
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    base = roots(files)
    found = []
    for path, content in files.items():
        source = parse(path, content)
        assert isinstance(source, Source)
        found.append((path, module_name(path, base), Role.APP, lower(source)))
    linked = link(found)
    adapters.read(linked)
    return linked


def sample(name: str) -> Project:
    return read_folder(root(name) / SAMPLES[name].source)


def stored(models: dict[str, Model]) -> dict[str, dict[str, Any]]:
    """Every `table.column`, as `truth.columns` has it."""
    found: dict[str, dict[str, Any]] = {}
    for model in models.values():
        for column in model.columns.values():
            if column.table is None:
                found.setdefault(f"{model.table}.{column.name}", {fact: getattr(column, fact) for fact in FACTS})
    return found


def one(text: str) -> Model:
    """The model of a file with one."""
    [model] = project({"models.py": text}).models.values()
    return model


@pytest.mark.parametrize("name", TABLE_SAMPLES)
def test_columns_are_those_of_the_running_framework(name: str) -> None:
    expected = columns(truth(name)["models"])
    found = stored(sample(name).models)
    facts = [fact for fact in FACTS if fact != "type"]
    assert {key: {fact: row[fact] for fact in facts} for key, row in found.items()} == {
        key: {fact: row[fact] for fact in facts} for key, row in expected.items()
    }


@pytest.mark.parametrize("name", TABLE_SAMPLES)
def test_types_are_those_of_the_running_framework(name: str) -> None:
    expected = {f"{m['table']}.{c['name']}": c["type"] for m in truth(name)["models"] for c in m["columns"]}
    found = {key: row["type"] for key, row in stored(sample(name).models).items()}
    same = {"Float": "Double"}  # what a Python float becomes depends on SQLAlchemy's version
    assert {k: same.get(v, v) for k, v in found.items()} == {k: same.get(v, v) for k, v in expected.items()}


@pytest.mark.parametrize("name", TABLE_SAMPLES)
def test_indexes_of_plain_columns_are_those_of_the_running_framework(name: str) -> None:
    expected = {
        (model["table"], tuple(each["columns"]), each["unique"])
        for model in truth(name)["models"]
        for each in (*model["indexes"], *({"columns": key, "unique": True} for key in model["uniques"]))
        if all(column.isidentifier() for column in each["columns"])
    }
    found = {
        (model.table, each.columns, each.unique)
        for model in sample(name).models.values()
        for each in model.indexes
        if each.columns and not each.has_expressions
    }
    assert found - expected == (
        {("old.invoices", ("customer", "issued"), False)} if name == "sqlalchemy_models" else set()
    )
    assert expected <= found


@pytest.mark.parametrize("name", TABLE_SAMPLES)
def test_a_class_is_known_by_the_table_it_is_mapped_to(name: str) -> None:
    expected = {row: model["table"] for model in truth(name)["models"] for row in model["classes"]}
    found = {model.qualified: model.table for model in sample(name).models.values() if model.cls is not None}
    assert found == expected


BASE = """
from __future__ import annotations
from sqlalchemy import *
from sqlalchemy.orm import DeclarativeBase, Mapped, backref, mapped_column, relationship

class Base(DeclarativeBase):
    pass
"""


def test_a_column_made_by_a_function_is_that_of_its_call() -> None:
    model = one(
        BASE
        + """
def reference(table, column="id", **options):
    return Column(Integer, ForeignKey(f"{table}.{column}", ondelete="CASCADE"), **options)

class Order(Base):
    __tablename__ = "orders"
    id = Column(Integer, primary_key=True)
    customer_id = reference("customers", nullable=False, index=True)
"""
    )
    column = model.columns["customer_id"]
    assert (column.foreign_key, column.on_delete, column.nullable, column.index) == (
        "customers.id",
        "CASCADE",
        False,
        True,
    )


def test_a_type_held_by_a_variable_that_is_assigned_twice_is_the_first_ones() -> None:
    model = one(
        BASE
        + """
Big = BigInteger()
Big = Big.with_variant(Integer, "sqlite")

class Event(Base):
    __tablename__ = "events"
    id = Column(Big, primary_key=True)
"""
    )
    assert model.columns["id"].type == "BigInteger"


def test_a_table_is_named_by_a_pure_function_of_the_class() -> None:
    model = one(
        """
import re
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base, declared_attr

def table_name(name):
    parts = re.split("(?=[A-Z])", name)
    return "_".join([part.lower() for part in parts if part])

class Common:
    @declared_attr
    def __tablename__(cls):
        return table_name(cls.__name__)

Base = declarative_base(cls=Common)

class TaskReminder(Base):
    id = Column(Integer, primary_key=True)
"""
    )
    assert model.table == "task_reminder"


def test_relationships_know_where_they_lead_and_how_many_they_give() -> None:
    models = project(
        {
            "models.py": BASE
            + """
class User(Base):
    __tablename__ = "users"
    id = mapped_column(Integer, primary_key=True)
    orders = relationship("Order", back_populates="user", lazy="selectin")

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(back_populates="orders")
    lines: Mapped[list[Line]] = relationship()

class Line(Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    parent = relationship("Order", backref=backref("all_lines", lazy="dynamic"))
"""
        }
    ).models
    found = {
        f"{model.name}.{each.name}": (each.target, each.many, each.lazy, each.columns)
        for model in models.values()
        for each in model.relationships.values()
    }
    assert found == {
        "User.orders": ("models.Order", True, "selectin", ()),
        "Order.user": ("models.User", False, None, ("user_id",)),
        "Order.lines": ("models.Line", True, None, ()),
        "Order.all_lines": ("models.Line", True, "dynamic", ()),
        "Line.parent": ("models.Order", False, None, ("order_id",)),
    }


def test_a_child_table_lists_what_lies_in_its_parents() -> None:
    found = sample("sqlalchemy_models").models["warehouse.models.people.Company"]
    assert {name: column.table for name, column in found.columns.items()} == {
        "id": None,
        "vat_number": None,
        "type": "customer",
        "name": "customer",
    }
    assert found.primary_key == ("id",)


def test_a_partial_index_makes_nothing_unique() -> None:
    model = one(
        BASE
        + """
class User(Base):
    __tablename__ = "users"
    __table_args__ = (Index("live", "email", unique=True, postgresql_where=text("deleted_at IS NULL")),)
    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str]
"""
    )
    assert not model.is_unique(frozenset({"email"}))
    assert not model.columns["email"].unique


def test_a_geometry_is_indexed_unless_it_is_told_not_to() -> None:
    text = """
from geoalchemy2 import Geometry
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class Place(Base):
    __tablename__ = "places"
    id = Column(Integer, primary_key=True)
    at = Column(Geometry("POINT"))
    area = Column(Geometry("POLYGON", spatial_index=False))
"""
    (model,) = project({"app.py": text}).models.values()
    assert {name: column.index for name, column in model.columns.items()} == {"id": False, "at": True, "area": False}
