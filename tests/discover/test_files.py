from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from backend_lint.core import BackendLintError, ConfigError, DiagnosticKind
from backend_lint.discover import Discovery, projects
from tests.config.project import invocation, write


def discovered(
    root: Path, files: Mapping[str, str | bytes], *paths: str, overlay: Mapping[str, bytes] = {}, **flags: Any
) -> Discovery:
    """What the one project covers that `paths`, by default all, lie in."""
    write(root, files)
    named = [root / path for path in paths or ([] if overlay else ["."])]
    [(_, discovery)] = projects(named, invocation(root, **flags), {root / path: text for path, text in overlay.items()})
    return discovery


def found(root: Path, files: Mapping[str, str | bytes], *paths: str, **flags: Any) -> list[str]:
    return [file.path for file in discovered(root, files, *paths, **flags).files]


def test_files_come_in_the_order_of_their_paths(tmp_path: Path) -> None:
    files = dict.fromkeys(["b.py", "a/z.py", "a.py", "a/b/c.py", "a/typed.pyi", "README.md", "x.txt"], "")
    assert found(tmp_path, files) == ["a.py", "a/b/c.py", "a/typed.pyi", "a/z.py", "b.py"]


def test_the_usual_directories_are_left_out(tmp_path: Path) -> None:
    usual = [".venv", "node_modules", "build", "dist", ".git", ".tox", "app/__pycache__", "lib/site-packages", ".eggs"]
    files = {f"{directory}/x.py": "" for directory in usual} | {"env3/pyvenv.cfg": "", "env3/lib/x.py": "", "a.py": ""}
    assert found(tmp_path, files) == ["a.py"]


GIT_TREE = {
    ".git/info/exclude": "/private.py\n",
    ".gitignore": "*_local.py\n/out/\nlogs/*\n!logs/keep.py\n\\!odd.py\n# a.py\nspace.py \n**/deep/*.py\nwhole\n!whole/x.py\n",
    "app/.gitignore": "!settings_local.py\nsecret.py\r\n/here.py\n",
    "app/sub/.gitignore": "*\n!*.py\n",
} | dict.fromkeys(
    [
        "a.py", "private.py", "x_local.py", "out/x.py", "logs/x.py", "logs/keep.py", "!odd.py", "space.py", "whole/x.py",
        "app/settings_local.py", "app/other_local.py", "app/secret.py", "app/out/x.py", "app/private.py", "app/here.py",
        "app/sub/here.py", "app/sub/dir/x.py", "app/x/deep/a.py", "app/x/deep/b/a.py",
    ],
    "",
)  # fmt: skip


def test_git_decides_what_is_ignored(tmp_path: Path) -> None:
    assert found(tmp_path, GIT_TREE) == [
        "a.py", "app/out/x.py", "app/private.py", "app/settings_local.py", "app/sub/here.py", "app/x/deep/b/a.py", "logs/keep.py",
    ]  # fmt: skip


