"""What goes over the wire: Pydantic models, serializers, forms."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from backend_lint.core import Place
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Class


@dataclass(eq=False)
class SchemaField:
    """`type` is its type's name, without `Optional` and containers; `schema` the qualified name of a nested schema.

    `name` is the attribute, `alias` the wire name where it differs, `source` the attribute of the entity it reads.
    `description` is an ellipsis where its text is computed. `constraints` are literal bounds; `validate` is among them
    where code decides.
    """

    name: str
    type: str | None
    at: Place
    required: bool = True
    nullable: bool = False
    many: bool = False
    alias: str | None = None
    source: str | None = None
    schema: str | None = None
    read_only: bool = False
    write_only: bool = False
    default: Expr | None = None
    annotation: Expr | None = None
    constraints: dict[str, Any] = field(default_factory=dict)
    description: str | None = None


@dataclass(eq=False)
class Schema:
    """`kind` is `pydantic`, `drf`, `marshmallow`, `form`, `dataclass`, `msgspec`, `attrs`, `typeddict`, `graphql`.

    `fields` include inherited ones, by attribute name. `model` is the qualified name of the entity it is made from,
    `all_fields` whether it takes whatever fields that has. `extra` is `allow`, `ignore` or `forbid`.
    """

    name: str
    qualified: str
    cls: Class
    kind: str
    at: Place
    fields: dict[str, SchemaField] = field(default_factory=dict)
    model: str | None = None
    all_fields: bool = False
    excluded: tuple[str, ...] = ()
    extra: str = "ignore"
    from_attributes: bool = False
    config: dict[str, Expr] = field(default_factory=dict)
