"""Columns as they are written: `Column(…)`, `mapped_column(…)`, `Mapped[…]`, SQLModel's `Field(…)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from backend_lint.adapters._sqlalchemy_types import (
    Annotation,
    ColumnType,
    annotated_type,
    annotation,
    family,
    word,
    written_type,
)
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import UNKNOWN, arguments_of, assigned, constant, passed, returned
from backend_lint.project.model import Column

COLUMN_WORDS = frozenset({"Column", "mapped_column", "MappedColumn"})
_AROUND_COLUMNS = frozenset({"deferred", "column_property"})
_SPATIAL = frozenset({"Geometry", "Geography", "Raster"})
_ITEMS = frozenset({"CheckConstraint", "Computed", "DefaultClause", "FetchedValue", "Identity", "Sequence"})

Locate = Callable[[Expr, Scope], tuple[str, str] | None]
"""The table and the column's attribute that `Product.id` or `products.c.id` names."""


@dataclass
class Call:
    """A call with the scope that its arguments are written in, and what is known of local names there."""

    node: ir.Call
    scope: Scope
    known: Mapping[str, Any] = field(default_factory=dict)


def column_call(
    project: Project, expr: Expr | None, scope: Scope, known: Mapping[str, Any] | None = None, depth: int = 0
) -> Call | None:
    """The `Column(…)` that an expression comes to: written there, held by a variable, or made by a function."""
    known = known or {}
    if expr is None or depth > 8:
        return None
    match expr:
        case ir.Call(func=ir.Attribute(value=value, name="copy" | "_copy")):
            return column_call(project, value, scope, known, depth + 1)
        case ir.Call():
            name = word(project, expr.func, scope)
            if name in COLUMN_WORDS:
                return Call(expr, scope, known)
            if name in _AROUND_COLUMNS and expr.args:
                return column_call(project, expr.args[0].value, scope, known, depth + 1)
            return None if name is not None else _made(project, expr, scope, known, depth)
        case ir.Name(id=name) if isinstance(scope, Function) and name in scope.locals:
            values = [each for each in project.types.bindings(scope).get(name, ()) if each.kind == "value"]
            return column_call(project, values[-1].expr, scope, known, depth + 1) if values else None
        case ir.Name(id=name) if isinstance(scope, Class) and name in scope.attributes:
            return column_call(project, scope.attributes[name].value, scope, known, depth + 1)
        case ir.Name():
            found = assigned(project, expr, scope)
            return None if found is None else column_call(project, *found, known, depth + 1)
        case _:
            return None


def _made(project: Project, call: ir.Call, scope: Scope, known: Mapping[str, Any], depth: int) -> Call | None:
    qualified = project.qualified(call.func, scope)
    function = None if qualified is None else project.function(qualified)
    if function is None:
        return None
    given = arguments_of(project, function, call, scope, known)
    inside = returned(project, function, given)
    return column_call(project, inside, function, given, depth + 1)


@dataclass
class Written:
    """What the arguments of a column say, those of an `Annotated` alias beneath its own."""

    name: str | None = None
    key: str | None = None
    type: ColumnType | None = None
    reference: str | None = None
    on_delete: str | None = None
    keywords: dict[str, tuple[Expr, Call]] = field(default_factory=dict)

    def flag(self, project: Project, name: str, default: bool | None = None) -> bool | None:
        if name not in self.keywords:
            return default
        value, call = self.keywords[name]
        held = constant(project, value, call.scope, call.known)
        return default if held is UNKNOWN or held is None else bool(held)

    def expr(self, *names: str) -> Expr | None:
        return next((self.keywords[name][0] for name in names if name in self.keywords), None)


def read_arguments(project: Project, call: Call, locate: Locate, into: Written) -> None:
    """Add what a `Column(…)` says. What is said later goes before."""
    for index, arg in enumerate(passed(project, call.node, call.scope, call.known)):
        if arg.keyword is not None:
            into.keywords[arg.keyword] = (arg.value, call)
            continue
        name = constant(project, arg.value, call.scope, call.known) if index == 0 else UNKNOWN
        if isinstance(name, str):
            into.name = name
            continue
        _read_item(project, arg.value, call, locate, into)
    for keyword in ("name", "key"):
        if keyword in into.keywords:
            held = constant(project, into.keywords[keyword][0], call.scope, call.known)
            setattr(into, keyword, held if isinstance(held, str) else getattr(into, keyword))
    if "type_" in into.keywords and into.keywords["type_"][1] is call:
        into.type = written_type(project, into.keywords["type_"][0], call.scope) or into.type


