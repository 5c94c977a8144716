"""What a FastAPI handler or dependency takes from the client, from its signature.

Source: https://fastapi.tiangolo.com/tutorial/ and `fastapi.dependencies.utils.analyze_param`, whose order of
questions this follows: markers first, then special types, then path names, then body-like types, then query.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from backend_lint.adapters._registration import ClassValue, Parametrised, Symbol, Unknown, Value
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.facts.types import Parameter
from backend_lint.project import Class, Function, Project, Scope
from backend_lint.project.constants import UNKNOWN, arguments_of, constant, held, returned
from backend_lint.project.model import Input, Schema

_MARKERS = {
    "fastapi.Query": "query",
    "fastapi.Path": "path",
    "fastapi.Header": "header",
    "fastapi.Cookie": "cookie",
    "fastapi.Body": "body",
    "fastapi.Form": "form",
    "fastapi.File": "file",
    **{
        f"ninja{module}.{name}{end}": name.lower()
        for module in ("", ".params", ".params.functions")
        for name in ("Query", "Path", "Header", "Cookie", "Body", "Form", "File")
        for end in ("", "Ex")
    },
}
_SPREAD = ("query", "header", "cookie", "path")  # what a model may be read from field by field
_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security"})
_SPECIAL = frozenset(
    {
        "starlette.requests.Request",
        "starlette.requests.HTTPConnection",
        "starlette.responses.Response",
        "starlette.websockets.WebSocket",
        "starlette.background.BackgroundTasks",
        "fastapi.security.SecurityScopes",
    }
)
_UPLOADS = frozenset(
    {"fastapi.UploadFile", "starlette.datastructures.UploadFile", "ninja.UploadedFile", "ninja.files.UploadedFile"}
)
_BOUNDS = frozenset({"gt", "ge", "lt", "le", "min_length", "max_length", "pattern", "regex", "multiple_of"})
_PLAIN = {"List": "list", "Dict": "dict", "Set": "set", "FrozenSet": "frozenset", "Tuple": "tuple", "Type": "type"}
_BODY_BASES = ("pydantic.BaseModel", "typing.TypedDict", "msgspec.Struct")


@dataclass(eq=False)
class Dependency:
    """A `Depends(...)`: what it calls, and the scopes it asks for. `target` None is the parameter's own type."""

    expr: Expr
    scope: Scope
    scopes: tuple[str, ...] = ()
    function: Function | None = None
    cls: Class | None = None
    symbol: str | None = None


@dataclass(eq=False)
class Signature:
    """What calling a function takes: inputs of its own, and dependencies in order."""

    inputs: list[Input] = field(default_factory=list)
    dependencies: list[Dependency] = field(default_factory=list)


