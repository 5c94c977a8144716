"""The backend model as plain data: what `backend-lint model` prints and reports show."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from backend_lint.project.model.layers import ORDER, SCHEMA
from backend_lint.project.model.route import Input, Route
from backend_lint.project.model.schema import Schema
from backend_lint.project.model.table import Model

if TYPE_CHECKING:
    from backend_lint.project.project import Project


def exported(project: Project) -> dict[str, Any]:
    """Lists in a stable order, with relative paths and lines from 1."""
    return {
        "frameworks": project.frameworks,
        "roots": [root or "." for root in sorted(project.roots)],
        "routes": [_route(route) for route in project.routes],
        "models": [_model(model) for _, model in sorted(project.models.items())],
        "schemas": [_schema(schema) for _, schema in sorted(project.schemas.items())],
        "tasks": [
            {
                "name": task.name,
                "function": task.function.qualified,
                "framework": task.framework,
                "queue": task.queue,
                "file": task.at.path,
                "line": task.at.line,
            }
            for task in project.tasks
        ],
        "outbound": [
            {
                "kind": call.kind,
                "library": call.library,
                "method": call.method,
                "timeout": call.timeout,
                "file": call.at.path,
                "line": call.at.line,
            }
            for call in project.outbound
        ],
        "settings": [
            {
                "name": setting.name,
                "kind": setting.kind,
                "variable": setting.variable,
                "profile": setting.profile,
                "has_default": setting.has_default,
                "file": setting.at.path,
                "line": setting.at.line,
            }
            for setting in project.settings
        ],
        "layers": _layers(project),
        "imports": _imports(project),
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "path": route.path,
        "methods": list(route.methods),
        "handler": route.handler_name or (route.handler.qualified if route.handler else ""),
        "file": route.at.path,
        "line": route.at.line,
        "framework": route.framework,
        "params": [_input(each) for each in route.inputs if each.where != "body"],
        "body": route.body,
        "response_model": route.response_model,
        "status_code": route.status_code,
        "guards": [{"kind": guard.kind.value, "name": guard.name, "level": guard.level} for guard in route.guards],
        "tags": list(route.tags),
        "deprecated": route.deprecated,
    }


def _input(each: Input) -> dict[str, Any]:
    return {"name": each.name, "in": each.where, "type": each.spelled, "required": each.required}


def _model(model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "table": model.table,
        "orm": model.orm,
        "file": model.at.path,
        "line": model.at.line,
        "columns": [
            {
                "name": column.name,
                "type": column.type,
                "nullable": column.nullable,
                "primary_key": column.primary_key,
                "unique": column.unique,
                "index": column.index,
                "foreign_key": column.foreign_key,
                "table": column.table,
            }
            for column in model.columns.values()
        ],
        "indexes": [{"columns": list(index.columns), "unique": index.unique} for index in model.indexes],
        "relationships": [
            {"name": each.name, "target": each.target, "many": each.many} for each in model.relationships.values()
        ],
    }


def _schema(schema: Schema) -> dict[str, Any]:
    return {
        "name": schema.name,
        "kind": schema.kind,
        "model": schema.model,
        "file": schema.at.path,
        "line": schema.at.line,
        "fields": [
            {"name": each.name, "type": each.type, "required": each.required, "read_only": each.read_only}
            for each in schema.fields.values()
        ],
    }


def _layers(project: Project) -> list[dict[str, Any]]:
    """The layers that the project has, top first, with their modules."""
    return [
        {"name": layer, "modules": modules}
        for layer in (*ORDER, SCHEMA)
        if (modules := sorted(name for name, found in project.layers.items() if found == layer))
    ]


def _imports(project: Project) -> list[dict[str, Any]]:
    """Edges between layers, with the number of modules that import; `violation` where a lower one imports a higher."""
    counts: Counter[tuple[str, str]] = Counter()
    for edge in project.imports:
        pair = (project.layers.get(edge.source.name), project.layers.get(edge.target.name))
        if pair[0] is not None and pair[1] is not None and pair[0] != pair[1] and not edge.is_type_checking:
            counts[pair[0], pair[1]] += 1
    return [
        {"from": source, "to": target, "count": count, "violation": _is_upward(source, target)}
        for (source, target), count in sorted(counts.items())
    ]


def _is_upward(source: str, target: str) -> bool:
    return source in ORDER and target in ORDER and ORDER.index(target) < ORDER.index(source)