def _read_item(project: Project, expr: Expr, call: Call, locate: Locate, into: Written) -> None:
    name = word(project, expr.func, call.scope) if type(expr) is ir.Call else None
    if name == "ForeignKey":
        assert type(expr) is ir.Call
        into.reference = reference(project, expr.argument(0, "column"), call, locate) or into.reference
        rule = constant(project, expr.keywords.get("ondelete"), call.scope, call.known)
        into.on_delete = rule.upper() if isinstance(rule, str) else None
    elif name in _ITEMS:
        into.keywords.setdefault(name or "", (expr, call))
    elif not (type(expr) is ir.Const and expr.value is None):
        into.type = written_type(project, expr, call.scope) or into.type


def reference(project: Project, expr: Expr | None, call: Call, locate: Locate) -> str | None:
    """`table.column` that the argument of a `ForeignKey` names."""
    if expr is None:
        return None
    if type(expr) is ir.Attribute:
        found = locate(expr, call.scope)
        if found is not None:
            return ".".join(found)
    held = constant(project, expr, call.scope, call.known)
    return held if isinstance(held, str) else None


def declared_column(
    project: Project,
    attribute: str,
    call: Call | None,
    note: Annotation | None,
    *,
    owner: Class,
    lineage: list[Class],
    locate: Locate,
) -> tuple[Column, Written] | None:
    """The column of an attribute, from what is assigned to it and what it is annotated with; None if it is none."""
    written = Written()
    for extra, scope in note.extras if note is not None else ():
        inner = column_call(project, extra, scope)
        if inner is not None:
            read_arguments(project, inner, locate, written)
    alias = written.type
    if call is not None:
        read_arguments(project, call, locate, written)
    kind = written.type
    if note is not None and kind is alias and written.reference is None:
        kind = alias or annotated_type(project, note, lineage)
    if call is None and note is not None and kind is None and written == Written():
        return None
    is_key = bool(written.flag(project, "primary_key", False))
    nullable = written.flag(project, "nullable")
    if nullable is None:
        nullable = note.nullable if note is not None else not is_key
    at = owner.attributes.get(attribute)
    place = owner.at if at is None else owner.place(at)
    if attribute in owner.methods:
        place = owner.methods[attribute].at
    declaration = call.node if call is not None else None
    found = column(
        project,
        attribute,
        written,
        kind,
        is_key=is_key,
        nullable=nullable,
        place=place,
        declaration=declaration,
        owner=owner,
    )
    return found, written


def column(
    project: Project,
    attribute: str,
    written: Written,
    kind: ColumnType | None,
    *,
    is_key: bool,
    nullable: bool,
    place: Any,
    declaration: Expr | None,
    owner: Class | None,
) -> Column:
    arguments = dict(kind.arguments) if kind is not None else {}
    for name, (value, call) in written.keywords.items():
        held = constant(project, value, call.scope, call.known)
        if isinstance(held, bool | int | str) and name not in ("name", "key"):
            arguments.setdefault(name, held)
    return Column(
        name=written.name or attribute,
        attribute=attribute,
        type=None if kind is None else kind.name,
        at=place,
        nullable=nullable,
        primary_key=is_key,
        unique=bool(written.flag(project, "unique", False)),
        index=bool(written.flag(project, "index", False)) or _is_spatial(kind, arguments),
        foreign_key=written.reference,
        default=written.expr("default", "default_factory", "insert_default"),
        server_default=written.expr("server_default", "Identity", "Computed"),
        onupdate=written.expr("onupdate", "server_onupdate"),
        arguments=arguments,
        choices=kind is not None and kind.choices,
        declaration=declaration,
        defined_in=owner,
        family=None if kind is None else kind.family,
        declared=None if kind is None else kind.declared,
        on_delete=written.on_delete,
    )


def _is_spatial(kind: ColumnType | None, arguments: Mapping[str, Any]) -> bool:
    """Whether GeoAlchemy2 makes an index for a column of this type, as it does unless it is told not to."""
    return kind is not None and kind.name in _SPATIAL and arguments.get("spatial_index", True) is not False


def table_column(project: Project, call: Call, locate: Locate) -> tuple[Column, Written]:
    """The column that `Column("name", …)` is in a `Table`, or in a migration."""
    written = Written()
    read_arguments(project, call, locate, written)
    is_key = bool(written.flag(project, "primary_key", False))
    found = column(
        project,
        written.key or written.name or "",
        written,
        written.type,
        is_key=is_key,
        nullable=bool(written.flag(project, "nullable", not is_key)),
        place=call.scope.module.place(call.node),
        declaration=call.node,
        owner=None,
    )
    return found, written


# SQLModel


