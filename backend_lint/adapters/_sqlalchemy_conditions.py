"""Columns and conditions of SQLAlchemy: what `User.email == email` and its kin ask for."""

from __future__ import annotations

from dataclasses import dataclass

from backend_lint.adapters._entities import Entities
from backend_lint.adapters._statements import Known, Statements
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Function, Project, Scope
from backend_lint.project.constants import constant
from backend_lint.project.model import ColumnUse

_COMPARISONS = {
    "in_": "in",
    "not_in": "not in",
    "notin_": "not in",
    "like": "like",
    "not_like": "not like",
    "notlike": "not like",
    "ilike": "ilike",
    "not_ilike": "not ilike",
    "is_": "is",
    "is_not": "is not",
    "isnot": "is not",
    "between": "between",
    "contains": "contains",
    "icontains": "icontains",
    "startswith": "startswith",
    "istartswith": "istartswith",
    "endswith": "endswith",
    "iendswith": "iendswith",
    "match": "match",
    "regexp_match": "regex",
    "any_": "in",
    "overlaps": "overlaps",
    "overlap": "overlaps",
    "contained_by": "contained by",
    "has_key": "has key",
    "op": "op",
    "is_distinct_from": "!=",
    "is_not_distinct_from": "==",
}
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
_NEGATED = {"==": "!=", "!=": "==", "<": ">=", "<=": ">", ">": "<=", ">=": "<", "is": "is not", "is not": "is"}
SAME_COLUMN = frozenset({"label", "collate", "desc", "asc", "nulls_last", "nulls_first", "nullslast", "nullsfirst"})
_FUNCTIONS = frozenset({"cast", "extract", "type_coerce", "literal_column", "distinct"})


@dataclass(frozen=True)
class Col:
    """A column of an entity, with the function that wraps it."""

    name: str
    model: str | None
    function: str | None = None
    path: str = ""


@dataclass(frozen=True)
class _Around:
    """What stands around a condition, and where it is read."""

    scope: Scope
    known: Known
    is_negated: bool = False
    is_alternative: bool = False
    depth: int = 0

    def below(self, *, negate: bool = False, alternative: bool = False) -> _Around:
        return _Around(
            self.scope,
            self.known,
            self.is_negated is not negate,
            self.is_alternative or alternative,
            self.depth + 1,
        )


Asked = tuple[list[ColumnUse], bool]
"""The columns that a condition asks for, and whether that is all it asks."""