@pytest.mark.skipif(shutil.which("git") is None, reason="compares with git")
def test_git_itself_agrees(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    listed = found(tmp_path, GIT_TREE)
    command = ["git", "-c", "core.excludesFile=", "ls-files", "-z", "--others", "--exclude-standard", "*.py"]
    output = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    assert listed == sorted(output.split("\0")[:-1])


def test_ignore_files_above_the_named_directory_hold_inside_the_work_tree(tmp_path: Path) -> None:
    files = {
        ".gitignore": "*.py",
        "repo/.git/HEAD": "",
        "repo/.gitignore": "gen_*.py",
        "repo/app/gen_a.py": "",
        "repo/app/a.py": "",
    }
    assert found(tmp_path, files, "repo/app") == ["app/a.py"]


def test_a_work_tree_of_a_work_tree_shares_its_excludes(tmp_path: Path) -> None:
    files = {
        "main/.git/info/exclude": "private.py",
        "main/.git/worktrees/side/commondir": "../..\n",
        "side/.git": f"gitdir: {tmp_path}/main/.git/worktrees/side\n",
        "side/private.py": "",
        "side/a.py": "",
    }
    assert found(tmp_path, files, "side") == ["a.py"]


def test_gitignore_can_be_turned_off(tmp_path: Path) -> None:
    files = {".gitignore": "a.py", "a.py": ""}
    assert found(tmp_path, files) == []
    assert found(tmp_path, files, respect_gitignore=False) == ["a.py"]


def test_configured_exclusions_replace_or_extend_the_usual_ones(tmp_path: Path) -> None:
    files = dict.fromkeys(["build/x.py", "old/x.py", "app/old.py", "a.py"], "")
    assert found(tmp_path, files, extend_exclude=["/old"]) == ["a.py", "app/old.py"]
    assert found(tmp_path, files, exclude=["/old"]) == ["a.py", "app/old.py", "build/x.py"]


def test_what_is_named_is_linted_though_it_is_excluded(tmp_path: Path) -> None:
    files = {
        ".gitignore": "gen/\nskip.py",
        "build/x.py": "",
        "gen/y.py": "",
        "gen/node_modules/z.py": "",
        "skip.py": "",
    }
    assert found(tmp_path, files, "build", "gen", "skip.py") == ["build/x.py", "gen/y.py", "skip.py"]


def test_forced_exclusions_hold_for_what_is_named(tmp_path: Path) -> None:
    files = {
        ".gitignore": "gen/\nskip.py",
        "build/x.py": "",
        "build/d/x.py": "",
        "gen/y.py": "",
        "skip.py": "",
        "a.py": "",
    }
    paths = ("build", "build/d", "build/x.py", "gen", "gen/y.py", "skip.py", "a.py")
    assert found(tmp_path, files, *paths, force_exclude=True) == ["a.py"]


def test_a_project_inside_an_ignored_directory_can_be_linted(tmp_path: Path) -> None:
    files = {".git/HEAD": "", ".gitignore": "/work/\n", "work/shop/backend-lint.toml": "", "work/shop/app/a.py": ""}
    assert found(tmp_path, files, "work/shop") == ["app/a.py"]


def test_naming_a_file_of_a_project_reads_the_rest_of_it_unreported(tmp_path: Path) -> None:
    files = {"backend-lint.toml": "", "app/a.py": "", "app/b.py": "", "build/c.py": ""}
    discovery = discovered(tmp_path, files, "app/a.py")
    assert [(file.path, file.explicit, file.reported) for file in discovery.files] == [
        ("app/a.py", True, True),
        ("app/b.py", False, False),
    ]


def test_naming_a_stray_file_reads_that_file(tmp_path: Path) -> None:
    assert found(tmp_path, {"a.py": "", "b.py": ""}, "a.py") == ["a.py"]


def test_a_buffer_lies_over_the_file_on_disk_or_stands_for_one_that_is_not_there(tmp_path: Path) -> None:
    files = {"backend-lint.toml": "", "app/a.py": "", "app/b.py": ""}
    discovery = discovered(tmp_path, files, overlay={"app/new.py": b"# @generated\n"})
    assert [(file.path, file.role.value, file.reported) for file in discovery.files] == [
        ("app/a.py", "app", False),
        ("app/b.py", "app", False),
        ("app/new.py", "generated", True),
    ]
    assert discovery.overlay == {"app/new.py": b"# @generated\n"}


def test_roles_are_inferred_and_overridden_by_configuration(tmp_path: Path) -> None:
    files = {
        "backend-lint.toml": "roles = { app = ['tests/app/'], generated = ['*_gen.py'] }",
        "app.py": "", "tests/a.py": "", "tests/app/b.py": "", "x_gen.py": "", "c.py": "# @generated\n",
    }  # fmt: skip
    assert {file.path: file.role.value for file in discovered(tmp_path, files).files} == {
        "app.py": "app", "tests/a.py": "test", "tests/app/b.py": "app", "x_gen.py": "generated", "c.py": "generated",
    }  # fmt: skip


def test_each_file_belongs_to_its_closest_configuration(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "backend-lint.toml": "",
            "a.py": "",
            "orders/pyproject.toml": "[tool.backend-lint]",
            "orders/b.py": "",
            "orders/mail/backend-lint.toml": "",
            "orders/mail/c.py": "",
            "users/pyproject.toml": "[project]",
            "users/d.py": "",
        },
    )
    expected = {".": ["a.py", "users/d.py"], "orders": ["b.py"], "orders/mail": ["c.py"]}
    for paths in ([tmp_path], [tmp_path, tmp_path / "orders", tmp_path / "orders" / "mail" / "c.py"]):
        reached = projects(paths, invocation(tmp_path))
        assert expected == {
            config.root.relative_to(tmp_path).as_posix(): [file.path for file in discovery.files]
            for config, discovery in reached
        }


