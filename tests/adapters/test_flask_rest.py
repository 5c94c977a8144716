from __future__ import annotations

from backend_lint.project.model import Route
from backend_lint.project.model.export import exported
from tests.adapters.comparison import addresses, app, is_guarded
from tests.adapters.truth import guards, truth
from tests.reading import project


class TestRunningApplication:
    def test_routes_are_those_that_the_application_serves(self) -> None:
        assert addresses(exported(app("flask_rest"))["routes"]) == addresses(truth("flask_rest")["routes"])

    def test_guards_stand_where_the_application_refuses(self) -> None:
        found = [row | {"guarded": is_guarded(row)} for row in exported(app("flask_rest"))["routes"]]
        assert guards(found) == guards(truth("flask_rest")["routes"])

    def test_what_is_said_to_be_deprecated_is(self) -> None:
        found, said = exported(app("flask_rest"))["routes"], truth("flask_rest")["routes"]
        assert addresses([each for each in found if each["deprecated"]]) == addresses(
            [each for each in said if each["deprecated"]]
        )


RESTFUL = """
from flask import Blueprint, Flask, abort, session
from flask_restful import Api, Resource
app = Flask(__name__)
def required(method):
    def inner(*args, **kwargs):
        if "user" not in session:
            abort(401)
        return method(*args, **kwargs)
    return inner
class Item(Resource):
    def get(self): ...
"""
RESTX = RESTFUL.replace("flask_restful import Api", "flask_restx import Api, Namespace")


def routes(text: str) -> list[Route]:
    return project({"app.py": text}).routes


def test_an_api_that_is_initialised_later_is_served_where_it_was_initialised() -> None:
    text = (
        "api = Api(prefix='/v1')\napi.add_resource(Item, '/a', '/b')\n"
        "bp = Blueprint('b', __name__)\napi.init_app(bp)\napp.register_blueprint(bp, url_prefix='/x')\n"
    )
    assert [route.label for route in routes(RESTFUL + text)] == ["GET /x/v1/a", "GET /x/v1/b"]


def test_a_subclass_of_an_api_registers_through_its_own_methods() -> None:
    text = (
        "def scoped(url):\n    return '/org' + url\n"
        "class Own(Api):\n    def add(self, resource, *urls):\n        urls = [scoped(url) for url in urls]\n"
        "        return self.add_resource(resource, *urls)\napi = Own(app)\napi.add(Item, '/a')\n"
    )
    assert [route.label for route in routes(RESTFUL + text)] == ["GET /org/a"]


def test_decorators_of_an_api_guard_all_its_resources() -> None:
    text = "api = Api(app, decorators=[required])\napi.add_resource(Item, '/a')\n"
    assert [route.is_guarded for route in routes(RESTFUL + text)] == [True]


def test_decorators_of_one_method_guard_that_method() -> None:
    text = (
        "class Other(Resource):\n    method_decorators = {'post': [required]}\n    def get(self): ...\n"
        "    def post(self): ...\nApi(app).add_resource(Other, '/a')\n"
    )
    assert {route.label: route.is_guarded for route in routes(RESTFUL + text)} == {"GET /a": False, "POST /a": True}


def test_a_namespace_is_served_under_its_name_unless_a_path_is_given() -> None:
    text = (
        "api = Api(app, prefix='/api')\nusers = Namespace('users')\nhidden = Namespace('x', path='/y')\n"
        "@users.route('/<int:id>')\nclass User(Resource):\n    def get(self, id): ...\n"
        "@hidden.route('')\nclass Hidden(Resource):\n    def get(self): ...\n"
        "api.add_namespace(users)\napi.add_namespace(hidden, '/z')\n"
        "own = api.namespace('own')\n@own.route('/a')\nclass A(Resource):\n    def get(self): ...\n"
    )
    found = routes(RESTX + text)
    assert [route.label for route in found] == ["GET /api/users/{id}", "GET /api/z", "GET /api/own/a"]
    assert [route.router for route in found] == ["app.users", "app.hidden", "app.own"]
