"""Models of Django, compared with what Django itself says."""

from __future__ import annotations

from typing import Any

import pytest

from backend_lint.project.model import Model
from tests.adapters.test_sqlalchemy import read_folder
from tests.adapters.test_truth_django import truth
from tests.adapters.truth import APPS
from tests.reading import project

FACTS = ("attribute", "type", "nullable", "primary_key", "unique", "index", "foreign_key")
PROJECTS = ("django_shop", "drf_shop")


def tables(name: str) -> list[Model]:
    """The models that have a table of their own."""
    models = read_folder(APPS / name).models
    return [each for each in models.values() if each.parent is None or models[each.parent].table != each.table]


@pytest.mark.parametrize("name", PROJECTS)
def test_columns_are_those_of_the_running_project(name: str) -> None:
    expected = {
        f"{model['table']}.{column['name']}": {fact: column[fact] for fact in FACTS}
        for model in truth(name)["models"]
        for column in model["columns"]
    }
    found = {
        f"{model.table}.{column.name}": {fact: getattr(column, fact) for fact in FACTS}
        for model in tables(name)
        for column in model.columns.values()
        if column.table is None
    }
    assert found == expected


@pytest.mark.parametrize("name", PROJECTS)
def test_indexes_are_those_of_the_running_project(name: str) -> None:
    expected: dict[str, Any] = {}
    for model in truth(name)["models"]:
        plain = [(tuple(each["columns"]), False) for each in model["indexes"]]
        expected[model["table"]] = {*plain, *((tuple(columns), True) for columns in model["uniques"])}
    found = {
        model.table: {
            (each.columns, each.unique) for each in model.indexes if not each.is_partial and not each.has_expressions
        }
        for model in tables(name)
    }
    assert found == expected


@pytest.mark.parametrize("name", PROJECTS)
def test_join_tables_and_unmanaged_tables_are_told_apart(name: str) -> None:
    expected = {model["table"]: (model["auto_created"], model["managed"]) for model in truth(name)["models"]}
    assert {model.table: (model.is_join, model.is_managed) for model in tables(name)} == expected


def test_a_proxy_shares_the_table_and_has_its_own_order() -> None:
    models = read_folder(APPS / "django_shop").models
    proxy = models["orders.models.ShippedOrder"]
    assert (proxy.table, proxy.parent, proxy.ordering) == ("shop_orders", "orders.models.Order", ("number",))
    assert proxy.columns == models["orders.models.Order"].columns


def test_relations_are_known_at_both_ends() -> None:
    models = read_folder(APPS / "django_shop").models
    order = models["orders.models.Order"].relationships
    assert (order["customer"].target, order["customer"].many, order["customer"].columns) == (
        "accounts.models.User",
        False,
        ("customer",),
    )
    assert (order["lines"].target, order["lines"].many, order["lines"].is_reverse) == (
        "orders.models.OrderLine",
        True,
        True,
    )
    product = models["catalog.models.Product"].relationships
    assert product["suppliers"].through == "catalog.models.Supply"
    assert (product["order_lines"].target, product["digitalproduct"].many if "digitalproduct" in product else None) == (
        "orders.models.OrderLine",
        None,
    )


def test_a_child_table_lists_what_lies_in_its_parents() -> None:
    models = read_folder(APPS / "django_shop").models
    digital = models["catalog.models.DigitalProduct"]
    assert digital.primary_key == ("product_ptr_id",)
    assert (digital.columns["slug"].table, digital.columns["slug"].unique) == ("catalog_product", True)
    assert digital.columns["licence_key"].table is None


MODELS = """
from django.db import models
"""


def one(text: str) -> Model:
    [model] = project({"shop/__init__.py": "", "shop/models.py": MODELS + text}).models.values()
    return model


def test_a_field_made_by_a_function_is_that_of_its_call() -> None:
    model = one(
        """
def money(**options):
    return models.DecimalField(max_digits=10, decimal_places=2, **options)

class Invoice(models.Model):
    total = money(null=True)
"""
    )
    assert (model.columns["total"].type, model.columns["total"].nullable) == ("DecimalField", True)


def test_a_kind_of_field_of_a_library_is_known_by_its_name() -> None:
    model = one(
        """
from i18nfield.fields import I18nCharField
class Event(models.Model):
    name = I18nCharField(max_length=200)
"""
    )
    assert (model.columns["name"].type, model.columns["name"].declared) == (
        "CharField",
        "i18nfield.fields.I18nCharField",
    )


def test_a_link_to_the_parent_is_the_key_of_the_child() -> None:
    text = """
class Order(models.Model):
    number = models.IntegerField()

class Gift(Order):
    order = models.OneToOneField(Order, on_delete=models.CASCADE, parent_link=True)

    class Meta:
        db_table = '"legacy"."gift"'
"""
    models = project({"shop/__init__.py": "", "shop/models.py": MODELS + text}).models
    gift = models["shop.models.Gift"]
    assert (gift.table, gift.primary_key, gift.columns["order"].unique) == ("legacy.gift", ("order_id",), False)


def test_an_index_inherited_through_meta_is_found() -> None:
    model = one(
        """
class Stamped(models.Model):
    at = models.DateTimeField()
    class Meta:
        abstract = True
        indexes = [models.Index(fields=["-at"])]

class Event(Stamped):
    kind = models.CharField(max_length=8)
    class Meta(Stamped.Meta):
        indexes = Stamped.Meta.indexes + [models.Index(fields=["kind", "at"])]
"""
    )
    assert [index.columns for index in model.indexes] == [("at",), ("kind", "at")]
    assert model.columns["at"].index


def test_what_is_no_model_is_none() -> None:
    found = project(
        {
            "app.py": """
            from django import forms
            from django.db import models
            from django.db.models import Subquery

            class Count(Subquery):
                output_field = models.IntegerField()

            class Form(forms.Form):
                name = forms.CharField()

            class Mixin:
                name = models.CharField(max_length=3)
            """
        }
    )
    assert found.models == {}


def test_a_method_takes_the_place_of_an_inherited_field() -> None:
    found = project(
        {
            "shop/__init__.py": "",
            "shop/models.py": """
                from django.db import models

                class Flagged(models.Model):
                    is_open = models.BooleanField()

                    class Meta:
                        abstract = True

                class Order(Flagged):
                    @property
                    def is_open(self):
                        return True
                """,
        }
    ).models["shop.models.Order"]
    assert list(found.columns) == ["id"]
