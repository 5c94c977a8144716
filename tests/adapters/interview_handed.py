"""Ask a running aiohttp, Sanic, Tornado or Litestar application what it is, as interview.py does for the others.

python interview_handed.py routes DIRECTORY package.module:app_or_factory
"""

from __future__ import annotations

import asyncio
import inspect
import json
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import interview

Row = dict[str, Any]
Ask = Callable[[str, str], tuple[int, str]]
"""Status and `Location` of the answer to a method at an address."""

HTTP = ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
SAMPLES = {"int": "7", "float": "1.5", "uuid": interview.SAMPLE_STRINGS["uuid"]}


def routes(app: Any, root: Path) -> list[Row]:
    modules = {each.__module__.partition(".")[0] for each in type(app).__mro__}
    readers = {"aiohttp": _aiohttp, "sanic": _sanic, "tornado": _tornado, "litestar": _litestar}
    read = next(reader for name, reader in readers.items() if name in modules)
    return sorted(read(app, root), key=lambda row: (row["path"], row["methods"], row["handler"]))


def _answer(ask: Ask, method: str, url: str) -> bool:
    status, location = ask(method, url)
    return interview._is_refusal(status, location)


def _rows(
    ask: Ask, path: str, url: str, methods: list[str], endpoint: Any, root: Path, name: str | None
) -> Iterator[Row]:
    file = interview._file(endpoint, root)
    if file is None:
        return
    row = interview._row(path, endpoint, file, name)
    if methods == ["*"]:
        yield row | {"methods": ["*"], "guarded": _answer(ask, "GET", url)}
    else:
        yield from interview._split_by_guard(row, methods, lambda method: _answer(ask, method, url))


# aiohttp


def _aiohttp(app: Any, root: Path) -> list[Row]:
    from aiohttp import web
    from aiohttp.test_utils import TestClient, TestServer

    loop = asyncio.new_event_loop()

    async def started() -> Any:
        client = TestClient(TestServer(app))
        await client.start_server()
        return client

    client = loop.run_until_complete(started())

    async def asked(method: str, url: str) -> tuple[int, str]:
        body = {"json": {"name": "sample"}} if method in interview.BODY_METHODS else {}
        async with client.request(method, url, allow_redirects=False, **body) as response:
            return response.status, response.headers.get("Location", "")

    def ask(method: str, url: str) -> tuple[int, str]:
        return loop.run_until_complete(asked(method, url))

    found: list[Row] = []
    for route in _aiohttp_routes(app):
        path = route.resource.canonical
        url = re.sub(r"{\w+}", "sample", path)
        handler = route.handler
        if inspect.isclass(handler) and issubclass(handler, web.View):
            for method in HTTP:
                if hasattr(handler, method.lower()):
                    found += _rows(ask, path, url, [method], handler, root, method.lower())
        elif route.method != "HEAD":
            found += _rows(ask, path, url, [route.method], handler, root, None)
    loop.run_until_complete(client.close())
    return found


def _aiohttp_routes(app: Any) -> Iterator[Any]:
    yield from (route for route in app.router.routes() if route.resource.canonical and _is_own(app, route))
    for child in app._subapps:
        yield from _aiohttp_routes(child)


def _is_own(app: Any, route: Any) -> bool:
    return any(
        route in list(resource)
        for resource in app.router.resources()
        if type(resource).__name__ != "PrefixedSubAppResource"
    )


# Sanic


def _sanic(app: Any, root: Path) -> list[Row]:
    from sanic_testing.testing import SanicASGITestClient

    loop = asyncio.new_event_loop()
    client = SanicASGITestClient(app)

    def ask(method: str, url: str) -> tuple[int, str]:
        body = {"json": {"price": 1}} if method in interview.BODY_METHODS else {}
        asked = client.request(method.lower(), url, follow_redirects=False, **body)
        _, response = loop.run_until_complete(asked)
        return response.status, response.headers.get("location", "")

    found: list[Row] = []
    app.finalize() if not app.router.finalized else None
    for route in app.router.routes:
        path = "/" + re.sub(r"<(?:__dynamic__:)?(\w+)(?::[^<>]*)?>", r"{\1}", route.path).strip("/")
        path += "/" if len(path) > 1 and route.path.endswith("/") else ""
        url = "/" + re.sub(r"<(\w+)(?::([^<>]*))?>", lambda match: SAMPLES.get(match[2], "sample"), route.path)
        view = getattr(route.handler, "view_class", None)
        methods = interview._methods(set(route.methods) - {"OPTIONS"})
        for method in methods if view is not None else [None]:
            wanted = methods if method is None else [method]
            name = None if method is None else method.lower()
            if name is None or hasattr(view, name):
                found += _rows(ask, path, url, wanted, view or route.handler, root, name)
    return found


