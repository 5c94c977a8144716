"""The truth that adapters are compared with is itself compared: with OpenAPI, with a database, with rows read by hand."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.adapters import interview
from tests.adapters.truth import APPS, ROUTE_SAMPLES, TABLE_SAMPLES, columns, guards, truth


@pytest.mark.parametrize("name", ROUTE_SAMPLES)
def test_a_sample_has_at_least_fifteen_routes_some_guarded_and_some_not(name: str) -> None:
    answers = guards(truth(name)["routes"])
    assert len(answers) >= 15
    assert 5 <= sum(answers.values()) <= len(answers) - 5


@pytest.mark.parametrize("name", TABLE_SAMPLES)
def test_a_sample_has_at_least_ten_tables_with_every_kind_of_column(name: str) -> None:
    models = truth(name)["models"]
    assert len(models) >= 10
    for fact in ("nullable", "primary_key", "unique", "index", "foreign_key"):
        assert {bool(column[fact]) for column in columns(models).values()} == {True, False}, fact


@pytest.mark.parametrize(
    ("name", "routes", "guarded"),
    [
        ("aiohttp_shop", 18, 11),
        ("litestar_shop", 16, 11),
        ("sanic_shop", 18, 9),
        ("tornado_shop", 15, 9),
        ("fastapi_shop", 68, 45),
        ("flask_appbuilder_clinic", 21, 13),
        ("flask_rest", 40, 23),
        ("flask_shop", 69, 40),
        ("flask_smorest_store", 20, 12),
        ("apiflask_pets", 15, 9),
        ("ninja_shop", 20, 12),
        ("pyramid_desk", 17, 10),
        ("starlette_site", 25, 9),
    ],
)
def test_nothing_is_lost_on_the_way(name: str, routes: int, guarded: int) -> None:
    answers = guards(truth(name)["routes"])
    assert (len(answers), sum(answers.values())) == (routes, guarded)


def test_fastapi_documents_the_routes_that_were_found() -> None:
    documented = run("fastapi_shop/src", "from shop.main import app; answer = app.openapi()['paths']")
    found = {
        f"{method} {route['path']}": route
        for route in truth("fastapi_shop")["routes"]
        for method in route["methods"]
        if method != "WEBSOCKET"
    }
    operations = {f"{method.upper()} {path}": it for path, item in documented.items() for method, it in item.items()}
    hidden = found.keys() - operations.keys()
    assert operations.keys() <= found.keys()
    assert all(address.split()[1].startswith(("/hooks/", "/legacy/", "/media/", "/health")) for address in hidden)
    for address, operation in operations.items():
        route = found[address]
        assert route["deprecated"] == operation.get("deprecated", False)
        assert route["tags"] == list(dict.fromkeys(operation.get("tags", [])))
        assert str(route["status_code"]) in operation["responses"]
        assert {(p["in"], p["name"], p["required"]) for p in operation.get("parameters", ())} == {
            (p["in"], p["name"], p["required"]) for p in route["params"] if p["in"] not in {"form", "file"}
        }


def test_a_database_gets_the_tables_that_were_found() -> None:
    script = """