class Parameters:
    def __init__(self, project: Project) -> None:
        self.project = project

    def signature(
        self, function: Function, path_names: frozenset[str], closed_over: Mapping[str, Class] = MappingProxyType({})
    ) -> Signature:
        """`closed_over` are classes that names around the function stand for, as the arguments of its factory do."""
        wrapped = self._wrapped(function)
        if wrapped is not None:
            return self.signature(wrapped, path_names)
        found = Signature()
        for index, parameter in enumerate(function.parameters):
            if parameter.kind in ("star", "stars") or (index == 0 and function.takes_receiver):
                continue
            annotation, scope = parameter.annotation, function.around
            if type(annotation) is ir.Name and annotation.id in closed_over:
                cls = closed_over[annotation.id]
                annotation, scope = ir.Name(annotation.at, annotation.end, cls.name), cls.around
            self._read(parameter, annotation, scope, path_names, found)
        return found

    def _wrapped(self, function: Function) -> Function | None:
        """The function whose signature `functools.wraps` gives to another, where the project tells which it is.

        Of several that a factory chooses from, the first that depends on something.
        """
        for decorator in function.decorators:
            if type(decorator) is ir.Call and self._named(decorator.func, function.around) == "functools.wraps":
                made = held(self.project, decorator.args[0].value, function.around) if decorator.args else None
                if made is None or type(made[0]) is not ir.Call:
                    continue
                for factory in self.project.site(made[0], made[1]).targets[:1]:
                    names = (each.value for each in factory.statements if type(each) is ir.Return)
                    found = [self.project.function(self.project.qualified(each, factory) or "") for each in names]
                    known = [each for each in found if each is not None and each.parameters]
                    return next((each for each in known if self.signature(each, frozenset()).dependencies), None)
        return None

    def class_fields(self, cls: Class, path_names: frozenset[str]) -> Signature:
        """What class-based views and dataclass dependencies take: annotated attributes of the class and its bases."""
        found = Signature()
        seen: set[str] = set()
        for each in self.project.classes.mro(cls):
            if not isinstance(each, Class):
                continue
            for name, assigned in each.attributes.items():
                if name in seen or (assigned.annotation is None and self._dependency(assigned.value, each) is None):
                    continue
                seen.add(name)
                parameter = Parameter(assigned.at, assigned.end, name, "plain", assigned.annotation, assigned.value)
                self._read(parameter, assigned.annotation, _before(each, assigned), path_names, found)
        return found

    def _read(
        self, parameter: Parameter, annotation: Expr | None, scope: Scope, path_names: frozenset[str], found: Signature
    ) -> None:
        inner, extras = self.unwrapped(annotation, scope)
        for extra, owner in [*extras, *([(parameter.default, scope)] if parameter.default is not None else [])]:
            dependency = self._dependency(extra, owner)
            if dependency is not None:
                if dependency.function is None and dependency.symbol is None and dependency.cls is None:
                    self._resolve(dependency, inner[0] if inner else None, inner[1] if inner else scope)
                found.dependencies.append(dependency)
                return
        found.inputs.extend(self._input(parameter, inner, extras, scope, path_names))

    def unwrapped(
        self, annotation: Expr | None, scope: Scope
    ) -> tuple[tuple[Expr, Scope] | None, list[tuple[Expr, Scope]]]:
        """The type of an annotation and the extras of `Annotated`, aliases in other files followed."""
        if annotation is None:
            return None, []
        if type(annotation) is ir.Subscript and self._named(annotation.value, scope) == "typing.Annotated":
            items = annotation.index.items if type(annotation.index) is ir.Sequence else [annotation.index]
            inner, extras = self.unwrapped(items[0], scope)
            return inner, [*extras, *((item, scope) for item in items[1:])]
        if type(annotation) is ir.Subscript and self._named(annotation.value, scope) in _MARKERS:
            inner, extras = self.unwrapped(annotation.index, scope)  # `Query[Filters]` of Django Ninja
            return inner, [*extras, (ir.Call(annotation.at, annotation.end, annotation.value, []), scope)]
        if type(annotation) is ir.Subscript and self._named(annotation.value, scope) == "typing.Optional":
            return (annotation, scope), self.unwrapped(annotation.index, scope)[1]
        if type(annotation) in (ir.Name, ir.Attribute):
            qualified = self.project.qualified(annotation, scope)
            module, rest = (None, "") if qualified is None else self.project.names.split(qualified)
            if module is not None and rest in module.assignments:
                value = module.assignments[rest][-1].value
                if type(value) in (ir.Subscript, ir.Name, ir.Attribute):
                    return self.unwrapped(value, module)
        if type(annotation) is ir.Binary and annotation.op == "|":
            left, extras = self.unwrapped(annotation.left, scope)
            if extras:
                return left, extras
        return (annotation, scope), []

    def _named(self, expr: Expr, scope: Scope) -> str | None:
        return self.project.qualified(expr, scope)

    def _dependency(self, expr: Expr | None, scope: Scope) -> Dependency | None:
        if type(expr) is not ir.Call:
            return None
        if self._named(expr.func, scope) not in _DEPENDS:
            return self._made(expr, scope)
        target = expr.argument(0, "dependency")
        scopes = expr.keywords.get("scopes")
        names = tuple(
            item.value
            for item in (scopes.items if type(scopes) is ir.Sequence else [])
            if type(item) is ir.Const and isinstance(item.value, str)
        )
        dependency = Dependency(expr, scope, names)
        if target is not None:
            self._resolve(dependency, target, scope)
        return dependency

    def _made(self, call: ir.Call, scope: Scope) -> Dependency | None:
        """The `Depends(...)` that a function of the project makes: `limit: int = LimitBody()`."""
        factory = next(iter(self.project.site(call, scope).targets), None)
        if factory is None or factory.name == "__init__" or factory.facts.is_generator:
            return None
        expr = returned(self.project, factory, arguments_of(self.project, factory, call, scope, {}))
        if type(expr) is ir.Call and self._named(expr.func, factory) in _DEPENDS:
            return self._dependency(expr, factory)
        return None

    def resolved(self, expr: Expr, scope: Scope) -> Dependency:
        """The dependency that an expression stands for: `Depends(f)`, or the callable itself."""
        return self._dependency(expr, scope) or self._resolve(Dependency(expr, scope), expr, scope)

    def _resolve(self, dependency: Dependency, target: Expr | None, scope: Scope) -> Dependency:
        """What a dependency calls: a function, a class, an instance with `__call__`, or something of a library."""
        if target is None:
            return dependency
        project = self.project
        if type(target) is ir.Lambda:
            dependency.function = scope.module.functions[target.function]
            return dependency
        if type(target) is ir.Call and project.qualified(target.func, scope) == "functools.partial" and target.args:
            return self._resolve(dependency, target.args[0].value, scope)
        made = self._handed_out(*self._assigned(target, scope))
        if made is not None:
            dependency.function, dependency.symbol = made, made.qualified
            return dependency
        kind = project.type_of(target, scope)
        if kind is None:
            dependency.symbol = project.qualified(target, scope) or ir.dotted(target)
            if type(target) is ir.Call:
                dependency.function = next(iter(project.site(target, scope).targets), None)
                dependency.symbol = project.site(target, scope).symbol
            return dependency
        cls = project.cls(kind.name)
        if kind.itself:
            dependency.function = project.function(kind.name)
            dependency.cls = cls
        elif cls is not None:
            dependency.cls = cls
            dependency.function = project.classes.method(cls.qualified, "__call__")
        dependency.symbol = kind.name
        return dependency

    def _assigned(self, target: Expr, scope: Scope) -> tuple[Expr, Scope]:
        """What a module gives to a name that it assigns once, as in `authorize = authorization_provider()`."""
        qualified = self.project.qualified(target, scope) if type(target) in (ir.Name, ir.Attribute) else None
        module, rest = (None, "") if qualified is None else self.project.names.split(qualified)
        values = [] if module is None else module.assignments.get(rest, [])
        if module is None or len(values) != 1 or values[0].value is None:
            return target, scope
        return values[0].value, module

    def _handed_out(self, call: Expr, scope: Scope) -> Function | None:
        """The function that a call of a factory gives: `current_user(required=False)` is `_optional_user`."""
        if type(call) is not ir.Call:
            return None
        factory = next(iter(self.project.site(call, scope).targets), None)
        if factory is None or factory.name == "__init__":
            return None
        known = arguments_of(self.project, factory, call, scope, {})
        expr = returned(self.project, factory, known)
        while type(expr) is ir.Conditional:
            test = constant(self.project, expr.test, factory, known)
            expr = expr.body if test is UNKNOWN or test else expr.orelse
        if type(expr) is ir.Name and expr.id in factory.nested:
            return factory.nested[expr.id]
        return self.project.function(self.project.qualified(expr, factory) or "")

    def _input(
        self,
        parameter: Parameter,
        inner: tuple[Expr, Scope] | None,
        extras: list[tuple[Expr, Scope]],
        scope: Scope,
        path_names: frozenset[str],
    ) -> Iterator[Input]:
        marker, owner = self._marker(parameter, extras, scope)
        kind = None if inner is None else self.project.types.annotation(*inner)
        if kind is not None and self.project.classes.is_subclass(kind.name, *_SPECIAL) and marker is None:
            return
        where = "query"
        if marker is not None:
            where = _MARKERS[self._named(marker.func, owner) or ""]
        elif parameter.name in path_names:
            where = "path"
        elif kind is not None and self._is_upload(kind.name, kind.args):
            where = "file"
        elif inner is not None and self._is_body(*inner):
            where = "body"
        if marker is not None and where in _SPREAD and kind is not None and kind.name in self.project.schemas:
            yield from self._fields(self.project.schemas[kind.name], where)
            return
        constraints, alias, default = self._constraints(marker, parameter)
        description = None
        if marker is not None:
            words = marker.keywords.get("description")
            description = None if words is None else said(self.project, words, owner)
        name = alias or (parameter.name.replace("_", "-") if where == "header" else parameter.name)
        yield Input(
            name=name,
            where=where,
            type=None if inner is None else written(inner[0]),
            nullable=inner is not None and admits_none(inner[0]),
            required=where == "path" or default is None,
            at=scope.module.facts.place(scope.module.path, parameter.at, parameter.end),
            constraints=constraints,
            default=default,
            annotation=None if inner is None else inner[0],
            variable=parameter.name,
            description=description,
        )

    def _fields(self, schema: Schema, where: str) -> Iterator[Input]:
        """The parameters that a model of them, as in `Annotated[Filter, Query()]`, stands for."""
        for each in schema.fields.values():
            name = each.alias or (each.name.replace("_", "-") if where == "header" else each.name)
            kind = None if each.annotation is None else written(each.annotation)
            yield Input(
                name=name,
                where=where,
                type=kind or each.type,
                required=each.required,
                at=each.at,
                constraints=each.constraints,
                default=each.default,
                annotation=each.annotation,
                variable=each.name,
                description=each.description,
                nullable=each.nullable,
            )

    def _marker(
        self, parameter: Parameter, extras: list[tuple[Expr, Scope]], scope: Scope
    ) -> tuple[ir.Call | None, Scope]:
        for expr, owner in [(parameter.default, scope), *extras]:
            if type(expr) is ir.Call and self._named(expr.func, owner) in _MARKERS:
                return expr, owner
        return None, scope

    def _constraints(
        self, marker: ir.Call | None, parameter: Parameter
    ) -> tuple[dict[str, Any], str | None, Expr | None]:
        """Literal bounds, alias and default; a default of `...` is none."""
        default = parameter.default
        constraints: dict[str, Any] = {}
        alias = None
        if marker is not None:
            if default is marker:
                default = marker.argument(0, "default")
            for name, value in marker.keywords.items():
                if name in _BOUNDS and type(value) is ir.Const:
                    constraints[name] = value.value
                elif name == "alias" and type(value) is ir.Const and isinstance(value.value, str):
                    alias = value.value
                elif name == "default_factory":
                    default = value
        if type(default) is ir.Name and default.id == "Ellipsis":
            default = None
        return constraints, alias, default

    def _is_upload(self, name: str, args: tuple[Any, ...]) -> bool:
        return name in _UPLOADS or any(each.name in _UPLOADS for each in args)

    def _is_body(self, annotation: Expr, scope: Scope) -> bool:
        """Whether a plain parameter of this type is read from the body: models, dicts, lists of either."""
        kind = self.project.types.annotation(annotation, scope)
        if kind is None:
            return False
        if kind.name in ("builtins.dict", "typing.Any") or kind.name == "builtins.list":
            return kind.name != "typing.Any"
        if self.project.classes.is_subclass(kind.name, *_BODY_BASES):
            return True
        cls = self.project.cls(kind.name)
        return cls is not None and any(
            (ir.dotted(ir.callee(each)) or "").endswith("dataclass") for each in cls.facts.decorators
        )


