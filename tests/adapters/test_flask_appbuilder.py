from __future__ import annotations

from backend_lint.project.model.export import exported
from tests.adapters.comparison import addresses, app, is_guarded
from tests.adapters.truth import guards, truth
from tests.reading import project

NAME = "flask_appbuilder_clinic"


class TestRunningApplication:
    def test_routes_are_those_that_the_application_serves(self) -> None:
        assert addresses(exported(app(NAME))["routes"]) == addresses(truth(NAME)["routes"])

    def test_guards_stand_where_the_application_refuses(self) -> None:
        found = [row | {"guarded": is_guarded(row)} for row in exported(app(NAME))["routes"]]
        assert guards(found) == guards(truth(NAME)["routes"])


BASE = "from flask import Flask\nfrom flask_appbuilder import AppBuilder, BaseView, expose\napp = Flask(__name__)\n"


def test_an_application_builder_is_known_where_a_class_keeps_it() -> None:
    text = (
        "appbuilder = AppBuilder()\n"
        "class Views(BaseView):\n    route_base = '/views'\n    @expose('/one')\n    def one(self): ...\n"
        "class Initializer:\n"
        "    def __init__(self, app):\n        self.app = app\n"
        "    def init_views(self):\n        appbuilder.add_view_no_menu(Views)\n"
    )
    assert [(route.label, route.at.line) for route in project({"app.py": BASE + text}).routes] == [
        ("GET /views/one", 7)
    ]


def test_a_hook_of_a_class_guards_the_methods_that_it_names() -> None:
    text = (
        "from flask import abort, session\nfrom flask_appbuilder.hooks import before_request\n"
        "class Views(BaseView):\n"
        "    @before_request(only=['two'])\n    def check(self):\n"
        "        if 'user' not in session:\n            abort(401)\n"
        "    @expose('/one')\n    def one(self): ...\n    @expose('/two')\n    def two(self): ...\n"
        "AppBuilder(app).add_view(Views, 'Views')\n"
    )
    found = project({"app.py": BASE + text}).routes
    assert {route.label: route.is_guarded for route in found} == {"GET /views/one": False, "GET /views/two": True}
