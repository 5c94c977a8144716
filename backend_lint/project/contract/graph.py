"""The types of a GraphQL schema, as strawberry and graphene declare them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backend_lint.core import Place, Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project.contract.types import Field, Object
from backend_lint.project.contract.values import value
from backend_lint.project.modules import Class, Function, Scope

if TYPE_CHECKING:
    from backend_lint.project.project import Project

_DECORATORS = {"type": "type", "input": "input", "interface": "type"}
_RESOLVERS = frozenset({"strawberry.field", "strawberry.mutation", "strawberry.subscription"})
_OBJECTS = ("graphene.ObjectType", "graphene.Interface", "graphene.Mutation", "graphene_django.DjangoObjectType")
_INPUTS = ("graphene.InputObjectType",)
_AROUND = frozenset({"Optional", "None", "Annotated", "Union", "List", "list", "Sequence", "strawberry", "graphene"})
_AROUND |= {"Field", "NonNull", "Argument", "lazy", "typing", "t"}
_HANDED = frozenset({"self", "root", "info", "parent", "_root", "_info"})
_OF_THE_FIELD = frozenset(
    {"required", "description", "default_value", "deprecation_reason", "name", "resolver", "source"}
)
_DEFAULTS = frozenset({"default", "default_factory"})
_SCHEMES = ("strawberry.", "strawberry_django.")


def graph(project: Project) -> dict[str, Object]:
    """By their names on the wire. The arguments of a field are an object of their own: `Query.order()`."""
    found: dict[str, Object] = {}
    for module in project.modules.values():
        for cls in module.classes if module.role is Role.APP else ():
            for each in _of_strawberry(project, cls) or _of_graphene(project, cls):
                found.setdefault(each.name, each)
    return dict(sorted(found.items()))


def _of_strawberry(project: Project, cls: Class) -> list[Object]:
    written = next((each for each in cls.facts.decorators if _kind(project, each, cls)), None)
    if written is None:
        return []
    name = _named(written) or cls.name
    fields: dict[str, Field] = {}
    arguments: list[Object] = []
    for owner in reversed([each for each in project.classes.mro(cls) if isinstance(each, Class)]):
        for attribute, stmt in owner.attributes.items():
            if stmt.annotation is not None and not attribute.startswith("_"):
                found = _field(project, _wire(stmt.value, attribute), stmt.annotation, owner, stmt.value)
                fields[found.name] = found
        for method in owner.methods.values():
            decorator = next((each for each in method.decorators if _is_resolver(project, each, method)), None)
            if decorator is not None:
                found = _field(project, _wire(decorator, method.name), method.facts.returns, method.around, decorator)
                fields[found.name] = _at(found, method.at)
                arguments.append(_arguments(project, f"{name}.{found.name}()", method))
    kind = _kind(project, written, cls)
    return [Object(name=name, kind=kind, fields=fields, at=cls.at), *(each for each in arguments if each.fields)]


def _kind(project: Project, decorator: Expr, cls: Class) -> str:
    target = ir.callee(decorator)
    name = project.qualified(target, cls.module) or ""
    return _DECORATORS.get(name.rpartition(".")[2], "") if name.startswith(_SCHEMES) else ""


def _is_resolver(project: Project, decorator: Expr, method: Function) -> bool:
    target = ir.callee(decorator)
    return project.qualified(target, method.around) in _RESOLVERS


def _arguments(project: Project, name: str, method: Function) -> Object:
    given = [each for each in method.parameters if each.name not in _HANDED and each.annotation is not None]
    fields = [_field(project, _camel(each.name), each.annotation, method.around, each.default) for each in given]
    return Object(name=name, kind="arguments", fields={each.name: each for each in fields}, at=method.at)


def _field(project: Project, name: str, annotation: Expr | None, scope: Scope, given: Expr | None) -> Field:
    held = value(project, annotation, scope)
    is_bare = type(given) is ir.Call and _DEFAULTS.isdisjoint(given.keywords)
    return Field(
        name=name,
        type=_type(annotation),
        many=held.many,
        nullable=held.nullable,
        required=not held.nullable and (given is None or is_bare),
        constraints=_deprecated(given),
        at=scope.module.place(annotation) if annotation is not None else scope.module.first_line(),
    )


def _of_graphene(project: Project, cls: Class) -> list[Object]:
    kinds = {"type": _OBJECTS, "input": _INPUTS}
    kind = next((each for each, bases in kinds.items() if project.classes.is_subclass(cls, *bases)), "")
    if not kind:
        return []
    fields: dict[str, Field] = {}
    arguments: list[Object] = []
    for owner in reversed([each for each in project.classes.mro(cls) if isinstance(each, Class)]):
        for attribute, stmt in owner.attributes.items():
            if type(stmt.value) is ir.Call and _is_graphene(project, stmt.value, owner):
                found = _made(_wire(stmt.value, attribute), stmt.value, owner)
                fields[found.name] = found
                own = [_made(_camel(key), each, owner) for key, each in _extra(stmt.value)]
                arguments.append(_object(f"{cls.name}.{found.name}()", own, found.at))
        inner = owner.inner.get("Arguments")
        if inner is not None:
            made = {key: each.value for key, each in inner.attributes.items()}
            own = [_made(_camel(key), each, inner) for key, each in made.items() if type(each) is ir.Call]
            arguments.append(_object(f"{cls.name}()", own, inner.at))
    return [_object(cls.name, list(fields.values()), cls.at, kind), *(each for each in arguments if each.fields)]


def _object(name: str, fields: list[Field], at: Place, kind: str = "arguments") -> Object:
    return Object(name=name, kind=kind, fields={each.name: each for each in fields}, at=at)


def _is_graphene(project: Project, call: ir.Call, scope: Scope) -> bool:
    name = project.qualified(call.func, scope) or ""
    return name.startswith(("graphene.", "graphene_django."))


def _extra(call: ir.Call) -> Iterator[tuple[str, ir.Call]]:
    """What a field takes: the keywords that are no matter of the field itself."""
    for key, each in call.keywords.items():
        if key not in _OF_THE_FIELD and type(each) is ir.Call:
            yield key, each


def _made(name: str, call: ir.Call, scope: Scope) -> Field:
    outer = (ir.dotted(call.func) or "").rpartition(".")[2]
    required = call.keywords.get("required")
    is_required = outer == "NonNull" or (type(required) is ir.Const and required.value is True)
    inner = call.positional[0] if outer in ("Field", "List", "NonNull", "Argument") and call.positional else call.func
    return Field(
        name=name,
        type=_type(inner),
        many=outer == "List",
        nullable=not is_required,
        required=is_required and "default_value" not in call.keywords,
        constraints=_deprecated(call),
        at=scope.module.place(call),
    )


def _type(expr: Expr | None) -> str | None:
    """The names of which a type is made, without what may be null or many; None where none is written."""
    found: set[str] = set()
    for node in ir.walk_expression(expr) if expr is not None else ():
        match node:
            case ir.Name(id=name) | ir.Attribute(name=name) | ir.Const(value=str(name)):
                found.add(name)
    return "|".join(sorted(found - _AROUND)) or None


def _deprecated(given: Expr | None) -> dict[str, bool]:
    return {"deprecated": True} if type(given) is ir.Call and "deprecation_reason" in given.keywords else {}


def _named(expr: Expr | None) -> str:
    given = expr.keywords.get("name") if type(expr) is ir.Call else None
    return given.value if type(given) is ir.Const and isinstance(given.value, str) else ""


def _wire(expr: Expr | None, name: str) -> str:
    return _named(expr) or _camel(name)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(each.capitalize() for each in rest)


def _at(found: Field, at: Place) -> Field:
    return Field(**{name: getattr(found, name) for name in found.__struct_fields__ if name != "at"}, at=at)
