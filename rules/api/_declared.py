"""What routes say that they answer."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lint.api import Project, Route, Schema, Scope, ir

_LISTS = frozenset({"list", "List", "Sequence", "Iterable", "set", "Set", "tuple", "Tuple"})


@dataclass(frozen=True)
class DeclaredAnswer:
    """What a route says that it answers."""

    schema: Schema
    many: bool = False
    nullable: bool = False


def declared_answer(project: Project, route: Route) -> DeclaredAnswer | None:
    """What a route of FastAPI says that it answers, in its decorator or by its annotation; None for what has no schema."""
    if route.framework != "fastapi" or route.handler is None:
        return None
    given = route.options.get("response_model")
    if given is not None and route.scope is not None:
        return _annotated(project, given, route.scope)
    if given is None and route.handler.facts.returns is not None:
        return _annotated(project, route.handler.facts.returns, route.handler.around)
    return None


def _annotated(project: Project, expr: ir.Expr, scope: Scope) -> DeclaredAnswer | None:
    """The schema that an annotation names, within `list` and `Optional`; None for what has no single one."""
    match expr:
        case ir.Binary(op="|", left=left, right=ir.Const(value=None)):
            found = _annotated(project, left, scope)
            return None if found is None else DeclaredAnswer(found.schema, found.many, nullable=True)
        case ir.Subscript(value=owner, index=index):
            base = (ir.dotted(owner) or "").rpartition(".")[2]
            if base == "Optional":
                found = _annotated(project, index, scope)
                return None if found is None else DeclaredAnswer(found.schema, found.many, nullable=True)
            if base in _LISTS:
                found = _annotated(project, index, scope)
                return (
                    None if found is None or found.many or found.nullable else DeclaredAnswer(found.schema, many=True)
                )
            return _annotated(project, owner, scope)
        case ir.Name() | ir.Attribute():
            schema = project.schemas.get(project.qualified(expr, scope) or "")
            return DeclaredAnswer(schema) if schema is not None and schema.kind == "pydantic" else None
    return None
