"""Ask a running application what it is: its routes and guards, or its tables, as plain JSON data.

This file runs inside the application's own environment, so it imports nothing of ours and each framework only when
the application uses it:

    python interview.py routes DIRECTORY package.module:app_or_factory
    python interview.py tables DIRECTORY package.module:Base package.other:registry

DIRECTORY is where the application's packages lie; a route counts when its handler is defined under it.

Whether a route is guarded is found by calling it without credentials: 401, 403, a redirect to a login page, or a
websocket closed before it was accepted. What the route needs besides (path, query, headers, body) is made up to fit.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import importlib
import inspect
import json
import re
import sys
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Row = dict[str, Any]

LOGIN = re.compile(r"log-?in|sign-?in|authenticate", re.IGNORECASE)
BODY_METHODS = frozenset({"POST", "PUT", "PATCH", "DELETE"})
VIEW_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE")


def routes(app: Any, root: Path, *, lifespan: bool = True) -> list[Row]:
    """Every route of `app` that the code under `root` handles, sorted by path, methods and handler.

    Without `lifespan`, an ASGI application is asked before it has started up: its start may need services.
    """
    rows = _flask_routes(app, root) if hasattr(app, "url_map") else _asgi_app_routes(app, root, lifespan)
    return sorted(rows, key=lambda row: (row["path"], row["methods"], row["handler"]))


def tables(*owners: Any) -> list[Row]:
    """Every table that the owners know, sorted by name.

    An owner is anything that SQLAlchemy models hang on: a declarative base, a `registry`, a `MetaData`, `SQLModel`, or
    Flask-SQLAlchemy's `db`.
    """
    from sqlalchemy.orm import configure_mappers

    configure_mappers()
    mappers = {mapper for owner in owners for registry in _registries(owner) for mapper in registry.mappers}
    metadatas = {id(metadata): metadata for owner in owners for metadata in _metadatas(owner)}
    for mapper in mappers:
        metadatas.setdefault(id(mapper.local_table.metadata), mapper.local_table.metadata)
    rows = [_table(table, mappers) for metadata in metadatas.values() for table in metadata.tables.values()]
    return sorted(rows, key=lambda row: row["table"])


def load(target: str) -> Any:
    """`package.module:name.attribute`; a function found there is called, as servers do with factories."""
    module, _, name = target.partition(":")
    found = functools.reduce(getattr, name.split("."), importlib.import_module(module))
    return found() if inspect.isfunction(found) else found


# Handlers


def _handler(endpoint: Any, method: str | None = None) -> str:
    endpoint = _unwrapped(endpoint)
    name = f"{endpoint.__module__}.{endpoint.__qualname__}".replace(".<locals>", "")
    return f"{name}.{method}" if method else name


def _file(endpoint: Any, root: Path) -> str | None:
    """The file that defines `endpoint`, relative to `root`; None when it lies elsewhere."""
    try:
        file = Path(inspect.getsourcefile(_unwrapped(endpoint)) or "/").resolve()
    except TypeError:
        return None
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else None


def _unwrapped(endpoint: Any) -> Any:
    while isinstance(endpoint, functools.partial):
        endpoint = endpoint.func
    if not hasattr(endpoint, "__qualname__"):
        return type(endpoint)
    return inspect.unwrap(endpoint)


def _methods(methods: Iterable[str]) -> list[str]:
    """Without the HEAD that frameworks add to every GET."""
    named = set(methods)
    return sorted(named - {"HEAD"} if "GET" in named else named)


def _split_by_guard(row: Row, methods: Iterable[str], is_guarded: Callable[[str], bool]) -> Iterator[Row]:
    """One row, or two where the same handler is guarded for some of its methods only."""
    answers = {method: is_guarded(method) for method in methods}
    for guarded in sorted(set(answers.values())):
        yield {**row, "methods": sorted(m for m in answers if answers[m] is guarded), "guarded": guarded}


def _row(path: str, endpoint: Any, file: str, method: str | None = None, **facts: Any) -> Row:
    base: Row = {"path": path, "methods": [], "handler": _handler(endpoint, method), "file": file, "params": []}
    base |= {"body": None, "response_model": None, "status_code": None, "tags": [], "deprecated": False}
    return base | facts


# Starlette and FastAPI


def _asgi_app_routes(app: Any, root: Path, lifespan: bool) -> Iterator[Row]:
    from starlette.testclient import TestClient

    client = TestClient(app, raise_server_exceptions=False, follow_redirects=False)
    with client if lifespan else contextlib.nullcontext():
        for prefix, route in _asgi_walk(app.routes):
            file = _file(route.endpoint, root)
            if file is not None:
                yield from _asgi_rows(client, prefix, route, file)


def _asgi_walk(routes: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every route that has an endpoint, with the path of the applications it is mounted in."""
    try:  # FastAPI 0.13x and later keep included routers as such
        from fastapi.routing import iter_route_contexts
    except ImportError:
        contexts: Iterable[Any] = routes
    else:
        contexts = iter_route_contexts(list(routes))
    for route in contexts:
        if getattr(route, "endpoint", None) is not None:
            yield prefix, route
        else:
            inner = getattr(route, "routes", None)
            yield from _asgi_walk(inner or (), prefix + (getattr(route, "path", None) or ""))


