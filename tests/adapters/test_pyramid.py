from __future__ import annotations

from backend_lint.project.model.export import exported
from tests.adapters.comparison import addresses, app, is_guarded
from tests.adapters.truth import guards, truth
from tests.reading import project

NAME = "pyramid_desk"


class TestRunningApplication:
    def test_routes_are_those_that_the_application_serves(self) -> None:
        assert addresses(exported(app(NAME))["routes"]) == addresses(truth(NAME)["routes"])

    def test_guards_stand_where_the_application_refuses(self) -> None:
        found = [row | {"guarded": is_guarded(row)} for row in exported(app(NAME))["routes"]]
        assert guards(found) == guards(truth(NAME)["routes"])


SERVICES = """
from cornice import Service
from cornice.resource import resource, view
from pyramid.security import NO_PERMISSION_REQUIRED
users = Service(name="users", path="/users/{name}", permission="read")
@users.get(permission=NO_PERMISSION_REQUIRED)
def show(request): ...
@users.delete()
def remove(request): ...
@resource(collection_path="/notes", path="/notes/{id}")
class Notes:
    def collection_get(self): ...
    @view(permission="write")
    def put(self): ...
"""


def test_services_and_resources_of_cornice_are_routes() -> None:
    found = {route.label: route.is_guarded for route in project({"app.py": SERVICES}).routes}
    assert found == {
        "GET /users/{name}": False,
        "DELETE /users/{name}": True,
        "GET /notes": False,
        "PUT /notes/{id}": True,
    }


def test_a_default_permission_is_that_of_views_without_their_own() -> None:
    text = """
from pyramid.view import view_config
def includeme(config):
    config.set_default_permission("read")
    config.add_route("home", "/")
@view_config(route_name="home")
def home(request): ...
"""
    [route] = project({"app.py": text}).routes
    assert [(guard.name, guard.level) for guard in route.guards] == [("read", "default")]
