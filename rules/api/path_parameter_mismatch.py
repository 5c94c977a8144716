"""Path parameter that the handler does not take, or takes without the path having it.

## What it does
Compares the placeholders of a route's whole path, prefixes included, with the parameters of its handler, of its
dependencies and of its class.

## Why it matters
Flask and Django fail with a TypeError at every request. FastAPI ignores the placeholder and reads a parameter of
another name from the query string: `/items/7` then answers 422, or the wrong item.

## Example
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{item_id}")
def read_item(id: int): ...
```

## Use instead
```python
from fastapi import FastAPI

app = FastAPI()


@app.get("/items/{item_id}")
def read_item(item_id: int): ...
```

## When not to
A catch-all (`{path:path}`) that only exists to match is not reported, nor is a parameter that is read from
`request.path_params`, `request.view_args` or `self.kwargs`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend_lint.api import Class, Finding, Function, Project, ProjectRule, Route, Severity, Step, Unit, ir
from backend_lint.rules.api._shared import is_page

_PLACEHOLDER = re.compile(r"\{[^}]*\}")
_RAW = frozenset({"path_params", "view_args", "kwargs", "match_info", "resolver_match", "scope", "path"})
_HAND_THE_REQUEST = frozenset({"django", "drf"})
_KNOWN_DECORATORS = (
    "flask_login.",
    "flask_jwt_extended.",
    "flask.",
    "quart.",
    "django.",
    "rest_framework.",
    "functools.",
)


class PathParameterMismatch(ProjectRule):
    code = "API104"
    severity = Severity.HIGH
    cwe = (628,)
    unit = Unit.ROUTE

    def check(self, project: Project) -> Iterator[Finding]:
        seen: set[tuple[object, str]] = set()
        is_changed = any(map(_is_preprocessor, project.functions()))
        for route in project.routes:
            if route.handler is None or (route.at, route.path) in seen:
                continue
            seen.add((route.at, route.path))
            match route.framework:
                case "fastapi" | "litestar":
                    yield from self._injected(project, route, route.handler)
                case "drf" if route.handler.cls is not None:
                    continue  # a view set may name what it looks up by anywhere
                case "flask" | "django" | "drf" | "quart":
                    yield from self._passed(project, route, route.handler, is_changed)

    def _injected(self, project: Project, route: Route, handler: Function) -> Iterator[Finding]:
        """FastAPI and Litestar take by name what is asked for, and drop the rest."""
        taken = {each.name for each in route.inputs if each.where == "path"}
        if route.framework == "litestar":
            taken = {each.name for function in (handler, *route.dependencies) for each in function.parameters}
        unused = [name for name, kind in route.converters.items() if name not in taken and kind != "path"]
        own = route.path[len(route.path) - len(_own_path(route)) :]
        if unused and not is_page(project, route) and not any(map(_reads_raw, (handler, *route.dependencies))):
            for name in (each for each in unused if each not in project.derived(_read_by_name)):
                asked = next(
                    (each for each in route.inputs if each.where == "query" and _is_near(each.name, name)), None
                )
                if asked is None and not {f"{{{name}}}", f"{{{name}:{route.converters[name]}}}"} & set(
                    _PLACEHOLDER.findall(own)
                ):
                    continue  # a prefix of many routes, of which not each needs all
                yield self._unused(route, name, "" if asked is None else asked.name)
        for each in route.inputs:
            if each.where == "path" and each.name not in route.converters:
                yield self.finding(
                    route.at,
                    f"`{each.name}` is declared as a path parameter, and `{route.path}` has none of that name",
                    help=f"Add `{{{each.name}}}` to the path, or take it from the query string.",
                    related=[] if each.at is None else [Step(each.at, "it is declared here")],
                    discriminator=f"{route.label} {each.name}",
                    unit=route.label,
                )

    def _unused(self, route: Route, name: str, asked: str) -> Finding:
        handler = route.handler_name.rpartition(".")[2]
        then = f", which reads `{asked}` from the query string" if asked else ""
        return self.finding(
            route.at,
            f"`{{{name}}}` of `{route.path}` never reaches `{handler}`{then}",
            help=f"Rename the parameter to `{name}`."
            if asked
            else f"Take `{name}` as a parameter, or drop it from the path.",
            discriminator=f"{route.label} {name}",
            unit=route.label,
            severity=Severity.HIGH if asked else Severity.MEDIUM,
        )

    def _passed(self, project: Project, route: Route, handler: Function, is_changed: bool) -> Iterator[Finding]:
        """Flask and Django call the handler with each placeholder as a keyword argument, unless a preprocessor of
        Flask's changes those."""
        if _may_change_arguments(project, handler) or _hands_on_otherwise(project, route):
            return
        if isinstance(route.scope, Function) and route.scope.cls is not None:
            return  # a class that registers in its own way may give the path another prefix
        parameters = handler.parameters
        if handler.takes_receiver:
            parameters = parameters[1:]
        if route.framework in _HAND_THE_REQUEST:
            parameters = parameters[1:]
        names = {each.name for each in parameters}
        required = [each.name for each in parameters if each.default is None and each.kind not in ("star", "stars")]
        is_whole = route.framework in _HAND_THE_REQUEST or not is_changed
        dropped = [name for name in route.converters if name not in names] if is_whole else []
        missing = [name for name in required if name not in route.converters]
        if dropped and not any(each.kind == "stars" for each in parameters):
            yield self._fails(route, f"`{route.path}` passes `{dropped[0]}`, which `{handler.name}` does not take")
        elif missing and route.framework in ("flask", "quart") and "defaults" not in route.options:
            yield self._fails(route, f"`{handler.name}` requires `{missing[0]}`, which `{route.path}` does not have")

    def _fails(self, route: Route, message: str) -> Finding:
        return self.finding(
            route.at,
            f"{message}: every request fails with a TypeError",
            help="Use the same names in the path and in the function.",
            discriminator=route.label,
            unit=route.label,
        )


