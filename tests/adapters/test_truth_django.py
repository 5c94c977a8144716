"""The samples run, and what they say of themselves is what a person would say who reads them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.adapters.truth_django import django_truth

APPS = Path(__file__).resolve().parents[2] / "fixtures" / "apps"
SETTINGS = {"django_shop": "config.settings.dev", "drf_shop": "backend.settings"}

samples = pytest.mark.parametrize("name", sorted(SETTINGS))


@cache
def truth(name: str) -> dict[str, Any]:
    return django_truth(APPS / name, SETTINGS[name], credentials={"X-Api-Key": "warehouse-dev"})


def routes(name: str, path: str) -> dict[str, str]:
    """Method and handler of every route at `path`; those that refuse strangers end in an asterisk."""
    return {
        " ".join(route["methods"]): route["handler"] + "*" * route["guarded"]
        for route in truth(name)["routes"]
        if route["path"] == path
    }


def table(name: str, table_name: str) -> dict[str, Any]:
    return next(known for known in truth(name)["models"] if known["table"] == table_name)


def columns(name: str, table_name: str) -> dict[str, dict[str, Any]]:
    return {column["name"]: column for column in table(name, table_name)["columns"]}


@samples
def test_a_sample_is_large_enough_to_be_worth_a_comparison(name: str) -> None:
    assert len(truth(name)["routes"]) >= 70
    assert len(truth(name)["models"]) >= 15


@samples
def test_no_view_fails_for_one_who_may_do_everything(name: str) -> None:
    assert truth(name)["failures"] == []


@samples
def test_a_handler_answers_once_at_a_path_and_method(name: str) -> None:
    operations = [(route["path"], method) for route in truth(name)["routes"] for method in route["methods"]]
    assert len(operations) == len(set(operations))


@samples
def test_paths_are_in_openapi_form(name: str) -> None:
    for route in truth(name)["routes"]:
        assert re.fullmatch(r"/([\w./-]|\{\w+\})*", route["path"])


@samples
def test_both_answers_to_guarded_occur(name: str) -> None:
    guarded = sum(route["guarded"] for route in truth(name)["routes"])
    assert 20 <= guarded <= len(truth(name)["routes"]) - 20


def test_nested_includes_and_converters_make_one_path() -> None:
    assert routes("django_shop", "/catalog/archive/{year}/{month}/") == {"*": "catalog.views.archive.archive_month"}
    assert routes("django_shop", "/catalog/products/{slug}/preview/") == {
        "GET": "catalog.views.products.ProductDetail.get*"
    }


def test_an_optional_end_of_a_pattern_is_written_out() -> None:
    assert routes("django_shop", "/accounts/available/{username}/") == {"GET": "accounts.views.availability"}


def test_the_methods_of_a_function_are_those_behind_its_guards() -> None:
    assert routes("django_shop", "/accounts/preferences/") == {"GET POST": "accounts.views.preferences*"}
    assert routes("django_shop", "/back-office/orders/{pk}/note/") == {"DELETE POST": "orders.back_office.note*"}
    assert routes("django_shop", "/health/") == {"*": "common.views.health"}


def test_a_guard_may_stand_on_one_method_of_a_class() -> None:
    assert routes("django_shop", "/accounts/avatars/{pk}/") == {
        "DELETE": "accounts.views.Avatar.delete*",
        "GET": "accounts.views.Avatar.get",
    }


def test_an_api_key_guards_as_a_session_does() -> None:
    assert routes("django_shop", "/api/v1/catalog/stock/{sku}") == {"*": "catalog.api.stock*"}


def test_views_of_a_library_go_without_a_module() -> None:
    assert routes("django_shop", "/accounts/logout/") == {"POST": "LogoutView.post"}


def test_a_view_is_found_below_a_decorator_that_hides_it() -> None:
    assert routes("django_shop", "/contact/") == {"*": "pages.views.contact"}


def test_a_view_that_a_function_makes_has_the_name_of_its_maker() -> None:
    assert routes("django_shop", "/robots.txt") == {"*": "pages.views.plain"}


def test_the_routes_of_libraries_are_left_out() -> None:
    prefixes = ("/admin/", "/auth/", "/media/", "/api/auth/login")
    paths = [route["path"] for name in SETTINGS for route in truth(name)["routes"]]
    assert [path for path in paths if path.startswith(prefixes)] == []
    assert routes("drf_shop", "/api/v1/") == {}


def test_each_action_of_a_view_set_is_a_route_with_its_own_guard() -> None:
    assert routes("drf_shop", "/api/v1/catalog/products/{slug}/") == {
        "DELETE": "store.views.ProductViewSet.destroy*",
        "GET": "store.views.ProductViewSet.retrieve",
        "PATCH": "store.views.ProductViewSet.partial_update*",
        "PUT": "store.views.ProductViewSet.update*",
    }
    assert routes("drf_shop", "/api/v1/catalog/products/{slug}/images/") == {
        "GET": "store.views.ProductViewSet.images",
        "POST": "store.views.ProductViewSet.images*",
    }


def test_a_check_of_the_object_guards_only_where_it_runs() -> None:
    assert routes("drf_shop", "/api/v1/addresses/{pk}/card/") == {"GET": "crm.views.AddressCard.get*"}
    assert routes("drf_shop", "/api/v1/addresses/{pk}/label/") == {"GET": "crm.views.AddressLabel.get"}


def test_a_router_decides_on_the_slash_and_on_the_methods() -> None:
    assert routes("drf_shop", "/api/v2/archive/orders/{pk}") == {"GET": "sales.views.OrderViewSet.retrieve*"}


def test_columns_carry_names_keys_and_promises() -> None:
    product = columns("django_shop", "catalog_product")
    assert product["brand_code"] == {
        "name": "brand_code",
        "attribute": "brand",
        "type": "ForeignKey",
        "nullable": True,
        "primary_key": False,
        "unique": False,
        "index": True,
        "foreign_key": "brands.code",
    }
    assert product["sku"]["unique"]
    assert product["title"]["index"]
    assert not product["slug"]["index"], "what is unique needs no second index"
    assert columns("django_shop", "catalog_digitalproduct").keys() == {"product_ptr_id", "download", "licence_key"}


def test_indexes_and_uniques_are_the_whole_ones_by_column() -> None:
    product = table("django_shop", "catalog_product")
    composite = [index["columns"] for index in product["indexes"] if len(index["columns"]) > 1]
    assert composite == [["status", "created_at"]]
    assert product["uniques"] == [["category_id", "title"], ["sku"], ["slug"]]


def test_join_tables_and_unmanaged_tables_say_what_they_are() -> None:
    assert table("django_shop", "related_products")["auto_created"]
    assert not table("django_shop", "sales_by_day")["managed"]
    assert "catalog_listedproduct" not in {known["table"] for known in truth("django_shop")["models"]}


def test_a_route_may_exist_in_one_environment_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DJANGO_SECRET_KEY", "x")
    monkeypatch.setenv("WAREHOUSE_API_KEY", "x")
    monkeypatch.setenv("ALLOWED_HOSTS", "testserver")
    production = django_truth(APPS / "django_shop", "config.settings.prod")
    missing = {route["path"] for route in truth("django_shop")["routes"]}
    assert missing - {route["path"] for route in production["routes"]} == {"/__debug__/routes/"}
