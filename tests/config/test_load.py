from __future__ import annotations

from pathlib import Path

import pytest

from backend_lint import __version__
from backend_lint.config import Invocation, Override, Pattern, Taint, configs_for, profiles, unknown_variables
from backend_lint.core import ConfigError, Role, Severity
from tests.config.project import configured, invocation, refusal, write


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = configured(tmp_path, {})
    assert (config.root, config.config_path, config.is_project) == (tmp_path, None, False)
    assert (config.select, config.fail_on, config.jobs) == (("ALL",), Severity.MEDIUM, 0)


def test_both_files_are_read(tmp_path: Path) -> None:
    assert configured(tmp_path, {"a/backend-lint.toml": "jobs = 3"}, "a").jobs == 3
    assert configured(tmp_path, {"b/pyproject.toml": "[tool.backend-lint]\njobs = 4"}, "b").jobs == 4


def test_two_configurations_in_one_directory_are_refused_by_name(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"backend-lint.toml": "", "pyproject.toml": "[tool.backend-lint]"})
    assert "backend-lint.toml" in message
    assert "pyproject.toml" in message


def test_a_pyproject_without_our_table_is_passed_over(tmp_path: Path) -> None:
    files = {"backend-lint.toml": "jobs = 3", "app/pyproject.toml": '[project]\ndependencies = ["backend-lint"]'}
    config = configured(tmp_path, files, "app")
    assert (config.jobs, config.root) == (3, tmp_path)


def test_each_path_gets_its_closest_configuration(tmp_path: Path) -> None:
    write(tmp_path, {"backend-lint.toml": "jobs = 1", "a/backend-lint.toml": "jobs = 2", "a/x.py": "", "b/y.py": ""})
    groups = configs_for([tmp_path / "a" / "x.py", tmp_path / "b", tmp_path], invocation(tmp_path))
    assert [(group.config.jobs, len(group.paths)) for group in groups] == [(1, 2), (2, 1)]


def test_a_configuration_above_the_work_tree_does_not_count(tmp_path: Path) -> None:
    config = configured(tmp_path, {"backend-lint.toml": "jobs = 3", "clone/.git/HEAD": ""}, "clone")
    assert (config.jobs, config.root, config.is_project) == (0, tmp_path / "clone", True)


def test_a_configuration_that_is_named_goes_over_closer_ones(tmp_path: Path) -> None:
    files = {"ci/strict.toml": "jobs = 5", "backend-lint.toml": "jobs = 1", "app/x.py": ""}
    config = configured(tmp_path, files, "app", config="ci/strict.toml")
    assert (config.jobs, config.is_imposed, config.root) == (5, True, tmp_path / "app")


def test_without_a_project_the_root_is_above_packages(tmp_path: Path) -> None:
    write(tmp_path, {"shop/app/__init__.py": "", "shop/app/api/__init__.py": ""})
    assert configured(tmp_path, {}, "shop/app/api").root == tmp_path / "shop"


def test_without_a_configuration_and_git_the_usual_files_tell_a_project(tmp_path: Path) -> None:
    write(tmp_path, {"shop/requirements.txt": "", "shop/app/api/orders.py": "", "setup.py": ""})
    [group] = configs_for([tmp_path / "shop/app/api/orders.py"], Invocation(cwd=tmp_path / "shop"))
    assert (group.config.root, group.config.is_project) == (tmp_path / "shop", True)
    [group] = configs_for([tmp_path / "shop/app/api/orders.py"], Invocation(cwd=tmp_path / "shop/app"))
    assert (group.config.root, group.config.is_project) == (tmp_path / "shop/app/api", False)


def test_extending_is_explicit_and_paths_belong_to_the_file_that_wrote_them(tmp_path: Path) -> None:
    files = {
        "base.toml": 'exclude = ["old"]\nignore = ["SEC1"]\ncache-dir = "cache"\nseverity = {SEC2 = "low", SEC3 = "low"}',
        "app/backend-lint.toml": 'extend = "../base.toml"\nextend-exclude = ["new"]\nignore = ["API"]\n'
        'roots = ["src"]\nseverity.SEC3 = "high"',
        "app/src/a.py": "",
    }
    config = configured(tmp_path, files, "app")
    assert config.exclude == (Pattern("old", tmp_path),)
    assert config.extend_exclude == (Pattern("new", tmp_path / "app"),)
    assert config.ignore == ("SEC1", "API")
    assert config.cache_dir == tmp_path / "cache"
    assert config.roots == (tmp_path / "app" / "src",)
    assert config.severity == {"SEC2": Severity.LOW, "SEC3": Severity.HIGH}


def test_extending_in_a_circle_is_refused(tmp_path: Path) -> None:
    files = {"backend-lint.toml": 'extend = "a.toml"', "a.toml": 'extend = "b.toml"', "b.toml": 'extend = "a.toml"'}
    assert refusal(tmp_path, files) == "b.toml: `extend` runs in a circle: a.toml -> b.toml -> a.toml"


