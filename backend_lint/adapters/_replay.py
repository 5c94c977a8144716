"""Migrations played back without a database: the tables that they leave behind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from backend_lint.adapters._sql import sql_text
from backend_lint.facts import ir
from backend_lint.project import Function, Module, Project
from backend_lint.project.constants import constant
from backend_lint.project.model import Index, Migration, Operation, StoredTable

_DEFINES = re.compile(r"\b(create|alter|drop|rename)\b", re.IGNORECASE)
_INDEX = re.compile(
    r"\bcreate\s+(unique\s+)?index\s+(?:concurrently\s+)?(?:if\s+not\s+exists\s+)?[\w.\"`?{}]*\s*on\s+(?:only\s+)?"
    r"[\"`]?(?P<table>[\w.]+)[\"`]?\s*(?:using\s+\w+\s*)?\(\s*[\"`]?(?P<column>\w+)[\"`]?\s*[,)\s]",
    re.IGNORECASE,
)
_ANY_TABLE = "*"


def replayed(project: Project) -> list[StoredTable]:
    """The tables that remain after all migrations of the project, in order of their names."""
    tables: dict[tuple[str, str], StoredTable] = {}
    unread: set[str] = set()
    computed: set[tuple[str, str]] = set()
    for migration in _in_order(project.migrations):
        play = _django if migration.tool == "django" else _alembic
        for operation in migration.operations:
            if operation.is_upgrade:
                play(project, tables, migration, operation)
        unread |= set(_unread(project, migration))
        if migration.tool == "django" and not _is_written_out(project, migration):
            computed |= {(migration.app or "", word) for word in _words(migration.module)}
    for text in _statements(project):
        _index_of_sql(tables, text)
    known = Counter(table.name for table in tables.values())
    for table in tables.values():
        if known[table.name] > 1:  # one history for each kind of database
            table.is_certain = False
        if (table.app or "", table.entity or "") in computed:
            table.is_certain = False
        if unread & {_ANY_TABLE, table.name.rpartition(".")[2].lower()} and table.tool != "django":
            table.is_certain = False
    return sorted(tables.values(), key=lambda table: (table.name, table.app or ""))


def _in_order(migrations: Iterable[Migration]) -> Iterator[Migration]:
    """Each migration after those that it builds on. One that squashes others that are all there does nothing."""
    known = {each.revision: each for each in sorted(migrations, key=lambda each: (each.app or "", each.revision))}
    squashes = {each.revision for each in known.values() if each.replaces and all(it in known for it in each.replaces)}
    squashed = {old: it.revision for it in known.values() if it.revision not in squashes for old in it.replaces}
    done: set[str] = set()
    for revision in known:
        pending = [revision]
        while pending:
            each = known[pending[-1]]
            before = [*each.down, *(each.replaces if each.revision in squashes else ())]
            before = [squashed.get(it, it) for it in before]
            missing = [it for it in before if it in known and it not in done and it not in pending]
            if missing:
                pending.extend(missing[:1])
                continue
            pending.pop()
            if each.revision not in done:
                done.add(each.revision)
                if each.revision not in squashes and each.revision not in squashed:
                    yield each


# Django: by application and model, fields by their names


def _django(
    project: Project, tables: dict[tuple[str, str], StoredTable], migration: Migration, operation: Operation
) -> None:
    app, entity = migration.app or "", operation.entity
    if entity is None or operation.is_database_only:
        return
    key = (app, entity)
    if operation.kind == "create_table":
        columns = {column.attribute: replace(column) for column in operation.definitions}
        made = StoredTable(operation.table or "", "django", operation.at, app, entity, columns)
        made.is_managed = operation.is_managed
        made.indexes = [_by_field(made, index) for index in operation.indexes]
        tables[key] = made
    table = tables.get(key)
    if table is None:
        return
    table.changes.append(operation)
    if operation.table is not None:
        table.name = operation.table
    match operation.kind:
        case "drop_table":
            del tables[key]
        case "rename_table":
            table.name = operation.new_name or table.name
            new = constant(project, operation.call.argument(1, "new_name"), operation.scope)
            if isinstance(new, str):
                tables[app, new.lower()] = tables.pop(key)
                table.entity = new.lower()
        case "add_column" | "alter_column":
            for column in operation.definitions:
                table.columns[column.attribute] = replace(column)
        case "drop_column":
            table.columns.pop(operation.column or "", None)
        case "rename_column":
            _rename(table, operation.column or "", operation.new_name or "")
        case "other" if operation.call.argument(2, "field") is not None:
            table.columns.pop(operation.column or "", None)  # it became a relation to many
        case "add_index" | "drop_index" | "add_constraint" | "drop_constraint":
            _change_indexes(table, operation)


def _by_field(table: StoredTable, index: Index) -> Index:
    names = (table.columns[name].name if name in table.columns else name for name in index.columns)
    return replace(index, columns=tuple(names))


def _rename(table: StoredTable, old: str, new: str) -> None:
    column = table.columns.pop(old, None)
    if column is not None and new:
        renamed = new if column.name == old else f"{new}_id" if column.name == f"{old}_id" else column.name
        table.indexes = [
            replace(index, columns=tuple(renamed if name == column.name else name for name in index.columns))
            for index in table.indexes
        ]
        table.columns[new] = replace(column, attribute=new, name=renamed)


def _change_indexes(table: StoredTable, operation: Operation) -> None:
    if operation.replaces_indexes:
        unique = operation.unique
        table.indexes = [each for each in table.indexes if each.name is not None or each.unique is not unique]
    if operation.kind in ("drop_index", "drop_constraint") and operation.name is not None:
        table.indexes = [each for each in table.indexes if each.name != operation.name]
    table.indexes += [_by_field(table, index) for index in operation.indexes]


# Alembic: by table, columns by their names


def _alembic(
    project: Project, tables: dict[tuple[str, str], StoredTable], migration: Migration, operation: Operation
) -> None:
    name = operation.table
    if operation.kind in ("drop_index", "drop_constraint") and name is None and operation.name is not None:
        for each in tables.values():
            each.indexes = [index for index in each.indexes if index.name != operation.name]
        return
    if name is None:
        return
    place = migration.module.path.rpartition("/")[0]
    key = (place, name)
    if operation.kind == "create_table":
        columns = {column.name: replace(column) for column in operation.definitions}
        tables[key] = StoredTable(name, "alembic", operation.at, columns=columns, indexes=list(operation.indexes))
        has_stars = any(arg.stars for arg in operation.call.args)
        tables[key].is_certain = not has_stars and all(columns)
    table = tables.get(key)
    if table is None:
        return
    table.changes.append(operation)
    match operation.kind:
        case "drop_table":
            del tables[key]
        case "rename_table" if operation.new_name is not None:
            table.name = operation.new_name
            tables[place, table.name] = tables.pop(key)
        case "add_column" if operation.definitions:
            column = operation.definitions[0]
            table.columns[column.name] = replace(column)
        case "add_column":
            table.is_certain = False
        case "drop_column":
            table.columns.pop(operation.column or "", None)
            table.is_certain = table.is_certain and operation.column is not None
        case "alter_column" | "rename_column":
            _alter(table, operation)
        case "add_constraint" if operation.constraint == "primary_key":
            for name in operation.columns:
                if name in table.columns:
                    table.columns[name].primary_key, table.columns[name].nullable = True, False
        case "add_index" | "drop_index" | "add_constraint" | "drop_constraint":
            _change_indexes(table, operation)


def _alter(table: StoredTable, operation: Operation) -> None:
    column = table.columns.get(operation.column or "")
    if column is None:
        table.is_certain = table.is_certain and operation.column is not None
        return
    if operation.nullable is not None:
        column.nullable = operation.nullable
    for shape in operation.definitions:
        column.type, column.family, column.arguments = shape.type, shape.family, shape.arguments
    if operation.new_name is not None:
        _rename(table, column.name, operation.new_name)


# What cannot be read


def _unread(project: Project, migration: Migration) -> Iterator[str]:
    """Tables that something changes that is no operation with a known table; `*` where even the table is unknown."""
    if migration.tool != "alembic":
        return
    opaque = [
        each
        for each in migration.operations
        if each.is_upgrade
        and each.table is None
        and each.kind not in ("run_sql", "run_python")
        and not (each.kind in ("drop_index", "drop_constraint") and each.name is not None)
    ]
    statements = [each for each in migration.operations if each.kind == "run_sql" and each.is_upgrade]
    texts = [sql_text(project, _unwrapped(each.sql), each.scope) for each in statements]
    changing = [text for text in texts if text is None or (_DEFINES.search(text) and not _INDEX.search(text))]
    if not opaque and not changing and not _calls_others(project, migration.module):
        return
    words = set(_words(migration.module))
    yield from words or [_ANY_TABLE]


def _is_written_out(project: Project, migration: Migration) -> bool:
    """Whether the operations of a migration of Django stand in it, and are not made by a function of its own."""
    cls = migration.module.top_classes.get("Migration")
    stmt = cls.attributes.get("operations") if cls is not None else None
    if cls is None or stmt is None or type(stmt.value) in (ir.Name, ir.Attribute):
        return True
    items = stmt.value.items if type(stmt.value) is ir.Sequence else [stmt.value]
    calls = [each for each in items if type(each) is ir.Call]
    return len(calls) == len(items) and not any(project.site(each, cls).targets for each in calls)


def _unwrapped(expr: ir.Expr | None) -> ir.Expr | None:
    """The statement in `sa.text(…)`, `sa.DDL(…)`."""
    while type(expr) is ir.Call and expr.args and (ir.dotted(expr.func) or "").endswith(("text", "DDL")):
        expr = expr.args[0].value
    return expr


def _calls_others(project: Project, module: Module) -> bool:
    """Whether `upgrade()` hands work to functions of other files that use Alembic themselves."""
    pending = [each for each in (module.top_functions.get("upgrade"),) if each is not None]
    seen: set[str] = set()
    while pending:
        function = pending.pop()
        if function.qualified in seen:
            continue
        seen.add(function.qualified)
        for site in project.sites(function):
            if site.method == "create_all":
                return True
            for target in site.targets:
                if target.module is module:
                    pending.append(target)
                elif _uses_alembic(target):
                    return True
    return False


def _uses_alembic(function: Function) -> bool:
    return any(each.module.startswith("alembic") for each in function.module.facts.imports)


def _words(module: Module) -> Iterator[str]:
    """The words of all strings of a module, in lower case."""
    for function in module.functions:
        for node in ir.walk(function.body):
            if type(node) is ir.Const and isinstance(node.value, str):
                yield from re.findall(r"\w+", node.value.lower())
    for statements in module.assignments.values():
        for stmt in statements:
            for node in ir.walk_expression(stmt.value) if stmt.value is not None else ():
                if type(node) is ir.Const and isinstance(node.value, str):
                    yield from re.findall(r"\w+", node.value.lower())


# Indexes that statements of SQL make


def _statements(project: Project) -> Iterator[str]:
    for migration in project.migrations:
        for operation in migration.operations:
            if operation.kind == "run_sql" and operation.is_upgrade:
                text = sql_text(project, _unwrapped(operation.sql), operation.scope)
                if text is not None:
                    yield text


def _index_of_sql(tables: dict[tuple[str, str], StoredTable], text: str) -> None:
    for found in _INDEX.finditer(text):
        for table in tables.values():
            if table.name.rpartition(".")[2].lower() == found["table"].rpartition(".")[2].lower():
                table.indexes.append(Index((found["column"],), bool(found[1]), table.at))
