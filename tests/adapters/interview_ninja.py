"""Ask the APIs of a running Django Ninja project what they are, as interview.py does for other frameworks.

python interview_ninja.py routes DIRECTORY settings.module package.module:api package.module:api
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import interview

Row = dict[str, Any]


def routes(apis: list[Any], root: Path) -> list[Row]:
    found = [row for api in apis for row in _operations(api, root)]
    return sorted(found, key=lambda row: (row["path"], row["methods"], row["handler"]))


def _operations(api: Any, root: Path) -> Iterator[Row]:
    from django.urls import get_resolver

    mounts = {}
    for entry in get_resolver().url_patterns:
        mounts[getattr(entry, "namespace", None)] = str(entry.pattern)
    documented = api.get_openapi_schema()["paths"]
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            joined = re.sub("/{2,}", "/", f"/{mounts[api.urls_namespace]}/{prefix}/{path}")
            for operation in view.operations:
                yield from _rows(operation, joined, root, documented)


def _rows(operation: Any, path: str, root: Path, documented: Row) -> Iterator[Row]:
    params = list(_params(operation))
    bodies = [row["type"] for row in params if row["in"] == "body"]
    statuses = sorted(each for each in operation.response_models if isinstance(each, int) and 200 <= each < 300)
    status = statuses[0] if statuses else 200
    facts: Row = {
        "params": sorted((row for row in params if row["in"] != "body"), key=lambda row: (row["in"], row["name"])),
        "body": ", ".join(bodies) or None,
        "response_model": _answer(operation.response_models.get(status)),
        "status_code": status,
        "deprecated": bool(operation.deprecated),
    }
    file = interview._file(operation.view_func, root)
    shown = re.sub(r"{(?:\w+:)?(\w+)}", r"{\1}", path)
    url = re.sub(r"{(?:\w+:)?(\w+)}", "7", path)
    for method in operation.methods if file is not None else ():
        facts["tags"] = documented.get(shown, {}).get(method.lower(), {}).get("tags", [])
        row = interview._row(shown, operation.view_func, file or "", **facts)
        yield row | {"methods": [method], "guarded": _is_guarded(method, url, operation)}


def _params(operation: Any) -> Iterator[Row]:
    for param in operation.signature.params:
        where = param.source._param_source()
        is_spread = where not in ("body", "file") and hasattr(param.annotation, "model_fields")
        if is_spread:
            for name, field in param.annotation.model_fields.items():
                yield _param(field.alias or name, where, field.annotation, field.is_required())
        else:
            yield _param(param.alias or param.name, where, param.annotation, param.source.is_required())


def _param(name: str, where: str, annotation: Any, required: bool) -> Row:
    shown = name.replace("_", "-") if where == "header" else name
    return {"name": shown, "in": where, "type": interview.type_name(annotation), "required": required}


def _answer(model: Any) -> str | None:
    fields = getattr(model, "model_fields", None)
    return None if not fields else interview.type_name(fields["response"].annotation)


def _is_guarded(method: str, url: str, operation: Any) -> bool:
    """Whether a stranger is refused, what else the operation needs being made up."""
    from django.test import Client

    params = list(_params(operation))
    sent = {row["name"]: "7" for row in params}
    client = Client(raise_request_exception=False)
    if any(row["in"] in ("form", "file") for row in params):
        response = client.post(url, sent)
    else:
        query = "&".join(f"{name}={value}" for name, value in sent.items())
        response = client.generic(method, f"{url}?{query}", json.dumps(sent), content_type="application/json")
    return interview._is_refusal(response.status_code, response.headers.get("Location", ""))


def main(kind: str, directory: str, settings: str, *targets: str) -> None:
    root = Path(directory).resolve()
    sys.path[0:0] = [str(root)]
    os.environ["DJANGO_SETTINGS_MODULE"] = settings
    import django

    django.setup()
    json.dump({"routes": routes([interview.load(each) for each in targets], root)}, sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
