from __future__ import annotations

import io
import stat
import zipfile
from pathlib import Path

import pytest
from corpus import MAX_BYTES, UnsafeArchive, projects, unpack

LISTING = Path(__file__).parents[2] / "bench" / "projects.toml"


def archive(*members: tuple[str, bytes, int]) -> bytes:
    """A zip file of these names, contents and Unix modes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content, mode in members:
            member = zipfile.ZipInfo(name)
            member.external_attr = mode << 16
            file.writestr(member, content)
    return buffer.getvalue()


def test_only_text_is_unpacked(tmp_path: Path) -> None:
    regular = stat.S_IFREG | 0o644
    wheel = archive(("app/main.py", b"x = 1\n", regular), ("app/logo.png", b"\0", regular), ("app/", b"", stat.S_IFDIR))
    unpack(wheel, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")] == ["app/main.py"]
    assert (tmp_path / "app/main.py").read_bytes() == b"x = 1\n"


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("../escape.py", stat.S_IFREG),
        ("app/../../escape.py", stat.S_IFREG),
        ("/etc/escape.py", stat.S_IFREG),
        ("app\\..\\escape.py", stat.S_IFREG),
        ("C:/escape.py", stat.S_IFREG),
        ("link.py", stat.S_IFLNK),
        ("pipe.py", stat.S_IFIFO),
    ],
)
def test_nothing_is_written_of_an_archive_that_would_leave_its_directory(tmp_path: Path, name: str, mode: int) -> None:
    into = tmp_path / "project"
    with pytest.raises(UnsafeArchive):
        unpack(archive(("good.py", b"", stat.S_IFREG), (name, b"x", mode)), into)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_that_is_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("corpus.MAX_BYTES", 1000)
    with pytest.raises(UnsafeArchive, match="more than 1000 bytes"):
        unpack(archive(("a.py", b" " * 600, 0), ("b.py", b" " * 600, 0)), tmp_path / "project")
    assert MAX_BYTES > 10**8


def test_the_projects_are_many_pinned_and_of_all_sizes() -> None:
    listed = projects(LISTING)
    assert len({project.name for project in listed}) == len(listed) >= 12
    assert all(len(project.sha256) == 64 for project in listed)
    assert [project.lines for project in listed] == sorted(project.lines for project in listed)
    assert listed[0].lines < 5_000 and listed[-1].lines > 900_000
