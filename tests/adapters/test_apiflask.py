from __future__ import annotations

from backend_lint.project.model.export import exported
from tests.adapters.comparison import addresses, app, is_guarded
from tests.adapters.truth import guards, truth

NAME = "apiflask_pets"


class TestRunningApplication:
    def test_routes_are_those_that_the_application_serves(self) -> None:
        assert addresses(exported(app(NAME))["routes"]) == addresses(truth(NAME)["routes"])

    def test_guards_stand_where_the_application_refuses(self) -> None:
        found = [row | {"guarded": is_guarded(row)} for row in exported(app(NAME))["routes"]]
        assert guards(found) == guards(truth(NAME)["routes"])


def test_what_a_view_takes_are_its_inputs() -> None:
    found = {f"{','.join(route.methods)} {route.path}": route for route in app(NAME).routes}
    made, listed = found["POST /owners"], found["GET /owners"]
    assert (made.body, made.body_schemas) == ("OwnerIn", ("pets.schemas.OwnerIn",))
    assert [(each.name, each.where, each.type) for each in listed.inputs] == [
        ("page", "query", "int"),
        ("order", "query", "str"),
    ]