class Conditions:
    def __init__(self, project: Project, statements: Statements, entities: Entities) -> None:
        self.project, self.statements, self.entities = project, statements, entities

    def of(self, expr: Expr, scope: Scope, known: Known) -> Asked:
        return self._read(expr, _Around(scope, known))

    def column(self, expr: Expr, scope: Scope, depth: int = 0) -> Col | None:
        """The column that an expression is, wrapped in functions as it may be."""
        match expr:
            case ir.Attribute(value=value, name=name):
                return self._attribute(value, name, scope, depth)
            case ir.Call(func=ir.Attribute(value=value, name=method)) if method in SAME_COLUMN:
                return self.column(value, scope, depth + 1)
            case ir.Call(func=func, args=[ir.Argument(value=first), *_]) if depth < 5:
                dotted = ir.dotted(func) or ""
                name = dotted.rpartition(".")[2]
                if name == "getattr" and len(expr.args) > 1:
                    held = constant(self.project, expr.args[1].value, scope)
                    return self._attribute(first, held, scope, depth) if isinstance(held, str) else None
                if self.project.qualified(func, scope) == "sqlmodel.col":
                    return self.column(first, scope, depth + 1)
                if ".func." in f".{dotted}" or name in _FUNCTIONS:
                    for value in expr.positional:
                        inner = self.column(value, scope, depth + 1)
                        if inner is not None:
                            return Col(inner.name, inner.model, name, inner.path)
                return None
            case ir.Subscript(value=value) if depth < 5:
                inner = self.column(value, scope, depth + 1)
                return None if inner is None else Col(inner.name, inner.model, "json", inner.path)
            case ir.Name(id=name) if isinstance(scope, Function) and depth < 4:
                bound = [each for each in self.project.types.bindings(scope).get(name, ()) if each.kind == "value"]
                return self.column(bound[0].expr, scope, depth + 3) if len(bound) == 1 else None
            case _:
                return None

    def _attribute(self, value: Expr, name: str, scope: Scope, depth: int) -> Col | None:
        if type(value) is ir.Attribute and value.name in ("c", "columns"):
            value = value.value
        found = self.entities.of(value, scope)
        if not found:
            inner = self.column(value, scope, depth + 1) if depth < 3 and type(value) is not ir.Name else None
            return None if inner is None else Col(inner.name, inner.model, inner.function or name, inner.path)
        if len(found) > 1:
            return Col(name, None)
        model = self.project.models.get(found[0])
        if model is None:
            return Col(name, found[0])
        column = model.columns.get(name)
        if column is not None:
            return Col(column.name, model.qualified)
        named = next((each for each in model.columns.values() if each.name == name), None)
        if named is not None:
            return Col(named.name, model.qualified)
        related = model.relationships.get(name)
        if related is not None and related.columns:
            return Col(model.columns[related.columns[0]].name, model.qualified, path=name)
        return None

    def spread(self, call: ir.Call, scope: Scope) -> list[Expr]:
        """The positional arguments, lists that are spread taken apart."""
        found: list[Expr] = []
        for arg in call.args:
            if arg.keyword is None and arg.stars == 1:
                found.extend(item for item, _ in self.statements.parts(arg.value, scope))
            elif arg.keyword is None and arg.stars == 0:
                found.append(arg.value)
        return found

    def _read(self, expr: Expr, around: _Around) -> Asked:
        if around.depth > 10:
            return [], False
        match expr:
            case ir.Compare(op=op, left=left, right=right):
                return self._comparison(expr, op, left, right, around)
            case ir.Binary(op="&", left=left, right=right):
                return self._all([left, right], around.below())
            case ir.Binary(op="|", left=left, right=right):
                return self._all([left, right], around.below(alternative=True))
            case ir.Bool(op=op, values=values):
                return self._all(values, around.below(alternative=op == "or"))
            case ir.Unary(op="~" | "not", value=value):
                return self._read(value, around.below(negate=True))
            case ir.Conditional(body=body, orelse=orelse):
                return self._all([body, orelse], around.below(alternative=True))
            case ir.Sequence(items=items):
                return self._all(items, around.below())
            case ir.Call():
                return self._call(expr, around)
            case ir.Name(id=name) if isinstance(around.scope, Function):
                bound = [it for it in self.project.types.bindings(around.scope).get(name, ()) if it.kind == "value"]
                return self._read(bound[-1].expr, around.below()) if bound and not bound[-1].path else ([], False)
            case ir.Attribute():
                col = self.column(expr, around.scope)
                return ([], False) if col is None else self._use(expr, col, "is", None, around)
            case ir.Const():
                return [], True
            case _:
                return [], False

    def _all(self, values: list[Expr], around: _Around) -> Asked:
        parts = [self._read(value, around) for value in values]
        return [use for uses, _ in parts for use in uses], all(is_complete for _, is_complete in parts)

    def _use(self, expr: Expr, col: Col, operator: str, value: Expr | None, around: _Around) -> Asked:
        """The use of a column, and those of the subquery that it is compared with."""
        asked = (_NEGATED.get(operator) or f"not {operator}") if around.is_negated else operator
        inner = self.statements.of(value, around.scope, around.known)
        found = ColumnUse(
            col.name,
            asked,
            around.scope.module.place(expr),
            value,
            col.model,
            col.path,
            col.function,
            around.is_alternative,
        )
        return [found, *(inner.filters if inner is not None else ())], True

    def _comparison(self, expr: Expr, op: str, left: Expr, right: Expr, around: _Around) -> Asked:
        here, there = self.column(left, around.scope), self.column(right, around.scope)
        if here is not None and there is not None:
            is_join = here.model != there.model
            uses, _ = self._use(expr, here, "join" if is_join else op, right, around)
            more = self._use(expr, there, "join", left, around)[0] if is_join else []
            return [*uses, *more], True
        if here is not None:
            return self._use(expr, here, op, right, around)
        return ([], False) if there is None else self._use(expr, there, _FLIPPED.get(op, op), left, around)

    def _call(self, call: ir.Call, around: _Around) -> Asked:
        values = self.spread(call, around.scope)
        name = (ir.dotted(call.func) or "").rpartition(".")[2]
        if name in ("and_", "or_", "not_"):
            return self._all(values, around.below(negate=name == "not_", alternative=name == "or_"))
        if name in ("true", "false", "literal"):
            return [], True
        if type(call.func) is ir.Attribute:
            method, owner = call.func.name, call.func.value
            if method in ("any", "has"):
                return self._all([*values, *call.keywords.values()], around.below())[0], False
            col = self.column(owner, around.scope) if method in _COMPARISONS else None
            if col is not None:
                return self._use(call, col, _COMPARISONS[method], values[0] if values else None, around)
            if method in ("label", "self_group"):
                return self._read(owner, around.below())
        inner = self.statements.of(call, around.scope, around.known)
        if inner is not None:
            return list(inner.filters), inner.operation == "exists"
        col = self.column(call, around.scope)
        return ([], False) if col is None else self._use(call, col, "is", None, around)