def said(project: Project, expr: Expr, scope: Scope) -> str:
    """The text of a description; an ellipsis where it is computed."""
    value = constant(project, expr, scope)
    return value if isinstance(value, str) else "…"


def written(expr: Expr) -> str:
    """A type as people name it: `list[Item]`, `Item | None` becomes `Item`."""
    choices = [each for each in _choices(expr) if not _is_none(each)]
    if len(choices) != 1:
        return " | ".join(map(spelled, choices)) or "None"
    match choices[0]:
        case ir.Name(id=name) | ir.Attribute(name=name):
            return name
        case ir.Subscript(value=value, index=index):
            base = written(value)
            parts = index.items if type(index) is ir.Sequence else [index]
            if base == "Annotated":
                return written(parts[0])
            return f"{_PLAIN.get(base, base)}[{', '.join(map(spelled, parts))}]"
        case ir.Const(value=value):
            return repr(value)
        case _:
            return "?"


def spelled(expr: Expr) -> str:
    """A type as people name it, with the `None` that it admits: `Item | None`."""
    name = written(expr)
    return f"{name} | None" if admits_none(expr) and name != "None" else name


def annotated(expr: Expr) -> str | None:
    """The type that an annotation gives to an answer; nothing for `None`."""
    return None if _is_none(expr) else spelled(expr)