def test_extending_what_is_not_there_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, 'jobs = 1\nextend = "../gone.toml"')
    assert message.startswith("backend-lint.toml:2: `extend` names ")


def test_flags_go_over_the_environment_and_that_over_files_and_those_over_profiles(tmp_path: Path) -> None:
    environ = {"BACKEND_LINT_JOBS": "3", "BACKEND_LINT_FORMAT": "json", "BACKEND_LINT_CACHE_DIR": "c"}
    config = configured(tmp_path, 'profile = "strict"\njobs = 2\nformat = "sarif"', environ=environ, jobs=4)
    assert (config.jobs, config.format, config.cache_dir) == (4, "json", tmp_path / "c")
    assert (config.fail_on, config.fail_under) == (Severity.LOW, (("", 75.0),))


def test_every_value_knows_where_it_came_from(tmp_path: Path) -> None:
    table = (
        'profile = "strict"\nignore = [\n  "SEC1",\n  "API",\n]\n[severity]\nSEC2 = "low"\n[[overrides]]\npaths = ["x"]'
    )
    config = configured(tmp_path, table, environ={"BACKEND_LINT_JOBS": "3"}, format="json", ignore=["DAT"])
    keys = (
        "profile",
        "ignore.API",
        "ignore.DAT",
        "severity.SEC2",
        "overrides[0].paths",
        "fail-on",
        "jobs",
        "format",
        "cache",
    )
    assert {key: str(config.origin(key)) for key in keys} == {
        "profile": "backend-lint.toml:1",
        "ignore.API": "backend-lint.toml:4",
        "ignore.DAT": "--ignore",
        "severity.SEC2": "backend-lint.toml:7",
        "overrides[0].paths": "backend-lint.toml:9",
        "fail-on": "profile strict",
        "jobs": "BACKEND_LINT_JOBS",
        "format": "--format",
        "cache": "default",
    }


def test_a_later_selection_starts_anew_and_a_later_wish_lifts_an_earlier_ignore(tmp_path: Path) -> None:
    table = 'select = ["SEC"]\nignore = ["SEC101", "SEC2"]'
    assert configured(tmp_path, table, select=["SEC101"]).ignore == ()
    assert configured(tmp_path, table, extend_select=["SEC101"]).ignore == ("SEC2",)
    assert configured(tmp_path, table, ignore=["SEC3"]).ignore == ("SEC101", "SEC2", "SEC3")


def test_tables_are_read_into_their_types(tmp_path: Path) -> None:
    table = """
        fail-on = "never"
        fail-under = { overall = 70, SEC = 90.5 }
        roles.test = ["checks/"]
        rules.fat-handler.max-statements = 40
        taint.models = ["taint/own.toml"]
        [[overrides]]
        paths = ["legacy/**"]
        ignore = ["ARC"]
        severity = { API2 = "info" }
    """
    config = configured(tmp_path, table)
    assert config.fail_on is None
    assert config.fail_under == (("", 70.0), ("SEC", 90.5))
    assert config.roles == {Role.TEST: (Pattern("checks/", tmp_path),)}
    assert config.rules == {"fat-handler": {"max-statements": 40}}
    assert config.taint == Taint(models=(tmp_path / "taint/own.toml",))
    override = Override(paths=(Pattern("legacy/**", tmp_path),), ignore=("ARC",), severity={"API2": Severity.INFO})
    assert config.overrides == (override,)


