"""Types of columns: what is written in a `Column`, and what SQLAlchemy makes of an annotation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import UNKNOWN, assigned, constant

_PACKAGES = ("sqlalchemy.", "sqlmodel.", "flask_sqlalchemy.", "sqlalchemy_utils.", "advanced_alchemy.")


def word(project: Project, expr: Expr | None, scope: Scope) -> str | None:
    """The last name of something of SQLAlchemy, whichever way it is reached: `Column` for `sa.Column` and `db.Column`.

    A name that leads nowhere counts as it is written: `db` may come from anywhere.
    """
    qualified = project.qualified(expr, scope)
    if qualified is None or _is_own(project, qualified):
        found = project.type_of(expr, scope)
        if found is not None and found.itself:
            qualified = found.name
        elif type(expr) is ir.Attribute and (found is None or found.name == "?"):
            owner = project.type_of(expr.value, scope)
            return expr.name if owner is None and type(expr.value) is ir.Name else None
    if qualified is None or not qualified.startswith(_PACKAGES):
        return None
    return qualified.rpartition(".")[2]


def _is_own(project: Project, qualified: str) -> bool:
    """Whether a name is the project's; stubs of SQLAlchemy that lie in a project do not make it so."""
    return not qualified.startswith(_PACKAGES) and project.names.split(qualified)[0] is not None


@dataclass
class ColumnType:
    """`name` is that of its class; `arguments` are its literal arguments."""

    name: str
    declared: str | None = None
    family: str | None = None
    arguments: dict[str, Any] = field(default_factory=dict)
    choices: bool = False


def written_type(project: Project, expr: Expr, scope: Scope, depth: int = 0) -> ColumnType | None:
    """The type that an expression in a `Column` stands for, held by a variable or made by a function as it may be."""
    if depth > 8:
        return None
    match expr:
        case ir.Call(func=ir.Attribute(value=value, name="with_variant" | "evaluates_none" | "copy")):
            return written_type(project, value, scope, depth + 1)
        case ir.Call(func=ir.Attribute(name="as_mutable"), args=[ir.Argument(value=inner), *_]):
            return written_type(project, inner, scope, depth + 1)
        case ir.Call(func=func):
            return _constructed(project, expr, func, scope, depth)
        case ir.Conditional(body=body):
            return written_type(project, body, scope, depth + 1)
        case ir.Name() | ir.Attribute():
            return _named(project, expr, scope, depth)
        case _:
            return None


def _constructed(project: Project, call: ir.Call, func: Expr, scope: Scope, depth: int) -> ColumnType | None:
    qualified = project.qualified(func, scope)
    function = None if qualified is None else project.function(qualified)
    if function is not None:
        returned = next((each.value for each in function.statements if type(each) is ir.Return and each.value), None)
        return None if returned is None else written_type(project, returned, function, depth + 1)
    found = _named(project, func, scope, depth)
    if found is None:
        return None
    names = _POSITIONS.get(found.name.upper(), ())
    literals = {name: constant(project, value, scope) for name, value in zip(names, call.positional, strict=False)}
    literals |= {name: constant(project, value, scope) for name, value in call.keywords.items()}
    found.arguments = {name: value for name, value in literals.items() if isinstance(value, bool | int | str)}
    if found.family == "enum":
        found.choices = True
    return found


def _named(project: Project, expr: Expr, scope: Scope, depth: int) -> ColumnType | None:
    qualified = project.qualified(expr, scope)
    if qualified is not None:
        cls = project.cls(qualified)
        if cls is not None:
            return ColumnType(cls.name, qualified, _family_of_class(project, cls))
        found = assigned(project, expr, scope)
        if found is not None:
            return written_type(project, *found, depth + 1)
        if not _is_own(project, qualified) and not qualified.startswith("builtins."):
            name = qualified.rpartition(".")[2]
            return ColumnType(name, qualified, family(name))
    if type(expr) is ir.Name and isinstance(scope, Function):
        values = [each for each in project.types.bindings(scope).get(expr.id, ()) if each.kind == "value"]
        return written_type(project, values[-1].expr, scope, depth + 1) if values else None
    said = word(project, expr, scope)
    return None if said is None else ColumnType(said, None, family(said))


def _family_of_class(project: Project, cls: Class) -> str | None:
    """What a type of the project's own holds: what the class it inherits from does, or a `TypeDecorator`'s `impl`."""
    for each in project.classes.mro(cls):
        if isinstance(each, str):
            known = family(each.rpartition(".")[2])
            if known is not None:
                return known
        elif "impl" in each.attributes:
            value = each.attributes["impl"].value
            inner = None if value is None else written_type(project, value, each)
            if inner is not None:
                return inner.family
    return None


