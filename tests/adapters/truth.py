"""What the sample applications in fixtures/apps really are, asked of each while it runs.

`truth("flask_shop")` is `{"routes": [...]}`, `truth("sqlmodel_models")` is `{"models": [...]}`, in the shape of
`backend-lint model --format json`, with `guarded` in place of the guards. fixtures/apps/README.md says how to add one.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

APPS = Path(__file__).parents[2] / "fixtures" / "apps"
HERE = Path(__file__).parent


@dataclass(frozen=True)
class SampleApp:
    """`source` is where its packages lie, relative to its folder; `targets` are what `script` is to load."""

    kind: str
    targets: tuple[str, ...]
    source: str = "."
    script: str = "interview.py"


HANDED = "interview_handed.py"
NINJA = "interview_ninja.py"
STORES = "interview_stores.py"
SAMPLES = {
    "apiflask_pets": SampleApp("routes", ("pets:create_app",)),
    "aiohttp_shop": SampleApp("routes", ("shop.main:create_app",), script=HANDED),
    "beanie_models": SampleApp("beanie", ("shop.base", "shop.catalogue"), script=STORES),
    "fastapi_shop": SampleApp("routes", ("shop.main:app",), source="src"),
    "flask_appbuilder_clinic": SampleApp("routes", ("clinic:create_app",)),
    "flask_rest": SampleApp("routes", ("library:create_app",)),
    "flask_shop": SampleApp("routes", ("shop.factory:create_app",)),
    "flask_smorest_store": SampleApp("routes", ("store:create_app",)),
    "flask_sqlalchemy_models": SampleApp("tables", ("clinic.models:db", "clinic.models:legacy_db")),
    "litestar_shop": SampleApp("routes", ("shop.main:create_app",), script=HANDED),
    "mongoengine_models": SampleApp("mongoengine", ("blog.people", "blog.posts"), script=STORES),
    "ninja_shop": SampleApp("routes", ("shop.settings", "shop.api:api", "shop.internal:internal"), script=NINJA),
    "peewee_models": SampleApp("peewee", ("library.people", "library.stock"), script=STORES),
    "pyramid_desk": SampleApp("routes", ("desk:main",), script="interview_pyramid.py"),
    "sanic_shop": SampleApp("routes", ("shop.main:create_app",), script=HANDED),
    "sqlalchemy_models": SampleApp(
        "tables",
        (
            "warehouse.models:Base",
            "warehouse.legacy:OldBase",
            "warehouse.legacy:mapper_registry",
            "warehouse.legacy:ArchiveBase",
        ),
    ),
    "sqlmodel_models": SampleApp("tables", ("heroes.models:SQLModel",)),
    "starlette_site": SampleApp("routes", ("main:app",)),
    "tortoise_models": SampleApp("tortoise", ("tracker.people", "tracker.work"), script=STORES),
    "tornado_shop": SampleApp("routes", ("shop.main:create_app",), script=HANDED),
}
COLUMN_FACTS = ("nullable", "primary_key", "unique", "index", "foreign_key")
ROUTE_SAMPLES = tuple(name for name, sample in SAMPLES.items() if sample.kind == "routes")
STORE_SAMPLES = tuple(name for name, sample in SAMPLES.items() if sample.script == STORES)
TABLE_SAMPLES = tuple(name for name, sample in SAMPLES.items() if sample.kind == "tables")


@functools.cache
def truth(name: str) -> dict[str, Any]:
    """What a sample application says of itself, asked once a session, in a process of its own."""
    sample = SAMPLES[name]
    source = APPS / name / sample.source
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(HERE / sample.script), sample.kind, str(source), *sample.targets],
        env=os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=APPS,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{name} cannot be asked:\n{done.stderr}"
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def root(name: str) -> Path:
    """The folder of a sample application: what a user would lint."""
    return APPS / name


def guards(routes: Iterable[dict[str, Any]]) -> dict[str, bool]:
    """Whether each `GET /path` is guarded; of several handlers at one address, the first row counts."""
    answers = [(f"{method} {route['path']}", route["guarded"]) for route in routes for method in route["methods"]]
    return dict(reversed(answers))


def columns(models: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Every `table.column`, with what databases care about: nullable, keys, uniqueness, indexes."""
    return {
        f"{model['table']}.{column['name']}": {fact: column[fact] for fact in COLUMN_FACTS}
        for model in models
        for column in model["columns"]
    }
