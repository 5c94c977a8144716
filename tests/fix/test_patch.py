from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend_lint.fix.patch import Change, patch


def git_applies(directory: Path, *changes: Change) -> None:
    """Assert that `git apply` turns each file into what it should be."""
    for change in changes:
        file = directory / change.path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(change.before)
    command = ["git", "-c", "core.autocrlf=false", "apply", "--whitespace=nowarn", "-"]
    run = subprocess.run(command, cwd=directory, input=patch(changes), capture_output=True, check=False)
    assert run.returncode == 0, run.stderr.decode()
    for change in changes:
        assert (directory / change.path).read_bytes() == change.after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"a\nb\nc\n", b"a\nx\nc\n"),
        (b"a\r\nb\r\nc\r\n", b"a\r\nx\r\nc\r\n"),
        (b"a\nb", b"a\nx"),
        (b"a\nb", b"a\nb\n"),
        (b"a\nb\n", b"a\nb"),
        (b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfx\n"),
        (b"\xe9\nb\n", b"\xe9\nx\n"),
        (b"a\x0cb\x85c\rd\ne\n", b"a\x0cb\x85c\rx\ne\n"),
        (b"-- a\n++ b\n", b"-- a\n"),
        (b"", b"x\n"),
        (b"x\n" * 50 + b"a\n" + b"y\n" * 50, b"x\n" * 50 + b"b\n" + b"y\n" * 49 + b"z\n"),
    ],
)
def test_git_applies_it(tmp_path: Path, before: bytes, after: bytes) -> None:
    git_applies(tmp_path, Change("app/a.py", before, after))


@pytest.mark.parametrize(
    "path", ["my file.py", "größe.py", 'quo"te.py', "back\\slash.py", "tab\there.py", "a/b c/d\x01.py"]
)
def test_odd_names_are_quoted_as_git_does(tmp_path: Path, path: str) -> None:
    git_applies(tmp_path, Change(path, b"a\n", b"b\n"))


def test_a_tab_ends_a_name_with_a_space() -> None:
    assert patch([Change("my file.py", b"a\n", b"b\n")]).startswith(b"--- a/my file.py\t\n+++ b/my file.py\t\n")


def test_files_come_in_order(tmp_path: Path) -> None:
    changes = [Change(path, b"a\n", b"b\n") for path in ("b.py", "a.py")]
    assert patch(changes) == patch(changes[::-1])
    assert patch(changes).startswith(b"--- a/a.py\n+++ b/a.py\n@@ -1 +1 @@\n-a\n+b\n")
    git_applies(tmp_path, *changes)


def test_an_unchanged_file_gives_an_empty_patch() -> None:
    assert patch([Change("a.py", b"a\n", b"a\n")]) == b""


contents = st.lists(st.sampled_from([b"a\n", b"b\n", b"\n", b"c\r\n", b"\xff\n", b"d\r\r\n"]), max_size=12).map(
    b"".join
)


@settings(max_examples=40)
@given(contents, contents, st.sampled_from([b"", b"no end"]))
def test_git_applies_any_change(
    tmp_path_factory: pytest.TempPathFactory, before: bytes, after: bytes, end: bytes
) -> None:
    if before and after != before and after + end:
        git_applies(tmp_path_factory.mktemp("patch"), Change("a.py", before, after + end))
