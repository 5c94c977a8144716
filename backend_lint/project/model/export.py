"""The backend model as plain data: what `backend-lint model` prints and reports show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backend_lint.project.model.route import Input, Route
from backend_lint.project.model.schema import Schema
from backend_lint.project.model.table import Model

if TYPE_CHECKING:
    from backend_lint.project.project import Project


def exported(project: Project) -> dict[str, Any]:
    """Lists in a stable order, with relative paths and lines from 1."""
    return {
        "frameworks": project.frameworks,
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
    return {"name": each.name, "in": each.where, "type": each.type, "required": each.required}


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


def _imports(project: Project) -> list[list[str]]:
    """Edges between packages two levels deep, for the picture of the layers."""
    edges: set[tuple[str, str]] = set()
    for module in project.modules.values():
        for each in module.facts.imports:
            if each.is_type_checking:
                continue
            target = project.names.absolute(each, module)
            owner, _ = project.names.split(f"{target}.{each.name}" if each.name else each.full_module or target)
            if owner is not None:
                source, sink = _group(module.name), _group(owner.name)
                if source != sink:
                    edges.add((source, sink))
    return [list(edge) for edge in sorted(edges)]


def _group(name: str) -> str:
    return ".".join(name.split(".")[:2])
