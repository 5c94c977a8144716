"""What parameters without an annotation are, by the conventions of the frameworks that fill them."""

from __future__ import annotations

from collections.abc import Iterable

from backend_lint.facts import ir
from backend_lint.project import Project
from backend_lint.project.modules import Class, Function, Module
from backend_lint.project.types import Type


class Conventions:
    def __init__(self, project: Project) -> None:
        self.project = project
        self._imported: dict[str, str | None] = {}

    def type_of(self, parameter: str, function: Function) -> str | None:
        """The class of what a framework hands over under this name."""
        if parameter in _NAMES:
            return self._request(function)
        if (parameter, function.name) in _HANDED and function.cls is not None:
            return self._handed_by_the_view(parameter, function.cls)
        return None

    def _handed_by_the_view(self, parameter: str, cls: Class) -> str | None:
        """The class of the form or serializer that a view hands to one of its own methods: the one that it names."""
        owners = (each for each in self.project.classes.mro(cls) if isinstance(each, Class))
        named = next((stmt for each in owners if (stmt := each.attributes.get(f"{parameter}_class")) is not None), None)
        found = self.project.types.attribute(Type(cls.qualified), f"{parameter}_class") if named is not None else None
        return found.name if found is not None and found.itself else None

    def _request(self, function: Function) -> str | None:
        """The class of a request: from the view's base, the decorators, the imports, or what is read of it."""
        cls = function.cls
        if cls is not None:
            for base, kind in _VIEWS:
                if self.project.classes.is_subclass(cls, base):
                    return kind
        named = (self.project.qualified(ir.callee(each), function.module) or "" for each in function.decorators)
        found = _framework(each.partition(".")[0] for each in named)
        if found not in (None, _DJANGO):
            return found
        found = found or self._of_imports(function.module)
        if found == _DJANGO:
            return _REST if _read_of_request(function) & _ONLY_REST else _DJANGO
        return _DJANGO if found is None and _read_of_request(function) & _ONLY_DJANGO else found

    def _of_imports(self, module: Module) -> str | None:
        """The request of the framework that a module imports, or else one of the project does."""
        if module.name not in self._imported:
            found = _framework(_imports(module))
            if found is None:
                found = _framework(each for other in self.project.modules.values() for each in _imports(other))
            self._imported[module.name] = found
        return self._imported[module.name]


def _imports(module: Module) -> Iterable[str]:
    return (each.module.partition(".")[0] for each in module.facts.imports if not each.level)


def _framework(names: Iterable[str]) -> str | None:
    found = set(names)
    return next((kind for name, kind in _REQUESTS if name in found), None)


def _read_of_request(function: Function) -> frozenset[str]:
    """The attributes of the request that a function reads."""
    return frozenset(
        node.name
        for node in ir.walk(function.body)
        if type(node) is ir.Attribute and type(node.value) is ir.Name and node.value.id in _NAMES
    )


_NAMES = frozenset({"request", "req"})
_DJANGO = "django.http.HttpRequest"
_REST = "rest_framework.request.Request"
_ONLY_DJANGO = frozenset({"GET", "POST", "FILES", "COOKIES", "META"})
_ONLY_REST = frozenset({"data", "query_params"})
_REQUESTS = (
    ("rest_framework", _REST),
    ("django", _DJANGO),
    ("starlette", "starlette.requests.Request"),
    ("fastapi", "starlette.requests.Request"),
    ("aiohttp", "aiohttp.web.Request"),
    ("sanic", "sanic.request.Request"),
    ("litestar", "starlette.requests.Request"),
    ("pyramid", "pyramid.request.Request"),
    ("flask", "flask.Request"),
    ("werkzeug", "flask.Request"),
    ("falcon", "falcon.Request"),
    ("bottle", "bottle.BaseRequest"),
    ("quart", "flask.Request"),
    ("functions_framework", "flask.Request"),
)
_VIEWS = (
    ("rest_framework.views.APIView", _REST),
    ("django.views.generic.View", _DJANGO),
    ("starlette.endpoints.HTTPEndpoint", "starlette.requests.Request"),
    ("aiohttp.web.View", "aiohttp.web.Request"),
)
_HANDED = frozenset(
    {
        ("form", "form_valid"),
        ("form", "form_invalid"),
        ("serializer", "perform_create"),
        ("serializer", "perform_update"),
    }
)
