"""Layers, told from what modules do rather than from what their folders are called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from backend_lint.project.project import Project

API, TASK, SERVICE, MODEL, SCHEMA = "api", "task", "service", "model", "schema"
ORDER = (API, TASK, SERVICE, MODEL)
_SERVICE_NAMES = re.compile(
    r"^(?:services?|use_?cases?|domain|crud|repositor(?:y|ies)|dao|managers?|selectors?)$|_(?:service|repository)$"
)


def layers(project: Project) -> dict[str, str]:
    """The layer of each module that has one: `api`, `task`, `service`, `model` or `schema`.

    A module that answers routes is of the API whatever else it holds; one that declares tables is a model; one that
    only declares schemas a schema. A service is what is named so, or queries, and is none of those.
    """
    found: dict[str, str] = {}
    for schema in project.schemas.values():
        found[schema.cls.module.name] = SCHEMA
    for query in project.queries:
        found.setdefault(query.scope.module.name, SERVICE)
    for module in project.modules.values():
        named = any(_SERVICE_NAMES.search(part) for part in module.name.split(".")[-2:])
        if named and module.facts.functions and found.get(module.name) != SCHEMA:
            found[module.name] = SERVICE
    for task in project.tasks:
        found[task.function.module.name] = TASK
    for model in project.models.values():
        if model.cls is not None:
            found[model.cls.module.name] = MODEL
    for route in project.routes:
        if route.handler is not None:
            found[route.handler.module.name] = API
    return found