def test_a_named_configuration_covers_everything(tmp_path: Path) -> None:
    write(tmp_path, {"ci.toml": "", "a.py": "", "orders/backend-lint.toml": "", "orders/b.py": ""})
    [(_, discovery)] = projects([tmp_path], invocation(tmp_path, config="ci.toml"))
    assert [file.path for file in discovery.files] == ["a.py", "orders/b.py"]


def test_two_configurations_in_a_directory_further_down_are_refused(tmp_path: Path) -> None:
    files = {"a.py": "", "b/backend-lint.toml": "", "b/pyproject.toml": "[tool.backend-lint]"}
    with pytest.raises(ConfigError, match="both configure"):
        found(tmp_path, files)


def test_a_path_that_does_not_exist_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(BackendLintError, match=r"gone\.py does not exist"):
        found(tmp_path, {"a.py": ""}, "gone.py")


def test_an_empty_tree_has_no_files_and_says_what_was_searched(tmp_path: Path) -> None:
    discovery = discovered(tmp_path, {"app/README.md": ""}, "app")
    assert (discovery.files, discovery.searched, discovery.diagnostics) == ((), (".",), ())


def test_notebooks_are_met_but_not_linted_and_a_named_one_gets_a_notice(tmp_path: Path) -> None:
    files = {"a.ipynb": "{}", "b.py": ""}
    assert discovered(tmp_path, files).notebooks == ("a.ipynb",)
    named = discovered(tmp_path, files, "a.ipynb")
    assert [(d.kind, d.message) for d in named.diagnostics] == [(DiagnosticKind.NOTICE, "notebooks are not linted")]
    assert named.files == ()


def test_a_named_file_is_python_by_its_name_or_its_first_line(tmp_path: Path) -> None:
    files = {"tool": "#!/usr/bin/env python3\n", "run.sh": "#!/bin/sh\n", "README.md": ""}
    discovery = discovered(tmp_path, files, *files)
    assert [file.path for file in discovery.files] == ["tool"]
    assert [diagnostic.path for diagnostic in discovery.diagnostics] == ["README.md", "run.sh"]


def test_links_are_not_followed_in_circles_nor_met_twice(tmp_path: Path) -> None:
    write(tmp_path, {"app/a.py": "", "outside/x.py": ""})
    (tmp_path / "app/loop").symlink_to(tmp_path / "app", target_is_directory=True)
    (tmp_path / "app/self.py").symlink_to(tmp_path / "app/self.py")
    (tmp_path / "app/again.py").symlink_to(tmp_path / "app/a.py")
    (tmp_path / "app/other.py").symlink_to(tmp_path / "outside/x.py")
    (tmp_path / "app/gone.py").symlink_to(tmp_path / "nowhere.py")
    assert found(tmp_path, {}, "app") == ["a.py", "other.py"]


def test_a_named_link_that_leads_to_itself_does_not_exist(tmp_path: Path) -> None:
    (tmp_path / "self.py").symlink_to(tmp_path / "self.py")
    with pytest.raises(BackendLintError, match="does not exist"):
        found(tmp_path, {}, "self.py")


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "directory.py").mkdir()
    assert found(tmp_path, {"a.py": ""}) == ["a.py"]


def test_an_unreadable_directory_is_one_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scan = os.scandir

    def refusing(path: str | Path) -> Any:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return scan(path)

    monkeypatch.setattr(os, "scandir", refusing)
    discovery = discovered(tmp_path, {"a.py": "", "locked/b.py": ""})
    assert [file.path for file in discovery.files] == ["a.py"]
    assert [(d.path, d.kind, d.message) for d in discovery.diagnostics] == [
        ("locked", DiagnosticKind.UNREADABLE, "Permission denied")
    ]


def test_an_unreadable_file_is_left_to_whoever_reads_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "# @generated\n"})
    (tmp_path / "a.py").chmod(0)
    assert found(tmp_path, {}) == ["a.py"]


def test_a_name_that_is_not_text_is_one_diagnostic(tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9.py")).touch()
    discovery = discovered(tmp_path, {"a.py": ""})
    assert [file.path for file in discovery.files] == ["a.py"]
    assert [(d.path, d.is_incomplete) for d in discovery.diagnostics] == [("caf\\udce9.py", True)]


def test_what_is_neither_a_file_nor_a_directory_is_said_to_be_so(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.py")
    with pytest.raises(BackendLintError, match=r"pipe\.py is neither a file nor a directory"):
        found(tmp_path, {}, "pipe.py")