# Tornado


def _tornado(app: Any, root: Path) -> list[Row]:
    from tornado.httpclient import AsyncHTTPClient
    from tornado.httpserver import HTTPServer
    from tornado.testing import bind_unused_port

    loop = asyncio.new_event_loop()

    async def started() -> int:
        socket, port = bind_unused_port()
        server = HTTPServer(app)
        server.add_socket(socket)
        return int(port)

    port = loop.run_until_complete(started())

    async def asked(method: str, url: str) -> tuple[int, str]:
        body = "{}" if method in ("POST", "PUT", "PATCH") else None
        address = f"http://127.0.0.1:{port}{url}"
        fetched = AsyncHTTPClient().fetch(
            address, method=method, body=body, raise_error=False, follow_redirects=False, allow_nonstandard_methods=True
        )
        response = await fetched
        return response.code, response.headers.get("Location", "")

    def ask(method: str, url: str) -> tuple[int, str]:
        return loop.run_until_complete(asked(method, url))

    found: list[Row] = []
    for spec in _tornado_specs(app):
        handler = spec.target
        pattern = spec.matcher.regex.pattern.removesuffix("$").replace("?", "").replace("(P<", "(?P<")
        verbs = [method for method in HTTP if method.lower() in _defined(handler)]
        if hasattr(handler, "open"):
            found += _rows(lambda *_: (101, ""), pattern, pattern, ["WEBSOCKET"], handler, root, None)
            continue
        for method in verbs:
            function = getattr(handler, method.lower())
            path = pattern
            for name in list(inspect.signature(function).parameters)[1:]:
                path = re.sub(r"\((?:\?P<\w+>)?[^()]*\)", f"{{{name}}}", path, count=1)
            url = re.sub(r"{\w+}", "sample", path)
            found += _rows(ask, path, url, [method], handler, root, method.lower())
    return found


def _tornado_specs(app: Any) -> Iterator[Any]:
    from tornado.routing import Router

    def below(router: Any) -> Iterator[Any]:
        for rule in router.rules:
            if isinstance(rule.target, Router) and hasattr(rule.target, "rules"):
                yield from below(rule.target)
            elif inspect.isclass(rule.target) and hasattr(rule.matcher, "regex"):
                yield rule

    yield from below(app.default_router)


def _defined(handler: type) -> set[str]:
    """The HTTP methods that a handler defines, as opposed to those of Tornado that answer 405."""
    return {name for each in handler.__mro__ if not each.__module__.startswith("tornado") for name in vars(each)}


# Litestar


def _litestar(app: Any, root: Path) -> list[Row]:
    from litestar.routes import HTTPRoute
    from litestar.testing import TestClient

    found: list[Row] = []
    with TestClient(app) as client:

        def ask(method: str, url: str) -> tuple[int, str]:
            body = {"json": {"sku": "sample", "price": 1}} if method in ("POST", "PUT", "PATCH") else {}
            response = client.request(method, url, follow_redirects=False, **body)
            return response.status_code, response.headers.get("location", "")

        for route in app.routes:
            path = re.sub(r"{(\w+):\w+}", r"{\1}", route.path_format) or "/"
            url = re.sub(r"{(\w+):(\w+)}", lambda match: SAMPLES.get(match[2], "sample"), route.path)
            for handler in route.route_handlers if isinstance(route, HTTPRoute) else ():
                methods = interview._methods({str(method) for method in handler.http_methods} - {"OPTIONS"})
                if methods:
                    found += _rows(ask, path, url, methods, handler.fn, root, None)
    return found


def main(kind: str, directory: str, target: str) -> None:
    root = Path(directory).resolve()
    sys.path[0] = str(root)
    json.dump({kind: routes(interview.load(target), root)}, sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
