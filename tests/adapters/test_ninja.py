from __future__ import annotations

from typing import Any

import pytest

from backend_lint.project.model.export import exported
from tests.adapters.comparison import addresses, app, is_guarded
from tests.adapters.truth import guards, truth
from tests.reading import project


class TestRunningApplication:
    def test_routes_are_those_that_the_apis_serve(self) -> None:
        assert addresses(exported(app("ninja_shop"))["routes"]) == addresses(truth("ninja_shop")["routes"])

    def test_guards_stand_where_the_apis_refuse(self) -> None:
        found = [row | {"guarded": is_guarded(row)} for row in exported(app("ninja_shop"))["routes"]]
        assert guards(found) == guards(truth("ninja_shop")["routes"])

    @pytest.mark.parametrize("field", ["params", "body", "response_model", "status_code", "tags", "deprecated"])
    def test_what_the_apis_document_is_what_was_read(self, field: str) -> None:
        assert _field(exported(app("ninja_shop")), field) == _field(truth("ninja_shop"), field)


def _field(model: dict[str, Any], field: str) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return sorted(map(str, (tuple(sorted(each.items())) for each in value))) if field == "params" else value

    return {f"{method} {row['path']}": plain(row[field]) for row in model["routes"] for method in row["methods"]}


def test_authenticators_of_which_one_is_enough_are_one_guard() -> None:
    text = """
from django.urls import path
from ninja import NinjaAPI
from ninja.security import HttpBearer, django_auth
class Token(HttpBearer):
    def authenticate(self, request, token): ...
api = NinjaAPI()
@api.get("/", auth=[django_auth, Token()])
def home(request): ...
urlpatterns = [path("", api.urls)]
"""
    [route] = project({"urls.py": text}).routes
    assert [guard.name for guard in route.guards] == ["django_auth | Token"]
