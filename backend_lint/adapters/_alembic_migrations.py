"""Alembic: what `upgrade()` and `downgrade()` of a revision do.

Source: https://alembic.sqlalchemy.org/en/latest/ops.html
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from backend_lint.adapters._sqlalchemy_columns import column_call, table_column
from backend_lint.adapters._sqlalchemy_types import word, written_type
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Module, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import Column, Index, Migration, Operation

_KINDS = {
    "create_table": "create_table",
    "drop_table": "drop_table",
    "rename_table": "rename_table",
    "add_column": "add_column",
    "drop_column": "drop_column",
    "alter_column": "alter_column",
    "create_index": "add_index",
    "drop_index": "drop_index",
    "create_unique_constraint": "add_constraint",
    "create_check_constraint": "add_constraint",
    "create_foreign_key": "add_constraint",
    "create_primary_key": "add_constraint",
    "create_exclude_constraint": "add_constraint",
    "drop_constraint": "drop_constraint",
    "execute": "run_sql",
    "bulk_insert": "run_python",
}
_CONSTRAINTS = {
    "create_unique_constraint": "unique",
    "create_check_constraint": "check",
    "create_foreign_key": "foreign_key",
    "create_primary_key": "primary_key",
    "create_exclude_constraint": "exclude",
}


def migration(project: Project, module: Module) -> Migration | None:
    """The revision that a module is; None for any other module."""
    if "revision" not in module.assignments or "down_revision" not in module.assignments:
        return None
    revision = _text(project, ir.Name(0, 0, "revision"), module)
    upgrade = module.top_functions.get("upgrade")
    if revision is None or upgrade is None:
        return None
    found = Migration("alembic", module, revision, _texts(project, "down_revision", module))
    found.branches = _texts(project, "branch_labels", module)
    for name in ("upgrade", "downgrade"):
        function = module.top_functions.get(name)
        if function is not None:
            found.operations.extend(_operations(project, function, is_upgrade=name == "upgrade"))
    return found


def _text(project: Project, expr: Expr | None, scope: Scope) -> str | None:
    held = constant(project, expr, scope)
    return held if isinstance(held, str) else None


def _texts(project: Project, name: str, module: Module) -> tuple[str, ...]:
    held: Any = constant(project, ir.Name(0, 0, name), module) if name in module.assignments else None
    values = held if isinstance(held, list | tuple) else [held]
    return tuple(each for each in values if isinstance(each, str))


def _operations(
    project: Project, function: Function, *, is_upgrade: bool, seen: frozenset[str] = frozenset()
) -> Iterator[Operation]:
    """The operations of a function, and of those of its module that it calls."""
    batches = list(_batches(project, function))
    outside = [stmt for stmt in function.statements if type(stmt) is ir.With and _is_autocommit(stmt)]
    for site in project.sites(function):
        func = site.call.func
        if type(func) is ir.Attribute and func.name in _KINDS:
            owner = ir.dotted(func.value) or ""
            is_op = (project.qualified(func.value, function) or "") == "alembic.op" or owner == "op"
            batch = [each for each in batches if each.name == owner and each.stmt.at <= site.call.at < each.stmt.end]
            if is_op or batch:
                found = _operation(project, site.call, func.name, function, batch[-1] if batch else None)
                found.is_upgrade = is_upgrade
                found.in_transaction = not any(each.at <= site.call.at < each.end for each in outside)
                yield found
                continue
        for target in site.targets:
            if target.module is function.module and target.qualified not in seen:
                inner = seen | {function.qualified, target.qualified}
                yield from _operations(project, target, is_upgrade=is_upgrade, seen=inner)


@dataclass
class _Batch:
    """`with op.batch_alter_table("orders") as batch:`; blocks of one name may follow each other."""

    name: str
    table: str | None
    stmt: ir.With


def _batches(project: Project, function: Function) -> Iterator[_Batch]:
    for stmt in function.statements:
        if type(stmt) is ir.With:
            for item in stmt.items:
                if type(item.value) is ir.Call and type(item.target) is ir.Name:
                    if (ir.dotted(item.value.func) or "").endswith("batch_alter_table"):
                        table = _text(project, item.value.argument(0, "table_name"), function)
                        schema = _text(project, item.value.argument(1, "schema"), function)
                        table = f"{schema}.{table}" if schema is not None and table is not None else table
                        yield _Batch(item.target.id, table, stmt)


def _is_autocommit(stmt: ir.With) -> bool:
    return any(
        type(item.value) is ir.Call
        and type(item.value.func) is ir.Attribute
        and item.value.func.name == "autocommit_block"
        for item in stmt.items
    )


def _operation(project: Project, call: ir.Call, method: str, scope: Function, block: _Batch | None) -> Operation:
    found = Operation(_KINDS[method], scope.place(call), call, scope)
    is_batch, batch = block is not None, block.table if block is not None else None
    values: list[Expr | None] = list(call.positional)

    def given(position: int, name: str) -> Expr | None:
        """An argument; in a batch the table is left out of all of them."""
        return call.keywords.get(name) or (values[position] if position < len(values) else None)

    match method:
        case "create_table":
            found.table = _text(project, given(0, "table_name"), scope)
            found.definitions = _columns(project, call.positional[1:], scope)
            _constraints(project, found, call.positional[1:], scope)
        case "drop_table":
            found.table = _text(project, given(0, "table_name"), scope)
        case "rename_table":
            found.table = _text(project, given(0, "old_table_name"), scope)
            found.new_name = _text(project, given(1, "new_table_name"), scope)
        case "add_column":
            found.table = batch if is_batch else _text(project, given(0, "table_name"), scope)
            column = given(0 if is_batch else 1, "column")
            found.definitions = _columns(project, [column] if column is not None else [], scope)
        case "drop_column":
            found.table = batch if is_batch else _text(project, given(0, "table_name"), scope)
            found.column = _text(project, given(0 if is_batch else 1, "column_name"), scope)
        case "alter_column":
            found.table = batch if is_batch else _text(project, given(0, "table_name"), scope)
            found.column = _text(project, given(0 if is_batch else 1, "column_name"), scope)
            _alter(project, found, call, scope)
        case "create_index" | "drop_index":
            found.name = _text(project, _unnamed(given(0, "index_name")), scope)
            found.table = batch if is_batch else _text(project, given(1, "table_name"), scope)
            found.columns = _names(project, given(1 if is_batch else 2, "columns"), scope)
            found.is_concurrent = constant(project, call.keywords.get("postgresql_concurrently"), scope) is True
            found.unique = constant(project, call.keywords.get("unique"), scope) is True
            if method == "create_index":
                found.indexes = [_index(project, found, call, given(1 if is_batch else 2, "columns"), scope)]
        case "execute":
            found.sql = given(0, "sqltext")
        case "bulk_insert":
            pass
        case _:
            found.name = _text(project, _unnamed(given(0, "constraint_name")), scope)
            table = given(1, "source_table" if "foreign" in method else "table_name")
            found.table = batch if is_batch else _text(project, table, scope)
            _constrain(project, found, call, method, scope, is_batch=is_batch)
    schema = _text(project, call.keywords.get("schema") or call.keywords.get("source_schema"), scope)
    if schema is not None and found.table is not None and not is_batch:
        found.table = f"{schema}.{found.table}"
        found.new_name = f"{schema}.{found.new_name}" if method == "rename_table" and found.new_name else found.new_name
    _describe(found)
    return found


def _unnamed(expr: Expr | None) -> Expr | None:
    """The name in `op.f("ix_orders_id")`."""
    return expr.args[0].value if type(expr) is ir.Call and expr.args else expr


def _columns(project: Project, values: list[Expr], scope: Function) -> list[Column]:
    calls = [call for value in values if (call := column_call(project, value, scope)) is not None]
    return [table_column(project, call, lambda expr, scope: None)[0] for call in calls]


def _index(project: Project, found: Operation, call: ir.Call, columns: Expr | None, scope: Function) -> Index:
    items = columns.items if type(columns) is ir.Sequence else []
    has_expressions = len(items) != len(found.columns)
    is_partial = any(each.endswith("_where") for each in call.keywords)
    return Index(found.columns, found.unique, found.at, found.name, is_partial, has_expressions=has_expressions)


def _constraints(project: Project, found: Operation, values: list[Expr], scope: Function) -> None:
    """The keys that stand among the columns of a new table."""
    for value in values:
        if type(value) is not ir.Call:
            continue
        kind = word(project, value.func, scope)
        names = [held for each in value.positional if isinstance(held := constant(project, each, scope), str)]
        title = _text(project, _unnamed(value.keywords.get("name")), scope)
        if kind == "UniqueConstraint":
            found.indexes.append(Index(tuple(names), True, scope.place(value), title, is_constraint=True))
        elif kind == "Index":
            found.indexes.append(Index(tuple(names[1:]), False, scope.place(value), names[0] if names else None))
        elif kind == "PrimaryKeyConstraint":
            for column in found.definitions:
                if column.name in names:
                    column.primary_key, column.nullable = True, False


def _names(project: Project, expr: Expr | None, scope: Scope) -> tuple[str, ...]:
    held = constant(project, expr, scope)
    return tuple(each for each in held if isinstance(each, str)) if isinstance(held, list | tuple) else ()


def _alter(project: Project, found: Operation, call: ir.Call, scope: Function) -> None:
    keywords = call.keywords
    new_name = _text(project, keywords.get("new_column_name"), scope)
    if new_name is not None and new_name != found.column:
        found.kind, found.new_name = "rename_column", new_name
    nullable = constant(project, keywords.get("nullable"), scope)
    found.nullable = nullable if isinstance(nullable, bool) else None
    default = keywords.get("server_default")
    found.has_server_default = default is not None and not _is_nothing(default)
    kind = None if "type_" not in keywords else written_type(project, keywords["type_"], scope)
    found.type = None if kind is None else kind.name
    if kind is not None:
        name = found.column or ""
        shape = Column(name, name, kind.name, found.at, arguments=dict(kind.arguments), family=kind.family)
        found.definitions = [shape]


def _is_nothing(expr: Expr) -> bool:
    return type(expr) is ir.Const and expr.value in (None, False)


def _constrain(
    project: Project, found: Operation, call: ir.Call, method: str, scope: Function, *, is_batch: bool
) -> None:
    found.constraint = _CONSTRAINTS.get(method)
    if method == "drop_constraint":
        kind = _text(project, call.argument(1 if is_batch else 2, "type_"), scope)
        found.constraint = {"foreignkey": "foreign_key", "primary": "primary_key"}.get(kind or "", kind)
        return
    position, keyword = (1 if is_batch else 2), "columns"
    if method == "create_foreign_key":
        position, keyword = (2 if is_batch else 3), "local_cols"
    found.columns = _names(project, call.argument(position, keyword), scope)
    found.unique = found.constraint in ("unique", "primary_key")
    if found.unique and found.columns:
        found.indexes = [Index(found.columns, True, found.at, found.name, is_constraint=True)]


def _describe(found: Operation) -> None:
    """The shape of the only column that an operation makes."""
    if found.kind == "create_table":
        found.columns = tuple(column.name for column in found.definitions)
    elif found.kind == "add_column" and found.definitions:
        column = found.definitions[0]
        found.column, found.type, found.nullable = column.name, column.type, column.nullable
        found.has_default, found.has_server_default = column.default is not None, column.server_default is not None
        found.unique = column.unique