def _asgi_rows(client: Any, prefix: str, route: Any, file: str) -> Iterator[Row]:
    dependant = getattr(route, "dependant", None)
    fields = _fields(dependant) if dependant is not None else []
    convertors = getattr(route, "param_convertors", {})
    path = prefix + route.path
    samples = {name: _convertor_sample(convertor) for name, convertor in convertors.items()}
    samples |= {field.alias: _field_sample(field) for where, field in fields if where == "path"}
    url = re.sub(r"{(\w+)(?::\w+)?}", lambda match: str(samples.get(match[1], "sample")), path)
    facts: Row = {"params": _params(fields) or _convertor_params(path, convertors)}
    openapi_path = re.sub(r"{(\w+):\w+}", r"{\1}", path) or "/"

    methods: Any = getattr(route, "methods", None)
    if methods is None and not inspect.isclass(route.endpoint):
        yield _row(openapi_path, route.endpoint, file, **facts) | {
            "methods": ["WEBSOCKET"],
            "guarded": _is_socket_guarded(client, url, fields),
        }
    elif inspect.isclass(route.endpoint):
        yield from _endpoint_class_rows(client, url, openapi_path, route, file, facts)
    else:
        is_api = dependant is not None
        if is_api:
            facts |= _api_facts(route, fields)
        row = _row(openapi_path, route.endpoint, file, **facts)
        own = sorted(methods) if is_api else _methods(methods)
        yield from _split_by_guard(row, own, lambda method: _is_guarded(client, method, url, route, fields))


def _endpoint_class_rows(client: Any, url: str, path: str, route: Any, file: str, facts: Row) -> Iterator[Row]:
    """`HTTPEndpoint`: one row a method; `WebSocketEndpoint`: one row."""
    if hasattr(route.endpoint, "on_connect"):
        guarded = _is_socket_guarded(client, url, [])
        yield _row(path, route.endpoint, file, **facts) | {"methods": ["WEBSOCKET"], "guarded": guarded}
        return
    for method in _methods(m for m in VIEW_METHODS if hasattr(route.endpoint, m.lower())):
        guarded = _is_guarded(client, method, url, route, [])
        yield _row(path, route.endpoint, file, method.lower(), **facts) | {"methods": [method], "guarded": guarded}


def _fields(dependant: Any) -> list[tuple[str, Any]]:
    """Every parameter of a FastAPI handler and its dependencies, each with where it comes from."""
    from fastapi.dependencies.utils import get_flat_params

    parameters = [
        (where, field)
        for part in _dependants(dependant)
        for where in ("path", "query", "header", "cookie")
        for field in get_flat_params(_only(part, f"{where}_params"))
    ]
    body = [
        (type(field.field_info).__name__.lower(), field)
        for part in _dependants(dependant)
        for field in part.body_params
    ]
    unique = {(where, field.alias): (where, field) for where, field in [*parameters, *body]}
    return list(unique.values())


def _only(dependant: Any, kept: str) -> Any:
    """`dependant` with one kind of parameters. A field of a `Query` model does not say itself where it comes from."""
    emptied = {f"{where}_params": [] for where in ("path", "query", "header", "cookie")}
    return dataclasses.replace(dependant, **(emptied | {kept: getattr(dependant, kept)}), dependencies=[])


def _dependants(dependant: Any) -> Iterator[Any]:
    yield dependant
    for dependency in dependant.dependencies:
        yield from _dependants(dependency)


