"""Entries: functions that a framework calls with what a client sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.types import Parameter
from backend_lint.project.model import Route
from backend_lint.project.modules import Class, Function
from backend_lint.taint import containers, evidence, regexes
from backend_lint.taint.domain import NOTHING, UNKNOWN, ClassValue, FunctionValue, Value, join
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import RELATIVE, TEXT, Label, Source, union
from backend_lint.taint.models import INJECTION
from backend_lint.taint.responses import judge_return
from backend_lint.taint.state import State
from backend_lint.taint.strings import from_texts

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

_VERBS = frozenset({
    "route", "get", "post", "put", "delete", "patch", "head", "options", "websocket", "api_route", "view"
})  # fmt: skip
_TYPED = frozenset({"fastapi", "litestar", "ninja", "starlette", "blacksheep", "esmerald"})
_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security", "litestar.di.Provide"})
_PLACEHOLDER = re.compile(r"<(?:(?P<flask>[^:<>]+):)?(?P<name>\w+)>|\{(?P<braced>\w+)(?::(?P<kind>[^{}]+))?\}")
_CLEAN_CONVERTERS = frozenset({"int", "float", "uuid", "bool", "date"})
_WIRE = {"fastapi.Header": "header", "fastapi.Cookie": "cookie", "fastapi.Body": "json", "fastapi.Form": "form",
         "fastapi.File": "file", "fastapi.Path": "path", "fastapi.Query": "query"}  # fmt: skip
_NOTES = {"path": "the URL path", "query": "the query string", "json": "the request body", "form": "the form",
          "argument": "a GraphQL argument", "header": "a request header", "cookie": "a cookie",
          "file": "an uploaded file", "body": "the request body"}  # fmt: skip


class Handler:
    """A function that answers requests: the paths it is registered under, and how its framework calls it."""

    def __init__(self, function: Function, is_typed: bool, framework: str) -> None:
        self.function, self.is_typed, self.framework = function, is_typed, framework
        self.paths: list[str] = []
        self.converters: dict[str, str] = {}


def handlers(engine: Engine) -> list[Handler]:
    """All handlers: those that the adapters found, and those that a decorator with a path gives away."""
    found: dict[str, Handler] = {}
    for route in engine.project.routes:
        if route.handler is not None:
            handler = found.setdefault(route.handler.qualified, _of_route(route, route.handler))
            handler.paths.append(route.path)
            handler.converters.update(route.converters)
    for function in engine.project.functions(Role.APP):
        for path, framework in _decorated(engine, function):
            known = found.get(function.qualified)
            if known is None:
                known = found[function.qualified] = Handler(function, framework in _TYPED, framework)
            if not known.paths or not engine.project.routes:
                known.paths.append(path)
        if _is_resolver(engine, function):
            found.setdefault(function.qualified, Handler(function, False, "graphql"))
    return list(found.values())


def _is_resolver(engine: Engine, function: Function) -> bool:
    """Whether a GraphQL library calls the function with what a client sent."""
    owner = function.cls
    if owner is not None and (function.name == "mutate" or function.name.startswith("resolve_")):
        return engine.project.classes.is_subclass(owner, *_GRAPHENE)
    for decorator in function.decorators:
        func = decorator.func if type(decorator) is ir.Call else decorator
        qualified = engine.project.qualified(func, function.module) or ""
        owner_type = engine.type_name(func.value, function.module) if type(func) is ir.Attribute else None
        if qualified in _STRAWBERRY or (owner_type or "") in _ARIADNE:
            return True
    return False


_GRAPHENE = ("graphene.Mutation", "graphene.ObjectType", "graphene.relay.ClientIDMutation", "graphene.Interface",
             "graphene_sqlalchemy.SQLAlchemyObjectType", "graphene_django.DjangoObjectType")  # fmt: skip
_STRAWBERRY = frozenset({"strawberry.field", "strawberry.mutation", "strawberry.subscription", "strawberry.type.field"})
_ARIADNE = frozenset({"ariadne.QueryType", "ariadne.MutationType", "ariadne.ObjectType", "ariadne.SubscriptionType"})


def _of_route(route: Route, function: Function) -> Handler:
    return Handler(function, route.framework.lower() in _TYPED, route.framework.lower())


def _decorated(engine: Engine, function: Function) -> list[tuple[str, str]]:
    found = []
    for decorator in function.decorators:
        match decorator:
            case ir.Call(func=ir.Attribute(name=name), args=[ir.Argument(value=ir.Const(value=str(path))), *_]) if (
                name in _VERBS and (path.startswith("/") or path == "")
            ):
                found.append((path, _framework(engine, function, decorator.func)))
    return found


def _framework(engine: Engine, function: Function, func: ir.Expr) -> str:
    owner = engine.type_name(func.value, function.module) if type(func) is ir.Attribute else None
    if owner is not None:
        return owner.partition(".")[0]
    imports = {each.module.partition(".")[0] for each in function.module.facts.imports if not each.level}
    for name in (*sorted(_TYPED), "flask", "quart", "sanic", "aiohttp", "bottle"):
        if name in imports:
            return name
    return "flask"


def request_path(engine: Engine, handler: Handler) -> Value:
    """The path of the request as text: the routes' literal pieces, and a hole for each placeholder."""
    texts = []
    for path in handler.paths:
        pieces: list[Any] = []
        position = 0
        for match in _PLACEHOLDER.finditer(path):
            pieces.append(path[position : match.start()])
            position = match.end()
            converter = handler.converters.get(match["name"] or match["braced"]) or _converter(match)
            label = _path_label(engine, handler.function, handler.function.facts.at, converter)
            pieces.append(Value(labels=(label,), is_opaque=True, type="builtins.str"))
        pieces.append(path[position:])
        texts.append(tuple(pieces))
    return from_texts(texts) if texts else UNKNOWN


