"""Types as evidence: what an annotation that a framework enforces says of the value."""

from __future__ import annotations

from collections.abc import Callable

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Project
from backend_lint.project.modules import Scope
from backend_lint.taint import regexes
from backend_lint.taint.labels import TEXT, WORD
from backend_lint.taint.models import INJECTION

Cleaning = tuple[frozenset[str], frozenset[str]]
"""The kinds that a type cleans, and what it proves absent."""

Validated = Callable[[Expr, Scope], Cleaning]

NOTHING: Cleaning = (frozenset(), frozenset())
CLEAN: Cleaning = (INJECTION | {"trust-boundary"}, WORD)

_CLEAN = frozenset({
    "builtins.int", "builtins.float", "builtins.bool", "builtins.complex", "decimal.Decimal", "fractions.Fraction",
    "uuid.UUID", "datetime.datetime", "datetime.date", "datetime.time", "datetime.timedelta",
    "ipaddress.IPv4Address", "ipaddress.IPv6Address", "ipaddress.IPv4Network", "ipaddress.IPv6Network",
    "pydantic.PositiveInt", "pydantic.NegativeInt", "pydantic.NonNegativeInt", "pydantic.NonPositiveInt",
    "pydantic.PositiveFloat", "pydantic.NonNegativeFloat", "pydantic.StrictInt", "pydantic.StrictBool",
    "pydantic.StrictFloat", "pydantic.conint", "pydantic.confloat", "pydantic.condecimal", "pydantic.UUID1",
    "pydantic.UUID3", "pydantic.UUID4", "pydantic.UUID5", "pydantic.PastDate", "pydantic.FutureDate",
    "pydantic.AwareDatetime", "pydantic.NaiveDatetime", "pydantic.types.UUID4", "bson.ObjectId",
    "bson.objectid.ObjectId", "pydantic.PastDatetime", "pydantic.FutureDatetime", "pydantic.color.Color",
    "pydantic.ByteSize",
})  # fmt: skip
_STRINGS = frozenset({"builtins.str", "builtins.bytes", "pydantic.StrictStr", "pydantic.constr", "pydantic.SecretStr"})
ENUMS = ("enum.Enum", "enum.IntEnum", "enum.StrEnum", "enum.Flag", "enum.IntFlag")
_ENUM_BASES = (*ENUMS, "django.db.models.TextChoices", "django.db.models.IntegerChoices", "django.db.models.Choices")
_CONTAINERS = frozenset({
    "list", "set", "frozenset", "tuple", "List", "Set", "FrozenSet", "Tuple", "Sequence", "Iterable", "Optional",
    "Union"
})  # fmt: skip
_PATTERNS = ("pattern", "regex")


def cleaning(
    project: Project, expr: Expr | None, scope: Scope, validated: Validated | None = None, depth: int = 4
) -> Cleaning:
    """What a value that fits the annotation can do no more; `validated` judges what `Annotated` carries beside it."""
    match expr:
        case None:
            return NOTHING
        case ir.Const(value=None):
            return CLEAN
        case ir.Binary(op="|", left=left, right=right):
            return both(*(cleaning(project, each, scope, validated, depth) for each in (left, right)))
        case ir.Name() | ir.Attribute():
            return _named(project, expr, scope, validated, depth)
        case ir.Call(func=func):
            found = _named(project, func, scope, validated, depth)
            return both_known(found, _constrained(expr))
        case ir.Subscript(value=value, index=index):
            return _generic(project, value, index, scope, validated, depth)
        case _:
            return NOTHING


def _named(project: Project, expr: Expr, scope: Scope, validated: Validated | None, depth: int) -> Cleaning:
    qualified = project.qualified(expr, scope)
    if qualified is None:
        return NOTHING
    if qualified in _CLEAN:
        return CLEAN
    if qualified in _STRINGS:
        return frozenset(), frozenset({TEXT})
    cls = project.cls(qualified)
    if cls is not None:
        return CLEAN if project.classes.is_subclass(cls, *_ENUM_BASES) else NOTHING
    if depth:
        module, rest = project.names.split(qualified)
        found = module.assignments.get(rest) if module is not None else None
        if module is not None and found and found[-1].value is not None:
            return cleaning(project, found[-1].value, module, validated, depth - 1)
    return NOTHING


def _generic(
    project: Project, value: Expr, index: Expr, scope: Scope, validated: Validated | None, depth: int
) -> Cleaning:
    name = (ir.dotted(value) or "").rpartition(".")[2]
    parts = index.items if type(index) is ir.Sequence and index.kind == "tuple" else [index]
    if name == "Literal":
        return CLEAN
    if name == "Annotated" and parts:
        found = cleaning(project, parts[0], scope, validated, depth)
        for extra in parts[1:]:
            if type(extra) is ir.Call:
                found = both_known(found, _constrained(extra))
                if validated is not None:
                    found = both_known(found, validated(extra, scope))
        return found
    if name in _CONTAINERS or name in ("Final", "ClassVar", "Mapped", "Required", "NotRequired"):
        found = CLEAN
        for part in parts:
            if not (type(part) is ir.Name and part.id == "Ellipsis"):
                found = both(found, cleaning(project, part, scope, validated, depth))
        return found[0], found[1] - ({TEXT} if found is not CLEAN and name not in ("Optional", "Union") else set())
    return NOTHING


def _constrained(call: ir.Call) -> Cleaning:
    for name in _PATTERNS:
        match call.keywords.get(name):
            case ir.Const(value=str(pattern)):
                return frozenset(), regexes.absent(pattern, "search")
    return NOTHING


def constrained(call: Expr | None) -> Cleaning:
    """What `Query(pattern=…)`, `Field(regex=…)` and the like prove."""
    return _constrained(call) if type(call) is ir.Call else NOTHING


def both(first: Cleaning, second: Cleaning) -> Cleaning:
    """What holds for either."""
    return first[0] & second[0], first[1] & second[1]


def both_known(first: Cleaning, second: Cleaning) -> Cleaning:
    return first[0] | second[0], first[1] | second[1]