def _params(fields: list[tuple[str, Any]]) -> list[Row]:
    rows = [
        {
            "name": field.alias,
            "in": where,
            "type": type_name(field.field_info.annotation),
            "required": field.field_info.is_required(),
        }
        for where, field in fields
        if where != "body"
    ]
    return sorted(rows, key=lambda row: (row["in"], row["name"]))


def _convertor_params(path: str, convertors: Mapping[str, Any]) -> list[Row]:
    types = {"IntegerConvertor": "int", "FloatConvertor": "float", "UUIDConvertor": "UUID"}
    known = {name: types.get(type(convertor).__name__, "str") for name, convertor in convertors.items()}
    names = sorted(re.findall(r"{(\w+)(?::\w+)?}", path))
    return [{"name": name, "in": "path", "type": known.get(name, "str"), "required": True} for name in names]


def _api_facts(route: Any, fields: list[tuple[str, Any]]) -> Row:
    bodies = [type_name(field.field_info.annotation) for where, field in fields if where == "body"]
    model = route.response_model
    return {
        "body": ", ".join(bodies) or None,
        "response_model": None if model is None or model is type(None) else type_name(model),
        "status_code": route.status_code or 200,
        "tags": list(dict.fromkeys(getattr(tag, "value", tag) for tag in route.tags)),
        "deprecated": bool(route.deprecated),
    }


def _is_guarded(client: Any, method: str, url: str, route: Any, fields: list[tuple[str, Any]]) -> bool:
    required = [(where, field) for where, field in fields if field.field_info.is_required()]
    sent: Row = {"params": {f.alias: _field_sample(f) for where, f in required if where == "query"}}
    sent["headers"] = {f.alias: _field_sample(f) for where, f in required if where == "header"}
    for where, field in required:
        if where == "cookie":
            client.cookies.set(field.alias, _field_sample(field))
    response = client.request(method, url, **sent, **_body(route))
    return _is_refusal(response.status_code, response.headers.get("location", ""))


def _is_socket_guarded(client: Any, url: str, fields: list[tuple[str, Any]]) -> bool:
    from starlette.testclient import WebSocketDenialResponse
    from starlette.websockets import WebSocketDisconnect

    needed = {f.alias: _field_sample(f) for where, f in fields if where == "query" and f.field_info.is_required()}
    query = "&".join(f"{name}={value}" for name, value in needed.items())
    try:
        with client.websocket_connect(f"{url}?{query}"):
            return False
    except (WebSocketDisconnect, WebSocketDenialResponse):
        return True


def _is_refusal(status: int, location: str) -> bool:
    return status in {401, 403} or (status in {302, 303, 307} and bool(LOGIN.search(location)))


def _body(route: Any) -> Row:
    """What to pass to `client.request` so that the body of a FastAPI route is accepted."""
    body_field = getattr(route, "body_field", None)
    if body_field is None:
        return {}
    values = _field_json(body_field)
    match type(body_field.field_info).__name__:
        case "Form":
            return {"data": values}
        case "File":
            files = [(name, (name, b"sample")) for name, value in values.items() if "binary" in repr(value)]
            return {"files": files, "data": {n: v for n, v in values.items() if "binary" not in repr(v)}}
        case _:
            return {"json": values}


def _field_json(field: Any) -> Any:
    import pydantic

    info = field.field_info
    constrained = typing.Annotated[(info.annotation, "as declared", *info.metadata)]  # type: ignore[misc]
    schema = pydantic.TypeAdapter(constrained).json_schema()
    return sample(schema, schema.get("$defs", {}))


def _field_sample(field: Any) -> str:
    value = _field_json(field)
    return str(value[0] if isinstance(value, list) and value else value)


def _convertor_sample(convertor: Any) -> str:
    samples = {"IntegerConvertor": "7", "FloatConvertor": "1.5", "UUIDConvertor": SAMPLE_STRINGS["uuid"]}
    return samples.get(type(convertor).__name__, "sample")


# Made-up values


SAMPLE_STRINGS = {
    "uuid": "0b5a2a35-5b0c-4f5e-9d4c-7a1c2d3e4f50",
    "date": "2024-02-29",
    "date-time": "2024-02-29T12:00:00Z",
    "time": "12:00:00",
    "email": "someone@example.com",
    "uri": "https://example.com/",
    "binary": "binary",
}


