"""The backends that are measured: wheels from PyPI, fetched once, checked by hash, unpacked as plain text.

Nothing of them is installed, built or run: a wheel is a zip file, and only its text files are written.
"""

from __future__ import annotations

import io
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import msgspec

MAX_BYTES = 256 * 2**20
TEXT = frozenset({".py", ".pyi", ".toml", ".cfg", ".ini", ".yml", ".yaml", ".html", ".txt", ".sql", ".mako", ".j2"})


class Project(msgspec.Struct, frozen=True):
    """`lines` are the physical lines of its `.py` files; `python` satisfies the wheel's `Requires-Python`."""

    name: str
    version: str
    sha256: str
    python: str
    framework: str
    lines: int


class UnsafeArchive(Exception):
    """An archive whose members would leave their directory, are no plain files, or are too large."""


def projects(listing: Path) -> list[Project]:
    return msgspec.toml.decode(listing.read_bytes(), type=dict[str, list[Project]])["project"]


def fetched(project: Project, work: Path) -> Path:
    """The project's directory below `work`, downloaded and unpacked at the first call."""
    tree = work / "projects" / f"{project.name}-{project.version}"
    if not tree.exists():
        unpacked = tree.with_name(f"{tree.name}.part")
        shutil.rmtree(unpacked, ignore_errors=True)
        unpack(_wheel(project, work / "wheels").read_bytes(), unpacked)
        # A repository of its own, or tools would take it for an ignored part of this one.
        subprocess.run(["git", "init", "--quiet", str(unpacked)], check=True)
        unpacked.rename(tree)
    return tree


def unpack(archive: bytes, into: Path) -> None:
    """Writes the text files of a zip archive below `into`. Raises `UnsafeArchive` before anything is written."""
    with zipfile.ZipFile(io.BytesIO(archive)) as wheel:
        files = [member for member in wheel.infolist() if not member.is_dir()]
        for member in files:
            _check(member)
        texts = [member for member in files if PurePosixPath(member.filename).suffix in TEXT]
        if sum(member.file_size for member in texts) > MAX_BYTES:
            raise UnsafeArchive(f"more than {MAX_BYTES} bytes of text")
        for member in texts:
            target = into / member.filename
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(wheel.read(member))


def _check(member: zipfile.ZipInfo) -> None:
    path = PurePosixPath(member.filename)
    if path.is_absolute() or ".." in path.parts or "\\" in member.filename or ":" in member.filename:
        raise UnsafeArchive(f"{member.filename}: leads out of its directory")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise UnsafeArchive(f"{member.filename}: not a plain file")


def _wheel(project: Project, wheels: Path) -> Path:
    """Lets pip fetch the wheel into a directory of its own; pip compares the hash."""
    into = wheels / f"{project.name}-{project.version}"
    into.mkdir(parents=True, exist_ok=True)
    pin = into / "requirement.txt"
    pin.write_text(f"{project.name}=={project.version} --hash=sha256:{project.sha256}\n", encoding="utf-8")
    platforms = ["any", "manylinux2014_x86_64", "manylinux_2_28_x86_64"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--python-version", project.python, "--dest", str(into), "-r", str(pin)]
    command += [part for platform in platforms for part in ("--platform", platform)]
    subprocess.run(command, check=True)
    (wheel,) = into.glob("*.whl")
    return wheel
