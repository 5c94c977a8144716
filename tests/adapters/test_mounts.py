from __future__ import annotations

import pytest

from tests.adapters.truth import APPS
from tests.reading import project

ORDERS = "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/orders')\ndef listed(): ...\n"


def mounts(files: dict[str, str]) -> dict[str, bool]:
    return {each.name: each.is_mounted for each in project(files).routers}


def test_a_router_is_mounted_where_something_includes_it() -> None:
    main = "from fastapi import FastAPI\nimport orders\napp = FastAPI()\napp.include_router(orders.router)\n"
    files = {"orders.py": ORDERS, "stock.py": ORDERS, "main.py": main}
    assert mounts(files) == {"orders.router": True, "stock.router": False}


def test_what_cannot_be_read_may_mount_anything() -> None:
    main = "from fastapi import FastAPI\napp = FastAPI()\nfor name in found():\n    app.include_router(load(name))\n"
    assert mounts({"orders.py": ORDERS, "main.py": main}) == {"orders.router": True}
    assert mounts({"orders.py": ORDERS}) == {"orders.router": True}


@pytest.mark.parametrize("name", ["fastapi_shop", "flask_shop", "django_shop"])
def test_the_samples_serve_all_that_they_have(name: str) -> None:
    sources = {str(path.relative_to(APPS / name)): path.read_text() for path in sorted((APPS / name).rglob("*.py"))}
    assert all(mounts(sources).values())
