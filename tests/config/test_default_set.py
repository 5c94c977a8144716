"""Users who pin a dated profile keep its rules after an upgrade; so the default set changes with a file, never by itself."""

from __future__ import annotations

from importlib import resources

import pytest
import tomli

from backend_lint import __version__
from backend_lint.config import profiles
from backend_lint.engine.packs import rule_infos
from tests.program import Program

MINOR = ".".join(__version__.split(".")[:2])


def pinned(profile: str) -> list[str]:
    text = (resources.files("backend_lint.config") / "profiles" / f"{profile}.toml").read_text("utf-8")
    chosen: list[str] = tomli.loads(text)["select"]
    return chosen


def test_the_default_set_is_the_one_that_the_profile_of_its_version_names() -> None:
    """When this fails, change the profile of the minor version, and tell users in CHANGELOG.md."""
    default = [rule.code for rule in rule_infos(plugins=False) if not rule.preview and not rule.is_optional]
    assert pinned(f"default@{MINOR}") == sorted(default)


@pytest.mark.parametrize("profile", [name for name in profiles() if "@" in name])
def test_a_dated_profile_can_be_chosen(program: Program, profile: str) -> None:
    program.put({"backend-lint.toml": f"profile = '{profile}'", "app.py": "x = 1\n"})
    assert program("--format", "json").json["profile"] == profile
    listed = program("rules", "--profile", profile, "--format", "json").json
    assert {rule["code"] for rule in listed} == set(pinned(profile))
