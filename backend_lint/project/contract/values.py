"""What a type is on the wire: Python's, a serializer field's or a column's type as JSON has it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Class, Scope

if TYPE_CHECKING:
    from backend_lint.project.project import Project

_ENUMS = (
    "enum.Enum",
    "enum.StrEnum",
    "enum.IntEnum",
    "django.db.models.TextChoices",
    "django.db.models.IntegerChoices",
)
_LISTS = frozenset({"list", "List", "set", "Set", "Sequence", "Iterable", "frozenset", "FrozenSet", "tuple", "Tuple"})
_DICTS = frozenset({"dict", "Dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict"})
_THROUGH = frozenset({"Annotated", "Required", "NotRequired", "Final", "ReadOnly"})
_TYPES = {
    "string": ("str", "AnyStr", "constr", "StrictStr", "CharField", "TextField", "SlugField", "String", "Str", "Text"),
    "string:email": ("EmailStr", "EmailField", "Email"),
    "string:uri": ("HttpUrl", "AnyHttpUrl", "AnyUrl", "URLField", "URL", "Url"),
    "string:uuid": ("UUID", "UUID1", "UUID3", "UUID4", "UUID5", "UUIDField"),
    "string:date-time": ("datetime", "AwareDatetime", "NaiveDatetime", "DateTimeField", "DateTime", "AwareDateTime"),
    "string:date": ("date", "DateField", "Date"),
    "string:time": ("time", "TimeField", "Time"),
    "integer": (
        *(
            "int",
            "conint",
            "StrictInt",
            "PositiveInt",
            "NonNegativeInt",
            "NegativeInt",
            "IntegerField",
            "Integer",
            "Int",
        ),
        *("BigIntegerField", "SmallIntegerField", "PositiveIntegerField", "PositiveSmallIntegerField", "AutoField"),
        *("BigAutoField", "PositiveBigIntegerField"),
    ),
    "number": ("float", "confloat", "StrictFloat", "FloatField", "Float", "PositiveFloat", "NonNegativeFloat"),
    "boolean": ("bool", "StrictBool", "BooleanField", "NullBooleanField", "Boolean", "Bool"),
    "object": ("dict", "Dict", "Mapping", "DictField"),
}
_FAMILY = {name: family for family, names in _TYPES.items() for name in names}
_SAME_BOUND = {"regex": "pattern", "max_value": "le", "min_value": "ge", "min_items": "min_length"}
_SAME_BOUND |= {"max_items": "max_length"}


@dataclass(frozen=True)
class Value:
    type: str | None = None
    many: bool = False
    nullable: bool = False
    enum: tuple[str, ...] = ()
    schema: str | None = None


def value(project: Project, expr: Expr | None, scope: Scope, depth: int = 8) -> Value:
    """What an annotation says of a value."""
    if expr is None or depth == 0:
        return Value()
    match expr:
        case ir.Const(value=None):
            return Value(nullable=True)
        case ir.Binary(op="|", left=left, right=right):
            return _union(project, [left, right], scope, depth)
        case ir.Subscript(value=owner, index=index):
            parts = index.items if type(index) is ir.Sequence and index.kind == "tuple" else [index]
            return _generic(project, ir.dotted(owner) or "", parts, expr, scope, depth)
        case ir.Name() | ir.Attribute():
            return _named(project, expr, scope, depth)
    return Value()


def family(name: str | None) -> str | None:
    """The JSON type of a class that is known by its name alone."""
    return _FAMILY.get(name or "")


def constraints(found: dict[str, Any], kind: str | None) -> dict[str, Any]:
    """Bounds in one form: inclusive where the values are whole numbers, by one name each."""
    known: dict[str, Any] = {}
    for written, bound in sorted(found.items()):
        name = _SAME_BOUND.get(written, written)
        if kind == "integer" and type(bound) is int and name in ("gt", "lt"):
            known["ge" if name == "gt" else "le"] = bound + (1 if name == "gt" else -1)
        elif isinstance(bound, str | int | float | bool):
            known[name] = bound
    return known


def members(project: Project, cls: Class) -> tuple[str, ...]:
    """The values of an enumeration as they go over the wire, sorted; its names where values are made by themselves."""
    found = set()
    for each in project.classes.mro(cls):
        if not isinstance(each, Class):
            continue
        for name, assigned in each.attributes.items():
            if name.startswith("_") or assigned.value is None or assigned.annotation is not None:
                continue
            held = project.constant(assigned.value, each)
            held = held[0] if isinstance(held, tuple) and held else held
            found.add(str(held) if isinstance(held, str | int | float) else name.lower())
    return tuple(sorted(found))


def _named(project: Project, expr: Expr, scope: Scope, depth: int) -> Value:
    qualified = project.qualified(expr, scope)
    if qualified is None:
        return Value()
    cls = project.cls(qualified)
    if cls is not None:
        if project.classes.is_subclass(cls, *_ENUMS):
            values = members(project, cls)
            return Value("string" if not all(map(_is_whole, values)) else "integer", enum=values)
        if qualified in project.schemas:
            return Value("object", schema=qualified)
        return Value()
    module, rest = project.names.split(qualified)
    if module is not None:
        assigned = module.assignments.get(rest)
        return value(project, assigned[-1].value, module, depth - 1) if assigned else Value()
    name = qualified.rpartition(".")[2]
    if name in _LISTS:
        return Value(many=True)
    return Value(_FAMILY.get(name))


def _generic(project: Project, owner: str, parts: list[Expr], expr: ir.Subscript, scope: Scope, depth: int) -> Value:
    base = owner.rpartition(".")[2]
    if base == "Optional":
        return replace(value(project, parts[0], scope, depth - 1), nullable=True)
    if base == "Union":
        return _union(project, parts, scope, depth)
    if base in _THROUGH:
        return value(project, parts[0], scope, depth - 1)
    if base == "Literal":
        given = [part.value for part in _literals(parts)]
        kinds = {type(each) for each in given}
        kind = {frozenset({str}): "string", frozenset({int}): "integer"}.get(frozenset(kinds - {type(None)}))
        return Value(
            kind, nullable=None in given, enum=tuple(sorted({str(each) for each in given if each is not None}))
        )
    if base in _LISTS:
        inner = value(project, parts[0], scope, depth - 1)
        return Value(inner.type, True, False, inner.enum, inner.schema) if not inner.many else Value(many=True)
    if base in _DICTS:
        return Value("object")
    found = value(project, expr.value, scope, depth - 1)  # a model of the project with parameters: `Page[Order]`
    return found if found.schema is not None else Value()


def _literals(parts: Iterable[Expr]) -> Iterator[ir.Const]:
    for part in parts:
        if type(part) is ir.Const:
            yield part
        elif type(part) is ir.Sequence:
            yield from _literals(part.items)


def _union(project: Project, parts: Iterable[Expr], scope: Scope, depth: int) -> Value:
    """A union with None is what may be null; any other is of no known type."""
    found = [value(project, part, scope, depth - 1) for part in parts]
    nullable = any(each.nullable for each in found)
    real = [each for each in found if each != Value(nullable=True)]
    if len(real) != 1:
        return Value(nullable=nullable)
    return replace(real[0], nullable=nullable)


def _is_whole(text: str) -> bool:
    return text.lstrip("-").isdigit()
