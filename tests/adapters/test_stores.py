"""Models of Peewee, Tortoise ORM, mongoengine and Beanie, compared with what the libraries say of their classes."""

from __future__ import annotations

from typing import Any

import pytest

from backend_lint.project.model import Model
from tests.adapters.test_sqlalchemy import read_folder
from tests.adapters.truth import SAMPLES, STORE_SAMPLES, root, truth

FACTS = ("attribute", "nullable", "primary_key", "unique", "index")


def models(name: str) -> dict[str, Model]:
    return {model.name: model for model in read_folder(root(name) / SAMPLES[name].source).models.values()}


def told(name: str) -> dict[str, dict[str, Any]]:
    return {row["model"]: row for row in truth(name)["models"]}


@pytest.mark.parametrize("name", STORE_SAMPLES)
def test_tables_are_those_of_the_library(name: str) -> None:
    expected = {model: row["table"] for model, row in told(name).items()}
    found = {model.name: model.table for model in models(name).values()}
    assert {model: found.get(model) for model in expected} == expected


@pytest.mark.parametrize("name", STORE_SAMPLES)
def test_columns_are_those_of_the_library(name: str) -> None:
    for model, row in told(name).items():
        found = {
            column.name: {fact: getattr(column, fact) for fact in FACTS if fact != "attribute"}
            for column in models(name)[model].columns.values()
        }
        expected = {column["name"]: {fact: column[fact] for fact in FACTS[1:]} for column in row["columns"]}
        assert found == expected, model


@pytest.mark.parametrize("name", STORE_SAMPLES)
def test_indexes_are_those_of_the_library(name: str) -> None:
    for model, row in told(name).items():
        found = sorted((list(index.columns), index.unique) for index in models(name)[model].indexes)
        assert found == sorted((index["columns"], index["unique"]) for index in row["indexes"]), model


@pytest.mark.parametrize("name", ["peewee_models", "mongoengine_models"])
def test_foreign_keys_are_those_of_the_library(name: str) -> None:
    for model, row in told(name).items():
        found = {column.name: column.foreign_key for column in models(name)[model].columns.values()}
        assert found == {column["name"]: column["foreign_key"] for column in row["columns"]}, model


def test_tortoise_refers_to_the_tables_that_the_library_says() -> None:
    for model, row in told("tortoise_models").items():
        keys = models("tortoise_models")[model].columns.values()
        found = {column.name: (column.foreign_key or "").rpartition(".")[0] or None for column in keys}
        assert found == {column["name"]: column.get("refers") for column in row["columns"]}, model


@pytest.mark.parametrize("name", ["peewee_models", "mongoengine_models"])
def test_types_are_the_library_s_field_classes(name: str) -> None:
    for model, row in told(name).items():
        found = {column.name: column.type for column in models(name)[model].columns.values()}
        assert found == {column["name"]: column["type"] for column in row["columns"]}, model
