from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint.discover.apps import parts

FASTAPI = "from fastapi import FastAPI\n\napp = FastAPI()\n"
FLASK = "import db\nfrom flask import Flask\n\napp = Flask(__name__)\n"
TWO = {"orders/main.py": FASTAPI, "billing/main.py": FLASK, "billing/db.py": ""}
DJANGO = {
    "manage.py": 'import os\nos.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")\n',
    "site/settings.py": 'INSTALLED_APPS = ["shop"]\nROOT_URLCONF = "site.urls"\n',
    "shop/models.py": "",
}


def projects(files: dict[str, str], root: Path = Path("/nowhere"), tests: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """By name, the files of each part that a tree falls into; one without a name where it is one project."""
    application = [path for path in files if path not in tests]
    found = parts(root, files, application, lambda path: files[path].encode())
    return {part.name: [path for path in sorted(files) if part.holds(path)] for part in found} or {"": sorted(files)}


def test_applications_that_share_nothing_are_projects_of_their_own() -> None:
    assert projects(TWO) == {"billing": ["billing/db.py", "billing/main.py"], "orders": ["orders/main.py"]}


@pytest.mark.parametrize(
    "more",
    [
        {"libs/money.py": "", "orders/a.py": "from libs.money import x\n", "billing/a.py": "import libs.money\n"},
        {"orders/a.py": "from billing.main import app\n"},
        {"orders/a.py": "from ..billing import main\n"},
        {"src/common/a.py": "", "orders/a.py": "import common.a\n", "billing/a.py": "import common.a\n"},
    ],
    ids=["library", "each other", "relative", "src"],
)
def test_applications_that_share_code_are_one_project(more: dict[str, str]) -> None:
    assert len(projects({**TWO, **more})) == 1


def test_what_only_one_of_them_imports_is_part_of_it() -> None:
    files = {**TWO, "money/euro.py": "", "orders/a.py": "import money.euro\n"}
    assert projects(files)["orders"] == ["money/euro.py", "orders/a.py", "orders/main.py"]


def test_an_import_leads_to_the_nearest_of_its_name(tmp_path: Path) -> None:
    files = {f"{name}/{path}": FASTAPI for name in ("a", "b") for path in ("app/main.py", "tests/x.py")}
    files |= {f"{name}/tests/x.py": "from app.main import app\n" for name in ("a", "b")}
    tests = ("a/tests/x.py", "b/tests/x.py")
    expected = ["a/app/main.py", "a/tests/x.py"]
    assert projects(files, tests=tests)["a/app"] == expected
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pyproject.toml").touch()
    assert projects(files, tmp_path, tests) == {name: [f"{name}/app/main.py", f"{name}/tests/x.py"] for name in "ab"}


def test_what_django_names_by_strings_belongs_together() -> None:
    assert projects({**DJANGO, "mock/main.py": FASTAPI}) == {"": sorted(DJANGO), "mock": ["mock/main.py"]}


def test_code_of_none_of_them_is_a_project_of_its_own_and_scripts_are_not() -> None:
    more = {"jobs/nightly.py": "", "conftest.py": ""}
    assert projects({**TWO, **more}, tests=("conftest.py",))[""] == ["conftest.py", "jobs/nightly.py"]
    found = projects({**TWO, **more}, tests=tuple(more))
    assert (list(found), found["billing"][-2:]) == (["billing", "orders"], ["conftest.py", "jobs/nightly.py"])


@pytest.mark.parametrize(
    "files",
    [
        {"app/main.py": FASTAPI, "app/admin.py": FASTAPI},
        {"shop/__init__.py": "", "shop/a/main.py": FASTAPI, "shop/b/main.py": FLASK},
        {"shop/main.py": FASTAPI, "lib/x.py": ""},
    ],
    ids=["one directory", "one package", "one application"],
)
def test_one_application_is_one_project(files: dict[str, str]) -> None:
    assert list(projects(files)) == [""]


def test_applications_of_tests_do_not_count() -> None:
    assert list(projects(TWO, tests=("billing/main.py",))) == [""]
