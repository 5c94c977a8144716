"""Layers, told from what modules do rather than from what their folders are called."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from backend_lint.project.modules import Class, Function, Module

if TYPE_CHECKING:
    from backend_lint.project.project import Project

API, TASK, SERVICE, MODEL, SCHEMA = "api", "task", "service", "model", "schema"
ORDER = (API, TASK, SERVICE, MODEL)
_SERVICE_NAMES = re.compile(
    r"^(?:services?|use_?cases?|domain|crud|repos|repositor(?:y|ies)|dao|managers?|selectors?)$|_(?:service|repository)s?$"
)
_SERVICES = re.compile(r"^(?:services?|use_?cases?|crud|repositor(?:y|ies))$|_services?$")
_MODEL_NAMES = re.compile(r"^(?:models?|entities)$")
_SUPPORT_NAMES = re.compile(
    r"^(?:utils?|helpers?|common|core|lib|tools|mixins?|middlewares?|auth|permissions?|dependencies|deps|context"
    r"|management|commands|cli|decorators?|signals?|receivers?|context_processors|templatetags)$"
)
_OUTER_NAMES = re.compile(r"^(?:admin|forms?|serializers?|validators?|views?|api|routes?|routers?|endpoints?)$")


def layers(project: Project) -> dict[str, str]:
    """The layer of each module that has one: `api`, `task`, `service`, `model` or `schema`.

    A module that answers routes is of the API, unless it is mostly something else: a factory that defines a route or
    two on the way. One that declares tables is a model, and so is what lies beside it in a package of models. A service
    is what is named so, or queries without being a place for help of every kind, and is none of the others.
    """
    found: dict[str, str] = {}
    for schema in project.schemas.values():
        found[schema.cls.module.name] = SCHEMA
    for query in project.queries:
        module = query.scope.module
        if not is_support(module.name) and not _is_outer(module.name):
            found.setdefault(module.name, SERVICE)
    for module in project.modules.values():
        parts = module.name.split(".")
        if any(_SERVICE_NAMES.search(part) for part in parts[-3:]) and module.facts.functions:
            if found.get(module.name) != SCHEMA:
                found[module.name] = SERVICE
        elif found.get(module.name) == SERVICE and any(_MODEL_NAMES.search(part) for part in parts[-2:]):
            found[module.name] = MODEL
    for task in project.tasks:
        if not is_named_service(task.function.module.name):
            found[task.function.module.name] = TASK
    for model in project.models.values():
        if model.cls is not None:
            found[model.cls.module.name] = MODEL
    for module, answers in _answers(project).items():
        if answers * 3 >= _definitions(module) and not is_support(module.name):
            found[module.name] = API
    return found


def is_support(name: str) -> bool:
    """Whether a module is a place for help of every kind, which all layers use."""
    return any(_SUPPORT_NAMES.search(part) for part in name.split(".")[-3:])


def _is_outer(name: str) -> bool:
    """Whether a module lies where forms, serializers and views do: what they query is no service."""
    return any(_OUTER_NAMES.search(part) for part in name.split(".")[-3:])


def is_named_service(name: str) -> bool:
    """Whether a module lies where a project says that its services are."""
    return any(_SERVICES.search(part) for part in name.split(".")[-3:])


def _answers(project: Project) -> Counter[Module]:
    """How many of the functions and classes at the top of each module answer routes."""
    tops: set[Function | Class] = set()
    for route in project.routes:
        for each in (route.handler, route.view):
            if each is not None:
                top = _top(each)
                if top is not None:
                    tops.add(top)
    return Counter(each.module for each in tops)


def _top(each: Function | Class) -> Function | Class | None:
    """What stands at the top of a module around a definition, None where that is a function: a factory."""
    if isinstance(each, Class):
        return each if each.facts.function is None and each.facts.cls is None else None
    if each.is_top:
        return each
    return _top(each.cls) if each.cls is not None else None


def _definitions(module: Module) -> int:
    return sum(not name.startswith("_") for name in (*module.top_functions, *module.top_classes))
