"""Documents of Beanie, as models: Pydantic's fields are the columns, `Settings` has the collection and its indexes."""

from __future__ import annotations

from collections.abc import Iterator

from backend_lint.adapters._declared_fields import models_of, option, relation_types, value
from backend_lint.facts import ir
from backend_lint.facts.ir import Assign, Expr
from backend_lint.project import Class, Project, Scope
from backend_lint.project.constants import constant, elements
from backend_lint.project.model import Column, Index, Model, Relationship

_BASES = ("beanie.Document", "beanie.UnionDoc")
_LINKS = frozenset({"beanie.Link", "beanie.BackLink"})
_FAMILIES = {
    "builtins.str": "string",
    "builtins.int": "integer",
    "builtins.float": "float",
    "builtins.bool": "boolean",
    "builtins.bytes": "binary",
    "builtins.list": "array",
    "builtins.dict": "json",
    "decimal.Decimal": "decimal",
    "bson.Decimal128": "decimal",
    "datetime.datetime": "datetime",
    "datetime.date": "date",
    "uuid.UUID": "uuid",
    "pydantic.EmailStr": "string",
}


def read(project: Project) -> None:
    reader = _Reader(project)
    for cls in models_of(project, *_BASES):
        reader.model(cls)
    reader.finish()
    project.models.update(reader.models)
    project.types.learn(dict(relation_types(reader.models, "builtins.list")))


class _Reader:
    def __init__(self, project: Project) -> None:
        self.project = project
        self.models: dict[str, Model] = {}
        self._links: list[tuple[Model, str, Expr, Class]] = []

    def model(self, cls: Class) -> None:
        if not any(True for _ in self._annotated(cls)) and self.project.classes.subclasses(cls):
            return  # a base that others inherit their methods from
        name = option(self.project, cls, "Settings", "name", inherited=False)
        table = None if name is None else constant(self.project, *name)
        model = Model(cls.name, cls.qualified, table if isinstance(table, str) else cls.name, "beanie", cls.at, cls)
        key = Column("_id", "id", "PydanticObjectId", cls.at, nullable=True, primary_key=True)
        model.columns["id"] = key
        for stmt, scope in self._annotated(cls):
            self._add(model, stmt, scope)
        self._add_indexes(model, cls)
        self.models[cls.qualified] = model

    def _annotated(self, cls: Class) -> Iterator[tuple[Assign, Class]]:
        """The annotated attributes of a document, those of its bases first."""
        found: dict[str, tuple[Assign, Class]] = {}
        for each in reversed(self.project.classes.mro(cls)):
            for name, stmt in each.attributes.items() if isinstance(each, Class) else ():
                if stmt.annotation is not None and not name.startswith("_") and isinstance(each, Class):
                    if "ClassVar" not in (ir.dotted(_head(stmt.annotation)) or ""):
                        found[name] = (stmt, each)
        yield from found.values()

    def _add(self, model: Model, stmt: Assign, scope: Class) -> None:
        assert stmt.annotation is not None
        [target] = stmt.targets
        name = target.id if type(target) is ir.Name else ""
        indexed = self._indexed(stmt.annotation, scope)
        annotation = indexed.positional[0] if indexed is not None and indexed.positional else stmt.annotation
        kind = self.project.types.annotation(_plain(annotation), scope)
        alias = stmt.value.keywords.get("alias") if type(stmt.value) is ir.Call else None
        made = Column(
            value(self.project, alias, scope, name),
            name,
            None if kind is None else kind.name.rpartition(".")[2],
            scope.module.place(stmt),
            nullable=_may_be_none(annotation),
            primary_key=name == "id",
            unique=indexed is not None and value(self.project, indexed.keywords.get("unique"), scope, False) is True,
            index=indexed is not None,
            default=stmt.value,
            declaration=stmt.value,
            defined_in=scope,
            family=None if kind is None else _FAMILIES.get(kind.name),
            declared=None if kind is None else kind.name,
        )
        if name == "id":
            made.name = "_id"
        model.columns[name] = made
        if any(
            self.project.qualified(each, scope) in _LINKS
            for each in ir.walk_expression(annotation)
            if type(each) is ir.Name
        ):
            self._links.append((model, name, annotation, scope))

    def _indexed(self, annotation: Expr, scope: Class) -> ir.Call | None:
        """`Indexed(str, unique=True)`, and in `Annotated[str, Indexed(unique=True)]`"""
        for node in ir.walk_expression(annotation):
            if type(node) is ir.Call and self.project.qualified(node.func, scope) == "beanie.Indexed":
                return node
        return None

    def finish(self) -> None:
        for model, name, annotation, scope in self._links:
            for node in ir.walk_expression(annotation):
                target = self.models.get(self.project.qualified(node, scope) or "") if type(node) is ir.Name else None
                if target is not None:
                    column = model.columns[name]
                    many = any(ir.dotted(each) in ("list", "List", "set") for each in ir.walk_expression(annotation))
                    column.foreign_key = None if many else f"{target.table}._id"
                    model.relationships[name] = Relationship(
                        name, target.qualified, column.at, many=many, columns=(name,)
                    )

    def _add_indexes(self, model: Model, cls: Class) -> None:
        held = option(self.project, cls, "Settings", "indexes", inherited=True)
        for expr, scope in elements(self.project, *held) if held is not None else ():
            keys = expr.positional[0] if type(expr) is ir.Call and expr.positional else expr
            names = [_key_name(self.project, each, where) for each, where in elements(self.project, keys, scope)]
            if not names:
                names = [value(self.project, keys, scope, None)]
            columns = tuple(model.columns[name].name if name in model.columns else name for name in names if name)
            if columns and len(columns) == len(names):
                unique = expr.keywords.get("unique") if type(expr) is ir.Call else None
                is_unique = value(self.project, unique, scope, False) is True
                model.indexes.append(Index(columns, is_unique, scope.module.place(expr)))


def _key_name(project: Project, expr: Expr, scope: Scope) -> str | None:
    """`"email"`, or the first of `("email", pymongo.ASCENDING)`"""
    first = expr.items[0] if type(expr) is ir.Sequence and expr.items else expr
    held = constant(project, first, scope)
    return held if isinstance(held, str) else None


def _head(annotation: Expr) -> Expr:
    return annotation.value if type(annotation) is ir.Subscript else annotation


def _plain(annotation: Expr) -> Expr:
    """The type in `Annotated[str, …]`."""
    if type(annotation) is ir.Subscript and (ir.dotted(annotation.value) or "").endswith("Annotated"):
        inner = annotation.index
        return inner.items[0] if type(inner) is ir.Sequence and inner.items else inner
    return annotation


def _may_be_none(annotation: Expr) -> bool:
    plain = _plain(annotation)
    if type(plain) is ir.Subscript and (ir.dotted(plain.value) or "").endswith("Optional"):
        return True
    return type(plain) is ir.Binary and any(
        type(each) is ir.Const and each.value is None for each in ir.walk_expression(plain)
    )
