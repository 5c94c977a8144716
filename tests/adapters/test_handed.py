from __future__ import annotations

import pytest

from backend_lint.project.model.export import exported
from tests.adapters.comparison import addresses, app, is_guarded
from tests.adapters.truth import HANDED, SAMPLES, guards, truth
from tests.reading import project

samples = pytest.mark.parametrize("name", [name for name, sample in SAMPLES.items() if sample.script == HANDED])


class TestRunningApplication:
    @samples
    def test_routes_are_those_that_the_application_serves(self, name: str) -> None:
        assert addresses(exported(app(name))["routes"]) == addresses(truth(name)["routes"])

    @samples
    def test_guards_stand_where_the_application_refuses(self, name: str) -> None:
        found = [row | {"guarded": is_guarded(row)} for row in exported(app(name))["routes"]]
        assert guards(found) == guards(truth(name)["routes"])


def described(text: str) -> dict[str, object]:
    (route,) = project({"app.py": text}).routes
    return {each.name: (each.where, each.type) for each in route.inputs} | {"body": route.body}


def test_what_an_aiohttp_handler_reads_is_its_input() -> None:
    text = """
from aiohttp import web
async def show(request: web.Request):
    payload = await request.json()
    return web.json_response([request.match_info["id"], request.query.get("page"), payload["name"]])
app = web.Application()
app.add_routes([web.post("/a/{id}", show)])
"""
    assert described(text) == {
        "id": ("path", "str"),
        "page": ("query", "str"),
        "name": ("body", None),
        "body": "json",
    }


def test_what_a_sanic_handler_reads_is_its_input() -> None:
    text = """
from sanic import Sanic
app = Sanic("a")
@app.get("/a/<id:int>")
async def show(request, id):
    return request.args.get("page")
"""
    assert described(text) == {"id": ("path", "int"), "page": ("query", "str"), "body": None}


def test_factories_that_others_call_are_not_served_on_their_own() -> None:
    text = """
from aiohttp import web
async def show(request): ...
def inner():
    app = web.Application()
    app.router.add_get("/a", show)
    return app
def outer():
    app = web.Application()
    app.add_subapp("/b", inner())
    return app
"""
    assert [route.label for route in project({"app.py": text}).routes] == ["GET /b/a"]


LITESTAR = """
from litestar import Controller, Litestar, get, post
from litestar.security.jwt import JWTAuth
class Users(Controller):
    path = "/users"
    @get("/{user_id:int}")
    async def show(self, user_id: int, verbose: bool = False) -> dict: ...
    @post("/", exclude_from_auth=True)
    async def join(self, data: dict) -> dict: ...
"""


def test_what_a_litestar_handler_declares_is_its_input() -> None:
    show, join = project({"app.py": LITESTAR + "app = Litestar([Users])"}).routes
    assert [(each.name, each.where, each.type) for each in show.inputs] == [
        ("user_id", "path", "int"),
        ("verbose", "query", "bool"),
    ]
    assert (show.status_code, join.status_code, join.body) == (200, 201, "dict")


def test_litestar_asks_for_a_token_everywhere_but_at_what_is_excluded() -> None:
    text = LITESTAR + (
        'auth = JWTAuth[dict](token_secret="x", exclude=["^/schema", "^/health"])\n'
        '@get("/health")\nasync def health() -> str: ...\n'
        "app = Litestar([Users, health], on_app_init=[auth.on_app_init])"
    )
    guarded = {route.label: route.is_guarded for route in project({"app.py": text}).routes}
    assert guarded == {"GET /users/{user_id}": True, "POST /users": False, "GET /health": False}


def test_a_plugin_of_litestar_registers_handlers() -> None:
    text = LITESTAR + (
        "class Core:\n    def on_app_init(self, app_config):\n        app_config.route_handlers.extend([Users])\n"
        "        return app_config\napp = Litestar(plugins=[Core()])"
    )
    assert len(project({"app.py": text}).routes) == 2


def test_handlers_that_a_condition_may_rewrite_are_served_as_they_were_written() -> None:
    files = {
        "urls.py": "import handlers\nroutes = [\n    (r'/orders', handlers.Orders),\n]\n",
        "handlers.py": (
            "from tornado.web import RequestHandler\nclass Orders(RequestHandler):\n    def get(self): ...\n"
        ),
        "app.py": (
            "import tornado.web\nfrom urls import routes\n"
            "class App(tornado.web.Application):\n"
            "    def __init__(self, options=None, **kwargs):\n"
            "        handlers = routes\n"
            "        if options is not None and options.prefix:\n"
            "            handlers = [(options.prefix + each[0], each[1]) for each in handlers]\n"
            "        kwargs.update(handlers=handlers)\n"
            "        super().__init__(**kwargs)\n"
            "def main(options):\n    return App(options)\n"
        ),
    }
    found = project(files).routes
    assert [(route.label, str(route.at)) for route in found] == [("GET /orders", "urls.py:3:6")]


def test_handlers_that_are_gathered_from_modules_are_served() -> None:
    files = {
        "hub/users.py": "from tornado.web import RequestHandler\nclass User(RequestHandler):\n    def get(self, *args, name): ...\n"
        "default_handlers = [(r'/users/([^/]+)', User)]\n",
        "hub/__init__.py": "",
        "hub/app.py": "import importlib\nfrom tornado import web\nfrom hub import users\n"
        "class Hub:\n    def start(self):\n        self.app = web.Application(self.gather(), debug=True)\n"
        "    def gather(self):\n        return [each for name in self.plugins for each in load(name)]\n",
    }
    [route] = project(files).routes
    assert (route.label, route.space) == ("GET /users/{name}", "hub.users.default_handlers")


def test_an_extension_registers_on_the_application_of_its_server() -> None:
    handlers = (
        "from jupyter_server.base.handlers import APIHandler\nfrom jupyter_server.utils import url_path_join as ujoin\n"
        "class Status(APIHandler):\n    def get(self): ...\n"
        "class Jobs(APIHandler):\n    def get(self, job_id): ...\n"
        "def add_handlers(nbapp):\n    base = ujoin(nbapp.base_url, 'lsp')\n"
        "    nbapp.web_app.add_handlers('.*', [(ujoin(base, 'status'), Status, {'manager': nbapp.manager})])\n"
    )
    extension = (
        "from jupyter_server.extension.application import ExtensionApp\nfrom handlers import Jobs\n"
        "class Scheduler(ExtensionApp):\n    handlers = [(r'/jobs/%s' % r'(?P<job_id>\\w+)', Jobs)]\n"
    )
    found = project({"handlers.py": handlers, "extension.py": extension})
    assert [route.label for route in found.routes] == ["GET /jobs/{job_id}", "GET /lsp/status"]
    assert found.apps == []