def _converter(match: re.Match[str]) -> str:
    return match["flask"] or match["kind"] or "string"


def _path_label(engine: Engine, function: Function, at: int, converter: str) -> Label:
    place = function.module.facts.place(function.module.path, at, at + 1)
    absent = {TEXT} if converter == "path" else {TEXT, "/", "../", "//", RELATIVE}
    if converter == "slug":
        absent |= regexes.absent("[-a-zA-Z0-9_]+", "fullmatch")
    elif not converter.isidentifier():  # a regular expression, as Django and aiohttp take them
        absent = {TEXT} | regexes.absent(converter, "fullmatch")
    cleaned = INJECTION if converter.partition("(")[0] in _CLEAN_CONVERTERS else frozenset[str]()
    label = Label(Source("path", _NOTES["path"], place), cleaned, frozenset(absent))
    return label.through(place, f"read from {_NOTES['path']}")


def run(engine: Engine, handler: Handler) -> None:
    """Run a handler as its framework would call it."""
    if handler.framework == "graphql":
        env = _arguments(engine, handler.function)
    else:
        env = environment(engine, handler.function, _converters(handler), handler.is_typed, None, 0)
    frame = engine.run(handler.function, env)
    if frame is None:
        return
    for state, value, node in frame.returns:
        frame.state = state
        if node is not None:
            judge_return(frame, node, value, handler.framework)


def _converters(handler: Handler) -> dict[str, str]:
    """The converters of the path parameters, by name."""
    found: dict[str, str] = {}
    for path in handler.paths:
        for match in _PLACEHOLDER.finditer(path):
            found[match["name"] or match["braced"]] = _converter(match)
    return found | {name: converter for name, converter in handler.converters.items() if converter}


def _arguments(engine: Engine, function: Function) -> dict[str, Value]:
    """The parameters of a resolver: what stands after the parent object and `info` comes from the client."""
    env: dict[str, Value] = {}
    for index, parameter in enumerate(function.parameters):
        kind = engine.parameter_type(parameter, function)
        if (index == 0 and parameter.name in ("self", "cls", "root", "parent", "_", "obj")) or parameter.name == "info":
            env[parameter.name] = Value(is_opaque=True, type=kind)
            continue
        kinds, absent = evidence.cleaning(engine.project, parameter.annotation, function)
        place = function.module.facts.place(function.module.path, parameter.at, parameter.end)
        label = Label(Source("argument", _NOTES["argument"], place), kinds, absent)
        label = label.through(place, f"`{parameter.name}` is {_NOTES['argument']}")
        env[parameter.name] = Value(labels=(label,), is_opaque=True, type=kind)
    return env


def environment(
    engine: Engine, function: Function, converters: dict[str, str], is_typed: bool, frame: Frame | None, depth: int
) -> dict[str, Value]:
    """The parameters of a handler, or of what a handler depends on."""
    env: dict[str, Value] = {}
    for index, parameter in enumerate(function.parameters):
        name = parameter.name
        if index == 0 and function.facts.cls is not None:
            env[name] = Value(is_opaque=True, type=function.cls.qualified if function.cls is not None else None)
        elif is_typed:
            env[name] = _injected(engine, function, parameter, converters, frame, depth)
        elif name in converters:
            label = _path_label(engine, function, parameter.at, converters[name])
            env[name] = Value(labels=(label,), is_opaque=True, type="builtins.str")
        else:
            env[name] = Value(is_opaque=True, type=engine.parameter_type(parameter, function))
    return env