def test_roots_lie_in_the_project(tmp_path: Path) -> None:
    files = {"app/backend-lint.toml": "roots = ['..']", "app/a.py": ""}
    write(tmp_path, files)
    with pytest.raises(ConfigError) as caught:
        configs_for([tmp_path / "app"], Invocation(cwd=tmp_path))
    assert str(caught.value).startswith("app/backend-lint.toml:1: roots: ")
    assert str(caught.value).endswith(" is outside of the project")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("\njbs = 2", "2: unknown key 'jbs'; did you mean 'jobs'?"),
        ("quite-other = 2", "1: unknown key 'quite-other'"),
        ("[[overrides]]\npaths = ['a']\n[[overrides]]\npath = ['b']", "4: unknown key 'path' in overrides[1]; did you mean 'paths'?"),
        ("jobs = '2'", "1: jobs: expected int, got str"),
        ("jobs = -1", "1: jobs: expected int >= 0"),
        ("preview = 1", "1: preview: expected bool, got int"),
        ("ignore = [\n'SEC1',\n3]", "3: ignore[1]: expected str, got int"),
        ("exclude = [\n3]", "2: exclude[0]: expected str, got int"),
        ("fail-on = 'hgh'", "1: fail-on: unknown value 'hgh'; did you mean 'high'?"),
        ("min-confidence = 'x'", "1: min-confidence: unknown value 'x'; use one of low, medium, high"),
        ("[severity]\nSEC1 = 'low'\nSEC2 = 'lw'", "3: severity.SEC2: unknown value 'lw'; did you mean 'low'?"),
        ("[roles]\ntests = []", "2: roles: unknown key 'tests'; did you mean 'test'?"),
        ("fail-under = true", "1: fail-under: expected array, got bool"),
        ("fail-under = 101", "1: fail-under: expected float <= 100.0"),
        ("\nroots = ['nope']", "2: roots: nope is no directory"),
        ("fail-under = {SEX = 9}", "1: fail-under: unknown guideline or section 'SEX'; did you mean 'SEC'?"),
        ("profile = 'sceurity'", "1: profile: unknown profile 'sceurity'; did you mean 'security'?"),
        ("jobs = ", "1: is not valid TOML: Invalid value"),
        ("jobs = 1\njobs = 2", "2: is not valid TOML: Cannot overwrite a value"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_place_and_the_nearest_word(tmp_path: Path, table: str, message: str) -> None:
    assert refusal(tmp_path, table) == f"backend-lint.toml:{message}"


def test_a_mistake_in_pyproject_is_found_below_its_table(tmp_path: Path) -> None:
    text = "[project]\nname = 'x'\njobs = 3\n\n[tool.backend-lint]\nselect = []\njobs = 'x'"
    assert refusal(tmp_path, {"pyproject.toml": text}) == "pyproject.toml:7: jobs: expected int, got str"


@pytest.mark.parametrize("text", ["tool = 3 # backend-lint", "[tool]\nbackend-lint = 3"])
def test_a_table_that_is_none_is_refused_or_passed_over(tmp_path: Path, text: str) -> None:
    if text.startswith("tool"):
        assert configured(tmp_path, {"pyproject.toml": text}).config_path is None
    else:
        assert refusal(tmp_path, {"pyproject.toml": text}) == "pyproject.toml:2: [tool.backend-lint] must be a table"


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "backend-lint.toml").write_bytes(b"\xff")
    assert refusal(tmp_path, {}) == "backend-lint.toml: is not UTF-8"


def test_a_named_file_without_our_table_is_refused(tmp_path: Path) -> None:
    message = refusal(tmp_path, {"pyproject.toml": "[project]"}, config="pyproject.toml")
    assert message == "pyproject.toml: has no table [tool.backend-lint]"


def test_a_mistake_in_a_variable_or_flag_names_it(tmp_path: Path) -> None:
    assert (
        refusal(tmp_path, "", environ={"BACKEND_LINT_JOBS": "many"})
        == "jobs: expected int, got str (BACKEND_LINT_JOBS)"
    )
    choices = ", ".join(profiles())
    assert refusal(tmp_path, "", profile="x") == f"profile: unknown profile 'x'; use one of {choices} (--profile)"


@pytest.mark.parametrize("name", ["backend_lint", "backend-lnt", "Backend-Lint"])
def test_a_misspelt_table_is_told_with_the_right_name(tmp_path: Path, name: str) -> None:
    told = refusal(tmp_path, {"pyproject.toml": f"[tool.ruff.lint]\n\n[tool.{name}]\nfail-on = 'high'\n"})
    assert told.endswith(f":3: [tool.{name}] is the table of no tool; did you mean [tool.backend-lint]?")


def test_tables_of_other_linters_are_left_alone(tmp_path: Path) -> None:
    others = "[tool.pylint]\n[tool.import-linter]\n[tool.backend]\n[tool.ruff.lint]\n"
    assert configured(tmp_path, {"pyproject.toml": others}).config_path is None


def test_unknown_variables_are_told_with_the_nearest() -> None:
    environ = {"BACKEND_LINT_JOB": "1", "BACKEND_LINT_JOBS": "1", "HOME": "/"}
    assert unknown_variables(environ) == (
        "unknown environment variable BACKEND_LINT_JOB; did you mean 'BACKEND_LINT_JOBS'?",
    )


def test_another_version_is_refused_before_its_unknown_keys_are(tmp_path: Path) -> None:
    message = refusal(tmp_path, "of-the-future = 1\nrequired-version = '>=99'")
    assert message == f"backend-lint.toml:2: required-version is '>=99', and this is backend-lint {__version__}"
    assert configured(tmp_path, f"required-version = '=={__version__}'").required_version == f"=={__version__}"
    assert "is not a version specifier" in refusal(tmp_path, "required-version = 'new'")


def test_profiles_are_what_the_package_brings() -> None:
    assert profiles() == ("default", "default@0.1", "security", "strict")


@pytest.mark.parametrize("profile", profiles())
def test_every_profile_loads(tmp_path: Path, profile: str) -> None:
    assert configured(tmp_path, f"profile = '{profile}'").select
