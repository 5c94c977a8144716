"""The files of a run, in one order on every system."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from backend_lint.config import FILE_NAMES, Config, Group, Invocation, Patterns, configs_for, own_file
from backend_lint.core import BackendLintError, Diagnostic, DiagnosticKind, Role
from backend_lint.discover.apps import Part, parts
from backend_lint.discover.ignored import Ignored
from backend_lint.discover.locked import locked
from backend_lint.discover.role import head_size, roles

_SUFFIXES = (".py", ".pyi", ".pyw")
_NOTEBOOK = ".ipynb"
_SHEBANG = re.compile(rb"#![^\n]*\bpython")


class File(msgspec.Struct, frozen=True):
    """One file to read. `path` is relative to the root of the project, with `/` on every system.

    `explicit` files were named one by one. What is found in a file that is not `reported` stays unsaid: it is read
    because rules about a named file look at the whole project.
    """

    path: str
    absolute: str
    role: Role
    explicit: bool = False
    reported: bool = True


class Discovery(msgspec.Struct, frozen=True, kw_only=True):
    """What one configuration covers, all in sorted order.

    `overlay` are contents, by path, that stand for what is on disk. `nested` are directories left to configurations
    of their own. `notebooks` were met, and are not linted. `searched` are the directories that were walked.
    `versions` are those of libraries, by normalised name, as far as the project has settled on them. Where there are
    several applications below the root, `part` is the one of them that this is about.
    """

    files: tuple[File, ...]
    overlay: dict[str, bytes] = {}
    diagnostics: tuple[Diagnostic, ...] = ()
    nested: tuple[Path, ...] = ()
    notebooks: tuple[str, ...] = ()
    searched: tuple[str, ...] = ()
    versions: dict[str, str] = {}
    part: Part | None = None

    def name_below(self, root: Path) -> str:
        """What to call the project: its own directory where it shares the root with others, or the root."""
        return (self.part.name if self.part else "") or root.name


def projects(
    paths: Iterable[Path], invocation: Invocation, overlay: Mapping[Path, bytes] | None = None
) -> tuple[tuple[Config, Discovery], ...]:
    """Every project that `paths`, absolute, reach, each with its closest configuration, in the order of their roots.

    Several applications that share no code are as many projects, wherever their configuration lies.
    Raises `BackendLintError` for a path that does not exist, and `ConfigError`.
    """
    contents = dict(overlay or {})
    known = {*paths, *contents}
    found: dict[tuple[Path, ...], Discovery] = {}
    while True:
        groups = configs_for(sorted(known), invocation)
        found = {group.paths: found.get(group.paths) or _files(group, contents) for group in groups}
        nested = {path for discovery in found.values() for path in discovery.nested} - known
        if not nested:
            return tuple((group.config, part) for group in groups for part in _apart(group.config, found[group.paths]))
        known |= nested


def files(config: Config, paths: Iterable[Path], overlay: Mapping[Path, bytes] | None = None) -> Discovery:
    """The Python files at and below `paths`, which are absolute, in the project of `config`.

    A directory stands for what is in it, less what is excluded; links to directories are not followed. A file is taken
    even if it is excluded, unless `force_exclude`, and brings in the whole project, unreported, so that project rules
    see what it belongs to. `overlay` maps paths to contents that stand for what is on disk.
    Raises `BackendLintError` for a path that does not exist.
    """
    contents = overlay or {}
    search = _Search(config)
    for path in sorted({*paths, *contents}):
        if path in contents:
            search.name_file(path, contents[path])
        elif path.is_dir():
            search.name_directory(path)
        elif path.is_file():
            search.name_file(path)
        else:
            what = "is neither a file nor a directory" if path.exists() else "does not exist"
            raise BackendLintError(f"{path} {what}")
    return search.discovery()


def files_at(config: Config, contents: Mapping[str, bytes], now: Discovery) -> Discovery:
    """What `now` would be if the project had only the files `contents`, by path from its root."""
    return _Search(config).among(contents, now)


def _files(group: Group, overlay: Mapping[Path, bytes]) -> Discovery:
    return files(group.config, group.paths, {path: overlay[path] for path in group.paths if path in overlay})


def _apart(config: Config, found: Discovery) -> tuple[Discovery, ...]:
    """The applications among what was found that something is reported of; one, where the roots are given."""

    @functools.cache
    def read(path: str) -> bytes:
        try:
            return found.overlay[path] if path in found.overlay else (config.root / path).read_bytes()
        except OSError:
            return b""

    application = [file.path for file in found.files if file.role is Role.APP]
    known = () if config.roots else parts(config.root, [file.path for file in found.files], application, read)
    split = tuple(_part(found, part) for part in known)
    return tuple(each for each in split if any(file.reported for file in each.files)) or (found,)


def _part(found: Discovery, part: Part) -> Discovery:
    own = tuple(file for file in found.files if part.holds(file.path))
    return msgspec.structs.replace(
        found,
        files=own,
        overlay={path: content for path, content in found.overlay.items() if part.holds(path)},
        diagnostics=tuple(each for each in found.diagnostics if part.holds(each.path or "")),
        notebooks=tuple(path for path in found.notebooks if part.holds(path)),
        part=part,
    )


class _Search:
    """Collects the files of one project."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._root = config.root.as_posix().rstrip("/")
        self._ignored = Ignored(config)
        self._explicit: set[str] = set()
        self._reported: set[str] = set()
        self._context: set[str] = set()
        self._overlay: dict[str, bytes] = {}
        self._diagnostics: set[Diagnostic] = set()
        self._notebooks: set[str] = set()
        self._nested: set[Path] = set()
        self._searched: set[str] = set()

    def name_file(self, path: Path, content: bytes | None = None) -> None:
        relative = self._relative(path.as_posix())
        if self._config.force_exclude and self._ignored.anywhere(path.as_posix(), is_directory=False):
            return
        if path.suffix == _NOTEBOOK:
            self._notebooks.add(relative)
            self._notice(relative, "notebooks are not linted")
        elif content is None and path.suffix not in _SUFFIXES and not _SHEBANG.match(_head(path)):
            self._notice(relative, "not a Python file, so it is not linted")
        else:
            self._explicit.add(relative)
            self._reported.add(relative)
            if content is not None:
                self._overlay[relative] = content

    def name_directory(self, path: Path) -> None:
        ignored = self._ignored
        if ignored.anywhere(path.as_posix(), is_directory=True):
            if self._config.force_exclude:
                return
            ignored = ignored.inside(path.as_posix())
        self._searched.add(self._relative(path.as_posix()) or ".")
        self._reported.update(self._walk(path.as_posix(), ignored, self._nested))

    def discovery(self) -> Discovery:
        if self._explicit and self._config.is_project and "." not in self._searched:
            self._context.update(self._walk(self._root, self._ignored, set()))
        paths = sorted(self._reported | self._context)
        return Discovery(
            files=tuple(self._with_roles(paths)),
            overlay=self._overlay,
            diagnostics=tuple(sorted(self._diagnostics)),
            nested=tuple(sorted(self._nested)),
            notebooks=tuple(sorted(self._notebooks)),
            searched=tuple(sorted(self._searched)),
            versions=locked(Path(self._root)),
        )

    def among(self, contents: Mapping[str, bytes], now: Discovery) -> Discovery:
        is_whole = "." in now.searched or any(file.explicit for file in now.files)
        tops = ("",) if is_whole else tuple(f"{directory}/" for directory in now.searched)
        nested = tuple(f"{self._relative(path.as_posix())}/" for path in now.nested)
        paths = [
            path
            for path in sorted(contents)
            if path.endswith(_SUFFIXES)
            and path.startswith(tops)
            and (now.part is None or now.part.holds(path))
            and not (nested and path.startswith(nested))
            and not _has_surrogates(path)
            and not self._ignored.anywhere(f"{self._root}/{path}", is_directory=False)
        ]
        self._reported.update(paths)
        self._overlay = {path: contents[path] for path in paths}
        return Discovery(
            files=tuple(self._with_roles(paths)),
            overlay=self._overlay,
            searched=now.searched,
            versions=now.versions,
            part=now.part,
        )

    def _with_roles(self, paths: list[str]) -> Iterator[File]:
        absolute = {path: f"{self._root}/{path}" for path in paths}
        heads = {path: self._overlay[path] if path in self._overlay else _head(absolute[path]) for path in paths}
        inferred = roles(paths, heads)
        chosen = [(role, Patterns(patterns)) for role, patterns in self._config.roles.items()]
        for path in paths:
            role = next((role for role, patterns in chosen if patterns.match(absolute[path])), inferred[path])
            yield File(path, absolute[path], role, path in self._explicit, path in self._reported)

    def _walk(self, top: str, ignored: Ignored, nested: set[Path]) -> Iterator[str]:
        """The files below `top`; directories with a configuration of their own are put into `nested` instead."""
        waiting = [top]
        while waiting:
            directory = waiting.pop()
            try:
                entries = list(os.scandir(directory))
            except OSError as error:
                self._cannot_read(directory, error.strerror or "cannot be read")
                continue
            if directory != top and self._has_own_config(directory, entries):
                nested.add(Path(directory))
                continue
            for entry in entries:
                path = f"{directory}/{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    if not ignored.directory(path):
                        waiting.append(path)
                elif entry.name.endswith((*_SUFFIXES, _NOTEBOOK)) and self._is_file(entry) and not ignored.file(path):
                    yield from self._met(path)

    def _met(self, path: str) -> Iterator[str]:
        relative = self._relative(path)
        if _has_surrogates(relative):
            self._cannot_read(path, "has a name that is not valid text")
        elif path.endswith(_NOTEBOOK):
            self._notebooks.add(relative)
        else:
            yield relative

    def _is_file(self, entry: os.DirEntry[str]) -> bool:
        """Whether `entry` is a file to read. A link to another file of the project is not."""
        if not entry.is_symlink():
            return entry.is_file()
        target = os.path.realpath(entry.path)
        return os.path.isfile(target) and not target.startswith(f"{os.path.realpath(self._root)}/")

    def _has_own_config(self, directory: str, entries: list[os.DirEntry[str]]) -> bool:
        if self._config.is_imposed or not any(entry.name in FILE_NAMES for entry in entries):
            return False
        return own_file(Path(directory)) is not None

    def _relative(self, path: str) -> str:
        return path[len(self._root) + 1 :]

    def _notice(self, relative: str, message: str) -> None:
        self._diagnostics.add(Diagnostic(relative, None, DiagnosticKind.NOTICE, message))

    def _cannot_read(self, path: str, message: str) -> None:
        relative = self._relative(path).encode("utf-8", "backslashreplace").decode() or "."
        self._diagnostics.add(Diagnostic(relative, None, DiagnosticKind.UNREADABLE, message))


def _head(path: str | Path) -> bytes:
    """The first bytes of `path`; nothing when it cannot be read, which whoever reads all of it will say."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(head_size(os.path.basename(path)))
    except OSError:
        return b""


def _has_surrogates(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text)