def _injected(
    engine: Engine,
    function: Function,
    parameter: Parameter,
    converters: dict[str, str],
    frame: Frame | None,
    depth: int,
) -> Value:
    """What a framework that goes by annotations gives a parameter."""
    dependency = _dependency(engine, function, parameter)
    if dependency is not None:
        return _provided(engine, function, dependency, frame, depth)
    kind = engine.parameter_type(parameter, function)
    wire = _wire(engine, function, parameter)
    cls = engine.project.cls(kind) if kind is not None else None
    is_plain = kind is None or kind.startswith("builtins.") or parameter.name in converters
    if wire is None and not is_plain and cls is None:
        if kind not in ("fastapi.UploadFile", "pydantic.EmailStr", "pydantic.HttpUrl", "pydantic.AnyUrl"):
            return Value(is_opaque=True, type=kind)
    if wire is None:
        wire = "path" if parameter.name in converters else "json" if cls is not None else "query"
        wire = "file" if kind == "fastapi.UploadFile" else wire
    kinds, absent = evidence.cleaning(engine.project, parameter.annotation, function)
    more = engine.constrained(parameter.default)
    place = function.module.facts.place(function.module.path, parameter.at, parameter.end)
    label = Label(Source(wire, _NOTES[wire], place), kinds | more[0], absent | more[1])
    if wire == "path" and converters.get(parameter.name) != "path":
        label = label.without(frozenset({"/", "../", "//", RELATIVE}))
    label = label.through(place, f"`{parameter.name}` is read from {_NOTES[wire]}")
    return Value(labels=(label,), is_opaque=True, type=kind)


def _dependency(engine: Engine, function: Function, parameter: Parameter) -> ir.Expr | None:
    candidates: list[ir.Expr] = [parameter.default] if parameter.default is not None else []
    candidates += _extras(engine, parameter.annotation, function)
    for each in candidates:
        if type(each) is ir.Call and engine.project.qualified(each.func, function) in _DEPENDS:
            if each.args:
                return each.args[0].value
            if parameter.annotation is not None:
                return parameter.annotation
    return None


def _extras(engine: Engine, annotation: ir.Expr | None, function: Function) -> list[ir.Expr]:
    """What `Annotated[T, …]` carries, also under an alias."""
    match annotation:
        case ir.Subscript(value=value, index=ir.Sequence(items=[_, *extras])):
            return extras if (ir.dotted(value) or "").endswith("Annotated") else []
        case ir.Name() | ir.Attribute():
            qualified = engine.project.qualified(annotation, function)
            module, rest = engine.project.names.split(qualified) if qualified is not None else (None, "")
            stmts = module.assignments.get(rest) if module is not None else None
            if stmts and type(stmts[-1].value) is ir.Subscript:
                return _extras(engine, stmts[-1].value, function)
    return []


def _wire(engine: Engine, function: Function, parameter: Parameter) -> str | None:
    candidates = [parameter.default, *_extras(engine, parameter.annotation, function)]
    for each in candidates:
        if type(each) is ir.Call:
            found = _WIRE.get(engine.project.qualified(each.func, function) or "")
            if found is not None:
                return found
    return None


def _provided(engine: Engine, function: Function, dependency: ir.Expr, frame: Frame | None, depth: int) -> Value:
    """What a dependency gives."""
    outer = Frame(engine, function, State({}, dict(engine.heap)), 2)
    target = outer.evaluate(dependency)
    found = NOTHING
    for each in target.callables:
        if type(each) is FunctionValue and depth < 4:
            env = environment(engine, each.function, {}, True, frame, depth + 1)
            value = engine.summaries.apply(outer, None, each.function, env, {})
            if each.function.facts.is_generator:
                value = containers.element(outer, value)
            labels = outer.labels(value)
            kind = engine.returned_type(each.function)
            value = Value(value.consts, value.texts, (), (), union(labels, ()), True, value.type or kind)
            found = join(found, value)
        elif type(each) is FunctionValue:
            found = join(found, Value(is_opaque=True, type=engine.returned_type(each.function)))
        elif type(each) is ClassValue:
            found = join(found, _of_class(engine, each.cls, function))
    if found is NOTHING:
        given = engine.project.types.provided(dependency, function)
        found = Value(is_opaque=True, type=given.name if given is not None and not given.itself else None)
    return found


def _of_class(engine: Engine, cls: Class, function: Function) -> Value:
    """A class as a dependency: its fields come from the query string."""
    place = function.at
    label = Label(Source("query", _NOTES["query"], place)).through(place, f"read from {_NOTES['query']}")
    return Value(labels=(label,), is_opaque=True, type=cls.qualified)
