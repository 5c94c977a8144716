"""What configures a Flask or Quart application: entries of `app.config`, classes and modules that it is filled from.

Source: https://flask.palletsprojects.com/en/stable/config/#development-production
"""

from __future__ import annotations

from collections.abc import Iterator
from weakref import WeakKeyDictionary

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.ir import Expr
from backend_lint.project import Class, Function, Module, Project, Scope

_CONFIGS = frozenset({"flask.Flask.config", "quart.Quart.config", "flask.config.Config"})
_KNOWN: WeakKeyDictionary[Project, list[Class | Module]] = WeakKeyDictionary()


def config_classes(project: Project) -> list[Class]:
    """The classes that applications take their configuration from, with those above and below them."""
    given = [each for each in _sources(project) if isinstance(each, Class)]
    bases = (each for cls in given for each in project.classes.mro(cls) if isinstance(each, Class))
    below = (each for cls in given for each in project.classes.subclasses(cls))
    return list({each.qualified: each for each in (*bases, *below)}.values())


def config_modules(project: Project) -> list[Module]:
    return [each for each in _sources(project) if isinstance(each, Module)]


def config_entries(project: Project, scope: Scope) -> Iterator[tuple[str, Expr, ir.Node]]:
    """`app.config["DEBUG"] = True` and its other spellings: name, value, and what sets it."""
    for stmt in ir.walk_statements(scope.body):
        match stmt:
            case ir.Assign(targets=[ir.Subscript(value=owner, index=ir.Const(value=str(name)))], value=value):
                if value is not None and _is_config(project, owner, scope):
                    yield name, value, stmt
            case ir.Evaluate(value=ir.Call(func=ir.Attribute(value=owner, name=method)) as call):
                if method in ("update", "from_mapping", "setdefault") and _is_config(project, owner, scope):
                    yield from _given(call, method)


def _given(call: ir.Call, method: str) -> Iterator[tuple[str, Expr, ir.Node]]:
    first, *rest = [*call.positional, None]
    if method == "setdefault" and type(first) is ir.Const and isinstance(first.value, str) and rest[0] is not None:
        yield first.value, rest[0], call
    if type(first) is ir.Dict:
        for key, value in zip(first.keys, first.values, strict=True):
            if type(key) is ir.Const and isinstance(key.value, str):
                yield key.value, value, value
    for name, value in call.keywords.items():
        yield name, value, value


def _is_config(project: Project, owner: Expr, scope: Scope) -> bool:
    if type(owner) is not ir.Attribute or owner.name != "config":
        return False
    kind = project.type_of(owner, scope)
    return kind is not None and kind.name in _CONFIGS


def _sources(project: Project) -> list[Class | Module]:
    """What is handed to `app.config.from_object()` and `from_pyfile()`."""
    known = _KNOWN.get(project)
    if known is None:
        known = _KNOWN[project] = []
        for scope in project.scopes(Role.APP, Role.SCRIPT):
            if isinstance(scope, Class):
                continue
            for call in ir.calls(scope.body):
                func = call.func
                if type(func) is not ir.Attribute or func.name not in ("from_object", "from_pyfile") or not call.args:
                    continue
                if _is_config(project, func.value, scope):
                    known.extend(_objects(project, call.args[0].value, scope))
    return known


def _objects(project: Project, expr: Expr, scope: Scope, depth: int = 3) -> Iterator[Class | Module]:
    match expr:
        case ir.Const(value=str(name)):
            yield from _denoted(project, project.names.denoted(name.removesuffix(".py").replace("/", ".")))
        case ir.Subscript(value=owner) | ir.Call(func=ir.Attribute(value=owner, name="get")):
            qualified = project.qualified(owner, scope)
            module, rest = (None, "") if qualified is None else project.names.split(qualified)
            if module is None:
                return
            for stmt in module.assignments.get(rest, ()):
                for value in stmt.value.values if type(stmt.value) is ir.Dict else ():
                    yield from _objects(project, value, module)
        case ir.Call(func=func):
            yield from _denoted(project, project.qualified(func, scope) or "")
        case ir.Name(id=name) if depth and isinstance(scope, Function) and scope.parameter(name) is not None:
            yield from _handed(project, name, scope, depth - 1)
        case _:
            yield from _denoted(project, project.qualified(expr, scope) or "")


def _handed(project: Project, name: str, factory: Function, depth: int) -> Iterator[Class | Module]:
    """What a factory gets for a parameter: `def create_app(config=Config)`, `create_app("app.settings.Production")`."""
    parameter = factory.parameter(name)
    if parameter is not None and parameter.default is not None:
        yield from _objects(project, parameter.default, factory.around, depth)
    for site in project.callers(factory):
        value = site.passed(factory, name)
        if value is not None and site.scope is not factory and site.scope.module.role in (Role.APP, Role.SCRIPT):
            yield from _objects(project, value, site.scope, depth)


def _denoted(project: Project, qualified: str) -> Iterator[Class | Module]:
    cls, module = project.cls(qualified), project.modules.get(qualified)
    if cls is not None:
        yield cls
    elif module is not None:
        yield module
