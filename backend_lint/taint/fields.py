"""Fields as evidence: what a value proves that has passed the validation of a class's declared field."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.modules import Class, Function, Scope
from backend_lint.taint import evidence, regexes
from backend_lint.taint.domain import Derived, Value
from backend_lint.taint.evidence import CLEAN, NOTHING, Cleaning, both_known
from backend_lint.taint.labels import ORIGIN, Input, Label, Source

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

_VALIDATED = ("pydantic.BaseModel", "msgspec.Struct", "sqlmodel.SQLModel", "pydantic_settings.BaseSettings")
_KINDS = frozenset({"pydantic", "msgspec", "graphql"})  # schemas whose framework holds values to their annotations
_CLEAN = frozenset({
    "IntegerField", "FloatField", "DecimalField", "BooleanField", "NullBooleanField", "UUIDField", "DateField",
    "DateTimeField", "TimeField", "DurationField", "ChoiceField", "MultipleChoiceField", "TypedChoiceField",
    "TypedMultipleChoiceField", "ModelChoiceField", "ModelMultipleChoiceField", "PrimaryKeyRelatedField",
    "SlugRelatedField", "HyperlinkedRelatedField", "GenericIPAddressField", "IPAddressField", "SelectField",
    "RadioField", "SelectMultipleField", "DateTimeLocalField", "Int", "Integer", "Float", "Decimal", "Number", "Bool",
    "Boolean", "UUID", "Date", "DateTime", "NaiveDateTime", "AwareDateTime", "Time", "TimeDelta", "Enum", "IP", "IPv4",
    "IPv6", "IntegerRangeField", "DecimalRangeField", "FilteredSelectMultiple", "QuerySelectField",
})  # fmt: skip
_LISTS = frozenset({"List", "ListField", "FieldList", "SimpleArrayField", "DelimitedList", "Nullable"})
_FILES = frozenset({"FileField", "ImageField"})  # they give an open file, of whose name Django keeps the last part
_PATTERNS = frozenset({"Regexp", "RegexValidator", "RegexField", "Regex"})
_CHOICES = frozenset({"AnyOf", "OneOf", "NumberRange", "UUID", "ContainsOnly"})
_KNOWN = {
    "SlugField": r"[-a-zA-Z0-9_]+",
    "validate_slug": r"[-a-zA-Z0-9_]+",
    "validate_unicode_slug": r"[-\\w]+",
    "validate_ipv4_address": r"[0-9.]+",
    "validate_ipv46_address": r"[0-9a-fA-F.:]+",
    "validate_integer": r"-?\\d+",
}
_REFERERS = frozenset({"referer", "http_referer"})
_VALIDATORS = frozenset(
    {"pydantic.field_validator", "pydantic.validator", "pydantic.functional_validators.field_validator"}
)


class Fields:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.project = engine.project
        self.bodies: frozenset[str] = frozenset()  # the classes as which frameworks that go by annotations give bodies
        self._known: dict[tuple[str, str], Cleaning] = {}

    def cleaning(self, cls: Class, name: str) -> Cleaning:
        """What is known of a field's value by its declaration and by the class's own validators."""
        key = (cls.qualified, name)
        if key not in self._known:
            self._known[key] = NOTHING  # a validator that reads its own field learns nothing from it
            found = NOTHING
            owner = self._owner(cls, name)
            if owner is not None:
                stmt = owner.attributes[name]
                if self.is_validated(cls):
                    found = self.annotated(stmt.annotation, owner)
                found = both_known(found, self.declared(stmt.value, owner))
            validators = list(self._validators(cls, name))
            if any(self.engine.summaries.is_running(function) for function, _ in validators):
                del self._known[key]  # asked by the validator itself
                return found
            for function, judge in validators:
                found = both_known(found, judge(function))
            self._known[key] = found
        return self._known[key]

    def is_validated(self, cls: Class) -> bool:
        """Whether a framework holds the values of a class's attributes to their annotations."""
        schema = self.project.schemas.get(cls.qualified)
        if schema is not None and (schema.kind in _KINDS or cls.qualified in self.bodies):
            return True
        return self.project.classes.is_subclass(cls, *_VALIDATED)

    def validated(self, cls: Class, name: str, value: Value) -> Value:
        """A value after a class has taken it for one of its fields."""
        kinds, absent = self.cleaning(cls, name)
        return value.mapped(lambda label: label.without(absent, kinds)) if kinds or absent else value

    def is_declared(self, cls: Class, name: str) -> bool:
        owner = self._owner(cls, name)
        return owner is not None and type(owner.attributes[name].value) is ir.Call

    def inside(self, cls: Class, name: str) -> Class | None:
        """The class of a nested schema."""
        owner = self._owner(cls, name)
        if owner is None:
            return None
        value = owner.attributes[name].value
        if self.is_validated(cls):
            annotation = owner.attributes[name].annotation
            return self.project.cls(self.project.qualified(annotation, owner) or "") if annotation is not None else None
        if type(value) is not ir.Call:
            return None
        for expr in (value.func, *(arg.value for arg in value.args[:1]), value.keywords.get("child")):
            func = ir.callee(expr)
            found = self.project.cls(self.project.qualified(func, owner) or "") if func is not None else None
            if found is not None:
                return found
        return None

    def annotated(self, annotation: Expr | None, scope: Scope) -> Cleaning:
        return evidence.cleaning(self.project, annotation, scope, self._after)

    def declared(self, expr: Expr | None, scope: Scope) -> Cleaning:
        """What a field's declaration as a call proves: `IntegerField()`, `fields.Str(validate=OneOf([…]))`."""
        if type(expr) is not ir.Call:
            return NOTHING
        found = evidence.constrained(expr)
        names = self._names(expr.func, scope)
        keywords = expr.keywords
        choice = keywords.get("validate_choice")
        if names & _CLEAN and not (type(choice) is ir.Const and choice.value is False):
            return CLEAN
        found = both_known(found, self._named(names))
        if names & _FILES and (self.project.qualified(expr.func, scope) or "").startswith(
            ("django.", "rest_framework.")
        ):
            found = both_known(found, (frozenset({"path"}), frozenset()))
        if names & _LISTS:
            child = keywords.get("child") or next((arg.value for arg in expr.args if arg.keyword is None), None)
            found = both_known(found, self.declared(child, scope))
        if names & _PATTERNS:
            found = both_known(found, _pattern(expr))
        for keyword in ("validators", "validate"):
            given = keywords.get(keyword)
            for each in given.items if type(given) is ir.Sequence else [given]:
                found = both_known(found, self._validator(each, scope))
        return found

    def _names(self, func: Expr, scope: Scope) -> frozenset[str]:
        """The last names of a field's class and of what it inherits."""
        qualified = self.project.qualified(func, scope) or ir.dotted(func) or ""
        cls = self.project.cls(qualified)
        if cls is None:
            return frozenset({qualified.rpartition(".")[2]})
        lineage = (each for each in self.project.classes.mro(cls) if isinstance(each, str))
        return frozenset(each.rpartition(".")[2] for each in lineage)

    def _named(self, names: frozenset[str]) -> Cleaning:
        found = NOTHING
        for name in sorted(names & _KNOWN.keys()):
            found = both_known(found, (frozenset(), regexes.absent(_KNOWN[name], "fullmatch")))
        return found

    def _validator(self, expr: Expr | None, scope: Scope) -> Cleaning:
        """What passes a validator that stands in a field's declaration."""
        if expr is None:
            return NOTHING
        func = ir.callee(expr)
        names = self._names(func, scope)
        if names & _CHOICES and type(expr) is ir.Call:
            return CLEAN
        if names & _PATTERNS and type(expr) is ir.Call:
            return _pattern(expr)
        function = self.project.types.function(self.project.qualified(expr, scope) or "")
        return both_known(self._named(names), self._passed(function, 0) if function is not None else NOTHING)

    def _after(self, expr: Expr, scope: Scope) -> Cleaning:
        """`AfterValidator(function)` and its like in an annotation."""
        if type(expr) is not ir.Call or not expr.args:
            return NOTHING
        name = (ir.dotted(expr.func) or "").rpartition(".")[2]
        function = self.project.types.function(self.project.qualified(expr.args[0].value, scope) or "")
        if function is None or name not in ("AfterValidator", "BeforeValidator", "PlainValidator"):
            return NOTHING
        return self._returned(function, 0)

    def _owner(self, cls: Class, name: str) -> Class | None:
        classes = (each for each in self.project.classes.mro(cls) if isinstance(each, Class))
        return next((each for each in classes if name in each.attributes), None)

    # Validators that are functions of ours

    def _validators(self, cls: Class, name: str) -> Iterator[tuple[Function, Callable[[Function], Cleaning]]]:
        """The validators of a field, and what tells what each proves."""
        for each in self.project.classes.mro(cls):
            if not isinstance(each, Class):
                continue
            for method in each.methods.values():
                if method.name == f"validate_{name}":
                    yield method, lambda function: self._returned(function, 1)
                elif method.name == f"clean_{name}":
                    yield method, lambda function: self._returned(function, None)
                for decorator in method.decorators:
                    if type(decorator) is ir.Call and _names_field(decorator, name):
                        qualified = self.project.qualified(decorator.func, each.module) or ""
                        if qualified in _VALIDATORS:
                            yield method, lambda function: self._returned(function, 1)
                        elif qualified == "marshmallow.validates":
                            yield method, lambda function: self._passed(function, 1)

    def _returned(self, function: Function, index: int | None) -> Cleaning:
        """What is known of what a function returns for a parameter; for None, for whatever it reads itself."""
        if index is not None and index >= len(function.parameters):
            return NOTHING
        own = function.parameters[index].name if index is not None else None
        summary = self.engine.summaries.generic(function)
        result = summary.result
        if summary.ends or result.is_nothing or result.references or result.consts == (None,):
            return NOTHING
        found: Cleaning | None = None
        for label in result.all_labels():
            if own is None or (type(label.origin) is Input and label.origin.name == own):
                facts = (label.cleaned, label.absent)
                found = facts if found is None else evidence.both(found, facts)
        return CLEAN if found is None else found

    def _passed(self, function: Function, index: int) -> Cleaning:
        """What is known of an argument that a function did not refuse."""
        if index >= len(function.parameters):
            return NOTHING
        facts = self.engine.summaries.generic(function).facts.get(function.parameters[index].name)
        return facts[0] if facts is not None else NOTHING

    # Reading

    def held(self, value: Value, cls: Class) -> Value:
        """A value that holds the fields of a class under their names."""
        return value.derived_from("fields", value, cls)

    def names(self, derived: Derived | None) -> list[str]:
        """The keys that a value is known to hold fields under."""
        if derived is None or derived.how not in ("fields", "placeholders"):
            return []
        if derived.how == "placeholders":
            return list(derived.detail)
        classes = [each for each in self.project.classes.mro(derived.detail) if isinstance(each, Class)]
        names = dict.fromkeys(name for each in classes for name in each.attributes)
        return [name for name in names if self.is_declared(derived.detail, name)]

    def read(self, derived: Derived | None, key: object, found: Value) -> Value:
        """What was read under a key of a value that holds fields, or under `data` of a field."""
        if isinstance(key, str) and key.lower() in _REFERERS:
            found = found.mapped(_from_page)
        if derived is not None and derived.how == "placeholders":
            kinds, absent = derived.detail.get(key, NOTHING)
            return found.mapped(lambda label: label.without(absent, kinds))
        if derived is None or derived.how not in ("fields", "field"):
            return found
        cls, name = (derived.detail, key) if derived.how == "fields" else derived.detail
        if not isinstance(name, str):
            return found
        found = self.validated(cls, name, found)
        inner = self.inside(cls, name)
        return found if inner is None else self.held(found, inner)


def _from_page(label: Label) -> Label:
    """The page that a browser comes from, as the header names it: nobody else can have it name another host."""
    is_header = type(label.origin) is Source and label.origin.what == "header"
    return label.without(frozenset({ORIGIN})) if is_header else label


def _pattern(call: ir.Call) -> Cleaning:
    found = call.keywords.get("regex") or next((arg.value for arg in call.args if arg.keyword is None), None)
    if type(found) is ir.Call and found.args:  # `re.compile(…)`
        found = found.args[0].value
    if type(found) is ir.Const and isinstance(found.value, str):
        return frozenset(), regexes.absent(found.value, "search")
    return NOTHING


def _names_field(decorator: ir.Call, name: str) -> bool:
    return any(type(arg.value) is ir.Const and arg.value.value in (name, "*") for arg in decorator.args)