def shown(value: Value) -> str | None:
    """A type as a value, as people name it."""
    match value:
        case ClassValue(cls=cls):
            return cls.name
        case Symbol(name=name):
            return name.rpartition(".")[2]
        case Parametrised(owner=owner, args=args):
            inside = [shown(each) or "None" for each in args]
            match shown(owner):
                case "Annotated":
                    return inside[0]
                case "Optional":
                    return f"{inside[0]} | None"
                case "Union":
                    return " | ".join(inside)
                case base:
                    return f"{_PLAIN.get(base or '', base)}[{', '.join(inside)}]"
        case Unknown(expr=expr) if expr is not None:
            return annotated(expr)
        case _:
            return None


def admits_none(expr: Expr) -> bool:
    return any(map(_is_none, _choices(expr)))


def _choices(expr: Expr) -> list[Expr]:
    """What a union is of; of any other type itself."""
    match expr:
        case ir.Binary(op="|", left=left, right=right):
            return [*_choices(left), *_choices(right)]
        case ir.Subscript(value=ir.Name(id=base) | ir.Attribute(name=base), index=index):
            parts = index.items if type(index) is ir.Sequence else [index]
            if base == "Optional":
                return [*_choices(parts[0]), ir.Const(parts[0].at, parts[0].end, None)]
            if base == "Union":
                return [each for part in parts for each in _choices(part)]
            if base == "Annotated":
                return _choices(parts[0])
    return [expr]


def _is_none(expr: Expr) -> bool:
    return type(expr) is ir.Const and expr.value is None


def _before(cls: Class, assigned: ir.Assign) -> Scope:
    """Where the names of an assignment are looked up: one that it binds itself is still that of what is around."""
    bound = {ir.dotted(each) for each in assigned.targets}
    values = [each for each in (assigned.annotation, assigned.value) if each is not None]
    used = {each.id for value in values for each in ir.walk_expression(value) if type(each) is ir.Name}
    return cls if bound.isdisjoint(used) else cls.around