import sqlalchemy, heroes.models
engine = sqlalchemy.create_engine("sqlite://")
heroes.models.SQLModel.metadata.create_all(engine)
tables = sqlalchemy.inspect(engine)
answer = {
    f"{table}.{column['name']}": {
        "nullable": column["nullable"],
        "primary_key": column["name"] in tables.get_pk_constraint(table)["constrained_columns"],
        "unique": [column["name"]] in [
            key["column_names"]
            for key in tables.get_unique_constraints(table) + [i for i in tables.get_indexes(table) if i["unique"]]
        ],
        "index": column["name"] in [index["column_names"][0] for index in tables.get_indexes(table)],
        "foreign_key": next((
            f"{key['referred_table']}.{referred}"
            for key in tables.get_foreign_keys(table)
            for name, referred in zip(key["constrained_columns"], key["referred_columns"])
            if name == column["name"]
        ), None),
    }
    for table in tables.get_table_names()
    for column in tables.get_columns(table)
}
"""
    assert columns(truth("sqlmodel_models")["models"]) == run("sqlmodel_models", script)


def test_a_fastapi_route_is_described_in_full() -> None:
    assert route("fastapi_shop", "PUT", "/api/v2/catalogue/products/{product_id}/price") == {
        "path": "/api/v2/catalogue/products/{product_id}/price",
        "methods": ["PUT"],
        "handler": "shop.routers.products.set_price",
        "file": "shop/routers/products.py",
        "params": [{"name": "product_id", "in": "path", "type": "UUID", "required": True}],
        "body": "float, str",
        "response_model": None,
        "status_code": 200,
        "tags": ["v2", "products", "prices"],
        "deprecated": True,
        "guarded": True,
    }


def test_a_class_based_view_is_one_route_a_method() -> None:
    rows = [row for row in truth("flask_shop")["routes"] if row["path"] == "/admin/users/{user_id}"]
    assert [(row["methods"], row["handler"]) for row in rows] == [
        (["DELETE"], "shop.admin.views.UserView.delete"),
        (["GET"], "shop.admin.views.UserView.get"),
        (["PATCH"], "shop.admin.views.UserView.patch"),
    ]


@pytest.mark.parametrize(
    ("name", "address", "guarded"),
    [
        ("fastapi_shop", "GET /api/v1/products", False),  # the same handler ...
        ("fastapi_shop", "GET /api/v2/catalogue/products", True),  # ... behind the router that includes it
        ("fastapi_shop", "GET /api/v1/products/featured", False),  # asks who it is, and takes nobody for an answer
        ("fastapi_shop", "WEBSOCKET /ws/chat", True),
        ("fastapi_shop", "WEBSOCKET /ws/prices/{sku}", False),
        ("flask_rest", "GET /admin/ping", False),  # named as an exception by the guard
        ("flask_rest", "POST /v2/rest/authors/", True),  # refused for the caller, not for the body
        ("flask_shop", "GET /account/me", True),  # sent to the login page
        ("flask_shop", "GET /account/login", False),
        ("starlette_site", "POST /admin/jobs/{name}/run", True),  # by the middleware of a mounted application
        ("starlette_site", "WEBSOCKET /ws/inbox", True),
    ],
)
def test_a_guard_is_what_refuses_a_stranger(name: str, address: str, guarded: bool) -> None:
    assert guards(truth(name)["routes"])[address] is guarded


def test_a_table_is_described_in_full() -> None:
    [links] = [model for model in truth("sqlmodel_models")["models"] if model["table"] == "assignments"]
    since = links["columns"].pop()
    assert links | {"columns": len(links["columns"])} == {
        "name": "HeroMissionLink",
        "class": "heroes.models.links.HeroMissionLink",
        "classes": ["heroes.models.links.HeroMissionLink"],
        "table": "assignments",
        "columns": 3,
        "indexes": [{"columns": ["mission_id"], "unique": False}],
        "uniques": [],
    }
    assert since == {
        "name": "assigned_at",
        "attribute": "since",
        "type": "DateTime",
        "nullable": True,
        "primary_key": False,
        "unique": False,
        "index": False,
        "foreign_key": None,
    }


def test_classes_that_share_a_table_are_listed_with_it() -> None:
    [employees] = [model for model in truth("sqlalchemy_models")["models"] if model["table"] == "employees"]
    assert [name.rpartition(".")[2] for name in employees["classes"]] == ["Employee", "Driver", "Picker"]


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "integer", "minimum": 2000}, 2000),
        ({"type": "integer", "maximum": 5}, 5),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "EUR"),
        ({"type": "string", "minLength": 12}, "sampleaaaaaa"),
        ({"anyOf": [{"type": "null"}, {"enum": ["open", "done"]}]}, "open"),
        ({"type": "array", "items": {"$ref": "#/$defs/Line"}, "minItems": 2}, [{"n": 7}, {"n": 7}]),
    ],
)
def test_made_up_values_fit_their_schema(schema: dict[str, Any], value: object) -> None:
    line = {"type": "object", "properties": {"n": {"type": "integer"}, "note": {}}, "required": ["n"]}
    assert interview.sample(schema, {"Line": line}) == value


def route(name: str, method: str, path: str) -> dict[str, Any]:
    row: dict[str, Any]
    [row] = [row for row in truth(name)["routes"] if row["path"] == path and method in row["methods"]]
    return row


def run(source: str, script: str) -> Any:
    """The `answer` of a script that runs in a process of its own, where the sample's packages lie."""
    code = f"import json\n{script}\nprint(json.dumps(answer))"
    options = [sys.executable, "-B", "-W", "ignore", "-c", code]
    done = subprocess.run(options, cwd=APPS / source, capture_output=True, text=True, check=True, timeout=120)
    return json.loads(done.stdout)