def sample(schema: Row, definitions: Row) -> Any:
    """A smallest value that JSON Schema `schema` accepts, as far as one can be made up by simple means."""
    match schema:
        case {"$ref": reference}:
            return sample(definitions[reference.rpartition("/")[2]], definitions)
        case {"const": value} | {"enum": [value, *_]}:
            return value
        case {"anyOf": [*choices]} | {"oneOf": [*choices]} | {"allOf": [*choices]}:
            return sample(next(choice for choice in choices if choice.get("type") != "null"), definitions)
        case {"type": "string"}:
            return _sample_string(schema)
        case {"type": "integer" | "number" as kind}:
            least = schema.get("minimum", schema.get("exclusiveMinimum", 6) + 1)
            value = min(max(7, least), schema.get("maximum", 10**9))
            return int(value) if kind == "integer" else value
        case {"type": "boolean"}:
            return True
        case {"type": "array"}:
            return [sample(schema.get("items", {}), definitions) for _ in range(max(1, schema.get("minItems", 1)))]
        case {"type": "object"}:
            required = schema.get("required", ())
            return {name: sample(schema["properties"][name], definitions) for name in required}
        case _:
            return "sample"


def _sample_string(schema: Row) -> str:
    if schema.get("format") in SAMPLE_STRINGS:
        return SAMPLE_STRINGS[schema["format"]]
    if "contentMediaType" in schema:
        return "binary"
    candidates = ["sample", "EUR", "SAMPLE", "7", "a1", "1.5", *SAMPLE_STRINGS.values()]
    pattern = re.compile(schema.get("pattern", ""))
    text = next((candidate for candidate in candidates if pattern.search(candidate)), "sample")
    return text.ljust(schema.get("minLength", 0), "a")[: schema.get("maxLength", 1000)]


def type_name(annotation: Any) -> str:
    """How an annotation is written, without the modules: `list[ProductOut]`, `str | None`."""
    if annotation is None or annotation is type(None):
        return "None"
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return type_name(arguments[0])
    if origin is typing.Literal:
        return f"Literal[{', '.join(map(repr, arguments))}]"
    if origin is typing.Union or type(annotation).__name__ == "UnionType":
        return " | ".join(map(type_name, arguments))
    if origin is not None:
        return f"{type_name(origin)}[{', '.join(map(type_name, arguments))}]"
    return getattr(annotation, "__name__", None) or re.sub(r"\b\w+\.", "", str(annotation))


# Flask

FLASK_PARAMETER = re.compile(r"<(?:(?P<converter>\w+)(?:\((?P<arguments>.*?)\))?:)?(?P<name>\w+)>")
CONVERTERS = {
    "int": ("int", "7"),
    "float": ("float", "1.5"),
    "uuid": ("UUID", SAMPLE_STRINGS["uuid"]),
    "default": ("str", "sample"),
}


def _flask_routes(app: Any, root: Path) -> Iterator[Row]:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    for rule in app.url_map.iter_rules():
        view = app.view_functions.get(rule.endpoint)
        view_class = getattr(view, "view_class", None)
        file = _file(view_class or view, root) if view is not None else None
        if file is not None:
            yield from _flask_rows(app, rule, view, view_class, file)


def _flask_rows(app: Any, rule: Any, view: Any, view_class: Any, file: str) -> Iterator[Row]:
    path = FLASK_PARAMETER.sub(r"{\g<name>}", rule.rule)
    methods = _methods(rule.methods - ({"OPTIONS"} if rule.provide_automatic_options else set()))
    params = sorted(map(_flask_param, FLASK_PARAMETER.finditer(rule.rule)), key=lambda row: row["name"])

    url = FLASK_PARAMETER.sub(_flask_sample, rule.rule)
    verbs = {method for method in methods if view_class is not None and hasattr(view_class, method.lower())}
    for method in sorted(verbs):
        documented = getattr(getattr(view_class, method.lower()), "__apidoc__", None) or {}  # Flask-RESTX
        deprecated = bool(documented.get("deprecated"))
        row = _row(path, view_class, file, method.lower(), params=params, deprecated=deprecated)
        guarded = _is_flask_guarded(app, method, url, _restx_body(documented))
        yield row | {"methods": [method], "guarded": guarded}
    rest = [method for method in methods if method not in verbs]
    row = _row(path, view_class or view, file, "dispatch_request" if view_class else None, params=params)
    yield from _split_by_guard(row, rest, lambda method: _is_flask_guarded(app, method, url, {}))


