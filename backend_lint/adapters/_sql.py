"""SQL in strings: what a statement does, to which table, and which columns it asks for.

This is no parser of SQL: it reads words, and believes a column only when the table has one of that name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from backend_lint.adapters._statement import Statement
from backend_lint.core import Place
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import ColumnUse, Model

_OPERATIONS = {
    "select": "select",
    "with": "select",
    "insert": "insert",
    "replace": "insert",
    "update": "update",
    "delete": "delete",
    "truncate": "delete",
    "merge": "update",
}
_OTHER = frozenset(
    {"create", "alter", "drop", "pragma", "set", "begin", "commit", "rollback", "vacuum", "explain", "show", "analyze"}
    | {"call", "exec", "lock", "savepoint", "release", "refresh", "grant", "revoke", "use", "attach", "copy", "values"}
)
_FIRST = re.compile(r"\s*(?:--[^\n]*\n\s*|/\*.*?\*/\s*|\(\s*)*([a-z]+)", re.IGNORECASE | re.DOTALL)
_TABLE = re.compile(
    r"\b(?:from|into|update|join|table)\s+(?:only\s+)?(?P<table>[\w.\"`\[\]]+)(?:\s+(?:as\s+)?(?P<alias>[a-z_]\w*))?",
    re.IGNORECASE,
)
_WHERE = re.compile(
    r"\b(?:where|on|and|or|having)\b(.*?)(?=\b(?:where|on|and|or|order|group|limit|returning|having)\b|$)", re.I | re.S
)
_USE = re.compile(
    r"""^\s*\(*\s*(?:not\s+)?(?P<function>\w+\()?\s*(?:["`]?(?P<owner>\w+)["`]?\.)?["`\[]?(?P<column>\w+)["`\]]?\)?\s*"""
    r"(?P<operator>=|<>|!=|<=|>=|<|>|not\s+in\b|in\b|not\s+like\b|like\b|ilike\b|is\b|between\b)",
    re.IGNORECASE,
)
_ORDER = re.compile(r"\border\s+by\s+(?:\w+\.)?[\"`]?(\w+)[\"`]?(\s+desc\b)?", re.IGNORECASE)
_LIMIT = re.compile(r"\b(?:limit|fetch\s+first|top)\s+\S+", re.IGNORECASE)
_COUNT = re.compile(r"^\s*select\s+(count|sum|avg|min|max|exists)\s*\(", re.IGNORECASE)


def sql_text(project: Project, expr: Expr | None, scope: Scope, depth: int = 0) -> str | None:
    """The SQL that an expression holds, its holes as `?`; None where nothing of it is written out."""
    if expr is None or depth > 6:
        return None
    held = constant(project, expr, scope)
    if isinstance(held, str):
        return held
    match expr:
        case ir.Text(pieces=pieces):
            parts = [piece.value if type(piece) is ir.Const else "?" for piece in pieces]
            return "".join(str(part) for part in parts)
        case ir.Binary(op="+", left=left):
            return sql_text(project, left, scope, depth + 1)
        case ir.Name(id=name) if isinstance(scope, Function):
            bound = [each for each in project.types.bindings(scope).get(name, ()) if each.kind == "value"]
            return sql_text(project, bound[0].expr, scope, depth + 1) if bound and bound[0].expr is not expr else None
        case ir.Call(func=ir.Attribute(value=value, name="format" | "strip" | "join" | "format_map")):
            return sql_text(project, value, scope, depth + 1)
        case ir.Call(func=func, args=[ir.Argument(value=value), *_]):
            name = (ir.dotted(func) or "").rpartition(".")[2]
            return sql_text(project, value, scope, depth + 1) if name in ("text", "SQL", "dedent", "cast") else None
        case _:
            return None


def is_sql(text: str | None) -> bool:
    match = _FIRST.match(text or "")
    if match is None or text is None:
        return False
    word = match[1].lower()
    return (word in _OPERATIONS or word in _OTHER) and len(text.split()) > 1


def operation(text: str) -> str:
    match = _FIRST.match(text)
    found = _OPERATIONS.get(match[1].lower(), "raw") if match is not None else "raw"
    if found == "select" and re.match(r"\s*select\s+count\s*\(", text, re.IGNORECASE):
        return "count"
    return found


def named_models(text: str, tables: Mapping[str, Model]) -> dict[str, Model]:
    """The models that a statement speaks of, by table name and alias, the first first."""
    found: dict[str, Model] = {}
    for match in _TABLE.finditer(text):
        name = re.sub(r"[\"`\[\]]", "", match["table"])
        model = tables.get(name) or tables.get(name.rpartition(".")[2])
        if model is not None:
            found.setdefault(name.rpartition(".")[2].lower(), model)
            found.setdefault((match["alias"] or name).lower(), model)
    return found


def predicates(text: str, models: Mapping[str, Model]) -> Iterator[tuple[Model, str, str, str | None]]:
    """What is asked for in `WHERE` and `ON`: the model, its column, the operator, the function around it."""
    for clause in _WHERE.finditer(text):
        use = _USE.match(clause[1])
        if use is None:
            continue
        owners = [models[use["owner"].lower()]] if (use["owner"] or "").lower() in models else models.values()
        for model in owners:
            column = next(
                (each.name for each in model.columns.values() if each.name.lower() == use["column"].lower()), None
            )
            if column is not None:
                operator = " ".join(use["operator"].lower().split())
                wrapped = (use["function"] or "").rstrip("(").lower() or None
                yield model, column, {"=": "==", "<>": "!="}.get(operator, operator), wrapped
                break


def order(text: str, model: Model) -> tuple[str, str] | None:
    found = _ORDER.search(text)
    names = {column.name.lower(): column.name for column in model.columns.values()}
    if found is None or found[1].lower() not in names:
        return None
    return names[found[1].lower()], "desc" if found[2] else "asc"


def read_text(statement: Statement, text: str, tables: Mapping[str, Model], at: Place) -> Statement:
    """What the words of an SQL text say of the statement that it is."""
    statement = statement.with_(
        operation=operation(text),
        is_aggregate=is_figure(text),
        is_bounded=statement.is_single or is_limited(text),
    )
    models = named_models(text, tables)
    if not models:
        return statement
    model = next(iter(models.values()))
    uses = [
        ColumnUse(column, operator, at, None, owner.qualified, function=function)
        for owner, column, operator, function in predicates(text, models)
    ]
    ordered = order(text, model)
    orders = () if ordered is None else (ColumnUse(*ordered, at, None, model.qualified),)
    return statement.with_(model=model.qualified, orders=orders).filtered(uses)


def is_limited(text: str) -> bool:
    return _LIMIT.search(text) is not None


def is_figure(text: str) -> bool:
    return _COUNT.match(text) is not None and re.search(r"\bgroup\s+by\b", text, re.IGNORECASE) is None