def _own_path(route: Route) -> str:
    """The part of the path that is written at the route itself."""
    call = next((each for each in (route.handler.decorators if route.handler else []) if type(each) is ir.Call), None)
    for expr in route.handler.decorators if route.handler else []:
        if type(expr) is ir.Call and route.at == route.handler.module.place(expr):  # type: ignore[union-attr]
            call = expr
    written = None if call is None else call.argument(0, "path")
    return written.value if type(written) is ir.Const and isinstance(written.value, str) else route.path


def _is_near(asked: str, name: str) -> bool:
    """Whether one is the other's end, as `id` and `item_id`."""
    return asked != name and (name.endswith(f"_{asked}") or asked.endswith(f"_{name}"))


def _read_by_name(project: Project) -> set[str]:
    """What code anywhere takes out of the path by itself, as permissions do: `request.path_params["org"]`."""
    return {name for function in project.functions() for name in _raw_names(function)}


def _raw_names(function: Function) -> Iterator[str]:
    for node in ir.walk(function.body):
        match node:
            case ir.Call(func=ir.Attribute(name="get", value=ir.Attribute(name="path_params")), args=[first, *_]):
                if isinstance(first.value, ir.Const):
                    yield str(first.value.value)
            case ir.Subscript(value=ir.Attribute(name="path_params"), index=ir.Const(value=name)):
                yield str(name)


def _reads_raw(function: Function) -> bool:
    return any(type(node) is ir.Attribute and node.name in _RAW for node in ir.walk(function.body))


def _may_change_arguments(project: Project, handler: Function) -> bool:
    """Whether a decorator may add or take away arguments: one of the project that names any, or one not known."""
    for expr in handler.decorators:
        target = ir.callee(expr)
        name = project.qualified(target, handler.around) or ir.dotted(target) or ""
        function = project.function(name)
        if function is not None:
            if not all(_passes_on(each) for each in (function, *_nested(function))):
                return True
        elif not name.startswith(_KNOWN_DECORATORS) and name.rpartition(".")[2] not in (
            "route",
            "get",
            "post",
            "put",
            "patch",
            "delete",
            "staticmethod",
            "classmethod",
        ):
            return True
    return False


def _hands_on_otherwise(project: Project, route: Route) -> bool:
    """Whether a class of the view decorates its methods, or calls them in a way of its own."""
    above = (
        [] if route.view is None else [each for each in project.classes.mro(route.view) if not isinstance(each, str)]
    )
    return any(
        any(not _is_harmless(each.attributes[name].value, each, project) for name in _WRAPS & each.attributes.keys())
        or not _CALLS.isdisjoint(each.methods)
        or each.facts.decorators
        for each in above
    )


def _is_harmless(decorators: ir.Expr | None, cls: Class, project: Project) -> bool:
    """Whether a list of decorators has only such as pass on what they get."""
    return isinstance(decorators, ir.Sequence) and all(
        (project.qualified(each, cls) or "").startswith(_KNOWN_DECORATORS) for each in decorators.items
    )


_WRAPS = frozenset({"decorators", "method_decorators"})
_CALLS = frozenset({"dispatch", "dispatch_request", "setup"})


def _is_preprocessor(function: Function) -> bool:
    """Whether Flask lets it change what a path gives: `@app.url_value_preprocessor`."""
    return any((ir.dotted(each) or "").endswith("url_value_preprocessor") for each in function.decorators)


def _nested(function: Function) -> Iterator[Function]:
    for each in function.nested.values():
        yield each
        yield from _nested(each)


def _passes_on(function: Function) -> bool:
    """Whether all arguments go through as they came: `*args, **kwargs`, neither read nor changed."""
    stars = {each.name for each in function.parameters if each.kind in ("star", "stars")}
    if not stars:
        return True
    if len(stars) != len(function.parameters):
        return False
    passed = [
        arg.value for call in ir.calls(function.body) for arg in call.args if arg.stars and type(arg.value) is ir.Name
    ]
    reads = [node for node in ir.walk(function.body) if type(node) is ir.Name and node.id in stars]
    keywords = any(
        not arg.stars for call in ir.calls(function.body) if any(each.stars for each in call.args) for arg in call.args
    )
    return len(reads) == len(passed) and not keywords