def _restx_body(documented: Row) -> Any:
    """A body as `@ns.expect(model, validate=True)` wants it: Flask-RESTX checks it before the method's own guards."""
    models = [expected for expected in documented.get("expect", ()) if hasattr(expected, "__schema__")]
    return sample(models[0].__schema__, {}) if models else {}


def _flask_param(match: re.Match[str]) -> Row:
    kind, _ = CONVERTERS.get(match["converter"] or "default", CONVERTERS["default"])
    return {"name": match["name"], "in": "path", "type": kind, "required": True}


def _flask_sample(match: re.Match[str]) -> str:
    arguments = match["arguments"] or ""
    if match["converter"] == "any":
        return re.split(r"[,\s]+", arguments)[0].strip("\"'")
    if length := re.search(r"length=(\d+)", arguments):
        return "s" * int(length[1])
    if least := re.search(r"min=(\d+)", arguments):
        return least[1]
    return CONVERTERS.get(match["converter"] or "default", CONVERTERS["default"])[1]


def _is_flask_guarded(app: Any, method: str, url: str, payload: Any) -> bool:
    body = {"json": payload} if method in BODY_METHODS else {}
    response = app.test_client().open(url, method=method, **body)
    if response.status_code == 308:  # the same page under its canonical address
        response = app.test_client().open(response.headers["Location"], method=method, **body)
    return _is_refusal(response.status_code, response.headers.get("Location", ""))


# SQLAlchemy


def _registries(owner: Any) -> list[Any]:
    owner = getattr(owner, "Model", owner)  # Flask-SQLAlchemy
    candidates = (owner, getattr(owner, "registry", None), getattr(owner, "_sa_registry", None))
    return [candidate for candidate in candidates if hasattr(candidate, "mappers")]


def _metadatas(owner: Any) -> list[Any]:
    if hasattr(owner, "metadatas"):  # Flask-SQLAlchemy: one a bind
        return list(owner.metadatas.values())
    return [owner.metadata] if hasattr(owner, "metadata") else [owner]


def _table(table: Any, mappers: set[Any]) -> Row:
    import sqlalchemy

    classes = sorted(
        (mapper for mapper in mappers if mapper.local_table is table),
        key=lambda mapper: (len(mapper.class_.__mro__), mapper.class_.__name__),
    )
    first = classes[0].class_ if classes else None
    indexes = [
        {"columns": [_index_column(e) for e in index.expressions], "unique": bool(index.unique)}
        for index in table.indexes
    ]
    uniques = [
        [column.name for column in constraint.columns]
        for constraint in table.constraints
        if isinstance(constraint, sqlalchemy.UniqueConstraint)
    ]
    return {
        "name": first and first.__name__,
        "class": first and _handler(first),
        "classes": [_handler(mapper.class_) for mapper in classes],
        "table": table.fullname,
        "columns": [_column(column, indexes, uniques, classes) for column in table.columns],
        "indexes": sorted(indexes, key=lambda index: (index["columns"], index["unique"])),
        "uniques": sorted(uniques),
    }


def _index_column(expression: Any) -> str:
    """The column's name; for an expression its SQL."""
    return str(expression.name if hasattr(expression, "table") else expression)


def _column(column: Any, indexes: list[Row], uniques: list[list[str]], mappers: list[Any]) -> Row:
    unique_indexes = [index["columns"] for index in indexes if index["unique"]]
    properties = [item for mapper in mappers for item in mapper.column_attrs if any(c is column for c in item.columns)]
    return {
        "name": column.name,
        "attribute": properties[0].key if properties else None,
        "type": type(column.type).__name__,
        "nullable": bool(column.nullable),
        "primary_key": bool(column.primary_key),
        "unique": [column.name] in uniques or [column.name] in unique_indexes,
        "index": any(index["columns"][:1] == [column.name] for index in indexes),
        "foreign_key": min((key.target_fullname for key in column.foreign_keys), default=None),
    }


def main(kind: str, directory: str, *targets: str) -> None:
    root = Path(directory).resolve()
    sys.path[0] = str(root)
    owners = [load(target) for target in targets]
    found = {"routes": routes(owners[0], root)} if kind == "routes" else {"models": tables(*owners)}
    json.dump(found, sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