def sqlmodel_column(
    project: Project,
    attribute: str,
    value: Expr | None,
    note_expr: Expr,
    *,
    owner: Class,
    lineage: list[Class],
    locate: Locate,
) -> tuple[Column, Written] | None:
    """The column that SQLModel makes of a field.

    Source: https://github.com/fastapi/sqlmodel/blob/main/sqlmodel/main.py (`get_column_from_field`)
    """
    note = annotation(project, note_expr, owner)
    fields = [*_fields(project, note), *_own_field(project, value, owner)]
    keywords: dict[str, tuple[Expr, Call]] = {}
    for call in fields:
        keywords |= {name: (each, call) for name, each in call.node.keywords.items()}
    written = Written(keywords=keywords)
    if "sa_column" in keywords:
        given, call = keywords["sa_column"]
        inner = column_call(project, given, call.scope, call.known)
        if inner is None:
            return None
        explicit = Written()
        read_arguments(project, inner, locate, explicit)
        declared = declared_column(project, attribute, inner, None, owner=owner, lineage=lineage, locate=locate)
        return None if declared is None else (declared[0], explicit)
    _read_field(project, written, locate)
    default = fields[-1].node.argument(0, "default") if fields else value
    is_required = (default is None and "default_factory" not in keywords) or _is_ellipsis(default)
    is_none = type(default) is ir.Const and default.value is None
    if default is not None and not _is_ellipsis(default):
        written.keywords.setdefault("default", (default, fields[-1] if fields else Call(_NOTHING, owner)))
    is_key = bool(written.flag(project, "primary_key", False))
    nullable = written.flag(project, "nullable")
    if nullable is None:
        nullable = not is_key and (note.nullable or (not is_required and is_none and type(note.python) is ir.Const))
    kind = written.type or _field_type(project, note, written, lineage)
    at = owner.attributes.get(attribute)
    place = owner.at if at is None else owner.place(at)
    declaration = fields[-1].node if fields else None
    found = column(
        project,
        attribute,
        written,
        kind,
        is_key=is_key,
        nullable=nullable,
        place=place,
        declaration=declaration,
        owner=owner,
    )
    return found, written


_NOTHING = ir.Call(0, 0, ir.Name(0, 0, "Field"), [])


def _fields(project: Project, note: Annotation) -> Iterator[Call]:
    for extra, scope in note.extras:
        if type(extra) is ir.Call and word(project, extra.func, scope) == "Field":
            yield Call(extra, scope)


def _own_field(project: Project, value: Expr | None, owner: Class) -> Iterator[Call]:
    if type(value) is not ir.Call:
        return
    if word(project, value.func, owner) == "Field":
        yield Call(value, owner)
        return
    qualified = project.qualified(value.func, owner)
    function = None if qualified is None else project.function(qualified)
    if function is not None:
        given = arguments_of(project, function, value, owner, {})
        made = returned(project, function, given)
        if type(made) is ir.Call and word(project, made.func, function) == "Field":
            yield Call(made, function, given)


def _read_field(project: Project, written: Written, locate: Locate) -> None:
    if "sa_type" in written.keywords:
        value, call = written.keywords["sa_type"]
        written.type = written_type(project, value, call.scope)
    if "foreign_key" in written.keywords:
        value, call = written.keywords["foreign_key"]
        written.reference = reference(project, value, call, locate)
        rule = (
            constant(project, written.keywords["ondelete"][0], call.scope) if "ondelete" in written.keywords else None
        )
        written.on_delete = rule if isinstance(rule, str) else None
    if "sa_column_args" in written.keywords:
        value, call = written.keywords["sa_column_args"]
        for item in value.items if type(value) is ir.Sequence else ():
            _read_item(project, item, call, locate, written)
    if "sa_column_kwargs" in written.keywords:
        value, call = written.keywords["sa_column_kwargs"]
        if type(value) is ir.Dict:
            for key, item in zip(value.keys, value.values, strict=True):
                if type(key) is ir.Const and isinstance(key.value, str):
                    written.keywords[key.value] = (item, call)
                    if key.value == "name" and isinstance(held := constant(project, item, call.scope), str):
                        written.name = held


def _field_type(project: Project, note: Annotation, written: Written, lineage: list[Class]) -> ColumnType | None:
    found = annotated_type(project, note, lineage)
    if found is not None and found.name == "String":
        found.name, found.family = "AutoString", "string"
        length = written.keywords.get("max_length")
        held = constant(project, length[0], length[1].scope) if length is not None else None
        found.arguments = {"length": held} if isinstance(held, int) else {}
    elif found is not None and found.name == "Double":
        found.name = "Float"
    elif found is None:
        qualified = project.qualified(note.python, note.scope) or ""
        if qualified.startswith(("ipaddress.", "pathlib.", "pydantic.")):
            found = ColumnType("AutoString", qualified, family("AutoString"))
    return found


def _is_ellipsis(expr: Expr | None) -> bool:
    return type(expr) is ir.Name and expr.id == "Ellipsis"
