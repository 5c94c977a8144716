"""Entries: functions that a framework calls with what a client sent."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from backend_lint.core import Role
from backend_lint.facts import ir
from backend_lint.facts.types import Parameter
from backend_lint.project.external import canonical_external
from backend_lint.project.model import Route
from backend_lint.project.modules import Class, Function
from backend_lint.taint import containers, regexes
from backend_lint.taint.calls import bind
from backend_lint.taint.domain import NOTHING, UNKNOWN, ClassValue, FunctionValue, Value, join
from backend_lint.taint.evidence import Cleaning, both
from backend_lint.taint.frame import Frame
from backend_lint.taint.labels import RELATIVE, TEXT, Label, Source
from backend_lint.taint.models import INJECTION, EntryModel
from backend_lint.taint.responses import judge_return, makes_pages
from backend_lint.taint.state import Object, State
from backend_lint.taint.strings import from_texts

if TYPE_CHECKING:
    from backend_lint.taint.engine import Engine

_VERBS = frozenset({
    "route", "get", "post", "put", "delete", "patch", "head", "options", "websocket", "api_route", "view"
})  # fmt: skip
_NAMED = frozenset({"route", "expose"})  # decorators that views carry for the class, or the framework, to read
_TYPED = frozenset({"fastapi", "litestar", "ninja", "starlette", "blacksheep", "esmerald"})
_IN_THE_BODY = frozenset({"builtins.dict", "builtins.list", "builtins.set", "builtins.frozenset", "builtins.tuple"})
"""What FastAPI takes from the body unless it says `Query()`: whatever is no scalar."""
_DEPENDS = frozenset({"fastapi.Depends", "fastapi.Security", "litestar.di.Provide"})
_PLACEHOLDER = re.compile(r"<(?:(?P<flask>[^:<>]+):)?(?P<name>\w+)>|\{(?P<braced>\w+)(?::(?P<kind>[^{}]+))?\}")
_METHODS = frozenset({"get", "post", "put", "delete", "patch", "head", "options"})
_VIEWS = {"tornado.web.RequestHandler": "tornado", "aiohttp.web.View": "aiohttp", "flask.views.MethodView": "flask",
          "django.views.generic.View": "django", "rest_framework.views.APIView": "django"}  # fmt: skip
MOST_WRAPPERS = 4
_ANSWERS_JSON = ("flask_restful.Resource", "flask_restx.Resource", "flask_restplus.Resource")
_CLEAN_CONVERTERS = frozenset({"int", "float", "uuid", "bool", "date"})
_NEVER = {"header": frozenset({"\n", "\r"})}  # no server takes them: RFC 9110, section 5.5
_WIRE = {"fastapi.Header": "header", "fastapi.Cookie": "cookie", "fastapi.Body": "json", "fastapi.Form": "form",
         "fastapi.File": "file", "fastapi.Path": "path", "fastapi.Query": "query",
         "ninja.Header": "header", "ninja.Cookie": "cookie", "ninja.Body": "json", "ninja.Form": "form",
         "ninja.File": "file", "ninja.Path": "path", "ninja.Query": "query"}  # fmt: skip
_HANDED_REQUEST = {"ninja": "django.http.HttpRequest"}  # frameworks that go by annotations, but for the first parameter
_NOTES = {"path": "the URL path", "query": "the query string", "json": "the request body", "form": "the form",
          "header": "a request header", "cookie": "a cookie",
          "file": "an uploaded file", "body": "the request body"}  # fmt: skip


class Handler:
    """A function that answers requests: the paths it is registered under, and how its framework calls it."""

    def __init__(self, function: Function, is_typed: bool, framework: str) -> None:
        self.function, self.is_typed, self.framework = function, is_typed, framework
        self.entry: EntryModel | None = None
        self.paths: list[str] = []
        self.converters: dict[str, str] = {}


def handlers(engine: Engine) -> list[Handler]:
    """All handlers: those that the adapters found, and those that a decorator with a path gives away."""
    found: dict[str, Handler] = {}
    for route in engine.project.routes:
        if route.handler is not None:
            handler = found.setdefault(route.handler.key, _of_route(route, route.handler))
            handler.paths.append(route.path)
            handler.converters.update(route.converters)
    for function in engine.project.functions(Role.APP):
        for path, framework in _decorated(engine, function):
            known = found.get(function.key)
            if known is None:
                known = found[function.key] = Handler(function, framework in _TYPED, framework)
            if not known.paths or not engine.project.routes:
                known.paths.append(path)
        called_by = _view_framework(engine, function)
        if called_by is not None and function.key not in found:
            found[function.key] = Handler(function, False, called_by)
            if called_by == "tornado":  # what it is given are the groups of a pattern
                found[function.key].converters = {each.name: "path" for each in function.parameters[1:]}
        entry = _entry(engine, function)
        if entry is not None and function.key not in found:
            found[function.key] = Handler(function, False, "")
            found[function.key].entry = entry
    return list(found.values())


def _view_framework(engine: Engine, function: Function) -> str | None:
    """The framework that calls a method for a verb, though no route to its class was found."""
    if function.cls is None or function.name not in _METHODS:
        return None
    bases = (each for each in engine.project.classes.mro(function.cls) if isinstance(each, str))
    return next((_VIEWS[each] for each in bases if each in _VIEWS), None)


def _entry(engine: Engine, function: Function) -> EntryModel | None:
    """How a library calls the function with what a client sent."""
    for owner in engine.project.classes.mro(function.cls) if function.cls is not None else ():
        for name in (function.name, f"{function.name.partition('_')[0]}_*") if isinstance(owner, str) else ():
            found = engine.models.entry_methods.get(f"{owner}.{name}")
            if found is not None:
                return found
    for decorator in function.decorators:
        func = ir.callee(decorator)
        names = [engine.project.qualified(func, function.module) or ""]
        if type(func) is ir.Attribute:
            names.append(f"{engine.type_name(func.value, function.module)}.{func.name}")
        for name in names:
            found = engine.models.entry_decorators.get(canonical_external(name))
            if found is not None:
                return found
    return _by_signature(engine, function)


def _by_signature(engine: Engine, function: Function) -> EntryModel | None:
    """How a platform calls the function that its settings name."""
    taken = tuple(each.name.strip("_") for each in function.parameters)
    found = engine.models.entry_signatures.get(taken)
    is_own = function.cls is None and function.parent is None
    return found if found is not None and is_own and found.named in function.name.lower() else None


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
            case ir.Call(func=ir.Name(id=name), args=[ir.Argument(value=ir.Const(value=str(path))), *_]) if (
                name in _NAMED and path.startswith("/")
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
    cleaned, absent = _proved(converter)
    label = Label(Source("path", _NOTES["path"], place), cleaned, absent)
    return label.through(place, f"read from {_NOTES['path']}")


def _proved(converter: str) -> Cleaning:
    """What a converter of a path proves."""
    absent = {TEXT} if converter == "path" else {TEXT, "/", "../", "//", RELATIVE}
    if converter == "slug":
        absent |= regexes.absent("[-a-zA-Z0-9_]+", "fullmatch")
    elif not converter.isidentifier():  # a regular expression, as Django and aiohttp take them
        absent = {TEXT} | regexes.absent(converter, "fullmatch")
    cleaned = INJECTION if converter.partition("(")[0] in _CLEAN_CONVERTERS else frozenset[str]()
    return cleaned, frozenset(absent)


def placeholders(engine: Engine) -> dict[str, dict[str, Cleaning]]:
    """What the converters in the paths of each view prove of what its `kwargs` hold."""
    found: dict[str, dict[str, Cleaning]] = {}
    for route in engine.project.routes:
        if route.view is None:
            continue
        known = found.setdefault(route.view.qualified, {})
        for name, converter in _converters([route.path], route.converters).items():
            proved = _proved(converter)
            known[name] = both(known[name], proved) if name in known else proved
    return found


def bodies(engine: Engine, handlers: list[Handler]) -> frozenset[str]:
    """The classes of the parameters that a framework fills, and validates, by their annotations."""
    found = (
        engine.parameter_type(parameter, handler.function)
        for handler in handlers
        if handler.is_typed
        for parameter in handler.function.parameters
        if parameter.annotation is not None and _dependency(engine, handler.function, parameter) is None
    )
    return frozenset(filter(None, found))


def run(engine: Engine, handler: Handler) -> None:
    """Run a handler as its framework would call it."""
    if handler.entry is not None:
        env = _arguments(engine, handler.function, handler.entry)
    else:
        env = environment(
            engine, handler.function, _converters(handler.paths, handler.converters), handler.is_typed, None, 0
        )
        if handler.framework in _HANDED_REQUEST and handler.function.parameters:
            request = Value(is_opaque=True, type=_HANDED_REQUEST[handler.framework])
            env[handler.function.parameters[0].name] = request
    frame = _run_decorated(engine, handler.function, env)
    if frame is None:
        return
    owner = handler.function.cls
    if not makes_pages(handler.function, handler.framework):
        return
    if owner is not None and engine.project.classes.is_subclass(owner, *_ANSWERS_JSON):
        return
    for state, value, node in frame.returns:
        frame.state = state
        if node is not None:
            judge_return(frame, node, value)


def _run_decorated(engine: Engine, function: Function, env: dict[str, Value]) -> Frame | None:
    """Run a function with what its decorators hand on of what they are given."""
    callee = engine.decorated(function)
    if callee.function is function:
        return engine.run(function, env)
    given, keywords = [], dict(env)
    if function.cls is not None and function.parameters:
        given = [keywords.pop(function.parameters[0].name)]
    keywords = {name: value for name, value in keywords.items() if not _is_for_decorators(value)}
    outside = Frame(engine, function.module, State(), 1)
    bound = bind(outside, None, callee.function, given, keywords)
    heap = outside.state.heap if outside.state is not None else {}
    for _ in range(MOST_WRAPPERS):
        calls = engine.calls.made_by(callee, bound, heap)
        inner = [each for each in calls if _leads_to(each.callee, function)]
        if not inner:
            break
        callee, bound, _, heap = inner[0]
        for other in inner[1:]:
            if other.callee.function is callee.function:
                bound = {name: join(value, other.bound.get(name, NOTHING)) for name, value in bound.items()}
                heap = heap | {where: obj.joined(heap.get(where, obj)) for where, obj in other.heap.items()}
        if callee.function is function:
            return engine.run(function, dict.fromkeys(env, UNKNOWN) | bound, heap)
    return engine.run(function, env)


def _is_for_decorators(value: Value) -> bool:
    """Whether a parameter is none that the framework fills: a decorator may."""
    return value.is_opaque and not value.all_labels() and (value.type or "builtins.").startswith("builtins.")


def _leads_to(callee: FunctionValue, function: Function) -> bool:
    if callee.function is function:
        return True
    return any(
        type(each) is FunctionValue and _leads_to(each, function)
        for value in (callee.outer or {}).values()
        for each in value.callables
    )


def _converters(paths: list[str], more: dict[str, str]) -> dict[str, str]:
    """The converters of the path parameters, by name."""
    found: dict[str, str] = {}
    for path in paths:
        for match in _PLACEHOLDER.finditer(path):
            found[match["name"] or match["braced"]] = _converter(match)
    return found | {name: converter for name, converter in more.items() if converter}


def _arguments(engine: Engine, function: Function, entry: EntryModel) -> dict[str, Value]:
    """The parameters of an entry: what the library does not give itself comes from the client."""
    env: dict[str, Value] = {}
    for index, parameter in enumerate(function.parameters):
        kind = engine.parameter_type(parameter, function)
        if parameter.name in entry.given or (index == 0 and function.cls is not None):
            env[parameter.name] = Value(is_opaque=True, type=kind)
            continue
        kinds, absent = engine.fields.annotated(parameter.annotation, function)
        place = function.module.facts.place(function.module.path, parameter.at, parameter.end)
        label = Label(Source(entry.what, entry.note, place), kinds, absent)
        label = label.through(place, f"`{parameter.name}` is {entry.note}")
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
        is_body = cls is not None or kind in _IN_THE_BODY
        wire = "path" if parameter.name in converters else "json" if is_body else "query"
        wire = "file" if kind == "fastapi.UploadFile" else wire
    kinds, absent = engine.fields.annotated(parameter.annotation, function)
    more = engine.constrained(parameter.default)
    place = function.module.facts.place(function.module.path, parameter.at, parameter.end)
    never = _NEVER.get(wire, frozenset())
    label = Label(Source(wire, _NOTES[wire], place), kinds | more[0], absent | more[1] | never)
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
            return _core(engine, parameter.annotation, function)
    return None


def _core(engine: Engine, annotation: ir.Expr | None, function: Function) -> ir.Expr | None:
    """The `T` of `Annotated[T, …]`, also under an alias."""
    match annotation:
        case ir.Subscript(value=value, index=ir.Sequence(items=[core, *_])):
            return core if (ir.dotted(value) or "").endswith("Annotated") else annotation
        case ir.Name() | ir.Attribute():
            aliased = _aliased(engine, annotation, function)
            return annotation if aliased is None else _core(engine, aliased, function)
    return annotation


def _aliased(engine: Engine, annotation: ir.Expr, function: Function) -> ir.Expr | None:
    """What a name of a type was made of by subscription."""
    qualified = engine.project.qualified(annotation, function)
    module, rest = engine.project.names.split(qualified) if qualified is not None else (None, "")
    stmts = module.assignments.get(rest) if module is not None else None
    return stmts[-1].value if stmts and type(stmts[-1].value) is ir.Subscript else None


def _extras(engine: Engine, annotation: ir.Expr | None, function: Function) -> list[ir.Expr]:
    """What `Annotated[T, …]` carries, also under an alias."""
    match annotation:
        case ir.Subscript(value=value, index=ir.Sequence(items=[_, *extras])):
            return extras if (ir.dotted(value) or "").endswith("Annotated") else []
        case ir.Name() | ir.Attribute():
            aliased = _aliased(engine, annotation, function)
            return [] if aliased is None else _extras(engine, aliased, function)
    return []


def _wire(engine: Engine, function: Function, parameter: Parameter) -> str | None:
    if type(parameter.annotation) is ir.Subscript:  # `Query[Filters]`
        found = _WIRE.get(engine.project.qualified(parameter.annotation.value, function) or "")
        if found is not None:
            return found
    candidates = [parameter.default, *_extras(engine, parameter.annotation, function)]
    for each in candidates:
        if type(each) is ir.Call:
            found = _WIRE.get(engine.project.qualified(each.func, function) or "")
            if found is not None:
                return found
    return None


def _provided(engine: Engine, function: Function, dependency: ir.Expr, frame: Frame | None, depth: int) -> Value:
    """What a dependency gives."""
    around = function.parent or function.cls or function.module  # a parameter may be called like what it depends on
    outer = Frame(engine, around, State({}, dict(engine.heap)), 2)
    target = outer.evaluate(dependency)
    found = NOTHING
    for each in target.callables:
        if type(each) is FunctionValue and depth < 4:
            env = environment(engine, each.function, {}, True, frame, depth + 1)
            value = engine.summaries.apply(outer, None, each.function, env, {})
            if each.function.facts.is_generator:
                value = containers.element(outer, value)
            if outer.state is not None:
                engine.heap.update(outer.state.heap)
            kind = None if value.references else engine.returned_type(each.function)
            found = join(found, value if value.type or not kind else value.typed(kind))
        elif type(each) is FunctionValue:
            found = join(found, Value(is_opaque=True, type=engine.returned_type(each.function)))
        elif type(each) is ClassValue:
            found = join(found, _of_class(engine, outer, dependency, each.cls, function, depth))
    if found is NOTHING:
        given = engine.project.types.provided(dependency, function)
        found = Value(is_opaque=True, type=given.name if given is not None and not given.itself else None)
    return found


def _of_class(engine: Engine, outer: Frame, dependency: ir.Expr, cls: Class, function: Function, depth: int) -> Value:
    """A class as a dependency: its fields come from the query string, or from what its constructor depends on."""
    initial = engine.project.classes.method(cls.qualified, "__init__")
    if initial is not None and depth < 4:
        own = initial.parameters[0].name if initial.parameters else ""
        env = environment(engine, initial, {}, True, None, depth + 1)
        made = outer.allocate(dependency, Object("instance", cls.qualified))
        engine.summaries.apply(outer, None, initial, env | {own: made}, {})
        if outer.state is not None:
            engine.heap.update(outer.state.heap)
        return made
    place = function.at
    label = Label(Source("query", _NOTES["query"], place)).through(place, f"read from {_NOTES['query']}")
    return Value(labels=(label,), is_opaque=True, type=cls.qualified)