def family(name: str) -> str | None:
    """What columns of a type hold, by the type's name in any dialect."""
    return _FAMILIES.get(name.upper())


# Annotations


@dataclass
class Annotation:
    """What the annotation of an attribute says.

    `python` is the type without `None`, aliases followed; `keys` the names under which a `type_annotation_map` may know
    it, outermost first; `extras` what stands beside it in `Annotated`, each with the scope it is written in.
    """

    python: Expr
    scope: Scope
    nullable: bool = False
    wrapper: str | None = None
    keys: list[str] = field(default_factory=list)
    extras: list[tuple[Expr, Scope]] = field(default_factory=list)


_WRAPPERS = {"Mapped", "DynamicMapped", "WriteOnlyMapped", "Relationship"}
_TRANSPARENT = {"Annotated", "Final", "Required", "Optional", "Union"}


def annotation(project: Project, expr: Expr, scope: Scope) -> Annotation:
    found = Annotation(expr, scope)
    for _ in range(16):
        following = _step(project, found)
        if following is None:
            break
        found.python, found.scope = following
    return found


def _step(project: Project, found: Annotation) -> tuple[Expr, Scope] | None:
    """One layer less; None when the type itself is reached."""
    match found.python:
        case ir.Binary(op="|"):
            return _without_none(found, list(_members(found.python)))
        case ir.Subscript(value=value, index=index):
            qualified = project.qualified(value, found.scope) or ir.dotted(value) or ""
            name = qualified.rpartition(".")[2]
            parts = index.items if type(index) is ir.Sequence and index.kind == "tuple" else [index]
            if name in _WRAPPERS:
                found.wrapper = name
                return index, found.scope
            found.keys.append(key(project, found.python, found.scope))
            if name == "Annotated":
                found.extras[:0] = [(extra, found.scope) for extra in parts[1:]]
                return parts[0], found.scope
            if name == "Optional":
                found.nullable = True
                return index, found.scope
            if name == "Union":
                return _without_none(found, parts)
            return (parts[0], found.scope) if name in _TRANSPARENT else None
        case ir.Name() | ir.Attribute():
            found.keys.append(key(project, found.python, found.scope))
            return _followed(project, found)
        case _:
            return None


def _members(expr: Expr) -> Iterator[Expr]:
    if type(expr) is ir.Binary and expr.op == "|":
        yield from _members(expr.left)
        yield from _members(expr.right)
    else:
        yield expr


def _without_none(found: Annotation, members: list[Expr]) -> tuple[Expr, Scope] | None:
    rest = [each for each in members if not (type(each) is ir.Const and each.value is None)]
    found.nullable = found.nullable or len(rest) < len(members)
    return (rest[0], found.scope) if rest else None


def _followed(project: Project, found: Annotation) -> tuple[Expr, Scope] | None:
    """What an alias stands for: `intpk = Annotated[int, …]`, `UserId = NewType("UserId", int)`."""
    alias = assigned(project, found.python, found.scope)
    match alias:
        case (ir.Call(args=[_, ir.Argument(value=base), *_]) as call, module):
            return (base, module) if ir.dotted(call.func) in ("NewType", "typing.NewType") else None
        case (ir.Subscript() | ir.Binary() | ir.Name() | ir.Attribute(), _):
            return alias
        case _:
            return None


def key(project: Project, expr: Expr, scope: Scope) -> str:
    """An annotation as text that is equal where the types are: names qualified, layout gone."""
    match expr:
        case ir.Subscript(value=value, index=index):
            return f"{key(project, value, scope)}[{key(project, index, scope)}]"
        case ir.Sequence(items=items):
            return ", ".join(key(project, item, scope) for item in items)
        case ir.Name() | ir.Attribute():
            qualified = project.qualified(expr, scope) or ir.dotted(expr) or "?"
            return _SPELLINGS.get(qualified, qualified)
        case ir.Const(value=value):
            return repr(value)
        case _:
            return "?"


def annotated_type(project: Project, found: Annotation, lineage: list[Class]) -> ColumnType | None:
    """The type of a column that only its annotation describes: as mapped by the base, else by SQLAlchemy."""
    for each in lineage:
        mapping, scope = _type_map(project, each)
        if mapping is None:
            continue
        entries = {
            key(project, name, scope): value
            for name, value in zip(mapping.keys, mapping.values, strict=True)
            if name is not None
        }
        for name in found.keys:
            if name in entries:
                return written_type(project, entries[name], scope)
    return python_type(project, found)


