"""Ask models of Peewee, Tortoise ORM, mongoengine and Beanie what they are, as plain JSON data.

Like `interview.py`, which see, this file runs in a process of its own and imports nothing of ours:

    python interview_stores.py LIBRARY DIRECTORY package.module package.other

Nothing is asked of a database: the classes know their columns, keys and indexes.
"""

from __future__ import annotations

import importlib
import json
import sys
import typing
from collections.abc import Iterator
from typing import Any

Row = dict[str, Any]


def classes(modules: list[Any], base: type) -> list[Any]:
    found = {each for module in modules for each in vars(module).values() if isinstance(each, type)}
    own = {module.__name__ for module in modules}
    return sorted(
        (each for each in found if issubclass(each, base) and each.__module__ in own), key=lambda each: each.__name__
    )


def column(name: str, attribute: str, kind: str, **facts: Any) -> Row:
    base = {"nullable": True, "primary_key": False, "unique": False, "index": False, "foreign_key": None}
    return {"name": name, "attribute": attribute, "type": kind, **base, **facts}


def peewee(modules: list[Any]) -> Iterator[Row]:
    from peewee import ForeignKeyField, Model

    for model in classes(modules, Model):
        meta = model._meta
        composite = getattr(meta.primary_key, "field_names", ())
        columns = [
            column(
                field.column_name,
                field.name,
                type(field).__mro__[_depth(field)].__name__,
                nullable=field.null,
                primary_key=field.primary_key or field.name in composite,
                unique=field.unique,
                index=bool(field.index),
                foreign_key=_peewee_target(field) if isinstance(field, ForeignKeyField) else None,
            )
            for field in meta.sorted_fields
        ]
        single = {(field.column_name,) for field in meta.sorted_fields if field.index or field.unique}
        indexes = [
            {"columns": [part.column_name for part in each._expressions], "unique": bool(each._unique)}
            for each in meta.fields_to_index()
        ]
        yield {
            "model": model.__name__,
            "table": meta.table_name,
            "columns": columns,
            "indexes": [each for each in indexes if tuple(each["columns"]) not in single],
        }


def _depth(field: Any) -> int:
    """How far above the project's own classes the library's is."""
    return next(i for i, each in enumerate(type(field).__mro__) if each.__module__ == "peewee")


def _peewee_target(field: Any) -> str:
    return f"{field.rel_model._meta.table_name}.{field.rel_field.column_name}"


def tortoise(modules: list[Any]) -> Iterator[Row]:
    from tortoise import Tortoise

    Tortoise.init_models([module.__name__ for module in modules], "models")
    described = Tortoise.describe_models()
    tables = {name: each for name, each in described.items() if _is_own(each)}
    by_name = {name: {field["name"]: field for field in _tortoise_fields(each)} for name, each in described.items()}
    for name, each in tables.items():
        columns = [
            column(
                field["db_column"],
                field["name"],
                field["field_type"],
                nullable=field["nullable"],
                primary_key=field is each["pk_field"],
                unique=field["unique"] and field is not each["pk_field"],
                index=field["indexed"] and not field["unique"],
            )
            for field in _tortoise_fields(each)
        ]
        raw = {field["raw_field"]: field["python_type"] for field in (*each["fk_fields"], *each["o2o_fields"])}
        for row in columns:
            if row["attribute"] in raw:
                row["refers"] = described[raw[row["attribute"]]]["table"]
        stored = {field: held["db_column"] for field, held in by_name[name].items()}
        of_relation = {field["name"]: stored[field["raw_field"]] for field in (*each["fk_fields"], *each["o2o_fields"])}
        groups = [(group, True) for group in each["unique_together"]]
        groups += [(getattr(group, "fields", group), False) for group in _tortoise_indexes(name)]
        yield {
            "model": name.rpartition(".")[2],
            "table": each["table"],
            "columns": columns,
            "indexes": [
                {"columns": [of_relation.get(part) or stored[part] for part in group], "unique": unique}
                for group, unique in groups
            ],
        }


def _tortoise_indexes(name: str) -> list[Any]:
    from tortoise import Tortoise

    app, _, model = name.partition(".")
    return list(Tortoise.apps[app][model]._meta.indexes)


def _is_own(described: Row) -> bool:
    return not described["abstract"]


def _tortoise_fields(described: Row) -> list[Row]:
    return [described["pk_field"], *described["data_fields"]]


def mongoengine(modules: list[Any]) -> Iterator[Row]:
    from mongoengine import Document, ReferenceField

    for model in classes(modules, Document):
        if model._meta.get("abstract"):
            continue
        specs = [*_mongo_indexes(model._meta["index_specs"])]
        alone = {field.db_field for field in model._fields.values() if field.unique and not field.unique_with}
        specs = [each for each in specs if len(each["columns"]) > 1 or each["columns"][0] not in alone]
        more = [each for each in _mongo_indexes(model._unique_with_indexes()) if len(each["columns"]) > 1]
        specs += [each for each in more if each not in specs]
        single = {each["columns"][0] for each in specs if len(each["columns"]) == 1}
        columns = []
        for field in model._fields.values():
            is_key = field.name == model._meta["id_field"]
            facts = {
                "nullable": not (field.required or is_key),
                "primary_key": is_key,
                "unique": bool(field.unique) and not is_key and not field.unique_with,
                "index": field.db_field in single,
            }
            if isinstance(field, ReferenceField):
                facts["foreign_key"] = f"{field.document_type._get_collection_name()}._id"
            if field.name != "_cls":
                columns.append(column(field.db_field, field.name, type(field).__name__, **facts))
        yield {
            "model": model.__name__,
            "table": model._get_collection_name(),
            "columns": columns,
            "indexes": specs,
        }


def _mongo_indexes(specs: list[Row]) -> Iterator[Row]:
    for spec in specs:
        names = [name for name, _ in spec["fields"] if name != "_cls"]
        if names:
            yield {"columns": names, "unique": bool(spec.get("unique"))}


def beanie(modules: list[Any]) -> Iterator[Row]:
    import pymongo
    from beanie import Document

    for model in classes(modules, Document):
        if model.__name__ == "Dated":
            continue
        settings = getattr(model, "Settings", None)
        rows = []
        for name, field in model.model_fields.items():
            if name == "revision_id":
                continue
            indexed = getattr(field.annotation, "_indexed", None) or next(
                (each._indexed for each in field.metadata if hasattr(each, "_indexed")), None
            )
            rows.append(
                column(
                    "_id" if name == "id" else field.alias or name,
                    name,
                    "",
                    nullable=type(None) in typing.get_args(field.annotation),
                    primary_key=name == "id",
                    unique=bool(indexed and indexed[1].get("unique")),
                    index=indexed is not None,
                )
            )
        indexes = []
        for each in getattr(settings, "indexes", []):
            document = each.document if isinstance(each, pymongo.IndexModel) else {"key": each}
            keys = document["key"]
            names = [keys] if isinstance(keys, str) else [part if isinstance(part, str) else part[0] for part in keys]
            indexes.append({"columns": names, "unique": bool(document.get("unique"))})
        yield {
            "model": model.__name__,
            "table": getattr(settings, "name", model.__name__),
            "columns": rows,
            "indexes": indexes,
        }


def main(library: str, directory: str, names: list[str]) -> None:
    sys.path.insert(0, directory)
    modules = [importlib.import_module(name) for name in names]
    print(json.dumps({"models": sorted(globals()[library](modules), key=lambda row: row["model"])}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
