from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend_lint import adapters
from backend_lint.core import Role
from backend_lint.discover import module_name, roots
from backend_lint.facts.lower import lower
from backend_lint.project import Project, link
from backend_lint.project.model.export import exported
from backend_lint.source import Source, parse
from tests.adapters.truth import APPS, SAMPLES, guards, truth
from tests.reading import project


def app(name: str) -> Project:
    """A sample application, read the way a run reads it."""
    top = APPS / name
    facts = {}
    for file in sorted(top.rglob("*.py")):
        parsed = parse(file.relative_to(top).as_posix(), file.read_bytes())
        assert isinstance(parsed, Source)
        facts[parsed.path] = lower(parsed)
    imports = [(path, each.module) for path, found in facts.items() for each in found.imports if each.level == 0]
    base = roots(facts, imports)
    found = link((path, module_name(path, base), Role.APP, each) for path, each in facts.items())
    adapters.read(found)
    return found


def addresses(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(f"{method} {row['path']} {row['handler']}" for row in rows for method in row["methods"])


@pytest.mark.parametrize("name", ["fastapi_shop", "starlette_site"])
class TestRunningApplication:
    def test_routes_are_those_that_the_application_serves(self, name: str) -> None:
        assert addresses(exported(app(name))["routes"]) == addresses(truth(name)["routes"])

    def test_guards_stand_where_the_application_refuses(self, name: str) -> None:
        found = [row | {"guarded": _is_guarded(row)} for row in exported(app(name))["routes"]]
        assert guards(found) == guards(truth(name)["routes"])


def _is_guarded(row: dict[str, Any]) -> bool:
    return any(guard["kind"] in ("authentication", "authorization") for guard in row["guards"])


UNTOLD = "shop.routers.crud.crud_router.create"  # its annotation is assigned while the application runs


@pytest.mark.parametrize("field", ["deprecated", "status_code", "response_model", "body"])
def test_what_fastapi_documents_is_what_was_read(field: str) -> None:
    said = {f"{row['methods']} {row['path']}": row for row in told(truth("fastapi_shop"))}
    found = {f"{row['methods']} {row['path']}": row for row in told(exported(app("fastapi_shop")))}
    default = 200 if field == "status_code" else None
    assert {key: row[field] or default for key, row in found.items()} == {
        key: row[field] or default for key, row in said.items()
    }


def test_parameters_are_those_that_the_application_takes() -> None:
    def parameters(rows: list[dict[str, Any]]) -> dict[str, list[tuple[str, str, str, bool]]]:
        return {
            f"{row['methods']} {row['path']}": sorted(
                (each["name"], each["in"], each["type"], each["required"]) for each in row["params"]
            )
            for row in rows
        }

    assert parameters(told(exported(app("fastapi_shop")))) == parameters(told(truth("fastapi_shop")))


def told(model: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for row in model["routes"] if row["handler"] != UNTOLD]


def routes(files: dict[str, str]) -> list[str]:
    return [route.label for route in project(files).routes]


def test_prefixes_of_nested_routers_add_up() -> None:
    files = {
        "app/orders.py": "from fastapi import APIRouter\nrouter = APIRouter(prefix='/orders')\n"
        "@router.get('/{order_id}')\ndef read(order_id: int): ...\n",
        "app/shops.py": "from fastapi import APIRouter\nfrom . import orders\nPREFIX = '/shops'\nrouter = APIRouter()\n"
        "router.include_router(orders.router, prefix=f'{PREFIX}/{{shop_id}}')\n",
        "app/main.py": "from fastapi import FastAPI\nfrom app.shops import router as shops\n"
        "def create():\n    app = FastAPI()\n    for each in [shops]:\n        app.include_router(each, prefix='/v1')\n    return app\n",
    }
    assert routes(files) == ["GET /v1/shops/{shop_id}/orders/{order_id}"]


def test_a_module_goes_on_after_a_try_whose_handler_does() -> None:
    text = """
    from fastapi import FastAPI
    app = FastAPI()
    try:
        raise ValueError("no cache here")
    except ValueError:
        app.state.cache = None

    @app.get("/health")
    def health(): ...
"""
    assert routes({"app.py": text}) == ["GET /health"]


def test_a_router_that_no_application_includes_is_no_route() -> None:
    files = {
        "a.py": "from fastapi import APIRouter, FastAPI\napp = FastAPI()\nrouter = APIRouter()\n"
        "@router.get('/x')\ndef x(): ...\n@app.get('/y')\ndef y(): ...\n"
    }
    assert routes(files) == ["GET /y"]


def guard_names(text: str) -> list[str]:
    return [f"{guard.kind.value} {guard.name} {guard.level}" for guard in project({"a.py": text}).routes[0].guards]


DENYING = """\
from fastapi import Depends, FastAPI, HTTPException, status
from typing import Annotated
def user(token: str):
    if not token:
        raise HTTPException(status.HTTP_401_UNAUTHORIZED)
def admin(user=Depends(user)):
    if not user.admin:
        raise HTTPException(status_code=403)
"""


def test_a_guard_is_known_by_what_it_does_however_deep_it_stands() -> None:
    text = DENYING + "app = FastAPI()\n@app.get('/')\ndef f(who: Annotated[str, Depends(admin)]): ...\n"
    assert guard_names(text) == ["authentication user route", "authorization admin route"]


def test_a_guard_asks_who_calls_where_what_it_depends_on_does_whatever_callers_are_called() -> None:
    text = DENYING + (
        "def driver(name: str = Depends(user)): return name\n"
        "Driver = Annotated[str, Depends(driver)]\n"
        "def dispatcher(x=Depends(driver)):\n    if not x.dispatches:\n        raise HTTPException(403)\n"
        "def planner(x: Driver):\n    if not x.plans:\n        raise HTTPException(403)\n"
        "app = FastAPI()\n@app.get('/', dependencies=[Depends(dispatcher), Depends(planner)])\ndef f(): ...\n"
    )
    assert {"authorization dispatcher route", "authorization planner route"} <= set(guard_names(text))


def test_dependencies_of_the_application_guard_its_routes_and_not_a_mounted_application() -> None:
    text = DENYING + (
        "app = FastAPI(dependencies=[Depends(user)])\nsub = FastAPI()\n@sub.get('/a')\ndef a(): ...\n"
        "@app.get('/b')\ndef b(): ...\napp.mount('/sub', sub)\n"
    )
    found = {route.path: route.is_guarded for route in project({"a.py": text}).routes}
    assert found == {"/b": True, "/sub/a": False}


def test_a_decorator_above_the_registration_guards_nothing() -> None:
    decorator = (
        "from functools import wraps\ndef secured(f):\n    @wraps(f)\n    def inner(*a, **k):\n"
        "        raise HTTPException(401)\n    return inner\napp = FastAPI()\n"
    )
    above = DENYING + decorator + "@secured\n@app.get('/')\ndef f(): ...\n"
    below = DENYING + decorator + "@app.get('/')\n@secured\ndef f(): ...\n"
    assert guard_names(above) == []
    assert guard_names(below) == ["authentication secured route"]


def test_an_optional_scheme_guards_nothing() -> None:
    text = (
        "from fastapi import Depends, FastAPI\nfrom fastapi.security import OAuth2PasswordBearer, HTTPBearer\n"
        "optional = OAuth2PasswordBearer(tokenUrl='t', auto_error=False)\nstrict = HTTPBearer()\napp = FastAPI()\n"
        "@app.get('/')\ndef f(a=Depends(%s)): ...\n"
    )
    assert guard_names(text % "optional") == []
    assert guard_names(text % "strict") == ["authentication HTTPBearer route"]


def test_samples_are_those_that_can_be_asked() -> None:
    assert {"fastapi_shop", "starlette_site"} <= SAMPLES.keys()
    assert Path(APPS).is_dir()


class TestGuardsBehindIndirection:
    def test_an_exception_made_before_it_is_raised_refuses_all_the_same(self) -> None:
        found = project(
            {
                "app.py": """
                    from fastapi import Depends, FastAPI, HTTPException

                    REFUSED = HTTPException(401, "no")
                    app = FastAPI()

                    def user(token: str):
                        if not token:
                            raise REFUSED

                    @app.get("/me")
                    def me(user=Depends(user)): ...
                """
            }
        )
        assert [guard.name for guard in found.routes[0].guards] == ["user"]

    def test_a_factory_gives_the_dependency_that_its_arguments_choose(self) -> None:
        found = project(
            {
                "app.py": """
                    from collections.abc import Callable
                    from fastapi import Depends, FastAPI, HTTPException

                    app = FastAPI()

                    def strict(token: str):
                        raise HTTPException(401)

                    def lax(token: str): ...

                    def user(*, required: bool = True) -> Callable:
                        return strict if required else lax

                    @app.get("/mine")
                    def mine(user=Depends(user())): ...

                    @app.get("/all")
                    def all(user=Depends(user(required=False))): ...
                """
            }
        )
        assert {route.path: [guard.name for guard in route.guards] for route in found.routes} == {
            "/mine": ["strict"],
            "/all": [],
        }

    def test_a_class_based_view_has_the_dependencies_of_its_bases(self) -> None:
        found = project(
            {
                "app.py": """
                    from fastapi import APIRouter, Depends, FastAPI, HTTPException
                    from fastapi_utils.cbv import cbv

                    app, router = FastAPI(), APIRouter()

                    def caller(token: str):
                        raise HTTPException(401)

                    class Base:
                        user = Depends(caller)

                    @cbv(router)
                    class Orders(Base):
                        @router.get("/orders")
                        def orders(self): ...

                    app.include_router(router)
                """
            }
        )
        assert [guard.name for guard in found.routes[0].guards] == ["caller"]

    def test_a_guard_above_the_route_is_idle(self) -> None:
        found = project(
            {
                "app.py": """
                    from fastapi import FastAPI, HTTPException

                    app = FastAPI()

                    def signed_in(view):
                        def inner():
                            raise HTTPException(401)
                        return inner

                    @signed_in
                    @app.get("/")
                    def f(): ...
                """
            }
        )
        [route] = found.routes
        assert ([each.name for each in route.idle], route.guards) == (["signed_in"], [])


LIFESPAN = """
from contextlib import asynccontextmanager
from fastapi import APIRouter, FastAPI
router = APIRouter(prefix="/items")
@router.get("/{id}")
def item(id: int): ...
def include(app):
    app.include_router(router)
@asynccontextmanager
async def lifespan(app: FastAPI):
    include(app)
    yield
app = FastAPI(lifespan=lifespan)
"""
MIDDLEWARE = """
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
app = FastAPI()
@app.middleware("http")
async def check(request: Request, call_next):
    if CONDITION:
        return JSONResponse({}, status_code=403)
    return await call_next(request)
@app.get("/open/a")
def a(): ...
@app.get("/b")
def b(): ...
"""


def test_what_a_lifespan_registers_is_served() -> None:
    assert [route.label for route in project({"app.py": LIFESPAN}).routes] == ["GET /items/{id}"]


@pytest.mark.parametrize(
    ("condition", "guarded"),
    [
        ('"session" not in request.cookies', [True, True]),
        ('request.headers.get("X-Key") != KEY and not request.url.path.startswith("/open/")', [False, True]),
        ("is_read_only()", [False, False]),
        ('"multipart/form-data" in request.headers.get("Content-Type", "")', [False, False]),
    ],
)
def test_middleware_guards_where_it_refuses_by_who_asks(condition: str, guarded: list[bool]) -> None:
    found = project({"app.py": MIDDLEWARE.replace("CONDITION", condition)})
    assert [route.is_guarded for route in found.routes] == guarded


def test_a_dependency_that_a_factory_hands_out_has_the_signature_that_it_wraps() -> None:
    text = """
from functools import wraps
from fastapi import Depends, FastAPI, Security
from fastapi.security import OAuth2PasswordBearer
bearer = OAuth2PasswordBearer(tokenUrl="/token")
def nobody(): ...
def by_token(token: str = Depends(bearer)): ...
def provider():
    if settings.open:
        return nobody
    return by_token
def authorizer():
    chosen = provider()
    @wraps(chosen)
    def wrapper(*args, **kwargs):
        return chosen(*args, **kwargs)
    return wrapper
authorize = authorizer()
app = FastAPI()
@app.get("/a")
def a(_=Security(authorize)): ...
"""
    assert [route.is_guarded for route in project({"app.py": text}).routes] == [True]


def test_a_router_of_a_class_that_a_factory_makes_is_a_router() -> None:
    files = {
        "kit.py": (
            "from fastapi import APIRouter as Base\n"
            "def router_class(route_class):\n"
            "    class Router(Base):\n"
            "        def __init__(self, *args, **kwargs):\n"
            "            kwargs['route_class'] = route_class\n"
            "            super().__init__(*args, **kwargs)\n"
            "    return Router\n"
        ),
        "routing.py": "from kit import router_class\nclass Route: ...\nAPIRouter = router_class(Route)\n",
        "orders.py": (
            "from routing import APIRouter\nrouter = APIRouter(prefix='/orders')\n@router.get('/{id}')\ndef one(id: int): ...\n"
        ),
        "app.py": "from fastapi import FastAPI\nfrom orders import router\napp = FastAPI()\napp.include_router(router)\n",
    }
    assert [route.label for route in project(files).routes] == ["GET /orders/{id}"]


def test_routes_behind_a_switch_of_the_environment_count() -> None:
    files = {
        "settings.py": (
            "import os\nENABLE_SCIM = os.environ.get('ENABLE_SCIM', 'false').lower() == 'true'\n"
            "PREFIX = os.getenv('PREFIX', '/api') + '/v1'\n"
        ),
        "scim.py": "from fastapi import APIRouter\nrouter = APIRouter()\n@router.get('/users')\ndef users(): ...\n",
        "app.py": (
            "from fastapi import FastAPI\nimport scim\nfrom settings import ENABLE_SCIM, PREFIX\napp = FastAPI()\n"
            "if ENABLE_SCIM:\n    app.include_router(scim.router, prefix=PREFIX)\n"
        ),
    }
    assert [route.label for route in project(files).routes] == ["GET /api/v1/users"]


def test_an_application_that_may_be_mounted_in_another_stands_on_its_own() -> None:
    text = (
        "from fastapi import FastAPI\napp = FastAPI()\n@app.get('/')\ndef home(): ...\n"
        "def mount(other: FastAPI, path: str):\n    other.mount(path, app)\n"
    )
    assert [route.label for route in project({"app.py": text}).routes] == ["GET /"]