def _type_map(project: Project, cls: Class) -> tuple[ir.Dict | None, Scope]:
    candidates: list[Expr | None] = []
    if "type_annotation_map" in cls.attributes:
        candidates.append(cls.attributes["type_annotation_map"].value)
    for name in ("registry", "metadata"):
        if name in cls.attributes:
            value = cls.attributes[name].value
            candidates.append(value.keywords.get("type_annotation_map") if type(value) is ir.Call else None)
    for value in candidates:
        if type(value) is ir.Dict:
            return value, cls
        found = assigned(project, value, cls)
        if found is not None and type(found[0]) is ir.Dict:
            return found[0], found[1]
    return None, cls


def python_type(project: Project, found: Annotation) -> ColumnType | None:
    """The type that SQLAlchemy gives to a Python type.

    Source: https://docs.sqlalchemy.org/en/20/orm/declarative_tables.html#orm-declarative-mapped-column-type-map
    """
    if type(found.python) is ir.Subscript:
        name = key(project, found.python.value, found.scope)
        return ColumnType("Enum", name, "enum", choices=True) if name == "typing.Literal" else None
    qualified = key(project, found.python, found.scope)
    if qualified in _PYTHON:
        name = _PYTHON[qualified]
        return ColumnType(name, qualified, family(name))
    cls = project.cls(qualified)
    if cls is None:
        return None
    for each in project.classes.mro(cls):
        if isinstance(each, str) and each in _ENUMS:
            return ColumnType("Enum", qualified, "enum", choices=True)
    for each in project.classes.mro(cls):
        if isinstance(each, str) and each in _PYTHON:
            return ColumnType(_PYTHON[each], qualified, family(_PYTHON[each]))
    return None


def literals(project: Project, call: ir.Call, scope: Scope) -> dict[str, Any]:
    """The keyword arguments of a call that are plain values."""
    found = {name: constant(project, value, scope) for name, value in call.keywords.items()}
    return {name: value for name, value in found.items() if value is not UNKNOWN}


_ENUMS = frozenset({"enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag"})
_SPELLINGS = {"typing.Dict": "builtins.dict", "typing.List": "builtins.list"}
_PYTHON = {
    "builtins.str": "String",
    "builtins.int": "Integer",
    "builtins.float": "Double",
    "builtins.bool": "Boolean",
    "builtins.bytes": "LargeBinary",
    "decimal.Decimal": "Numeric",
    "datetime.datetime": "DateTime",
    "datetime.date": "Date",
    "datetime.time": "Time",
    "datetime.timedelta": "Interval",
    "uuid.UUID": "Uuid",
}
_POSITIONS = {
    "STRING": ("length",),
    "UNICODE": ("length",),
    "VARCHAR": ("length",),
    "NVARCHAR": ("length",),
    "CHAR": ("length",),
    "TEXT": ("length",),
    "AUTOSTRING": ("length",),
    "NUMERIC": ("precision", "scale"),
    "DECIMAL": ("precision", "scale"),
    "FLOAT": ("precision",),
    "DATETIME": ("timezone",),
    "TIMESTAMP": ("timezone",),
    "LARGEBINARY": ("length",),
}
_FAMILIES = {
    name: kind
    for kind, names in {
        "string": "STRING VARCHAR NVARCHAR UNICODE CHAR NCHAR AUTOSTRING CITEXT EMAILTYPE VARCHAR2",
        "text": "TEXT UNICODETEXT TINYTEXT MEDIUMTEXT LONGTEXT CLOB NTEXT",
        "integer": "INTEGER INT BIGINTEGER BIGINT SMALLINTEGER SMALLINT TINYINT MEDIUMINT",
        "float": "FLOAT DOUBLE DOUBLE_PRECISION REAL",
        "decimal": "NUMERIC DECIMAL MONEY",
        "boolean": "BOOLEAN BOOL BIT",
        "datetime": "DATETIME TIMESTAMP TIMESTAMPTZ DATETIME2 ARROWTYPE DATETIMEUTC UTCDATETIME",
        "date": "DATE",
        "time": "TIME",
        "interval": "INTERVAL",
        "uuid": "UUID GUID UUIDTYPE UNIQUEIDENTIFIER",
        "json": "JSON JSONB JSONTYPE HSTORE",
        "binary": "LARGEBINARY BINARY VARBINARY BLOB BYTEA PICKLETYPE LONGBLOB",
        "enum": "ENUM CHOICETYPE",
        "array": "ARRAY",
        "address": "INET CIDR MACADDR IPADDRESSTYPE",
    }.items()
    for name in names.split()
}
