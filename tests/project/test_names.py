from __future__ import annotations

from backend_lint.facts import ir
from backend_lint.project.constants import UNKNOWN
from tests.reading import linked


def resolved(files: dict[str, str], path: str, name: str, function: str | None = None) -> str | None:
    project = linked(files)
    module = project.by_path[path]
    scope = module if function is None else next(each for each in module.functions if each.facts.qualname == function)
    return project.names.resolve(name, scope)


def test_re_exports_are_followed_to_the_definition() -> None:
    files = {
        "app/__init__.py": "from .models import *\nfrom .core import thing as other\n",
        "app/models/__init__.py": "from .user import User\n__all__ = ['User']\n",
        "app/models/user.py": "class User: pass\n",
        "app/core.py": "def thing(): pass\n",
        "main.py": "from app import User, other\nimport app.models as m\nimport app.core\n",
    }
    assert resolved(files, "main.py", "User") == "app.models.user.User"
    assert resolved(files, "main.py", "other") == "app.core.thing"
    assert resolved(files, "main.py", "m.User.name") == "app.models.user.User.name"
    assert resolved(files, "main.py", "app.core.thing") == "app.core.thing"


def test_a_local_variable_has_no_qualified_name_and_a_local_import_has() -> None:
    files = {"a.py": "import json\ndef f(json_):\n    json = 1\n    from os import path\n    return json\n"}
    assert resolved(files, "a.py", "json") == "json"
    assert resolved(files, "a.py", "json", "f") is None
    assert resolved(files, "a.py", "path.join", "f") == "os.path.join"


def test_relative_imports_count_from_the_package() -> None:
    files = {
        "pkg/__init__.py": "",
        "pkg/a/__init__.py": "from .b import f\nfrom ..c import g\n",
        "pkg/a/b.py": "def f(): pass\n",
        "pkg/c.py": "def g(): pass\n",
    }
    assert resolved(files, "pkg/a/__init__.py", "f") == "pkg.a.b.f"
    assert resolved(files, "pkg/a/__init__.py", "g") == "pkg.c.g"


def test_cycles_of_re_exports_end() -> None:
    files = {"a.py": "from b import x\nfrom b import *\n", "b.py": "from a import x\nfrom a import *\n"}
    assert resolved(files, "a.py", "x") in ("a.x", "b.x")


def test_aliases_that_grow_in_a_cycle_end() -> None:
    project = linked({"a.py": "from b import x\n", "b.py": "import a\nx = a.x.y\n", "c.py": "from a import x\nx.z\n"})
    assert project.names.canonical("a.x").startswith("b.x")


def test_one_thing_has_one_name_whatever_it_was_imported_as() -> None:
    files = {
        "a.py": "from fastapi.responses import JSONResponse\nfrom sqlalchemy.sql.expression import select\nE = JSONResponse\n"
    }
    assert resolved(files, "a.py", "E") == "starlette.responses.JSONResponse"
    assert resolved(files, "a.py", "select") == "sqlalchemy.select"
    assert resolved(files, "a.py", "open") == "builtins.open"


def calls(files: dict[str, str]) -> list[str]:
    """`caller -> what it calls` for every call of the project."""
    project = linked(files)
    found = []
    for scope in project.scopes():
        for site in project.sites(scope):
            name = getattr(scope, "qualified", getattr(scope, "name", ""))
            targets = ",".join(target.qualified for target in site.targets)
            found.append(f"{name} -> {targets or site.symbol}")
    return found


def test_calls_are_resolved_through_types() -> None:
    files = {
        "app/repo.py": """\
class Base:
    def __init__(self, session): self.session = session
    def save(self, it): pass
class Users(Base):
    def find(self, name): return self.save(name)
def users() -> Users: return Users(None)
""",
        "app/main.py": """\
from app.repo import users, Users
class Service:
    def __init__(self, repo: Users):
        self.repo = repo
        self.other = users()
    def run(self):
        self.repo.find(1)
        self.other.save(2)
        with open("x") as f: pass
        return super().run()
def go(service: "Service | None" = None):
    for each in [Service(users())]:
        each.run()
""",
    }
    assert [each for each in calls(files) if each.startswith("app.main")] == [
        "app.main.Service.__init__ -> app.repo.users",
        "app.main.Service.run -> app.repo.Users.find",
        "app.main.Service.run -> app.repo.Base.save",
        "app.main.Service.run -> builtins.open",
        "app.main.Service.run -> None",
        "app.main.Service.run -> builtins.super",
        "app.main.go -> app.main.Service.__init__",
        "app.main.go -> app.repo.users",
        "app.main.go -> app.main.Service.run",
    ]


def test_library_objects_are_followed_through_what_their_calls_return() -> None:
    files = {
        "db.py": "from sqlalchemy.orm import sessionmaker, Session\nfrom sqlalchemy import create_engine\n"
        "Local = sessionmaker(bind=create_engine('x'))\n"
        "def get_db():\n    db = Local()\n    try:\n        yield db\n    finally:\n        db.close()\n",
        "models.py": "class User: pass\n",
        "api.py": """\
from typing import Annotated
from fastapi import Depends
from sqlalchemy import select
from sqlalchemy.orm import Session
from db import get_db
from models import User
Db = Annotated[Session, Depends(get_db)]
def one(db=Depends(get_db)):
    return db.query(User).filter(User.id == 1).first()
def two(db: Db):
    for user in db.scalars(select(User)).all():
        user.name.lower()
""",
    }
    found = [each for each in calls(files) if each.startswith("api.")]
    assert "api.one -> sqlalchemy.orm.Query.first" in found
    assert "api.two -> sqlalchemy.ScalarResult.all" in found
    project = linked(files)
    two = project.function("api.two")
    assert two is not None
    assert str(project.types._local("user", two)) == "models.User"


def test_walking_finds_calls_in_every_corner() -> None:
    project = linked({"a.py": "x = [f(i) for i in g() if h(i)]\nmatch k():\n    case _ if m(): n()\n"})
    names = [site.name for site in project.sites(project.modules["a"])]
    assert sorted(names) == ["f", "g", "h", "k", "m", "n"]
    assert all(type(site.call) is ir.Call for site in project.sites(project.modules["a"]))


def test_a_name_may_start_above_the_root_of_imports() -> None:
    files = {
        "shop/__init__.py": "",
        "shop/core/__init__.py": "",
        "shop/core/money.py": "import orders.views\nimport orders.models\ndef cents(): pass\n",
        "shop/orders/views.py": "from shop.core.money import cents\nimport core.money\n",
        "shop/orders/models.py": "",
    }
    assert resolved(files, "shop/orders/views.py", "cents") == "core.money.cents"


def test_a_constant_that_a_function_makes_of_itself_is_unknown() -> None:
    text = "def read(name, default):\n    return default\n\n\nHOST = read('HOST', HOST)\nPORT = HOST\n"
    project = linked({"app.py": text})
    (stmt,) = project.modules["app"].assignments["PORT"]
    assert project.constant(stmt.value, project.modules["app"]) is UNKNOWN
